//! A Parquet file of the archive read by ranges: the footer first, then only what can hold the answer.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use parquet::{
    arrow::{arrow_reader::ArrowReaderOptions, async_reader::AsyncFileReader},
    errors::ParquetError,
    file::metadata::{ParquetMetaData, ParquetMetaDataReader},
};
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};

/// Bytes that are read from the end of a file in the hope that the footer is in them: 64 KiB.
const FOOTER_BYTES: usize = 64 << 10;

/// One object of the archive as Parquet's reader wants it.
#[derive(Debug, Clone)]
pub(crate) struct BucketFile {
    pub(crate) bucket: Arc<dyn AuditBucket>,
    pub(crate) key: String,
    pub(crate) size_bytes: u64,
}

impl AsyncFileReader for BucketFile {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        async move {
            let length = range.end.saturating_sub(range.start);
            let bytes = self.bucket.get_range(&self.key, range.start, length).await;
            let bytes = bytes.map_err(|error| ParquetError::External(Box::new(error)))?;
            if bytes.len() as u64 == length { Ok(bytes) } else { Err(ParquetError::EOF(format!("{} ends early", self.key))) }
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        let size_bytes = self.size_bytes;
        async move {
            let reader = ParquetMetaDataReader::new().with_prefetch_hint(Some(FOOTER_BYTES)).with_arrow_reader_options(options);
            Ok(Arc::new(reader.load_and_finish(self, size_bytes).await?))
        }
        .boxed()
    }
}

/// Takes a store's own error out of Parquet's, so that an archived tier is told as such.
pub(crate) fn bucket_error(error: ParquetError) -> Result<BucketError, ParquetError> {
    match error {
        ParquetError::External(inner) => match inner.downcast::<BucketError>() {
            Ok(found) => Ok(*found),
            Err(other) => Err(ParquetError::External(other)),
        },
        other => Err(other),
    }
}
