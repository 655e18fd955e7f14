//! Batch items: putting and reading them, and the conditional changes of their states.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, TransactWriteItem},
};
use trailkeep_archive::BatchId;
use trailkeep_pipeline::ports::ledger::{AbortIf, BatchItem, BatchState, Flip, LedgerError, ManifestRef, WorkerId};

use super::{
    DynamoLedger, VERSION,
    backoff::{MAX_TRIES, pause},
    change::{Change, Outcome},
    error::{Answer, Operation},
    item::{n, s},
    keys::{IDENTITY, Keys, PK, U, UNFINISHED_INDEX},
};

const UPDATE: &str = "dynamodb:UpdateItem";

impl DynamoLedger {
    /// Puts a Batch's item. That the ledger is ready and of this epoch is read before, not checked with the put: a rebuild that comes in between
    /// leaves a Batch of an older epoch, which the commit refuses.
    pub(super) async fn open_batch(&self, batch: &BatchId, owner: &WorkerId, epoch: u64, at_ms: i64) -> Result<(), LedgerError> {
        let identity = self.read_identity().await?;
        if !identity.ready {
            return Err(LedgerError::NotReady { ledger: self.named() });
        }
        if identity.epoch != epoch {
            return Err(self.other_epoch(epoch, identity.epoch));
        }
        let keys = Keys::of(epoch);
        let attributes = HashMap::from([
            (PK.to_owned(), s(keys.batch(batch))),
            ("v".to_owned(), n(VERSION)),
            ("state".to_owned(), s(BatchState::Open.as_str())),
            ("owner".to_owned(), s(owner.as_str())),
            ("epoch".to_owned(), n(epoch)),
            ("beat".to_owned(), n(0)),
            ("opened_at_ms".to_owned(), n(at_ms)),
            (U.to_owned(), s(keys.unfinished())),
        ]);
        let operation = Operation { words: "open a batch", action: "dynamodb:PutItem" };
        if let Outcome::Refused(item) = self.put_new(operation, attributes).await? {
            let item = item.ok_or_else(|| self.no_such(batch))?.to_batch()?;
            if item.state != BatchState::Open || item.owner != *owner {
                return Err(LedgerError::BatchExists { batch: *batch, owner: item.owner, ledger: self.named() });
            }
        }
        self.epochs.opened(batch, epoch);
        Ok(())
    }

    /// A Batch's item.
    pub(super) async fn read_batch(&self, batch: &BatchId) -> Result<Option<BatchItem>, LedgerError> {
        let key = self.keys_of(batch).await?.batch(batch);
        self.get("read a batch", &key).await?.map(|item| item.to_batch()).transpose()
    }

    /// Moves the heartbeat counter.
    pub(super) async fn beat_batch(&self, batch: &BatchId, owner: &WorkerId) -> Result<Flip, LedgerError> {
        let change = Change {
            operation: Operation { words: "beat for a batch", action: UPDATE },
            key: self.keys_of(batch).await?.batch(batch),
            update: "ADD #beat :one",
            condition: "#state = :open AND #owner = :owner",
            values: vec![(":one", n(1)), (":open", s(BatchState::Open.as_str())), (":owner", s(owner.as_str()))],
        };
        self.flip(batch, change).await
    }

    /// Open → aborted. The Batch leaves the index of unfinished ones with it.
    pub(super) async fn abort_batch(&self, batch: &BatchId, abort_if: &AbortIf) -> Result<Flip, LedgerError> {
        let (condition, of) = match abort_if {
            AbortIf::OwnedBy(owner) => ("#state = :open AND #owner = :of", s(owner.as_str())),
            // An item without a counter is one whose counter never moved.
            AbortIf::BeatStillAt(0) => ("#state = :open AND (attribute_not_exists(#beat) OR #beat = :of)", n(0)),
            AbortIf::BeatStillAt(beat) => ("#state = :open AND #beat = :of", n(beat)),
        };
        let change = Change {
            operation: Operation { words: "abort a batch", action: UPDATE },
            key: self.keys_of(batch).await?.batch(batch),
            update: "SET #state = :aborted, #ttl = :ttl REMOVE #u",
            condition,
            values: vec![
                (":open", s(BatchState::Open.as_str())),
                (":aborted", s(BatchState::Aborted.as_str())),
                (":ttl", n(self.batch_expires_secs(batch))),
                (":of", of),
            ],
        };
        let flip = self.flip(batch, change).await?;
        if flip == Flip::Done {
            self.epochs.ended(batch);
        }
        Ok(flip)
    }

