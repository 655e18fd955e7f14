//! One table as the bytes of one Parquet file: writer properties, what a reader checks first, the cap.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, new_null_array};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};
use bytes::Bytes;
use parquet::{
    arrow::{
        ArrowWriter,
        arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
        arrow_writer::ArrowWriterOptions,
    },
    basic::{Compression, ZstdLevel},
    file::{
        metadata::{KeyValue, SortingColumn},
        properties::{EnabledStatistics, WriterProperties},
    },
    schema::types::ColumnPath,
};

use super::error::TableError;
use crate::{CREATED_BY, FORMAT};

/// Key of the footer's metadata that names the archive format, as a decimal number.
pub const FORMAT_KEY: &str = "trailkeep.format";
/// Key of the footer's metadata that names the table: `sources`, `quarantine`, `idx` or `events`.
pub const TABLE_KEY: &str = "trailkeep.table";

/// Rows of a row group: 16,384. A Batch has at most 10,000 sources, so usually one row group.
const ROW_GROUP_ROWS: usize = 16_384;
/// Rows that are decoded at once.
pub(super) const READ_ROWS: usize = 1_024;
/// False positives of a bloom filter.
const BLOOM_FPP: f64 = 0.01;

/// A row of one of the tables.
pub(super) trait Row: Sized {
    /// Name of the table in the footer.
    const TABLE: &'static str;
    /// Columns that get a bloom filter: those that are asked for by value and are not repeated much.
    const BLOOMS: &'static [&'static str];
    /// Columns whose values hardly repeat, so that a dictionary would only cost.
    const DISTINCT: &'static [&'static str];
    /// Columns by which the rows stand in order, nulls first.
    const ORDER: &'static [&'static str];
    /// Columns that earlier releases did not write, and that may be null: where a file lacks them, they are.
    const ADDED: &'static [&'static str] = &[];
    /// Rows of a row group.
    const GROUP_ROWS: usize = ROW_GROUP_ROWS;

    /// Sorts by [`Row::ORDER`].
    fn sort(rows: &mut [&Self]);

    // The rest is written by `columns!`.
    fn fields() -> Vec<Field>;
    fn columns(rows: &[&Self]) -> Result<Vec<ArrayRef>, ArrowError>;
    fn read(batch: &RecordBatch, rows: &mut Vec<Self>) -> Result<(), TableError>;
}

pub(super) fn schema_of<R: Row>() -> SchemaRef {
    Arc::new(Schema::new(R::fields()))
}

/// Encodes rows, sorted, as one Parquet file.
pub(super) fn write<R: Row>(rows: &[R]) -> Result<Vec<u8>, TableError> {
    let mut sorted: Vec<&R> = rows.iter().collect();
    R::sort(&mut sorted);
    encode::<R>(&sorted).map_err(|source| TableError::Encode { table: R::TABLE, source })
}

fn encode<R: Row>(rows: &[&R]) -> Result<Vec<u8>, EncodeError> {
    let mut writer = writer_of::<R>(rows.len())?;
    for chunk in rows.chunks(R::GROUP_ROWS) {
        writer.write(&RecordBatch::try_new(schema_of::<R>(), R::columns(chunk)?)?)?;
    }
    Ok(writer.into_inner()?)
}

/// What failed while a table was encoded.
pub(super) type EncodeError = Box<dyn std::error::Error + Send + Sync>;

/// A writer of the table `R`, which will hold about `rows` rows.
pub(super) fn writer_of<R: Row>(rows: usize) -> Result<ArrowWriter<Vec<u8>>, EncodeError> {
    let schema = schema_of::<R>();
    let options = ArrowWriterOptions::new().with_properties(properties::<R>(&schema, rows)?).with_skip_arrow_metadata(true);
    Ok(ArrowWriter::try_new_with_options(Vec::new(), schema, options)?)
}

fn properties<R: Row>(schema: &Schema, rows: usize) -> Result<WriterProperties, EncodeError> {
    let order =
        R::ORDER.iter().map(|name| Ok(SortingColumn { column_idx: leaf_index(schema, name)?, descending: false, nulls_first: true }));
    let mut builder = WriterProperties::builder()
        .set_created_by(CREATED_BY.to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_max_row_group_row_count(Some(R::GROUP_ROWS))
        .set_sorting_columns(Some(order.collect::<Result<_, ArrowError>>()?))
        .set_key_value_metadata(Some(vec![
            KeyValue::new(FORMAT_KEY.to_owned(), FORMAT.to_string()),
            KeyValue::new(TABLE_KEY.to_owned(), R::TABLE.to_owned()),
        ]));
    for column in R::DISTINCT {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(*column), false);
    }
    for column in R::BLOOMS {
        builder = builder
            .set_column_bloom_filter_enabled(ColumnPath::from(*column), true)
            .set_column_bloom_filter_fpp(ColumnPath::from(*column), BLOOM_FPP)
            .set_column_bloom_filter_max_ndv(ColumnPath::from(*column), rows.clamp(1, R::GROUP_ROWS) as u64);
    }
    Ok(builder.build())
}

