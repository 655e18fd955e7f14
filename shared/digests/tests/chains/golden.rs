//! Chains as CloudTrail delivers them: verified, and no more than that is claimed.

use trailkeep_digests::{BucketAliases, Period, Reader, Window, walk};

use crate::forge::{ACCOUNT, BUCKET, HOUR, REGION, SigningKey, T0, Trail, judge, keys_of, read_all, told, usual_keys};

#[test]
fn a_whole_chain_is_verified_in_any_order() {
    let mut trail = Trail::new();
    let mut objects = trail.hours(0..6);
    objects.swap(0, 4);
    objects.swap(1, 5);
    let report = judge(&trail, &objects, 6);
    assert_eq!(told(&report), ["begins ?-0", "proven 0-6"]);
    assert!(report.is_clean());
    assert!(report.proves(Period { from_ms: T0, to_ms: T0 + 6 * HOUR }));
    assert!(!report.proves(Period { from_ms: T0, to_ms: T0 + 7 * HOUR }));
    assert_eq!(report.head.as_ref().map(|head| head.end_ms), Some(T0 + 6 * HOUR));
    assert_eq!(report.head, report.settled);
}

#[test]
fn a_sound_digest_gives_its_log_files() {
    let object = Trail::new().hour(0);
    let (keys, aliases) = (usual_keys(), BucketAliases::none());
    let mut reader = Reader::new(&keys, &aliases);
    let reading = reader.read(&object.as_stored());
    let digest = reading.sound().expect("nothing is wrong with it");
    assert_eq!(digest.log_files.len(), 2);
    assert!(digest.log_files.iter().all(|file| file.bucket == BUCKET && file.newest_event_ms == Some(T0 + HOUR / 2)));
    assert_eq!((digest.start_ms, digest.end_ms, digest.account.as_str()), (T0, T0 + HOUR, ACCOUNT));
    assert_eq!((reading.link().log_files(), reading.link().alias()), (2, None));
}

#[test]
fn empty_digests_are_a_chain_as_well() {
    let mut trail = Trail { files: 0, ..Trail::new() };
    let objects = trail.hours(0..3);
    let report = judge(&trail, &objects, 3);
    assert_eq!(told(&report), ["begins ?-0", "proven 0-3"]);
}

#[test]
fn an_organizations_trail_and_a_prefix_are_read() {
    let folder = format!("some/prefix/AWSLogs/o-exampleorgid/{ACCOUNT}");
    let mut trail = Trail { folder, ..Trail::new() };
    let objects = trail.hours(0..3);
    assert_eq!(told(&judge(&trail, &objects, 3)), ["begins ?-0", "proven 0-3"]);
    let own = Trail::new();
    let lines = told(&judge(&own, &objects, 3));
    assert_eq!(lines, ["[0] of_another_chain", "[1] of_another_chain", "[2] of_another_chain", "no_digests"]);
}

#[test]
fn a_trail_whose_name_goes_on_like_a_region_is_another_chain() {
    let mut short = Trail { name: "t1".to_owned(), ..Trail::new() };
    let mut long = Trail { name: "t1_us-east-1".to_owned(), ..Trail::new() };
    let mut objects = short.hours(0..2);
    objects.extend(long.hours(0..2));
    assert_eq!(told(&judge(&short, &objects, 2)), ["[2] of_another_chain", "[3] of_another_chain", "begins ?-0", "proven 0-2"]);
    assert_eq!(told(&judge(&long, &objects, 2)), ["[0] of_another_chain", "[1] of_another_chain", "begins ?-0", "proven 0-2"]);
}

#[test]
fn a_key_may_change_within_a_chain() {
    let (first, second) = (SigningKey::new(), SigningKey::new());
    let mut trail = Trail { key: first.clone(), ..Trail::new() };
    let mut objects = trail.hours(0..2);
    trail.key = second.clone();
    objects.extend(trail.hours(2..4));
    // The windows of both keys overlap for an hour, as CloudTrail's may.
    let keys = keys_of(&[(first, (T0 - HOUR, T0 + 3 * HOUR)), (second, (T0 + 2 * HOUR, T0 + 9 * HOUR))]);
    let report = walk(&trail.chain(), &read_all(&objects, &keys), &Window::default());
    assert_eq!(told(&report), ["begins ?-0", "proven 0-4"]);
    assert_eq!(report.rotations.iter().map(|rotation| rotation.at_ms).collect::<Vec<_>>(), [T0 + 3 * HOUR]);
}

