//! What is folded while it is read comes to what all rows come to, one by one.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;
use trailkeep_archive::{
    ArchiveDescriptor, BatchId, LedgerKind, LedgerRef, SourceRow,
    layout::{self, RawKind},
    write_sources,
};
use trailkeep_audit::coverage::{Coverage, Report};
use trailkeep_organization::Reconciled;
use trailkeep_pipeline::memory::MemoryBucket;

use super::*;
use crate::{Recorded, expected::Expected, look};

/// 2026-01-15T00:00:00Z.
const T0: i64 = 1_768_435_200_000;
const DAY_MS: i64 = 24 * HOUR_MS;
const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];

/// One source: what it is, whose, the minute of its delivery from the beginning of the window on, and how many minutes later it landed.
type Drawn = (u8, usize, usize, i64, i64);

fn asked() -> Asked {
    Asked { since_ms: T0, until_ms: T0 + 48 * HOUR_MS, ..Asked::default() }
}

fn row((what, account, region, minute, lag): Drawn, number: usize, batch: BatchId) -> SourceRow {
    let (account, region) = (ACCOUNTS[account % 2], REGIONS[region % 2]);
    let at_ms = T0 + minute * 60_000;
    let (kind, name, outcome) = match what {
        0 | 1 => (SourceKind::Digest, "CloudTrail-Digest", Outcome::Kept),
        2 => (SourceKind::Digest, "CloudTrail-Digest", Outcome::Quarantined),
        3 => (SourceKind::Digest, "backfill", Outcome::Kept),
        4 => (SourceKind::Insight, "CloudTrail-Insight", Outcome::Kept),
        _ => (SourceKind::Log, "CloudTrail", Outcome::Landed),
    };
    SourceRow {
        bucket: "org-logs".to_owned(),
        key: format!("AWSLogs/{account}/{name}/{region}/{number}_{name}.json.gz"),
        version: None,
        etag: None,
        revision: if what % 3 == 2 { 2 } else { 1 },
        kind,
        organization: None,
        account: Some(account.to_owned()),
        region: Some(region.to_owned()),
        delivered_at: (what != 9).then_some(at_ms),
        modified_at: None,
        content_type: None,
        content_encoding: None,
        metadata: BTreeMap::new(),
        stored_bytes: 1,
        inflated_bytes: Some(1),
        stored_sha256: "ab".repeat(32),
        inflated_sha256: None,
        outcome,
        reason: None,
        flags: Vec::new(),
        records: 0,
        landed: 0,
        duplicates: 0,
        quarantined: 0,
        first_event_at: None,
        last_event_at: (what % 2 == 1).then(|| at_ms - lag * 60_000),
        segment: layout::raw_key(&"standard".parse().unwrap(), &batch, RawKind::Gz),
        segment_version: None,
        segment_checksum: None,
        segment_offset: 0,
        segment_length: 1,
        batch,
        landed_at: at_ms + lag * 60_000,
    }
}

/// Puts sources there, a Batch for each day in which some landed.
fn put(bucket: &MemoryBucket, drawn: &[Drawn], first: u64) {
    let mut days: BTreeMap<i64, Vec<Drawn>> = BTreeMap::new();
    for one in drawn {
        days.entry((T0 + (one.3 + one.4) * 60_000).div_euclid(DAY_MS)).or_default().push(*one);
    }
    for (number, (day, drawn)) in (first..).zip(days) {
        let batch = BatchId::new(day * DAY_MS + DAY_MS - 1, number);
        let rows: Vec<SourceRow> = drawn.into_iter().enumerate().map(|(number, one)| row(one, number, batch)).collect();
        bucket.insert(&layout::sources_key(&batch), write_sources(&rows).unwrap());
    }
}

async fn archive(bucket: &MemoryBucket) -> Archive {
    let descriptor = ArchiveDescriptor::new(LedgerRef { kind: LedgerKind::Memory, id: "0f".to_owned() }, T0);
    bucket.insert(layout::ARCHIVE_JSON, descriptor.to_bytes());
    Archive::open(Arc::new(bucket.clone())).await.unwrap()
}

/// All rows, read whole and held, each given to the look by itself.
async fn row_by_row(bucket: &MemoryBucket) -> (Report, BTreeMap<AccountId, BTreeMap<Region, i64>>) {
    let (mut rows, asked) = (Vec::new(), asked());
    let take = |_, mut some: Vec<SourceRow>| {
        rows.append(&mut some);
        Ok::<(), LookError>(())
    };
    SourceFiles::list(bucket, None).await.unwrap().each(bucket, None, Some, take).await.unwrap();
    let place = |row: &SourceRow| (row.account.as_ref().unwrap().parse().unwrap(), row.region.as_ref().unwrap().parse().unwrap());
    let (mut seen, mut digests, mut sources) = (Seen::default(), Vec::new(), Vec::new());
    for row in &rows {
        let ((account, region), Some(at_ms)) = (place(row), row.delivered_at) else { continue };
        let readable = row.outcome != Outcome::Quarantined && !row.key.ends_with("_backfill.json.gz");
        if row.kind == SourceKind::Digest && readable {
            // The hour whose half it holds.
            let start_ms = at_ms - HOUR_MS;
            let hours = (start_ms.div_euclid(HOUR_MS)..).map(|hour| hour * HOUR_MS);
            seen.saw(account, region, hours.into_iter().find(|hour_ms| hour_ms + HOUR_MS / 2 >= start_ms).unwrap());
            digests.push(ObservedDigest { account, region, start_ms, end_ms: at_ms, log_files: 0 });
        } else if row.kind == SourceKind::Log {
            seen.saw(account, region, at_ms);
            let landed_ms = (row.revision == 1).then_some(row.landed_at);
            let delivered = ObservedSource { account, region, delivered_ms: at_ms, last_event_ms: row.last_event_at, landed_ms };
            sources.push(delivered);
        }
    }
    let expected = Expected::new(None, &Reconciled::default(), &seen, &asked);
    let mut coverage = Coverage::new(asked.since_ms, asked.until_ms, &expected.scopes).unwrap();
    for digest in &digests {
        coverage.digest(digest);
    }
    // Those of the window; a Digest of before it may reach into it.
    let within = |source: &&ObservedSource| (asked.since_ms..asked.until_ms).contains(&source.delivered_ms);
    sources.iter().filter(within).for_each(|source| coverage.source(source));
    (coverage.finish(), seen.accounts)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_folded_coverage_is_the_one_of_all_rows(
        before in prop::collection::vec((0..10_u8, 0..2_usize, 0..2_usize, -4 * 1_440..1_440_i64, 0..600_i64), 0..40),
        since in prop::collection::vec((0..10_u8, 0..2_usize, 0..2_usize, 0..3_000_i64, 0..600_i64), 0..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let bucket = MemoryBucket::new();
            let archive = archive(&bucket).await;
            let seen = |seen| async { look(&archive, None, Recorded::default(), &asked(), seen).await.unwrap() };
            put(&bucket, &before, 0);
            let (told, first) = seen(Seen::default()).await;
            let (report, accounts) = row_by_row(&bucket).await;
            prop_assert_eq!((&told.report, &first.accounts), (&report, &accounts));
            // The next look reads what is new, and of what it knows no more than the window.
            put(&bucket, &since, 1_000);
            let (report, accounts) = row_by_row(&bucket).await;
            for known in [first, Seen::default()] {
                let (told, next) = seen(known).await;
                prop_assert_eq!((&told.report, &next.accounts), (&report, &accounts));
            }
            Ok(())
        })?;
    }
}
