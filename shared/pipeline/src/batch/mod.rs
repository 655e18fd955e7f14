//! What stands in an open Batch, and how it is sealed: raw segments with their index, Digests, events files, quarantine rows,
//! and the sources table, which is published last. Everything is staged as it comes, so that memory does not grow with the Batch.
//!
//! Which objects are admitted, and when a Batch is committed, is the protocol's; what a Record becomes is `trailkeep-events`'.
//! Synchronous: for worker threads, never for the runtime's own.

mod digest;
mod digests;
mod own_requests;
mod rows;
mod seal;
mod segment;
mod stage;
mod staged;
mod writer;

use std::collections::HashMap;

use trailkeep_archive::{ClassLabel, QuarantineKind};
use trailkeep_events::Encoder;
use trailkeep_keys::LogKey;
use trailkeep_records::{InflateLimits, Shape};

use self::{
    digest::DigestRead,
    segment::{Place, Segments},
    stage::Stage,
};
pub use self::{
    seal::{SealFailure, Sealed},
    stage::Retention,
    writer::Open,
};
use crate::{
    ingest::EncodingConfig,
    ports::{
        bucket::{BucketError, ObjectInfo},
        ledger::SourceId,
    },
};

/// Why a Batch could not take an object, or could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The archive could not be written.
    #[error(transparent)]
    Audit(BucketError),
    /// The object could not be read from its origin; the Batch is sound.
    #[error(transparent)]
    Origin(BucketError),
    /// Rows could not be encoded.
    #[error("failed to encode events")]
    Encode(#[source] trailkeep_events::EncodeError),
    /// A table could not be written.
    #[error("failed to write the {table} table")]
    Table {
        /// Which one.
        table: &'static str,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Records went missing between reading and writing, which is a defect of this program: the Batch is not landed.
    #[error(
        "the records of {source_id} do not add up: {records} read, {landed} landed, {duplicates} duplicates, {quarantined} quarantined"
    )]
    Unbalanced {
        /// The source.
        source_id: SourceId,
        /// Records read.
        records: u64,
        /// Landed.
        landed: u64,
        /// Dropped as identical.
        duplicates: u64,
        /// Quarantined.
        quarantined: u64,
    },
    /// The encoder told nothing of an object, which is a defect of this program: the Batch is not landed.
    #[error("nothing was reported of {source_id}")]
    Unreported {
        /// The source.
        source_id: SourceId,
    },
}

/// How the objects of a Batch become files.
#[derive(Debug, Clone)]
pub struct BatchSettings {
    /// How Records become rows.
    pub encoding: EncodingConfig,
    /// Retention class of the raw segments.
    pub class: ClassLabel,
    /// Object Lock of what lands below `raw/`, `digests/` and `sources/`; `None` = the bucket's default.
    pub retention: Option<Retention>,
    /// Caps on what one object inflates to.
    pub inflate: InflateLimits,
    /// Memory for builders, sort copies and encoders of this Batch, in bytes.
    pub builder_bytes: usize,
    /// The bucket that is landed in: what the Records say of it is counted. `None` = not counted.
    pub audit_bucket: Option<String>,
}

/// What a source is, by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A LogObject.
    Log,
    /// A Digest.
    Digest,
}

/// What is known of an object besides its bytes.
#[derive(Debug, Clone)]
pub struct SourceFacts {
    /// Canonical bucket, key and revision.
    pub source: SourceId,
    /// What its key says it is.
    pub kind: Kind,
    /// What its origin says of it.
    pub info: ObjectInfo,
}

/// Something to be written down of a source that has no bytes here.
#[derive(Debug, Clone)]
pub struct Finding {
    /// An object that cannot be landed, or a notification.
    pub kind: QuarantineKind,
    /// Canonical bucket, key and revision; of a notification what it named, if anything.
    pub source: SourceId,
    /// Stable name.
    pub reason: &'static str,
    /// In words.
    pub detail: String,
}

/// One landed object, until the Batch is sealed.
#[derive(Debug)]
struct Entry {
    facts: SourceFacts,
    key: Option<LogKey>,
    place: Place,
    stored_sha256: [u8; 32],
    shape: Shape,
    /// Set for Digests; of LogObjects the encoder reports.
    digest: Option<DigestRead>,
}

/// The writers of one open Batch. Dropped before it is sealed, it throws its uploads away.
#[derive(Debug)]
pub struct BatchWriter {
    stage: Stage,
    encoder: Encoder<Stage>,
    limits: InflateLimits,
    raw: Segments,
    digests: Segments,
    entries: Vec<Entry>,
    by_source: HashMap<SourceId, usize>,
    findings: Vec<Finding>,
    /// Inflated Digests, one at a time.
    buffer: Vec<u8>,
    /// Counts Records about the bucket that is landed in.
    own: own_requests::OwnRequests,
}

/// The SHA-256 of stored bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).into()
}
