//! One LogObject on its way through the encoder: what its bytes are, where it comes from, what it came to.

use trailkeep_keys::LogKey;
use trailkeep_records::{Inflation, Shape, hash::Sha256Value};

/// An object's inflated bytes inside the encoder. Give it to [`crate::Encoder::add`] before the next one is inflated.
#[derive(Debug)]
#[must_use = "bytes that are not added are not encoded"]
pub struct Inflated {
    pub(crate) inflation: Inflation,
    pub(crate) start: usize,
    pub(crate) stored_sha256: Sha256Value,
}

impl Inflated {
    /// What the stored bytes are. Over a cap they are irregular: never a clean member.
    pub fn shape(&self) -> Shape {
        match self.inflation {
            Inflation::Done { shape, .. } => shape,
            Inflation::TooLargeForMemory | Inflation::OverLimit { .. } => Shape::Irregular(trailkeep_records::GzipFlags::default()),
        }
    }

    /// Whether it must go through [`crate::Encoder::add_streamed`].
    pub fn is_too_large(&self) -> bool {
        self.inflation == Inflation::TooLargeForMemory
    }

    /// Inflated size in bytes; 0 where nothing was inflated.
    pub fn inflated_bytes(&self) -> u64 {
        match self.inflation {
            Inflation::Done { inflated_bytes, .. } => inflated_bytes,
            Inflation::TooLargeForMemory | Inflation::OverLimit { .. } => 0,
        }
    }

    /// SHA-256 of the stored bytes.
    pub fn stored_sha256(&self) -> Sha256Value {
        self.stored_sha256
    }
}

/// Where a LogObject comes from and where its bytes lie.
#[derive(Debug, Clone, Copy)]
pub struct ObjectContext<'a> {
    /// Its row in the Batch's `sources`, from 0.
    pub source: u32,
    /// Canonical bucket.
    pub bucket: &'a str,
    /// Key.
    pub key: &'a str,
    /// The key taken apart, where CloudTrail made it.
    pub log_key: Option<&'a LogKey>,
    /// Segment that holds its stored bytes.
    pub segment: &'a str,
    /// Offset there, in bytes.
    pub segment_offset: u64,
    /// Length there, in bytes.
    pub segment_length: u64,
}

/// The same, kept until the object's rows are encoded.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) account: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) organization: Option<String>,
    pub(crate) insight: bool,
    pub(crate) delivered_ms: Option<i64>,
    pub(crate) segment: String,
    pub(crate) segment_offset: u64,
    pub(crate) segment_length: u64,
}

impl From<&ObjectContext<'_>> for Origin {
    fn from(context: &ObjectContext<'_>) -> Self {
        let key = context.log_key;
        Self {
            bucket: context.bucket.to_owned(),
            key: context.key.to_owned(),
            account: key.map(|k| k.account.to_string()),
            region: key.map(|k| k.region.to_string()),
            organization: key.and_then(|k| k.organization.as_ref()).map(ToString::to_string),
            insight: key.is_some_and(|k| k.class == trailkeep_keys::LogClass::Insight),
            delivered_ms: key.and_then(LogKey::delivered_ms),
            segment: context.segment.to_owned(),
            segment_offset: context.segment_offset,
            segment_length: context.segment_length,
        }
    }
}

/// Bytes of an object that did not become a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRecord {
    /// Position among the object's Records, from 0.
    pub index: u64,
    /// Offset in the inflated bytes.
    pub offset: u64,
    /// Length in bytes; 0 where a Record was expected and the bytes end.
    pub length: u64,
    /// Stable name of the reason.
    pub reason: &'static str,
    /// In words.
    pub detail: &'static str,
}

/// Broken Records of one object that are told one by one. What comes after them is told as one range: a few bytes of gzip can
/// hold millions.
pub const MAX_BROKEN_RECORDS: usize = 1000;
/// Reason of that range.
const TOO_MANY: &str = "too_many_broken";

/// What an object came to. `records` = `landed` + `duplicates` + `quarantined`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectReport {
    /// Its row in the Batch's `sources`.
    pub source: u32,
    /// SHA-256 of the stored bytes; zeros where they were streamed: the caller hashes them then.
    pub stored_sha256: Sha256Value,
    /// SHA-256 of the inflated bytes, which is what Digests list; none over a cap.
    pub inflated_sha256: Option<Sha256Value>,
    /// Inflated size in bytes.
    pub inflated_bytes: u64,
    /// Records found, broken ones included.
    pub records: u64,
    /// Rows in `events/`.
    pub landed: u64,
    /// Records dropped because the Batch holds the same bytes for the same account already.
    pub duplicates: u64,
    /// Records that did not become rows.
    pub quarantined: u64,
    /// Where they lie; at most [`MAX_BROKEN_RECORDS`] and a range that holds all further ones.
    pub broken: Vec<BrokenRecord>,
    /// Why the object as a whole was not read: stable name and words.
    pub object_failure: Option<(&'static str, String)>,
    /// Earliest event time among the rows, milliseconds since the Unix epoch.
    pub first_event_ms: Option<i64>,
    /// Latest event time among the rows.
    pub last_event_ms: Option<i64>,
    /// What is odd about it, by stable name.
    pub flags: Vec<&'static str>,
}

impl ObjectReport {
    pub(crate) fn new(source: u32) -> Self {
        Self {
            source,
            stored_sha256: Sha256Value::default(),
            inflated_sha256: None,
            inflated_bytes: 0,
            records: 0,
            landed: 0,
            duplicates: 0,
            quarantined: 0,
            broken: Vec::new(),
            object_failure: None,
            first_event_ms: None,
            last_event_ms: None,
            flags: Vec::new(),
        }
    }

    pub(crate) fn add_broken(&mut self, offset: u64, length: u64, reason: &'static str, detail: &'static str) {
        match self.broken.last_mut() {
            Some(last) if last.reason == TOO_MANY => last.length = offset + length - last.offset,
            _ => {
                let full = self.broken.len() >= MAX_BROKEN_RECORDS;
                let (reason, detail) = if full { (TOO_MANY, "this record and broken ones after it") } else { (reason, detail) };
                self.broken.push(BrokenRecord { index: self.records, offset, length, reason, detail });
            }
        }
        self.quarantined += 1;
        self.records += 1;
    }

    pub(crate) fn saw(&mut self, time_ms: i64) {
        self.first_event_ms = Some(self.first_event_ms.map_or(time_ms, |first| first.min(time_ms)));
        self.last_event_ms = Some(self.last_event_ms.map_or(time_ms, |last| last.max(time_ms)));
    }

    pub(crate) fn flag(&mut self, name: &'static str) {
        if !self.flags.contains(&name) {
            self.flags.push(name);
        }
    }
}
