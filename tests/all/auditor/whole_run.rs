//! An invented organization of which notifications are lost, a file was deleted, another one forged and a Region is silent, landed by a real collector:
//! rounds of a real auditor find exactly that, what can be healed is through the real queue, and is told through a real subscription.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use serde_json::Value;
use trailkeep_tests::{
    chaos::{ARCHIVE, Cloud, Delivered, LEDGER, LOGS, Shape, brisk, collector_command, notification},
    command,
    emulator::{Moto, REGION},
    gzip, tree,
};

use super::{NINE_MS, auditor_command, offset_to};

const DEADLINE: Duration = Duration::from_secs(90);
/// Two hours after the end of the trail: all of it is due, and nothing after it is.
const SEVEN_MS: i64 = NINE_MS - 2 * HOUR_MS;
const HOUR_MS: i64 = 3_600_000;
/// The accounts of the invented organization.
const ONE: &str = "111122220001";
const TWO: &str = "111122220002";
/// Accounts of it that never deliver anything: one that nobody thought of, and the management account.
const NEVER: &str = "111122220003";
const MANAGEMENT: &str = "123456789012";
/// When they all joined.
const JOINED: &str = "2026-01-15T00:00:00";

struct Run {
    cloud: Cloud,
    moto: Moto,
    trail: PathBuf,
    topic: String,
    heard: String,
    signing_key: String,
}

impl Run {
    /// One round at a moment of the trail.
    fn round(&self, at_ms: i64, code: i32) -> Result<()> {
        let mut command = auditor_command()?;
        command.envs(self.moto.environment());
        command.args(["--archive", ARCHIVE, "--ledger", LEDGER, "--heal-queue", &self.cloud.queue, "--findings-topic-arn", &self.topic]);
        command.args(["--public-keys".as_ref(), self.trail.join("public-keys.json").as_os_str()]);
        command.args(["--assume-regions", "us-east-1,us-west-2", "--look-into-log-buckets", "--once"]);
        command.args(["--signing-key", &self.signing_key, "--sample", "100%", "--clock-offset-ms", &offset_to(at_ms)?]);
        command::Ended::from(command.output()?).ended(code).map(drop)
    }

