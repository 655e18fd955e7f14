//! Putting back what an archive lists, for rebuilds. Nobody else writes meanwhile, and the epoch is new, so that whole items are put, 25 a request.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use trailkeep_archive::BatchId;
use trailkeep_pipeline::ports::ledger::{BatchState, LandedSource, LedgerError};

use super::{
    DynamoLedger, VERSION,
    backoff::{MAX_TRIES, pause},
    change::Change,
    error::{Answer, Operation},
    item::{Attributes, n, s},
    keys::{Keys, PK},
};

/// Most items of one request. Source: DynamoDB API Reference, "BatchWriteItem".
const ITEMS_PER_REQUEST: usize = 25;
/// Requests of one operation that are under way at a time.
const REQUESTS: usize = 16;
/// As `owner` of Batches that a rebuild has put.
const REBUILD: &str = "rebuild/0";

const OPERATION: Operation = Operation { words: "restore a batch", action: "dynamodb:BatchWriteItem" };

impl DynamoLedger {
    /// Puts a published Batch and the sources that landed in it. What would have expired by `at_ms` is left out: what is that old comes by the
    /// backfill lane, which asks the archive.
    pub(super) async fn restore_batch(&self, batch: &BatchId, landed: &[LandedSource], at_ms: i64) -> Result<(), LedgerError> {
        let keys = self.keys().await?;
        if self.source_expires_secs(batch) > at_ms / 1_000 {
            let items = landed.iter().map(|landed| self.source_item(keys, batch, &landed.source));
            // By key: a request may not name one twice.
            let items: HashMap<String, Attributes> = items.filter_map(|item| Some((item.get(PK)?.as_s().ok()?.clone(), item))).collect();
            let items: Vec<Attributes> = items.into_values().collect();
            let asked: Vec<_> = items.chunks(ITEMS_PER_REQUEST).map(|some| self.put_some(some)).collect();
            stream::iter(asked).buffer_unordered(REQUESTS).try_collect::<()>().await?;
        }
        if self.batch_expires_secs(batch) > at_ms / 1_000 {
            self.put_published(keys, batch, at_ms).await?;
        }
        self.keep_newest(keys, batch).await
    }

    async fn put_published(&self, keys: Keys, batch: &BatchId, at_ms: i64) -> Result<(), LedgerError> {
        let published = Change {
            operation: OPERATION,
            key: keys.batch(batch),
            update: "SET #state = :published, #published_at_ms = :at, #ttl = :ttl, #epoch = :epoch, #v = if_not_exists(#v, :v), \
                     #owner = if_not_exists(#owner, :rebuild), #opened_at_ms = if_not_exists(#opened_at_ms, :at) REMOVE #u",
            condition: "attribute_not_exists(#pk) OR NOT (#state IN (:published, :announced))",
            values: vec![
                (":published", s(BatchState::Published.as_str())),
                (":announced", s(BatchState::Announced.as_str())),
                (":at", n(at_ms)),
                (":ttl", n(self.batch_expires_secs(batch))),
                (":epoch", n(keys.epoch())),
                (":v", n(VERSION)),
                (":rebuild", s(REBUILD)),
            ],
        };
        self.update(published).await.map(drop)
    }

    async fn put_some(&self, items: &[Attributes]) -> Result<(), LedgerError> {
        let puts = items.iter().map(|item| {
            let put = PutRequest::builder().set_item(Some(item.clone())).build().expect("the item is set");
            WriteRequest::builder().put_request(put).build()
        });
        let mut asked = HashMap::from([(self.table.clone(), puts.collect::<Vec<_>>())]);
        for tried in 1..=MAX_TRIES {
            let answer = self.client.batch_write_item().set_request_items(Some(asked)).send().await;
            asked = answer.map_err(|error| self.explain(OPERATION, &error))?.unprocessed_items.unwrap_or_default();
            if asked.is_empty() {
                return Ok(());
            }
            if tried < MAX_TRIES {
                pause(tried).await;
            }
        }
        Err(Answer::unprocessed(asked.values().map(Vec::len).sum()).explain(self, OPERATION))
    }
}
