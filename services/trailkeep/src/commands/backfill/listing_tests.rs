//! Listing by day: what is looked into, in which order things come, and what is left out.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeSet;

use trailkeep_pipeline::memory::MemoryBucket;

use super::*;

fn key(prefix: &str, account: &str, region: &str, day: &str, number: u32) -> String {
    let stamp = day.replace('/', "");
    format!(
        "{prefix}AWSLogs/o-exampleorgid/{account}/CloudTrail/{region}/{day}/{account}_CloudTrail_{region}_{stamp}T0905Z_{number:016}.json.gz"
    )
}

fn bucket(keys: &[String]) -> Arc<dyn LogBucket> {
    let bucket = MemoryBucket::named("example-logs").with_page_size(2);
    for key in keys {
        bucket.insert(key, "x");
    }
    Arc::new(bucket)
}

async fn found(keys: &[String], selection: Selection) -> (Vec<String>, u64) {
    let counted = Arc::new(Counted::default());
    let mut listing = Listing::begin(bucket(keys), Arc::new(selection), Arc::clone(&counted)).await.unwrap();
    let mut keys = Vec::new();
    while let Some(found) = listing.next().await.unwrap() {
        assert!(!found.is_empty());
        keys.extend(found.into_iter().map(|object| object.key));
    }
    (keys, counted.passed_over.load(Ordering::Relaxed))
}

#[tokio::test]
async fn objects_come_in_the_order_of_days_whatever_their_account() {
    let days = ["2025/12/31", "2026/01/01", "2026/01/15", "2026/02/01"];
    let mut wanted = Vec::new();
    for day in days {
        for account in ["111122223333", "444455556666"] {
            for region in ["eu-west-1", "us-east-1"] {
                wanted.extend((0..3).map(|number| key("", account, region, day, number)));
            }
        }
    }
    let mut given = wanted.clone();
    given.reverse();
    given.push("AWSLogs/o-exampleorgid/111122223333/Config/us-east-1/2026/1/5/ConfigHistory/x.json.gz".to_owned());
    given.push("elsewhere/2026/01/01/file".to_owned());
    assert_eq!(found(&given, Selection::default()).await, (wanted, 0));
}

#[tokio::test]
async fn only_what_is_asked_for_comes() {
    let all: Vec<String> = ["2026/01/14", "2026/01/15", "2026/01/16", "2026/02/01"]
        .iter()
        .flat_map(|day| [key("", "111122223333", "us-east-1", day, 1), key("", "444455556666", "eu-west-1", day, 1)])
        .collect();
    let accounts = BTreeSet::from(["111122223333".parse().unwrap()]);
    let regions = BTreeSet::from(["us-east-1".parse().unwrap()]);
    let selection = Selection { accounts, regions, since: Some(20_260_115), until: Some(20_260_201), ..Selection::default() };
    let wanted = [key("", "111122223333", "us-east-1", "2026/01/15", 1), key("", "111122223333", "us-east-1", "2026/01/16", 1)];
    assert_eq!(found(&all, selection).await.0, wanted);
}

#[tokio::test]
async fn prefixes_of_every_depth_are_followed() {
    let all = [
        key("", "111122223333", "us-east-1", "2026/01/15", 1),
        key("o-exampleorgid/", "111122223333", "us-east-1", "2026/01/15", 2),
        key("trails/all/", "111122223333", "us-east-1", "2026/01/15", 3),
        key("trails/all/", "111122223333", "us-east-1", "2026/01/16", 4),
    ];
    for (prefix, wanted) in [
        ("", vec![1, 2, 3, 4]),
        ("o-exampleorgid/", vec![2]),
        ("trails/", vec![3, 4]),
        ("trails/all/AWSLogs/o-exampleorgid/111122223333/", vec![3, 4]),
        ("trails/all/AWSLogs/o-exampleorgid/111122223333/CloudTrail/us-east-1/2026/", vec![3, 4]),
        ("trails/all/AWSLogs/o-exampleorgid/111122223333/CloudTrail/us-east-1/2026/01/16/", vec![4]),
        ("trails/all/AWSLogs/o-exampleorgid/444455556666/", vec![]),
    ] {
        let selection = Selection { prefix: prefix.to_owned(), ..Selection::default() };
        let (mut keys, _) = found(&all, selection).await;
        keys.sort_unstable();
        let mut expected: Vec<String> = wanted.iter().filter_map(|number: &usize| all.get(number - 1).cloned()).collect();
        expected.sort_unstable();
        assert_eq!(keys, expected, "{prefix:?}");
    }
}

#[tokio::test]
async fn what_is_no_log_object_is_passed_over_and_counted() {
    let log = key("", "111122223333", "us-east-1", "2026/01/15", 1);
    let other = "AWSLogs/o-exampleorgid/111122223333/CloudTrail/us-east-1/2026/01/15/notes.txt".to_owned();
    assert_eq!(found(&[log.clone(), other], Selection::default()).await, (vec![log], 1));
}

#[test]
fn folders_are_known_by_their_place() {
    let all = Selection::default();
    for (folder, wanted) in [
        ("trails/", Folder::Above),
        ("a/b/c/d/e/", Folder::Above),
        ("a/b/c/d/e/f/", Folder::Elsewhere),
        ("AWSLogs/", Folder::Above),
        ("AWSLogs/o-exampleorgid/", Folder::Above),
        ("AWSLogs/111122223333/", Folder::Above),
        ("AWSLogs/somebody/", Folder::Elsewhere),
        ("AWSLogs/111122223333/CloudTrail/", Folder::Above),
        ("AWSLogs/111122223333/CloudTrail-Digest/", Folder::Above),
        ("AWSLogs/111122223333/Config/", Folder::Elsewhere),
        ("AWSLogs/111122223333/CloudTrail/us-east-1/", Folder::Above),
        ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/", Folder::Above),
        ("AWSLogs/111122223333/CloudTrail/us-east-1/26/", Folder::Elsewhere),
        ("AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/", Folder::Month(202_601)),
        ("o-exampleorgid/AWSLogs/o-exampleorgid/111122223333/CloudTrail/us-east-1/2026/01/", Folder::Month(202_601)),
    ] {
        assert_eq!(kind(folder, &all), wanted, "{folder}");
    }
    let january = Selection { since: Some(20_260_115), until: Some(20_260_201), ..Selection::default() };
    for (folder, wanted) in
        [("2025/", Folder::Elsewhere), ("2026/", Folder::Above), ("2026/01/", Folder::Month(202_601)), ("2026/02/", Folder::Elsewhere)]
    {
        assert_eq!(kind(&format!("AWSLogs/111122223333/CloudTrail/us-east-1/{folder}"), &january), wanted, "{folder}");
    }
}
