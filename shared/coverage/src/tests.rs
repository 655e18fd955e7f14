//! Who is expected where and when, by rosters, records and what was seen; and what is remembered.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::{BTreeMap, BTreeSet};

use trailkeep_audit::coverage::{AccountScope, AccountStatus, Enablement, RegionScope};
use trailkeep_keys::{AccountId, Region};
use trailkeep_organization::{Account, EventKind, History, OrganizationEvent, Roster, State, reconcile};

use super::{Asked, Seen, expected::Expected};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const MANAGEMENT: &str = "111122223333";
const MEMBER: &str = "444455556666";

fn id(text: &str) -> AccountId {
    text.parse().unwrap()
}

fn region(text: &str) -> Region {
    text.parse().unwrap()
}

fn account(text: &str, state: State, regions: &[&str]) -> Account {
    let regions: BTreeSet<Region> = regions.iter().map(|name| region(name)).collect();
    Account {
        id: id(text),
        name: None,
        email: None,
        state,
        unit: None,
        tags: None,
        regions: (!regions.is_empty()).then_some(regions),
        joined_ms: Some(0),
        joined_method: None,
    }
}

/// One observation a day, from day 10 on.
fn observed(days: Vec<Vec<Account>>) -> History {
    let mut history = History::default();
    for (day, mut accounts) in (10..).zip(days) {
        accounts.push(account(MANAGEMENT, State::Active, &[]));
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

fn asked() -> Asked {
    Asked { since_ms: 9 * DAY, until_ms: 13 * DAY, ..Asked::default() }
}

fn expected(history: &History, events: &[OrganizationEvent], seen: &Seen, asked: &Asked, of: &str) -> Option<AccountScope> {
    let reconciled = reconcile(history, events, &BTreeSet::new());
    let expected = Expected::new(Some(history), &reconciled, seen, asked);
    expected.scopes.into_iter().find(|scope| scope.account == id(of))
}

fn seen(of: &str, regions: &[(&str, i64)]) -> Seen {
    let regions = regions.iter().map(|(name, first_ms)| (region(name), *first_ms)).collect();
    Seen { through: None, accounts: BTreeMap::from([(id(of), regions)]) }
}

#[test]
fn when_an_account_left_or_was_closed_is_as_exact_as_the_records_are() {
    let member = |state| account(MEMBER, state, &["us-east-1"]);
    let gone = observed(vec![vec![member(State::Active)], vec![]]);
    let left = |events: &[OrganizationEvent]| expected(&gone, events, &Seen::default(), &asked(), MEMBER).unwrap().left_ms;
    assert_eq!(left(&[]), Some(11 * DAY), "as it was found");
    assert_eq!(left(&[event(EventKind::Left, MEMBER, 10 * DAY + 5 * HOUR)]), Some(10 * DAY + 5 * HOUR));
    assert_eq!(left(&[event(EventKind::Left, MEMBER, 9 * DAY)]), Some(11 * DAY), "it was observed since");
    let later = Asked { since_ms: 10 * DAY + 6 * HOUR, ..asked() };
    let events = [event(EventKind::Left, MEMBER, 10 * DAY + 5 * HOUR)];
    assert_eq!(expected(&gone, &events, &Seen::default(), &later, MEMBER), None, "it had left before the window");

    let closed = observed(vec![vec![member(State::Active)], vec![member(State::Suspended)]]);
    let status = |events: &[OrganizationEvent]| expected(&closed, events, &Seen::default(), &asked(), MEMBER).unwrap().status;
    assert_eq!(status(&[]), AccountStatus::Suspended(Some(11 * DAY)));
    assert_eq!(status(&[event(EventKind::Closed, MEMBER, 10 * DAY + HOUR)]), AccountStatus::Suspended(Some(10 * DAY + HOUR)));
    assert_eq!(status(&[event(EventKind::Closed, MEMBER, 12 * DAY)]), AccountStatus::Suspended(Some(11 * DAY)));
}

#[test]
fn an_account_that_joined_and_is_not_listed_is_expected_since_and_not_known() {
    let history = observed(vec![vec![]]);
    let seen = seen(MANAGEMENT, &[("us-east-1", DAY)]);
    let scope = expected(&history, &[event(EventKind::Joined, MEMBER, 10 * DAY + HOUR)], &seen, &asked(), MEMBER).unwrap();
    assert_eq!((scope.status, scope.joined_ms, scope.regions.len()), (AccountStatus::Unknown, Some(10 * DAY + HOUR), 17));
    let others = Asked { accounts: BTreeSet::from([id(MANAGEMENT)]), ..asked() };
    assert_eq!(expected(&history, &[event(EventKind::Joined, MEMBER, 10 * DAY + HOUR)], &seen, &others, MEMBER), None);
}

#[test]
fn a_stranger_is_expected_in_the_regions_that_are_assumed_of_everybody_and_stays_unknown() {
    let history = observed(vec![vec![account(MEMBER, State::Active, &["us-east-1"])]]);
    let (joined, named) = ("777788889999", "999999999999");
    let seen = seen(joined, &[("eu-west-1", 11 * DAY)]);
    let events = [event(EventKind::Joined, joined, 10 * DAY + HOUR)];
    let assuming = Asked { assumed: vec![region("us-east-1")], ..asked() };
    let regions = |asked: &Asked, of: &str| -> Vec<(String, Enablement)> {
        let scope = expected(&history, &events, &seen, asked, of).unwrap();
        assert_eq!(scope.status, AccountStatus::Unknown);
        scope.regions.into_iter().map(|scope| (scope.region.to_string(), scope.enablement)).collect()
    };
    let assumed = ("us-east-1".to_owned(), Enablement::Assumed);
    let beside = ("eu-west-1".to_owned(), Enablement::Enabled(Some(11 * DAY)));
    assert_eq!(regions(&assuming, joined), [assumed.clone(), beside]);
    let by_name = Asked { accounts: BTreeSet::from([id(named)]), ..assuming.clone() };
    assert_eq!(regions(&by_name, named), std::slice::from_ref(&assumed));
    let in_two = Asked { regions: BTreeSet::from([region("us-east-1"), region("eu-south-1")]), ..by_name };
    assert_eq!(regions(&in_two, named), [assumed, ("eu-south-1".to_owned(), Enablement::Unknown)]);
    assert_eq!(regions(&Asked { accounts: BTreeSet::from([id(named)]), ..asked() }, named).len(), 17, "nobody assumed anything");
}

#[test]
fn regions_are_those_that_the_account_has_enabled_since_and_until_it_says_so() {
    let days = [&["us-east-1", "eu-south-2"][..], &["us-east-1", "ap-east-1"], &["us-east-1", "ap-east-1"]];
    let history = observed(days.map(|regions| vec![account(MEMBER, State::Active, regions)]).into());
    let regions = |seen: &Seen, asked: &Asked| expected(&history, &[], seen, asked, MEMBER).unwrap().regions;
    let scope = |name: &str, since_ms: Option<i64>, until_ms: Option<i64>| RegionScope {
        region: region(name),
        enablement: Enablement::Enabled(since_ms),
        until_ms,
    };
    let (east, off) = (scope("us-east-1", None, None), scope("eu-south-2", None, Some(11 * DAY)));
    assert_eq!(regions(&Seen::default(), &asked()), [scope("ap-east-1", Some(11 * DAY), None), off, east]);
    // What it delivered since the observation before says more exactly since when; what it delivered long before says nothing.
    let sooner = seen(MEMBER, &[("ap-east-1", 10 * DAY + HOUR), ("me-south-1", DAY), ("af-south-1", 12 * DAY + HOUR)]);
    let found = regions(&sooner, &Asked { since_ms: 11 * DAY, ..asked() });
    assert_eq!(found, [scope("af-south-1", Some(12 * DAY + HOUR), None), scope("ap-east-1", Some(10 * DAY + HOUR), None), east]);
    assert_eq!(regions(&seen(MEMBER, &[("ap-east-1", DAY)]), &asked())[0], scope("ap-east-1", Some(11 * DAY), None));
    // What was assumed by name goes before.
    let assumed = Asked { assumed: vec![region("us-west-2")], ..asked() };
    assert_eq!(regions(&Seen::default(), &assumed)[0].enablement, Enablement::Assumed);
}

#[test]
fn regions_that_could_not_be_asked_are_assumed_and_one_that_was_asked_for_and_is_not_known_stays_unknown() {
    let history = observed(vec![vec![account(MEMBER, State::Active, &["us-east-1"])], vec![account(MEMBER, State::Active, &[])]]);
    let seen = seen(MEMBER, &[("us-east-1", DAY), ("eu-south-2", 2 * DAY)]);
    let regions = expected(&history, &[], &seen, &asked(), MEMBER).unwrap().regions;
    let assumed = regions.iter().filter(|scope| scope.enablement == Enablement::Assumed).count();
    assert_eq!((assumed, regions.len()), (17, 18), "an earlier answer is not kept");
    let history = observed(vec![vec![account(MEMBER, State::Active, &["us-east-1"])]]);
    let only = Asked { regions: BTreeSet::from([region("us-east-1"), region("eu-south-2")]), ..asked() };
    let regions = expected(&history, &[], &Seen::default(), &only, MEMBER).unwrap().regions;
    let unknown: Vec<&str> =
        regions.iter().filter(|scope| scope.enablement == Enablement::Unknown).map(|scope| scope.region.as_str()).collect();
    assert_eq!((unknown, regions.len()), (vec!["eu-south-2"], 2));
}

#[test]
fn what_was_seen_is_kept_as_texts_and_reads_back() {
    let mut seen = seen(MEMBER, &[("us-east-1", 5), ("eu-central-1", 7)]);
    seen.read("20260115".parse().unwrap());
    seen.read("20260114".parse().unwrap());
    seen.saw(id(MEMBER), region("us-east-1"), 6);
    seen.saw(id(MEMBER), region("eu-central-1"), 6);
    let text = serde_json::to_string(&seen).unwrap();
    assert_eq!(text, r#"{"through":"20260115","accounts":{"444455556666":{"eu-central-1":6,"us-east-1":5}}}"#);
    assert_eq!(serde_json::from_str::<Seen>(&text).unwrap(), seen);
    for wrong in [text.replace("4444", "x"), text.replace("us-east-1", "US EAST"), text.replace("20260115", "yesterday"), "[]".to_owned()] {
        assert!(serde_json::from_str::<Seen>(&wrong).is_err(), "{wrong}");
    }
    let day = 1_768_435_200_000;
    assert_eq!(
        (Seen::default().floor(day), seen.floor(day - 9 * DAY), seen.floor(day + DAY)),
        (None, Some(day - 9 * DAY), Some(day - 2 * DAY))
    );
}
