//! An audit account on moto, and small objects of CloudTrail's to announce in it.

use std::{collections::BTreeMap, ffi::OsStr, fs, process::Command};

use anyhow::{Context as _, Result, ensure};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};
use tempfile::TempDir;
use trailkeep_tests::{
    chaos::{ARCHIVE, Cloud, Delivered, LOGS, Shape, brisk, collector_command, notification},
    emulator::Moto,
    gzip,
    record::{log_object, record},
};

use super::{aws, process::Collector, until};

/// The organization and the account of objects that a test does not place elsewhere.
pub(super) const ORGANIZATION: &str = "o-exampleorg";
pub(super) const MEMBER: &str = "111122223333";
/// Records in each of these objects.
pub(super) const RECORDS: usize = 2;

/// Where everything has landed, for whoever must find out why it is not where it should be.
const WHERE: &str = "SELECT key, revision, batch, landed_at, stored_sha256 FROM sources ORDER BY key, batch";

/// The account with all that it has.
pub(super) struct World {
    pub(super) moto: Moto,
    pub(super) cloud: Cloud,
    pub(super) directory: TempDir,
}

/// The key of a small object.
pub(super) fn key(organization: Option<&str>, account: &str, region: &str, number: u32) -> String {
    let organization = organization.map(|id| format!("{id}/")).unwrap_or_default();
    let name = format!("{account}_CloudTrail_{region}_20260314T0905Z_{number:016}.json.gz");
    format!("AWSLogs/{organization}{account}/CloudTrail/{region}/2026/03/14/{name}")
}

/// The body of a small object, its Records unlike any other's.
pub(super) fn body(number: u32) -> Vec<u8> {
    gzip::member(&log_object((0..RECORDS as u32).map(|index| record(number * 100 + index, ""))))
}

impl World {
    /// Sets it up. `None` where there is no moto: that is said as not run.
    pub(super) async fn new(what: &str) -> Result<Option<Self>> {
        Ok(match Moto::start(what)? {
            Some(moto) => Some(Self::on(moto).await?),
            None => None,
        })
    }

    pub(super) async fn on(moto: Moto) -> Result<Self> {
        let cloud = Cloud::set_up(&moto).await?;
        Ok(Self { moto, cloud, directory: tempfile::tempdir()? })
    }

    /// The collector's command, straight to moto, with times for tests; `more` wins.
    pub(super) fn command(&self, more: &[&str]) -> Result<Command> {
        let mut command = collector_command()?;
        command.env("TRAILKEEP_QUEUE", &self.cloud.queue).env("TRAILKEEP_AWS_ENDPOINT", self.moto.endpoint());
        command.envs(brisk()).env("TRAILKEEP_LEASE", "20s").env("TRAILKEEP_VISIBILITY", "10s");
        command.env("TRAILKEEP_RECEIVERS", "2").env("TRAILKEEP_REJECT_WAIT", "1s").env("TRAILKEEP_AWS_MAX_ATTEMPTS", "1");
        command.args(more.iter().map(OsStr::new));
        Ok(command)
    }

    /// Starts a collector; its log has this name.
    pub(super) fn start(&self, name: &str, more: &[&str]) -> Result<Collector> {
        Collector::start(self.command(more)?, self.directory.path().join(format!("{name}.log")))
    }

    /// Lets messages go to the dead letters after so many receives.
    pub(super) async fn redrive_after(&self, receives: u32) -> Result<()> {
        let policy = json!({ "deadLetterTargetArn": aws::queue_arn("dead-letters"), "maxReceiveCount": receives.to_string() });
        let set = self.moto.sqs().set_queue_attributes().queue_url(&self.cloud.queue);
        set.attributes(QueueAttributeName::RedrivePolicy, policy.to_string()).send().await?;
        Ok(())
    }

