//! Hours without a Digest: what was delivered and never announced is found in the log bucket, and asked for.

use trailkeep_keys::Region;

use super::world::{BEGAN_MS, HOUR_MS, World};
use crate::Settings;

pub(super) const SILENT: &str = "111122220002";

pub(super) fn settings() -> Settings {
    Settings { assume_regions: vec!["us-east-1".parse::<Region>().unwrap()], ..World::settings() }
}

/// Digests of the silent account from its third hour on.
fn newest_digests(world: &World) -> Vec<String> {
    let is_digest = |key: &String| key.contains("/CloudTrail-Digest/") && key.contains(SILENT) && !key.contains("backfill");
    world.logs.objects().into_keys().filter(is_digest).skip(2).collect()
}

/// When gaps of the silent account begin that changed so, milliseconds since 1970.
fn gaps(world: &World, change: &str) -> Vec<i64> {
    let silent = |row: &trailkeep_archive::FindingRow| row.name == "gap" && row.account.as_deref() == Some(SILENT);
    world.rows().into_iter().filter(|row| silent(row) && row.change.as_str() == change).filter_map(|row| row.since).collect()
}

/// An account whose newest Digests were not announced. Where Digests are delivered is known from the marks, four hours after the end of the trail.
pub(super) fn silent() -> (World, Vec<String>) {
    let newest = newest_digests(&World::new(|_| false));
    let world = World::new(|key| newest.iter().any(|lost| lost == key));
    (world, newest)
}

/// The same, and its log files of those hours were not announced either.
pub(super) fn quiet() -> (World, Vec<String>) {
    let newest = newest_digests(&World::new(|_| false));
    let is_late = |key: &str| {
        key.contains(SILENT) && key.contains("/CloudTrail/") && !["T00", "T01"].iter().any(|hour| key.contains(&format!("_20260115{hour}")))
    };
    let world = World::new(|key| newest.iter().any(|lost| lost == key) || is_late(key));
    (world, newest)
}

#[test]
fn digests_that_nobody_announced_are_found_in_the_log_bucket_asked_for_and_the_gap_is_resolved() {
    let (world, newest) = silent();
    let report = world.round_with(settings(), world.ports()).unwrap();
    // The other account has one, too: the hours after the trail's end, of which nothing was delivered.
    assert_eq!((report.gaps, report.heal_sent), (2, newest.len() as u64), "{report:?} {:?}", world.rows());
    assert_eq!(world.asked(), newest, "no signed Digest names them: only the folder does");
    let asked = gaps(&world, "healing");
    assert_eq!(asked, [BEGAN_MS + 2 * HOUR_MS]);
    assert_eq!(asked, gaps(&world, "opened"));

    for key in &newest {
        world.announce(key);
    }
    world.land();
    world.pass(HOUR_MS);
    let healed = world.round_with(settings(), world.ports()).unwrap();
    assert_eq!((healed.gaps, healed.heal_sent), (2, 0), "{healed:?}");
    assert_eq!(gaps(&world, "opened").last(), Some(&(BEGAN_MS + 5 * HOUR_MS)), "what is left of it");
    assert_eq!(gaps(&world, "resolved"), asked, "a gap is no one object that landed as it was signed");
}

#[test]
fn a_gap_that_an_event_seems_to_explain_is_looked_for_all_the_same() {
    let (world, newest) = quiet();
    world.record(SILENT, "StopLogging", "2026-01-15T01:50:00Z", "20260115T0155Z");
    world.land();
    let report = world.round_with(settings(), world.ports()).unwrap();
    let gap = world.rows().into_iter().find(|row| row.name == "gap" && row.account.as_deref() == Some(SILENT)).unwrap();
    assert_eq!(gap.reasons, ["trail_stopped"]);
    assert_eq!((report.heal_sent, world.asked()), (newest.len() as u64, newest), "the trail may be another one");
}

#[test]
fn a_gap_in_which_nothing_was_delivered_asks_for_nothing_and_stays_open() {
    let (world, newest) = silent();
    for key in &newest {
        world.logs.remove(key);
    }
    for _ in 0..3 {
        let report = world.round_with(settings(), world.ports()).unwrap();
        assert_eq!((report.gaps, report.heal_sent), (2, 0), "{report:?}");
        world.pass(60_000);
    }
    assert_eq!((gaps(&world, "opened").len(), gaps(&world, "resolved").len(), world.asked().len()), (1, 0, 0));
}

#[test]
fn without_a_log_bucket_to_look_into_a_gap_is_told_and_nothing_is_asked_for() {
    let (world, _) = silent();
    let ports = crate::Ports { log_buckets: None, ..world.ports() };
    let report = world.round_with(settings(), ports).unwrap();
    assert_eq!((report.gaps, report.heal_sent, report.outcome()), (2, 0, "done"));
}
