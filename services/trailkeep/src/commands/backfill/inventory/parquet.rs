//! An inventory's file as Parquet: the columns that are needed, some thousand rows at a time.

use anyhow::{Context as _, ensure};
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, cast::AsArray as _};
use parquet::arrow::{ProjectionMask, arrow_reader::ParquetRecordBatchReaderBuilder};

use super::{Listed, Out, Row, ranges::InventoryFile};

/// Rows that are decoded at once.
const ROWS_AT_ONCE: usize = 8_192;
/// The columns that are read. Source: S3 User Guide, "Locating your inventory list", the schema of Parquet inventories.
const COLUMNS: [&str; 6] = ["key", "size", "e_tag", "version_id", "is_latest", "is_delete_marker"];

/// `false` where nobody listens any more.
pub(super) fn read(file: InventoryFile, out: &mut Out<'_>) -> anyhow::Result<bool> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let wanted = ProjectionMask::columns(builder.parquet_schema(), COLUMNS);
    let batches = builder.with_projection(wanted).with_batch_size(ROWS_AT_ONCE).build()?;
    for batch in batches {
        let batch = batch?;
        let columns = Columns::of(&batch)?;
        for at in 0..batch.num_rows() {
            if !out.take(columns.row(at)?) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

struct Columns<'a> {
    key: &'a StringArray,
    size: Option<&'a Int64Array>,
    etag: Option<&'a StringArray>,
    version: Option<&'a StringArray>,
    latest: Option<&'a BooleanArray>,
    delete_marker: Option<&'a BooleanArray>,
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> anyhow::Result<Self> {
        let text = |name| typed(batch, name, |column| column.as_string_opt::<i32>());
        Ok(Self {
            key: text("key")?.context("the inventory has no column key")?,
            size: typed(batch, "size", |column| column.as_any().downcast_ref())?,
            etag: text("e_tag")?,
            version: text("version_id")?,
            latest: typed(batch, "is_latest", |column| column.as_boolean_opt())?,
            delete_marker: typed(batch, "is_delete_marker", |column| column.as_boolean_opt())?,
        })
    }

    fn row(&self, at: usize) -> anyhow::Result<Row> {
        ensure!(self.key.is_valid(at), "a row has no key");
        let text = |column: Option<&StringArray>| column.filter(|column| column.is_valid(at)).map(|column| column.value(at).to_owned());
        let is = |column: Option<&BooleanArray>, value| column.is_some_and(|column| column.is_valid(at) && column.value(at) == value);
        let size = self.size.filter(|column| column.is_valid(at)).map_or(0, |column| column.value(at));
        Ok(Row {
            object: Listed {
                key: self.key.value(at).to_owned(),
                size_bytes: size.max(0).cast_unsigned(),
                etag: text(self.etag).map(|etag| etag.trim_matches('"').to_owned()),
                version: text(self.version).filter(|version| !version.is_empty() && version != "null"),
            },
            older: is(self.latest, false),
            delete_marker: is(self.delete_marker, true),
        })
    }
}

/// A column by name, where it is there; one of another type is an error.
fn typed<'a, T>(batch: &'a RecordBatch, name: &str, cast: impl Fn(&'a ArrayRef) -> Option<&'a T>) -> anyhow::Result<Option<&'a T>> {
    let Some(column) = batch.column_by_name(name) else { return Ok(None) };
    let cast = cast(column)
        .with_context(|| format!("the inventory's column {name} has the type {}, which is not expected", column.data_type()))?;
    Ok(Some(cast))
}
