//! Breaks: logging that was stopped, and what only looks like it.

use trailkeep_digests::BreakKind;

use crate::forge::{ACCOUNT, HOUR, T0, Trail, judge, told};

const MINUTE: i64 = 60_000;

#[test]
fn a_restart_after_stopped_logging_is_a_break_and_no_proof() {
    let mut trail = Trail::new();
    let mut objects = trail.hours(0..2);
    objects.push(trail.period(T0 + 2 * HOUR, T0 + 2 * HOUR + 20 * MINUTE));
    trail.previous = None;
    objects.push(trail.period(T0 + 5 * HOUR + 7 * MINUTE, T0 + 6 * HOUR + 7 * MINUTE));
    objects.push(trail.period(T0 + 6 * HOUR + 7 * MINUTE, T0 + 7 * HOUR + 7 * MINUTE));
    let report = judge(&trail, &objects, 8);
    assert_eq!(told(&report), ["begins ?-0", "restarts 2:20-5:07", "proven 0-2:20", "proven 5:07-7:07"]);
    assert!(report.is_clean());
    assert_eq!(report.breaks.last().map(|last| (last.kind, last.digest)), Some((BreakKind::Restarts, 3)));
}

#[test]
fn a_digest_deleted_after_a_restart_is_missing_and_one_before_it_makes_the_break_longer() {
    let mut trail = Trail::new();
    let mut objects = trail.hours(0..3);
    trail.previous = None;
    for hour in 6..9 {
        objects.push(trail.period(T0 + hour * HOUR + 7 * MINUTE, T0 + (hour + 1) * HOUR + 7 * MINUTE));
    }
    let without = |index: usize| {
        let mut objects = objects.clone();
        objects.remove(index);
        told(&judge(&trail, &objects, 10))
    };
    assert_eq!(
        without(4),
        ["missing_digests 7:07-8:07 1", "begins ?-0", "restarts 3-6:07", "proven 0-3", "proven 6:07-7:07", "proven 8:07-9:07"]
    );
    // No Digest names the last one before a break: the time is told as unproven.
    assert_eq!(without(2), ["begins ?-0", "restarts 2-6:07", "proven 0-2", "proven 6:07-9:07"]);
    // Without the starting Digest, the one after it names it.
    assert_eq!(without(3), ["missing_digests 3-7:07 5", "begins ?-0", "proven 0-3", "proven 7:07-9:07"]);
}

#[test]
fn a_start_on_the_old_cadence_is_suspicious() {
    let mut trail = Trail::new();
    let mut objects = trail.hours(0..2);
    trail.previous = None;
    objects.extend(trail.hours(4..6));
    let expect = ["suspicious_start [2] on_the_old_cadence", "begins ?-0", "restarts_suspiciously 2-4", "proven 0-2", "proven 4-6"];
    assert_eq!(told(&judge(&trail, &objects, 6)), expect);
}

#[test]
fn a_start_without_time_between_is_suspicious() {
    let mut trail = Trail::new();
    let mut objects = trail.hours(0..2);
    trail.previous = None;
    objects.extend(trail.hours(2..3));
    let lines = told(&judge(&trail, &objects, 3));
    assert_eq!(lines, ["suspicious_start [2] no_time_passed", "begins ?-0", "restarts_suspiciously 2-2", "proven 0-3"]);
}

#[test]
fn a_start_after_a_digest_that_is_not_verified_is_suspicious() {
    let mut trail = Trail::new();
    let mut objects = trail.hours(0..3);
    objects[2].signature = objects[1].signature.clone();
    trail.previous = None;
    objects.push(trail.period(T0 + 4 * HOUR + 7 * MINUTE, T0 + 5 * HOUR + 7 * MINUTE));
    let expect = [
        "[2] signature_invalid",
        "suspicious_start [3] last_digest_not_verified",
        "begins ?-0",
        "restarts_suspiciously 2-4:07",
        "proven 0-2",
        "proven 4:07-5:07",
    ];
    assert_eq!(told(&judge(&trail, &objects, 6)), expect);
}

#[test]
fn a_trail_that_becomes_an_organizations_has_its_past_elsewhere() {
    let mut trail = Trail::new();
    let before = trail.hours(0..2);
    trail.folder = format!("AWSLogs/o-exampleorgid/{ACCOUNT}");
    let objects = trail.hours(2..4);
    assert_eq!(told(&judge(&trail, &objects, 4)), ["missing_digests ?-2 1", "proven 2-4"]);
    let lines = told(&judge(&Trail::new(), &before, 4));
    assert_eq!(lines, ["missing_newest 2-4 2", "begins ?-0", "proven 0-2"]);
}

#[test]
fn backfill_digests_add_to_their_period_and_are_a_series_of_their_own() {
    let mut trail = Trail::new();
    let mut objects = trail.hours(0..4);
    let first = trail.backfill(1, T0 + 40 * HOUR, None);
    let second = trail.backfill(2, T0 + 41 * HOUR, Some(&first));
    objects.extend([second.clone(), first.clone()]);
    let report = judge(&trail, &objects, 4);
    assert_eq!(told(&report), ["begins ?-0", "proven 0-4"]);
    assert_eq!((&report.outcomes[5].adds_to, &report.outcomes[4].adds_to), (&vec![1], &vec![2]));

    // Without the first one, the second names what is missing; without the Digest of its hour, nothing is filled.
    let missing = told(&judge(&trail, &[objects[0].clone(), objects[1].clone(), objects[2].clone(), objects[3].clone(), second], 4));
    assert_eq!(missing, ["missing_backfill [4]", "begins ?-0", "proven 0-4"]);
    let report = judge(&trail, &[objects[0].clone(), objects[2].clone(), objects[3].clone(), first], 4);
    assert_eq!(told(&report), ["missing_digests 1-2 1", "begins ?-0", "proven 0-1", "proven 2-4"]);
    assert!(report.outcomes[3].adds_to.is_empty());
}

#[test]
fn a_backfill_digest_says_when_it_was_made_and_no_other_does() {
    let trail = Trail::new();
    let mut backfill = trail.backfill(0, T0 + 9 * HOUR, None);
    assert!(backfill.names().is_empty());
    backfill.backfill = Some("yesterday".to_owned());
    assert_eq!(backfill.names(), ["odd_metadata_backfill_generation_timestamp"]);
    backfill.backfill = None;
    assert_eq!(backfill.names(), ["missing_metadata_backfill_generation_timestamp"]);
    let mut usual = Trail::new().hour(0);
    usual.backfill = Some("2026-01-15T09:00:00.000Z".to_owned());
    assert_eq!(usual.names(), ["backfill_mismatch"]);
    // The key must have been valid when it was made, not at the hour that it is about.
    let late = trail.backfill(0, T0 + 500 * HOUR, None);
    assert_eq!(late.names(), ["key_outside_validity"]);
}
