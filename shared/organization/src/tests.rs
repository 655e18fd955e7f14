//! Histories over made-up observations.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use trailkeep_keys::AccountId;

use super::*;

const DAY: i64 = 86_400_000;
const CAP: u64 = 64 << 20;

fn id(number: u32) -> AccountId {
    format!("{:012}", 111_122_220_000_u64 + u64::from(number)).parse().unwrap()
}

fn account(number: u32) -> Account {
    Account {
        id: id(number),
        name: Some(format!("account {number}")),
        email: Some(format!("aws+{number}@example.com")),
        state: State::Active,
        unit: Some(OrganizationalUnit { path: "Root/Workloads".to_owned(), ids: "r-abcd/ou-abcd-11111111".to_owned() }),
        tags: Some(BTreeMap::from([("team".to_owned(), "red".to_owned())])),
        regions: None,
        joined_ms: Some(-DAY),
        joined_method: Some("CREATED".to_owned()),
    }
}

fn roster(observed_ms: i64, accounts: Vec<Account>) -> Roster {
    Roster::new(observed_ms, "o-exampleorgid".parse().unwrap(), None, accounts).unwrap()
}

fn observed(observations: Vec<Vec<Account>>) -> History {
    let mut history = History::default();
    for (day, accounts) in (1..).zip(observations) {
        history.observe(&roster(day * DAY, accounts)).unwrap();
    }
    history
}

fn spans(history: &History, number: u32) -> Vec<(i64, Option<i64>)> {
    let rows = history.rows().filter(|row| row.account == id(number).as_str());
    rows.map(|row| (row.valid_from / DAY, row.valid_to.map(|valid_to| valid_to / DAY))).collect()
}

#[test]
fn what_is_confirmed_stays_one_row() {
    let history = observed(vec![vec![account(1)], vec![account(1)], vec![account(1)]]);
    assert_eq!(spans(&history, 1), [(1, None)]);
    assert_eq!((history.observed_ms(), history.rows().next().unwrap().observed_at), (Some(3 * DAY), 3 * DAY));
}

#[test]
fn a_change_closes_a_row_and_opens_one() {
    let renamed = Account { name: Some("payments".to_owned()), ..account(1) };
    let moved = Account { unit: Some(OrganizationalUnit { path: "Root".to_owned(), ids: "r-abcd".to_owned() }), ..renamed.clone() };
    let tagged = Account { tags: Some(BTreeMap::new()), ..moved.clone() };
    let suspended = Account { state: State::Suspended, ..tagged.clone() };
    let history = observed(vec![vec![account(1)], vec![renamed], vec![moved], vec![tagged], vec![suspended]]);
    assert_eq!(spans(&history, 1), [(1, Some(2)), (2, Some(3)), (3, Some(4)), (4, Some(5)), (5, None)]);
    assert_eq!(history.inactive_since_ms(id(1)), Some(5 * DAY));
    let name = |at_ms| history.as_of(id(1), at_ms).row().and_then(|row| row.name.clone());
    assert_eq!((name(2 * DAY - 1).as_deref(), name(2 * DAY).as_deref()), (Some("account 1"), Some("payments")));
}

#[test]
fn accounts_that_vanish_have_left_and_may_come_back() {
    let back = Account { joined_ms: Some(3 * DAY + 5), ..account(2) };
    let mut history = observed(vec![vec![account(1), account(2)], vec![account(1)], vec![account(1)], vec![account(1), back]]);
    assert_eq!(spans(&history, 2), [(1, Some(2)), (4, None)]);
    let left: Vec<Option<i64>> = history.rows().filter(|row| row.account == id(2).as_str()).map(|row| row.left_at).collect();
    assert_eq!(left, [Some(2 * DAY), None]);
    let at = |at_ms| history.as_of(id(2), at_ms);
    assert!(matches!(at(DAY), AsOf::Observed(_)) && at(2 * DAY) == AsOf::NotMember && at(3 * DAY) == AsOf::NotMember);
    assert!(matches!(at(3 * DAY + 5), AsOf::Earliest(row) if row.valid_from == 4 * DAY), "joined, and not observed yet");
    assert_eq!((history.current().count(), history.last().count()), (2, 2));
    let changes = history.observe(&roster(5 * DAY, vec![account(3)])).unwrap();
    assert_eq!((changes.joined, changes.left, changes.unchanged), (vec![id(3)], vec![id(1), id(2)], 0));
}

