//! Every cause, the half hours, and what holds for any input.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use proptest::prelude::*;

use super::{TrailEventKind as Kind, *};

/// 2026-01-15T00:00:00Z.
const T0: i64 = 1_768_435_200_000;
const HOURS: i64 = 48;

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

fn region() -> Region {
    "eu-west-1".parse().unwrap()
}

fn scope() -> AccountScope {
    AccountScope {
        account: account(),
        status: AccountStatus::Active,
        joined_ms: None,
        left_ms: None,
        regions: vec![RegionScope { region: region(), enablement: Enablement::Enabled(None), until_ms: None }],
    }
}

fn coverage(scope: AccountScope) -> Coverage {
    Coverage::new(T0, T0 + HOURS * HOUR_MS, &[scope]).unwrap()
}

/// Digests that begin 32 minutes past each of these hours, one second early or late by turns.
fn feed(coverage: &mut Coverage, hours: impl IntoIterator<Item = i64>, log_files: u64) {
    for hour in hours {
        let at = |hour: i64| T0 + hour * HOUR_MS - HOUR_MS + 32 * 60_000 + hour % 2 * 1000;
        coverage.digest(&ObservedDigest { account: account(), region: region(), start_ms: at(hour), end_ms: at(hour + 1), log_files });
    }
}

fn land(coverage: &mut Coverage, hours: impl IntoIterator<Item = i64>) {
    for hour in hours {
        let delivered_ms = T0 + hour * HOUR_MS + 60_000;
        deliver(coverage, delivered_ms, None);
    }
}

fn deliver(coverage: &mut Coverage, delivered_ms: i64, last_event_ms: Option<i64>) {
    let landed_ms = Some(delivered_ms + 90_000);
    coverage.source(&ObservedSource { account: account(), region: region(), delivered_ms, last_event_ms, landed_ms });
}

/// Start and end of each gap in hours, with its cause.
fn gaps(report: &Report) -> Vec<(i64, i64, &'static str)> {
    let hour = |ms: i64| (ms - T0) / HOUR_MS;
    report.gaps.iter().map(|gap| (hour(gap.since_ms), hour(gap.until_ms), gap.cause.name())).collect()
}

#[test]
fn hourly_digests_cover_every_hour_whatever_minute_they_begin_at() {
    let mut all = coverage(scope());
    feed(&mut all, 0..=HOURS, 1);
    land(&mut all, 0..HOURS);
    let report = all.finish();
    assert_eq!((gaps(&report), report.is_complete(), report.covered_basis_points()), (vec![], true, Some(10_000)));
    assert_eq!(report.cells[0].lag, LagSummary { files: 48, p50_secs: 90, p95_secs: 90, p99_secs: 90, max_secs: 90, negative: 0 });

    for lost in 1..HOURS {
        let mut one = coverage(scope());
        feed(&mut one, (0..=HOURS).filter(|hour| *hour != lost), 0);
        let report = one.finish();
        assert_eq!(report.cells[0].covered_hours, 47, "{lost}");
        assert_eq!((report.covered_basis_points(), report.cells[0].standing), (Some(9791), Standing::Incomplete));
        assert_eq!(gaps(&report).len(), 1);
    }
}

