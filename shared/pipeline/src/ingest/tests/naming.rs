//! A copied tree and the bucket it was copied from are the same sources.

use super::{
    super::{DeliveryWindow, IngestError},
    world::{World, config, digest, digest_key, log, log_key},
};

fn landed_names(world: &World) -> Vec<(String, String)> {
    let mut names: Vec<_> = world.sources().into_iter().map(|row| (row.bucket, row.key)).collect();
    names.sort();
    names
}

#[test]
fn a_copied_tree_is_named_by_its_digests() {
    let world = World::new(None);
    let key = format!("prod/{}", digest_key(1));
    world.origin.insert(&format!("copies/2026/{}", log_key(0)), log(0));
    world.origin.insert(&format!("copies/2026/{}", digest_key(1)), digest("example-logs", &key));
    world.run(&config(1)).unwrap();
    let expected = [("example-logs".to_owned(), key), ("example-logs".to_owned(), format!("prod/{}", log_key(0)))];
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(landed_names(&world), expected);
}

#[test]
fn a_copied_tree_and_its_bucket_land_once() {
    let world = World::with_logs(3);
    world.run(&config(1)).unwrap();
    let copied = world.with_copied_tree();
    for number in 0..3 {
        copied.origin.insert(&format!("backup/{}", log_key(number)), log(number));
    }
    let mut config = config(1);
    config.origin.bucket = Some("example-logs".to_owned());
    let summary = copied.run(&config).unwrap();
    assert_eq!((summary.landed, summary.duplicates), (0, 3));
}

#[test]
fn a_tree_that_nothing_names_asks_for_its_bucket() {
    let world = World::new(None);
    world.origin.insert(&log_key(0), log(0));
    let error = world.run(&config(1)).unwrap_err();
    assert!(matches!(error, IngestError::BucketUnknown { .. }));
    assert!(error.to_string().contains("--bucket"), "{error}");
    assert_eq!(world.sources().len(), 0);
}

#[test]
fn digests_that_disagree_ask_for_the_bucket() {
    let world = World::new(None);
    world.origin.insert(&format!("a/{}", digest_key(1)), digest("logs-a", &digest_key(1)));
    world.origin.insert(&format!("b/{}", digest_key(1)), digest("logs-b", &digest_key(1)));
    let error = world.run(&config(1)).unwrap_err();
    assert!(error.to_string().contains("logs-a") && error.to_string().contains("logs-b"), "{error}");
}

#[test]
fn copies_within_a_tree_land_once_and_other_content_is_a_revision() {
    let world = World::new(None);
    world.origin.insert(&format!("a/{}", log_key(0)), log(0));
    world.origin.insert(&format!("b/{}", log_key(0)), log(0));
    world.origin.insert(&format!("c/{}", log_key(0)), log(1));
    let mut config = config(2);
    config.origin.bucket = Some("example-logs".to_owned());
    let summary = world.run(&config).unwrap();
    assert_eq!((summary.landed, summary.duplicates, summary.revisions), (2, 1, 1));
    let again = world.run(&config).unwrap();
    assert_eq!((again.landed, again.duplicates), (0, 3));
}

#[test]
fn what_is_not_cloudtrails_is_passed_over_by_kind() {
    let world = World::with_logs(1);
    world.origin.insert("AWSLogs/111122223333/Config/us-east-1/2026/1/5/ConfigHistory/x.json.gz", "x");
    world.origin.insert("notes/readme.json", log(3));
    world.origin.insert("notes/readme.txt", "x");
    let summary = world.run(&config(1)).unwrap();
    assert_eq!((summary.landed, summary.skipped.values().sum::<u64>()), (1, 3));
    assert_eq!(summary.skipped.get("other service: Config"), Some(&1));

    let mut all = config(1);
    all.origin.all_files = true;
    assert_eq!(world.run(&all).unwrap().landed, 1, "the JSON file, under its path");
    assert!(landed_names(&world).contains(&("example-logs".to_owned(), "notes/readme.json".to_owned())));
}

#[test]
fn files_that_go_with_a_trail_are_passed_over_in_silence() {
    let world = World::with_logs(1);
    world.origin.insert("public-keys.json", "{}");
    world.origin.insert(&format!("{}.metadata.json", digest_key(1)), "{}");
    world.origin.insert("notes/readme.metadata.json", "{}");
    world.origin.insert("my-public-keys.json", "{}");
    let summary = world.run(&config(1)).unwrap();
    assert_eq!((summary.landed, summary.skipped.values().sum::<u64>()), (1, 2), "{:?}", summary.skipped);

    let mut all = config(1);
    all.origin.all_files = true;
    assert_eq!(world.run(&all).unwrap().landed, 3, "every JSON file but the sidecar of a digest");
}

#[test]
fn the_window_is_of_delivery_time() {
    let world = World::with_logs(4);
    let mut config = config(1);
    config.origin.window = DeliveryWindow { since_ms: Some(1_768_521_600_000), until_ms: None };
    let summary = world.run(&config).unwrap();
    assert_eq!((summary.landed, summary.skipped.get("outside --since and --until")), (2, Some(&2)));
}
