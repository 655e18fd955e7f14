//! Collectors under a seeded random schedule of faults: 60 s in `make test`, as long as asked in `make chaos SEED=… DURATION_S=…`.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use trailkeep_tests::chaos::{Plan, run};

/// A number from the environment.
fn asked(name: &str) -> Result<Option<u64>> {
    let Some(text) = std::env::var(name).ok().filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse().map(Some).with_context(|| format!("{name} is {text:?}, which is no number"))
}

#[expect(clippy::print_stdout, reason = "the seed first and the counts last are what make chaos is run for")]
fn tell(line: impl std::fmt::Display) {
    println!("{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn random_faults_lose_nothing_and_land_nothing_twice() -> Result<()> {
    let seed = asked("TRAILKEEP_CHAOS_SEED")?.unwrap_or(1);
    let duration = Duration::from_secs(asked("TRAILKEEP_CHAOS_DURATION_S")?.unwrap_or(60));
    let plan = Plan { seed, duration, processes: 3, objects: 10 * duration.as_secs() as u32 };
    tell(format_args!("seed={seed} duration_s={}", duration.as_secs()));
    let logs = tempfile::tempdir()?;
    let outcome = run(plan, logs.path()).await;
    if !matches!(&outcome, Ok(Some(tally)) if tally.is_sound()) {
        tell(format_args!("what the processes said is kept in {}", logs.keep().display()));
    }
    if let Some(tally) = outcome? {
        tell(&tally);
        ensure!(tally.is_sound() && tally.published == tally.announced, "seed {seed}: {tally:?}");
    }
    Ok(())
}
