//! The encoder of one Batch.

use std::{collections::HashSet, fmt, io};

use arrow_schema::ArrowError;
use parquet::errors::ParquetError;
use trailkeep_archive::{EventEntry, Partition};
use trailkeep_ocsf::{Classes, Head, Normaliser, NormaliserConfig, Place, RecordView, Redaction};
use trailkeep_records::{
    Envelope, Field, InflateLimits, Inflation, Piece, Splitter,
    hash::{sha256, sha256_each},
    inflate_into,
};

use crate::{
    event_ids::EventIds,
    files::{EventsFile, Files, PartitionSink},
    object::{Inflated, ObjectContext, ObjectReport, Origin},
    pending::{Partitions, Pending, Spot},
};

/// Event days and categories that one object may have Records in; beyond them its Records go to the quarantine. A worker seals its
/// Batch when it has many, so that a Batch has no more than these and those together.
pub const MAX_PARTITIONS: usize = 128;

/// Rows of a row group at most.
const ROW_GROUP_ROWS: usize = 65_536;

/// The part of the budget that inflated bytes may take before they are encoded; columns, dictionaries and pages of the same
/// Records take the rest.
const BUFFER_SHARE: usize = 3;

/// How a Batch is encoded.
#[derive(Debug, Clone)]
pub struct EncoderConfig {
    /// The Batch's id, which stands in every row.
    pub batch: String,
    /// OCSF classes.
    pub classes: Classes,
    /// What is hidden on the normalised side.
    pub redaction: Redaction,
    /// Whether rows carry the Record's text.
    pub raw_data_inline: bool,
    /// Level of zstd, 1 to 22.
    pub zstd_level: i32,
    /// Memory in bytes that buffers, columns and encoders may take together.
    pub budget_bytes: usize,
    /// Caps on inflation.
    pub limits: InflateLimits,
}

/// Why a Batch cannot be encoded. It must be aborted.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The file of a partition could not be opened.
    #[error("failed to open the events file of {partition:?}")]
    Open {
        /// Which.
        partition: Partition,
        /// The store's error.
        #[source]
        source: io::Error,
    },
    /// The file of a partition could not be written.
    #[error("failed to write the events file of {partition:?}")]
    Write {
        /// Which.
        partition: Partition,
        /// The cause.
        #[source]
        source: ParquetError,
    },
    /// Columns do not fit each other: a fault of this program.
    #[error("failed to build columns")]
    Columns(#[source] ArrowError),
    /// The configured properties are out of range.
    #[error("failed to set up the parquet writer")]
    Properties(#[source] ParquetError),
    /// A streamed object could not be read.
    #[error("failed to read the stored object {key}")]
    Read {
        /// Its key.
        key: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

/// What a Batch came to.
#[derive(Debug)]
pub struct Encoded<W> {
    /// A complete file for each partition, in order.
    pub files: Vec<EventsFile<W>>,
    /// A report for each object, in the order in which they were added.
    pub reports: Vec<ObjectReport>,
    /// Where each event id went, for the Batch's event-id index; in no order.
    pub event_ids: Vec<EventEntry>,
}

/// One object whose Records wait in the buffer.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) origin: Origin,
    /// Index of its report.
    pub(crate) report: usize,
    /// Its inflated bytes in the buffer; none where they were hashed already.
    pub(crate) bytes: Option<(usize, usize)>,
}

/// Encodes the LogObjects of one Batch.
pub struct Encoder<S: PartitionSink> {
    pub(crate) limits: InflateLimits,
    buffer_bytes: usize,
    pub(crate) buffer: Vec<u8>,
    pub(crate) fields: Vec<Field>,
    pending: Vec<Pending>,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) reports: Vec<ObjectReport>,
    partitions: Partitions,
    seen: HashSet<u128>,
    normaliser: Normaliser,
    event_ids: EventIds,
    broken_records: u64,
    files: Result<Files<S>, Option<ParquetError>>,
}

impl<S: PartitionSink> fmt::Debug for Encoder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("pending", &self.pending.len()).field("reports", &self.reports.len()).finish_non_exhaustive()
    }
}

