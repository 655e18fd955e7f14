//! Begins the uploads of one Batch: which key, how it is written, who remembers a failure.

use std::{io, sync::Arc};

use tokio::runtime::Handle;
use trailkeep_archive::{BatchId, Partition, layout};
use trailkeep_events::PartitionSink;

use super::staged::{FirstFailure, StagedFile};
use crate::ports::bucket::{AuditBucket, BucketError, LockMode, PutPolicy};

/// How long what lands is locked, and in which mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Object Lock mode.
    pub mode: LockMode,
    /// Days from the opening of the Batch.
    pub days: u32,
}

const DAY_MS: i64 = 86_400_000;

impl Retention {
    /// Until when what a Batch lands is locked, in milliseconds since 1970.
    pub fn until_ms(self, batch: &BatchId) -> i64 {
        batch.unix_ms().saturating_add(i64::from(self.days).saturating_mul(DAY_MS))
    }

    /// The same of what is written again later: for a day at least, since S3 takes no lock that has ended.
    pub fn until_ms_again(self, batch: &BatchId, now_ms: i64) -> i64 {
        self.until_ms(batch).max(now_ms.saturating_add(DAY_MS))
    }
}

/// Begins the uploads of one Batch.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    audit: Arc<dyn AuditBucket>,
    runtime: Handle,
    batch: BatchId,
    retention: Option<Retention>,
    failure: FirstFailure,
}

/// Content-Type of packed segments and event-id indexes: no type fits them.
const SEGMENT_TYPE: &str = "application/octet-stream";
/// Content-Type of Parquet files (IANA media types registry).
const PARQUET_TYPE: &str = "application/vnd.apache.parquet";

impl Stage {
    pub(crate) fn new(audit: Arc<dyn AuditBucket>, runtime: Handle, batch: BatchId, retention: Option<Retention>) -> Self {
        Self { audit, runtime, batch, retention, failure: FirstFailure::default() }
    }

    /// The Batch.
    pub(crate) fn batch(&self) -> &BatchId {
        &self.batch
    }

    /// The first failure of any upload, taken out.
    pub(crate) fn failure(&self) -> Option<BucketError> {
        self.failure.take()
    }

    /// Begins the upload of a packed segment: locked.
    pub(crate) fn segment(&self, key: String) -> Result<StagedFile, BucketError> {
        self.begin(key, SEGMENT_TYPE, true)
    }

    /// Begins the upload of a Parquet file.
    pub(crate) fn parquet(&self, key: String, locked: bool) -> Result<StagedFile, BucketError> {
        self.begin(key, PARQUET_TYPE, locked)
    }

    /// Begins the upload of an event-id index: not locked, since it can be done without.
    pub(crate) fn event_index(&self, key: String) -> Result<StagedFile, BucketError> {
        self.begin(key, SEGMENT_TYPE, false)
    }

    fn begin(&self, key: String, content_type: &str, locked: bool) -> Result<StagedFile, BucketError> {
        let lock = self.retention.filter(|_| locked).map(|retention| (retention.mode, retention.until_ms(&self.batch)));
        let policy = PutPolicy { lock, content_type: Some(content_type.to_owned()), ..PutPolicy::default() };
        let writer = self.runtime.block_on(self.audit.stage(&key, &policy))?;
        Ok(StagedFile::new(key, writer, self.runtime.clone(), self.failure.clone()))
    }
}

impl PartitionSink for Stage {
    type Writer = StagedFile;

    fn open(&mut self, partition: &Partition) -> io::Result<StagedFile> {
        self.parquet(layout::events_key(partition, &self.batch), false).map_err(|error| self.failure.keep(error))
    }
}
