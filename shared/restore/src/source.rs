//! Finds the row of one source: newest Batch first, and only files whose bloom filter can hold the key.

use futures::{StreamExt, TryStreamExt, stream};
use parquet::{arrow::async_reader::ParquetRecordBatchStreamBuilder, errors::ParquetError};
use trailkeep_archive::SourceRow;
use trailkeep_pipeline::ports::bucket::BucketError;

use crate::{
    archive::{Archive, ReadError, TableFile},
    file::{BucketFile, bucket_error},
};

/// Files that are looked into at once.
const FILES_AT_ONCE: usize = 16;
/// Files up to this size are read whole rather than by footer, bloom filter and rows: 128 KiB.
const WHOLE_FILE_BYTES: u64 = 128 << 10;

/// Which source is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceFilter {
    /// Its key, whole.
    pub key: String,
    /// Its canonical bucket; `None` = whichever landed last.
    pub bucket: Option<String>,
    /// Its revision; `None` = the highest.
    pub revision: Option<u32>,
}

/// Why a source was not found.
#[derive(Debug, thiserror::Error)]
pub enum FindSourceError {
    /// No file of `sources/` lists it.
    #[error("no source {key} in {archive}")]
    NotFound {
        /// The key.
        key: String,
        /// The archive's address.
        archive: String,
    },
    /// The store failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// A file of `sources/` cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A file of `sources/` is no readable Parquet.
    #[error("{key} cannot be read")]
    Damaged {
        /// Key of the file.
        key: String,
        /// The cause.
        #[source]
        source: ParquetError,
    },
}

impl SourceFilter {
    fn holds(&self, row: &SourceRow) -> bool {
        row.key == self.key
            && self.bucket.as_ref().is_none_or(|bucket| *bucket == row.bucket)
            && self.revision.is_none_or(|revision| revision == row.revision)
    }
}

impl Archive {
    /// Finds a source. Where no bucket is named, the source that landed last under the key is given.
    ///
    /// # Errors
    /// [`FindSourceError`].
    pub async fn find_source(&self, filter: &SourceFilter) -> Result<SourceRow, FindSourceError> {
        let mut files = self.sources_files().await?;
        files.reverse();
        let mut found = stream::iter(files).map(|file| self.search(file, filter)).buffered(FILES_AT_ONCE);
        while let Some(rows) = found.try_next().await? {
            if let Some(row) = rows.into_iter().max_by_key(|row| (row.landed_at, row.revision)) {
                return Ok(row);
            }
        }
        Err(FindSourceError::NotFound { key: filter.key.clone(), archive: self.bucket().address() })
    }

    async fn search(&self, file: TableFile, filter: &SourceFilter) -> Result<Vec<SourceRow>, FindSourceError> {
        if file.size_bytes > WHOLE_FILE_BYTES && !self.can_hold(&file, &filter.key).await? {
            return Ok(Vec::new());
        }
        let rows = self.sources(&file.key).await?;
        Ok(rows.into_iter().filter(|row| filter.holds(row)).collect())
    }

    /// Asks the bloom filters on `key`. A file without them can hold anything.
    async fn can_hold(&self, file: &TableFile, key: &str) -> Result<bool, FindSourceError> {
        let damaged = |error| match bucket_error(error) {
            Ok(error) => FindSourceError::Bucket(error),
            Err(source) => FindSourceError::Damaged { key: file.key.clone(), source },
        };
        let reader = BucketFile { bucket: self.bucket().clone(), key: file.key.clone(), size_bytes: file.size_bytes };
        let mut builder = ParquetRecordBatchStreamBuilder::new(reader).await.map_err(damaged)?;
        let Some(column) = builder.parquet_schema().columns().iter().position(|column| column.path().string() == "key") else {
            return Ok(true);
        };
        for group in 0..builder.metadata().num_row_groups() {
            match builder.get_row_group_column_bloom_filter(group, column).await.map_err(damaged)? {
                Some(bloom) if !bloom.check(&key) => {}
                _ => return Ok(true),
            }
        }
        Ok(false)
    }
}
