//! Bodies as they arrive: what the collector announces, what S3 and CloudTrail notify of, and what nobody should send.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use trailkeep_archive::{BatchId, LandedDigests};
use trailkeep_aws::{AwsSettings, SnsAnnouncer};
use trailkeep_notifications::cloudtrail_message;
use trailkeep_pipeline::memory::MemoryQueue;

use super::*;

const ARCHIVE: &str = "s3://audit/org";
const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:landed";
const DIGEST: &str = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/15/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20260115T010000Z.json.gz";

fn speaks(body: &str) -> bool {
    speaks_of_digests(body, ARCHIVE)
}

/// What a collector announces of its Batch: by the code that announces it.
async fn announced_by(bucket: &str, prefix: &str, digests: &LandedDigests) -> String {
    let settings = AwsSettings { region: Some("eu-central-1".to_owned()), ..AwsSettings::default() };
    let announcer = SnsAnnouncer::open(&settings, TOPIC, bucket, prefix).await.unwrap();
    announcer.digests_body(&BatchId::new(1_760_000_000_123, 7), digests)
}

fn landed() -> LandedDigests {
    LandedDigests {
        keys: ["gz", "bin"].map(|kind| format!("digests/day=20251009/20251009T085320123Z-0000000000000007.{kind}")).to_vec(),
        accounts: vec!["111122223333".to_owned(), "444455556666".to_owned()],
        account_count: 2,
        regions: vec!["eu-central-1".to_owned()],
        digests: 24,
        first_period_end_ms: Some(1_759_993_200_000),
        last_period_end_ms: Some(1_759_996_800_000),
        bytes: 31_415,
    }
}

/// As SNS delivers to a queue without raw message delivery.
/// Source: SNS Developer Guide, "Amazon SNS HTTP/HTTPS notification JSON format".
fn enveloped(message: &str) -> String {
    json!({
        "Type": "Notification",
        "MessageId": "11111111-2222-3333-4444-555555555555",
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": "2025-10-09T08:54:20.250Z",
        "SignatureVersion": "1",
        "Signature": "AAAA",
        "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/x.pem",
        "UnsubscribeURL": "https://sns.eu-central-1.amazonaws.com/?Action=Unsubscribe",
        "MessageAttributes": { "kind": { "Type": "String", "Value": "digest" } },
    })
    .to_string()
}

#[tokio::test]
async fn what_the_collector_announces_wakes_raw_and_enveloped() {
    for prefix in ["org", "org/"] {
        let raw = announced_by("audit", prefix, &landed()).await;
        let body: Value = serde_json::from_str(&raw).unwrap();
        assert_eq!((&body["kind"], &body["archive"], &body["digests"]), (&json!("digest"), &json!(ARCHIVE), &json!(24)));
        for body in [enveloped(&raw), enveloped(&enveloped(&raw)), raw] {
            assert!(speaks(&body), "{body}");
        }
    }
    let root = announced_by("audit", "", &landed()).await;
    assert!(speaks_of_digests(&root, "s3://audit") && speaks_of_digests(&root, "s3://audit/"));
}

#[tokio::test]
async fn the_largest_announcement_wakes_and_one_that_is_too_large_does_not() {
    let many: Vec<String> = (0..1_000).map(|number| format!("{number:012}")).collect();
    let names = (0..1_000).map(|number| format!("{number:0>60}")).collect();
    let large = LandedDigests { accounts: many, account_count: 5_000, regions: names, ..landed() };
    let raw = announced_by("audit", "org", &large).await;
    assert!(raw.len() > 70_000 && raw.len() <= 262_144, "{} bytes", raw.len());
    assert!(speaks(&raw) && speaks(&enveloped(&raw)));
    // Nothing that is announced has so many bytes: 256 KiB of it, and more than SQS takes.
    let padded = |bytes: usize| json!({ "kind": "digest", "x": "x".repeat(bytes) }).to_string();
    assert!(speaks(&padded(256 << 10)), "it names itself");
    assert!(!speaks(&padded(MAX_BODY_BYTES)));
}

#[tokio::test]
async fn announcements_of_another_archive_wake_nobody() {
    for (bucket, prefix) in [("audit", ""), ("audit", "org2"), ("audit", "org/x"), ("audits", "org")] {
        let raw = announced_by(bucket, prefix, &landed()).await;
        assert!(!speaks(&raw) && !speaks(&enveloped(&raw)), "{raw}");
    }
    assert!(!speaks(r#"{"kind":"digest","archive":"audit/org"}"#));
    // Who names none may mean this one, and a directory has no address that could be announced.
    assert!(speaks(r#"{"kind":"digest"}"#) && speaks(r#"{"kind":"digest","archive":7}"#));
    assert!(speaks_of_digests(&announced_by("audit", "org", &landed()).await, "/var/archive"));
}

#[test]
fn what_was_delivered_is_known_in_each_form() {
    let raw = cloudtrail_message("logs", &[DIGEST]);
    let packed = cloudtrail_message("audit", &["org/digests/day=20260115/x.gz"]);
    for body in [enveloped(&raw), raw, packed] {
        assert!(speaks(&body), "{body}");
    }
}

#[test]
fn anything_else_wakes_nobody() {
    let events = json!({ "version": 1, "category": "management", "key": "events/x.parquet" }).to_string();
    let deep = (0..9).fold(json!({ "kind": "digest" }).to_string(), |inner, _| json!({ "Message": inner }).to_string());
    let long = "x".repeat(256 << 10);
    let lists = format!("{{\"kind\":[\"digest\"],\"x\":{}{}}}", "[".repeat(100), "]".repeat(100));
    let nested = format!("{{\"kind\":\"digest\",\"x\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let bodies = [
        "",
        "{",
        "[]",
        "null",
        "digest",
        "\"digest\"",
        "\u{0}",
        r#"{"kind":"digests"}"#,
        r#"{"kind":"Digest"}"#,
        r#"{"kind":null}"#,
        r#"{"kind":{"kind":"digest"}}"#,
        r#"{"Message":{"kind":"digest"}}"#,
        r#"{"Message":"","kind":"digest"}"#,
        &events,
        &enveloped(&events),
        &deep,
        &lists,
        &nested,
        &long,
        &enveloped(&long),
        &cloudtrail_message("logs", &["x/y.json.gz"]),
        &"[".repeat(100_000),
    ];
    for body in bodies {
        assert!(!speaks(body), "{}", body.chars().take(200).collect::<String>());
    }
}

#[tokio::test]
async fn what_wakes_is_deleted_after_the_round_and_anything_else_at_once() {
    let queue = MemoryQueue::new("digests");
    let mut waker = Waker::new(Arc::new(queue.clone()), ARCHIVE);
    queue.push("not JSON");
    queue.push(&announced_by("others", "", &landed()).await);
    assert!(!waker.receive(Duration::ZERO).await);
    assert_eq!(queue.messages_left(), 0);
    queue.push(enveloped(&announced_by("audit", "org", &landed()).await));
    assert!(waker.receive(Duration::ZERO).await);
    assert_eq!(queue.messages_left(), 1, "a round that dies lets it come back");
    waker.done().await;
    assert_eq!(queue.messages_left(), 0);
}
