//! The files of `sources/`: which can tell of what is asked, and their rows, a few files at a time. Whoever goes through all of them does it here.
//!
//! A row is read whole ([`SourceFiles::each`]), or as a few of its columns where that is enough ([`SourceFiles::each_of`]), which takes a
//! quarter of the time.

use std::mem::discriminant;

use arrow_array::{Array, MapArray, RecordBatch, StringArray};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use parquet::{
    arrow::{ProjectionMask, arrow_reader::ParquetRecordBatchReaderBuilder},
    errors::ParquetError,
};
use trailkeep_archive::{
    BatchId, FORMAT, FORMAT_KEY, SourceRow, TableError,
    layout::{self, ArchiveKey},
    read_sources, sources_schema,
};
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};
use trailkeep_records::time::day_of;

use crate::{ReadError, columns};

/// Files that are fetched and decoded at once: a Batch of 10,000 sources takes 1.5 MB, and 15 MB once decoded.
const FILES_AT_ONCE: usize = 4;
/// Largest file that is read: 256 MiB.
const MAX_FILE_BYTES: u64 = 256 << 20;
/// Largest such file once decoded: 1 GiB.
const MAX_DECODED_BYTES: u64 = 1 << 30;
/// Before the first day that is asked for: clocks differ. Milliseconds.
const DAY_MS: i64 = 86_400_000;
/// Stored bytes of a row, about, by which work is planned: 150 to 180 where object names differ as CloudTrail's do.
const BYTES_PER_ROW: u64 = 150;
/// Rows whose columns are decoded at once.
const ROWS_AT_ONCE: usize = 1_024;
/// Name of the table, for errors.
const TABLE: &str = "sources";

/// The files of `sources/` that are read, by numbers from 0, oldest Batch first.
#[derive(Debug, Clone, Default)]
pub struct SourceFiles {
    files: Vec<File>,
    size_bytes: u64,
}

#[derive(Debug, Clone)]
struct File {
    key: String,
    batch: BatchId,
}

/// Some columns of one row.
#[derive(Debug, Clone, Copy)]
pub struct SourceColumns<'a> {
    batch: &'a RecordBatch,
    row: usize,
    /// Number of the batch's first row within the file.
    first_row: usize,
}

impl SourceFiles {
    /// Lists them: of Batches from the day before `since_ms` on, milliseconds since 1970; none: all. Nothing lands before it is delivered, but for clocks
    /// that differ by up to a day; it may land at any time after.
    ///
    /// # Errors
    /// [`ReadError::Bucket`].
    pub async fn list(bucket: &dyn AuditBucket, since_ms: Option<i64>) -> Result<Self, ReadError> {
        Self::list_some(bucket, since_ms, |_| true).await
    }

    /// As [`Self::list`], and of those only the files of Batches that `wants` takes.
    ///
    /// # Errors
    /// [`ReadError::Bucket`].
    pub async fn list_some(bucket: &dyn AuditBucket, since_ms: Option<i64>, wants: impl Fn(BatchId) -> bool) -> Result<Self, ReadError> {
        let first_day = since_ms.and_then(|since_ms| day_of(since_ms.saturating_sub(DAY_MS))).unwrap_or_default();
        let (mut all, mut page) = (Self::default(), None);
        loop {
            let listed = match bucket.list(layout::SOURCES, page).await {
                // A directory has no folder for what it does not hold.
                Err(BucketError::NotFound { .. }) => break,
                listed => listed?,
            };
            for object in listed.objects {
                let Some(ArchiveKey::Sources { batch }) = ArchiveKey::parse(&object.key) else { continue };
                if batch.day().parse().is_ok_and(|day: u32| day >= first_day) && wants(batch) {
                    all.size_bytes += object.size_bytes;
                    all.files.push(File { key: object.key, batch });
                }
            }
            page = listed.next;
            if page.is_none() {
                break;
            }
        }
        all.files.sort_by_key(|file| file.batch);
        Ok(all)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// About how many rows they have.
    pub fn rows(&self) -> u64 {
        self.size_bytes / BYTES_PER_ROW
    }

    /// The key of a file.
    pub fn key(&self, number: usize) -> Option<&str> {
        self.files.get(number).map(|file| file.key.as_str())
    }

    /// The Batch that a file is of.
    pub fn batch(&self, number: usize) -> Option<BatchId> {
        self.files.get(number).map(|file| file.batch)
    }

    /// Reads them, all or some by number (ascending), and gives what `pick` makes of each row, file by file with its number, in any order.
    ///
    /// # Errors
    /// [`ReadError`] as the caller's own, and those of `take`.
    pub async fn each<T: Send + 'static, E: From<ReadError>>(
        &self,
        bucket: &dyn AuditBucket,
        only: Option<&[usize]>,
        pick: impl Fn(SourceRow) -> Option<T> + Clone + Send + 'static,
        take: impl FnMut(usize, Vec<T>) -> Result<(), E>,
    ) -> Result<(), E> {
        let decode = move |bytes| Ok(read_sources(bytes, MAX_DECODED_BYTES)?.into_iter().filter_map(&pick).collect());
        self.decoded(bucket, only, decode, take).await
    }

