//! Notes: small documents of services. Their epoch is in the key, as that of sources; they do not expire. A forgotten note keeps its item without
//! a body, so that its version never goes back.

use std::hash::{BuildHasher as _, RandomState};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use bytes::Bytes;
use trailkeep_pipeline::ports::ledger::{LedgerError, Note};

use super::{
    DynamoLedger, VERSION,
    change::{Change, Outcome},
    error::Operation,
    item::n,
};

const UPDATE: &str = "dynamodb:UpdateItem";
/// Counts the changes.
const COUNT: &str = "version";
const BODY: &str = "body";
/// Drawn for each call, as that of a source: a note with this number is what a request wrote whose answer was lost.
const CALL: &str = "call";

impl DynamoLedger {
    /// Reads a note, strongly consistent.
    pub(super) async fn read_note(&self, name: &str) -> Result<Option<Note>, LedgerError> {
        Note::check(&self.named(), name, &[])?;
        let Some(item) = self.get("read a note", &self.keys().await?.note(name)).await? else { return Ok(None) };
        let Some(body) = item.bytes(BODY)? else { return Ok(None) };
        let version = item.number(COUNT)?.ok_or_else(|| self.damaged(format!("the note {name} has no version")))?;
        Ok(Some(Note { version, body: Bytes::copy_from_slice(body) }))
    }

    /// Writes a note over the version that the caller read, or where there is none.
    pub(super) async fn write_note(&self, name: &str, over: Option<u64>, body: &[u8]) -> Result<bool, LedgerError> {
        Note::check(&self.named(), name, body)?;
        let call = RandomState::new().hash_one(name) >> 32;
        let mut values = vec![(":body", AttributeValue::B(Blob::new(body))), (":call", n(call)), (":one", n(1)), (":v", n(VERSION))];
        let mut condition = "attribute_not_exists(#body)";
        if let Some(over) = over {
            values.push((":over", n(over)));
            condition = "attribute_exists(#body) AND #version = :over";
        }
        let change = Change {
            operation: Operation { words: "write a note", action: UPDATE },
            key: self.keys().await?.note(name),
            update: "SET #body = :body, #call = :call, #v = if_not_exists(#v, :v) ADD #version :one",
            condition,
            values,
        };
        match self.update(change).await? {
            Outcome::Done => Ok(true),
            Outcome::Refused(item) => Ok(item.map(|item| item.number(CALL)).transpose()?.flatten() == Some(call)),
        }
    }

    /// Takes a note's body away.
    pub(super) async fn remove_note(&self, name: &str) -> Result<(), LedgerError> {
        Note::check(&self.named(), name, &[])?;
        let change = Change {
            operation: Operation { words: "forget a note", action: UPDATE },
            key: self.keys().await?.note(name),
            update: "REMOVE #body, #call ADD #version :one",
            condition: "attribute_exists(#body)",
            values: vec![(":one", n(1))],
        };
        self.update(change).await.map(drop)
    }
}
