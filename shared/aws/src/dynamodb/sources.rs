//! Source items: pointers from a source to the Batch that claims it. Each is changed by itself; many are under way at a time.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use trailkeep_archive::BatchId;
use trailkeep_pipeline::ports::ledger::{Claim, Holder, LedgerError, SourceId};

use super::{
    DynamoLedger, IN_FLIGHT, VERSION,
    change::{Change, Outcome},
    error::Operation,
    item::{Attributes, Item, n, s},
    keys::{Keys, PK, TTL},
    statements::Inserted,
};

/// The attribute that tells the calls of one Batch from one another.
const CALL: &str = "call";
const WORDS: &str = "admit sources";

/// One claim of one Batch: what its item will hold.
#[derive(Debug, Clone, Copy)]
struct Asking<'a> {
    keys: Keys,
    batch: &'a BatchId,
    /// Drawn for this call. The SDK sends a request again where its answer got lost; an item with this number is what the lost one wrote.
    call: u64,
}

impl DynamoLedger {
    /// Points every source that points nowhere to `batch`.
    pub(super) async fn admit_sources(&self, batch: &BatchId, sources: &[SourceId]) -> Result<Vec<Claim>, LedgerError> {
        let asking = self.asking(batch).await?;
        let mut places = HashMap::with_capacity(sources.len());
        let mut distinct = Vec::with_capacity(sources.len());
        for source in sources {
            places.entry(source).or_insert_with(|| {
                distinct.push(source);
                distinct.len() - 1
            });
        }
        let claims = self.claim(asking, &distinct).await?;
        let mut answered = vec![false; distinct.len()];
        let answers = sources.iter().map(|source| {
            let place = places[source];
            if std::mem::replace(&mut answered[place], true) && claims[place] == Claim::Admitted {
                return Claim::HeldBy(Holder { batch: *batch, landed: None });
            }
            claims[place].clone()
        });
        Ok(answers.collect())
    }

