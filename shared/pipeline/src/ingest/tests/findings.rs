//! What is odd about an object is told by name, and its bytes are kept.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use trailkeep_archive::{Outcome, SourceKind};

use super::{
    super::{Observer, Shutdown, Silent, ingest},
    world::{World, config, digest, digest_key, gzip, log, log_key},
};
use crate::ports::bucket::PutPolicy;

#[test]
fn an_unreadable_object_lands_verbatim_with_its_reason() {
    let world = World::with_logs(2);
    let picture = b"\x89PNG\r\n\x1a\n not a log".to_vec();
    world.origin.insert(&log_key(7), picture.clone());
    let summary = world.run(&config(1)).unwrap();
    assert_eq!((summary.landed, summary.unreadable), (3, 1));

    let row = world.sources().into_iter().find(|row| row.key == log_key(7)).unwrap();
    assert_eq!((row.outcome, row.landed), (Outcome::Quarantined, 0));
    assert!(row.segment.ends_with(".bin"), "{}", row.segment);
    assert_eq!(world.original(&row), Bytes::from(picture));
    let quarantine = world.quarantine();
    assert_eq!(quarantine.len(), 1);
    assert_eq!(Some(&quarantine[0].reason), row.reason.as_ref());
    assert_eq!((&quarantine[0].segment, quarantine[0].segment_offset), (&row.segment, row.segment_offset));
    world.assert_all_landed_once();
}

#[test]
fn an_empty_object_is_landed_and_named() {
    let world = World::new(Some("example-logs"));
    world.origin.insert(&log_key(0), Vec::new());
    let summary = world.run(&config(1)).unwrap();
    assert_eq!((summary.landed, summary.unreadable, world.quarantine().len()), (1, 1, 1));
}

#[test]
fn a_digest_lands_verbatim_with_its_signature() {
    let world = World::new(Some("example-logs"));
    let body = digest("example-logs", &digest_key(1));
    let metadata =
        BTreeMap::from([("signature".to_owned(), "abcd".to_owned()), ("signature-algorithm".to_owned(), "SHA256withRSA".to_owned())]);
    world.origin.insert_with(&digest_key(1), body.clone(), PutPolicy { metadata: metadata.clone(), ..PutPolicy::default() });
    let summary = world.run(&config(1)).unwrap();
    assert_eq!((summary.landed, summary.digests, summary.records), (1, 1, 0));

    let row = &world.sources()[0];
    assert_eq!((row.kind, row.outcome, row.records), (SourceKind::Digest, Outcome::Kept, 0));
    assert_eq!(row.metadata, metadata);
    assert_eq!((row.first_event_at, row.last_event_at), (Some(1_768_435_800_000), Some(1_768_438_200_000)));
    assert!(row.segment.starts_with("digests/day="), "{}", row.segment);
    assert_eq!(world.original(row), Bytes::from(body));
}

/// Takes an object away as soon as it has been listed.
struct TakesAway<'a>(&'a World, String);

impl Observer for TakesAway<'_> {
    fn listed(&self, _objects: u64, _taken: u64, _bytes: u64) {
        self.0.origin.remove(&self.1);
    }
}

#[test]
fn an_object_that_is_gone_when_it_is_read_is_a_finding() {
    let world = World::with_logs(3);
    let observer = TakesAway(&world, log_key(1));
    let summary = ingest(&config(1), &world.ports("process"), &Shutdown::default(), &observer).unwrap();
    assert_eq!((summary.landed, summary.missing, summary.try_again), (2, 1, 0));
    let quarantine = world.quarantine();
    assert_eq!((quarantine.len(), quarantine[0].reason.as_str(), quarantine[0].key.as_str()), (1, "object_missing", log_key(1).as_str()));

    world.origin.insert(&log_key(1), log(1));
    assert_eq!(world.run(&config(1)).unwrap().landed, 1, "it lands if it comes back");
    world.assert_all_landed_once();
}

