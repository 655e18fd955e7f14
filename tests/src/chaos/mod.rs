//! Chaos: collector processes on an emulated AWS, with faults drawn by a seed, until everything is quiet again; then the archive is counted.
//!
//! Tests of single faults use the same parts: [`Cloud`], [`Fleet`], [`Tally`], and rules of their own.

mod cloud;
mod fleet;
mod schedule;
mod tally;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use rand::{Rng as _, seq::SliceRandom as _};

pub use self::{
    cloud::{ARCHIVE, AUDIT, Cloud, Delivered, LEDGER, LOGS, Shape, notification},
    fleet::{Fleet, LEASE, Member, Options, brisk, collector_command},
    schedule::{Schedule, Storm},
    tally::Tally,
};
use crate::{command, emulator::Ministack, proxy::Proxy, tree};

/// Between two looks at what other processes do.
const LOOK: Duration = Duration::from_millis(100);
/// Longest wait for quiet after the last fault.
const QUIET_WITHIN: Duration = Duration::from_secs(150);
/// Largest clock error of a process, milliseconds.
const MAX_SKEW_MS: i64 = 300_000;

/// One run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Decides faults, shapes and clocks.
    pub seed: u64,
    /// How long faults go on.
    pub duration: Duration,
    /// Collector processes.
    pub processes: usize,
    /// LogObjects; Digests come on top.
    pub objects: u32,
}

/// Makes a trail of `objects` small LogObjects. Answers its files by key.
///
/// # Errors
/// Where `trailkeep synth` fails.
pub fn trail(directory: &Path, objects: u32, seed: u64) -> Result<tree::Files> {
    let out = directory.join("trail");
    let [path, objects, seed] = [out.display().to_string(), objects.to_string(), seed.to_string()];
    let scale = ["--accounts", "3", "--regions", "2", "--hours", "4", "--bucket", LOGS];
    command::run(["synth", "--out", &path, "--tiny", &objects, "--seed", &seed].into_iter().chain(scale))?.ok()?;
    let mut files = tree::read(&out)?;
    files.retain(|key, _| key.starts_with("AWSLogs/") && !key.ends_with(".metadata.json"));
    Ok(files)
}

/// Waits until the queue is empty and nothing is staged, looking after the fleet meanwhile.
///
/// # Errors
/// Where that takes longer than `within`, or something is among the dead letters.
pub async fn until_quiet(cloud: &Cloud, fleet: &mut Fleet, within: Duration) -> Result<()> {
    let begun = Instant::now();
    loop {
        fleet.tend(Options::new)?;
        let depth = cloud.depth(&cloud.queue).await?;
        let staged = cloud.archived("staging/").await?;
        if depth == [0; 3] && staged.is_empty() {
            let dead = cloud.depth(&cloud.dead_letters).await?;
            ensure!(dead == [0; 3], "{dead:?} messages are dead letters");
            return Ok(());
        }
        if begun.elapsed() > within {
            bail!("not quiet after {within:?}: {depth:?} messages are visible, in flight and delayed; staged: {staged:?}");
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Runs a plan. `None` where there is no emulator. What processes said stays below `logs`.
///
/// # Errors
/// Where something cannot be set up, does not become quiet, or does not drain.
pub async fn run(plan: Plan, logs: &Path) -> Result<Option<Tally>> {
    let Some(ministack) = Ministack::start("collectors under random faults")? else { return Ok(None) };
    let files = trail(logs, plan.objects, plan.seed)?;
    let cloud = Cloud::set_up(&ministack).await?;
    let proxy = Proxy::before(ministack.endpoint(), plan.seed)?;
    let mut fleet = Fleet::start(plan.processes, &proxy, &cloud, brisk(), logs)?;
    let announced: BTreeSet<String> = files.keys().cloned().collect();
    storms(plan, &cloud, &proxy, &mut fleet, files).await?;
    proxy.calm();
    fleet.wake();
    note(&proxy, &fleet, logs)?;
    until_quiet(&cloud, &mut fleet, QUIET_WITHIN).await?;
    let ended = fleet.drain(Duration::from_secs(40)).await?;
    ensure!(ended.iter().all(std::process::ExitStatus::success), "not all drained: {ended:?}");
    let tally = Tally::of(&cloud, &announced).await?;
    Ok(Some(tally))
}

/// Writes down which faults struck, for whoever reads the logs.
fn note(proxy: &Proxy, fleet: &Fleet, logs: &Path) -> Result<()> {
    let struck = proxy.seen().into_iter().filter_map(|seen| seen.fault.map(|fault| (format!("{fault:?}"), seen.request.operation)));
    let mut counts = BTreeMap::<_, u64>::new();
    for strike in struck {
        *counts.entry(strike).or_default() += 1;
    }
    let text = format!("starts: {}\nended: {:?}\nstruck: {counts:#?}\nrequests: {:#?}\n", fleet.starts(), fleet.ended, proxy.counts());
    std::fs::write(logs.join("faults.txt"), text).context("failed to write down the faults")
}

/// Delivers, announces and lets faults strike until the plan's time is over.
async fn storms(plan: Plan, cloud: &Cloud, proxy: &Proxy, fleet: &mut Fleet, files: tree::Files) -> Result<()> {
    let mut schedule = Schedule::new(plan.seed);
    let total = files.len();
    let mut files = files.into_iter();
    let mut delivered: Vec<Delivered> = Vec::new();
    let begun = Instant::now();
    let mut storm_ends = begun;
    while begun.elapsed() < plan.duration || delivered.len() < total {
        let passed = begun.elapsed().as_secs_f64() / plan.duration.as_secs_f64();
        let due = ((passed * 1.2).min(1.0) * total as f64).ceil() as usize;
        let wave: Vec<_> = files.by_ref().take(due.saturating_sub(delivered.len())).collect();
        announce(cloud, &mut schedule, wave, &mut delivered).await?;
        if Instant::now() >= storm_ends {
            proxy.calm();
            let storm = schedule.next_storm();
            storm_ends = Instant::now() + storm.lasts;
            storm.rules.into_iter().for_each(|rule| proxy.add(rule));
        }
        fleet.tend(|| {
            let skew = schedule.random().gen_range(-MAX_SKEW_MS..=MAX_SKEW_MS);
            vec![("TRAILKEEP_CLOCK_OFFSET_MS".to_owned(), skew.to_string())]
        })?;
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Delivers a wave of objects and announces them: in several shapes, some together, some a second time.
async fn announce(cloud: &Cloud, schedule: &mut Schedule, wave: Vec<(String, Vec<u8>)>, delivered: &mut Vec<Delivered>) -> Result<()> {
    let before = delivered.len();
    for (key, body) in wave {
        delivered.push(cloud.deliver(&key, body).await?);
    }
    let random = schedule.random();
    let mut to_announce: Vec<&Delivered> = delivered.iter().skip(before).collect();
    let again = to_announce.len() / 6;
    for _ in 0..again {
        to_announce.push(delivered.choose(random).context("nothing was delivered")?);
    }
    to_announce.shuffle(random);
    let mut messages = Vec::new();
    let mut rest = to_announce.as_slice();
    while !rest.is_empty() {
        let (some, others) = rest.split_at(random.gen_range(1..=4).min(rest.len()));
        let shape = [Shape::S3, Shape::S3, Shape::Sns, Shape::CloudTrail].choose(random).copied().unwrap_or(Shape::S3);
        messages.push(notification(shape, some));
        rest = others;
    }
    cloud.announce(&messages).await
}
