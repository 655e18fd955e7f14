//! The `outcomes` table: what came of each source of a day; the leaves of an attestation, in their order. A day may have millions of them, so that
//! they are written and read row group by row group: a few MB at a time, whatever the day holds.

use std::ops::Range;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::{Buf as _, Bytes};
use parquet::{
    arrow::{
        ArrowWriter,
        arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
    },
    errors::{ParquetError, Result as ParquetResult},
    file::{
        metadata::{ParquetMetaDataReader, RowGroupMetaData},
        reader::{ChunkReader, Length},
    },
};

use super::{
    cell::columns,
    error::TableError,
    file::{self, EncodeError, Row},
};

/// Rows of a row group: 65,536, some 5 MB encoded.
const GROUP_ROWS: usize = 1 << 16;
/// Bytes at the end of a file that usually hold its footer: 256 KiB, for some five million rows.
pub const OUTCOMES_TAIL_BYTES: u64 = 256 << 10;
/// Largest footer that is read, in bytes: 32 MiB.
const MAX_FOOTER_BYTES: u64 = 32 << 20;
/// Largest row group that is read, in bytes: 256 MiB.
const MAX_GROUP_BYTES: u64 = 256 << 20;
/// The footer's length and the magic, at the very end.
const TRAILER_BYTES: usize = 8;

/// What came of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeRow {
    /// Canonical bucket.
    pub bucket: String,
    /// Key in it.
    pub key: String,
    /// As in `sources`; 0 for what is listed and did not land.
    pub revision: u32,
    /// S3 version id that was fetched.
    pub version: Option<String>,
    /// SHA-256 of the inflated bytes, lower hex; of what did not land, the one that was signed.
    pub inflated_sha256: Option<String>,
    /// What came of it: a stable name.
    pub outcome: String,
    /// Account in the key.
    pub account: Option<String>,
    /// Region in the key.
    pub region: Option<String>,
    /// Time in the file name, milliseconds since the Unix epoch.
    pub delivered_at: Option<i64>,
}

impl OutcomeRow {
    fn place(&self) -> (&str, &str, u32) {
        (&self.bucket, &self.key, self.revision)
    }
}

impl Row for OutcomeRow {
    const TABLE: &'static str = "outcomes";
    const BLOOMS: &'static [&'static str] = &["key"];
    const DISTINCT: &'static [&'static str] = &["key", "inflated_sha256"];
    const ORDER: &'static [&'static str] = &["bucket", "key", "revision"];
    const GROUP_ROWS: usize = GROUP_ROWS;

    columns! {
        bucket, key, revision, version, inflated_sha256, outcome, account, region, delivered_at,
    }

    fn sort(rows: &mut [&Self]) {
        rows.sort_by(|a, b| a.place().cmp(&b.place()));
    }
}

/// Writes a file of `outcomes/` as rows come, in their order. What is done is taken away in between, so that memory is bounded by a row group.
#[derive(Debug)]
pub struct OutcomesWriter {
    writer: ArrowWriter<Vec<u8>>,
    last: Option<OutcomeRow>,
}

impl OutcomesWriter {
    /// A new file.
    ///
    /// # Errors
    /// [`TableError::Encode`]; a fault of the program.
    pub fn new() -> Result<Self, TableError> {
        Ok(Self { writer: file::writer_of::<OutcomeRow>(GROUP_ROWS).map_err(encode)?, last: None })
    }

    /// Takes the next rows, ascending by the bytes of bucket and key and by revision, none of them twice.
    ///
    /// # Errors
    /// [`TableError::Disorder`] where a row does not come after the one before it; then nothing of `rows` was taken. `Encode`, a fault of the program.
    pub fn push(&mut self, rows: &[OutcomeRow]) -> Result<(), TableError> {
        let before = self.last.iter().chain(rows);
        if let Some((_, row)) = before.zip(self.last.iter().chain(rows).skip(1)).find(|(before, row)| before.place() >= row.place()) {
            return Err(TableError::Disorder { table: OutcomeRow::TABLE, what: format!("revision {} of {}", row.revision, row.key) });
        }
        for chunk in rows.chunks(GROUP_ROWS) {
            self.write(&chunk.iter().collect::<Vec<_>>()).map_err(encode)?;
        }
        self.last = rows.last().cloned().or(self.last.take());
        Ok(())
    }

