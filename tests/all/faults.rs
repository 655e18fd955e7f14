//! Single faults, one at each step of a Batch, on real processes: after each everything is landed, once, and nothing is left over.

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use trailkeep_tests::{
    chaos::{AUDIT, Cloud, Fleet, Options, Shape, Tally, brisk, notification, trail, until_quiet},
    emulator::Ministack,
    proxy::{Fault, Proxy, Rule, Whom},
    tree::Files,
};

/// Longest wait until all is landed after a fault.
const QUIET_WITHIN: Duration = Duration::from_secs(60);
/// Objects that are announced together with each fault.
const OBJECTS: usize = 6;

/// Two collectors on an emulator, and objects that were not delivered yet.
struct World {
    directory: TempDir,
    emulator: Ministack,
    cloud: Cloud,
    proxy: Proxy,
    fleet: Fleet,
    files: <Files as IntoIterator>::IntoIter,
    announced: BTreeSet<String>,
}

impl World {
    async fn start(what: &str, more: &[(&str, &str)]) -> Result<Option<Self>> {
        let Some(emulator) = Ministack::start(what)? else { return Ok(None) };
        let directory = tempfile::tempdir()?;
        let mut files = trail(directory.path(), 160, 3)?;
        files.retain(|key, _| key.contains("/CloudTrail/"));
        let cloud = Cloud::set_up(&emulator).await?;
        let proxy = Proxy::before(emulator.endpoint(), 3)?;
        let mut options = brisk();
        options.push(("TRAILKEEP_VISIBILITY".to_owned(), "3s".to_owned()));
        options.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let fleet = Fleet::start(2, &proxy, &cloud, options, directory.path())?;
        let files = files.into_iter();
        let world = Self { directory, emulator, cloud, proxy, fleet, files, announced: BTreeSet::new() };
        world.until_all_receive().await?;
        Ok(Some(world))
    }

