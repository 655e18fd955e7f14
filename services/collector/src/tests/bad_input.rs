//! A queue is an input that others can write to.

use trailkeep_archive::QuarantineKind;
use trailkeep_notifications::{ObjectNotice, s3_event};

use super::world::{World, log_key, notice};

#[tokio::test(flavor = "multi_thread")]
async fn nine_good_entries_land_beside_a_bad_one_and_the_message_is_left_for_the_dead_letter_queue() {
    let world = World::with_logs(9);
    let mut notices: Vec<ObjectNotice> = (0..9).map(|number| notice(&log_key(number))).collect();
    notices.insert(4, ObjectNotice { bucket: "somebody-elses".to_owned(), ..notice(&log_key(3)) });
    world.queue.push(s3_event(&notices));
    let running = world.start("first", |_| {}).await;
    world.until("the message is a dead letter", || world.queue.dead_letters().len() == 1).await;
    running.stop().await;
    world.assert_landed_once(0..9);
    assert_eq!(world.queue.deleted_count(), 0);
    let rows = world.quarantine();
    assert!(rows.iter().all(|row| row.kind == QuarantineKind::Notification && row.reason == "bucket_not_configured"), "{rows:?}");
    assert!(rows.iter().any(|row| row.bucket == "somebody-elses" && row.key == log_key(3)), "{rows:?}");
    assert!(rows.iter().any(|row| row.detail.contains("eventVersion")), "the body is kept: {rows:?}");
    assert_eq!(rows.len(), 2, "written down once, not with every receive: {rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_notification_ends_as_a_dead_letter_with_its_reason_and_body_kept() {
    let world = World::new();
    let bodies = ["not json {", "[1,2,3]", r#"{"hello":"world"}"#, r#"{"Records":7}"#, ""];
    for body in bodies {
        world.queue.push(body);
    }
    world.queue.push("x".repeat(1 << 20));
    let running = world.start("first", |_| {}).await;
    world.until("all are dead letters", || world.queue.dead_letters().len() == 6).await;
    running.stop().await;
    let mut reasons: Vec<String> = world.quarantine().into_iter().map(|row| row.reason).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["not_an_object", "not_json", "not_json", "not_json", "records_not_a_list", "unknown_form"]);
    assert!(world.quarantine().iter().all(|row| row.detail.len() < 20 << 10), "what is kept of a body is capped");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_asks_for_nothing_is_deleted() {
    let world = World::new();
    world.queue.push(r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-01-15T10:00:00.000Z","Bucket":"org-logs"}"#);
    world.queue.push("CloudTrail validation message.");
    world.queue.push(r#"{"Type":"SubscriptionConfirmation","TopicArn":"arn:aws:sns:us-east-1:111122223333:t","SubscribeURL":"https://example.com/","Message":"m"}"#);
    let config = "AWSLogs/111122223333/Config/us-east-1/2026/1/15/ConfigHistory/x.json.gz";
    world.queue.push(s3_event(&[notice(config), notice("AWSLogs/111122223333/")]));
    let running = world.start("first", |_| {}).await;
    world.quiet().await;
    running.stop().await;
    assert_eq!(world.queue.deleted_count(), 4);
    assert_eq!(world.logs.operations(), 0, "nothing was read");
    assert!(world.quarantine().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_is_a_finding_and_what_was_empty_is_written_down() {
    let world = World::with_logs(2);
    world.logs.remove(&log_key(1));
    world.announce(0..2, 1);
    let empty = ObjectNotice { size_bytes: Some(0), ..notice(&log_key(5)) };
    world.queue.push(s3_event(&[empty]));
    let running = world.start("first", |_| {}).await;
    world.quiet().await;
    running.stop().await;
    world.assert_landed_once(0..1);
    let mut findings: Vec<(String, String)> = world.quarantine().into_iter().map(|row| (row.reason, row.key)).collect();
    findings.sort_unstable();
    assert_eq!(findings, [("object_missing".to_owned(), log_key(1)), ("zero_size".to_owned(), log_key(5))]);
    // It comes back: it lands.
    let world_log = super::world::log(1);
    world.logs.insert(&log_key(1), world_log);
    world.announce(1..2, 1);
    let running = world.start("second", |_| {}).await;
    world.quiet().await;
    running.stop().await;
    world.assert_landed_once(0..2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_lands_in_raw_with_its_reason() {
    let world = World::new();
    world.logs.insert(&log_key(0), "no gzip, no json");
    world.logs.insert(&log_key(1), super::world::gzip(br#"{"Records":[{"eventName":"#));
    world.announce(0..2, 2);
    let running = world.start("first", |_| {}).await;
    world.quiet().await;
    running.stop().await;
    assert_eq!(world.sources().len(), 2);
    assert_eq!(world.quarantine().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_configuration_leaves_out_is_no_fault() {
    let world = World::with_logs(2);
    world.announce(0..2, 2);
    let running = world.start("first", |settings| {
        settings.admission.without_regions = ["us-east-1".to_owned()].into();
    });
    let running = running.await;
    world.quiet().await;
    running.stop().await;
    assert!(world.sources().is_empty() && world.quarantine().is_empty());
    assert_eq!(world.logs.operations(), 0);
}