#[test]
fn a_replica_is_compared_after_its_alias_which_is_told() {
    let mut trail = Trail::new();
    let mut objects = trail.hours(0..2);
    for object in &mut objects {
        object.bucket = "example-replica".to_owned();
    }
    let keys = usual_keys();
    let walked = |aliases: BucketAliases| {
        let mut reader = Reader::new(&keys, &aliases);
        let links: Vec<_> = objects.iter().map(|object| reader.read(&object.as_stored()).into_link()).collect();
        walk(&trail.chain(), &links, &Window::default())
    };
    assert_eq!(told(&walked(BucketAliases::none())), ["[0] moved", "[1] moved", "no_digests"]);
    let report = walked(BucketAliases::none().with("example-replica", BUCKET));
    assert_eq!(told(&report), ["begins ?-0", "proven 0-2"]);
    assert_eq!(report.outcomes.iter().map(|outcome| outcome.alias.as_deref()).collect::<Vec<_>>(), [Some("example-replica"); 2]);
    assert_eq!(told(&walked(BucketAliases::none().with("example-replica", "other"))), ["[0] moved", "[1] moved", "no_digests"]);
}

#[test]
fn a_trail_may_be_given_another_bucket_and_prefix() {
    let mut trail = Trail::new();
    let mut objects = trail.hours(0..2);
    trail.bucket = "example-newer-logs".to_owned();
    trail.folder = format!("newer/AWSLogs/{ACCOUNT}");
    objects.extend(trail.hours(2..4));
    assert_eq!(told(&judge(&trail, &objects, 4)), ["begins ?-0", "proven 0-4"]);
}

#[test]
fn a_listed_log_file_may_lie_elsewhere_but_is_of_the_same_account_and_region() {
    let listed = |from: &str, to: &str| {
        let object = Trail::new().changed(T0, T0 + HOUR, |content| {
            let text = content["logFiles"].to_string().replace(from, to);
            content["logFiles"] = serde_json::from_str(&text).expect("still JSON");
        });
        object.names()
    };
    assert!(listed("AWSLogs/", "older/AWSLogs/").is_empty());
    assert!(listed("\"example-logs\"", "\"example-older-logs\"").is_empty());
    assert!(listed("AWSLogs/", "AWSLogs/o-exampleorgid/").is_empty());
    assert!(listed("/CloudTrail/", "/CloudTrail-Insight/").is_empty());
    assert_eq!(listed(ACCOUNT, "444455556666"), ["log_file_of_another_account"]);
    assert_eq!(listed(REGION, "eu-west-2"), ["log_file_of_another_region"]);
    assert_eq!(listed("/CloudTrail/", "/Config/"), ["odd_log_file_s3_object"]);
    // Beside the Digest, too: what cannot be read as a log file's key is held against nothing that landed.
    for (from, to) in [
        (".json.gz", ".txt"),
        (".json.gz", ".gz"),
        (".json.gz", ""),
        (".json.gz", ".json.gz/"),
        ("/2026/", "/26/"),
        ("/2026/01/", "/2026/1/"),
    ] {
        assert_eq!(listed(from, to), ["odd_log_file_s3_object"], "{from} {to}");
    }
    assert_eq!(listed("00000001", "00000000"), ["repeated_log_file"]);
}

#[test]
fn a_log_file_of_another_organization_is_told() {
    let folder = format!("AWSLogs/o-exampleorgid/{ACCOUNT}");
    let object = Trail { folder, ..Trail::new() }.changed(T0, T0 + HOUR, |content| {
        let text = content["logFiles"].to_string().replace("o-exampleorgid", "o-otherorgid00");
        content["logFiles"] = serde_json::from_str(&text).expect("still JSON");
    });
    assert_eq!(object.names(), ["log_file_of_another_organization"]);
}
