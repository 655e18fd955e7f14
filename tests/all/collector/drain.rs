//! SIGTERM: nothing more is received, what is in hand is landed or given back, and whoever starts next goes on.

use anyhow::{Result, ensure};
use trailkeep_tests::chaos::{Delivered, LOGS};

use super::world::{World, body, key, named};

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_gives_back_what_it_does_not_land_and_the_next_start_goes_on() -> Result<()> {
    let Some(world) = World::new("a drain in the midst of work").await? else { return Ok(()) };
    let mut objects = world.deliver(0..40).await?;
    world.announce(&objects).await?;
    let long = ["--visibility", "10m", "--retry-first", "10m", "--retry-longest", "10m", "--look-again", "10m"];
    let mut first = world.start("first", &long)?;
    // In the midst of its first messages.
    super::until("it receives", async || Ok(world.cloud.depth(&world.cloud.queue).await?[1] > 0)).await?;
    first.ask_to_stop()?;
    let status = first.ended().await?;
    ensure!(status.success(), "{status}:\n{}", first.said());
    let [visible, hidden, delayed] = world.cloud.depth(&world.cloud.queue).await?;
    ensure!(hidden == 0 && delayed == 0, "{hidden} messages are hidden for ten minutes that nobody has in hand:\n{}", first.said());
    // Before anything is published there is no archive to ask.
    let landed = if world.cloud.archived("sources/").await?.is_empty() { 0 } else { world.number("SELECT count(*) FROM sources")? };
    ensure!(visible + landed == 40, "{visible} messages are left, {landed} objects have landed");
    let second = world.start("second", &[])?;
    let more = world.deliver(100..105).await?;
    world.announce(&more).await?;
    world.until_empty().await?;
    second.drained().await?;
    objects.extend(more);
    world.has_landed(named(&objects)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_a_killed_collector_held_lands_once() -> Result<()> {
    let Some(world) = World::new("after a kill").await? else { return Ok(()) };
    let objects: Vec<Delivered> = world.deliver(0..5).await?;
    world.announce(&objects).await?;
    let times = ["--lease", "2s", "--recover-every", "1s", "--visibility", "4s"];
    let first = world.start("first", &[&times[..], &["--seal-age", "10m", "--seal-small-age", "10m"]].concat())?;
    first.until_metric("trailkeep_collector_queue_in_flight", &[], 5.0).await?;
    drop(first);
    let second = world.start("second", &times)?;
    world.until_empty().await?;
    second.drained().await?;
    ensure!(world.dead().await? == 0, "there are dead letters");
    world.has_landed(named(&objects)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_under_a_key_that_has_landed_is_a_revision_and_a_finding() -> Result<()> {
    let Some(world) = World::new("an object that was overwritten").await? else { return Ok(()) };
    let objects = world.deliver(0..1).await?;
    world.announce(&objects).await?;
    let collector = world.start("collector", &[])?;
    world.until_empty().await?;
    let name = key(Some(super::world::ORGANIZATION), super::world::MEMBER, "us-east-1", 0);
    let other = world.cloud.deliver(&name, body(77)).await?;
    world.announce(&[other]).await?;
    world.until_empty().await?;
    collector.drained().await?;
    let twice = format!("{LOGS}/{name}");
    world.has_landed(vec![twice.clone(), twice]).await?;
    let revisions = world.rows("SELECT revision FROM sources ORDER BY 1")?;
    ensure!(revisions == [serde_json::json!({ "revision": 1 }), serde_json::json!({ "revision": 2 })], "{revisions:?}");
    ensure!(!world.quarantined()?.is_empty(), "nothing is written down");
    Ok(())
}
