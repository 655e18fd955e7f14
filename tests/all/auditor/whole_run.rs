//! An invented organization with a missing file and a forged one, landed by a real collector; rounds of a real auditor; the missing one healed through the
//! real queue, and told through a real subscription.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use trailkeep_tests::{
    chaos::{ARCHIVE, Cloud, Delivered, LEDGER, LOGS, Shape, brisk, collector_command, notification},
    command,
    emulator::{Moto, REGION},
    tree,
};

use super::{NINE_MS, auditor_command, offset_to};

const DEADLINE: Duration = Duration::from_secs(90);

struct Run {
    cloud: Cloud,
    moto: Moto,
    keys: String,
    topic: String,
    heard: String,
}

impl Run {
    /// One round, `hours` after nine o'clock.
    fn round(&self, hours: i64, code: i32) -> Result<()> {
        let mut command = auditor_command()?;
        command.envs(self.moto.environment()).env("TRAILKEEP_AWS_ENDPOINT", self.moto.endpoint());
        command.args(["--archive", ARCHIVE, "--ledger", LEDGER, "--heal-queue", &self.cloud.queue, "--findings-topic-arn", &self.topic]);
        command.args([
            "--public-keys",
            &self.keys,
            "--without-organization",
            "--assume-regions",
            "us-east-1",
            "--look-into-log-buckets",
            "--once",
        ]);
        command.args(["--clock-offset-ms", &offset_to(NINE_MS + hours * 3_600_000)?]);
        command::Ended::from(command.output()?).ended(code).map(drop)
    }

    fn findings(&self) -> Result<Vec<String>> {
        let sql = "SELECT name, change FROM findings WHERE name <> 'gap' ORDER BY at, name, change";
        let rows = self.cloud.trailkeep(["query", "--archive", ARCHIVE, "--output", "json", sql])?.rows()?;
        Ok(rows
            .iter()
            .map(|row| format!("{} {}", row["name"].as_str().unwrap_or_default(), row["change"].as_str().unwrap_or_default()))
            .collect())
    }

    async fn heard(&self) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        loop {
            let got = self.moto.sqs().receive_message().queue_url(&self.heard).max_number_of_messages(10).send().await?;
            let messages = got.messages.unwrap_or_default();
            if messages.is_empty() {
                return Ok(all);
            }
            for message in messages {
                let envelope: Value = serde_json::from_str(message.body().context("a body")?)?;
                all.push(serde_json::from_str(envelope["Message"].as_str().context("a message in an envelope")?)?);
                let receipt = message.receipt_handle().context("a receipt")?;
                self.moto.sqs().delete_message().queue_url(&self.heard).receipt_handle(receipt).send().await?;
            }
        }
    }

    /// Has a collector land what is announced.
    async fn land(&self, directory: &Path) -> Result<()> {
        let mut command = collector_command()?;
        let log = std::fs::File::create(directory.join("collector.log"))?;
        command.env("TRAILKEEP_QUEUE", &self.cloud.queue).env("TRAILKEEP_AWS_ENDPOINT", self.moto.endpoint()).envs(brisk());
        let mut collector = command.stdout(log.try_clone()?).stderr(log).spawn()?;
        let began = Instant::now();
        while self.cloud.depth(&self.cloud.queue).await? != [0; 3] {
            if began.elapsed() > DEADLINE {
                collector.kill()?;
                bail!("the queue does not empty: {}", std::fs::read_to_string(directory.join("collector.log"))?);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        trailkeep_tests::proxy::signal("TERM", collector.id())?;
        ensure!(collector.wait()?.success(), "the collector drains");
        Ok(())
    }

    async fn deliver(&self, trail: &Path, key: &str) -> Result<Delivered> {
        let bytes = std::fs::read(trail.join(key))?;
        let beside = std::fs::read(trail.join(format!("{key}.metadata.json"))).unwrap_or_else(|_| b"{}".to_vec());
        let metadata: BTreeMap<String, String> = serde_json::from_slice(&beside)?;
        let size = bytes.len();
        let put = self.moto.client().put_object().bucket(LOGS).key(key).body(bytes.into());
        let put = put.set_metadata(Some(metadata.into_iter().collect())).send().await?;
        Ok(Delivered { key: key.to_owned(), etag: put.e_tag().context("an entity tag")?.trim_matches('"').to_owned(), bytes: size })
    }
}

#[tokio::test]
async fn a_missing_file_is_found_asked_for_landed_and_healed_and_a_forged_one_is_told() -> Result<()> {
    let Some(moto) = Moto::start("a whole run of the auditor")? else { return Ok(()) };
    let directory = tempfile::tempdir()?;
    let trail = directory.path().join("trail");
    let out = trail.display().to_string();
    let options = ["--accounts", "2", "--regions", "1", "--hours", "5", "--events-per-hour", "60", "--start", "2026-01-15T00:00:00Z"];
    command::run(["synth", "--out", &out, "--bucket", LOGS].into_iter().chain(options).chain(["--seed", "5"]))?.ok()?;
    let cloud = Cloud::set_up(&moto).await?;
    let sns = sns(&moto);
    let topic = sns.create_topic().name("findings").send().await?.topic_arn.context("an ARN")?;
    let heard = moto.sqs().create_queue().queue_name("heard").send().await?.queue_url.context("a URL")?;
    let arn = format!("arn:aws:sqs:{REGION}:123456789012:heard");
    sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(arn).send().await?;
    let run = Run { cloud, moto, keys: trail.join("public-keys.json").display().to_string(), topic, heard };
    let files = tree::read(&trail)?;
    let keys: Vec<&String> = files.keys().filter(|key| key.ends_with(".json.gz")).collect();
    let logs: Vec<&String> =
        keys.iter().copied().filter(|key| key.contains("/CloudTrail/us-east-1/") && key.contains("111122220001")).collect();
    let (missing, like) = (logs[2].clone(), logs[4]);
    let stem = like.trim_end_matches(".json.gz");
    let forged = format!("{}_FORGEDFORGEDFORG.json.gz", stem.rsplit_once('_').map_or(stem, |(stem, _)| stem));
    std::fs::copy(trail.join(like), trail.join(&forged))?;
    let mut delivered = Vec::new();
    for key in keys.into_iter().chain([&forged]) {
        let object = run.deliver(&trail, key).await?;
        // Its notification is lost.
        if *key != missing {
            delivered.push(object);
        }
    }
    let messages: Vec<String> = delivered.chunks(20).map(|some| notification(Shape::S3, &some.iter().collect::<Vec<_>>())).collect();
    run.cloud.announce(&messages).await?;
    run.land(directory.path()).await?;

    run.round(0, 1)?;
    let opened = ["missing_within_grace healing", "missing_within_grace opened", "unlisted_within_grace opened"];
    ensure!(run.findings()? == opened, "{:?}", run.findings()?);
    run.land(directory.path()).await?;
    run.round(1, 1)?;
    let last = run.findings()?;
    ensure!(last.len() == 4 && last.last().is_some_and(|last| last == "missing_within_grace healed"), "{last:?}");
    let told = run.heard().await?;
    let states: Vec<&str> = told.iter().filter(|body| body["key"] == missing.as_str()).filter_map(|body| body["state"].as_str()).collect();
    for state in ["opened", "healing", "healed"] {
        ensure!(states.contains(&state), "{state} was not told: {told:#?}");
    }
    Ok(())
}

/// A client of SNS.
fn sns(emulator: &Moto) -> aws_sdk_sns::Client {
    use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
    let config = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(emulator.endpoint())
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .credentials_provider(Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "emulator"));
    aws_sdk_sns::Client::from_conf(config.build())
}
