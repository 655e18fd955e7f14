//! `archive.json`: what makes a bucket or directory an archive, and which ledger it belongs to.
//! Writing it with If-None-Match and comparing ledgers is the pipeline's.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{CREATED_BY, FORMAT};

/// The content of `archive.json`. Fields that a later release adds are kept when it is written again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveDescriptor {
    /// Format of the archive, [`FORMAT`] or older.
    pub format: u32,
    /// The one ledger that arbitrates what lands here.
    pub ledger: LedgerRef,
    /// Raised each time the ledger was rebuilt; a process that holds an older one stops. From 1.
    pub epoch: u64,
    /// When the archive was made, RFC 3339 UTC.
    pub created_at: String,
    /// By what: `trailkeep <version>`.
    pub created_by: String,
    /// Anything else that was found.
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}

/// Which ledger an archive belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRef {
    /// What holds it.
    pub kind: LedgerKind,
    /// The ledger's own id, drawn when it was made.
    pub id: String,
}

/// What holds a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LedgerKind {
    /// A SQLite file, for one machine.
    Sqlite,
    /// A DynamoDB table, for a fleet.
    #[serde(rename = "dynamodb")]
    DynamoDb,
    /// Memory, for tests.
    Memory,
}

/// Why an `archive.json` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DescriptorError {
    /// No JSON, or not the fields that format 1 has.
    #[error("archive.json cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// Written by a newer release.
    #[error("this archive has format {found}, newer than {FORMAT}, the newest that this release knows: use a newer trailkeep")]
    NewerFormat {
        /// The format it names.
        found: u64,
    },
}

impl ArchiveDescriptor {
    /// The descriptor of a new archive; `created_ms` in milliseconds since the Unix epoch.
    pub fn new(ledger: LedgerRef, created_ms: i64) -> Self {
        let created_at = Timestamp::from_millisecond(created_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
        Self { format: FORMAT, ledger, epoch: 1, created_at, created_by: CREATED_BY.to_owned(), other: serde_json::Map::new() }
    }

    /// Reads `archive.json`.
    ///
    /// # Errors
    /// [`DescriptorError`]; the format is looked at first, so that a newer archive is named as such whatever else it holds.
    pub fn parse(bytes: &[u8]) -> Result<Self, DescriptorError> {
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(DescriptorError::Unreadable)?;
        if let Some(found) = value.get("format").and_then(serde_json::Value::as_u64).filter(|found| *found > u64::from(FORMAT)) {
            return Err(DescriptorError::NewerFormat { found });
        }
        serde_json::from_value(value).map_err(DescriptorError::Unreadable)
    }

    /// The bytes to write: JSON, indented, with a line feed at the end.
    #[expect(clippy::missing_panics_doc, reason = "cannot fail, as the message says")]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("strings, numbers and a JSON map always serialise");
        bytes.push(b'\n');
        bytes
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn descriptor() -> ArchiveDescriptor {
        ArchiveDescriptor::new(LedgerRef { kind: LedgerKind::Sqlite, id: "0f".to_owned() }, 1_760_000_000_123)
    }

    #[test]
    fn it_reads_back_and_keeps_what_it_does_not_know() {
        let mut descriptor = descriptor();
        descriptor.other.insert("owner".to_owned(), serde_json::json!({"team": "audit"}));
        assert_eq!(ArchiveDescriptor::parse(&descriptor.to_bytes()).unwrap(), descriptor);
        assert_eq!(descriptor.created_at, "2025-10-09T08:53:20.123Z");
    }

    #[test]
    fn a_newer_format_is_named_whatever_else_it_holds() {
        let error = ArchiveDescriptor::parse(br#"{"format": 2, "ledger": "elsewhere"}"#).unwrap_err();
        assert!(matches!(error, DescriptorError::NewerFormat { found: 2 }), "{error}");
        assert!(matches!(ArchiveDescriptor::parse(b"not json"), Err(DescriptorError::Unreadable(_))));
        assert!(matches!(ArchiveDescriptor::parse(br#"{"format": 1}"#), Err(DescriptorError::Unreadable(_))));
    }
}
