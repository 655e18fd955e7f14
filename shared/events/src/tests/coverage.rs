//! What each file is said to cover.

use trailkeep_archive::MAX_LISTED;

use super::{encode, log, record};
use crate::Coverage;

/// The time of day on 2026-01-15 in milliseconds since the Unix epoch.
fn at(seconds: i64) -> i64 {
    1_768_435_200_000 + seconds * 1_000
}

fn coverages(objects: &[Vec<u8>]) -> Vec<Coverage> {
    encode(objects).files.into_iter().map(|file| file.coverage).collect()
}

#[test]
fn a_file_says_its_accounts_regions_and_times() {
    let elsewhere = |text: String, region: &str| text.replace("eu-west-1", region);
    let one = record("1", "222233334444", "2026-01-15T00:00:07Z");
    let two = elsewhere(record("2", "111122223333", "2026-01-15T00:00:02Z"), "us-east-1");
    let three = record("3", "111122223333", "2026-01-15T00:00:05Z");
    let day_before = record("4", "333344445555", "2026-01-14T23:59:59Z");
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let before = Coverage {
        accounts: texts(&["333344445555"]),
        account_count: 1,
        regions: texts(&["eu-west-1"]),
        first_event_ms: Some(at(-1)),
        last_event_ms: Some(at(-1)),
    };
    let after = Coverage {
        accounts: texts(&["111122223333", "222233334444"]),
        account_count: 2,
        regions: texts(&["eu-west-1", "us-east-1"]),
        first_event_ms: Some(at(2)),
        last_event_ms: Some(at(7)),
    };
    assert_eq!(coverages(&[log(&[one.clone(), day_before, two]), log(&[three, one])]), [before, after]);
}

#[test]
fn records_without_account_or_region_are_in_the_times_alone() {
    let bare = |time: &str| {
        let text = record("1", "111122223333", time);
        text.replace(r#""awsRegion":"eu-west-1","#, "").replace(r#""recipientAccountId":"111122223333","#, "")
    };
    let covered = coverages(&[log(&[bare("2026-01-15T00:00:01Z"), bare("2026-01-15T00:00:03Z")])]);
    let expected = Coverage { first_event_ms: Some(at(1)), last_event_ms: Some(at(3)), ..Coverage::default() };
    assert_eq!(covered, [expected]);
}

#[test]
fn several_row_groups_count_an_account_once_and_a_long_list_ends() {
    // The encoder of these tests encodes each time that 340 kB have gathered: some 1,500 of these records.
    let records: Vec<String> = (0..6_000).map(|n| record(&n.to_string(), &format!("{:012}", n % 1_500), "2026-01-15T00:00:01Z")).collect();
    let objects: Vec<Vec<u8>> = records.chunks(500).map(log).collect();
    let [covered] = <[Coverage; 1]>::try_from(coverages(&objects)).expect("one day");
    assert_eq!((covered.account_count, covered.accounts.len()), (1_500, MAX_LISTED));
    assert!(covered.accounts.is_sorted());
    assert_eq!(covered.regions, ["eu-west-1"]);
}

#[test]
fn what_is_no_account_is_counted_and_not_listed_where_it_is_long() {
    let covered = coverages(&[log(&[record("1", &"9".repeat(65), "2026-01-15T00:00:01Z"), record("2", "1", "2026-01-15T00:00:01Z")])]);
    assert_eq!((covered[0].account_count, covered[0].accounts.as_slice()), (2, &["1".to_owned()][..]));
}