#[test]
fn an_archived_object_is_left_to_be_tried_again() {
    let world = World::with_logs(3);
    world.origin.archive(&log_key(1), "DEEP_ARCHIVE");
    let summary = world.run(&config(1)).unwrap();
    assert_eq!((summary.landed, summary.try_again), (2, 1));
    assert_eq!(summary.try_again_reasons, BTreeMap::from([("in an archived storage class".to_owned(), 1)]));

    world.origin.insert(&log_key(1), log(1));
    assert_eq!(world.run(&config(1)).unwrap().landed, 1);
    world.assert_all_landed_once();
}

#[test]
fn other_content_under_a_landed_key_is_a_revision_and_a_finding() {
    let world = World::with_logs(2);
    world.run(&config(1)).unwrap();
    world.origin.insert(&log_key(1), log(99));
    let summary = world.run(&config(1)).unwrap();
    assert_eq!((summary.landed, summary.revisions, summary.duplicates), (1, 1, 1));
    let revisions: Vec<u32> = world.sources().iter().filter(|row| row.key == log_key(1)).map(|row| row.revision).collect();
    assert_eq!(revisions.len(), 2);
    assert!(revisions.contains(&1) && revisions.contains(&2));
    assert_eq!(world.quarantine().iter().map(|row| row.reason.as_str()).collect::<Vec<_>>(), ["other_content"]);

    let third = world.run(&config(1)).unwrap();
    assert_eq!((third.landed, third.duplicates), (0, 2), "the revision is known as well");
}

#[test]
fn an_object_over_the_whole_buffer_limit_is_landed_piece_by_piece() {
    let world = World::with_logs(2);
    let mut config = config(1);
    config.limits.whole_object_bytes = 64;
    let summary = world.run(&config).unwrap();
    assert_eq!((summary.landed, summary.unreadable), (2, 0));
    assert!(world.sources().iter().all(|row| row.segment.ends_with(".gz")));
    world.assert_all_landed_once();
}

#[test]
fn a_large_object_with_other_content_is_a_revision_too() {
    let world = World::with_logs(1);
    let mut config = config(1);
    config.limits.whole_object_bytes = 64;
    world.run(&config).unwrap();
    world.origin.insert(&log_key(0), log(1));
    let summary = world.run(&config).unwrap();
    assert_eq!((summary.landed, summary.revisions), (1, 1));
    let again = world.run(&config).unwrap();
    assert_eq!((again.landed, again.duplicates), (0, 1));
}

#[test]
fn an_object_over_the_absolute_cap_is_a_finding() {
    let world = World::with_logs(1);
    let mut config = config(1);
    (config.limits.whole_object_bytes, config.limits.object_bytes) = (64, 65);
    let summary = world.run(&config).unwrap();
    assert_eq!((summary.landed, summary.missing), (0, 1));
    assert_eq!(world.quarantine()[0].reason, "object_too_large");
}

#[test]
fn two_members_lie_beside_the_clean_ones() {
    let world = World::with_logs(1);
    let mut twice = log(5);
    twice.extend(gzip(b" "));
    world.origin.insert(&log_key(5), twice);
    world.run(&config(1)).unwrap();
    let row = world.sources().into_iter().find(|row| row.key == log_key(5)).unwrap();
    assert!(row.segment.ends_with(".bin") && row.flags.contains(&"several_members".to_owned()), "{row:?}");
    world.assert_all_landed_once();
}

#[test]
fn a_run_takes_over_what_a_dead_one_held() {
    let world = World::with_logs(4);
    let dead = world.ports("dead");
    let open = |ports: &super::super::IngestPorts| {
        let batch = trailkeep_archive::BatchId::new(1, 1);
        let owner = crate::ports::ledger::WorkerId::new("dead", 0);
        let opened = world.runtime().block_on(ports.protocol.open(batch, owner, crate::protocol::Moment::default())).unwrap();
        let source = crate::ports::ledger::SourceId::new("example-logs", log_key(2));
        world.runtime().block_on(ports.protocol.admit(&opened, &[source], crate::protocol::Moment::default())).unwrap();
    };
    open(&dead);
    let held = world.run(&config(1)).unwrap();
    assert_eq!((held.landed, held.try_again), (3, 1), "its worker may live");

    let next = ingest(&config(1), &world.ports_with("next", Duration::ZERO), &Shutdown::default(), &Silent).unwrap();
    assert_eq!((next.landed, next.duplicates, next.recovered), (1, 3, 1));
    world.assert_all_landed_once();
}
