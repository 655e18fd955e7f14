//! What the tables say of each object of a Batch: its `sources` row, its row in the segment's index, and its quarantine rows.

use std::collections::HashMap;

use trailkeep_archive::{BatchId, Outcome, QuarantineKind, QuarantineRow, SourceKind, SourceRow};
use trailkeep_events::{BrokenRecord, ObjectReport};

use super::{BatchError, Entry, Finding, Kind, digest::DigestRead, digests::Digests};
use crate::{
    ingest::{IngestSummary, count},
    ports::ledger::SourceId,
};

/// What an object's bytes came to.
#[derive(Debug, Default)]
struct Reading {
    inflated_sha256: Option<[u8; 32]>,
    inflated_bytes: u64,
    records: u64,
    landed: u64,
    duplicates: u64,
    quarantined: u64,
    broken: Vec<BrokenRecord>,
    failure: Option<(&'static str, String)>,
    first_event_ms: Option<i64>,
    last_event_ms: Option<i64>,
    /// Of a Digest.
    period_end_ms: Option<i64>,
    flags: Vec<&'static str>,
}

impl From<ObjectReport> for Reading {
    fn from(report: ObjectReport) -> Self {
        Self {
            inflated_sha256: report.inflated_sha256,
            inflated_bytes: report.inflated_bytes,
            records: report.records,
            landed: report.landed,
            duplicates: report.duplicates,
            quarantined: report.quarantined,
            broken: report.broken,
            failure: report.object_failure,
            first_event_ms: report.first_event_ms,
            last_event_ms: report.last_event_ms,
            period_end_ms: None,
            flags: report.flags,
        }
    }
}

impl From<DigestRead> for Reading {
    fn from(digest: DigestRead) -> Self {
        Self {
            inflated_sha256: digest.inflated_sha256,
            inflated_bytes: digest.inflated_bytes,
            failure: digest.failure,
            first_event_ms: digest.first_event_ms,
            last_event_ms: digest.last_event_ms,
            period_end_ms: digest.period_end_ms,
            ..Self::default()
        }
    }
}

impl Reading {
    /// Every Record that was read is in `events/`, a duplicate, or in `quarantine/`.
    fn check(&self, source: &SourceId) -> Result<(), BatchError> {
        let quarantined = self.quarantined;
        if self.records == self.landed + self.duplicates + quarantined {
            return Ok(());
        }
        let (records, landed, duplicates) = (self.records, self.landed, self.duplicates);
        Err(BatchError::Unbalanced { source_id: source.clone(), records, landed, duplicates, quarantined })
    }

    /// Why nothing of the object could be read.
    fn reason(&self, kind: Kind) -> Option<String> {
        let whole = self.failure.as_ref().map(|(reason, _)| *reason);
        let first = || self.broken.first().filter(|_| self.outcome(kind) == Outcome::Quarantined).map(|broken| broken.reason);
        whole.or_else(first).map(str::to_owned)
    }

    fn outcome(&self, kind: Kind) -> Outcome {
        match (kind, &self.failure) {
            (Kind::Digest, _) => Outcome::Kept,
            (Kind::Log, Some(_)) if self.records == self.quarantined => Outcome::Quarantined,
            (Kind::Log, Some(_)) => Outcome::Partial,
            (Kind::Log, None) if self.broken.is_empty() => Outcome::Landed,
            (Kind::Log, None) if self.records > self.quarantined => Outcome::Partial,
            (Kind::Log, None) => Outcome::Quarantined,
        }
    }
}

/// The rows of one Batch.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) sources: Vec<SourceRow>,
    pub(super) quarantine: Vec<QuarantineRow>,
    pub(super) digests: Digests,
    pub(super) summary: IngestSummary,
}

/// When a Batch was sealed, and the checksums of its segments by key.
#[derive(Debug)]
pub(super) struct Sealing<'a> {
    pub(super) batch: BatchId,
    pub(super) landed_at_ms: i64,
    pub(super) checksums: &'a HashMap<String, String>,
}

impl Rows {
    /// Makes the rows of all entries and findings.
    ///
    /// # Errors
    /// [`BatchError::Unbalanced`], [`BatchError::Unreported`].
    pub(super) fn new(
        entries: Vec<Entry>,
        reports: Vec<ObjectReport>,
        findings: Vec<Finding>,
        sealing: &Sealing<'_>,
    ) -> Result<Self, BatchError> {
        let mut reports: HashMap<u32, ObjectReport> = reports.into_iter().map(|report| (report.source, report)).collect();
        let mut rows = Self { sources: Vec::with_capacity(entries.len()), ..Self::default() };
        for (row, mut entry) in entries.into_iter().enumerate() {
            let reading = match entry.digest.take() {
                Some(digest) => Reading::from(digest),
                None => reports
                    .remove(&(row as u32))
                    .map(Reading::from)
                    .ok_or_else(|| BatchError::Unreported { source_id: entry.facts.source.clone() })?,
            };
            reading.check(&entry.facts.source)?;
            rows.take(entry, reading, sealing);
        }
        for finding in findings {
            rows.quarantine.push(finding_row(finding, sealing));
        }
        rows.count_reasons();
        Ok(rows)
    }

    fn take(&mut self, entry: Entry, reading: Reading, sealing: &Sealing<'_>) {
        let row = source_row(&entry, &reading, sealing);
        if let Some((reason, detail)) = &reading.failure {
            self.quarantine.push(QuarantineRow { reason: (*reason).to_owned(), detail: detail.clone(), ..pointer(&row) });
        }
        if row.revision > 1 {
            let detail = format!("other content under a key that has landed: revision {}", row.revision);
            self.quarantine.push(QuarantineRow { reason: OTHER_CONTENT.to_owned(), detail, ..pointer(&row) });
        }
        for broken in &reading.broken {
            self.quarantine.push(record_row(broken, &row));
        }
        if row.kind == SourceKind::Digest {
            self.digests.take(&row, reading.period_end_ms);
        }
        self.count(&row, &reading);
        self.sources.push(row);
    }