    /// Waits until both have started: a fault on the way there ends a process, as it should.
    async fn until_all_receive(&self) -> Result<()> {
        let begun = Instant::now();
        let receives =
            |name: &str| self.proxy.seen().iter().any(|seen| seen.door == name && seen.request.operation == "sqs:ReceiveMessage");
        while !self.fleet.members.iter().all(|member| receives(&member.name)) {
            ensure!(begun.elapsed() < QUIET_WITHIN, "not all have started: {}", self.said()?);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Delivers some objects under these rules and waits until all is landed. Each rule has struck by then.
    async fn under(&mut self, rules: Vec<Rule>) -> Result<()> {
        let (what, expected) = (format!("{rules:?}"), rules.len() as u64);
        let before: u64 = self.proxy.struck().values().sum();
        for rule in rules {
            self.proxy.add(rule);
        }
        let mut delivered = Vec::new();
        for (key, body) in self.files.by_ref().take(OBJECTS) {
            delivered.push(self.cloud.deliver(&key, body).await?);
            self.announced.insert(key);
        }
        ensure!(delivered.len() == OBJECTS, "the trail is too short");
        let messages: Vec<String> = delivered.chunks(2).map(|some| notification(Shape::S3, &some.iter().collect::<Vec<_>>())).collect();
        self.cloud.announce(&messages).await?;
        until_quiet(&self.cloud, &mut self.fleet, QUIET_WITHIN).await.with_context(|| what.clone())?;
        let struck = self.proxy.struck().values().sum::<u64>() - before;
        ensure!(struck >= expected, "only {struck} faults struck: {what}");
        self.proxy.calm();
        Ok(())
    }

    /// One worker is killed at each of these steps; in the end all has landed once.
    async fn killed_at_each(&mut self, steps: impl IntoIterator<Item = Rule>) -> Result<()> {
        for (done, step) in steps.into_iter().enumerate() {
            self.under(vec![step]).await?;
            self.until_ended(done + 1).await?;
        }
        self.is_sound().await?;
        Ok(())
    }

    /// Waits until this many have ended: whoever is killed after its last call leaves nothing that would show it sooner.
    async fn until_ended(&mut self, count: usize) -> Result<()> {
        let begun = Instant::now();
        while self.fleet.ended.len() < count && begun.elapsed() < QUIET_WITHIN {
            self.fleet.tend(Options::new)?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        ensure!(self.fleet.ended.len() == count, "one is killed at each step: {:?}", self.fleet.ended);
        Ok(())
    }

    /// What the archive holds: everything, once.
    async fn is_sound(&self) -> Result<Tally> {
        let tally = Tally::of(&self.cloud, &self.announced).await?;
        ensure!(tally.is_sound() && tally.published == self.announced.len() as u64, "{tally:?}");
        Ok(tally)
    }

    /// What all processes said.
    fn said(&self) -> Result<String> {
        let logs = std::fs::read_dir(self.directory.path())?.filter_map(|entry| Some(entry.ok()?.path()));
        let said = logs.filter(|path| path.extension().is_some_and(|ending| ending == "log")).map(|path: std::path::PathBuf| read(&path));
        said.collect()
    }
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn killed(rule: fn(&str, Fault) -> Rule, operation: &str, word: &str) -> Rule {
    rule(operation, Fault::Kill(Whom::Sender)).with(word).times(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_before_its_batch_is_committed_loses_nothing() -> Result<()> {
    let Some(mut world) = World::start("collectors killed before a commit", &[]).await? else { return Ok(()) };
    let steps = [
        killed(Rule::after, "dynamodb:PutItem", ""),
        killed(Rule::before, "s3:GetObject", "AWSLogs/"),
        killed(Rule::after, "s3:GetObject", "AWSLogs/"),
        killed(Rule::after, "s3:UploadPart", ""),
        killed(Rule::before, "s3:PutObject", "staging/"),
        killed(Rule::after, "s3:PutObject", "staging/"),
        killed(Rule::before, "dynamodb:TransactWriteItems", ":committed"),
    ];
    world.killed_at_each(steps).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_killed_after_its_batch_is_committed_lands_nothing_twice() -> Result<()> {
    let Some(mut world) = World::start("collectors killed after a commit", &[]).await? else { return Ok(()) };
    let steps = [
        killed(Rule::after, "dynamodb:TransactWriteItems", ":committed"),
        killed(Rule::after, "s3:CompleteMultipartUpload", "/raw/"),
        killed(Rule::before, "s3:CompleteMultipartUpload", "/events/"),
        killed(Rule::before, "s3:CompleteMultipartUpload", "/sources/"),
        killed(Rule::after, "s3:CompleteMultipartUpload", "/sources/"),
        killed(Rule::after, "dynamodb:UpdateItem", ":published"),
        killed(Rule::before, "sqs:DeleteMessageBatch", ""),
        killed(Rule::after, "sqs:DeleteMessageBatch", ""),
    ];
    world.killed_at_each(steps).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_slept_past_its_lease_commits_nothing() -> Result<()> {
    let Some(mut world) = World::start("collectors that sleep", &[]).await? else { return Ok(()) };
    world.under(vec![Rule::after("s3:PutObject", Fault::Stop(Whom::Sender)).with("staging/").times(1)]).await?;
    world.is_sound().await?;
    ensure!(world.fleet.ended.is_empty(), "it goes on when it wakes up: {:?}", world.fleet.ended);
    let seen = world.proxy.seen();
    let stopped = seen.iter().find(|seen| seen.fault.is_some()).context("nobody was stopped")?;
    // `audit/staging/<batch>/manifest.json`
    let batch = stopped.request.subject.split('/').nth(2).context("no batch in the manifest's key")?;
    let commits = seen.iter().filter(|seen| seen.request.subject.contains(batch) && seen.request.subject.contains(":committed"));
    ensure!(commits.into_iter().all(|commit| commit.status != 200), "the late commit of {batch} is refused");
    let visible = world.cloud.archived("").await?.into_iter().find(|key| key.contains(batch));
    ensure!(visible.is_none(), "{visible:?} of a batch that was taken over is visible");
    ensure!(world.said()?.contains("aborted the batch of a dead worker"), "the other has taken over");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_and_errors_of_every_service_pass() -> Result<()> {
    let Some(mut world) = World::start("collectors whose calls fail", &[]).await? else { return Ok(()) };
    let storms = [
        vec![Rule::before("s3:", Fault::SlowDown).chance(0.5).times(20)],
        vec![Rule::before("dynamodb:", Fault::Throttled).chance(0.5).times(20)],
        vec![Rule::after("dynamodb:TransactWriteItems", Fault::Reset).with(":committed").times(1)],
        vec![Rule::after("s3:CompleteMultipartUpload", Fault::Reset).times(3)],
        vec![Rule::after("s3:GetObject", Fault::Truncated).with("AWSLogs/").times(3)],
        vec![Rule::after("s3:GetObject", Fault::Slow(Duration::from_millis(50))).with("AWSLogs/").times(3)],
        vec![Rule::before("sqs:DeleteMessageBatch", Fault::SomeFail("InternalError")).times(2)],
        vec![Rule::before("sqs:DeleteMessageBatch", Fault::SomeFail("ReceiptHandleIsInvalid")).times(1)],
        vec![Rule::after("sqs:DeleteMessageBatch", Fault::Reset).times(1)],
        vec![Rule::before("s3:GetObject", Fault::Denied).with("AWSLogs/").times(1)],
    ];
    for storm in storms {
        world.under(storm).await?;
    }
    world.is_sound().await?;
    ensure!(world.fleet.ended.is_empty(), "nobody ends of it: {:?}", world.fleet.ended);
    let drained = world.fleet.drain(Duration::from_secs(40)).await?;
    ensure!(drained.iter().all(std::process::ExitStatus::success), "{drained:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_are_minutes_apart_change_nothing() -> Result<()> {
    let Some(mut world) = World::start("collectors with wrong clocks", &[("TRAILKEEP_CLOCK_OFFSET_MS", "300000")]).await? else {
        return Ok(());
    };
    // Who is started again has a clock ten minutes behind the other's.
    let behind = || -> Options { vec![("TRAILKEEP_CLOCK_OFFSET_MS".to_owned(), "-300000".to_owned())] };
    world.fleet.restart_with(behind());
    for step in ["/raw/", "/sources/"] {
        world.under(vec![killed(Rule::before, "s3:CompleteMultipartUpload", step)]).await?;
    }
    world.is_sound().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_count_finds_what_is_lost_twice_or_left_over() -> Result<()> {
    let Some(mut world) = World::start("the count of an archive", &[]).await? else { return Ok(()) };
    world.under(Vec::new()).await?;
    let sound = world.is_sound().await?;
    world.announced.insert("AWSLogs/never-delivered.json.gz".to_owned());
    let s3 = world.emulator.client();
    let stray = "raw/class=standard/day=20260101/20260101T000000000Z-0000000000000000.gz";
    s3.put_object().bucket(AUDIT).key(stray).body(b"x".to_vec().into()).send().await?;
    let found = Tally::of(&world.cloud, &world.announced).await?;
    ensure!((found.lost, found.twice, found.orphans) == (1, 0, 1) && found.published == sound.published, "{found:?}");
    let list = world.cloud.archived("sources/").await?.pop().context("nothing is published")?;
    let twin = "sources/day=20260101/20260101T000000000Z-0000000000000001.parquet";
    s3.copy_object().bucket(AUDIT).key(twin).copy_source(format!("{AUDIT}/{list}")).send().await?;
    let found = Tally::of(&world.cloud, &world.announced).await;
    ensure!(found.is_err() || found.is_ok_and(|found| found.twice > 0), "a list that is there twice is found");
    Ok(())
}
