//! Findings over several rounds.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;

const HOUR_MS: i64 = 3_600_000;

fn at(name: &str, hour: i64) -> Found {
    Found {
        name: name.to_owned(),
        account: Some("111122223333".to_owned()),
        from_ms: Some(hour * HOUR_MS),
        to_ms: Some((hour + 1) * HOUR_MS),
        ..Found::default()
    }
}

fn looked(since_hour: i64, until_hour: i64) -> Looked {
    Looked { since_ms: Some(since_hour * HOUR_MS), until_ms: until_hour * HOUR_MS, ..Looked::default() }
}

fn states(taken: &Taken) -> Vec<State> {
    taken.changes.iter().map(|change| change.state).collect()
}

fn take(findings: &mut Findings, looked: &Looked, found: Vec<Found>, hour: i64) -> Taken {
    findings.take(std::slice::from_ref(looked), found, Some(&BTreeSet::new()), hour * HOUR_MS, |_| true)
}

#[test]
fn a_finding_is_told_once_when_it_opens_once_when_it_is_resolved_and_again_when_it_comes_back() {
    let mut findings = Findings::default();
    assert_eq!(states(&take(&mut findings, &looked(0, 10), vec![at("altered", 3)], 10)), [State::Opened]);
    assert_eq!(states(&take(&mut findings, &looked(0, 10), vec![at("altered", 3), at("altered", 3)], 11)), []);
    assert_eq!(findings.open[0].seen_ms, 11 * HOUR_MS);
    assert_eq!(findings.open[0].opened_ms, 10 * HOUR_MS);
    assert_eq!(states(&take(&mut findings, &looked(0, 10), vec![], 12)), [State::Resolved]);
    assert!(findings.open.is_empty());
    assert_eq!(states(&take(&mut findings, &looked(0, 10), vec![at("altered", 3)], 13)), [State::Reopened]);
}

#[test]
fn what_was_not_looked_at_is_never_resolved() {
    let mut findings = Findings::default();
    take(&mut findings, &looked(0, 10), vec![at("altered", 3)], 10);
    let mut unresolved = |looked: Looked| assert_eq!(states(&take(&mut findings, &looked, vec![], 11)), [], "{looked:?}");
    unresolved(looked(5, 10));
    unresolved(looked(0, 3));
    unresolved(Looked { origin: Origin::Coverage, ..looked(0, 10) });
    unresolved(Looked { accounts: Some(BTreeSet::from(["444455556666".to_owned()])), ..looked(0, 10) });
    unresolved(Looked { cut: BTreeSet::from(["111122223333".to_owned()]), ..looked(0, 10) });
    assert_eq!(states(&findings.take(&[], vec![], None, 11, |_| true)), [], "a round that failed looked at nothing");
    assert_eq!(findings.open.len(), 1);
}

#[test]
fn what_is_no_account_s_is_resolved_by_looking_at_all_of_them_from_the_beginning() {
    let mut findings = Findings::default();
    let segment = Found { name: "segment_missing".to_owned(), key: Some("raw/x".to_owned()), ..Found::default() };
    let all = Looked { until_ms: 9, ..Looked::default() };
    assert_eq!(states(&take(&mut findings, &all, vec![segment], 10)), [State::Opened]);
    for some in [
        looked(0, 10),
        Looked { accounts: Some(BTreeSet::new()), ..all.clone() },
        Looked { cut: BTreeSet::from(["444455556666".to_owned()]), ..all.clone() },
    ] {
        assert_eq!(states(&take(&mut findings, &some, vec![], 11)), [], "{some:?}");
    }
    assert_eq!(states(&take(&mut findings, &all, vec![], 11)), [State::Resolved]);
}

/// A missing file that can be asked for.
fn lost(hour: i64) -> Found {
    Found { bucket: Some("logs".to_owned()), key: Some("k".to_owned()), ..at("missing_within_grace", hour) }
}

#[test]
fn only_what_was_asked_for_and_landed_as_it_was_signed_is_healed() {
    let ends = |asked: bool, landed: bool, found: Vec<Found>| {
        let mut findings = Findings::default();
        take(&mut findings, &looked(0, 10), vec![lost(3)], 10);
        if asked {
            findings.open[0].healing.ask(10 * HOUR_MS);
        }
        let ids: BTreeSet<String> = landed.then(|| lost(3).id()).into_iter().collect();
        // Outside of what is looked at: only that it landed can close it.
        let window = if landed { looked(8, 10) } else { looked(0, 10) };
        states(&findings.take(&[window], found, Some(&ids), 11 * HOUR_MS, |_| true))
    };
    assert_eq!(ends(true, true, vec![]), [State::Healed]);
    assert_eq!(ends(false, true, vec![]), [State::Resolved], "it came by itself");
    assert_eq!(
        ends(true, false, vec![at("altered", 3)]),
        [State::Opened, State::Resolved],
        "other bytes landed: it is not missing, nor healed"
    );
    assert_eq!(ends(true, false, vec![]), [State::Resolved], "its Digest is refused now: nobody signed it");
    assert_eq!(ends(true, true, vec![lost(3)]), [], "it landed after it was looked for: the next round says so");
}

