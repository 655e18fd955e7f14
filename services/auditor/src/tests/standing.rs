//! How open findings stand: what changes of them is told, under the same id, and what lasts has no end.

use trailkeep_archive::{FindingRow, Severity};

use super::{
    silence::{SILENT, quiet, settings, silent},
    world::{BEGAN_MS, HOUR_MS, World},
};
use crate::RoundReport;

/// Changes of the silent account's gap, oldest first.
fn gap(world: &World) -> Vec<FindingRow> {
    world.rows().into_iter().filter(|row| row.name == "gap" && row.account.as_deref() == Some(SILENT)).collect()
}

fn round(world: &World) -> RoundReport {
    // Nothing can be asked for: only what is told is looked at.
    world.round_with(settings(), crate::Ports { log_buckets: None, ..world.ports() }).unwrap()
}

fn told(world: &World) -> Vec<(&'static str, Severity, Vec<String>, Option<i64>)> {
    gap(world).into_iter().map(|row| (row.change.as_str(), row.severity, row.reasons, row.until)).collect()
}

#[test]
fn a_new_account_that_stays_silent_for_more_than_a_day_is_told_again_and_is_no_longer_low() {
    let (world, _) = quiet();
    for _ in 0..4 {
        round(&world);
        world.pass(12 * HOUR_MS);
    }
    let usual = ("opened", Severity::Low, vec!["new_account".to_owned()], None);
    assert_eq!(told(&world), [usual, ("changed", Severity::Medium, vec!["unknown".to_owned()], None)]);
    let [opened, changed] = &gap(&world)[..] else { unreachable!("two changes") };
    assert_eq!((&opened.id, opened.since, opened.first_seen), (&changed.id, changed.since, changed.first_seen));
    assert_eq!((changed.since, changed.how_many), (Some(BEGAN_MS + 2 * HOUR_MS), None), "nobody knows how long it will have been");
    assert!(!changed.detail.contains(|digit: char| digit.is_ascii_digit()), "{}", changed.detail);

    let message = world.heard().into_iter().rfind(|body| body["id"] == changed.id.as_str()).unwrap();
    assert_eq!((&message["state"], &message["severity"], &message["to"]), (&"changed".into(), &"medium".into(), &serde_json::Value::Null));
}

#[test]
fn an_event_that_stopped_the_trail_and_was_read_later_is_linked() {
    let (world, _) = quiet();
    world.pass(30 * HOUR_MS);
    round(&world);
    let id = world.record(SILENT, "StopLogging", "2026-01-15T01:50:00Z", "20260115T0155Z");
    world.land();
    world.pass(HOUR_MS);
    round(&world);
    let rows = gap(&world);
    let [_, linked] = &rows[..] else { unreachable!("two changes: {rows:?}") };
    assert_eq!((linked.change.as_str(), linked.reasons.as_slice()), ("changed", ["trail_stopped".to_owned()].as_slice()));
    let evidence = |name: &str| linked.evidence.get(name).map(String::as_str);
    assert_eq!((evidence("event_id"), evidence("event_name")), (Some(id.as_str()), Some("StopLogging")));
    assert_eq!(evidence("event_at"), Some("2026-01-15T01:50:00.000Z"));
}

#[test]
fn what_lasts_is_told_once_for_seventy_days_and_its_cause_is_not_forgotten_with_the_window() {
    let (world, _) = quiet();
    world.record(SILENT, "StopLogging", "2026-01-15T01:50:00Z", "20260115T0155Z");
    world.land();
    for _ in 0..12 {
        round(&world);
        world.pass(144 * HOUR_MS);
    }
    assert_eq!(told(&world), [("opened", Severity::Medium, vec!["trail_stopped".to_owned()], None)]);
}

#[test]
fn a_gap_that_ended_is_told_with_its_end() {
    let (world, newest) = silent();
    round(&world);
    // The last Digest alone: the hours before it stay without one.
    world.announce(newest.last().unwrap());
    world.land();
    world.pass(HOUR_MS);
    round(&world);
    let ended = gap(&world).into_iter().find(|row| row.change.as_str() == "changed").unwrap();
    assert_eq!((ended.since, ended.until), (Some(BEGAN_MS + 2 * HOUR_MS), Some(BEGAN_MS + 4 * HOUR_MS)));
    assert_eq!(ended.how_many, Some(2));
    round(&world);
    assert_eq!(gap(&world).iter().filter(|row| row.since == ended.since).count(), 2, "and once");
}
