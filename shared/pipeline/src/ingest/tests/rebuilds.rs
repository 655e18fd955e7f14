//! A ledger that was lost is made from the archive again, whatever else was lost with it, and the next run lands nothing twice.

use std::sync::Arc;

use trailkeep_archive::{
    BatchId, Outcome,
    layout::{self, ArchiveKey, RawKind},
};

use super::world::{World, config, digest, digest_key};
use crate::{
    batch::Retention,
    ingest::Surroundings as _,
    memory::MemoryLedger,
    ports::{
        bucket::LockMode,
        ledger::{Ledger as _, WorkerId},
    },
    protocol::{Moment, RebuildError, RebuildOptions, Rebuilt, rebuild},
};

/// Twenty LogObjects and a Digest, landed; then the ledger is lost.
fn landed_and_lost() -> World {
    let mut world = World::with_logs(20);
    world.origin.insert(&digest_key(1), digest("example-logs", &digest_key(1)));
    world.run(&config(2)).unwrap();
    world.ledger = MemoryLedger::new("new");
    world
}

/// When it is rebuilt, in milliseconds since 1970.
const REBUILT_AT_MS: i64 = 1_768_600_000_000;

fn rebuilt(world: &World) -> Result<Rebuilt, RebuildError> {
    rebuilt_with(world, RebuildOptions::default())
}

fn rebuilt_with(world: &World, options: RebuildOptions) -> Result<Rebuilt, RebuildError> {
    let (bucket, ledger) = (Arc::new(world.audit.clone()), Arc::new(world.ledger.clone()));
    let holder = WorkerId::new("operator", 0);
    world.runtime().block_on(rebuild(bucket, ledger, &holder, options, Moment { unix_ms: REBUILT_AT_MS, monotonic_ms: 0 }))
}

fn remove(world: &World, wanted: impl Fn(&str) -> bool) {
    for key in world.audit.objects().into_keys().filter(|key| wanted(key)) {
        world.audit.remove(&key);
    }
}

fn is_index(key: &str) -> bool {
    matches!(ArchiveKey::parse(key), Some(ArchiveKey::Raw { kind: RawKind::Idx, .. }))
}

#[test]
fn what_sources_show_is_known_again() {
    let world = landed_and_lost();
    let told = rebuilt(&world).unwrap();
    assert_eq!((told.epoch, told.sources, told.reindexed, told.discarded, told.twice), (2, 21, 0, 0, 0));
    let again = world.run(&config(2)).unwrap();
    assert_eq!((again.landed, again.duplicates), (0, 21));
    world.assert_all_landed_once();
}

#[test]
fn lost_sources_come_back_from_the_indexes() {
    let world = landed_and_lost();
    let mut before = world.sources();
    remove(&world, |key| key.starts_with(layout::SOURCES));
    let told = rebuilt(&world).unwrap();
    assert_eq!((told.sources, told.reindexed, told.without_bytes), (21, told.batches, 0));
    let again = world.run(&config(2)).unwrap();
    assert_eq!((again.landed, again.duplicates), (0, 21));
    world.assert_all_landed_once();

    let mut after = world.sources();
    before.sort_by(|one, other| one.key.cmp(&other.key));
    after.sort_by(|one, other| one.key.cmp(&other.key));
    for (was, is) in before.iter().zip(&after) {
        let expected = if is.key.contains("CloudTrail-Digest") { Outcome::Kept } else { Outcome::Indexed };
        assert_eq!((is.outcome, &is.segment, is.segment_offset), (expected, &was.segment, was.segment_offset), "{}", is.key);
        assert_eq!((&is.stored_sha256, &is.account, is.landed_at), (&was.stored_sha256, &was.account, was.landed_at), "{}", is.key);
    }
}

#[test]
fn what_is_written_anew_is_locked_as_long_as_its_batch_and_for_a_day_at_least() {
    for days in [1, 4_000] {
        let world = landed_and_lost();
        remove(&world, |key| key.starts_with(layout::SOURCES));
        let retention = Retention { mode: LockMode::Governance, days };
        rebuilt_with(&world, RebuildOptions { retention: Some(retention), ..RebuildOptions::default() }).unwrap();
        let locks = world.audit.objects().into_iter().filter(|(key, _)| key.starts_with(layout::SOURCES));
        let locks: Vec<(BatchId, _)> = locks
            .map(|(key, object)| match ArchiveKey::parse(&key) {
                Some(ArchiveKey::Sources { batch }) => (batch, object.policy.lock),
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(!locks.is_empty());
        for (batch, lock) in locks {
            let until_ms = (batch.unix_ms() + i64::from(days) * 86_400_000).max(REBUILT_AT_MS + 86_400_000);
            assert_eq!(lock, Some((LockMode::Governance, until_ms)), "{batch}");
        }
    }
}

#[test]
fn sources_whose_bytes_are_gone_too_land_again() {
    let world = landed_and_lost();
    remove(&world, |key| {
        let packed = matches!(ArchiveKey::parse(key), Some(ArchiveKey::Raw { kind: RawKind::Gz, .. }));
        packed || key.starts_with(layout::SOURCES)
    });
    let told = rebuilt(&world).unwrap();
    assert_eq!((told.sources, told.without_bytes), (1, 20), "the Digest's bytes are there");
    let again = world.run(&config(2)).unwrap();
    assert_eq!((again.landed, again.duplicates), (20, 1));
    world.assert_all_landed_once();
}

#[test]
fn an_index_that_cannot_be_read_is_named_and_the_ledger_stays_closed() {
    let world = landed_and_lost();
    remove(&world, |key| key.starts_with(layout::SOURCES));
    let index = world.audit.objects().into_keys().find(|key| is_index(key)).unwrap();
    world.audit.insert(&index, "PAR1, but no table");
    let error = rebuilt(&world).unwrap_err();
    assert!(matches!(&error, RebuildError::IndexUnreadable { key, .. } if *key == index), "{error}");
    assert!(!world.runtime().block_on(world.ledger.identity()).unwrap().ready);
}

#[test]
fn the_ledger_of_another_archive_is_left_alone() {
    let (mut world, mut other) = (landed_and_lost(), World::with_logs(2));
    other.ledger = MemoryLedger::new("other");
    for _ in 0..100 {
        // The worlds draw the same ids otherwise.
        other.surroundings.random();
    }
    other.run(&config(1)).unwrap();
    world.ledger = other.ledger.clone();
    let error = rebuilt(&world).unwrap_err();
    assert!(matches!(error, RebuildError::OtherArchive { .. }), "{error}");
    assert_eq!(other.run(&config(1)).unwrap().duplicates, 2);
}