#[test]
fn gaps_are_merged_and_have_a_likely_cause() {
    let with = |scope: AccountScope, digests: Vec<i64>, sources: Vec<i64>, events: &[TrailEvent]| {
        let mut coverage = coverage(scope);
        feed(&mut coverage, digests, 0);
        land(&mut coverage, sources);
        for event in events {
            coverage.trail_event(event.clone());
        }
        gaps(&coverage.finish())
    };
    let day = |from: i64, to: i64| (from..to).collect::<Vec<_>>();
    let without = |from: i64, to: i64| (0..=HOURS).filter(|hour| !(from..to).contains(hour)).collect::<Vec<_>>();
    assert_eq!(with(scope(), without(20, 25), vec![], &[]), [(20, 25, "unknown")]);
    assert_eq!(with(scope(), without(20, 25), day(0, 48), &[]), [(20, 25, "notification_lost")]);
    assert_eq!(with(scope(), vec![], day(0, 48), &[]), [(0, 48, "never_signed")]);
    assert_eq!(with(scope(), vec![], vec![], &[]), [(0, 48, "never_delivered")]);

    let joined = AccountScope { joined_ms: Some(T0 + 10 * HOUR_MS - 5), ..scope() };
    assert_eq!(with(joined.clone(), day(13, 49), vec![], &[]), [(10, 13, "new_account")]);
    assert_eq!(with(joined, day(40, 49), vec![], &[]), [(10, 40, "unknown")]);
    let enabled = RegionScope { region: region(), enablement: Enablement::Enabled(Some(T0 + 10 * HOUR_MS)), until_ms: None };
    let enabled = AccountScope { regions: vec![enabled], ..scope() };
    assert_eq!(with(enabled, day(12, 49), vec![], &[]), [(10, 12, "region_newly_enabled")]);

    let suspended = |since: Option<i64>| AccountScope { status: AccountStatus::Suspended(since), ..scope() };
    assert_eq!(with(suspended(None), day(0, 30), vec![], &[]), [(30, 48, "suspended")]);
    assert_eq!(with(suspended(Some(T0 + 30 * HOUR_MS)), day(0, 30), vec![], &[]), []);
    assert_eq!(with(AccountScope { left_ms: Some(T0), ..scope() }, vec![], vec![], &[]), []);
}

#[test]
fn a_stopped_trail_is_linked_with_the_event_that_stopped_it() {
    let stop =
        |hour: i64, kind| TrailEvent { at_ms: T0 + hour * HOUR_MS + 60_000, kind, account: None, region: None, event_id: hour.to_string() };
    let cause = |events: &[TrailEvent], sources: bool| {
        let mut coverage = coverage(scope());
        feed(&mut coverage, (0..20).chain(25..=HOURS), 0);
        land(&mut coverage, if sources { 0..HOURS } else { 0..0 });
        for event in events {
            coverage.trail_event(event.clone());
        }
        coverage.finish().gaps[0].cause.clone()
    };
    let stopped = |kind, hour: i64| Cause::TrailStopped { kind, at_ms: T0 + hour * HOUR_MS + 60_000, event_id: hour.to_string() };
    assert_eq!(cause(&[stop(19, Kind::StopLogging), stop(24, Kind::Started)], false), stopped(Kind::StopLogging, 19));
    assert_eq!(cause(&[stop(18, Kind::StopLogging), stop(19, Kind::DeleteTrail)], false), stopped(Kind::DeleteTrail, 19));
    assert_eq!(cause(&[stop(18, Kind::StopLogging), stop(19, Kind::Started)], false), Cause::Unknown);
    assert_eq!(cause(&[stop(10, Kind::StopLogging)], false), Cause::Unknown);
    assert_eq!(cause(&[stop(22, Kind::StopLogging)], false), Cause::Unknown);
    assert_eq!(cause(&[stop(19, Kind::StopLogging)], true), Cause::NotificationLost);
    assert_eq!(cause(&[stop(19, Kind::UpdateTrail)], true), stopped(Kind::UpdateTrail, 19));
    let elsewhere = TrailEvent { region: "us-east-1".parse().ok(), ..stop(19, Kind::StopLogging) };
    assert_eq!(cause(&[elsewhere], false), Cause::Unknown);
}

