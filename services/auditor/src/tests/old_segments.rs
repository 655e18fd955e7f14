//! Segments of old days have their turn, each once in a cycle, and no day has more than its share.

use std::collections::{BTreeMap, BTreeSet};

use trailkeep_archive::{
    BatchId, ClassLabel, Outcome, SourceKind, SourceRow,
    layout::{self, RawKind},
    write_sources,
};
use trailkeep_synth::{DEFAULT_BUCKET, Scale};

use super::world::{BEGAN_MS, HOUR_MS, World};

const DAY_MS: i64 = 24 * HOUR_MS;
/// Old days of the archive, one Batch each: more than a cycle has.
const OLD_DAYS: i64 = 33;
/// In how many days each segment is asked for once.
const CYCLE_DAYS: i64 = 30;
/// Those days lie so long ago that no verification looks at them any more.
const AGO_DAYS: i64 = 200;
const ACCOUNT: &str = "111122220001";

/// Puts a Batch of one log file there that landed on a day long ago. Gives its segment's key.
fn batch_of(world: &World, day: i64) -> String {
    let at_ms = BEGAN_MS - AGO_DAYS * DAY_MS + day * DAY_MS + HOUR_MS;
    let batch = BatchId::new(at_ms, u64::try_from(day).unwrap());
    let segment = layout::raw_key(&ClassLabel::default(), &batch, RawKind::Gz);
    let body = b"stored".to_vec();
    let row = SourceRow {
        bucket: DEFAULT_BUCKET.to_owned(),
        key: format!("AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2025/07/01/{ACCOUNT}_CloudTrail_us-east-1_20250701T0000Z_{day:016}.json.gz"),
        version: None,
        etag: None,
        revision: 1,
        kind: SourceKind::Log,
        organization: None,
        account: Some(ACCOUNT.to_owned()),
        region: Some("us-east-1".to_owned()),
        delivered_at: Some(at_ms),
        modified_at: None,
        content_type: None,
        content_encoding: None,
        metadata: BTreeMap::new(),
        stored_bytes: body.len() as u64,
        inflated_bytes: Some(1),
        stored_sha256: "ab".repeat(32),
        inflated_sha256: Some("cd".repeat(32)),
        outcome: Outcome::Landed,
        reason: None,
        flags: Vec::new(),
        records: 0,
        landed: 0,
        duplicates: 0,
        quarantined: 0,
        first_event_at: None,
        last_event_at: None,
        segment: segment.clone(),
        segment_version: None,
        segment_checksum: None,
        segment_offset: 0,
        segment_length: body.len() as u64,
        batch,
        landed_at: at_ms,
    };
    world.audit.insert(&segment, body);
    world.audit.insert(&layout::sources_key(&batch), write_sources(&[row]).unwrap());
    segment
}

/// Segments that were found not to stand, by any round so far, each as often as it was opened.
fn opened(world: &World) -> Vec<String> {
    let rows = world.rows().into_iter().filter(|row| row.name.starts_with("segment_") && row.change.as_str() == "opened");
    rows.filter_map(|row| row.key).collect()
}

#[test]
fn every_old_segment_is_looked_at_within_its_cycle_of_days() {
    let world = World::of(1, Scale::EventsPerHour(100), |_| false);
    let old: BTreeSet<String> = (0..OLD_DAYS).map(|day| batch_of(&world, day)).collect();
    world.round();
    for _ in 0..CYCLE_DAYS {
        world.pass(DAY_MS);
        world.round();
    }
    assert_eq!(opened(&world), Vec::<String>::new(), "all of them stand");

    for segment in &old {
        world.audit.remove(segment);
    }
    let mut before = 0;
    for _ in 0..CYCLE_DAYS {
        world.pass(DAY_MS);
        world.round();
        let found = opened(&world).len();
        assert!(found - before <= 2, "no day has more than its share: {before}, {found}");
        before = found;
    }
    let found = opened(&world);
    assert_eq!(found.len(), old.len(), "each is opened once");
    assert_eq!(found.into_iter().collect::<BTreeSet<String>>(), old, "every one had its turn");
}
