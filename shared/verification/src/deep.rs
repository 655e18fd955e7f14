//! Reading again: the landed bytes themselves, all or a seeded sample, hashed as stored and inflated.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use trailkeep_archive::SourceRow;
use trailkeep_keys::LogClass;
use trailkeep_restore::Archive;

use crate::{
    Options, Progress,
    asked::Asked,
    error::{VerifyError, on_a_thread},
    findings::{Findings, NotIntact},
    hashing::{Reading, judge, judge_large},
    named::Named,
    ranges::{Fetched, Range, Run, runs},
    sources::Files,
    verdict::{Finding, ReadAgain},
};

/// Runs that are fetched and hashed at once: 8 MiB each, or one large original.
const RUNS_AT_ONCE: usize = 4;
/// Originals up to this many bytes are fetched whole; larger ones are hashed piece by piece. CloudTrail's own files hold at most 50 MB before
/// gzip.
const WHOLE_BYTES: u64 = 64 << 20;
/// Reads again what the depth asks for, file by file of `sources/`.
pub(crate) async fn read_again(
    archive: &Archive,
    files: &Files,
    asked: &Arc<Asked>,
    options: &Options<'_>,
    findings: &mut Findings,
) -> Result<ReadAgain, VerifyError> {
    let depth = options.depth;
    let mut picked = 0;
    let mut told = ReadAgain { fraction: depth.fraction(), ..ReadAgain::default() };
    for number in 0..files.len() {
        let wanted = Arc::clone(asked);
        let pick = move |row: SourceRow| {
            let named = Named::of(&row.key)?;
            let wanted = named.class != LogClass::Digest
                && wanted.wants_place(named.account, named.region)
                && named.delivered_in(wanted.window()).is_some()
                && depth.takes(wanted.delivered_to(&row.bucket), &row.key);
            wanted.then_some(row)
        };
        let mut rows = Vec::new();
        let take = |_, picked: Vec<SourceRow>| {
            rows = picked;
            Ok(())
        };
        files.each(archive.bucket().as_ref(), Some(&[number]), pick, take).await?;
        (options.progress)(Progress::File);
        picked += rows.len() as u64;
        if !rows.is_empty() {
            read_rows(archive, Arc::new(rows), options, findings, &mut told).await?;
        }
    }
    for (name, count, detail) in [
        ("archived_not_read", told.archived, "they lie in an archived tier, and were to be read: restore them first"),
        ("not_read", picked.saturating_sub(told.sources + told.archived), "they were to be read, and were not"),
    ] {
        if count > 0 {
            findings.add(Finding { name, count: Some(count), detail: detail.to_owned(), ..Finding::default() });
        }
    }
    Ok(told)
}

async fn read_rows(
    archive: &Archive,
    rows: Arc<Vec<SourceRow>>,
    options: &Options<'_>,
    findings: &mut Findings,
    told: &mut ReadAgain,
) -> Result<(), VerifyError> {
    let mut segments: Vec<&str> = rows.iter().map(|row| row.segment.as_str()).collect();
    segments.sort_unstable();
    segments.dedup();
    let range = |(owner, row): (usize, &SourceRow)| {
        let segment = segments.binary_search(&row.segment.as_str()).unwrap_or_default() as u32;
        Range { segment, offset: row.segment_offset, length: row.segment_length, owner }
    };
    let all = runs(rows.iter().enumerate().map(range).collect());
    let step = |run: Run| {
        let (rows, segment) = (Arc::clone(&rows), segments.get(run.segment as usize).copied().unwrap_or_default());
        async move { read_run(archive, segment, run, rows).await }
    };
    let mut reading = stream::iter(all).map(step).buffer_unordered(RUNS_AT_ONCE);
    while let Some(read) = reading.next().await {
        for (owner, reading) in read? {
            let Some(row) = rows.get(owner) else { continue };
            match reading {
                Reading::Archived => {
                    told.archived += 1;
                    findings.not_intact(row, NotIntact::NotRead);
                }
                Reading::Same => (told.sources, told.bytes) = (told.sources + 1, told.bytes + row.stored_bytes),
                Reading::Differs(reason) => {
                    told.sources += 1;
                    told.damaged += 1;
                    findings.not_intact(row, NotIntact::Damaged);
                    findings.add(differs(row, reason));
                }
            }
            (options.progress)(Progress::ReadAgain { sources: 1, bytes: row.stored_bytes });
        }
    }
    Ok(())
}

async fn read_run(archive: &Archive, segment: &str, run: Run, rows: Arc<Vec<SourceRow>>) -> Result<Vec<(usize, Reading)>, VerifyError> {
    let all = |reading: fn() -> Reading| run.owners().map(|owner| (owner, reading())).collect();
    let large = run.owners().find_map(|owner| Some((owner, rows.get(owner).filter(|row| row.segment_length > WHOLE_BYTES)?)));
    if let Some((owner, row)) = large {
        // It is alone in its run.
        return Ok(vec![(owner, judge_large(archive.bucket().as_ref(), row).await?)]);
    }
    match run.fetch(archive.bucket().as_ref(), segment).await? {
        Fetched::Missing => Ok(all(|| Reading::Differs("segment_missing"))),
        Fetched::Archived => Ok(all(|| Reading::Archived)),
        Fetched::Bytes(bytes) => on_a_thread(move || hash_run(&run, &bytes, &rows)).await,
    }
}

fn hash_run(run: &Run, bytes: &Bytes, rows: &[SourceRow]) -> Vec<(usize, Reading)> {
    let mut buffer = Vec::new();
    let judged = run.parts(bytes).map(|(owner, part)| {
        let reading = match (rows.get(owner), part) {
            (Some(row), Some(part)) => judge(row, &part, &mut buffer),
            _ => Reading::Differs("segment_cut"),
        };
        (owner, reading)
    });
    judged.collect()
}

fn differs(row: &SourceRow, reason: &'static str) -> Finding {
    Finding {
        name: "damaged",
        account: row.account.clone(),
        region: row.region.clone(),
        bucket: Some(row.bucket.clone()),
        key: Some(row.key.clone()),
        reasons: vec![reason],
        detail: format!("its bytes at {} of {} are not those that landed", row.segment_offset, row.segment),
        ..Finding::default()
    }
}