    async fn asking<'a>(&self, batch: &'a BatchId) -> Result<Asking<'a>, LedgerError> {
        // Half of the bits are enough, and shorter in the item.
        let call = RandomState::new().hash_one(batch) >> 32;
        Ok(Asking { keys: self.keys_of(batch).await?, batch, call })
    }

    /// Claims sources that differ from one another: inserts what is not there, reads whose the others are, and puts what is left one by one.
    async fn claim(&self, asking: Asking<'_>, sources: &[&SourceId]) -> Result<Vec<Claim>, LedgerError> {
        let items: Vec<Attributes> = sources.iter().map(|source| self.claiming_item(asking, source)).collect();
        let inserted = self.insert(&items).await;
        let there = sources.iter().zip(&inserted).filter(|(_, inserted)| **inserted == Inserted::IsThere);
        let there: Vec<String> = there.map(|(source, _)| asking.keys.source(source)).collect();
        let mut found = self.get_many(WORDS, &there).await?;
        let claims = sources.iter().zip(items).zip(inserted).map(|((source, item), inserted)| {
            let found = found.remove(&asking.keys.source(source));
            async move {
                match (inserted, found) {
                    (Inserted::Done, _) => Ok(Claim::Admitted),
                    (_, Some(found)) => self.held(asking, source, Some(found)),
                    (Inserted::IsThere | Inserted::Unknown, None) => self.claim_one(asking, source, item).await,
                }
            }
        });
        let claims: Vec<_> = claims.collect();
        stream::iter(claims).buffered(IN_FLIGHT).try_collect().await
    }

    fn claiming_item(&self, asking: Asking<'_>, source: &SourceId) -> Attributes {
        let mut item = self.source_item(asking.keys, asking.batch, source);
        item.insert(CALL.to_owned(), n(asking.call));
        item
    }

    async fn claim_one(&self, asking: Asking<'_>, source: &SourceId, item: Attributes) -> Result<Claim, LedgerError> {
        let operation = Operation { words: WORDS, action: "dynamodb:PutItem" };
        match self.put_new(operation, item).await? {
            Outcome::Done => Ok(Claim::Admitted),
            Outcome::Refused(item) => self.held(asking, source, item),
        }
    }

    /// The item of a source that points to `batch`.
    pub(super) fn source_item(&self, keys: Keys, batch: &BatchId, source: &SourceId) -> Attributes {
        HashMap::from([
            (PK.to_owned(), s(keys.source(source))),
            ("v".to_owned(), n(VERSION)),
            ("batch".to_owned(), s(batch.to_string())),
            (TTL.to_owned(), n(self.source_expires_secs(batch))),
        ])
    }

    /// What stood in the way of a claim: what this very call wrote, or another's pointer.
    fn held(&self, asking: Asking<'_>, source: &SourceId, item: Option<Item<'_>>) -> Result<Claim, LedgerError> {
        let item = item.ok_or_else(|| self.damaged(format!("{source} was refused, but nothing holds it")))?;
        let batch = item.batch_in("batch")?;
        if batch == *asking.batch && item.number(CALL)? == Some(asking.call) {
            return Ok(Claim::Admitted);
        }
        Ok(Claim::HeldBy(Holder { batch, landed: None }))
    }

    /// Points every source that still points to the Batch beside it, or nowhere, to `batch`.
    pub(super) async fn take_over_sources(&self, batch: &BatchId, sources: &[(SourceId, BatchId)]) -> Result<Vec<Claim>, LedgerError> {
        let asking = self.asking(batch).await?;
        // Each entry is a call of its own: a source that stands here twice is taken once.
        let numbered = sources.iter().zip(0_u64..);
        let asked: Vec<_> = numbered
            .map(|((source, from), number)| {
                let asking = Asking { call: asking.call.wrapping_add(number), ..asking };
                self.take_over_one(asking, source, from)
            })
            .collect();
        stream::iter(asked).buffered(IN_FLIGHT).try_collect().await
    }

    async fn take_over_one(&self, asking: Asking<'_>, source: &SourceId, from: &BatchId) -> Result<Claim, LedgerError> {
        let change = Change {
            operation: Operation { words: "take sources over", action: "dynamodb:UpdateItem" },
            key: asking.keys.source(source),
            update: "SET #batch = :to, #ttl = :ttl, #call = :call, #v = if_not_exists(#v, :v)",
            condition: "attribute_not_exists(#pk) OR #batch = :from",
            values: vec![
                (":to", s(asking.batch.to_string())),
                (":from", s(from.to_string())),
                (":ttl", n(self.source_expires_secs(asking.batch))),
                (":call", n(asking.call)),
                (":v", n(VERSION)),
            ],
        };
        match self.update(change).await? {
            Outcome::Done => Ok(Claim::Admitted),
            Outcome::Refused(item) => self.held(asking, source, item),
        }
    }

    /// Whom each source points to.
    pub(super) async fn look_for(&self, sources: &[SourceId]) -> Result<Vec<Option<Holder>>, LedgerError> {
        let keys = self.keys().await?;
        let named: Vec<String> = sources.iter().map(|source| keys.source(source)).collect();
        let mut distinct = named.clone();
        distinct.sort();
        distinct.dedup();
        let items = self.get_many("look for sources", &distinct).await?;
        let holders = named.iter().map(|key| {
            let Some(item) = items.get(key) else { return Ok(None) };
            Ok(Some(Holder { batch: item.batch_in("batch")?, landed: None }))
        });
        holders.collect()
    }

    /// Takes away pointers to `batch`.
    pub(super) async fn release_sources(&self, batch: &BatchId, sources: &[SourceId]) -> Result<(), LedgerError> {
        let keys = self.keys_of(batch).await?;
        let asked: Vec<_> = sources.iter().map(|source| self.release_one(keys, batch, source)).collect();
        stream::iter(asked).buffer_unordered(IN_FLIGHT).try_collect().await
    }

    async fn release_one(&self, keys: Keys, batch: &BatchId, source: &SourceId) -> Result<(), LedgerError> {
        let change = Change {
            operation: Operation { words: "release sources", action: "dynamodb:DeleteItem" },
            key: keys.source(source),
            update: "",
            condition: "#batch = :batch",
            values: vec![(":batch", s(batch.to_string()))],
        };
        self.delete(change).await.map(drop)
    }
}
