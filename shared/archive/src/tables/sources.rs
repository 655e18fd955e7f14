//! The `sources` table: one row per LogObject or Digest that landed. Its object is published last, so that a
//! row in it is the visible commit mark.

use std::collections::BTreeMap;

use arrow_schema::SchemaRef;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use trailkeep_keys::LogClass;

use super::{
    cell::{columns, named},
    error::TableError,
    file::{self, Row},
};
use crate::BatchId;

/// What a source is, told by the class folder in its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// Management and data events.
    Log,
    /// A signed hourly list of LogObjects.
    Digest,
    /// Insights events.
    Insight,
    /// Network activity events.
    Network,
    /// Five-minute summaries of data events.
    Aggregated,
}

impl SourceKind {
    const ALL: [Self; 5] = [Self::Log, Self::Digest, Self::Insight, Self::Network, Self::Aggregated];

    /// As in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Digest => "digest",
            Self::Insight => "insight",
            Self::Network => "network",
            Self::Aggregated => "aggregated",
        }
    }
}

impl From<LogClass> for SourceKind {
    fn from(class: LogClass) -> Self {
        match class {
            LogClass::CloudTrail => Self::Log,
            LogClass::Digest => Self::Digest,
            LogClass::Insight => Self::Insight,
            LogClass::NetworkActivity => Self::Network,
            LogClass::Aggregated => Self::Aggregated,
        }
    }
}

/// What became of a source. Its bytes are in the segment whatever it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Every Record landed, or is a duplicate within the Batch; also an object without Records.
    Landed,
    /// Some Records landed, others are in quarantine.
    Partial,
    /// Nothing of it could be read; the reason is in `reason` and in quarantine.
    Quarantined,
    /// Kept and not decoded: a Digest.
    Kept,
    /// The row was rebuilt from a segment's index and its Records were not read again.
    Indexed,
}

impl Outcome {
    const ALL: [Self; 5] = [Self::Landed, Self::Partial, Self::Quarantined, Self::Kept, Self::Indexed];

    /// As in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Landed => "landed",
            Self::Partial => "partial",
            Self::Quarantined => "quarantined",
            Self::Kept => "kept",
            Self::Indexed => "indexed",
        }
    }
}

named!(SourceKind, "kind of source");
named!(Outcome, "outcome");

/// One LogObject or Digest that landed. Times are milliseconds since the Unix epoch, hashes lower hex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRow {
    /// Canonical bucket.
    pub bucket: String,
    /// Key in it, from the trail's prefix or `AWSLogs` on.
    pub key: String,
    /// S3 version id that was fetched.
    pub version: Option<String>,
    /// Entity tag that was fetched, without quotes.
    pub etag: Option<String>,
    /// 1; higher for other content under a key that has landed, or for a source that was landed again.
    pub revision: u32,
    /// What it is.
    pub kind: SourceKind,
    /// Organization in the key.
    pub organization: Option<String>,
    /// Account in the key.
    pub account: Option<String>,
    /// Region in the key's path.
    pub region: Option<String>,
    /// Time in the file name: minutes for LogObjects, seconds for Digests.
    pub delivered_at: Option<i64>,
    /// Last modification, as the origin told it.
    pub modified_at: Option<i64>,
    /// Content-Type at the origin.
    pub content_type: Option<String>,
    /// Content-Encoding at the origin.
    pub content_encoding: Option<String>,
    /// User metadata at the origin; a Digest's signature is in it.
    pub metadata: BTreeMap<String, String>,
    /// Size as stored at the origin, in bytes.
    pub stored_bytes: u64,
    /// Size once inflated, in bytes; none where it could not be inflated.
    pub inflated_bytes: Option<u64>,
    /// SHA-256 of the stored bytes.
    pub stored_sha256: String,
    /// SHA-256 of the inflated bytes, which is what a Digest states.
    pub inflated_sha256: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why nothing of it could be read: a stable name.
    pub reason: Option<String>,
    /// What was odd about it: stable names.
    pub flags: Vec<String>,
    /// Records found in it: `landed + duplicates + quarantined`.
    pub records: u64,
    /// Records in `events/`.
    pub landed: u64,
    /// Records dropped because the same Record stands in the same Batch.
    pub duplicates: u64,
    /// Records in `quarantine/`.
    pub quarantined: u64,
    /// Earliest event time among its Records.
    pub first_event_at: Option<i64>,
    /// Latest event time among its Records.
    pub last_event_at: Option<i64>,
    /// Key of the segment that holds its bytes.
    pub segment: String,
    /// S3 version of the segment, where it was known before publication.
    pub segment_version: Option<String>,
    /// Checksum of the whole segment, `<algorithm>:<value>`.
    pub segment_checksum: Option<String>,
    /// First byte within the segment.
    pub segment_offset: u64,
    /// Bytes within the segment: as stored at the origin.
    pub segment_length: u64,
    /// The Batch that landed it.
    pub batch: BatchId,
    /// When the Batch was sealed.
    pub landed_at: i64,
}

impl Row for SourceRow {
    const TABLE: &'static str = "sources";
    const BLOOMS: &'static [&'static str] = &["key"];
    const DISTINCT: &'static [&'static str] = &["key", "etag", "stored_sha256", "inflated_sha256", "segment_offset"];
    const ORDER: &'static [&'static str] = &["account", "region", "key"];

    columns! {
        bucket, key, version, etag, revision, kind, organization, account, region, delivered_at, modified_at, content_type, content_encoding, metadata, stored_bytes, inflated_bytes, stored_sha256, inflated_sha256, outcome, reason, flags, records, landed, duplicates, quarantined, first_event_at, last_event_at, segment, segment_version, segment_checksum, segment_offset, segment_length, batch, landed_at,
    }

    fn sort(rows: &mut [&Self]) {
        rows.sort_by(|a, b| (&a.account, &a.region, &a.key, a.revision).cmp(&(&b.account, &b.region, &b.key, b.revision)));
    }
}

/// Encodes the sources of a Batch, sorted by account, Region and key.
///
/// # Errors
/// [`TableError::Encode`]; a fault of the program.
pub fn write_sources(rows: &[SourceRow]) -> Result<Vec<u8>, TableError> {
    file::write(rows)
}

/// Decodes a file of `sources/`; more than `cap_bytes` of decoded columns is an error.
///
/// # Errors
/// [`TableError`].
pub fn read_sources(bytes: Bytes, cap_bytes: u64) -> Result<Vec<SourceRow>, TableError> {
    file::read(bytes, cap_bytes)
}

/// The Arrow schema of the table, for engines that must name columns before there is a file.
pub fn sources_schema() -> SchemaRef {
    file::schema_of::<SourceRow>()
}