    /// As [`Self::each`], with a few columns of each row. A row is decoded only as far as they go.
    ///
    /// # Errors
    /// [`ReadError`] as the caller's own, and those of `take`.
    pub async fn each_of<T: Send + 'static, E: From<ReadError>>(
        &self,
        bucket: &dyn AuditBucket,
        only: Option<&[usize]>,
        columns: &'static [&'static str],
        pick: impl Fn(SourceColumns<'_>) -> Option<T> + Clone + Send + 'static,
        take: impl FnMut(usize, Vec<T>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.try_each_of(bucket, only, columns, move |row| Ok(pick(row)), take).await
    }

    /// As [`Self::each_of`], where a row may be none that format 1 allows: that is an error of its file.
    ///
    /// # Errors
    /// [`ReadError`] as the caller's own, with what `pick` refused, and those of `take`.
    pub async fn try_each_of<T: Send + 'static, E: From<ReadError>>(
        &self,
        bucket: &dyn AuditBucket,
        only: Option<&[usize]>,
        columns: &'static [&'static str],
        pick: impl Fn(SourceColumns<'_>) -> Result<Option<T>, TableError> + Clone + Send + 'static,
        take: impl FnMut(usize, Vec<T>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.decoded(bucket, only, move |bytes| some_columns(bytes, columns, &pick), take).await
    }

    async fn decoded<T: Send + 'static, E: From<ReadError>>(
        &self,
        bucket: &dyn AuditBucket,
        only: Option<&[usize]>,
        decode: impl Fn(Bytes) -> Result<Vec<T>, TableError> + Clone + Send + 'static,
        mut take: impl FnMut(usize, Vec<T>) -> Result<(), E>,
    ) -> Result<(), E> {
        let read = |(number, key): (usize, String)| {
            let decode = decode.clone();
            async move {
                let bytes = whole(bucket, &key).await?;
                // A panic of the decoder goes on in here.
                let decoded = tokio::task::spawn_blocking(move || decode(bytes)).await.map_err(|source| ReadError::Thread { source })?;
                let rows = decoded.map_err(|source| ReadError::Table { key, source })?;
                Ok::<_, ReadError>((number, rows))
            }
        };
        let files = self.files.iter().map(|file| file.key.clone()).enumerate();
        // Collected, so that the future can be sent to another thread.
        let wanted: Vec<(usize, String)> = files.filter(|(number, _)| only.is_none_or(|only| only.binary_search(number).is_ok())).collect();
        let mut files = stream::iter(wanted).map(read).buffer_unordered(FILES_AT_ONCE);
        while let Some(read) = files.next().await {
            let (number, rows) = read?;
            take(number, rows)?;
        }
        Ok(())
    }
}

