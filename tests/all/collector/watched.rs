//! What a collector shows of itself while it works: /live, /ready and /metrics.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use trailkeep_tests::chaos::{LOGS, Shape, notification};

use super::{
    until,
    world::{RECORDS, World, body, key, named},
};

#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_what_was_done() -> Result<()> {
    let Some(world) = World::new("the collector's metrics").await? else { return Ok(()) };
    world.redrive_after(2).await?;
    let objects = world.deliver(0..6).await?;
    let left_out = world.cloud.deliver(&key(None, "444455556666", "us-east-1", 9), body(9)).await?;
    let stored: usize = objects.iter().map(|object| object.bytes).sum();
    world.announce(&objects).await?;
    let again = notification(Shape::S3, &[&objects[0], &objects[1]]);
    let other = json!({ "s3Bucket": LOGS, "s3ObjectKey": ["AWSLogs/111122223333/Config/us-east-1/2026/3/14/ConfigHistory/x.json.gz"] });
    world.cloud.announce(&[again, notification(Shape::S3, &[&left_out]), other.to_string(), "no notification".to_owned()]).await?;
    let collector = world.start("collector", &["--without-account", "444455556666"])?;
    world.until_dead(1).await?;
    let done = [
        ("deliveries_total", "outcome=\"landed\"", 6.0),
        ("deliveries_total", "outcome=\"duplicate\"", 2.0),
        ("deliveries_total", "outcome=\"filtered\"", 1.0),
        ("deliveries_total", "outcome=\"ignored\"", 1.0),
        ("deliveries_total", "outcome=\"rejected\"", 2.0),
        ("messages_received_total", "", 11.0),
        ("messages_settled_total", "disposition=\"acknowledge\"", 7.0),
        ("messages_settled_total", "disposition=\"ignore\"", 2.0),
        ("messages_settled_total", "disposition=\"reject\"", 2.0),
        ("messages_deleted_total", "", 9.0),
        ("records_total", "category=\"management\"", (6 * RECORDS) as f64),
        ("source_stored_bytes_total", "", stored as f64),
        ("quarantined_total", "reason=\"not_json\"", 1.0),
        ("lag_seconds_count", "", 6.0),
        ("queue_in_flight", "", 0.0),
        ("queue_in_flight_limit", "", 120_000.0),
        ("queue_oldest_age_seconds", "", 0.0),
        ("unpublished_batches", "", 0.0),
        ("breaker_open", "", 0.0),
        ("self_generated_total", "", 0.0),
        ("denied_total", "", 0.0),
    ];
    for (name, label, value) in done {
        collector.until_metric(&format!("trailkeep_collector_{name}"), &[label], value).await?;
    }
    let batches = async |event: &str| collector.metric("trailkeep_collector_batches_total", &[&format!("event=\"{event}\"")]).await;
    let (opened, committed, published) = (batches("opened").await?, batches("committed").await?, batches("published").await?);
    let listed = world.cloud.archived("sources/").await?.len() as f64;
    ensure!(
        opened >= committed && committed.total_cmp(&published).is_eq() && published >= listed && listed >= 1.0,
        "{opened} {committed} {published} {listed}"
    );
    let written: f64 = collector.metric("trailkeep_collector_archive_objects_total", &["prefix=\"sources\""]).await?;
    ensure!(written.total_cmp(&listed).is_eq(), "{written} objects below sources/, {listed} there");
    let said = collector.drained().await?;
    tells_the_last_minute(&said)?;
    world.has_landed(named(&objects)).await
}

/// What metric filters of log lines read. The run may have had several minutes: what is counted is added up, what stands is the last line's.
fn tells_the_last_minute(said: &str) -> Result<()> {
    let lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let minutes: Vec<Value> = lines.filter(|line| line["message"] == "the last minute").map(|line| line["fields"].clone()).collect();
    let counted = |field: &str| minutes.iter().filter_map(|fields| fields[field].as_u64()).sum::<u64>();
    let figures = ["landed_objects", "landed_records", "quarantined", "rejected", "denied", "self_generated"].map(counted);
    ensure!(figures == [6, 6 * RECORDS as u64, 1, 2, 0, 0] && counted("published_batches") > 0, "{minutes:?}");
    let last = minutes.last().context("the last minute is not told")?;
    for field in ["unpublished_batches", "messages_in_hand", "oldest_message_age_s", "receiving_paused"] {
        ensure!(last[field] == 0, "{field} of {last}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_hand_is_shown_and_a_drain_lands_it() -> Result<()> {
    let Some(world) = World::new("what is in hand").await? else { return Ok(()) };
    let objects = world.deliver(0..5).await?;
    world.announce(&objects).await?;
    let mut collector = world.start("collector", &["--seal-age", "10m", "--seal-small-age", "10m", "--visibility", "4s"])?;
    collector.until_metric("trailkeep_collector_queue_in_flight", &[], 5.0).await?;
    collector.until_ready().await?;
    ensure!(collector.page("/live").await?.0 == 200, "it is not live");
    // Kept hidden from everyone else, for longer than once.
    until("the messages are kept hidden", async || {
        let renewed = collector.metric("trailkeep_collector_queue_heartbeats_total", &[]).await?;
        Ok(renewed >= 10.0)
    })
    .await?;
    ensure!(world.cloud.depth(&world.cloud.queue).await? == [0, 5, 0], "{:?}", world.cloud.depth(&world.cloud.queue).await?);
    ensure!(collector.metric("trailkeep_collector_queue_oldest_age_seconds", &[]).await? >= 2.0, "the oldest message has no age");
    ensure!(collector.metric("trailkeep_collector_queue_receipts_lost_total", &[]).await? < 0.5, "a receipt was lost");
    ensure!(world.cloud.archived("sources/").await?.is_empty(), "nothing is published yet");
    collector.ask_to_stop()?;
    let status = collector.ended().await?;
    ensure!(status.success(), "{status}:\n{}", collector.said());
    ensure!(world.cloud.depth(&world.cloud.queue).await? == [0; 3], "{:?}", world.cloud.depth(&world.cloud.queue).await?);
    world.has_landed(named(&objects)).await
}
