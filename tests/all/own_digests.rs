//! `trailkeep digest`: digests of ours for what CloudTrail did not sign, which the unmodified AWS command line validates.

use std::{
    ffi::OsStr,
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;
use tempfile::TempDir;
use trailkeep_tests::{
    aws_cli::{AwsCli, Endpoint, Validated},
    command::{self, Ended},
    emulator::Moto,
    gzip, tree,
};

const ACCOUNTS: [&str; 2] = ["111122220001", "111122220002"];
const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:111122220001:trail/trailkeep-digests";
/// The hours of the invented trail, as the AWS command line is asked for them.
const SINCE: &str = "2026-01-15T00:00:00Z";
const UNTIL: &str = "2026-01-15T07:00:00Z";
const LATE: &str = "2026-03-01T00:00:00Z";
/// The end of the hour in which the last file came.
const END: &str = "2026-01-15T06:00:00Z";

/// An invented trail, its archive and a key of ours.
struct Estate {
    directory: TempDir,
}

impl Estate {
    /// A trail of five hours in two accounts; Digests that `keep` does not name by key are not delivered.
    fn new(keep: impl Fn(&str) -> bool) -> Result<Self> {
        let estate = Self { directory: tempfile::tempdir()? };
        let trail = estate.path("trail");
        let options = ["--accounts", "2", "--regions", "1", "--hours", "5", "--events-per-hour", "120", "--start", SINCE, "--seed", "5"];
        run(["synth", "--out", &trail].into_iter().chain(options))?.ok()?;
        for key in tree::read(Path::new(&trail))?.keys() {
            if key.contains("/CloudTrail-Digest/") && !keep(key.trim_end_matches(".metadata.json")) {
                fs::remove_file(Path::new(&trail).join(key))?;
            }
        }
        run(["digest", "new-key", &estate.path("key.pem")])?.ok()?;
        Ok(estate)
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }

    fn ingest(&self) -> Result<()> {
        run(["ingest", "--from", &self.path("trail"), "--bucket", "example-org-cloudtrail-logs", "--archive", &self.path("audit")])?
            .ok()
            .map(drop)
    }

    fn digest(&self, out: &str, more: &[&str]) -> Result<Ended> {
        let (archive, key, out) = (self.path("audit"), self.path("key.pem"), self.path(out));
        let arguments = ["digest", "--archive", &archive, "--out", &out, "--signing-key", &key];
        run(arguments.into_iter().chain(more.iter().copied()))
    }

    /// The summary of a run.
    fn summary(&self, out: &str, more: &[&str]) -> Result<Value> {
        self.digest(out, &[&["--output", "json"], more].concat())?.ok()?.json()
    }
}

fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Ended> {
    command::run(arguments)
}

fn on_s3(moto: &Moto, arguments: &[&str]) -> Result<Ended> {
    Ok(command::command(arguments)?.envs(moto.environment()).output()?.into())
}

fn number(value: &Value, name: &str) -> Result<u64> {
    value[name].as_u64().with_context(|| format!("no number {name}: {value:#}"))
}

/// A whole restored tree in a bucket, with digests of ours.
struct Restored {
    estate: Estate,
    moto: Moto,
    cli: AwsCli,
    endpoint: Endpoint,
    files: u64,
}

impl Restored {
    async fn new(what: &str) -> Result<Option<Self>> {
        let Some(cli) = AwsCli::find(what)? else { return Ok(None) };
        let Some(moto) = Moto::start(what)? else { return Ok(None) };
        moto.create_bucket("restored").await?;
        let estate = Estate::new(|_| false)?;
        estate.ingest()?;
        let (archive, key, ours) = (estate.path("audit"), estate.path("key.pem"), estate.path("our-keys.json"));
        on_s3(&moto, &["raw", "--archive", &archive, "--all", "--to", "s3://restored"])?.ok()?;
        let arguments = ["digest", "--archive", &archive, "--out", "s3://restored/own", "--signing-key", &key, "--public-key-to", &ours];
        let digest = || on_s3(&moto, &[&arguments[..], &["--since", SINCE, "--until", END, "--output", "json"]].concat());
        let summary = digest()?.ok()?.json()?;
        // The same once more changes nothing and is no failure, the file of our key being there.
        let written = std::fs::read(&ours)?;
        ensure!(digest()?.ok()?.json()?["log_files"] == summary["log_files"] && std::fs::read(&ours)? == written);
        let files = number(&summary, "log_files")?;
        let given = ["--public-key", &ours, "--trail-arn", TRAIL, "--s3-bucket", "restored", "--s3-prefix", "own"];
        let endpoint = Endpoint::start(given)?;
        Ok(Some(Self { estate, moto, cli, endpoint, files }))
    }

    /// What the AWS command line says of both accounts.
    fn validated(&self) -> Result<Vec<Validated>> {
        let validate = |account: &&str| {
            let arguments = ["--trail-arn", TRAIL, "--account-id", account, "--region", "us-east-1"];
            self.cli.validate_logs(&self.moto, &self.endpoint, &[&arguments[..], &["--start-time", SINCE, "--end-time", UNTIL]].concat())
        };
        ACCOUNTS.iter().map(validate).collect()
    }

    /// What we say of the bucket, ingested anew.
    fn verdict(&self, name: &str) -> Result<Ended> {
        let (archive, keys) = (self.estate.path(name), self.estate.path("our-keys.json"));
        on_s3(&self.moto, &["ingest", "--from", "s3://restored", "--archive", &archive])?.ok()?;
        run([
            "verify",
            "--archive",
            &archive,
            "--public-keys",
            &keys,
            "--until",
            "2026-01-15T05:00:00Z",
            "--as-of",
            LATE,
            "--output",
            "json",
        ])
    }

    async fn keys(&self, folder: &str) -> Result<Vec<String>> {
        let listed = self.moto.client().list_objects_v2().bucket("restored").send().await?;
        let keys: Vec<String> = listed.contents().iter().filter_map(|object| object.key()).map(str::to_owned).collect();
        Ok(keys.into_iter().filter(|key| key.contains(folder) && key.contains(ACCOUNTS[0])).collect())
    }

    /// Flips a byte of an object, in the middle of what it inflates to; gives what it was.
    async fn flip(&self, key: &str) -> Result<(Vec<u8>, std::collections::HashMap<String, String>)> {
        let got = self.moto.client().get_object().bucket("restored").key(key).send().await?;
        let metadata = got.metadata().cloned().unwrap_or_default();
        let stored = got.body.collect().await?.into_bytes().to_vec();
        let mut inflated = inflated(&stored)?;
        let middle = inflated.windows(2).position(|pair| pair == b"AW").context("a place to flip")?;
        *inflated.get_mut(middle).context("a byte")? ^= 1;
        self.put(key, gzip::member(&inflated), metadata.clone()).await?;
        Ok((stored, metadata))
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, metadata: std::collections::HashMap<String, String>) -> Result<()> {
        let put = self.moto.client().put_object().bucket("restored").key(key).body(ByteStream::from(bytes));
        put.set_metadata(Some(metadata)).send().await?;
        Ok(())
    }
}

#[expect(clippy::disallowed_types, reason = "an object of our own making")]
fn inflated(stored: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(stored).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unmodified_aws_command_line_validates_a_restored_tree_with_our_digests() -> Result<()> {
    let Some(restored) = Restored::new("the AWS CLI on a restored tree with digests of ours").await? else { return Ok(()) };
    let said = restored.validated()?;
    let mut logs = 0;
    for said in &said {
        ensure!(!said.objects() && said.gaps == 0, "{}", said.ended.said());
        ensure!(said.digests.all >= 5 && said.digests.valid == said.digests.all, "{}", said.ended.said());
        logs += said.logs.valid;
    }
    ensure!(logs == restored.files && logs > 10, "{logs} of {} log files", restored.files);
    let verdict = restored.verdict("again")?.ended(0)?.json()?;
    ensure!(verdict["verified"] == Value::Bool(true), "{verdict:#}");
    ensure!(verdict.pointer("/trust/0/digests").and_then(Value::as_u64).is_some_and(|digests| digests >= 10), "{verdict:#}");

    // One byte of a log file.
    let log = restored.keys("/CloudTrail/us-east-1/").await?.into_iter().nth(2).context("a log file")?;
    let (stored, metadata) = restored.flip(&log).await?;
    let said = restored.validated()?.into_iter().next().context("an answer")?;
    ensure!(
        said.logs.valid + 1 == said.logs.all && said.ended.said().contains("INVALID: hash value doesn't match"),
        "{}",
        said.ended.said()
    );
    let verdict = restored.verdict("log-flipped")?.ended(1)?.json()?;
    ensure!(verdict["finding_counts"] == serde_json::json!({ "altered": 1 }), "{verdict:#}");
    restored.put(&log, stored, metadata).await?;

    // One byte of a digest.
    let digest = restored.keys("own/AWSLogs/").await?.into_iter().nth(2).context("a digest")?;
    restored.flip(&digest).await?;
    let said = restored.validated()?.into_iter().next().context("an answer")?;
    ensure!(said.digests.valid + 1 == said.digests.all && said.ended.said().contains("INVALID"), "{}", said.ended.said());
    let verdict = restored.verdict("digest-flipped")?.ended(1)?.json()?;
    ensure!(verdict["finding_counts"]["digest_refused"] == 1, "{verdict:#}");
    Ok(())
}

#[test]
fn digests_of_ours_cover_only_what_cloudtrail_did_not_sign() -> Result<()> {
    // The first account has CloudTrail's Digests until its trail was stopped, the second has them all.
    let first = |key: &str| key.contains(ACCOUNTS[1]) || ["T00", "T01", "T02"].iter().any(|hour| key.contains(hour));
    let estate = Estate::new(first)?;
    estate.ingest()?;
    let keys = estate.path("trail/public-keys.json");
    for (keys, verified) in [(&["--public-keys", &keys] as &[&str], true), (&[], false)] {
        let summary = estate.summary("restored", &[&["--dry-run", "--accounts", ACCOUNTS[0]], keys].concat())?;
        ensure!(summary["cloudtrail_verified"] == Value::Bool(verified), "{summary:#}");
        let stretches = summary["stretches"].as_array().context("stretches")?;
        let last = stretches.last().context("a stretch")?;
        // CloudTrail's last Digest ends within the third hour.
        ensure!(last["from"].as_str().is_some_and(|from| from.starts_with("2026-01-15T02:")), "{summary:#}");
        ensure!(last["to"] == "2026-01-15T05:00:00.000Z" || last["to"] == "2026-01-15T06:00:00.000Z", "{summary:#}");
        ensure!(number(last, "log_files")? > 2 && number(last, "digests")? >= 3, "{summary:#}");
        for stretch in stretches.iter().rev().skip(1) {
            ensure!(stretch["to"].as_str().is_some_and(|to| to < "2026-01-15T01"), "what came before the first Digest: {summary:#}");
        }
    }
    ensure!(!Path::new(&estate.path("restored")).exists(), "a dry run wrote something");
    let told = estate.digest("restored", &["--dry-run"])?.ok()?.text();
    ensure!(told.contains("Without CloudTrail's public keys") && told.contains("not CloudTrail's"), "{told}");
    // A Digest that is there, and does not verify, signs nothing.
    let other = estate.path("other");
    run(["synth", "--out", &other, "--accounts", "1", "--regions", "1", "--hours", "1", "--seed", "9"])?.ok()?;
    let other = format!("{other}/public-keys.json");
    let summary = estate.summary("restored", &["--dry-run", "--accounts", ACCOUNTS[1], "--public-keys", &other])?;
    ensure!(summary["stretches"][0]["from"] == "2026-01-15T00:00:00.000Z" && number(&summary, "digests")? >= 5, "{summary:#}");
    Ok(())
}

#[test]
fn digests_of_ours_are_the_same_each_time_and_nothing_else_is_written_over() -> Result<()> {
    let estate = Estate::new(|_| false)?;
    estate.ingest()?;
    let summary = estate.summary("one", &["--since", SINCE, "--until", END])?;
    let digests = number(&summary, "digests")?;
    ensure!(digests >= 10 && number(&summary, "written")? == digests, "{summary:#}");
    let read = |name: &str| tree::read(&PathBuf::from(estate.path(name)));
    let one = read("one")?;
    ensure!(one.len() as u64 == 2 * digests, "digests and their sidecars: {:?}", one.keys());
    ensure!(
        one.keys().all(|key| key.starts_with("trailkeep/AWSLogs/1111") && key.contains("_trailkeep-digests_us-east-1_")),
        "{:?}",
        one.keys()
    );
    estate.summary("two", &["--since", SINCE, "--until", END])?;
    tree::same(&one, &read("two")?)?;

    // A run that was interrupted goes on.
    let gone = one.keys().filter(|key| key.ends_with(".json.gz")).nth(3).context("a digest")?;
    fs::remove_file(Path::new(&estate.path("two")).join(gone))?;
    let again = estate.summary("two", &["--since", SINCE, "--until", END])?;
    ensure!(number(&again, "written")? == 1 && number(&again, "already_there")? == digests - 1, "{again:#}");
    tree::same(&one, &read("two")?)?;

    // Another key's.
    fs::rename(estate.path("key.pem"), estate.path("old.pem"))?;
    run(["digest", "new-key", &estate.path("key.pem")])?.ok()?;
    estate
        .digest("two", &["--since", SINCE, "--until", END])?
        .failed(1, &["another object stands at", "trailkeep/AWSLogs/", "was left as it is"])?;
    tree::same(&one, &read("two")?)?;
    estate.summary("two", &["--trail", "trailkeep-second"])?;
    Ok(())
}

#[test]
fn files_that_no_command_line_would_validate_are_left_out_and_told() -> Result<()> {
    let estate = Estate::new(|_| false)?;
    let trail = PathBuf::from(estate.path("trail"));
    let logs: Vec<String> =
        tree::read(&trail)?.into_keys().filter(|key| key.contains("/CloudTrail/") && key.contains(ACCOUNTS[0])).collect();
    let log = |index: usize| logs.get(index).map(|key| trail.join(key)).context("a log file");
    let joined = [fs::read(log(0)?)?, gzip::member(b"{\"Records\":[]}")].concat();
    fs::write(log(0)?, joined)?;
    fs::write(log(1)?, "no gzip")?;
    estate.ingest()?;
    let told = estate.digest("out", &[])?.ended(1)?;
    ensure!(told.text().contains("NOT LISTED, not_one_member: 2 files"), "{}", told.said());
    for index in [0, 1] {
        ensure!(told.text().contains(logs.get(index).context("a log file")?), "{}", told.said());
    }
    let kept: u64 = tree::read(&trail)?.keys().filter(|key| key.contains("_CloudTrail") && key.ends_with(".json.gz")).count() as u64;
    let json = estate.digest("out", &["--output", "json"])?.ended(1)?.json()?;
    ensure!(number(&json, "log_files")? == kept - 2, "{kept}: {json:#}");
    Ok(())
}

#[test]
fn wrong_keys_trails_and_prefixes_are_refused() -> Result<()> {
    let estate = Estate::new(|_| false)?;
    estate.ingest()?;
    let key = estate.path("key.pem");
    ensure!(fs::metadata(&key)?.permissions().mode() & 0o777 == 0o600, "others may read the key");
    run(["digest", "new-key", &key])?.failed(1, &["key.pem"])?;
    estate.digest("out", &["--trail", "organization-trail"])?.failed(2, &["trailkeep-"])?;
    estate.digest("out", &["--prefix", ""])?.failed(2, &["prefix"])?;
    estate.digest("out", &["--since", "2026-01-16", "--until", "2026-01-15"])?.failed(2, &["--since"])?;
    run(["digest"])?.failed(2, &["--archive"])?;
    fs::write(&key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")?;
    estate.digest("out", &[])?.failed(1, &["key.pem", "RSA"])?;
    ensure!(!Path::new(&estate.path("out")).exists(), "something was written");
    Ok(())
}

#[test]
fn the_endpoint_answers_its_calls_and_no_others() -> Result<()> {
    let estate = Estate::new(|_| true)?;
    let keys = estate.path("trail/public-keys.json");
    run(["digest", "serve", "--public-key", &keys])?.failed(2, &["--trail-arn"])?;
    run(["digest", "serve", "--public-key", &keys, "--trail-arn", "t1", "--s3-bucket", "restored"])?.failed(1, &["no ARN of a trail"])?;
    let endpoint = Endpoint::start(["--public-key", &keys, "--trail-arn", TRAIL, "--s3-bucket", "restored"])?;
    let call = |name: &str, region: &str, body: &str| -> Result<String> {
        let host = endpoint.address.strip_prefix("http://").context("an address")?;
        let mut stream = TcpStream::connect(host)?;
        let target = format!("com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.{name}");
        let scope = format!("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260115/{region}/cloudtrail/aws4_request, Signature=00");
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nX-Amz-Target: {target}\r\nAuthorization: {scope}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        // A request that is refused for its size may be answered before it was sent.
        let _ = stream.write_all(body.as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        Ok(answer)
    };
    let has = |answer: String, words: &[&str]| -> Result<()> {
        ensure!(words.iter().all(|word| answer.contains(word)), "{answer}");
        Ok(())
    };
    has(call("DescribeTrails", "us-east-1", "{}")?, &["200 OK", TRAIL, "restored"])?;
    has(call("ListPublicKeys", "us-east-1", r#"{"StartTime":1768435200,"EndTime":1768438800}"#)?, &["200 OK", "\"Fingerprint\":"])?;
    has(call("ListPublicKeys", "eu-west-1", "{}")?, &["\"PublicKeyList\":[]"])?;
    has(call("ListPublicKeys", "us-east-1", r#"{"StartTime":1,"EndTime":2}"#)?, &["\"PublicKeyList\":[]"])?;
    has(call("StopLogging", "us-east-1", "{}")?, &["400 Bad Request", "UnsupportedOperationException"])?;
    has(call("DescribeTrails", "us-east-1", &" ".repeat(100_000))?, &["413"])?;
    Ok(())
}
