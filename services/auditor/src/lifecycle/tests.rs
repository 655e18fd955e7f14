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
    findings.take(std::slice::from_ref(looked), found, hour * HOUR_MS, |_| true)
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
    assert_eq!(states(&findings.take(&[], vec![], 11, |_| true)), [], "a round that failed looked at nothing");
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

#[test]
fn what_was_asked_for_and_came_is_healed() {
    let mut findings = Findings::default();
    take(&mut findings, &looked(0, 10), vec![at("missing_within_grace", 3)], 10);
    findings.open[0].healing.ask(10 * HOUR_MS);
    assert_eq!(states(&take(&mut findings, &looked(0, 10), vec![], 11)), [State::Healed]);
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
    let taken = findings.take(&[looked(0, 30)], many.clone(), 0, &mut room);
    assert_eq!((taken.changes.len(), taken.beyond.len(), findings.open.len()), (2, 18, 2));
    let again = findings.take(&[looked(0, 30)], many, 1, |_| false);
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
