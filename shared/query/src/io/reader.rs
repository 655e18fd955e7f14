//! Reads Parquet files for the scan: footers once, neighbouring ranges together, nothing twice that the tail already held.

use std::{ops::Range, sync::Arc};

use arrow_schema::{DataType, Schema};
use bytes::Bytes;
use datafusion::{
    common::Result,
    datasource::{listing::PartitionedFile, physical_plan::ParquetFileReaderFactory},
    physical_plan::metrics::ExecutionPlanMetricsSet,
};
use futures::{FutureExt, future::BoxFuture};
use parquet::{
    arrow::{arrow_reader::ArrowReaderOptions, async_reader::AsyncFileReader},
    errors::ParquetError,
    file::metadata::{
        FooterTail, PageIndexPolicy, ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader, ParquetStatisticsPolicy,
    },
};

use super::{ArchiveSource, Footers, IoCounters, footers::Footer, source::OpenFile};

/// First read of a file: enough for the footer of a few row groups, and often for the page index and blooms before it.
const TAIL_BYTES: u64 = 64 * 1024;
/// Length of a Parquet file's last words: the footer's length and the magic.
const FOOTER_TAIL_BYTES: u64 = 8;

/// Makes readers for the scan of one question.
#[derive(Debug, Clone)]
pub(crate) struct ArchiveReaderFactory {
    pub(crate) source: ArchiveSource,
    pub(crate) footers: Arc<Footers>,
    pub(crate) io: Arc<IoCounters>,
    /// What of a footer is decoded.
    pub(crate) decoding: Arc<ParquetMetaDataOptions>,
}

/// Decodes the statistics of plain top-level columns only: the scan has no use for others, and half of a footer's cost is theirs.
/// A file whose columns lie elsewhere loses statistics, not rows.
pub(crate) fn decoding(columns: &Schema) -> ParquetMetaDataOptions {
    let mut kept = Vec::new();
    let mut leaf = 0;
    for field in columns.fields() {
        if !field.data_type().is_nested() {
            kept.push(leaf);
        }
        leaf += leaves(field.data_type());
    }
    ParquetMetaDataOptions::new()
        .with_column_stats_policy(ParquetStatisticsPolicy::skip_except(&kept))
        .with_encoding_stats_policy(ParquetStatisticsPolicy::SkipAll)
        .with_size_stats_policy(ParquetStatisticsPolicy::SkipAll)
}

fn leaves(data_type: &DataType) -> usize {
    match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| leaves(field.data_type())).sum(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) | DataType::Map(item, _) => {
            leaves(item.data_type())
        }
        _ => 1,
    }
}

impl ParquetFileReaderFactory for ArchiveReaderFactory {
    fn create_reader(
        &self,
        _partition: usize,
        file: PartitionedFile,
        _metadata_size_hint: Option<usize>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> Result<Box<dyn AsyncFileReader + Send>> {
        Ok(Box::new(self.reader(file.object_meta.location.as_ref(), file.object_meta.size)))
    }
}

impl ArchiveReaderFactory {
    /// A reader of one file.
    pub(crate) fn reader(&self, key: &str, size_bytes: u64) -> ArchiveReader {
        ArchiveReader { factory: self.clone(), key: key.to_owned(), size_bytes, file: None, footer: None }
    }
}

/// Reads one file. The file is opened at the first read, so that a pruned file costs nothing.
#[derive(Debug)]
pub(crate) struct ArchiveReader {
    factory: ArchiveReaderFactory,
    key: String,
    size_bytes: u64,
    file: Option<OpenFile>,
    footer: Option<Arc<Footer>>,
}

impl ArchiveReader {
    async fn read(&mut self, ranges: &[Range<u64>]) -> parquet::errors::Result<Vec<Bytes>> {
        if let Some(held) = self.in_tail(ranges) {
            return Ok(held);
        }
        if self.file.is_none() {
            self.file = Some(self.factory.source.open(&self.key).map_err(|error| self.failed(error))?);
        }
        let Some(file) = &self.file else { return Err(ParquetError::General("the file was not opened".to_owned())) };
        file.read(ranges, &self.factory.io).await.map_err(|error| self.failed(error))
    }

