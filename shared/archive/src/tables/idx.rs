//! The index beside a segment (`<batch>.idx`): for each original in it where its bytes are and what the origin
//! told of it. With the segment it rebuilds the raw-level facts of `sources`; the rest is read from the bytes again.

use std::collections::BTreeMap;

use bytes::Bytes;
use trailkeep_keys::{KeyKind, classify};

use super::{
    cell::columns,
    error::TableError,
    file::{self, Row},
    sources::{Outcome, SourceKind, SourceRow},
};
use crate::BatchId;

/// One original within a segment. Times are milliseconds since the Unix epoch. What the key tells (account, Region,
/// time of delivery) is not repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdxRow {
    /// Key of the segment: the `.gz` or the `.bin` beside this index.
    pub segment: String,
    /// First byte within the segment.
    pub offset: u64,
    /// Bytes within the segment.
    pub length: u64,
    /// Canonical bucket.
    pub bucket: String,
    /// Key in it.
    pub key: String,
    /// S3 version id that was fetched.
    pub version: Option<String>,
    /// Entity tag that was fetched, without quotes.
    pub etag: Option<String>,
    /// Revision of the source.
    pub revision: u32,
    /// What it is.
    pub kind: SourceKind,
    /// SHA-256 of the stored bytes.
    pub stored_sha256: [u8; 32],
    /// SHA-256 of the inflated bytes.
    pub inflated_sha256: Option<[u8; 32]>,
    /// Size once inflated, in bytes.
    pub inflated_bytes: Option<u64>,
    /// Last modification, as the origin told it.
    pub modified_at: Option<i64>,
    /// Content-Type at the origin.
    pub content_type: Option<String>,
    /// Content-Encoding at the origin.
    pub content_encoding: Option<String>,
    /// User metadata at the origin.
    pub metadata: BTreeMap<String, String>,
    /// The Batch.
    pub batch: BatchId,
    /// When the Batch was sealed.
    pub landed_at: i64,
    /// Checksum of the segment, as in `sources`. Files of earlier releases have no such column.
    pub segment_checksum: Option<String>,
}

impl Row for IdxRow {
    const TABLE: &'static str = "idx";
    const BLOOMS: &'static [&'static str] = &[];
    const DISTINCT: &'static [&'static str] = &["offset", "key", "etag", "stored_sha256", "inflated_sha256"];
    const ORDER: &'static [&'static str] = &["segment", "offset"];
    const ADDED: &'static [&'static str] = &["segment_checksum"];

    columns! {
        segment, offset, length, bucket, key, version, etag, revision, kind, stored_sha256, inflated_sha256, inflated_bytes, modified_at,
        content_type, content_encoding, metadata, batch, landed_at, segment_checksum,
    }

    fn sort(rows: &mut [&Self]) {
        rows.sort_by(|a, b| (&a.segment, a.offset).cmp(&(&b.segment, b.offset)));
    }
}

impl IdxRow {
    /// The index row of a source. Hashes that are not 64 hex digits become zeros and none.
    pub fn of(row: &SourceRow) -> Self {
        Self {
            segment: row.segment.clone(),
            offset: row.segment_offset,
            length: row.segment_length,
            bucket: row.bucket.clone(),
            key: row.key.clone(),
            version: row.version.clone(),
            etag: row.etag.clone(),
            revision: row.revision,
            kind: row.kind,
            stored_sha256: unhex(&row.stored_sha256).unwrap_or_default(),
            inflated_sha256: row.inflated_sha256.as_deref().and_then(unhex),
            inflated_bytes: row.inflated_bytes,
            modified_at: row.modified_at,
            content_type: row.content_type.clone(),
            content_encoding: row.content_encoding.clone(),
            metadata: row.metadata.clone(),
            batch: row.batch,
            landed_at: row.landed_at,
            segment_checksum: row.segment_checksum.clone(),
        }
    }

    /// The source as far as the index knows it: outcome [`Outcome::Indexed`] (a Digest is [`Outcome::Kept`]), no counts
    /// of Records, no event times.
    pub fn to_source(&self) -> SourceRow {
        let key = match classify(&self.key, None) {
            KeyKind::Log(key) | KeyKind::Digest(key) => Some(key),
            KeyKind::OtherService { .. } | KeyKind::FolderMarker | KeyKind::Unrecognised { .. } => None,
        };
        SourceRow {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            version: self.version.clone(),
            etag: self.etag.clone(),
            revision: self.revision,
            kind: self.kind,
            organization: key.as_ref().and_then(|key| key.organization.as_ref()).map(ToString::to_string),
            account: key.as_ref().map(|key| key.account.to_string()),
            region: key.as_ref().map(|key| key.region.to_string()),
            delivered_at: key.as_ref().and_then(trailkeep_keys::LogKey::delivered_ms),
            modified_at: self.modified_at,
            content_type: self.content_type.clone(),
            content_encoding: self.content_encoding.clone(),
            metadata: self.metadata.clone(),
            stored_bytes: self.length,
            inflated_bytes: self.inflated_bytes,
            stored_sha256: hex::encode(self.stored_sha256),
            inflated_sha256: self.inflated_sha256.map(hex::encode),
            outcome: if self.kind == SourceKind::Digest { Outcome::Kept } else { Outcome::Indexed },
            reason: None,
            flags: Vec::new(),
            records: 0,
            landed: 0,
            duplicates: 0,
            quarantined: 0,
            first_event_at: None,
            last_event_at: None,
            segment: self.segment.clone(),
            segment_version: None,
            segment_checksum: self.segment_checksum.clone(),
            segment_offset: self.offset,
            segment_length: self.length,
            batch: self.batch,
            landed_at: self.landed_at,
        }
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).ok().map(|()| hash)
}

/// Encodes the index of a segment, in the order of the bytes.
///
/// # Errors
/// [`TableError::Encode`]; a fault of the program.
pub fn write_idx(rows: &[IdxRow]) -> Result<Vec<u8>, TableError> {
    file::write(rows)
}

/// Decodes an `.idx`; more than `cap_bytes` of decoded columns is an error.
///
/// # Errors
/// [`TableError`].
pub fn read_idx(bytes: Bytes, cap_bytes: u64) -> Result<Vec<IdxRow>, TableError> {
    file::read(bytes, cap_bytes)
}
