//! The `quarantine` table: what could not be read, why, and where its bytes are.

use bytes::Bytes;

use super::{
    cell::{columns, named},
    error::TableError,
    file::{self, Row},
};
use crate::BatchId;

/// What could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuarantineKind {
    /// The whole object, or what is left of it after the Records that could be read.
    Object,
    /// One Record.
    Record,
    /// A notification that announced nothing that may be landed; `detail` begins with its body.
    Notification,
}

impl QuarantineKind {
    const ALL: [Self; 3] = [Self::Object, Self::Record, Self::Notification];

    /// As in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Record => "record",
            Self::Notification => "notification",
        }
    }
}

named!(QuarantineKind, "kind of quarantine");

/// One object or Record that could not be read. The bytes are in the segment, locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Canonical bucket of the source.
    pub bucket: String,
    /// Key of the source.
    pub key: String,
    /// Revision of the source.
    pub revision: u32,
    /// Object or Record.
    pub kind: QuarantineKind,
    /// Account in the key.
    pub account: Option<String>,
    /// Region in the key's path.
    pub region: Option<String>,
    /// Number of the Record in the object, from 0.
    pub record_index: Option<u64>,
    /// First byte of the Record within the inflated bytes.
    pub record_offset: Option<u64>,
    /// Bytes of the Record within the inflated bytes.
    pub record_length: Option<u64>,
    /// Why: a stable snake_case name.
    pub reason: String,
    /// Why, for a person. Never a Record's content.
    pub detail: String,
    /// Key of the segment that holds the object's bytes.
    pub segment: String,
    /// First byte of the object within the segment.
    pub segment_offset: u64,
    /// Bytes of the object within the segment.
    pub segment_length: u64,
    /// The Batch.
    pub batch: BatchId,
    /// When the Batch was sealed, milliseconds since the Unix epoch.
    pub landed_at: i64,
}

impl Row for QuarantineRow {
    const TABLE: &'static str = "quarantine";
    const BLOOMS: &'static [&'static str] = &["key"];
    const DISTINCT: &'static [&'static str] = &[];
    const ORDER: &'static [&'static str] = &["account", "region", "key"];

    columns! {
        bucket, key, revision, kind, account, region, record_index, record_offset, record_length, reason, detail, segment, segment_offset,
        segment_length, batch, landed_at,
    }

    fn sort(rows: &mut [&Self]) {
        let place = |row: &Self| (row.account.clone(), row.region.clone(), row.key.clone(), row.record_index);
        rows.sort_by_cached_key(|row| place(row));
    }
}

/// Encodes what a Batch could not read, sorted by account, Region, key and Record.
///
/// # Errors
/// [`TableError::Encode`]; a fault of the program.
pub fn write_quarantine(rows: &[QuarantineRow]) -> Result<Vec<u8>, TableError> {
    file::write(rows)
}

/// Decodes a file of `quarantine/`; more than `cap_bytes` of decoded columns is an error.
///
/// # Errors
/// [`TableError`].
pub fn read_quarantine(bytes: Bytes, cap_bytes: u64) -> Result<Vec<QuarantineRow>, TableError> {
    file::read(bytes, cap_bytes)
}