#[test]
fn what_was_recorded_before_a_trail_was_stopped_may_be_delivered_after_and_what_was_recorded_since_speaks_against_it() {
    let cause = |delivered_min: i64, last_event_min: Option<i64>| {
        let mut coverage = coverage(scope());
        feed(&mut coverage, (0..20).chain(25..=HOURS), 0);
        let minute = |minute: i64| T0 + 20 * HOUR_MS + minute * 60_000;
        deliver(&mut coverage, minute(delivered_min), last_event_min.map(minute));
        let event_id = "stop".to_owned();
        coverage.trail_event(TrailEvent { at_ms: minute(2), kind: Kind::StopLogging, account: None, region: None, event_id });
        coverage.finish().gaps[0].cause.name()
    };
    assert_eq!(cause(14, Some(1)), "trail_stopped");
    assert_eq!(cause(75, Some(-20)), "trail_stopped", "delivered an hour late");
    assert_eq!(cause(75, Some(70)), "notification_lost", "recorded after it was stopped");
    assert_eq!(cause(75, None), "notification_lost", "when it was recorded is not known");
    assert_eq!(cause(14, None), "trail_stopped", "within the hour in which it was stopped");
}

#[test]
fn a_region_that_was_found_to_be_off_is_expected_until_then() {
    let off = RegionScope { region: region(), enablement: Enablement::Enabled(None), until_ms: Some(T0 + 30 * HOUR_MS + 5) };
    let mut coverage = coverage(AccountScope { regions: vec![off], ..scope() });
    feed(&mut coverage, 0..30, 0);
    let report = coverage.finish();
    assert_eq!((gaps(&report), report.cells[0].expected_hours, report.is_complete()), (vec![], 30, true));
}

#[test]
fn digests_that_list_files_of_which_none_landed_are_a_gap() {
    let mut lost = coverage(scope());
    feed(&mut lost, 0..=HOURS, 5);
    land(&mut lost, (0..20).chain(25..HOURS));
    let report = lost.finish();
    assert_eq!(gaps(&report), [(21, 24, "notification_lost")]);
    assert_eq!(report.gaps[0].lacks, Lacks::Sources);
}

#[test]
fn what_is_not_known_is_never_complete() {
    let region = |enablement| vec![RegionScope { region: region(), enablement, until_ms: None }];
    let unknown_region = AccountScope { regions: region(Enablement::Unknown), ..scope() };
    let unknown_account = AccountScope { status: AccountStatus::Unknown, ..scope() };
    let assumed = AccountScope { regions: region(Enablement::Assumed), ..scope() };
    let nowhere = AccountScope { regions: vec![], ..scope() };
    for (scope, standing, complete) in [
        (unknown_region, Some(Standing::Unknown), false),
        (unknown_account, Some(Standing::Unknown), false),
        (assumed, Some(Standing::Complete), true),
        (nowhere, None, false),
    ] {
        let mut coverage = coverage(scope);
        feed(&mut coverage, 0..=HOURS, 0);
        let report = coverage.finish();
        assert_eq!((report.cells.first().map(|cell| cell.standing), report.is_complete()), (standing, complete));
    }
    let mut strange = Coverage::new(T0, T0 + 1, &[]).unwrap();
    feed(&mut strange, 0..3, 0);
    land(&mut strange, 5..6);
    let report = strange.finish();
    assert!(!report.is_complete(), "of an empty roster nothing is known");
    let met = report.unexpected.into_values().next().unwrap();
    assert_eq!((met.digests, met.sources, met.last_ms), (3, 1, T0 + 5 * HOUR_MS + 60_000));
}