    fn write(&mut self, rows: &[&OutcomeRow]) -> Result<(), EncodeError> {
        let batch = RecordBatch::try_new(file::schema_of::<OutcomeRow>(), OutcomeRow::columns(rows)?)?;
        Ok(self.writer.write(&batch)?)
    }

    /// The next bytes of the file, as far as they are done.
    ///
    /// # Errors
    /// [`TableError::Encode`]; a fault of the program.
    pub fn take(&mut self) -> Result<Vec<u8>, TableError> {
        self.writer.sync().map_err(|source| encode(source.into()))?;
        Ok(std::mem::take(self.writer.inner_mut()))
    }

    /// The rest of the file.
    ///
    /// # Errors
    /// [`TableError::Encode`]; a fault of the program.
    pub fn finish(self) -> Result<Vec<u8>, TableError> {
        self.writer.into_inner().map_err(|source| encode(source.into()))
    }
}

fn encode(source: EncodeError) -> TableError {
    TableError::Encode { table: OutcomeRow::TABLE, source }
}

/// A file of `outcomes/` that is read row group by row group, from wherever its bytes are.
#[derive(Debug, Clone)]
pub struct OutcomesFile {
    /// Where the footer begins.
    rows_end: u64,
    footer: ArrowReaderMetadata,
}

/// What the end of a file told.
#[derive(Debug, Clone)]
pub enum OutcomesTail {
    /// The footer was in it.
    Open(OutcomesFile),
    /// The footer needs this many bytes from the file's end.
    Needs(u64),
}

impl OutcomesFile {
    /// Reads the footer from the last bytes of a file of `size_bytes`: [`OUTCOMES_TAIL_BYTES`], or as many as an earlier call needed, or all.
    ///
    /// # Errors
    /// [`TableError`]; `TooLarge` where the footer has more than 32 MiB.
    pub fn open(size_bytes: u64, tail: &Bytes) -> Result<OutcomesTail, TableError> {
        let short = || not_parquet(ParquetError::EOF("the file is too short".to_owned()));
        let trailer = tail.len().checked_sub(TRAILER_BYTES).and_then(|at| tail.get(at..)?.first_chunk::<4>()).ok_or_else(short)?;
        let needed = u64::from(u32::from_le_bytes(*trailer)) + TRAILER_BYTES as u64;
        if needed > MAX_FOOTER_BYTES {
            return Err(TableError::TooLarge { table: OutcomeRow::TABLE, cap_bytes: MAX_FOOTER_BYTES });
        }
        if needed > size_bytes {
            return Err(short());
        }
        if needed > tail.len() as u64 {
            return Ok(OutcomesTail::Needs(needed));
        }
        file::caught(OutcomeRow::TABLE, || Self::parse(size_bytes, tail, needed)).map(OutcomesTail::Open)
    }

    /// Reads the footer, which takes the last `needed` bytes.
    fn parse(size_bytes: u64, tail: &Bytes, needed: u64) -> Result<Self, TableError> {
        let mut reader = ParquetMetaDataReader::new();
        reader.try_parse_sized(tail, size_bytes).map_err(not_parquet)?;
        let metadata = reader.finish().map_err(not_parquet)?;
        file::check_footer::<OutcomeRow>(metadata.file_metadata().key_value_metadata().map_or(&[], Vec::as_slice))?;
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let footer = ArrowReaderMetadata::try_new(metadata.into(), options).map_err(not_parquet)?;
        let file = Self { rows_end: size_bytes - needed, footer };
        (0..file.groups()).try_for_each(|group| file.range(group).map(drop))?;
        Ok(file)
    }

    /// Row groups, in the order of the rows.
    pub fn groups(&self) -> usize {
        self.footer.metadata().num_row_groups()
    }

    /// Rows of the whole file, as the footer says.
    pub fn rows(&self) -> u64 {
        self.footer.metadata().row_groups().iter().map(|group| group.num_rows().max(0) as u64).fold(0, u64::saturating_add)
    }

