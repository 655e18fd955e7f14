//! What the AWS command line says of corrupted trails, beside what we say: we are never more lenient.
//!
//! Golden chains, signed with keys made for the test, lie in buckets of moto; `trailkeep digest serve` stands for CloudTrail.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::{primitives::ByteStream, types::ServerSideEncryption};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};
use trailkeep_tests::{
    aws_cli::{AwsCli, Endpoint, Validated},
    command::{self, Ended},
    emulator::Moto,
};

mod cases;
mod forge;

use self::{
    cases::{Case, Keys, all},
    forge::{ACCOUNT, ORGANIZATION, REGION, T0, iso},
};

/// A moment at which CloudTrail delivers nothing more.
const LATE: &str = "2026-03-01T00:00:00Z";
/// Where the table stands that this makes: what is said there is what was found.
const PAGE: &str = "docs/integrity.md";
/// Cases that are run at once: each takes a core for some seconds.
const AT_ONCE: usize = 3;

/// Everything that the cases share.
struct World {
    moto: Moto,
    cli: AwsCli,
    endpoint: Endpoint,
    keys: PathBuf,
    root: PathBuf,
}

/// What both say of a case.
struct Said {
    case: Case,
    theirs: Validated,
    ours: Value,
    ours_code: i32,
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_is_never_more_lenient_than_the_aws_command_line() -> Result<()> {
    let what = "what the AWS CLI says of corrupted trails";
    let Some(cli) = AwsCli::find(what)? else { return Ok(()) };
    let Some(moto) = Moto::start(what)? else { return Ok(()) };
    let (directory, keys) = (tempfile::tempdir()?, Keys::new()?);
    let cases = all(&keys)?;
    let root = directory.path().to_owned();
    let (keys_file, trails_file) = (root.join("keys.json"), root.join("trails.json"));
    let listed = [&keys.usual, &keys.next, &keys.early].map(|key| key.listed()).into_iter().collect::<Result<Vec<_>>>()?;
    fs::write(&keys_file, json!({ "PublicKeyList": listed }).to_string())?;
    fs::write(&trails_file, json!({ "trailList": cases.iter().map(described).collect::<Vec<_>>() }).to_string())?;
    let given = ["--public-key", path(&keys_file)?, "--trails", path(&trails_file)?, "--organization", ORGANIZATION];
    let endpoint = Endpoint::start(given)?;
    let world = Arc::new(World { moto, cli, endpoint, keys: keys_file, root });

    let told: Vec<Said> = stream::iter(cases).map(|case| judged(&world, case)).buffered(AT_ONCE).try_collect().await?;
    let table = table(&told, &world.cli.version);
    let mut wrong = Vec::new();
    for said in &told {
        wrong.extend(said.wrong()?.into_iter().map(|what| format!("{}: {what}", said.case.name)));
    }
    let page = fs::read_to_string(command::workspace_root().join(PAGE))?;
    // The head of the table names the release of the command line.
    if !page.contains(table.split_once('\n').context("a table")?.1) {
        wrong.push(format!("the table of {PAGE} is not what was found"));
    }
    ensure!(wrong.is_empty(), "{}\n\n{table}", wrong.join("\n"));
    Ok(())
}

impl Said {
    /// What is not as it should be.
    fn wrong(&self) -> Result<Vec<String>> {
        let (mut wrong, verified) = (Vec::new(), self.ours["verified"] == Value::Bool(true));
        if self.theirs.objects() && verified {
            wrong.push("more lenient than the AWS CLI".to_owned());
        }
        if theirs(&self.theirs) != self.case.theirs {
            wrong.push(format!("the AWS CLI says {:?} and not {:?}", theirs(&self.theirs), self.case.theirs));
        }
        let expected = self.case.ours.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        if found(&self.ours)? != expected {
            wrong.push(format!("we find {:?} and not {expected:?}", found(&self.ours)?));
        }
        let findings = self.ours["findings"].to_string();
        if !self.case.reason.is_empty() && !findings.contains(&format!("\"{}\"", self.case.reason)) {
            wrong.push(format!("no {} in {:#}", self.case.reason, self.ours["findings"]));
        }
        let refused = self.theirs.invalid(&self.case.trail.bucket);
        wrong.extend(
            refused.iter().filter(|key| !findings.contains(*key)).map(|key| format!("the AWS CLI refuses {key}, and we do not name it")),
        );
        if verified != (self.ours_code == 0) {
            wrong.push(format!("exit code {}", self.ours_code));
        }
        Ok(wrong)
    }
}

fn path(path: &Path) -> Result<&str> {
    path.to_str().context("a path is not UTF-8")
}

fn arn(case: &Case) -> String {
    // One each: the AWS command line finds trails by it. The account stands in the ARN, the bucket does not.
    format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{}/{}", case.trail.bucket, case.trail.name)
}

fn described(case: &Case) -> Value {
    json!({
        "Name": case.trail.name, "TrailARN": arn(case), "S3BucketName": case.trail.bucket, "HomeRegion": "us-east-1",
        "IsOrganizationTrail": case.trail.folder.contains(ORGANIZATION),
    })
}

/// Puts a case into its bucket, and asks both.
async fn judged(world: &Arc<World>, case: Case) -> Result<Said> {
    let (client, bucket) = (world.moto.client(), &case.trail.bucket);
    world.moto.create_bucket(bucket).await?;
    for (key, object) in &case.trail.objects {
        let put = client.put_object().bucket(bucket).key(key).body(ByteStream::from(object.bytes.clone()));
        let put = put.set_metadata(Some(object.metadata.clone().into_iter().collect()));
        let encryption = case.kms.then_some(ServerSideEncryption::AwsKms);
        put.set_server_side_encryption(encryption).send().await?;
    }
    let world = Arc::clone(world);
    tokio::task::spawn_blocking(move || {
        let name = case.name;
        judge(&world, case).with_context(|| name.to_owned())
    })
    .await?
}

fn judge(world: &World, case: Case) -> Result<Said> {
    let (arn, until) = (arn(&case), iso(case.until_ms));
    let start = iso(T0);
    let mut arguments =
        vec!["--trail-arn", arn.as_str(), "--region", REGION, "--account-id", ACCOUNT, "--start-time", &start, "--end-time", &until];
    if case.told_bucket {
        arguments.extend(["--s3-bucket", &case.trail.bucket]);
    }
    let theirs = world.cli.validate_logs(&world.moto, &world.endpoint, &arguments)?;
    let archive = world.root.join(&case.trail.bucket);
    let from = format!("s3://{}", case.trail.bucket);
    run(world, &["ingest", "--from", &from, "--archive", path(&archive)?])?.ok()?;
    let verified = ["verify", "--archive", path(&archive)?, "--public-keys", path(&world.keys)?, "--until", &until, "--as-of", LATE];
    let ours = run(world, &[&verified[..], &["--output", "json"]].concat())?;
    fs::remove_dir_all(&archive)?;
    Ok(Said { case, theirs, ours_code: ours.code().context("an exit code")?, ours: ours.json()? })
}

fn run(world: &World, arguments: &[&str]) -> Result<Ended> {
    Ok(command::command(arguments)?.envs(world.moto.environment()).output()?.into())
}

/// What the AWS command line says, in short.
fn theirs(said: &Validated) -> String {
    let ratio = |name: &str, ratio: trailkeep_tests::aws_cli::Ratio| format!("{name} {}/{}", ratio.valid, ratio.all);
    let mut parts = vec![format!("exit {}", said.ended.code().unwrap_or(-1)), ratio("digests", said.digests)];
    if said.backfill.all > 0 {
        parts.push(ratio("backfill", said.backfill));
    }
    parts.push(ratio("logs", said.logs));
    if said.missing > 0 {
        parts.push(format!("{} not found", said.missing));
    }
    if said.gaps > 0 {
        parts.push(format!("{} gap", said.gaps));
    }
    parts.join(", ")
}

/// Our findings by name.
fn found(verdict: &Value) -> Result<BTreeMap<String, u64>> {
    let counts = verdict.get("finding_counts").and_then(Value::as_object).context("finding_counts")?;
    Ok(counts.iter().map(|(name, count)| (name.clone(), count.as_u64().unwrap_or_default())).collect())
}

/// What we say, in short: verified of all, and findings.
fn ours(said: &Said) -> Result<String> {
    let count = |pointer: &str| said.ours.pointer(pointer).and_then(Value::as_u64).with_context(|| format!("no number at {pointer}"));
    let (digests, refused) = (count("/digests/verified")?, count("/digests/refused")?);
    let logs = said.ours["log_files"].as_object().context("log files")?;
    let all: u64 = logs.iter().filter(|(name, _)| *name != "revision_differs").filter_map(|(_, value)| value.as_u64()).sum();
    let found = found(&said.ours)?;
    let names: Vec<String> = found.iter().map(|(name, count)| named(said, name, *count)).collect();
    let verified = count("/log_files/verified")?;
    Ok(format!("exit {}, digests {digests}/{}, logs {verified}/{all} | {}", said.ours_code, digests + refused, names.join(", ")))
}

/// A finding, how often, and for which reasons.
fn named(said: &Said, name: &str, count: u64) -> String {
    let findings = said.ours["findings"].as_array().into_iter().flatten().filter(|finding| finding["name"] == name);
    let reasons: BTreeSet<&str> =
        findings.flat_map(|finding| finding["reasons"].as_array().into_iter().flatten()).filter_map(Value::as_str).collect();
    let reasons: Vec<String> = reasons.into_iter().map(|reason| format!("`{reason}`")).collect();
    let times = if count == 1 { String::new() } else { format!("{count} ") };
    let because = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    format!("{times}`{name}`{because}")
}

fn table(told: &[Said], version: &str) -> String {
    let mut lines = vec![format!("| | {version} | `trailkeep verify` | findings |"), "|---|---|---|---|".to_owned()];
    lines.extend(told.iter().map(|said| format!("| {} | {} | {} |", said.case.name, theirs(&said.theirs), ours(said).unwrap_or_default())));
    lines.join("\n") + "\n"
}
