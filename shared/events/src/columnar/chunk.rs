//! One column chunk: its dictionary page, its data pages, and what the footer says of it.

use std::ops::Range;

use arrow_array::{Array, ArrayRef};
use parquet::{
    basic::{Compression, Encoding, PageType, Type as PhysicalType, ZstdLevel},
    bloom_filter::Sbbf,
    column::{
        page::{CompressedPage, Page, PageWriter},
        writer::ColumnCloseResult,
    },
    errors::{ParquetError, Result},
    file::{
        metadata::{ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder},
        writer::{SerializedPageWriter, TrackedWrite},
    },
    schema::types::ColumnDescPtr,
};

use super::{
    hybrid,
    levels::{Definition, Levels},
    values::{Order, Values, statistics},
};
use crate::properties::Treatment;

/// Rows of one data page at most, so that the page index has something to skip.
const PAGE_ROWS: usize = 4096;
/// Bytes of one data page of texts, about.
const PAGE_BYTES: usize = 1 << 20;
/// A chunk of fewer bytes is one page, and is not compressed.
const SMALL_BYTES: usize = 512;

/// Entries, values and rows of a data page.
#[derive(Debug, Clone)]
struct Span {
    entries: Range<usize>,
    values: Range<usize>,
    rows: usize,
}

/// Encodes column chunks; its buffers and its compressor are kept from chunk to chunk.
pub(crate) struct ChunkEncoder {
    compressor: zstd::bulk::Compressor<'static>,
    level: ZstdLevel,
    page: Vec<u8>,
}

impl ChunkEncoder {
    pub(crate) fn new(level: i32) -> Result<Self> {
        let compressor = zstd::bulk::Compressor::new(level).map_err(|error| ParquetError::External(Box::new(error)))?;
        Ok(Self { compressor, level: ZstdLevel::try_new(level)?, page: Vec::new() })
    }

    /// Appends the chunk of one leaf to `sink`.
    pub(crate) fn write(
        &mut self,
        column: &ColumnDescPtr,
        treatment: Treatment,
        array: &ArrayRef,
        levels: &Levels,
        rows: usize,
        sink: &mut TrackedWrite<Vec<u8>>,
    ) -> Result<ColumnCloseResult> {
        let values = Values::of(array, levels, treatment.deltas)?;
        let small = values.estimate() < SMALL_BYTES;
        let spans = spans(levels, &values, rows, if small && !treatment.page_bounds { usize::MAX } else { PAGE_ROWS });
        let mut chunk = Chunk {
            encoder: self,
            compressed: !small,
            physical: column.physical_type(),
            written: 0,
            uncompressed: 0,
            offsets: OffsetIndexBuilder::new(),
        };
        let dictionary = chunk.dictionary(&values, sink)?;
        let mut first = None;
        for span in &spans {
            let at = chunk.data(&values, levels, span, sink)?;
            first.get_or_insert(at);
        }
        let order = if treatment.bounds || treatment.page_bounds { values.order() } else { Order::None };
        let column_index = if treatment.page_bounds { column_index(&order, levels, &spans, chunk.physical)? } else { None };
        let bounds = order.bounds(0..values.len());
        let nulls = (levels.entries - values.len()) as u64;
        let mut encodings = vec![Encoding::RLE, values.encoding()];
        encodings.extend(dictionary.map(|_| Encoding::PLAIN));
        let codec = if small { Compression::UNCOMPRESSED } else { Compression::ZSTD(chunk.encoder.level) };
        let metadata = ColumnChunkMetaData::builder(column.clone())
            .set_compression(codec)
            .set_encodings(encodings)
            .set_num_values(levels.entries as i64)
            .set_total_compressed_size(chunk.written as i64)
            .set_total_uncompressed_size(chunk.uncompressed as i64)
            .set_dictionary_page_offset(dictionary.map(|at| at as i64))
            .set_data_page_offset(first.unwrap_or_default() as i64)
            .set_statistics(statistics(bounds, nulls, chunk.physical))
            .build()?;
        Ok(ColumnCloseResult {
            bytes_written: chunk.written,
            rows_written: rows as u64,
            metadata,
            bloom_filter: treatment.bloom.then(|| bloom_filter(&values)).transpose()?.flatten(),
            column_index,
            offset_index: Some(chunk.offsets.build()),
        })
    }
}

/// A chunk that is being written.
struct Chunk<'a> {
    encoder: &'a mut ChunkEncoder,
    compressed: bool,
    physical: PhysicalType,
    written: u64,
    uncompressed: u64,
    offsets: OffsetIndexBuilder,
}