impl<'a> SourceColumns<'a> {
    /// A text; none for null, and for a column that was not asked for.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        columns::text(self.batch, name, self.row)
    }

    /// A text that format 1 requires.
    ///
    /// # Errors
    /// [`TableError::Value`]: it is null.
    pub fn required_text(&self, name: &'static str) -> Result<&'a str, TableError> {
        self.text(name).ok_or_else(|| self.refused(name, "null"))
    }

    /// A number that format 1 requires, and that is not negative.
    ///
    /// # Errors
    /// [`TableError::Value`].
    pub fn required_number(&self, name: &'static str) -> Result<u64, TableError> {
        self.number(name).ok_or_else(|| self.refused(name, "null or a negative number"))
    }

    /// A time that format 1 requires, milliseconds since 1970.
    ///
    /// # Errors
    /// [`TableError::Value`]: it is null.
    pub fn required_time_ms(&self, name: &'static str) -> Result<i64, TableError> {
        self.time_ms(name).ok_or_else(|| self.refused(name, "null"))
    }

    /// A text of a fixed vocabulary that format 1 requires.
    ///
    /// # Errors
    /// [`TableError::Value`].
    pub fn parsed<T: std::str::FromStr>(&self, name: &'static str) -> Result<T, TableError> {
        let text = self.required_text(name)?;
        text.parse().map_err(|_| self.refused(name, &format!("{:?}", text.chars().take(64).collect::<String>())))
    }

    /// The texts of a list, which stand in one text with commas between them; none of null.
    pub fn texts(&self, name: &str) -> Vec<&'a str> {
        self.text(name).into_iter().flat_map(|list| list.split(',')).filter(|text| !text.is_empty()).collect()
    }

    /// Names and texts of a map; none of null.
    pub fn pairs(&self, name: &str) -> Vec<(&'a str, &'a str)> {
        let Some(map) = self.batch.column_by_name(name).and_then(|array| array.as_any().downcast_ref::<MapArray>()) else {
            return Vec::new();
        };
        let texts = |array: &'a std::sync::Arc<dyn Array>| array.as_any().downcast_ref::<StringArray>();
        let (Some(names), Some(values)) = (texts(map.keys()), texts(map.values())) else { return Vec::new() };
        let there =
            within(map.value_offsets(), self.row).filter(|at| map.is_valid(self.row) && names.is_valid(*at) && values.is_valid(*at));
        there.map(|at| (names.value(at), values.value(at))).collect()
    }

    fn refused(&self, column: &'static str, found: &str) -> TableError {
        TableError::Value { table: TABLE, column, row: self.first_row + self.row, found: found.to_owned() }
    }

    /// A number that is not negative; none for null.
    pub fn number(&self, name: &str) -> Option<u64> {
        columns::number(self.batch, name, self.row)
    }

    /// A time, milliseconds since 1970; none for null.
    pub fn time_ms(&self, name: &str) -> Option<i64> {
        columns::time_ms(self.batch, name, self.row)
    }
}

async fn whole(bucket: &dyn AuditBucket, key: &str) -> Result<Bytes, BucketError> {
    let bytes = bucket.get(key, MAX_FILE_BYTES).await?;
    bytes.ok_or_else(|| BucketError::NotFound { what: format!("{}/{key}", bucket.address()) })
}

/// Where the values of a row stand among those of all rows.
fn within(offsets: &[i32], row: usize) -> std::ops::Range<usize> {
    let at = |row: usize| offsets.get(row).and_then(|offset| usize::try_from(*offset).ok()).unwrap_or_default();
    at(row)..at(row + 1)
}

fn some_columns<T>(
    bytes: Bytes,
    names: &'static [&'static str],
    pick: &impl Fn(SourceColumns<'_>) -> Result<Option<T>, TableError>,
) -> Result<Vec<T>, TableError> {
    let not_parquet = |source: ParquetError| TableError::NotParquet { table: TABLE, source };
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(not_parquet)?;
    let pairs = builder.metadata().file_metadata().key_value_metadata();
    let format = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == FORMAT_KEY)).and_then(|pair| pair.value.clone());
    if let Some(found) = format.filter(|found| found.parse::<u32>().map_or(true, |found| found > FORMAT)) {
        return Err(TableError::NewerFormat { table: TABLE, found });
    }
    let expected = sources_schema();
    for column in names {
        let Some((_, field)) = builder.schema().column_with_name(column) else {
            return Err(TableError::MissingColumn { table: TABLE, column });
        };
        let (found, expected) = (field.data_type(), expected.column_with_name(column).map(|(_, field)| field.data_type()));
        if let Some(expected) = expected.filter(|expected| discriminant(*expected) != discriminant(found)) {
            return Err(TableError::ColumnType { table: TABLE, column, found: found.to_string(), expected: expected.to_string() });
        }
    }
    let columns = ProjectionMask::columns(builder.parquet_schema(), names.iter().copied());
    let reader = builder.with_projection(columns).with_batch_size(ROWS_AT_ONCE).build().map_err(not_parquet)?;
    let (mut picked, mut decoded_bytes, mut first_row) = (Vec::new(), 0_u64, 0);
    for batch in reader {
        let batch = batch.map_err(|source| TableError::Damaged { table: TABLE, source: Box::new(source) })?;
        decoded_bytes += batch.get_array_memory_size() as u64;
        if decoded_bytes > MAX_DECODED_BYTES {
            return Err(TableError::TooLarge { table: TABLE, cap_bytes: MAX_DECODED_BYTES });
        }
        for row in 0..batch.num_rows() {
            picked.extend(pick(SourceColumns { batch: &batch, row, first_row })?);
        }
        first_row += batch.num_rows();
    }
    Ok(picked)
}