/// Parquet counts leaves: a map has two. Sorting columns stand before the only map of each table.
fn leaf_index(schema: &Schema, name: &str) -> Result<i32, ArrowError> {
    let index = schema.index_of(name)?;
    let nested = schema.fields().iter().take(index).filter(|field| field.data_type().is_nested()).count();
    Ok((index + nested) as i32)
}

/// Decodes a file of the table `R`. Columns that are not known are left out, rows come in the file's order.
pub(super) fn read<R: Row>(bytes: Bytes, cap_bytes: u64) -> Result<Vec<R>, TableError> {
    caught(R::TABLE, || decode(bytes, cap_bytes))
}

/// Runs what decodes. Some damage Parquet's decoder takes for a fault of the program; to us it is a damaged file.
pub(super) fn caught<T>(table: &'static str, decode: impl FnOnce() -> Result<T, TableError>) -> Result<T, TableError> {
    let decoded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode));
    decoded.unwrap_or_else(|_| Err(TableError::Damaged { table, source: "its parts contradict each other".into() }))
}

fn decode<R: Row>(bytes: Bytes, cap_bytes: u64) -> Result<Vec<R>, TableError> {
    let not_parquet = |source| TableError::NotParquet { table: R::TABLE, source };
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(not_parquet)?;
    let metadata = builder.metadata().file_metadata();
    check_footer::<R>(metadata.key_value_metadata().map_or(&[], Vec::as_slice))?;
    let reader = builder.with_batch_size(READ_ROWS).build().map_err(not_parquet)?;
    read_batches(reader, cap_bytes)
}

/// Decodes what a reader gives; more than `cap_bytes` of decoded columns is an error.
pub(super) fn read_batches<R: Row>(reader: ParquetRecordBatchReader, cap_bytes: u64) -> Result<Vec<R>, TableError> {
    let mut rows = Vec::new();
    let mut decoded_bytes = 0u64;
    for batch in reader {
        let batch = batch.map_err(|source| TableError::Damaged { table: R::TABLE, source: Box::new(source) })?;
        decoded_bytes += batch.get_array_memory_size() as u64;
        if decoded_bytes > cap_bytes {
            return Err(TableError::TooLarge { table: R::TABLE, cap_bytes });
        }
        R::read(&with_added::<R>(batch)?, &mut rows)?;
    }
    Ok(rows)
}

/// The batch with the columns of [`Row::ADDED`] that its file lacks.
fn with_added<R: Row>(batch: RecordBatch) -> Result<RecordBatch, TableError> {
    let lacking: Vec<Field> = R::fields()
        .into_iter()
        .filter(|field| R::ADDED.contains(&field.name().as_str()) && batch.column_by_name(field.name()).is_none())
        .collect();
    if lacking.is_empty() {
        return Ok(batch);
    }
    let columns = batch.columns().iter().cloned().chain(lacking.iter().map(|field| new_null_array(field.data_type(), batch.num_rows())));
    let columns: Vec<ArrayRef> = columns.collect();
    let fields: Vec<Arc<Field>> = batch.schema().fields().iter().cloned().chain(lacking.into_iter().map(Arc::new)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|source| TableError::Damaged { table: R::TABLE, source: Box::new(source) })
}

/// A file that names another table or a newer format is told apart from a damaged one. A file that names nothing was
/// written by another tool; its columns decide.
pub(super) fn check_footer<R: Row>(pairs: &[KeyValue]) -> Result<(), TableError> {
    let value = |name: &str| pairs.iter().find(|pair| pair.key == name).and_then(|pair| pair.value.clone());
    if let Some(found) = value(FORMAT_KEY).filter(|found| found.parse::<u32>().map_or(true, |found| found > FORMAT)) {
        return Err(TableError::NewerFormat { table: R::TABLE, found });
    }
    match value(TABLE_KEY) {
        Some(found) if found != R::TABLE => Err(TableError::OtherTable { table: R::TABLE, found }),
        _ => Ok(()),
    }
}