impl Chunk<'_> {
    /// Writes the dictionary page, if there is one. Answers where it lies.
    fn dictionary(&mut self, values: &Values, sink: &mut TrackedWrite<Vec<u8>>) -> Result<Option<u64>> {
        let Some((page, num_values)) = values.dictionary(self.physical) else { return Ok(None) };
        let buf = self.compress(&page)?;
        let page_size = page.len();
        self.page(Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted: false }, page_size, 0, sink).map(Some)
    }

    /// Writes a data page. Answers where it lies.
    fn data(&mut self, values: &Values, levels: &Levels, span: &Span, sink: &mut TrackedWrite<Vec<u8>>) -> Result<u64> {
        let mut page = std::mem::take(&mut self.encoder.page);
        page.clear();
        if let Some(repetition) = &levels.repetition {
            with_length(&mut page, |page| hybrid::encode(repetition.get(span.entries.clone()).unwrap_or_default(), 1, page));
        }
        if levels.present > 0 {
            let width = hybrid::width(u32::from(levels.present));
            with_length(&mut page, |page| match &levels.definition {
                Definition::All(level) => hybrid::repeat(u32::from(*level), span.entries.len(), width, page),
                Definition::Each(each) => hybrid::encode(each.get(span.entries.clone()).unwrap_or_default(), width, page),
            });
        }
        values.write(span.values.clone(), &mut page);
        let buf = self.compress(&page)?;
        let page_size = page.len();
        self.encoder.page = page;
        let data = Page::DataPage {
            buf,
            num_values: span.entries.len() as u32,
            encoding: values.encoding(),
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        self.page(data, page_size, span.rows, sink)
    }

    fn compress(&mut self, page: &[u8]) -> Result<bytes::Bytes> {
        if !self.compressed {
            return Ok(bytes::Bytes::copy_from_slice(page));
        }
        self.encoder.compressor.compress(page).map(Into::into).map_err(|error| ParquetError::External(Box::new(error)))
    }

    fn page(&mut self, page: Page, uncompressed: usize, rows: usize, sink: &mut TrackedWrite<Vec<u8>>) -> Result<u64> {
        let spec = SerializedPageWriter::new(sink).write_page(CompressedPage::new(page, uncompressed))?;
        self.written += spec.bytes_written;
        self.uncompressed += spec.uncompressed_size as u64;
        if spec.page_type == PageType::DATA_PAGE {
            self.offsets.append_row_count(rows as i64);
            self.offsets.append_offset_and_size(spec.offset as i64, spec.compressed_size as i32);
        }
        Ok(spec.offset)
    }
}

/// Appends what `write` writes, its length in four bytes before it.
fn with_length(page: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = page.len();
    page.extend_from_slice(&[0; 4]);
    write(page);
    let length = ((page.len() - at - 4) as u32).to_le_bytes();
    if let Some(place) = page.get_mut(at..at + 4) {
        place.copy_from_slice(&length);
    }
}

/// Cuts a chunk into pages of at most so many rows; at least one page.
fn spans(levels: &Levels, values: &Values, rows: usize, page_rows: usize) -> Vec<Span> {
    let texts = matches!(values, Values::Texts { .. });
    if levels.repetition.is_none() && !texts {
        let mut before = 0;
        let mut span = |start: usize| {
            let entries = start..rows.min(start.saturating_add(page_rows));
            let there = levels.present_in(entries.clone());
            before += there;
            Span { rows: entries.len(), values: before - there..before, entries }
        };
        return (0..rows.max(1)).step_by(page_rows.min(rows.max(1))).map(&mut span).collect();
    }
    let mut span = Span { entries: 0..0, values: 0..0, rows: 0 };
    let (mut spans, mut bytes) = (Vec::new(), 0);
    for entry in 0..levels.entries {
        let begins = levels.repetition.as_ref().is_none_or(|levels| levels.get(entry) == Some(&0));
        if begins && (span.rows >= page_rows || bytes >= PAGE_BYTES) {
            let next = Span { entries: entry..entry, values: span.values.end..span.values.end, rows: 0 };
            spans.push(std::mem::replace(&mut span, next));
            bytes = 0;
        }
        let level = match &levels.definition {
            Definition::All(level) => *level,
            Definition::Each(levels) => levels.get(entry).copied().unwrap_or_default(),
        };
        span.entries.end = entry + 1;
        span.rows += usize::from(begins);
        if level >= levels.present {
            bytes += if texts { values.size(span.values.end) } else { 0 };
            span.values.end += 1;
        }
    }
    spans.push(span);
    spans
}

fn column_index(
    order: &Order<'_>,
    levels: &Levels,
    spans: &[Span],
    physical: PhysicalType,
) -> Result<Option<parquet::file::page_index::column_index::ColumnIndexMetaData>> {
    let mut index = ColumnIndexBuilder::new(physical);
    for span in spans {
        let nulls = (span.entries.len() - span.values.len()) as i64;
        match order.bounds(span.values.clone()) {
            Some(bounds) => {
                let (least, most) = bounds.bytes(physical);
                index.append(false, least, most, nulls);
            }
            None if span.values.is_empty() => index.append(true, Vec::new(), Vec::new(), nulls),
            // A bound that is too long to be told: better no index than a wrong one.
            None => return Ok(None),
        }
    }
    debug_assert!(levels.repetition.is_none(), "pages of lists are not narrowed by");
    index.build().map(Some)
}

/// Sized to the chunk's distinct values.
fn bloom_filter(values: &Values) -> Result<Option<Sbbf>> {
    use super::values::Distinct;
    /// False positives: 1 in 100.
    const FALSE_POSITIVES: f64 = 0.01;
    let texts = |count: usize, texts: &mut dyn Iterator<Item = &str>| -> Result<Option<Sbbf>> {
        let mut filter = Sbbf::new_with_ndv_fpp(count.max(1) as u64, FALSE_POSITIVES)?;
        texts.for_each(|text| filter.insert(text));
        Ok(Some(filter))
    };
    match values {
        Values::Dictionary { distinct: Distinct::Texts(distinct), .. } => texts(distinct.len(), &mut distinct.iter().flatten()),
        Values::Texts { texts: array, slots } => texts(slots.len(), &mut (0..slots.len()).map(|index| array.value(slots.get(index)))),
        _ => Ok(None),
    }
}