    async fn flip(&self, batch: &BatchId, change: Change) -> Result<Flip, LedgerError> {
        match self.update(change).await? {
            Outcome::Done => Ok(Flip::Done),
            Outcome::Refused(Some(item)) => Ok(Flip::Refused(item.to_batch()?)),
            Outcome::Refused(None) => Err(self.no_such(batch)),
        }
    }

    /// Open → committed, together with a look that the epoch is still the ledger's.
    pub(super) async fn commit_batch(
        &self,
        batch: &BatchId,
        owner: &WorkerId,
        epoch: u64,
        manifest: &ManifestRef,
        at_ms: i64,
    ) -> Result<Flip, LedgerError> {
        let operation = Operation { words: "commit a batch", action: UPDATE };
        let change = Change {
            operation,
            key: self.keys_of(batch).await?.batch(batch),
            update: "SET #state = :committed, #manifest_key = :key, #manifest_sha256 = :sha256, #committed_at_ms = :at",
            condition: "#state = :open AND #owner = :owner AND #epoch = :epoch",
            values: vec![
                (":open", s(BatchState::Open.as_str())),
                (":committed", s(BatchState::Committed.as_str())),
                (":key", s(&manifest.key)),
                (":sha256", s(&manifest.sha256)),
                (":at", n(at_ms)),
                (":owner", s(owner.as_str())),
                (":epoch", n(epoch)),
            ],
        };
        let check = Change {
            operation: Operation { words: "commit a batch", action: "dynamodb:ConditionCheckItem" },
            key: IDENTITY.to_owned(),
            update: "",
            condition: "#epoch = :epoch",
            values: vec![(":epoch", n(epoch))],
        };
        self.commit_both(batch, &change, &check).await
    }