#[test]
fn before_the_first_observation_the_date_of_joining_decides() {
    let history = observed(vec![vec![account(1), Account { joined_ms: None, ..account(2) }]]);
    assert!(matches!(history.as_of(id(1), 0), AsOf::Earliest(_)));
    assert_eq!((history.as_of(id(1), -2 * DAY), history.as_of(id(2), 0)), (AsOf::NotMember, AsOf::Unknown));
    assert_eq!(history.as_of(id(9), DAY), AsOf::Unknown);
    assert_eq!(history.inactive_since_ms(id(1)), None);
}

#[test]
fn what_could_not_be_asked_is_as_before_and_learning_it_is_a_change() {
    let blind = Account { tags: None, unit: None, ..account(1) };
    let history = observed(vec![vec![account(1)], vec![blind.clone()]]);
    assert_eq!(spans(&history, 1), [(1, None)]);
    assert!(history.rows().all(|row| row.unknown.is_empty() && row.tags.len() == 1));
    let history = observed(vec![vec![blind.clone()], vec![blind.clone()], vec![account(1)], vec![blind]]);
    assert_eq!(spans(&history, 1), [(1, Some(3)), (3, None)]);
    let unknown: Vec<&[String]> = history.rows().map(|row| row.unknown.as_slice()).collect();
    assert_eq!(unknown, [&["ou_path".to_owned(), "tags".to_owned()] as &[String], &[]]);
}

#[test]
fn what_cannot_be_a_roster_or_a_later_one_of_the_same_is_refused_and_changes_nothing() {
    let organization = "o-exampleorgid".parse().unwrap();
    assert_eq!(Roster::new(0, organization, None, Vec::new()), Err(RosterError::Empty));
    assert_eq!(Roster::new(0, organization, None, vec![account(1), account(1)]), Err(RosterError::Twice(id(1))));
    assert_eq!(Roster::new(0, organization, Some(id(7)), vec![account(1)]), Err(RosterError::NoManagement(id(7))));
    let mut history = observed(vec![vec![account(1)], vec![account(1)]]);
    let before = history.clone();
    assert!(matches!(history.observe(&roster(2 * DAY, vec![account(2)])), Err(ObserveError::NotLater { .. })));
    let other = Roster::new(9 * DAY, "o-otherorgid".parse().unwrap(), None, vec![account(2)]).unwrap();
    assert!(matches!(history.observe(&other), Err(ObserveError::OtherOrganization { .. })));
    assert_eq!(history, before);
}

#[test]
fn states_are_spelled_as_organizations_does() {
    for text in ["ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "PENDING_ACTIVATION", "CLOSED", "SOMETHING_NEW"] {
        assert_eq!(text.parse::<State>().unwrap().as_str(), text);
    }
    assert_eq!("SOMETHING_NEW".parse(), Ok(State::Other("SOMETHING_NEW".to_owned())));
}

prop_compose! {
    fn any_account(number: u32)(name in "[a-b]", state in prop::sample::select(vec![State::Active, State::Suspended]), blind in any::<bool>(), tag in "\\PC{0,3}") -> Account {
        let tags = (!blind).then(|| BTreeMap::from([("t".to_owned(), tag)]));
        Account { name: Some(name), state, tags, ..account(number) }
    }
}

fn observation() -> impl Strategy<Value = Vec<Account>> {
    (any_account(0), proptest::collection::vec(proptest::option::of((1..5u32).prop_flat_map(any_account)), 0..5)).prop_map(
        |(first, more)| {
            let by_id: BTreeMap<AccountId, Account> =
                std::iter::once(first).chain(more.into_iter().flatten()).map(|account| (account.id, account)).collect();
            by_id.into_values().collect()
        },
    )
}

proptest! {
    #[test]
    fn histories_read_back_and_tell_each_observation_as_it_was(observations in proptest::collection::vec(observation(), 1..8)) {
        let history = observed(observations.clone());
        let read = History::read(Bytes::from(history.write().unwrap()), CAP).unwrap();
        prop_assert_eq!(&read, &history);
        for (day, accounts) in (1..).zip(&observations) {
            let members = (0..5).filter(|number| matches!(history.as_of(id(*number), day * DAY), AsOf::Observed(_))).count();
            prop_assert_eq!(members, accounts.len());
            for account in accounts {
                let row = history.as_of(account.id, day * DAY).row().unwrap();
                prop_assert_eq!((&row.name, row.state.as_str()), (&account.name, account.state.as_str()));
                if let Some(tags) = &account.tags {
                    prop_assert_eq!(&row.tags, tags);
                }
            }
        }
        for number in 0..5 {
            let spans = spans(&history, number);
            prop_assert!(spans.windows(2).all(|pair| pair[0].1.is_some_and(|end| end <= pair[1].0)));
        }
    }
}
