//! All forms of notifications on one queue, whole and broken, once and again.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use trailkeep_tests::{
    chaos::{AUDIT, Delivered, LOGS, Shape, notification},
    proxy::{Fault, Proxy, Rule},
};

use super::{
    process::Collector,
    until,
    world::{World, key, named},
};

/// EventBridge's "Object Created"; without its `detail-type` what Security Lake tells its subscribers.
fn event_bridge(object: &Delivered, detail_type: Option<&str>) -> String {
    let mut event = json!({
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2026-03-14T09:05:00Z",
        "region": "us-east-1",
        "resources": [format!("arn:aws:s3:::{LOGS}")],
        "detail": {
            "version": "0",
            "bucket": { "name": LOGS },
            "object": { "key": object.key, "size": object.bytes, "etag": object.etag, "sequencer": "617f08299329d189" },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "111122223333",
            "reason": "PutObject",
        },
    });
    if let Some(name) = detail_type {
        event["detail-type"] = name.into();
    }
    event.to_string()
}

fn envelope(message: &str) -> String {
    let arn = "arn:aws:sns:us-east-1:111122223333:org-logs";
    json!({ "Type": "Notification", "MessageId": "22b80b92", "TopicArn": arn, "Message": message, "Timestamp": "2026-03-14T09:05:00.000Z" })
        .to_string()
}