impl<S: PartitionSink> Encoder<S> {
    /// An encoder with nothing in it.
    pub fn new(config: EncoderConfig, sink: S) -> Self {
        let normalise = NormaliserConfig { classes: config.classes, redaction: config.redaction, raw_data: config.raw_data_inline };
        let buffer_bytes = (config.budget_bytes / BUFFER_SHARE).clamp(1 << 20, 1 << 28);
        Self {
            limits: InflateLimits { whole_buffer_bytes: config.limits.whole_buffer_bytes.min(buffer_bytes), ..config.limits },
            buffer_bytes,
            buffer: Vec::new(),
            fields: Vec::new(),
            pending: Vec::new(),
            waiting: Vec::new(),
            reports: Vec::new(),
            partitions: Partitions::default(),
            seen: HashSet::new(),
            normaliser: Normaliser::new(normalise, &config.batch),
            event_ids: EventIds::default(),
            broken_records: 0,
            files: Files::new(sink, config.zstd_level).map_err(Some),
        }
    }

    /// The bytes of an object that was inflated and not added yet.
    pub fn inflated<'a>(&'a self, inflated: &Inflated) -> &'a [u8] {
        self.buffer.get(inflated.start..).unwrap_or_default()
    }

    /// Inflates an object into the buffer. Its bytes are read when it is added.
    pub fn inflate(&mut self, stored: &[u8]) -> Inflated {
        let start = self.buffer.len();
        let inflation = inflate_into(stored, &mut self.buffer, &self.limits);
        Inflated { inflation, start, stored_sha256: sha256(stored) }
    }

    /// Takes an inflated object in. May encode what has gathered.
    ///
    /// # Errors
    /// [`EncodeError`]: the Batch must be aborted.
    pub fn add(&mut self, inflated: Inflated, context: ObjectContext<'_>) -> Result<(), EncodeError> {
        let report = self.begin(&context);
        self.report(report, |r| r.stored_sha256 = inflated.stored_sha256);
        match inflated.inflation {
            Inflation::Done { shape, inflated_bytes } => {
                let end = self.buffer.len();
                self.report(report, |r| {
                    r.inflated_bytes = inflated_bytes;
                    r.flags = shape.flags();
                });
                if let Some(waiting) = self.waiting.last_mut() {
                    waiting.bytes = Some((inflated.start, end));
                }
                self.split(report, inflated.start, end);
            }
            Inflation::OverLimit { reason } => {
                self.report(report, |r| r.object_failure = Some((reason, "the object inflates past a cap".to_owned())));
            }
            Inflation::TooLargeForMemory => {
                self.report(report, |r| r.object_failure = Some(("inflated_too_large", "the object must be streamed".to_owned())));
            }
        }
        self.encode_if_full()
    }

    /// Begins a report: its index.
    pub(crate) fn begin(&mut self, context: &ObjectContext<'_>) -> usize {
        let report = self.reports.len();
        self.reports.push(ObjectReport::new(context.source));
        if context.log_key.is_some_and(trailkeep_keys::LogKey::region_mismatch) {
            self.report(report, |r| r.flag("region_mismatch"));
        }
        self.waiting.push(Waiting { origin: Origin::from(context), report, bytes: None });
        report
    }

    pub(crate) fn report(&mut self, index: usize, change: impl FnOnce(&mut ObjectReport)) {
        if let Some(report) = self.reports.get_mut(index) {
            change(report);
        }
    }

    /// Splits an object that lies whole in the buffer.
    fn split(&mut self, report: usize, start: usize, end: usize) {
        let mut splitter = Splitter::starting_at(start);
        loop {
            let before = self.fields.len();
            let bytes = self.buffer.get(..end).unwrap_or_default();
            match splitter.next(bytes, true, &mut self.fields) {
                Piece::Record { start: at, end: to, envelope } => {
                    self.take_record(report, (at, to), (before, self.fields.len()), (at - start) as u64, envelope);
                }
                Piece::Broken { start: at, end: to, reason } => {
                    self.add_broken(report, (at - start) as u64, (to - at) as u64, reason);
                }
                Piece::More { .. } | Piece::End => break,
            }
        }
        if start == end {
            self.report(report, |r| r.object_failure = Some(("empty_object", "the object holds no bytes".to_owned())));
        }
    }

    /// Takes in a Record that stands in the buffer, or reports why it cannot become a row.
    pub(crate) fn take_record(&mut self, report: usize, at: (usize, usize), fields: (usize, usize), offset: u64, envelope: Envelope) {
        let Some(bytes) = self.buffer.get(at.0..at.1) else { return };
        let refused = match std::str::from_utf8(bytes) {
            Err(_) => "invalid_utf8",
            Ok(text) => {
                let view = RecordView::new(text, self.fields.get(fields.0..fields.1).unwrap_or_default());
                let origin = self.waiting.last().map(|w| &w.origin);
                let head = Head::of(
                    &view,
                    origin.and_then(|o| o.account.as_deref()),
                    origin.and_then(|o| o.region.as_deref()),
                    origin.is_some_and(|o| o.insight),
                );
                match head {
                    Err(_) if envelope == Envelope::Single && text.contains("\"digestS3Object\"") => "digest_named_as_log",
                    Err(error) => error.reason(),
                    Ok(head) => match self.partitions.of(&head, report, MAX_PARTITIONS) {
                        None => "too_many_event_days",
                        Some(partition) => {
                            let object = self.waiting.len() as u32 - 1;
                            let Some(index) = self.reports.get(report).map(|r| r.records) else { return };
                            let spot = Spot { object, start: at.0, length: at.1 - at.0, fields, index, offset };
                            self.pending.push(Pending::new(partition, &head, spot));
                            self.report(report, |r| r.records += 1);
                            return;
                        }
                    },
                }
            }
        };
        self.fields.truncate(fields.0);
        self.add_broken(report, offset, (at.1 - at.0) as u64, refused);
    }

    pub(crate) fn encode_if_full(&mut self) -> Result<(), EncodeError> {
        if self.buffer.len() >= self.buffer_bytes || self.pending.len() >= ROW_GROUP_ROWS { self.encode() } else { Ok(()) }
    }

    /// Hashes, drops duplicates, sorts, normalises and encodes what waits.
    pub(crate) fn encode(&mut self) -> Result<(), EncodeError> {
        self.hash_objects();
        let hashes = {
            let slices: Vec<&[u8]> =
                self.pending.iter().map(|p| self.buffer.get(p.start as usize..(p.start + p.length) as usize).unwrap_or_default()).collect();
            sha256_each(&slices)
        };
        let mut order = self.drop_duplicates(&hashes);
        order.sort_unstable_by_key(|index| self.pending.get(*index as usize).map(Pending::sort_key));
        let pending = &self.pending;
        let partition_of = |index: u32| pending.get(index as usize).map(|p| p.partition);
        for rows in order.chunk_by(|a, b| partition_of(*a) == partition_of(*b)) {
            let Some(partition) = rows.first().and_then(|index| partition_of(*index)).and_then(|p| self.partitions.get(p)) else {
                continue;
            };
            for index in rows {
                normalise(&mut self.normaliser, &self.buffer, &self.fields, &self.waiting, pending, &hashes, *index);
            }
            let batch = self.normaliser.take().map_err(EncodeError::Columns)?;
            self.event_ids.take(partition, &batch, ROW_GROUP_ROWS).map_err(EncodeError::Columns)?;
            let files =
                self.files.as_mut().map_err(|error| EncodeError::Properties(error.take().unwrap_or(ParquetError::EOF(String::new()))))?;
            files.write(partition, &batch).map_err(|error| file_error(partition, error))?;
        }
        self.clear();
        Ok(())
    }

    fn clear(&mut self) {
        self.buffer.clear();
        self.fields.clear();
        self.pending.clear();
        self.waiting.clear();
    }

    fn hash_objects(&mut self) {
        let ranges: Vec<(usize, (usize, usize))> = self.waiting.iter().filter_map(|w| Some((w.report, w.bytes?))).collect();
        let slices: Vec<&[u8]> = ranges.iter().map(|(_, (start, end))| self.buffer.get(*start..*end).unwrap_or_default()).collect();
        let hashes = sha256_each(&slices);
        for ((report, _), hash) in ranges.into_iter().zip(hashes) {
            self.report(report, |r| r.inflated_sha256 = Some(hash));
        }
    }

    /// The Records that become rows. The others are counted as duplicates.
    fn drop_duplicates(&mut self, hashes: &[[u8; 32]]) -> Vec<u32> {
        let mut keep = Vec::with_capacity(self.pending.len());
        for (index, (pending, hash)) in self.pending.iter().zip(hashes).enumerate() {
            let report = self.waiting.get(pending.object as usize).and_then(|w| self.reports.get_mut(w.report));
            let Some(report) = report else { continue };
            if self.seen.insert(pending.identity(hash)) {
                report.landed += 1;
                report.saw(pending.time_ms);
                keep.push(index as u32);
            } else {
                report.duplicates += 1;
            }
        }
        keep
    }

    /// Bytes of `events/` so far, with a guess for what waits.
    pub fn estimated_bytes(&self) -> u64 {
        let written = self.files.as_ref().map_or(0, Files::bytes);
        written + self.buffer.len() as u64 / 8
    }

    /// Broken Records so far.
    pub const fn broken_records(&self) -> u64 {
        self.broken_records
    }

    pub(crate) fn add_broken(&mut self, report: usize, offset: u64, length: u64, reason: &'static str) {
        self.broken_records += 1;
        self.report(report, |r| r.add_broken(offset, length, reason, words(reason)));
    }

    /// Partitions so far.
    pub fn partitions(&self) -> usize {
        self.partitions.len()
    }

    /// Encodes the rest and writes the footers.
    ///
    /// # Errors
    /// [`EncodeError`]: the Batch must be aborted.
    pub fn finish(mut self) -> Result<Encoded<S::Writer>, EncodeError> {
        self.encode()?;
        let files = self.files.map_err(|error| EncodeError::Properties(error.unwrap_or(ParquetError::EOF(String::new()))))?;
        let files = files.finish().map_err(|(partition, error)| file_error(partition, error))?;
        Ok(Encoded { files, reports: self.reports, event_ids: self.event_ids.into_entries() })
    }
}

