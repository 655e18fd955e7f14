//! Strongly consistent reads: one item, or many by their keys.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use trailkeep_pipeline::ports::ledger::LedgerError;

use super::{
    DynamoLedger,
    backoff::{MAX_TRIES, pause},
    error::{Answer, Operation},
    item::{Attributes, Item, s},
    keys::PK,
};

/// Most keys of one request. Source: DynamoDB API Reference, "BatchGetItem".
const KEYS_PER_REQUEST: usize = 100;
/// Requests of one operation that are under way at a time.
const REQUESTS: usize = 8;

impl DynamoLedger {
    /// Reads an item; `None` where there is none.
    pub(super) async fn get(&self, words: &'static str, key: &str) -> Result<Option<Item<'_>>, LedgerError> {
        let operation = Operation { words, action: "dynamodb:GetItem" };
        let get = self.client.get_item().table_name(&self.table).key(PK, s(key)).consistent_read(true);
        let answer = get.send().await.map_err(|error| self.explain(operation, &error))?;
        answer.item.map(|item| self.understand(item)).transpose()
    }

    /// Reads items by their keys, which must differ from one another. Keys that have no item are not in the answer.
    pub(super) async fn get_many(&self, words: &'static str, keys: &[String]) -> Result<HashMap<String, Item<'_>>, LedgerError> {
        let asked: Vec<_> = keys.chunks(KEYS_PER_REQUEST).map(|some| self.get_some(words, some)).collect();
        let answers: Vec<Vec<Attributes>> = stream::iter(asked).buffer_unordered(REQUESTS).try_collect().await?;
        let mut items = HashMap::with_capacity(keys.len());
        for attributes in answers.into_iter().flatten() {
            let item = self.understand(attributes)?;
            items.insert(item.needed(PK)?.to_owned(), item);
        }
        Ok(items)
    }

    async fn get_some(&self, words: &'static str, keys: &[String]) -> Result<Vec<Attributes>, LedgerError> {
        let operation = Operation { words, action: "dynamodb:BatchGetItem" };
        let wanted = keys.iter().map(|key| HashMap::from([(PK.to_owned(), s(key))])).collect();
        let wanted = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build().expect("keys are set");
        let mut asked = HashMap::from([(self.table.clone(), wanted)]);
        let mut found = Vec::with_capacity(keys.len());
        for tried in 1..=MAX_TRIES {
            let answer = self.client.batch_get_item().set_request_items(Some(asked)).send().await;
            let answer = answer.map_err(|error| self.explain(operation, &error))?;
            found.extend(answer.responses.into_iter().flatten().flat_map(|(_, items)| items));
            asked = answer.unprocessed_keys.unwrap_or_default();
            if asked.is_empty() {
                return Ok(found);
            }
            if tried < MAX_TRIES {
                pause(tried).await;
            }
        }
        let left = asked.values().map(|keys| keys.keys().len()).sum();
        Err(Answer::unprocessed(left).explain(self, operation))
    }
}