#[test]
fn what_was_only_looked_for_is_never_healed() {
    let mut findings = Findings::default();
    take(&mut findings, &looked(0, 10), vec![lost(3)], 10);
    findings.open[0].healing.look(10 * HOUR_MS);
    let landed = BTreeSet::from([lost(3).id()]);
    assert_eq!(states(&findings.take(&[], vec![], Some(&landed), 11 * HOUR_MS, |_| true)), [State::Resolved]);
}

#[test]
fn what_an_object_would_put_right_stays_open_while_nobody_knows_what_landed() {
    let mut findings = Findings::default();
    take(&mut findings, &looked(0, 10), vec![lost(3), at("altered", 4)], 10);
    let unknown = findings.take(&[looked(0, 10)], vec![], None, 11 * HOUR_MS, |_| true);
    assert_eq!(unknown.changes.iter().map(|change| change.open.found.name.as_str()).collect::<Vec<_>>(), ["altered"]);
    assert_eq!(states(&take(&mut findings, &looked(0, 10), vec![], 12)), [State::Resolved]);
}

#[test]
fn a_look_that_found_more_than_it_names_resolves_nothing() {
    let mut findings = Findings::default();
    take(&mut findings, &looked(0, 10), vec![at("altered", 3)], 10);
    let partial = Looked { partial: true, ..looked(0, 10) };
    assert_eq!(states(&take(&mut findings, &partial, vec![at("altered", 5)], 11)), [State::Opened]);
    assert_eq!(findings.open.len(), 2);
    assert_eq!(states(&take(&mut findings, &looked(0, 10), vec![], 12)), [State::Resolved, State::Resolved]);
}

#[test]
fn what_is_known_of_the_organization_is_resolved_by_any_look_at_all_of_it_while_the_window_moves_on() {
    let state = |name: &str| Found { origin: Origin::Coverage, name: name.to_owned(), ..Found::default() };
    let contradicted = Found { account: Some("111122223333".to_owned()), ..state("roster_contradicted") };
    let window = |hour| Looked { origin: Origin::Coverage, ..looked(hour, hour + 168) };
    for found in [state("coverage_unknown"), state("gaps_left_out"), contradicted] {
        let mut findings = Findings::default();
        for hour in 0..5 {
            take(&mut findings, &window(hour), vec![found.clone()], hour + 168);
        }
        let partial = Looked { partial: true, ..window(5) };
        assert_eq!(states(&take(&mut findings, &partial, vec![], 173)), []);
        assert_eq!(states(&take(&mut findings, &window(6), vec![], 174)), [State::Resolved], "{found:?}");
    }
}

#[test]
fn what_the_first_round_counted_is_resolved_once_all_that_rounds_look_at_has_none() {
    const DAY: i64 = 24;
    let counted = |name: &str, provisional: bool| Found {
        name: name.to_owned(),
        account: Some("111122223333".to_owned()),
        region: Some("us-east-1".to_owned()),
        count: Some(3),
        provisional,
        ..Found::default()
    };
    let first = Looked { since_ms: None, ..looked(0, 100 * DAY) };
    let mut findings = Findings::default();
    take(&mut findings, &first, vec![counted("no_digest", false), counted("unlisted_within_grace", true)], 100 * DAY);
    assert_eq!(states(&take(&mut findings, &looked(100 * DAY - 3, 101 * DAY), vec![], 101 * DAY)), [], "an hour says nothing of them");
    let now_ms = 102 * DAY * HOUR_MS;
    let begins: Vec<i64> = findings.open.iter().map(|open| open.begins_ms(now_ms)).collect();
    assert!(begins[0] == i64::MIN && begins[1] > now_ms - 40 * DAY * HOUR_MS, "what may still be listed is looked at again: {begins:?}");
    let taken = take(&mut findings, &looked(62 * DAY, 102 * DAY), vec![], 102 * DAY);
    assert_eq!(taken.changes.iter().map(|change| change.open.found.name.as_str()).collect::<Vec<_>>(), ["unlisted_within_grace"]);
    for day in 103..138 {
        assert_eq!(states(&take(&mut findings, &looked(day * DAY - 3, (day + 1) * DAY), vec![], (day + 1) * DAY)), [], "day {day}");
    }
    let last = looked(138 * DAY - 3, 139 * DAY);
    assert_eq!(states(&take(&mut findings, &last, vec![], 139 * DAY)), [State::Resolved], "what has none lies behind");
}

