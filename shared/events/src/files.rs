//! The open files of a Batch, one for each partition.

use std::{collections::BTreeMap, io::Write, sync::Arc};

use arrow_array::RecordBatch;
use parquet::{
    arrow::ArrowSchemaConverter,
    errors::ParquetError,
    file::{properties::WriterPropertiesPtr, writer::SerializedFileWriter},
    schema::types::SchemaDescriptor,
};
use trailkeep_archive::Partition;

use crate::{
    columnar::RowGroupEncoder,
    coverage::{Coverage, Gathering},
    properties::writer_properties,
};

/// Opens the file of a partition.
pub trait PartitionSink {
    /// Where the file is written. It is written front to back, once.
    type Writer: Write + Send;

    /// Opens the file of `partition`; called at most once for each.
    ///
    /// # Errors
    /// Whatever the store says; the Batch fails with it.
    fn open(&mut self, partition: &Partition) -> std::io::Result<Self::Writer>;
}

/// A complete Parquet file of one partition.
#[derive(Debug)]
pub struct EventsFile<W> {
    /// Its partition.
    pub partition: Partition,
    /// Where it was written; everything has been given to it.
    pub writer: W,
    /// Rows in it.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// Accounts, Regions and times of its rows.
    pub coverage: Coverage,
}

struct OpenFile<W: Write + Send> {
    writer: SerializedFileWriter<Counted<W>>,
    rows: u64,
    gathering: Gathering,
}

/// Counts what is written: the Parquet writer does not tell the size of its footer.
struct Counted<W> {
    writer: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.writer.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}

/// The files that are open.
pub(crate) struct Files<S: PartitionSink> {
    sink: S,
    schema: SchemaDescriptor,
    properties: WriterPropertiesPtr,
    encoder: RowGroupEncoder,
    open: BTreeMap<Partition, OpenFile<S::Writer>>,
}

impl<S: PartitionSink> std::fmt::Debug for Files<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("partitions", &self.open.keys()).finish_non_exhaustive()
    }
}

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("failed to open the file")]
    Open(#[source] std::io::Error),
    #[error("failed to write the file")]
    Write(#[source] ParquetError),
}

impl<S: PartitionSink> Files<S> {
    /// Files of the schema of `events/`, zstd at `level` (1 to 22).
    pub(crate) fn new(sink: S, level: i32) -> Result<Self, ParquetError> {
        // The Arrow schema is not embedded: the Parquet schema says all, to every engine alike.
        let schema = ArrowSchemaConverter::new().schema_root("schema").convert(&trailkeep_ocsf::events_schema())?;
        let encoder = RowGroupEncoder::new(&schema, level)?;
        Ok(Self { sink, schema, properties: Arc::new(writer_properties()), encoder, open: BTreeMap::new() })
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.open.values().map(|file| file.writer.bytes_written() as u64).sum()
    }

    /// Writes rows of one partition as a row group of their own.
    pub(crate) fn write(&mut self, partition: Partition, rows: &RecordBatch) -> Result<(), FileError> {
        let file = match self.open.entry(partition) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let writer = Counted { writer: self.sink.open(&partition).map_err(FileError::Open)?, bytes: 0 };
                let (schema, properties) = (self.schema.root_schema_ptr(), Arc::clone(&self.properties));
                let writer = SerializedFileWriter::new(writer, schema, properties).map_err(FileError::Write)?;
                entry.insert(OpenFile { writer, rows: 0, gathering: Gathering::default() })
            }
        };
        file.rows += rows.num_rows() as u64;
        file.gathering.take(rows).map_err(|error| FileError::Write(error.into()))?;
        self.encoder.write(&mut file.writer, rows).map_err(FileError::Write)
    }

    /// Writes the footers.
    pub(crate) fn finish(self) -> Result<Vec<EventsFile<S::Writer>>, (Partition, FileError)> {
        let finish = |(partition, file): (Partition, OpenFile<S::Writer>)| {
            // Taking the writer back writes the footer; after `finish` it would be refused.
            let counted = file.writer.into_inner().map_err(|error| (partition, FileError::Write(error)))?;
            let (rows, bytes, coverage) = (file.rows, counted.bytes, file.gathering.finish());
            Ok(EventsFile { partition, writer: counted.writer, rows, bytes, coverage })
        };
        self.open.into_iter().map(finish).collect()
    }
}