    /// Findings as name and key; where they have no key, as name, account and Region.
    fn findings(&self, from: &str) -> Result<BTreeSet<String>> {
        let sql = format!("SELECT name, coalesce(key, account || ' ' || region) AS what FROM {from}");
        let rows = self.cloud.trailkeep(["query", "--archive", ARCHIVE, "--output", "json", &sql])?.rows()?;
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let all: BTreeSet<String> = rows.iter().map(|row| format!("{} {}", text(row, "name"), text(row, "what"))).collect();
        ensure!(all.len() == rows.len(), "nothing is there twice: {rows:#?}");
        Ok(all)
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

    /// The first attestations are these, and the key signed them.
    async fn is_attested(&self, expected: &[&str]) -> Result<()> {
        let public = self.trail.join("attest.der").display().to_string();
        let verified =
            self.cloud.trailkeep(["attest", "verify", "--archive", ARCHIVE, "--public-key", &public, "--leaves", "--output", "json"])?;
        let verdict = verified.json()?;
        ensure!(verdict["verified"] == true && verdict["signer_trusted"] == true, "{verdict:#}");
        let attested = self.cloud.archived("attest/day=").await?;
        let expected: Vec<String> = expected.iter().map(|name| format!("attest/day={name}.json")).collect();
        ensure!(attested == expected, "{attested:?}");
        Ok(())
    }

    /// What the day's final attestation says, and what is said of the events of the file that was put there.
    fn says_of_the_day(&self, injected: &Injected) -> Result<()> {
        let shown = self.cloud.trailkeep(["attest", "show", "--archive", ARCHIVE, "--day", "2026-01-15", "--output", "json"])?.json()?;
        let statement = &shown["statement"];
        let outcomes = statement["sources"]["outcomes"].as_object().context("outcomes")?;
        let known = outcomes.keys().all(|outcome| ["verified", "not_covered", "missing", "unlisted"].contains(&outcome.as_str()));
        ensure!(statement["kind"] == "final" && known && outcomes["missing"] == 1 && outcomes["unlisted"] == 1, "{statement:#}");
        let sql = format!("SELECT DISTINCT verified FROM audited_events WHERE source_key = '{}'", injected.forged);
        let rows = self.cloud.trailkeep(["query", "--archive", ARCHIVE, "--output", "json", &sql])?.rows()?;
        ensure!(rows.len() == 1 && rows[0]["verified"] == "unlisted", "{rows:?}");
        Ok(())
    }

    /// Has a collector land what is announced.
    async fn land(&self, directory: &Path) -> Result<()> {
        let mut command = collector_command()?;
        let log = std::fs::File::create(directory.join("collector.log"))?;
        command.env("TRAILKEEP_QUEUE", &self.cloud.queue).envs(self.moto.environment()).envs(brisk());
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

/// What goes wrong on the way: by key.
struct Injected {
    /// A log file and a Digest whose notifications are lost.
    unannounced: [String; 2],
    /// A log file that was deleted before anybody landed it.
    gone: String,
    /// A log file that somebody put there.
    forged: String,
    /// Everything of one account in one Region: it never came.
    silent: BTreeSet<String>,
}

impl Injected {
    fn into(trail: &Path, keys: &[String]) -> Result<Self> {
        let of = |account: &str, folder: &str| -> Vec<&String> {
            keys.iter().filter(|key| key.contains(account) && key.contains(folder) && !key.contains("backfill")).collect()
        };
        let (first, second) = (of(ONE, "/CloudTrail/us-east-1/"), of(TWO, "/CloudTrail/us-east-1/"));
        ensure!(first.len() >= 4 && second.len() >= 2, "too few log files: {keys:#?}");
        let stem = first[3].trim_end_matches(".json.gz");
        let forged = format!("{}_FORGEDFORGEDFORG.json.gz", stem.rsplit_once('_').map_or(stem, |(stem, _)| stem));
        // A Record of its own: one that another file has, too, would be told once, of whichever lands first.
        let record = serde_json::json!({
            "eventVersion": "1.11", "userIdentity": { "type": "AWSService", "invokedBy": "example.amazonaws.com" },
            "eventTime": "2026-01-15T02:30:00Z", "eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "awsRegion": REGION,
            "sourceIPAddress": "192.0.2.10", "userAgent": "forged", "requestParameters": null, "responseElements": null, "requestID": "forged",
            "eventID": "f0f0f0f0-0000-4000-8000-000000000001", "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
            "recipientAccountId": ONE, "eventCategory": "Management",
        });
        std::fs::write(trail.join(&forged), gzip::member(serde_json::json!({ "Records": [record] }).to_string().as_bytes()))?;
        Ok(Self {
            unannounced: [first[2].clone(), of(ONE, "/CloudTrail-Digest/us-east-1/")[2].clone()],
            gone: second[1].clone(),
            forged,
            silent: keys.iter().filter(|key| key.contains(TWO) && key.contains("/us-west-2/")).cloned().collect(),
        })
    }

    /// Delivers and announces the rest.
    async fn deliver(&self, run: &Run, trail: &Path, keys: &[String]) -> Result<()> {
        let mut delivered = Vec::new();
        for key in keys.iter().chain([&self.forged]).filter(|key| **key != self.gone && !self.silent.contains(*key)) {
            let object = run.deliver(trail, key).await?;
            if !self.unannounced.contains(key) {
                delivered.push(object);
            }
        }
        let messages: Vec<String> = delivered.chunks(20).map(|some| notification(Shape::S3, &some.iter().collect::<Vec<_>>())).collect();
        run.cloud.announce(&messages).await
    }
}

/// An invented organization's trail: two accounts, two Regions, five hours.
fn synthesised(directory: &Path) -> Result<(PathBuf, Vec<String>)> {
    let trail = directory.join("trail");
    let out = trail.display().to_string();
    let options = ["--accounts", "2", "--regions", "2", "--hours", "5", "--events-per-hour", "240", "--start", "2026-01-15T00:00:00Z"];
    command::run(["synth", "--out", &out, "--bucket", LOGS].into_iter().chain(options).chain(["--seed", "5"]))?.ok()?;
    let keys = tree::read(&trail)?.into_keys().filter(|key| key.ends_with(".json.gz")).collect();
    Ok((trail, keys))
}

async fn set_up(moto: Moto, trail: &Path) -> Result<Run> {
    let cloud = Cloud::set_up(&moto).await?;
    organization(&moto).await?;
    let sns = sns(&moto);
    let topic = sns.create_topic().name("findings").send().await?.topic_arn.context("an ARN")?;
    let heard = moto.sqs().create_queue().queue_name("heard").send().await?.queue_url.context("a URL")?;
    let arn = format!("arn:aws:sqs:{REGION}:123456789012:heard");
    sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(arn).send().await?;
    let kms = kms(&moto);
    let made = kms.create_key().key_spec(KeySpec::EccNistP256).key_usage(KeyUsageType::SignVerify).send().await?;
    let key = made.key_metadata.context("a key")?.key_id;
    let public = kms.get_public_key().key_id(&key).send().await?.public_key.context("a public key")?;
    std::fs::write(trail.join("attest.der"), public.as_ref())?;
    Ok(Run { cloud, moto, trail: trail.to_owned(), topic, heard, signing_key: format!("kms:{key}") })
}

#[tokio::test]
async fn what_is_missing_forged_and_silent_is_found_exactly_and_what_can_be_healed_is_and_the_day_is_attested() -> Result<()> {
    let Some(moto) = Moto::start_with("a whole run of the auditor", &[("ACCOUNTS_JOINED_AT", JOINED)])? else { return Ok(()) };
    let directory = tempfile::tempdir()?;
    let (trail, keys) = synthesised(directory.path())?;
    let injected = Injected::into(&trail, &keys)?;
    let run = set_up(moto, &trail).await?;
    injected.deliver(&run, &trail, &keys).await?;
    run.land(directory.path()).await?;

    run.round(SEVEN_MS, 1)?;
    let [log, digest] = &injected.unannounced;
    let gap = |account: &str, region: &str| format!("gap {account} {region}");
    let silent = [
        gap(TWO, "us-west-2"),
        gap(NEVER, "us-east-1"),
        gap(NEVER, "us-west-2"),
        gap(MANAGEMENT, "us-east-1"),
        gap(MANAGEMENT, "us-west-2"),
    ];
    let missing = |key: &str| format!("missing_within_grace {key}");
    let lost = format!("missing_digests {digest}");
    // As long as nothing is certain they are told for an account and Region together: files that nobody signed, and those that the lost Digest lists.
    let (forged, unproven) = (format!("unlisted_within_grace {ONE} us-east-1"), format!("no_digest {ONE} us-east-1"));
    let of_the_lost = [gap(ONE, "us-east-1"), unproven];
    let open = [missing(&injected.gone), forged.clone()];
    let opened = [&silent[..], &of_the_lost, &open, &[lost.clone(), missing(log)]].concat();
    expect(&run.findings("findings WHERE change = 'opened'")?, &opened, "opened")?;
    let asked = [lost.clone(), missing(log), missing(&injected.gone)];
    expect(&run.findings("findings WHERE change = 'healing'")?, &asked, "asked for")?;
    let gone = format!("SELECT evidence FROM findings WHERE change = 'healing' AND key = '{}'", injected.gone);
    let rows = run.cloud.trailkeep(["query", "--archive", ARCHIVE, "--output", "json", &gone])?.rows()?;
    ensure!(rows.len() == 1 && rows[0]["evidence"].to_string().contains("not_there"), "{rows:?}");

    run.land(directory.path()).await?;
    run.round(SEVEN_MS + 600_000, 1)?;
    expect(&run.findings("findings WHERE change = 'healed'")?, &[lost, missing(log)], "healed")?;
    expect(&run.findings("findings WHERE change NOT IN ('opened', 'healing', 'healed')")?, &[], "anything else")?;
    expect(&run.findings("open_findings")?, &[&silent[..], &of_the_lost, &open].concat(), "open")?;
    let told = run.heard().await?;
    let states: Vec<&str> = told.iter().filter(|body| body["key"] == log.as_str()).filter_map(|body| body["state"].as_str()).collect();
    ensure!(states.len() == 3 && ["opened", "healing", "healed"].iter().all(|state| states.contains(state)), "{told:#?}");
    ensure!(told.len() == opened.len() + asked.len() + 2, "one message for each change: {told:#?}");

    // Gaps are looked at every hour. Once a day all that is open is looked at again; and a day after its end the day is attested, provisionally. The trail
    // has ended by then: nobody delivers any more.
    run.round(SEVEN_MS + 42 * HOUR_MS, 1)?;
    expect(&run.findings("findings WHERE change = 'resolved'")?, &of_the_lost, "resolved")?;
    let ended: Vec<String> = [(ONE, "us-east-1"), (ONE, "us-west-2"), (TWO, "us-east-1")]
        .iter()
        .flat_map(|(account, region)| [gap(account, region), format!("missing_newest {account} {region}")])
        .collect();
    expect(&run.findings("open_findings")?, &[&silent[..], &open, &ended].concat(), "open when the trail has ended")?;
    run.is_attested(&["20260115/000000000001-provisional"]).await?;

    // CloudTrail tries no more: what did not come is missing, and what nobody listed was put there.
    run.round(SEVEN_MS + 33 * 24 * HOUR_MS, 1)?;
    // Of the weeks that a round looks at, nobody has delivered a Digest.
    let certain = [format!("missing {}", injected.gone), format!("unlisted {}", injected.forged), "nothing_to_verify ".to_owned()];
    expect(&run.findings("open_findings")?, &[&silent[..], &certain, &ended].concat(), "open when all is certain")?;
    run.says_of_the_day(&injected)
}

fn expect(found: &BTreeSet<String>, expected: &[String], what: &str) -> Result<()> {
    ensure!(*found == expected.iter().cloned().collect(), "{what}: {found:#?}, and not {expected:#?}");
    Ok(())
}

/// Makes the organization: the two that deliver, and one that does not.
async fn organization(emulator: &Moto) -> Result<()> {
    use aws_sdk_organizations::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
    let config = aws_sdk_organizations::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(emulator.endpoint())
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .credentials_provider(Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "emulator"));
    let client = aws_sdk_organizations::Client::from_conf(config.build());
    client.create_organization().send().await?;
    for id in [ONE, TWO, NEVER] {
        let made = client.create_account().account_name(id).email(format!("aws+{id}@example.com")).send().await?;
        ensure!(made.create_account_status.as_ref().and_then(|status| status.account_id()) == Some(id), "{made:?}");
    }
    Ok(())
}

/// A client of KMS.
fn kms(emulator: &Moto) -> aws_sdk_kms::Client {
    use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
    let config = aws_sdk_kms::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(emulator.endpoint())
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .credentials_provider(Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "emulator"));
    aws_sdk_kms::Client::from_conf(config.build())
}

/// A client of SNS.
pub(super) fn sns(emulator: &Moto) -> aws_sdk_sns::Client {
    use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
    let config = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(emulator.endpoint())
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .credentials_provider(Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "emulator"));
    aws_sdk_sns::Client::from_conf(config.build())
}
