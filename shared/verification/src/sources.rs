//! The files of `sources/`, with this crate's errors.

use trailkeep_archive::{BatchId, SourceRow, TableError};
use trailkeep_pipeline::ports::bucket::AuditBucket;
use trailkeep_restore::{ReadError, SourceColumns, SourceFiles};

use crate::error::VerifyError;

/// The files of `sources/` that are read.
#[derive(Debug)]
pub(crate) struct Files(SourceFiles);

impl Files {
    /// Lists those that can tell of what was delivered from a moment on.
    pub(crate) async fn list(bucket: &dyn AuditBucket, since_ms: Option<i64>) -> Result<Self, VerifyError> {
        Ok(Self(SourceFiles::list(bucket, since_ms).await?))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Lists those of Batches that `wants` takes.
    pub(crate) async fn list_some(bucket: &dyn AuditBucket, wants: impl Fn(BatchId) -> bool) -> Result<Self, VerifyError> {
        Ok(Self(SourceFiles::list_some(bucket, None, wants).await?))
    }

    /// The key of a file.
    pub(crate) fn key(&self, number: usize) -> Option<&str> {
        self.0.key(number)
    }

    /// The Batch that a file is of.
    pub(crate) fn batch(&self, number: usize) -> Option<BatchId> {
        self.0.batch(number)
    }

    /// As [`SourceFiles::each`].
    pub(crate) async fn each<T: Send + 'static>(
        &self,
        bucket: &dyn AuditBucket,
        only: Option<&[usize]>,
        pick: impl Fn(SourceRow) -> Option<T> + Clone + Send + 'static,
        take: impl FnMut(usize, Vec<T>) -> Result<(), VerifyError>,
    ) -> Result<(), VerifyError> {
        self.0.each(bucket, only, pick, take).await
    }

    /// As [`SourceFiles::try_each_of`].
    pub(crate) async fn each_of<T: Send + 'static, E: From<ReadError>>(
        &self,
        bucket: &dyn AuditBucket,
        only: Option<&[usize]>,
        columns: &'static [&'static str],
        pick: impl Fn(SourceColumns<'_>) -> Result<Option<T>, TableError> + Clone + Send + 'static,
        take: impl FnMut(usize, Vec<T>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.0.try_each_of(bucket, only, columns, pick, take).await
    }
}
