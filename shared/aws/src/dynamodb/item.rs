//! Items as they are read: attributes that this release does not know are left alone, those it may miss have a meaning, and items that only a
//! newer release understands are refused.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use trailkeep_archive::BatchId;
use trailkeep_pipeline::ports::ledger::{BatchItem, BatchState, LeaseItem, LedgerError, ManifestRef, WorkerId};

use super::{
    DynamoLedger, VERSION,
    keys::{Keys, PK},
};

/// Attributes of an item by name, as the SDK has them.
pub(super) type Attributes = HashMap<String, AttributeValue>;

/// An item that this release understands.
#[derive(Debug)]
pub(super) struct Item<'a> {
    ledger: &'a DynamoLedger,
    attributes: Attributes,
}

impl DynamoLedger {
    /// Refuses what only a newer release understands.
    pub(super) fn understand(&self, attributes: Attributes) -> Result<Item<'_>, LedgerError> {
        let item = Item { ledger: self, attributes };
        match item.number("v")? {
            Some(found) if found > VERSION => Err(LedgerError::Newer { ledger: self.named(), found, known: VERSION }),
            _ => Ok(item),
        }
    }
}

impl Item<'_> {
    /// An attribute of type S.
    ///
    /// # Errors
    /// `Damaged` where it is there and of another type.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, LedgerError> {
        self.attributes.get(name).map(|value| value.as_s().map(String::as_str).map_err(|_| self.odd(name))).transpose()
    }

    /// An attribute of type S that every release writes.
    ///
    /// # Errors
    /// `Damaged` where it is not there, too.
    pub(super) fn needed(&self, name: &str) -> Result<&str, LedgerError> {
        self.text(name)?.ok_or_else(|| self.odd(name))
    }

    /// An attribute of type N.
    ///
    /// # Errors
    /// `Damaged` where it is there and no such number.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, LedgerError> {
        let Some(value) = self.attributes.get(name) else { return Ok(None) };
        let number = value.as_n().ok().and_then(|text| text.parse().ok());
        number.map(Some).ok_or_else(|| self.odd(name))
    }

    /// An attribute of type BOOL; false where it is not there.
    pub(super) fn truth(&self, name: &str) -> Result<bool, LedgerError> {
        self.attributes.get(name).map_or(Ok(false), |value| value.as_bool().copied().map_err(|_| self.odd(name)))
    }

    /// An attribute of type B.
    ///
    /// # Errors
    /// `Damaged` where it is there and of another type.
    pub(super) fn bytes(&self, name: &str) -> Result<Option<&[u8]>, LedgerError> {
        self.attributes.get(name).map(|value| value.as_b().map(AsRef::as_ref).map_err(|_| self.odd(name))).transpose()
    }

    /// An attribute that names a Batch.
    pub(super) fn batch_in(&self, name: &str) -> Result<BatchId, LedgerError> {
        self.needed(name)?.parse().map_err(|_| self.odd(name))
    }

    fn odd(&self, name: &str) -> LedgerError {
        let key = self.attributes.get(PK).and_then(|key| key.as_s().ok()).map_or("?", String::as_str);
        self.ledger.damaged(format!("its item {key} has no sound attribute {name}: {:?}", self.attributes.get(name)))
    }

    /// A Batch's item.
    pub(super) fn to_batch(&self) -> Result<BatchItem, LedgerError> {
        let batch = Keys::batch_in(self.needed(PK)?).ok_or_else(|| self.odd(PK))?;
        let state = BatchState::from_text(self.needed("state")?).ok_or_else(|| self.odd("state"))?;
        let manifest = match (self.text("manifest_key")?, self.text("manifest_sha256")?) {
            (Some(key), Some(sha256)) => Some(ManifestRef { key: key.to_owned(), sha256: sha256.to_owned() }),
            _ => None,
        };
        Ok(BatchItem {
            batch,
            state,
            owner: WorkerId::from_text(self.needed("owner")?),
            epoch: self.number("epoch")?.ok_or_else(|| self.odd("epoch"))?,
            beat: self.number("beat")?.unwrap_or(0),
            manifest,
            opened_at_ms: self.number("opened_at_ms")?.unwrap_or_else(|| batch.unix_ms()),
            committed_at_ms: self.number("committed_at_ms")?,
            published_at_ms: self.number("published_at_ms")?,
        })
    }

    /// A lease that somebody has; `None` where it was given back.
    pub(super) fn to_lease(&self) -> Result<Option<LeaseItem>, LedgerError> {
        let Some(holder) = self.text("holder")? else { return Ok(None) };
        Ok(Some(LeaseItem { holder: WorkerId::from_text(holder), counter: self.number("counter")?.unwrap_or(0) }))
    }
}

/// A text as an attribute.
pub(super) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number as an attribute.
pub(super) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
