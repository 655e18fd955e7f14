//! Rosters beside records that agree, know more, or contradict them.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;

use super::*;
use crate::{Account, OrganizationalUnit, Roster};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const MANAGEMENT: &str = "111122223333";
const MEMBER: &str = "444455556666";
const OTHER: &str = "777788889999";

fn id(text: &str) -> AccountId {
    text.parse().unwrap()
}

fn account(text: &str) -> Account {
    Account {
        id: id(text),
        name: None,
        email: None,
        state: State::Active,
        unit: Some(OrganizationalUnit { path: "Root".to_owned(), ids: "r-abcd".to_owned() }),
        tags: Some(BTreeMap::new()),
        regions: None,
        joined_ms: Some(0),
        joined_method: None,
    }
}

/// One observation a day, from day 10 on.
fn observed(days: Vec<Vec<Account>>) -> History {
    let mut history = History::default();
    for (day, mut accounts) in (10..).zip(days) {
        accounts.push(account(MANAGEMENT));
        let roster = Roster::new(day * DAY, "o-exampleorg1".parse().unwrap(), Some(id(MANAGEMENT)), accounts).unwrap();
        history.observe(&roster).unwrap();
    }
    history
}

fn event(kind: EventKind, of: &str, at_ms: i64) -> OrganizationEvent {
    OrganizationEvent {
        at_ms,
        kind,
        name: kind.name().to_owned(),
        account: Some(id(of)),
        recorded_by: Some(id(MANAGEMENT)),
        organization: None,
        event_id: format!("{}-{at_ms}", kind.name()),
    }
}

fn contradictions(history: &History, events: &[OrganizationEvent]) -> Vec<(String, &'static str)> {
    let reconciled = reconcile(history, events, &BTreeSet::new());
    reconciled.differences.iter().map(|difference| (difference.account.to_string(), difference.kind.name())).collect()
}

#[test]
fn who_joined_and_is_not_listed_is_a_contradiction_until_it_is_listed_or_left() {
    use EventKind::{Joined, Left};
    let not_listed = vec![(MEMBER.to_owned(), "joined_not_listed")];
    let without = observed(vec![vec![], vec![]]);
    for at in [DAY, 10 * DAY + 5, 11 * DAY + 5] {
        assert_eq!(contradictions(&without, &[event(Joined, MEMBER, at)]), not_listed, "{at}");
    }
    let left = [event(Joined, MEMBER, DAY), event(Left, MEMBER, 2 * DAY)];
    assert_eq!(contradictions(&without, &left), []);
    assert_eq!(contradictions(&observed(vec![vec![], vec![account(MEMBER)]]), &[event(Joined, MEMBER, 10 * DAY + 5)]), []);
    // It was listed after it joined, and was gone later: that record is not held.
    assert_eq!(contradictions(&observed(vec![vec![account(MEMBER)], vec![]]), &[event(Joined, MEMBER, DAY)]), []);
    // It left and joined again between two observations, and the later one does not list it.
    let again = [event(Left, MEMBER, 10 * DAY + 5), event(Joined, MEMBER, 10 * DAY + 9)];
    assert_eq!(contradictions(&observed(vec![vec![account(MEMBER)], vec![]]), &again), not_listed);
}

#[test]
fn who_left_and_is_listed_is_a_contradiction_unless_it_came_back() {
    let listed = observed(vec![vec![account(MEMBER)], vec![account(MEMBER)]]);
    let left = |at| [event(EventKind::Left, MEMBER, at)];
    for at in [10 * DAY + 5, 11 * DAY + 5] {
        assert_eq!(contradictions(&listed, &left(at)), [(MEMBER.to_owned(), "left_still_listed")], "{at}");
    }
    let back = Account { joined_ms: Some(10 * DAY + 9), ..account(MEMBER) };
    assert_eq!(contradictions(&observed(vec![vec![account(MEMBER)], vec![back]]), &left(10 * DAY + 5)), []);
    let unsaid = Account { joined_ms: None, ..account(MEMBER) };
    let gone_between = observed(vec![vec![account(MEMBER)], vec![], vec![unsaid]]);
    assert_eq!(contradictions(&gone_between, &left(10 * DAY + 5)), []);
    assert_eq!(contradictions(&observed(vec![vec![account(MEMBER)], vec![]]), &left(10 * DAY + 5)), []);
    let told = reconcile(&listed, &left(11 * DAY + 5), &BTreeSet::new()).differences;
    assert_eq!((told[0].at_ms, told[0].event_id.as_deref()), (Some(11 * DAY + 5), Some("left-950400005")));
}