/// What asks for nothing.
fn idle_messages() -> Vec<String> {
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-03-14T09:05:00.000Z", "Bucket": LOGS }).to_string();
    let confirm = json!({
        "Type": "SubscriptionConfirmation", "TopicArn": "arn:aws:sns:us-east-1:111122223333:t", "Token": "t", "MessageId": "m",
        "SubscribeURL": "http://127.0.0.1:9/?Action=ConfirmSubscription", "Message": "You have chosen to subscribe",
    });
    vec![test.clone(), envelope(&test), "CloudTrail validation message.".to_owned(), confirm.to_string()]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_notification_lands_what_it_announces() -> Result<()> {
    let Some(world) = World::new("all forms of notifications").await? else { return Ok(()) };
    let objects = world.deliver(0..9).await?;
    let one = |index: usize| objects.get(index).context("nine objects");
    let mut messages = vec![
        notification(Shape::S3, &[one(0)?, one(1)?]),
        notification(Shape::Sns, &[one(2)?]),
        envelope(&envelope(&notification(Shape::S3, &[one(3)?]))),
        event_bridge(one(4)?, Some("Object Created")),
        envelope(&event_bridge(one(5)?, Some("Object Created"))),
        event_bridge(one(6)?, None),
        notification(Shape::CloudTrail, &[one(7)?, one(8)?]),
    ];
    messages.extend(idle_messages());
    world.cloud.announce(&messages).await?;
    let collector = world.start("collector", &[])?;
    world.until_empty().await?;
    for (form, count) in [
        ("s3_event", 3.0),
        ("event_bridge", 2.0),
        ("security_lake", 1.0),
        ("cloudtrail", 1.0),
        ("s3_test_event", 2.0),
        ("cloudtrail_validation", 1.0),
        ("subscription_confirmation", 1.0),
    ] {
        collector.until_metric("trailkeep_collector_notifications_total", &[&format!("form=\"{form}\"")], count).await?;
    }
    let said = collector.drained().await?;
    ensure!(said.contains("confirm it where it was made"), "{said}");
    ensure!(world.dead().await? == 0, "there are dead letters:\n{said}");
    world.has_landed(named(&objects)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nine_good_entries_land_beside_a_bad_one_whose_message_becomes_a_dead_letter() -> Result<()> {
    let Some(world) = World::new("one bad entry among nine good ones").await? else { return Ok(()) };
    world.redrive_after(2).await?;
    let objects = world.deliver(0..9).await?;
    let mut message: Value = serde_json::from_str(&notification(Shape::S3, &objects.iter().collect::<Vec<_>>()))?;
    let entries = message["Records"].as_array_mut().context("entries")?;
    let mut bad = entries.first().context("an entry")?.clone();
    bad["s3"]["object"]["key"] = "AWSLogs/../secret".into();
    entries.insert(4, bad);
    world.cloud.announce(&[message.to_string()]).await?;
    let collector = world.start("collector", &[])?;
    world.until_dead(1).await?;
    collector.until_metric("trailkeep_collector_deliveries_total", &["outcome=\"landed\""], 9.0).await?;
    let said = collector.drained().await?;
    ensure!(said.contains("a message is rejected") && said.contains("key_dot_dot"), "{said}");
    world.has_landed(named(&objects)).await?;
    ensure!(world.quarantined()?.get("key_dot_dot").is_some_and(|count| *count > 0), "{:?}", world.quarantined()?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_messages_and_objects_have_named_outcomes_and_take_nothing_with_them() -> Result<()> {
    let Some(world) = World::new("broken messages and objects").await? else { return Ok(()) };
    world.redrive_after(2).await?;
    let mut objects = world.deliver(0..3).await?;
    let gone = objects.pop().context("the third")?;
    world.moto.client().delete_object().bucket(LOGS).key(&gone.key).send().await?;
    let empty = world.cloud.deliver(&key(None, "111122223333", "us-east-1", 7), Vec::new()).await?;
    let large = "x".repeat(200 << 10);
    let rejected = [
        "not json {",
        "[1,2]",
        r#"{"hello":"world"}"#,
        r#"{"Records":7}"#,
        r#"{"s3Bucket":"org-logs","s3ObjectKey":["a\u0007b"]}"#,
        &large,
    ];
    let bad: Vec<String> = rejected.map(ToOwned::to_owned).to_vec();
    world.cloud.announce(&bad).await?;
    world.announce(&objects).await?;
    world.announce(&[gone, empty]).await?;
    // More names in one message than fit into one piece of work, none of them CloudTrail's.
    let many: Vec<String> = (0..5_000).map(|number| format!("a/{number}")).collect();
    world.cloud.announce(&[json!({ "s3Bucket": LOGS, "s3ObjectKey": many }).to_string()]).await?;
    let collector = world.start("collector", &[])?;
    world.until_dead(rejected.len() as u64).await?;
    collector.until_metric("trailkeep_collector_deliveries_total", &["outcome=\"landed\""], 2.0).await?;
    collector.drained().await?;
    world.has_landed(named(&objects)).await?;
    let found = world.quarantined()?;
    for reason in
        ["not_json", "not_an_object", "unknown_form", "records_not_a_list", "key_control_characters", "object_missing", "zero_size"]
    {
        ensure!(found.contains_key(reason), "{reason} is missing: {found:?}");
    }
    ensure!(found.values().sum::<u64>() >= 5_000, "{found:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_is_announced_again_and_by_two_paths_lands_once() -> Result<()> {
    let Some(world) = World::new("announced three times and by two paths").await? else { return Ok(()) };
    let objects = world.deliver(0..4).await?;
    let all: Vec<&Delivered> = objects.iter().collect();
    let once = notification(Shape::S3, &all);
    world.cloud.announce(&[once.clone(), once.clone(), notification(Shape::Sns, &all), notification(Shape::CloudTrail, &all)]).await?;
    let (first, second) = (world.start("first", &[])?, world.start("second", &[])?);
    world.until_empty().await?;
    world.cloud.announce(&[once, notification(Shape::CloudTrail, &all)]).await?;
    world.until_empty().await?;
    let count = async |outcome: &str| {
        let labels = [outcome];
        let name = "trailkeep_collector_deliveries_total";
        anyhow::Ok(first.metric(name, &labels).await? + second.metric(name, &labels).await?)
    };
    let (landed, duplicates) = (count("outcome=\"landed\"").await?, count("outcome=\"duplicate\"").await?);
    ensure!((landed - 4.0).abs() < 0.1 && duplicates >= 19.9, "{landed} landed, {duplicates} duplicates");
    first.drained().await?;
    second.drained().await?;
    world.has_landed(named(&objects)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_announced_again_while_it_is_fetched_lands_once_and_no_message_is_deleted_before() -> Result<()> {
    let Some(world) = World::new("announced again during the fetch").await? else { return Ok(()) };
    let objects = world.deliver(0..3).await?;
    let proxy = Proxy::before(world.moto.endpoint(), 1)?;
    proxy.add(Rule::before("s3:GetObject", Fault::Delay(Duration::from_secs(3))).with(LOGS).times(3));
    let mut command = world.command(&["--seal-age", "6s", "--seal-small-age", "6s"])?;
    command.env("TRAILKEEP_AWS_ENDPOINT", proxy.door("collector")?.endpoint());
    let collector = Collector::start(command, world.directory.path().join("collector.log"))?;
    world.announce(&objects).await?;
    until("the objects are being fetched", async || Ok(proxy.count("s3:GetObject") >= 3)).await?;
    world.announce(&objects).await?;
    world.announce(&objects).await?;
    world.until_empty().await?;
    collector.until_metric("trailkeep_collector_deliveries_total", &["outcome=\"landed\""], 3.0).await?;
    collector.until_metric("trailkeep_collector_deliveries_total", &["outcome=\"duplicate\""], 6.0).await?;
    collector.drained().await?;
    world.has_landed(named(&objects)).await?;
    let seen = proxy.seen();
    let published = |request: &trailkeep_tests::proxy::Request| {
        request.operation == "s3:CompleteMultipartUpload" && request.subject.starts_with(&format!("{AUDIT}/sources/"))
    };
    let first_published = seen.iter().position(|seen| published(&seen.request)).context("nothing is published")?;
    let first_deleted = seen.iter().position(|seen| seen.request.operation == "sqs:DeleteMessageBatch").context("nothing is deleted")?;
    ensure!(first_published < first_deleted, "a message was deleted before anything was published");
    Ok(())
}
