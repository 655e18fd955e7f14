//! What is looked for in `sources/`, and how often.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use std::{collections::BTreeMap, time::Duration};

use trailkeep_archive::{ClassLabel, Outcome, SourceKind, write_sources};
use trailkeep_pipeline::{memory::MemoryBucket, protocol::Moment};

use super::*;

#[derive(Debug)]
struct At(i64);

impl Surroundings for At {
    fn now(&self) -> Moment {
        Moment { unix_ms: self.0, monotonic_ms: Duration::ZERO.as_millis() as u64 }
    }

    fn random(&self) -> u64 {
        0
    }
}

#[test]
fn only_what_the_ledger_may_have_forgotten_is_old() {
    // 2026-01-15.
    let now: Arc<dyn Surroundings> = Arc::new(At(1_768_435_200_000));
    let horizon = Horizon::new(Some(400), Arc::clone(&now));
    assert_eq!(horizon.day(), 20_250_110);
    assert!(horizon.is_before(20_250_110) && !horizon.is_before(20_250_111));
    assert!(!Horizon::new(None, now).is_before(19_700_101), "a ledger that keeps everything forgets nothing");
}

/// A file of `sources/` of that time that lists a key at a revision, its SHA-256 all of that digit.
fn file(at_ms: i64, key: &str, revision: u32) -> (String, Vec<u8>) {
    let batch = BatchId::new(at_ms, u64::from(revision) + at_ms.unsigned_abs());
    let row = SourceRow {
        bucket: "logs".to_owned(),
        key: key.to_owned(),
        version: None,
        etag: None,
        revision,
        kind: SourceKind::Log,
        organization: None,
        account: None,
        region: None,
        delivered_at: None,
        modified_at: None,
        content_type: None,
        content_encoding: None,
        metadata: BTreeMap::new(),
        stored_bytes: 7,
        inflated_bytes: None,
        stored_sha256: format!("0{revision}").repeat(32),
        inflated_sha256: None,
        outcome: Outcome::Landed,
        reason: None,
        flags: vec![],
        records: 0,
        landed: 0,
        duplicates: 0,
        quarantined: 0,
        first_event_at: None,
        last_event_at: None,
        segment: layout::raw_key(&ClassLabel::default(), &batch, layout::RawKind::Gz),
        segment_version: None,
        segment_checksum: None,
        segment_offset: 0,
        segment_length: 7,
        batch,
        landed_at: at_ms,
    };
    (layout::sources_key(&batch), write_sources(&[row]).unwrap())
}

/// 2026-01-15, and the last moment that the ledger may have forgotten.
const NOW_MS: i64 = 1_768_435_200_000;
const LAST_MS: i64 = NOW_MS - 370 * DAY_MS;

fn of(files: &[(String, Vec<u8>)]) -> (MemoryBucket, Arc<dyn AuditBucket>, Horizon) {
    let memory = MemoryBucket::named("audit");
    for (key, body) in files {
        memory.insert(key, body.clone());
    }
    let bucket: Arc<dyn AuditBucket> = Arc::new(memory.clone());
    (memory, bucket, Horizon::new(Some(400), Arc::new(At(NOW_MS))))
}

#[tokio::test]
async fn every_revision_of_what_is_wanted_is_found_and_what_lists_none_of_it_is_read_once() {
    let files = [file(LAST_MS, "a", 1), file(LAST_MS - DAY_MS, "a", 2), file(LAST_MS, "b", 3), file(LAST_MS + DAY_MS, "a", 4)];
    let (memory, bucket, horizon) = of(&files);
    let (a, none) = (SourceId::new("logs", "a"), SourceId::new("other", "a"));
    let first_day = day_of(LAST_MS - DAY_MS);
    let found = horizon.landed_since(&bucket, first_day, &HashSet::from([&a])).await.unwrap();
    let hashes: BTreeMap<u32, u8> = found.iter().map(|(source, landed)| (source.revision(), landed.stored_sha256[0])).collect();
    assert_eq!(hashes, BTreeMap::from([(1, 1), (2, 2)]), "the ledger remembers the rest");
    assert!(found.keys().all(|source| source.key() == "a" && source.bucket() == "logs"));

    // Three days are listed. Three files were read; then two, then none.
    assert_eq!(memory.operations(), 3 + 3);
    assert_eq!(horizon.landed_since(&bucket, first_day, &HashSet::from([&a])).await.unwrap(), found);
    assert_eq!(memory.operations(), 6 + 3 + 2);
    assert!(horizon.landed_since(&bucket, first_day, &HashSet::from([&none])).await.unwrap().is_empty());
    assert_eq!(memory.operations(), 11 + 3);
}

#[tokio::test]
async fn a_batch_that_was_opened_before_midnight_may_list_what_was_delivered_after_it() {
    let (_, bucket, horizon) = of(&[file(LAST_MS - DAY_MS, "a", 1)]);
    let a = SourceId::new("logs", "a");
    assert_eq!(horizon.landed_since(&bucket, day_of(LAST_MS), &HashSet::from([&a])).await.unwrap().len(), 1);
}

#[tokio::test]
async fn many_days_are_listed_in_one() {
    let (memory, bucket, horizon) = of(&[file(LAST_MS - 1_000 * DAY_MS, "a", 1), file(LAST_MS + DAY_MS, "a", 2)]);
    let a = SourceId::new("logs", "a");
    let found = horizon.landed_since(&bucket, 19_700_101, &HashSet::from([&a])).await.unwrap();
    assert_eq!((found.len(), memory.operations()), (1, 2));
    assert_eq!(days(20_250_110, LAST_MS), Some(vec![20_250_110, 20_250_109]));
    assert_eq!(days(20_250_111, LAST_MS).map(|days| days.len()), Some(1));
    assert_eq!(days(0, LAST_MS), None);
}

#[tokio::test]
async fn a_directory_without_a_folder_for_a_day_holds_nothing_of_it() {
    let root = tempfile::tempdir().unwrap();
    let bucket: Arc<dyn AuditBucket> = Arc::new(trailkeep_local::DirectoryBucket::open(root.path()).unwrap());
    let (_, _, horizon) = of(&[]);
    let a = SourceId::new("logs", "a");
    let found = horizon.landed_since(&bucket, day_of(LAST_MS), &HashSet::from([&a])).await;
    assert!(found.unwrap().is_empty());
}
