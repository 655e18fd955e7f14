//! Digests that landed are announced where that is asked for: to those who filter for them, and to nobody who filters by category.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use trailkeep_tests::{
    chaos::{AUDIT, LOGS},
    gzip,
};

use super::{
    aws, until,
    world::{MEMBER, ORGANIZATION, World},
};

/// A Digest of one hour, as it is delivered: key and body.
fn digest(hour: u32) -> (String, Vec<u8>) {
    let name = format!("{MEMBER}_CloudTrail-Digest_us-east-1_t1_us-east-1_20260314T{hour:02}0000Z.json.gz");
    let key = format!("AWSLogs/{ORGANIZATION}/{MEMBER}/CloudTrail-Digest/us-east-1/2026/03/14/{name}");
    let body = json!({
        "awsAccountId": MEMBER, "digestStartTime": format!("2026-03-14T{:02}:00:00Z", hour - 1), "digestEndTime": format!("2026-03-14T{hour:02}:00:00Z"),
        "digestS3Bucket": LOGS, "digestS3Object": key, "newestEventTime": null, "oldestEventTime": null, "logFiles": [],
    });
    let body = gzip::member(body.to_string().as_bytes());
    (key, body)
}

/// A queue that hears of what the topic tells, with this filter.
async fn subscribed(world: &World, topic: &str, queue: &str, filter: Option<Value>) -> Result<String> {
    let url = world.moto.sqs().create_queue().queue_name(queue).send().await?.queue_url.context("no URL")?;
    let sns = aws::sns(&world.moto);
    let subscribe =
        sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(aws::queue_arn(queue)).attributes("RawMessageDelivery", "true");
    let subscribe = filter.into_iter().fold(subscribe, |subscribe, filter| subscribe.attributes("FilterPolicy", filter.to_string()));
    subscribe.send().await?;
    Ok(url)
}

/// All that a queue has now.
async fn heard(world: &World, url: &str) -> Result<Vec<Value>> {
    let (sqs, mut heard) = (world.moto.sqs(), Vec::new());
    loop {
        let messages = sqs.receive_message().queue_url(url).max_number_of_messages(10).send().await?.messages.unwrap_or_default();
        if messages.is_empty() {
            return Ok(heard);
        }
        for message in messages {
            heard.push(serde_json::from_str(message.body().unwrap_or_default())?);
            sqs.delete_message().queue_url(url).receipt_handle(message.receipt_handle().context("no receipt")?).send().await?;
        }
    }
}

/// Lands two Digests and two log objects with a collector that has these options.
async fn land(world: &World, numbers: std::ops::Range<u32>, topic: &str, more: &[&str]) -> Result<()> {
    let mut objects = world.deliver(numbers.clone()).await?;
    for hour in numbers {
        let (key, body) = digest(hour);
        objects.push(world.cloud.deliver(&key, body).await?);
    }
    world.announce(&objects).await?;
    let collector = world.start(more.first().unwrap_or(&"without"), &[&["--topic-arn", topic], more].concat())?;
    world.until_empty().await?;
    collector.drained().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn digests_are_announced_where_that_is_asked_for_and_to_no_subscriber_of_categories() -> Result<()> {
    let Some(world) = World::new("announcements of Digests").await? else { return Ok(()) };
    let topic = aws::sns(&world.moto).create_topic().name("landed").send().await?.topic_arn.context("no ARN")?;
    let all = subscribed(&world, &topic, "all", None).await?;
    let digests = subscribed(&world, &topic, "digests", Some(json!({ "kind": ["digest"] }))).await?;
    let categories = subscribed(&world, &topic, "categories", Some(json!({ "category": ["management"] }))).await?;

    land(&world, 1..3, &topic, &[]).await?;
    let told = heard(&world, &all).await?;
    ensure!(!told.is_empty() && told.iter().all(|told| told.get("kind").is_none() && told["category"] == "management"), "{told:?}");
    ensure!(heard(&world, &digests).await?.is_empty(), "nobody asked for Digests to be announced");
    heard(&world, &categories).await?;

    land(&world, 3..5, &topic, &["--announce-digests"]).await?;
    let told = heard(&world, &categories).await?;
    ensure!(!told.is_empty() && told.iter().all(|told| told["category"] == "management"), "{told:?}");
    let told = heard(&world, &all).await?;
    ensure!(told.iter().any(|told| told["kind"] == "digest") && told.iter().any(|told| told["category"] == "management"), "{told:?}");
    let told = heard(&world, &digests).await?;
    let count: u64 = told.iter().filter_map(|told| told["digests"].as_u64()).sum();
    ensure!(count == 2, "two Digests landed: {told:?}");
    let ends =
        told.iter().flat_map(|told| [&told["first_period_end"], &told["last_period_end"]].map(|end| end.as_str().unwrap_or_default()));
    let (first, last) = (ends.clone().min(), ends.max());
    ensure!((first, last) == (Some("2026-03-14T03:00:00Z"), Some("2026-03-14T04:00:00Z")), "{told:?}");
    let archived = world.cloud.archived("digests/").await?;
    for told in &told {
        ensure!(told["version"] == 1 && told["kind"] == "digest" && told["archive"] == format!("s3://{AUDIT}"), "{told}");
        ensure!(told["accounts"] == json!([MEMBER]) && told["regions"] == json!(["us-east-1"]), "{told}");
        let keys: Vec<&str> = told["keys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        ensure!(keys.first().is_some_and(|key| told["key"] == *key) && told["bucket"] == AUDIT, "{told}");
        ensure!(keys.iter().all(|key| archived.iter().any(|there| there == key)), "{keys:?} of {archived:?}");
    }
    until("nothing is left to announce", async || Ok(world.cloud.archived("staging/").await?.is_empty())).await
}