fn file_error(partition: Partition, error: crate::files::FileError) -> EncodeError {
    match error {
        crate::files::FileError::Open(source) => EncodeError::Open { partition, source },
        crate::files::FileError::Write(source) => EncodeError::Write { partition, source },
    }
}

fn normalise(
    normaliser: &mut Normaliser,
    buffer: &[u8],
    fields: &[Field],
    waiting: &[Waiting],
    pending: &[Pending],
    hashes: &[[u8; 32]],
    index: u32,
) {
    let index = index as usize;
    let (Some(record), Some(hash)) = (pending.get(index), hashes.get(index)) else { return };
    let Some(origin) = waiting.get(record.object as usize).map(|w| &w.origin) else { return };
    let bytes = buffer.get(record.start as usize..(record.start + record.length) as usize).unwrap_or_default();
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let view = RecordView::new(text, fields.get(record.fields.0 as usize..record.fields.1 as usize).unwrap_or_default());
    let Ok(head) = Head::of(&view, origin.account.as_deref(), origin.region.as_deref(), origin.insight) else { return };
    let mut hex = [0; 64];
    let record_hash = match hex::encode_to_slice(hash, &mut hex) {
        Ok(()) => std::str::from_utf8(&hex).unwrap_or_default(),
        Err(_) => "",
    };
    let place = Place {
        bucket: &origin.bucket,
        key: &origin.key,
        key_account: origin.account.as_deref(),
        organization: origin.organization.as_deref(),
        delivered_ms: origin.delivered_ms,
        segment: &origin.segment,
        segment_offset: origin.segment_offset,
        segment_length: origin.segment_length,
        record_index: record.index,
        record_offset: record.offset,
        record_hash,
    };
    normaliser.push(&view, &head, &place);
}

/// A reason in words.
fn words(reason: &str) -> &'static str {
    match reason {
        "invalid_utf8" => "the record is not utf-8",
        "digest_named_as_log" => "the object is a digest, but its name is that of a log",
        "no_event_time" => "the record has no event time",
        "bad_event_time" => "the record's event time cannot be read, or lies outside the years 1970 to 2199",
        "too_many_event_days" => "the object has records of more event days and categories than one may",
        "record_truncated" => "the bytes end inside the record",
        "array_truncated" => "the bytes end inside the array of records",
        "record_not_json" => "the record is not json",
        "record_not_an_object" => "the element is not a json object",
        "nesting_too_deep" => "the record is nested too deep",
        "record_too_long" => "the record is too long",
        "between_records" => "there are bytes between two records that belong to none",
        _ => "the bytes are not json",
    }
}