#[test]
fn a_segment_is_resolved_by_whoever_looks_at_a_source_that_lies_in_it() {
    let segment = Found {
        name: "segment_missing".to_owned(),
        key: Some("raw/x".to_owned()),
        evidence: BTreeMap::from([("newest_source_at".to_owned(), "1970-01-01T05:00:00Z".to_owned())]),
        ..Found::default()
    };
    let mut findings = Findings::default();
    let first = Looked { since_ms: None, ..looked(0, 10) };
    take(&mut findings, &first, vec![segment], 10);
    assert_eq!(states(&take(&mut findings, &looked(6, 2_000), vec![], 2_000)), [], "none of its sources is looked at");
    assert_eq!(states(&take(&mut findings, &looked(5, 6), vec![], 2_001)), [State::Resolved]);
}

#[test]
fn what_a_clock_found_that_was_ahead_is_resolved_once_it_is_right_again() {
    const YEAR: i64 = 8_760;
    let mut findings = Findings::default();
    let ahead = |found: Found| Found { origin: Origin::Coverage, ..found };
    let window = |hour| Looked { origin: Origin::Coverage, ..looked(hour - 168, hour) };
    take(&mut findings, &window(YEAR), vec![ahead(at("gap", YEAR - 160))], YEAR);
    take(
        &mut findings,
        &looked(100, YEAR),
        vec![Found { from_ms: None, to_ms: None, provisional: true, ..at("unlisted_within_grace", 0) }],
        YEAR,
    );
    assert_eq!(states(&take(&mut findings, &window(201), vec![], 201)), [State::Resolved], "the gap lies in the future");
    assert_eq!(states(&take(&mut findings, &looked(100, 202), vec![], 202)), [State::Resolved]);
}

#[test]
fn a_finding_that_becomes_final_is_told_again_under_its_id() {
    let mut findings = Findings::default();
    let provisional = Found { provisional: true, ..at("missing_within_grace", 3) };
    let first = take(&mut findings, &looked(0, 10), vec![provisional], 10);
    findings.open[0].healing.ask(10 * HOUR_MS);
    let last = take(&mut findings, &looked(0, 10), vec![at("missing", 3)], 900);
    assert_eq!(states(&last), [State::Opened]);
    assert_eq!(first.changes[0].open.id, last.changes[0].open.id);
    assert_eq!(findings.open[0].found.name, "missing");
    assert_eq!(findings.open[0].healing.asked_ms.len(), 1, "what was done about it is not forgotten");
}

#[test]
fn a_gap_keeps_its_beginning_while_the_window_moves_on() {
    let mut findings = Findings::default();
    let gap = |from: i64, to: i64| Found { origin: Origin::Coverage, to_ms: Some(to * HOUR_MS), ..at("gap", from) };
    let window = |since| Looked { origin: Origin::Coverage, ..looked(since, since + 168) };
    let first = take(&mut findings, &window(0), vec![gap(0, 168)], 170);
    for hour in 1..400 {
        assert_eq!(states(&take(&mut findings, &window(hour), vec![gap(hour, hour + 168)], 170 + hour)), []);
    }
    assert_eq!(findings.open[0].id, first.changes[0].open.id);
    let delivers_again = take(&mut findings, &window(400), vec![], 600);
    assert_eq!(states(&delivers_again), [State::Resolved]);
    assert_eq!(states(&take(&mut findings, &window(401), vec![gap(401, 402)], 601)), [State::Opened], "another one");
}

#[test]
fn what_there_is_no_room_for_is_given_back_and_not_told() {
    let mut findings = Findings::default();
    let mut left = 2;
    let many: Vec<Found> = (0..20).map(|hour| at("missing", hour)).collect();
    let mut room = |_: &Open| {
        left -= 1;
        left >= 0
    };
    let taken = findings.take(&[looked(0, 30)], many.clone(), None, 0, &mut room);
    assert_eq!((taken.changes.len(), taken.beyond.len(), findings.open.len()), (2, 18, 2));
    let again = findings.take(&[looked(0, 30)], many, None, 1, |_| false);
    assert_eq!((again.changes.len(), again.beyond.len()), (0, 18), "those that are remembered stay so");
}

#[test]
fn no_more_than_so_many_are_remembered_as_closed() {
    let mut findings = Findings::default();
    for hour in 0..700 {
        take(&mut findings, &looked(hour, hour + 1), vec![at("altered", hour)], hour);
        take(&mut findings, &looked(hour, hour + 1), vec![], hour);
    }
    assert_eq!(findings.closed.len(), MAX_CLOSED);
    assert!(findings.closed.contains_key(&at("altered", 699).id()));
}
