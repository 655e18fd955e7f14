//! Reading is forbidden: of the whole bucket, which pauses receiving, and of one object, which stops nobody.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;
use trailkeep_tests::{
    chaos::LOGS,
    proxy::{Fault, Proxy, Rule},
};

use super::{
    process::Collector,
    until,
    world::{World, named},
};

/// While it pauses it receives once for each probe, at most; without a pause twice a second at least.
async fn receives_once_a_probe(collector: &Collector) -> Result<()> {
    let receives = async || collector.metric("trailkeep_collector_stage_duration_seconds_count", &["stage=\"receive\""]).await;
    let probes = || collector.lines("reading is not permitted").len();
    let (receives_before, probes_before) = (receives().await?, probes());
    until("it probes again and again", async || Ok(probes() >= probes_before + 4)).await?;
    let (received, probed) = (receives().await? - receives_before, probes() - probes_before);
    // Two long polls may have been under way.
    ensure!(received <= probed as f64 + 2.0, "{received} receives during {probed} probes");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_denies_pauses_receiving_and_says_what_to_grant() -> Result<()> {
    let Some(world) = World::new("a log bucket that denies").await? else { return Ok(()) };
    world.redrive_after(20).await?;
    let mut objects = world.deliver(0..14).await?;
    let later = objects.split_off(8);
    let deny = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": format!("arn:aws:s3:::{LOGS}/*") }],
    });
    let s3 = world.moto.client();
    s3.put_bucket_policy().bucket(LOGS).policy(deny.to_string()).send().await?;
    world.announce(&objects).await?;
    let collector = world.start("collector", &["--breaker-keys", "3", "--breaker-probe", "2s"])?;
    until("the pause is shown", async || {
        let (status, page) = collector.page("/ready").await?;
        Ok(status == 503 && page.contains("reading the log bucket is not permitted"))
    })
    .await
    .with_context(|| collector.said())?;
    ensure!(collector.page("/live").await?.0 == 200, "a restart would not help: it is live");
    collector.until_metric("trailkeep_collector_breaker_open", &[], 1.0).await?;
    ensure!(collector.metric("trailkeep_collector_denied_total", &["operation=\"get_object\""]).await? >= 3.0, "denials are not counted");
    world.announce(&later).await?;
    receives_once_a_probe(&collector).await.with_context(|| collector.said())?;
    let line = collector.lines("reading is not permitted").pop().context("a line")?;
    for words in ["s3:GetObject", &format!("arn:aws:s3:::{LOGS}/*"), "kms:Decrypt", &format!("s3:ListBucket on arn:aws:s3:::{LOGS}")] {
        ensure!(line.contains(words), "{words:?} is missing: {line}");
    }
    s3.delete_bucket_policy().bucket(LOGS).send().await?;
    world.until_empty().await.with_context(|| collector.said())?;
    collector.until_ready().await?;
    collector.until_metric("trailkeep_collector_breaker_open", &[], 0.0).await?;
    let said = collector.drained().await?;
    ensure!(said.contains("reading is permitted again"), "{said}");
    ensure!(world.dead().await? == 0, "there are dead letters:\n{said}");
    objects.extend(later);
    world.has_landed(named(&objects)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_object_that_is_denied_stops_nobody() -> Result<()> {
    let Some(world) = World::new("one denied object").await? else { return Ok(()) };
    world.redrive_after(3).await?;
    let mut objects = world.deliver(0..10).await?;
    let proxy = Proxy::before(world.moto.endpoint(), 1)?;
    // As S3 answers for a key that is gone where s3:ListBucket is not granted.
    for operation in ["s3:GetObject", "s3:HeadObject"] {
        proxy.add(Rule::before(operation, Fault::Denied).with(&objects[3].key));
    }
    world.announce(&objects).await?;
    let mut command = world.command(&["--breaker-keys", "2"])?;
    command.env("TRAILKEEP_AWS_ENDPOINT", proxy.door("collector")?.endpoint());
    let collector = Collector::start(command, world.directory.path().join("collector.log"))?;
    world.until_dead(1).await.with_context(|| collector.said())?;
    collector.until_metric("trailkeep_collector_deliveries_total", &["outcome=\"landed\""], 9.0).await?;
    ensure!(collector.page("/ready").await?.0 == 200, "one denied object is taken for all");
    ensure!(
        collector.metric("trailkeep_collector_deliveries_total", &["outcome=\"retried\"", "error_type=\"denied\""]).await? >= 2.0,
        "no retry"
    );
    let said = collector.drained().await?;
    ensure!(!said.contains("receiving pauses") && said.contains(&objects[3].key), "{said}");
    objects.remove(3);
    world.has_landed(named(&objects)).await
}