    fn count_reasons(&mut self) {
        for row in &self.quarantine {
            count(&mut self.summary.quarantined, &row.reason);
        }
    }

    fn count(&mut self, row: &SourceRow, reading: &Reading) {
        let summary = &mut self.summary;
        summary.landed += 1;
        summary.digests += u64::from(row.kind == SourceKind::Digest);
        summary.unreadable += u64::from(row.outcome == Outcome::Quarantined);
        summary.revisions += u64::from(row.revision > 1);
        summary.records += row.records;
        summary.records_landed += row.landed;
        summary.records_duplicate += row.duplicates;
        summary.records_quarantined += row.quarantined;
        summary.stored_bytes += row.stored_bytes;
        summary.inflated_bytes += reading.inflated_bytes;
    }
}

/// Reason of the finding that a key which has landed came with other content.
const OTHER_CONTENT: &str = "other_content";

fn source_row(entry: &Entry, reading: &Reading, sealing: &Sealing<'_>) -> SourceRow {
    let (info, source, key) = (&entry.facts.info, &entry.facts.source, entry.key.as_ref());
    SourceRow {
        bucket: source.bucket().to_owned(),
        key: source.key().to_owned(),
        version: info.version.clone(),
        etag: info.etag.clone(),
        revision: source.revision(),
        kind: match (entry.facts.kind, key) {
            (Kind::Digest, _) => SourceKind::Digest,
            (Kind::Log, Some(key)) => key.class.into(),
            (Kind::Log, None) => SourceKind::Log,
        },
        organization: key.and_then(|key| key.organization).map(|organization| organization.to_string()),
        account: key.map(|key| key.account.to_string()),
        region: key.map(|key| key.region.to_string()),
        delivered_at: key.and_then(trailkeep_keys::LogKey::delivered_ms),
        modified_at: info.modified_ms,
        content_type: info.content_type.clone(),
        content_encoding: info.content_encoding.clone(),
        metadata: info.metadata.clone(),
        stored_bytes: entry.place.length,
        inflated_bytes: reading.inflated_sha256.map(|_| reading.inflated_bytes),
        stored_sha256: hex::encode(entry.stored_sha256),
        inflated_sha256: reading.inflated_sha256.map(hex::encode),
        outcome: reading.outcome(entry.facts.kind),
        reason: reading.reason(entry.facts.kind),
        flags: flags(entry, reading),
        records: reading.records,
        landed: reading.landed,
        duplicates: reading.duplicates,
        quarantined: reading.quarantined,
        first_event_at: reading.first_event_ms,
        last_event_at: reading.last_event_ms,
        segment: entry.place.segment.to_string(),
        segment_version: None,
        segment_checksum: sealing.checksums.get(&*entry.place.segment).cloned(),
        segment_offset: entry.place.offset,
        segment_length: entry.place.length,
        batch: sealing.batch,
        landed_at: sealing.landed_at_ms,
    }
}

fn flags(entry: &Entry, reading: &Reading) -> Vec<String> {
    let mut flags = entry.shape.flags();
    flags.extend(&reading.flags);
    if entry.key.as_ref().is_some_and(trailkeep_keys::LogKey::region_mismatch) {
        flags.push("region_mismatch");
    }
    if entry.facts.source.revision() > 1 {
        flags.push(OTHER_CONTENT);
    }
    flags.sort_unstable();
    flags.dedup();
    flags.into_iter().map(str::to_owned).collect()
}

/// A quarantine row that points to the whole object.
fn pointer(row: &SourceRow) -> QuarantineRow {
    QuarantineRow {
        bucket: row.bucket.clone(),
        key: row.key.clone(),
        revision: row.revision,
        kind: QuarantineKind::Object,
        account: row.account.clone(),
        region: row.region.clone(),
        record_index: None,
        record_offset: None,
        record_length: None,
        reason: String::new(),
        detail: String::new(),
        segment: row.segment.clone(),
        segment_offset: row.segment_offset,
        segment_length: row.segment_length,
        batch: row.batch,
        landed_at: row.landed_at,
    }
}

fn record_row(broken: &BrokenRecord, row: &SourceRow) -> QuarantineRow {
    QuarantineRow {
        kind: QuarantineKind::Record,
        record_index: Some(broken.index),
        record_offset: Some(broken.offset),
        record_length: Some(broken.length),
        reason: broken.reason.to_owned(),
        detail: broken.detail.to_owned(),
        ..pointer(row)
    }
}

/// A finding has no bytes: its pointer is empty.
fn finding_row(finding: Finding, sealing: &Sealing<'_>) -> QuarantineRow {
    let key = super::writer::log_key(&finding.source);
    QuarantineRow {
        bucket: finding.source.bucket().to_owned(),
        key: finding.source.key().to_owned(),
        revision: finding.source.revision(),
        kind: finding.kind,
        account: key.as_ref().map(|key| key.account.to_string()),
        region: key.as_ref().map(|key| key.region.to_string()),
        record_index: None,
        record_offset: None,
        record_length: None,
        reason: finding.reason.to_owned(),
        detail: finding.detail,
        segment: String::new(),
        segment_offset: 0,
        segment_length: 0,
        batch: sealing.batch,
        landed_at: sealing.landed_at_ms,
    }
}
