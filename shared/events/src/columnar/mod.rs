//! Rows as Parquet. Arrow arrays come in, with dictionaries where values repeat, and column chunks go out: texts that the
//! normaliser has told apart are not told apart again, columns that say the same in every row cost a few bytes and no time, and
//! one compressor serves all pages. Files, footers and page headers are the `parquet` crate's.

mod chunk;
mod delta;
mod hybrid;
mod levels;
mod values;

use std::io::Write;

use arrow_array::{Array, ArrayRef, RecordBatch, cast::AsArray};
use arrow_schema::{DataType, Field};
use bytes::Bytes;
use parquet::{
    column::writer::ColumnCloseResult,
    errors::{ParquetError, Result},
    file::writer::{SerializedFileWriter, TrackedWrite},
    schema::types::{ColumnDescPtr, SchemaDescriptor},
};

use self::{chunk::ChunkEncoder, levels::Levels};
use crate::properties::Treatment;

/// Encodes row groups of one schema.
pub(crate) struct RowGroupEncoder {
    leaves: Vec<(ColumnDescPtr, Treatment)>,
    chunks: ChunkEncoder,
    buffer: Vec<u8>,
}

impl RowGroupEncoder {
    /// For the leaves of `schema`, zstd at `level` (1 to 22).
    pub(crate) fn new(schema: &SchemaDescriptor, level: i32) -> Result<Self> {
        let leaves = schema.columns().iter().map(|column| (column.clone(), Treatment::of(&column.path().string()))).collect();
        Ok(Self { leaves, chunks: ChunkEncoder::new(level)?, buffer: Vec::new() })
    }

    /// Writes rows as a row group of their own.
    pub(crate) fn write<W: Write + Send>(&mut self, file: &mut SerializedFileWriter<W>, rows: &RecordBatch) -> Result<()> {
        let mut sink = TrackedWrite::new(std::mem::take(&mut self.buffer));
        let mut encoding =
            Encoding { encoder: &mut self.chunks, leaves: self.leaves.iter(), rows: rows.num_rows(), sink: &mut sink, closed: Vec::new() };
        let root = Levels::rows(rows.num_rows());
        for (field, array) in rows.schema_ref().fields().iter().zip(rows.columns()) {
            encoding.node(field, array, &root)?;
        }
        let closed = encoding.closed;
        let bytes = Bytes::from(sink.into_inner()?);
        let mut group = file.next_row_group()?;
        for chunk in closed {
            group.append_column(&bytes, chunk)?;
        }
        group.close()?;
        self.buffer = bytes.into();
        self.buffer.clear();
        Ok(())
    }
}

/// A row group that is being encoded, leaf by leaf.
struct Encoding<'a> {
    encoder: &'a mut ChunkEncoder,
    leaves: std::slice::Iter<'a, (ColumnDescPtr, Treatment)>,
    rows: usize,
    sink: &'a mut TrackedWrite<Vec<u8>>,
    closed: Vec<ColumnCloseResult>,
}

impl Encoding<'_> {
    fn node(&mut self, field: &Field, array: &ArrayRef, parent: &Levels) -> Result<()> {
        let levels = parent.child(field.is_nullable(), array.nulls());
        match field.data_type() {
            DataType::Struct(fields) => {
                for (field, array) in fields.iter().zip(array.as_struct().columns()) {
                    self.node(field, array, &levels)?;
                }
                Ok(())
            }
            DataType::List(element) => {
                let list = array.as_list::<i32>();
                self.node(element, list.values(), &levels.elements(list.offsets())?)
            }
            DataType::Map(entries, _) => {
                let map = array.as_map();
                let levels = levels.elements(map.offsets())?;
                let DataType::Struct(fields) = entries.data_type() else {
                    return Err(ParquetError::General("a map without entries".to_owned()));
                };
                for (field, array) in fields.iter().zip(map.entries().columns()) {
                    self.node(field, array, &levels)?;
                }
                Ok(())
            }
            _ => self.leaf(array, &levels),
        }
    }

    fn leaf(&mut self, array: &ArrayRef, levels: &Levels) -> Result<()> {
        let Some((column, treatment)) = self.leaves.next() else {
            return Err(ParquetError::General("more columns than the schema has".to_owned()));
        };
        if column.max_def_level() != i16::from(levels.present) {
            return Err(ParquetError::General(format!("{} is nested otherwise than in the schema", column.path())));
        }
        let chunk = self.encoder.write(column, *treatment, array, levels, self.rows, self.sink)?;
        self.closed.push(chunk);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
