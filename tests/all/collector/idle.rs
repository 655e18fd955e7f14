//! A collector that has nothing to do.

use anyhow::{Result, ensure};

use super::{until, world::World};

/// Largest resident memory of an idle collector, in MB; its goal is for release builds, other builds are larger.
const IDLE_MB: f64 = if cfg!(debug_assertions) { 90.0 } else { 60.0 };

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_collector_is_small() -> Result<()> {
    let Some(world) = World::new("an idle collector").await? else { return Ok(()) };
    let collector = world.start("collector", &["--receivers", "8"])?;
    collector.until_ready().await?;
    until("it has asked the queue some times", async || {
        Ok(collector.metric("trailkeep_collector_stage_duration_seconds_count", &["stage=\"receive\""]).await? >= 16.0)
    })
    .await?;
    let (now, most) = (collector.memory_mb("VmRSS")?, collector.memory_mb("VmHWM")?);
    #[expect(clippy::print_stdout, reason = "the figure is what the test is run for")]
    {
        println!("idle: {now:.0} MB resident, {most:.0} MB at most");
    }
    ensure!(now <= IDLE_MB, "an idle collector has {now:.0} MB, {most:.0} MB at most");
    collector.drained().await?;
    ensure!(world.cloud.archived("").await?.iter().all(|key| !key.starts_with("sources/")), "it has published nothing");
    Ok(())
}