    fn in_tail(&self, ranges: &[Range<u64>]) -> Option<Vec<Bytes>> {
        let footer = self.footer.as_ref()?;
        let (start, bytes) = (footer.tail_start, &footer.tail);
        ranges
            .iter()
            .map(|range| {
                let from = range.start.checked_sub(start)? as usize;
                let to = range.end.checked_sub(start)? as usize;
                (from <= to && to <= bytes.len()).then(|| bytes.slice(from..to))
            })
            .collect()
    }

    fn failed(&self, error: std::io::Error) -> ParquetError {
        ParquetError::External(format!("failed to read {}: {error}", self.key).into())
    }

    async fn footer(&mut self) -> parquet::errors::Result<Arc<ParquetMetaData>> {
        if self.footer.is_none() {
            self.footer = self.factory.footers.get(&self.key);
        }
        if self.footer.is_none() {
            let footer = Arc::new(self.fetch_footer().await?);
            self.factory.footers.put(&self.key, &footer);
            self.footer = Some(footer);
        }
        self.footer.as_ref().map(|footer| Arc::clone(&footer.metadata)).ok_or_else(|| self.broken("its footer was not kept"))
    }

    async fn fetch_footer(&mut self) -> parquet::errors::Result<Footer> {
        if self.size_bytes < FOOTER_TAIL_BYTES {
            return Err(self.broken("it is too short"));
        }
        let tail_start = self.size_bytes.saturating_sub(TAIL_BYTES);
        let tail = self.read_one(tail_start..self.size_bytes).await?;
        let words = tail.last_chunk().ok_or_else(|| self.broken("its end is missing"))?;
        let length = FooterTail::try_new(words)?.metadata_length() as u64;
        let end = self.size_bytes - FOOTER_TAIL_BYTES;
        let start = end.checked_sub(length).ok_or_else(|| self.broken("it names a footer longer than itself"))?;
        let encoded = match start.checked_sub(tail_start) {
            Some(from) => tail.slice(from as usize..tail.len() - FOOTER_TAIL_BYTES as usize),
            None => self.read_one(start..end).await?,
        };
        let metadata = Arc::new(ParquetMetaDataReader::decode_metadata_with_options(&encoded, Some(&self.factory.decoding))?);
        Ok(Footer { metadata, tail, tail_start })
    }

    fn broken(&self, reason: &str) -> ParquetError {
        ParquetError::General(format!("{} is no Parquet file of ours: {reason}", self.key))
    }

    async fn read_one(&mut self, range: Range<u64>) -> parquet::errors::Result<Bytes> {
        let mut read = self.read(&[range]).await?;
        read.pop().ok_or_else(|| ParquetError::General("a read gave nothing".to_owned()))
    }

    /// The footer with the page index, which is not kept: only questions that can use it ask for it.
    async fn footer_with_pages(&mut self) -> parquet::errors::Result<Arc<ParquetMetaData>> {
        let footer = self.footer().await?;
        let mut loading =
            ParquetMetaDataReader::new_with_metadata(footer.as_ref().clone()).with_page_index_policy(PageIndexPolicy::Optional);
        loading.load_page_index(self).await?;
        Ok(Arc::new(loading.finish()?))
    }
}

impl AsyncFileReader for ArchiveReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        self.read_one(range).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        async move { self.read(&ranges).await }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        let pages = options.is_some_and(|options| options.column_index_policy() != PageIndexPolicy::Skip);
        async move { if pages { self.footer_with_pages().await } else { self.footer().await } }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_kept_where_the_file_has_them() {
        let columns = trailkeep_ocsf::events_schema();
        let parquet = parquet::arrow::ArrowSchemaConverter::new().convert(&columns);
        let paths: Vec<String> =
            parquet.iter().flat_map(parquet::schema::types::SchemaDescriptor::columns).map(|column| column.path().string()).collect();
        let options = decoding(&columns);
        for (leaf, path) in paths.iter().enumerate() {
            assert_eq!(options.skip_column_stats(leaf), path.contains('.'), "{path}");
        }
        assert!(paths.len() > 100);
    }
}
