//! `trailkeep-collector` as operators run it: real processes against moto over HTTP, from the notification to the archive.

mod admission;
mod aws;
mod denied;
mod digests;
mod drain;
mod idle;
mod process;
mod shapes;
mod starts;
mod watched;
mod whole_road;
mod world;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

/// Longest wait for anything.
const DEADLINE: Duration = Duration::from_secs(90);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !is_so().await.with_context(|| format!("while waiting for: {what}"))? {
        ensure!(begun.elapsed() < DEADLINE, "waited for {DEADLINE:?} in vain: {what}");
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
