//! What one run of the ingest is told. Defaults are those of the command line.

use std::time::Duration;

use trailkeep_archive::ClassLabel;
use trailkeep_records::InflateLimits;

use super::window::DeliveryWindow;
use crate::batch::{BatchSettings, Retention};

/// Everything that a run is told, apart from its ports.
#[derive(Debug, Clone)]
pub struct IngestConfig {
    /// Which objects, and under which canonical names.
    pub origin: OriginConfig,
    /// Worker threads, each with a Batch of its own.
    pub threads: usize,
    /// How Records become rows.
    pub encoding: EncodingConfig,
    /// Retention class of the raw segments.
    pub class: ClassLabel,
    /// Object Lock of what lands below `raw/`, `digests/` and `sources/`; `None` = the bucket's default.
    pub retention: Option<Retention>,
    /// When a Batch is sealed.
    pub limits: BatchLimits,
}

impl IngestConfig {
    /// What the Batches of one worker are told.
    pub(crate) fn batch_settings(&self) -> BatchSettings {
        BatchSettings {
            encoding: self.encoding.clone(),
            class: self.class.clone(),
            retention: self.retention,
            inflate: self.limits.inflate,
            builder_bytes: self.limits.builder_bytes / self.threads.max(1),
            audit_bucket: None,
        }
    }
}

/// Which objects of the origin are taken, and what they are called.
#[derive(Debug, Clone, Default)]
pub struct OriginConfig {
    /// Only keys that start so are listed.
    pub prefix: String,
    /// The trail's S3 key prefix, for copied trees; `None` = as the Digests say.
    pub key_prefix: Option<String>,
    /// Canonical bucket; `None` = the bucket itself, or as the Digests of a copied tree say.
    pub bucket: Option<String>,
    /// Also take `*.json` and `*.json.gz` whose names CloudTrail did not make, under their path as key.
    pub all_files: bool,
    /// Delivery time that is taken.
    pub window: DeliveryWindow,
}

/// How Records become rows.
#[derive(Debug, Clone)]
pub struct EncodingConfig {
    /// OCSF classes.
    pub classes: trailkeep_ocsf::Classes,
    /// What is hidden on the normalised side.
    pub redaction: trailkeep_ocsf::Redaction,
    /// Whether each row carries its Record's text.
    pub raw_data_inline: bool,
    /// zstd level of the events files.
    pub zstd_level: i32,
}

/// When a Batch is sealed, and what one object may take.
#[derive(Debug, Clone)]
pub struct BatchLimits {
    /// Encoded output in bytes: 128 MiB.
    pub encoded_bytes: u64,
    /// Age: 300 s.
    pub age: Duration,
    /// LogObjects: 10,000.
    pub objects: usize,
    /// Partitions of `events/`: 64.
    pub partitions: usize,
    /// Largest stored object that is read whole, in bytes: 16 MiB. Larger ones are streamed.
    pub whole_object_bytes: u64,
    /// Largest stored object that is landed, in bytes: 4 GiB.
    pub object_bytes: u64,
    /// Caps on what one object inflates to.
    pub inflate: InflateLimits,
    /// Memory for builders, sort copies and encoders of the whole process, in bytes: 128 MiB.
    pub builder_bytes: usize,
    /// How often a Batch's heartbeat counter is moved.
    pub heartbeat: Duration,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self {
            encoded_bytes: 128 << 20,
            age: Duration::from_mins(5),
            objects: 10_000,
            partitions: 64,
            whole_object_bytes: 16 << 20,
            object_bytes: 4 << 30,
            inflate: InflateLimits::default(),
            builder_bytes: 128 << 20,
            heartbeat: Duration::from_secs(5),
        }
    }
}