    /// Where the bytes of a row group are.
    ///
    /// # Errors
    /// [`TableError::Damaged`] where the footer names bytes that the file does not have, or there is no such group; `TooLarge` over 256 MiB.
    pub fn range(&self, group: usize) -> Result<Range<u64>, TableError> {
        let group = self.footer.metadata().row_groups().get(group).ok_or_else(|| damaged("there is no such row group"))?;
        let range = bytes_of(group).filter(|range| range.end <= self.rows_end);
        let range = range.ok_or_else(|| damaged("the footer names bytes that the file does not have"))?;
        if range.end - range.start > MAX_GROUP_BYTES {
            return Err(TableError::TooLarge { table: OutcomeRow::TABLE, cap_bytes: MAX_GROUP_BYTES });
        }
        Ok(range)
    }

    /// Decodes a row group from the bytes of [`OutcomesFile::range`]; more than `cap_bytes` of decoded columns is an error.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn read(&self, group: usize, bytes: Bytes, cap_bytes: u64) -> Result<Vec<OutcomeRow>, TableError> {
        let range = self.range(group)?;
        if bytes.len() as u64 != range.end - range.start {
            return Err(damaged("a row group is cut"));
        }
        let slice = Slice { first: range.start, bytes };
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(slice, self.footer.clone());
        let builder = builder.with_row_groups(vec![group]).with_batch_size(file::READ_ROWS);
        file::caught(OutcomeRow::TABLE, || file::read_batches(builder.build().map_err(not_parquet)?, cap_bytes))
    }
}

/// From the first to the last byte of a row group's columns. Not asked of the footer's own types: they take what is negative for a fault of the program.
fn bytes_of(group: &RowGroupMetaData) -> Option<Range<u64>> {
    let columns = group.columns().iter().map(|column| {
        let first = column.dictionary_page_offset().map_or(column.data_page_offset(), |first| first.min(column.data_page_offset()));
        let end = first.checked_add(column.compressed_size())?;
        Some(u64::try_from(first).ok()?..u64::try_from(end).ok().filter(|_| end >= first)?)
    });
    columns.reduce(|all, column| {
        let (all, column) = (all?, column?);
        Some(all.start.min(column.start)..all.end.max(column.end))
    })?
}

fn not_parquet(source: ParquetError) -> TableError {
    TableError::NotParquet { table: OutcomeRow::TABLE, source }
}

fn damaged(detail: &'static str) -> TableError {
    TableError::Damaged { table: OutcomeRow::TABLE, source: detail.into() }
}

/// Bytes from the middle of a file, under the file's offsets.
#[derive(Debug)]
struct Slice {
    first: u64,
    bytes: Bytes,
}

impl Slice {
    fn from(&self, start: u64) -> ParquetResult<Bytes> {
        let at = start.checked_sub(self.first).and_then(|at| usize::try_from(at).ok()).filter(|at| *at <= self.bytes.len());
        at.map(|at| self.bytes.slice(at..)).ok_or_else(|| ParquetError::EOF(format!("byte {start} is not in the row group")))
    }
}

impl Length for Slice {
    fn len(&self) -> u64 {
        self.first + self.bytes.len() as u64
    }
}

impl ChunkReader for Slice {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        let rest = self.from(start)?;
        if rest.len() < length {
            return Err(ParquetError::EOF(format!("{length} bytes from {start} are not in the row group")));
        }
        Ok(rest.slice(..length))
    }
}

/// Encodes outcomes that are all at hand, sorted by bucket, key and revision.
///
/// # Errors
/// [`TableError::Encode`]; a fault of the program.
pub fn write_outcomes(rows: &[OutcomeRow]) -> Result<Vec<u8>, TableError> {
    file::write(rows)
}

/// Decodes a whole file of `outcomes/`; more than `cap_bytes` of decoded columns is an error.
///
/// # Errors
/// [`TableError`].
pub fn read_outcomes(bytes: Bytes, cap_bytes: u64) -> Result<Vec<OutcomeRow>, TableError> {
    file::read(bytes, cap_bytes)
}

/// The Arrow schema of the table, for engines that must name columns before there is a file.
pub fn outcomes_schema() -> SchemaRef {
    file::schema_of::<OutcomeRow>()
}
