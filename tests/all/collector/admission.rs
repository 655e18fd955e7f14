//! Whose objects are let in: buckets, organizations and accounts that are configured, by whatever path they are read.

use anyhow::{Result, ensure};
use serde_json::json;
use trailkeep_tests::{
    chaos::{Delivered, LOGS},
    emulator::Moto,
};

use super::{
    aws,
    world::{MEMBER, ORGANIZATION, World, body, key, named},
};

/// The log-archive account and the role to read there with.
const READER: &str = "arn:aws:iam::999988887777:role/trailkeep-reader";

/// CloudTrail's own notification of objects in any bucket.
fn announced(bucket: &str, keys: &[&str]) -> String {
    json!({ "s3Bucket": bucket, "s3ObjectKey": keys }).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_s_bucket_and_another_organization_are_rejected_and_kept() -> Result<()> {
    let Some(world) = World::new("what is not configured").await? else { return Ok(()) };
    world.redrive_after(2).await?;
    let mut objects = world.deliver(0..2).await?;
    let strange = world.cloud.deliver(&key(Some("o-zzzzzzzzzz"), MEMBER, "us-east-1", 10), body(10)).await?;
    let own = world.cloud.deliver(&key(None, "444455556666", "us-east-1", 11), body(11)).await?;
    let known = world.cloud.deliver(&key(None, "777788889999", "us-east-1", 12), body(12)).await?;
    world.moto.create_bucket("somebody-elses").await?;
    world.moto.client().put_object().bucket("somebody-elses").key(&objects[0].key).body(body(13).into()).send().await?;
    world.announce(&objects).await?;
    world.announce(&[strange, own, known.clone()]).await?;
    world.cloud.announce(&[announced("somebody-elses", &[&objects[0].key])]).await?;
    let collector = world.start("collector", &["--organization", ORGANIZATION, "--account", "777788889999"])?;
    world.until_dead(3).await?;
    collector.until_metric("trailkeep_collector_deliveries_total", &["outcome=\"landed\""], 3.0).await?;
    for reason in ["bucket_not_configured", "organization_not_configured", "account_not_configured"] {
        let labels = ["outcome=\"rejected\"", &format!("error_type=\"{reason}\"")];
        // Received twice each.
        collector.until_metric("trailkeep_collector_deliveries_total", &labels, 2.0).await?;
    }
    collector.drained().await?;
    objects.push(known);
    world.has_landed(named(&objects)).await?;
    let found = world.quarantined()?;
    ensure!(found.keys().eq(["account_not_configured", "bucket_not_configured", "organization_not_configured"]), "{found:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_configuration_leaves_out_is_filtered_and_its_messages_are_deleted() -> Result<()> {
    let Some(world) = World::new("residency").await? else { return Ok(()) };
    world.redrive_after(1).await?;
    let at = async |account: &str, region: &str, number: u32| world.cloud.deliver(&key(None, account, region, number), body(number)).await;
    let kept = at("111122223333", "eu-central-1", 1).await?;
    let others = [at("111122223333", "us-east-1", 2).await?, at("444455556666", "eu-central-1", 3).await?];
    world.announce(&[others[0].clone(), kept.clone(), others[1].clone()]).await?;
    let collector = world.start("collector", &["--only-region", "eu-central-1", "--without-account", "444455556666"])?;
    world.until_empty().await?;
    collector.until_metric("trailkeep_collector_deliveries_total", &["outcome=\"filtered\""], 2.0).await?;
    collector.until_metric("trailkeep_collector_left_out_total", &["reason=\"region\""], 1.0).await?;
    collector.until_metric("trailkeep_collector_left_out_total", &["reason=\"account\""], 1.0).await?;
    collector.drained().await?;
    ensure!(world.dead().await? == 0 && world.quarantined()?.is_empty(), "filtered is no fault");
    world.has_landed(named(&[kept])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_s_objects_land_under_their_origin_and_once() -> Result<()> {
    let Some(world) = World::new("replicated log buckets").await? else { return Ok(()) };
    let objects = world.deliver(0..2).await?;
    world.moto.create_bucket("replica").await?;
    let only_there = key(Some(ORGANIZATION), MEMBER, "us-east-1", 5);
    for (key, number) in [(&objects[0].key, 0), (&objects[1].key, 1), (&only_there, 5)] {
        world.moto.client().put_object().bucket("replica").key(key).body(body(number).into()).send().await?;
    }
    world.announce(&objects).await?;
    world.cloud.announce(&[announced("replica", &[&objects[0].key, &objects[1].key, &only_there])]).await?;
    let collector = world.start("collector", &["--bucket-alias", &format!("replica={LOGS}")])?;
    world.until_empty().await?;
    collector.until_metric("trailkeep_collector_deliveries_total", &["outcome=\"duplicate\""], 2.0).await?;
    collector.drained().await?;
    world.has_landed([named(&objects), vec![format!("{LOGS}/{only_there}")]].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_the_log_archive_account_is_read_through_its_role() -> Result<()> {
    let strict = [("MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS", "false")];
    let Some(moto) = Moto::start_with("reading through a role", &strict)? else { return Ok(()) };
    let world = World::on(moto).await?;
    let theirs = aws::s3_as(&world.moto, READER)?;
    theirs.create_bucket().bucket("log-archive").send().await?;
    let mut objects: Vec<Delivered> = Vec::new();
    for number in 0..6 {
        let object = Delivered { key: key(Some(ORGANIZATION), MEMBER, "us-east-1", number), etag: String::new(), bytes: 0 };
        theirs.put_object().bucket("log-archive").key(&object.key).body(body(number).into()).send().await?;
        objects.push(object);
    }
    let keys: Vec<&str> = objects.iter().map(|object| object.key.as_str()).collect();
    world.cloud.announce(&[announced("log-archive", &keys)]).await?;
    let without = world.start("without", &["--bucket", "log-archive", "--breaker-keys", "3"])?;
    without.until_metric("trailkeep_collector_breaker_open", &[], 1.0).await?;
    without.drained().await?;
    ensure!(world.cloud.archived("sources/").await?.is_empty(), "read without the role");
    let collector = world.start("with", &["--bucket", "log-archive", "--source-role-arn", READER])?;
    world.until_empty().await?;
    collector.drained().await?;
    world.has_landed(keys.iter().map(|key| format!("log-archive/{key}")).collect()).await
}