    /// Delivers small objects of the organization's member into the log bucket.
    pub(super) async fn deliver(&self, numbers: impl IntoIterator<Item = u32>) -> Result<Vec<Delivered>> {
        let mut delivered = Vec::new();
        for number in numbers {
            delivered.push(self.cloud.deliver(&key(Some(ORGANIZATION), MEMBER, "us-east-1", number), body(number)).await?);
        }
        Ok(delivered)
    }

    /// Announces each object in a message of its own, as S3 does.
    pub(super) async fn announce(&self, objects: &[Delivered]) -> Result<()> {
        let messages: Vec<String> = objects.iter().map(|object| notification(Shape::S3, &[object])).collect();
        self.cloud.announce(&messages).await
    }

    /// Waits until the queue is empty: nothing visible, nothing in flight, nothing delayed.
    pub(super) async fn until_empty(&self) -> Result<()> {
        until("the queue is empty", async || Ok(self.cloud.depth(&self.cloud.queue).await? == [0; 3])).await
    }

    /// Waits until so many messages are dead letters and no other is left.
    pub(super) async fn until_dead(&self, letters: u64) -> Result<()> {
        until("the dead letters are there", async || Ok(self.dead().await? == letters)).await?;
        self.until_empty().await
    }

    /// Dead letters.
    pub(super) async fn dead(&self) -> Result<u64> {
        Ok(self.cloud.depth(&self.cloud.dead_letters).await?.into_iter().sum())
    }

    /// Asks the archive in SQL.
    pub(super) fn rows(&self, sql: &str) -> Result<Vec<Value>> {
        self.cloud.trailkeep(["query", "--archive", ARCHIVE, "--output", "json", sql])?.rows()
    }

    /// Expects that the archive has exactly these objects, each once and whole, as `bucket/key`, and nothing half done.
    pub(super) async fn has_landed(&self, mut expected: Vec<String>) -> Result<()> {
        expected.sort();
        let rows = self.rows("SELECT bucket, key, landed FROM sources")?;
        let text = |row: &Value, name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut landed: Vec<String> = rows.iter().map(|row| format!("{}/{}", text(row, "bucket"), text(row, "key"))).collect();
        landed.sort();
        ensure!(landed == expected, "landed: {landed:#?}\nexpected: {expected:#?}\nin: {:#?}\n{}", self.rows(WHERE)?, self.said()?);
        let events = self.number("SELECT count(*) FROM events")?;
        ensure!(events == (expected.len() * RECORDS) as u64, "{events} events of {} objects", expected.len());
        let staged = self.cloud.archived("staging/").await?;
        ensure!(staged.is_empty(), "still staged: {staged:?}");
        Ok(())
    }

    /// All that the collectors have said.
    fn said(&self) -> Result<String> {
        let mut said = String::new();
        for entry in fs::read_dir(self.directory.path())? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                said.push_str(&path.display().to_string());
                said.push_str(":\n");
                said.push_str(&fs::read_to_string(&path)?);
            }
        }
        Ok(said)
    }

    /// Asks the archive for one number.
    pub(super) fn number(&self, sql: &str) -> Result<u64> {
        let rows = self.rows(sql)?;
        let value = rows.first().and_then(Value::as_object).and_then(|row| row.values().next());
        value.and_then(Value::as_u64).with_context(|| format!("no number: {sql}"))
    }

    /// Reasons in `quarantine/`, with how often each stands there.
    pub(super) fn quarantined(&self) -> Result<BTreeMap<String, u64>> {
        let rows = self.rows("SELECT reason, count(*) AS n FROM quarantine GROUP BY reason")?;
        let of = |row: &Value| Some((row.get("reason")?.as_str()?.to_owned(), row.get("n")?.as_u64()?));
        rows.iter().map(|row| of(row).with_context(|| row.to_string())).collect()
    }
}

/// Objects of the log bucket by the names that they land under.
pub(super) fn named(objects: &[Delivered]) -> Vec<String> {
    objects.iter().map(|object| format!("{LOGS}/{}", object.key)).collect()
}
