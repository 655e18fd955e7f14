//! Seals a Batch: finishes every file, writes the tables, and says what the manifest is to list.

use std::collections::HashMap;

use trailkeep_archive::{
    IdxRow, LandedDigests, LandedObject, ManifestSource, SourceRow, TableError,
    layout::{self, RawKind},
    write_event_index, write_idx, write_quarantine, write_sources,
};
use trailkeep_events::EventsFile;

use super::{
    BatchError, BatchWriter,
    rows::{Rows, Sealing},
    segment::Home,
    stage::Stage,
    staged::StagedFile,
};
use crate::{ingest::IngestSummary, ports::bucket::StagedUpload};

/// A sealed Batch: all uploads are durable, none is visible.
#[derive(Debug)]
pub struct Sealed {
    /// What the manifest lists.
    pub sources: Vec<ManifestSource>,
    /// What is to be published.
    pub uploads: Vec<StagedUpload>,
    /// What is to be announced: the objects below `events/`.
    pub landed: Vec<LandedObject>,
    /// What is to be announced where Digests are announced, too.
    pub digests: Option<Box<LandedDigests>>,
    /// What it came to.
    pub summary: IngestSummary,
    /// Records about the bucket that is landed in, where [`super::BatchSettings::audit_bucket`] names it.
    pub own_records: u64,
}

/// A Batch that could not be sealed, and the uploads that were finished before it failed.
#[derive(Debug)]
pub struct SealFailure {
    /// The cause.
    pub error: BatchError,
    /// To be thrown away.
    pub staged: Vec<StagedUpload>,
}

/// What a Batch came to, beside its uploads.
struct Finished {
    sources: Vec<ManifestSource>,
    landed: Vec<LandedObject>,
    digests: Option<LandedDigests>,
    summary: IngestSummary,
}

impl BatchWriter {
    /// Makes everything durable. `landed_at_ms`: milliseconds since the Unix epoch.
    ///
    /// # Errors
    /// [`SealFailure`]: give the Batch up.
    pub fn seal(self, landed_at_ms: i64) -> Result<Sealed, SealFailure> {
        let (mut uploads, own_records) = (Vec::new(), self.own.found());
        match self.finish(landed_at_ms, &mut uploads) {
            Ok(Finished { sources, landed, digests, summary }) => {
                Ok(Sealed { sources, uploads, landed, digests: digests.map(Box::new), summary, own_records })
            }
            Err(error) => Err(SealFailure { error, staged: uploads }),
        }
    }

    fn finish(self, landed_at_ms: i64, uploads: &mut Vec<StagedUpload>) -> Result<Finished, BatchError> {
        let Self { stage, encoder, raw, digests, entries, findings, .. } = self;
        let encoded = encoder.finish().map_err(|error| stage.failure().map_or(BatchError::Encode(error), BatchError::Audit))?;
        let homes = [raw.home().clone(), digests.home().clone()];
        for segments in [raw, digests] {
            segments.finish(uploads).map_err(BatchError::Audit)?;
        }
        let checksums: HashMap<String, String> = uploads.iter().map(|upload| (upload.key.clone(), upload.checksum.clone())).collect();
        let sealing = Sealing { batch: *stage.batch(), landed_at_ms, checksums: &checksums };
        let rows = Rows::new(entries, encoded.reports, findings, &sealing)?;
        for home in &homes {
            write_index(&stage, home, &rows.sources, uploads)?;
        }
        let landed = finish_events(encoded.files, uploads)?;
        if !encoded.event_ids.is_empty() {
            let file = stage.event_index(layout::event_index_key(stage.batch())).map_err(BatchError::Audit)?;
            write_whole(file, &write_event_index(encoded.event_ids), uploads)?;
        }
        if !rows.quarantine.is_empty() {
            let bytes = write_quarantine(&rows.quarantine).map_err(table("quarantine"))?;
            write_table(&stage, layout::quarantine_key(stage.batch()), false, &bytes, uploads)?;
        }
        let bytes = write_sources(&rows.sources).map_err(table("sources"))?;
        write_table(&stage, layout::sources_key(stage.batch()), true, &bytes, uploads)?;
        let mut summary = rows.summary;
        count_bytes(&mut summary, uploads);
        let sources = rows.sources.iter().map(manifest_source).collect();
        Ok(Finished { sources, landed, digests: rows.digests.told(), summary })
    }
}

/// Finishes the files of `events/` and says what each one is.
fn finish_events(files: Vec<EventsFile<StagedFile>>, uploads: &mut Vec<StagedUpload>) -> Result<Vec<LandedObject>, BatchError> {
    let finished = files.into_iter().map(|file| {
        let upload = file.writer.finish().map_err(BatchError::Audit)?;
        let (key, bytes) = (upload.key.clone(), upload.size_bytes);
        uploads.push(upload);
        Ok(LandedObject {
            key,
            category: file.partition.category,
            event_day: file.partition.eventday,
            accounts: file.coverage.accounts,
            account_count: file.coverage.account_count,
            regions: file.coverage.regions,
            first_event_ms: file.coverage.first_event_ms,
            last_event_ms: file.coverage.last_event_ms,
            records: file.rows,
            bytes,
        })
    });
    finished.collect()
}

/// The index beside a segment's files; none where there is no segment.
fn write_index(stage: &Stage, home: &Home, sources: &[SourceRow], uploads: &mut Vec<StagedUpload>) -> Result<(), BatchError> {
    let files = [home.key(stage.batch(), RawKind::Gz), home.key(stage.batch(), RawKind::Bin)];
    let rows: Vec<IdxRow> = sources.iter().filter(|row| files.contains(&row.segment)).map(IdxRow::of).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let bytes = write_idx(&rows).map_err(table("idx"))?;
    write_table(stage, home.key(stage.batch(), RawKind::Idx), true, &bytes, uploads)
}

fn write_table(stage: &Stage, key: String, locked: bool, bytes: &[u8], uploads: &mut Vec<StagedUpload>) -> Result<(), BatchError> {
    write_whole(stage.parquet(key, locked).map_err(BatchError::Audit)?, bytes, uploads)
}

fn write_whole(mut file: StagedFile, bytes: &[u8], uploads: &mut Vec<StagedUpload>) -> Result<(), BatchError> {
    file.append(bytes).map_err(BatchError::Audit)?;
    uploads.push(file.finish().map_err(BatchError::Audit)?);
    Ok(())
}

fn table(table: &'static str) -> impl FnOnce(TableError) -> BatchError {
    move |error| BatchError::Table { table, source: Box::new(error) }
}

fn manifest_source(row: &SourceRow) -> ManifestSource {
    ManifestSource {
        bucket: row.bucket.clone(),
        key: row.key.clone(),
        version: row.version.clone(),
        etag: row.etag.clone(),
        stored_bytes: row.stored_bytes,
        stored_sha256: row.stored_sha256.clone(),
        revision: row.revision,
        outcome: row.outcome.as_str().to_owned(),
    }
}

fn count_bytes(summary: &mut IngestSummary, uploads: &[StagedUpload]) {
    for upload in uploads {
        let sum = if upload.key.starts_with(layout::EVENTS) {
            &mut summary.events_bytes
        } else if upload.key.starts_with(layout::RAW) || upload.key.starts_with(layout::DIGESTS) {
            &mut summary.raw_bytes
        } else {
            &mut summary.table_bytes
        };
        *sum += upload.size_bytes;
    }
}