    async fn commit_both(&self, batch: &BatchId, change: &Change, check: &Change) -> Result<Flip, LedgerError> {
        let parts = [
            TransactWriteItem::builder().update(change.to_update(&self.table)).build(),
            TransactWriteItem::builder().condition_check(check.to_check(&self.table)).build(),
        ];
        let mut tried = 1;
        loop {
            let sent = self.client.transact_write_items().set_transact_items(Some(parts.to_vec())).send().await;
            let Err(error) = sent else { return Ok(Flip::Done) };
            let answer = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    match self.judge_cancelled(batch, cancelled.cancellation_reasons()).await? {
                        Ok(flip) => return Ok(flip),
                        Err(answer) => answer,
                    }
                }
                _ => Answer::of(&error),
            };
            if !answer.met_another() || tried >= MAX_TRIES {
                return Err(answer.explain(self, change.operation));
            }
            pause(tried).await;
            tried += 1;
        }
    }

    /// Why a commit was cancelled: a condition that did not hold is an answer, anything else an error.
    async fn judge_cancelled(&self, batch: &BatchId, reasons: &[CancellationReason]) -> Result<Result<Flip, Answer>, LedgerError> {
        let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
        let failed = |reason: &&CancellationReason| !matches!(code(reason).as_str(), "None" | "ConditionalCheckFailed");
        if let Some(reason) = reasons.iter().find(failed) {
            return Ok(Err(Answer::of_reason(&code(reason), reason.message())));
        }
        // Either condition: the Batch's item as it is says which.
        if let Some(identity) = reasons.get(1).and_then(CancellationReason::item) {
            self.understand(identity.clone())?;
        }
        let item = match reasons.first().and_then(CancellationReason::item) {
            Some(item) => Some(self.understand(item.clone())?.to_batch()?),
            None => self.read_batch(batch).await?,
        };
        item.map(Flip::Refused).map(Ok).ok_or_else(|| self.no_such(batch))
    }

    /// Committed → published; then the newest published Batch is kept. Where the second is lost, the first can be asked for again.
    pub(super) async fn publish_batch(&self, batch: &BatchId, at_ms: i64) -> Result<(), LedgerError> {
        let keys = self.keys_of(batch).await?;
        let change = Change {
            operation: Operation { words: "mark a batch published", action: UPDATE },
            key: keys.batch(batch),
            update: "SET #state = :published, #published_at_ms = :at, #ttl = :ttl REMOVE #u",
            condition: "#state = :committed",
            values: vec![
                (":committed", s(BatchState::Committed.as_str())),
                (":published", s(BatchState::Published.as_str())),
                (":at", n(at_ms)),
                (":ttl", n(self.batch_expires_secs(batch))),
            ],
        };
        if let Flip::Refused(item) = self.flip(batch, change).await?
            && !item.state.is_published()
        {
            return Err(LedgerError::WrongState { batch: *batch, state: item.state, wanted: BatchState::Published });
        }
        self.keep_newest(keys, batch).await?;
        self.epochs.ended(batch);
        Ok(())
    }

    /// Published → announced.
    pub(super) async fn announce_batch(&self, batch: &BatchId) -> Result<(), LedgerError> {
        let change = Change {
            operation: Operation { words: "mark a batch announced", action: UPDATE },
            key: self.keys_of(batch).await?.batch(batch),
            update: "SET #state = :announced",
            condition: "#state IN (:published, :announced)",
            values: vec![(":published", s(BatchState::Published.as_str())), (":announced", s(BatchState::Announced.as_str()))],
        };
        match self.flip(batch, change).await? {
            Flip::Done => Ok(()),
            Flip::Refused(item) => Err(LedgerError::WrongState { batch: *batch, state: item.state, wanted: BatchState::Announced }),
        }
    }

    /// Keeps `batch` as the newest published one, unless a newer one is kept.
    pub(super) async fn keep_newest(&self, keys: Keys, batch: &BatchId) -> Result<(), LedgerError> {
        let change = Change {
            operation: Operation { words: "keep the newest batch", action: UPDATE },
            key: keys.newest(),
            update: "SET #batch = :batch, #v = if_not_exists(#v, :v)",
            condition: "attribute_not_exists(#batch) OR #batch < :batch",
            values: vec![(":batch", s(batch.to_string())), (":v", n(VERSION))],
        };
        self.update(change).await.map(drop)
    }

    /// The newest published Batch.
    pub(super) async fn read_newest(&self) -> Result<Option<BatchId>, LedgerError> {
        let keys = Keys::of(self.read_identity().await?.epoch);
        self.get("find the newest batch", &keys.newest()).await?.map(|item| item.batch_in("batch")).transpose()
    }

    /// Open and committed Batches. The index lags by moments, so that each item that it names is read again; a Batch that was opened this moment
    /// may be missing.
    pub(super) async fn read_unfinished(&self) -> Result<Vec<BatchItem>, LedgerError> {
        const WORDS: &str = "list unfinished batches";
        let keys = Keys::of(self.read_identity().await?.epoch);
        let named = self.query_unfinished(WORDS, keys).await?;
        let items = self.get_many(WORDS, &named).await?;
        let mut items = items.values().map(super::item::Item::to_batch).collect::<Result<Vec<_>, _>>()?;
        items.retain(|item| matches!(item.state, BatchState::Open | BatchState::Committed));
        items.sort_by_key(|item| item.batch);
        Ok(items)
    }

    async fn query_unfinished(&self, words: &'static str, keys: Keys) -> Result<Vec<String>, LedgerError> {
        let operation = Operation { words, action: "dynamodb:Query" };
        let mut named = Vec::new();
        let mut from = None;
        loop {
            let query = self.client.query().table_name(&self.table).index_name(UNFINISHED_INDEX).key_condition_expression("#u = :u");
            let query = query.expression_attribute_names("#u", U).expression_attribute_values(":u", s(keys.unfinished()));
            let page = query.set_exclusive_start_key(from).send().await.map_err(|error| self.explain(operation, &error))?;
            named.extend(page.items().iter().filter_map(|item| item.get(PK)?.as_s().ok().cloned()));
            from = page.last_evaluated_key.filter(|key| !key.is_empty());
            if from.is_none() {
                named.sort();
                named.dedup();
                return Ok(named);
            }
        }
    }
}
