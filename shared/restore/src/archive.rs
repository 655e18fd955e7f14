//! An archive opened for reading, and the listing and decoding that every question begins with.

use std::sync::Arc;

use trailkeep_archive::{
    ArchiveDescriptor, BatchId, QuarantineRow, SourceRow, TableError,
    layout::{self, ArchiveKey},
    read_quarantine, read_sources,
};
use trailkeep_pipeline::{
    archive_guard::{self, GuardError},
    ports::bucket::{AuditBucket, BucketError, ObjectSummary},
};

/// Largest file of `sources/` or `quarantine/` that is read: 256 MiB. A Batch of 10,000 sources takes about 1.5 MB.
const MAX_TABLE_BYTES: u64 = 256 << 20;
/// Largest such file once decoded: 1 GiB.
const MAX_DECODED_BYTES: u64 = 1 << 30;

/// An archive of format 1, opened for reading.
#[derive(Debug, Clone)]
pub struct Archive {
    bucket: Arc<dyn AuditBucket>,
    descriptor: ArchiveDescriptor,
}

/// Why an archive could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// No `archive.json`.
    #[error("{address} is not an archive: it has no archive.json")]
    NotAnArchive {
        /// The address.
        address: String,
    },
    /// It could not be read, or it is of a newer format.
    #[error(transparent)]
    Guard(#[from] GuardError),
}

/// Why a table of an archive could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The file is not what it should be.
    #[error("{key} cannot be read")]
    Table {
        /// Key of the file.
        key: String,
        /// The cause.
        #[source]
        source: TableError,
    },
    /// A thread ended early: a fault of the program.
    #[error("a thread that decodes a table ended early")]
    Thread {
        /// The cause.
        #[source]
        source: tokio::task::JoinError,
    },
}

/// One file of a table, with the Batch that published it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableFile {
    pub(crate) key: String,
    pub(crate) size_bytes: u64,
    pub(crate) batch: BatchId,
}

impl Archive {
    /// Opens an archive: reads its `archive.json`.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(bucket: Arc<dyn AuditBucket>) -> Result<Self, OpenError> {
        let descriptor = archive_guard::read(bucket.as_ref()).await?;
        let descriptor = descriptor.ok_or_else(|| OpenError::NotAnArchive { address: bucket.address() })?;
        Ok(Self { bucket, descriptor })
    }

    /// What `archive.json` says.
    pub fn descriptor(&self) -> &ArchiveDescriptor {
        &self.descriptor
    }

    /// The store behind it.
    pub fn bucket(&self) -> &Arc<dyn AuditBucket> {
        &self.bucket
    }

    /// Everything below a prefix, ascending.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Vec<ObjectSummary>, BucketError> {
        let mut objects = Vec::new();
        let mut page = None;
        loop {
            let answer = match self.bucket.list(prefix, page).await {
                // A directory archive has no folder for what it does not hold.
                Err(BucketError::NotFound { .. }) => return Ok(objects),
                answer => answer?,
            };
            objects.extend(answer.objects);
            page = answer.next;
            if page.is_none() {
                return Ok(objects);
            }
        }
    }

    /// The files of a table below a prefix, oldest Batch first. Keys that format 1 does not describe are left out.
    pub(crate) async fn table_files(&self, prefix: &str) -> Result<Vec<TableFile>, BucketError> {
        let mut files: Vec<TableFile> = self
            .list(prefix)
            .await?
            .into_iter()
            .filter_map(|object| match ArchiveKey::parse(&object.key)? {
                ArchiveKey::Sources { batch } | ArchiveKey::Quarantine { batch } | ArchiveKey::Events { batch, .. } => {
                    Some(TableFile { key: object.key, size_bytes: object.size_bytes, batch })
                }
                _ => None,
            })
            .collect();
        files.sort_by(|a, b| (a.batch, &a.key).cmp(&(b.batch, &b.key)));
        Ok(files)
    }

    /// The files of `sources/`, oldest Batch first.
    pub(crate) async fn sources_files(&self) -> Result<Vec<TableFile>, BucketError> {
        self.table_files(layout::SOURCES).await
    }

    /// All rows of one file of `sources/`.
    pub(crate) async fn sources(&self, key: &str) -> Result<Vec<SourceRow>, ReadError> {
        let bytes = self.whole(key).await?;
        read_sources(bytes, MAX_DECODED_BYTES).map_err(|source| ReadError::Table { key: key.to_owned(), source })
    }

    /// All rows of one file of `quarantine/`.
    pub(crate) async fn quarantine(&self, key: &str) -> Result<Vec<QuarantineRow>, ReadError> {
        let bytes = self.whole(key).await?;
        read_quarantine(bytes, MAX_DECODED_BYTES).map_err(|source| ReadError::Table { key: key.to_owned(), source })
    }

    async fn whole(&self, key: &str) -> Result<bytes::Bytes, BucketError> {
        let what = || format!("{}/{key}", self.bucket.address());
        self.bucket.get(key, MAX_TABLE_BYTES).await?.ok_or_else(|| BucketError::NotFound { what: what() })
    }
}