#[test]
fn who_delivers_and_was_never_listed_is_told_once() {
    let history = observed(vec![vec![account(MEMBER)], vec![]]);
    let delivering = BTreeSet::from([id(MEMBER), id(MANAGEMENT), id(OTHER)]);
    let kinds = |events: &[OrganizationEvent]| {
        let told = reconcile(&history, events, &delivering).differences;
        told.iter().map(|difference| (difference.account, difference.kind)).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&[]), [(id(OTHER), DifferenceKind::DeliversNotListed)]);
    assert_eq!(kinds(&[event(EventKind::Joined, OTHER, 11 * DAY + 1)]), [(id(OTHER), DifferenceKind::JoinedNotListed)]);
}

#[test]
fn only_the_management_account_and_the_account_itself_say_who_is_a_member() {
    let listed = observed(vec![vec![account(MEMBER)]]);
    let by =
        |recorded_by: Option<&str>| OrganizationEvent { recorded_by: recorded_by.map(id), ..event(EventKind::Left, MEMBER, 10 * DAY + 5) };
    let heard = [(Some(MANAGEMENT), 1), (Some(MEMBER), 1), (Some(OTHER), 0), (None, 0)];
    for (recorded_by, count) in heard {
        assert_eq!(contradictions(&listed, &[by(recorded_by)]).len(), count, "{recorded_by:?}");
    }
    // Joining another organization is leaving this one.
    let of = |organization: &str| OrganizationEvent {
        organization: Some(organization.to_owned()),
        recorded_by: Some(id(MEMBER)),
        ..event(EventKind::Joined, MEMBER, 10 * DAY + 5)
    };
    assert_eq!(contradictions(&listed, &[of("o-exampleorg2")]), [(MEMBER.to_owned(), "left_still_listed")]);
    assert_eq!(contradictions(&listed, &[of("o-exampleorg1")]), []);
    assert_eq!(contradictions(&listed, &[of("exampleorg1")]), []);
}

#[test]
fn records_between_two_observations_say_exactly_when() {
    use EventKind::{Closed, Joined, Left, Moved, Tagged};
    let unsaid = Account { joined_ms: None, ..account(MEMBER) };
    let moved = Account { unit: Some(OrganizationalUnit { path: "Root/A".to_owned(), ids: "r-abcd/ou-1".to_owned() }), ..unsaid.clone() };
    let tagged = Account { tags: Some(BTreeMap::from([("team".to_owned(), "red".to_owned())])), ..moved.clone() };
    let closed = Account { state: State::Suspended, ..tagged.clone() };
    let history = observed(vec![vec![], vec![unsaid], vec![moved], vec![tagged], vec![closed], vec![]]);
    let at = |day: i64| day * DAY + 7 * HOUR;
    let events = [(Joined, 10), (Moved, 11), (Tagged, 12), (Closed, 13), (Left, 14)].map(|(kind, day)| event(kind, MEMBER, at(day)));
    // Others of the same kinds at other times say nothing of these observations.
    let others = [event(Moved, MEMBER, at(12)), event(Closed, MEMBER, at(11)), event(Tagged, OTHER, at(12))];
    let all: Vec<OrganizationEvent> = others.into_iter().chain(events).collect();
    let reconciled = reconcile(&history, &all, &BTreeSet::new());
    assert_eq!(reconciled.differences, []);
    for (kind, day) in [(Joined, 10), (Moved, 11), (Tagged, 12), (Closed, 13), (Left, 14)] {
        assert_eq!(reconciled.exactly(id(MEMBER), kind), Some(at(day)), "{kind:?}");
    }
    assert!(reconciled.narrowed.iter().all(|narrowed| narrowed.observed_ms > narrowed.at_ms && narrowed.account == id(MEMBER)));
    assert_eq!(reconciled.narrowed.len(), 5);
    assert_eq!(reconcile(&history, &[event(Left, MEMBER, at(15))], &BTreeSet::new()).narrowed, [], "after it was found to have left");
}

#[test]
fn more_contradictions_than_are_told_are_counted() {
    let history = observed(vec![vec![]]);
    let many: BTreeSet<AccountId> = (0..10_003_u64).map(|number| id(&format!("{:012}", 200_000_000_000 + number))).collect();
    let reconciled = reconcile(&history, &[], &many);
    assert_eq!((reconciled.differences.len(), reconciled.differences_left_out), (MAX_DIFFERENCES, 3));
}