#[test]
fn a_month_of_a_large_organization_takes_three_bitmaps_of_8_mb() {
    let regions: Vec<RegionScope> = (0..17)
        .map(|number| RegionScope { region: format!("xx-{number}").parse().unwrap(), enablement: Enablement::Assumed, until_ms: None })
        .collect();
    let roster: Vec<AccountScope> = (0..5000)
        .map(|number| AccountScope { account: format!("{number:012}").parse().unwrap(), regions: regions.clone(), ..scope() })
        .collect();
    let report = Coverage::new(T0, T0 + 31 * 24 * HOUR_MS, &roster).unwrap().finish();
    assert_eq!((report.cells.len(), report.gaps.len(), report.hours()), (85_000, 85_000, (85_000 * 744, 0)));
    assert_eq!(Coverage::new(T0, T0 + 2 * 365 * 24 * HOUR_MS, &roster).unwrap_err(), CoverageError::TooLarge(85_000 * 17_520));
    assert_eq!(Coverage::new(T0, T0, &roster).unwrap_err(), CoverageError::EmptyWindow);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_input_gives_gaps_within_what_is_expected_in_any_order(
        window in (any::<i64>(), 0..200 * HOUR_MS),
        joined in prop::option::of(any::<i64>()),
        left in prop::option::of(any::<i64>()),
        offsets in prop::collection::vec((-300 * HOUR_MS..300 * HOUR_MS, -10..50 * HOUR_MS, any::<u8>()), 0..40),
    ) {
        let (since, length) = window;
        let scope = AccountScope { joined_ms: joined, left_ms: left, ..scope() };
        let run = |reversed: bool| {
            let mut coverage = Coverage::new(since, since.saturating_add(length), std::slice::from_ref(&scope)).ok()?;
            let mut offsets = offsets.clone();
            if reversed {
                offsets.reverse();
            }
            for (offset, length, what) in offsets {
                let at = since.saturating_add(offset);
                match what % 3 {
                    0 => coverage.source(&ObservedSource { account: account(), region: region(), delivered_ms: at, last_event_ms: None, landed_ms: Some(at.saturating_add(length)) }),
                    _ => coverage.digest(&ObservedDigest { account: account(), region: region(), start_ms: at, end_ms: at.saturating_add(length), log_files: u64::from(what % 3 - 1) }),
                }
            }
            Some(coverage.finish())
        };
        let report = run(false);
        prop_assert_eq!(&report, &run(true));
        if let Some(report) = report {
            let cell = &report.cells[0];
            prop_assert!(cell.covered_hours <= cell.expected_hours);
            let missing: i64 = report.gaps.iter().map(|gap| (gap.until_ms.saturating_sub(gap.since_ms)) / HOUR_MS).sum();
            let clipped = !(i64::MIN + HOUR_MS..=i64::MAX - 300 * HOUR_MS).contains(&since);
            prop_assert!(clipped || missing as u64 == cell.expected_hours - cell.covered_hours);
        }
    }
}

proptest! {
    /// Digests and log files, in any order, of one who is expected and one who is not: folded first they come to the same.
    #[test]
    fn what_is_folded_first_comes_to_the_same(
        digests in prop::collection::vec((-3 * 60..51 * 60_i64, 1..180_i64, 0..2_u64, any::<bool>()), 0..40),
        logs in prop::collection::vec((-60..49 * 60_i64, prop::option::of(-90..0_i64), prop::option::of(-10..5_000_i64), any::<bool>()), 0..60),
    ) {
        let stranger: AccountId = "444455556666".parse().unwrap();
        let whose = |strange: bool| if strange { stranger } else { account() };
        let mut plain = coverage(scope());
        let mut folded = Folded::new(T0, T0 + HOURS * HOUR_MS).unwrap();
        for (start, minutes, log_files, strange) in digests {
            let start_ms = T0 + start * 60_000;
            let digest = ObservedDigest { account: whose(strange), region: region(), start_ms, end_ms: start_ms + minutes * 60_000, log_files };
            plain.digest(&digest);
            folded.digest(&digest);
        }
        for (minute, last, lag, strange) in logs {
            let delivered_ms = T0 + minute * 60_000;
            let last_event_ms = last.map(|minutes| delivered_ms + minutes * 60_000);
            let landed_ms = lag.map(|seconds| delivered_ms + seconds * 1_000 + 1);
            let log = ObservedSource { account: whose(strange), region: region(), delivered_ms, last_event_ms, landed_ms };
            plain.source(&log);
            folded.source(&log);
        }
        let mut from_folded = coverage(scope());
        from_folded.folded(folded);
        prop_assert_eq!(from_folded.finish(), plain.finish());
    }
}
