//! A log bucket on S3 that may not be read, is long, or has names that nobody should have: never verified by mistake, and said which object it was.

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;
use trailkeep_tests::{
    command::{self, Ended},
    emulator::Moto,
    gzip,
    proxy::{Door, Fault, Proxy, Rule},
};

use super::{from, run, upload};
use crate::verify::estate::{Estate, LATE, found, number};

/// A log bucket on S3 behind a proxy, and the tree that it holds.
struct OnS3 {
    moto: Moto,
    proxy: Proxy,
    door: Door,
    estate: Estate,
    bucket: String,
}

impl OnS3 {
    async fn new(what: &str) -> Result<Option<Self>> {
        let Some(moto) = Moto::start(what)? else { return Ok(None) };
        let estate = Estate::synthesised()?;
        let bucket = run(&estate, &[])?.ended(0)?.json()?["log_bucket"]["name"].as_str().context("a name")?.to_owned();
        moto.create_bucket(&bucket).await?;
        upload(&moto, &estate, &bucket).await?;
        let proxy = Proxy::before(moto.endpoint(), 7)?;
        let door = proxy.door("verify")?;
        Ok(Some(Self { moto, proxy, door, estate, bucket }))
    }

    fn verify(&self, more: &[&str]) -> Result<Ended> {
        let address = format!("s3://{}", self.bucket);
        let mut command = command::command(from(&self.estate, address.as_ref(), more))?;
        Ok(command.envs(self.moto.environment()).env("TRAILKEEP_S3_ENDPOINT", self.door.endpoint()).output()?.into())
    }

    async fn put(&self, key: &str, bytes: &[u8]) -> Result<()> {
        let put = self.moto.client().put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes.to_vec()));
        put.send().await.with_context(|| format!("failed to put {key:?}"))?;
        Ok(())
    }
}

#[tokio::test]
async fn what_may_not_be_read_gives_no_verdict_and_is_named_with_the_permission() -> Result<()> {
    let Some(s3) = OnS3::new("verify --from without permissions").await? else { return Ok(()) };
    let (logs, digests) = (s3.estate.logs()?, s3.estate.digests()?);
    let (log, digest) = (logs[1].as_str(), digests[2].as_str());
    let address = format!("s3://{}", s3.bucket);
    s3.verify(&[])?.ended(0)?;
    let listings = s3.proxy.count("s3:ListObjectsV2");
    let get = |fault: Fault, key: &str| Rule::before("s3:GetObject", fault).with(key);
    let list = |n: u64| Rule::before("s3:ListObjectsV2", Fault::Denied).nth(n);
    let (of_log, of_digest) = (format!("{address}/{log}"), format!("{address}/{digest}"));
    let cases: [(Rule, &[&str]); 8] = [
        (list(1), &["s3:ListBucket", &address, "allow it on the bucket"]),
        (list(listings / 2), &["s3:ListBucket", &address]),
        (list(listings), &["s3:ListBucket", &address]),
        (get(Fault::Denied, log), &["s3:GetObject", &of_log, "kms:Decrypt"]),
        (get(Fault::Denied, digest), &["s3:GetObject", &of_digest]),
        (get(Fault::KeyDenied, log), &["s3:GetObject", &of_log, "policy of the KMS key", "key/11111111-2222-3333-4444-555555555555"]),
        (get(Fault::KeyDenied, digest), &["kms:Decrypt", &of_digest]),
        (get(Fault::SlowDown, log), &["s3:GetObject", &of_log, "503"]),
    ];
    for (rule, words) in cases {
        let case = format!("{rule:?}");
        s3.proxy.add(rule);
        let ended = s3.verify(&["--as-of", LATE])?;
        ensure!(ended.stdout.is_empty(), "{case}: {}", ended.text());
        ended.failed(2, words).context(case)?;
        s3.proxy.calm();
    }
    // A body that breaks off is not what lies there.
    for fault in [Fault::Truncated, Fault::Reset] {
        s3.proxy.add(Rule::after("s3:GetObject", fault).with(log));
        s3.verify(&[])?.failed(2, &[log])?;
        s3.proxy.calm();
    }
    // What a finding needs beside its bytes.
    s3.moto.client().delete_object().bucket(&s3.bucket).key(log).send().await?;
    s3.verify(&["--as-of", LATE])?.ended(1)?;
    s3.proxy.add(Rule::before("s3:HeadObject", Fault::Denied).with(log));
    s3.verify(&["--as-of", LATE])?.failed(2, &["s3:GetObject", &of_log])?;
    Ok(())
}

#[tokio::test]
async fn listings_of_more_than_a_page_are_read_to_their_end() -> Result<()> {
    const FORGED: u64 = 1_050;
    let Some(s3) = OnS3::new("verify --from of many objects").await? else { return Ok(()) };
    let whole = s3.verify(&[])?.ended(0)?.json()?;
    let logs = s3.estate.logs()?;
    let (stem, _) = logs[1].rsplit_once('_').context("a name")?;
    let body = gzip::member(br#"{"Records":[]}"#);
    for n in 0..FORGED {
        s3.put(&format!("{stem}_{n:016}.json.gz"), &body).await?;
    }
    let verdict = s3.verify(&["--as-of", LATE, "--show", "3"])?.ended(1)?.json()?;
    ensure!(number(&verdict, "/log_files/unlisted")? == FORGED, "{:#}", verdict["log_files"]);
    ensure!(verdict["log_files"]["verified"] == whole["log_files"]["verified"] && verdict["digests"] == whole["digests"], "{verdict:#}");
    ensure!(verdict["findings"].as_array().is_some_and(|findings| findings.len() == 3), "{:#}", verdict["findings"]);
    Ok(())
}

#[tokio::test]
async fn names_that_nobody_should_have_neither_pass_for_log_files_nor_reach_the_terminal() -> Result<()> {
    let Some(s3) = OnS3::new("verify --from of odd names").await? else { return Ok(()) };
    let whole = s3.verify(&[])?.ended(0)?.json()?;
    let logs = s3.estate.logs()?;
    let (folder, name) = logs[1].rsplit_once('/').context("a name")?;
    let (stem, _) = name.rsplit_once('_').context("a stem")?;
    let long = "x".repeat(1_000 - folder.len());
    let body = gzip::member(br#"{"Records":[{"eventName":"DeleteTrail"}]}"#);
    let odd = [
        format!("{folder}/{stem}_a b+c%2F..%00.json.gz"),
        format!("{folder}/{stem}_\u{202e}zg.nosj.json.gz"),
        format!("{folder}/{long}"),
        format!("{folder}/deeper/{name}"),
        format!("{folder}//{name}"),
        "AWSLogs/o-exampleorg1/999/CloudTrail/us-east-1/2026/01/15/x.json.gz".to_owned(),
        "AWSLogs/111122220001/CloudTrail/no-region/2026/13/45/111122220001_CloudTrail_no-region_20261345T9999Z_a.json.gz".to_owned(),
    ];
    for key in &odd {
        s3.put(key, &body).await?;
    }
    let address = format!("s3://{}", s3.bucket);
    let verdict = s3.verify(&["--as-of", LATE])?.ended(1)?.json()?;
    ensure!(verdict["log_files"]["verified"] == whole["log_files"]["verified"], "{:#}", verdict["log_files"]);
    ensure!(found(&verdict)?.keys().all(|name| name == "unlisted" || name == "no_digest"), "{:#}", verdict["finding_counts"]);
    for output in ["text", "json"] {
        let mut words = from(&s3.estate, address.as_ref(), &["--as-of", LATE]);
        let at = words.iter().position(|word| word == "json").context("json")?;
        words[at] = output.into();
        let mut command = command::command(words)?;
        let ended: Ended = command.envs(s3.moto.environment()).env("TRAILKEEP_S3_ENDPOINT", s3.door.endpoint()).output()?.into();
        let said = format!("{}{}", ended.text(), ended.stderr);
        ensure!(!said.contains(['\u{1b}', '\0']) && (output == "json" || !said.contains('\u{202e}')), "{output}: {said:?}");
    }
    // S3 lists control characters in a way that XML forbids: such a listing gives no verdict.
    s3.put(&format!("{folder}/{stem}_\u{1b}[2J\u{1b}[31mVERIFIED.json.gz"), &body).await?;
    let ended = s3.verify(&["--as-of", LATE])?;
    ensure!(ended.stdout.is_empty() && !ended.stderr.contains("\u{1b}[2J"), "{}", ended.said());
    ended.failed(2, &["s3:ListBucket", &address])?;
    Ok(())
}

#[test]
fn what_one_of_the_two_lacks_is_told_by_who_looks_at_it() -> Result<()> {
    let counts = |verdict: &Value| found(verdict);
    // The archive lacks a file that the bucket has.
    let whole = Estate::synthesised()?;
    let logs = whole.logs()?;
    let lacking = whole.copy()?;
    lacking.remove(&logs[1])?;
    lacking.ingest()?;
    lacking.write(&logs[1], &whole.bytes(&logs[1])?)?;
    run(&lacking, &["--as-of", LATE])?.ended(0)?;
    let archived = lacking.verdict(1, &["--as-of", LATE])?;
    ensure!(counts(&archived)?.keys().eq(["missing"]), "{archived:#}");
    // The bucket lacks a file that the archive has.
    whole.ingest()?;
    whole.remove(&logs[1])?;
    whole.verdict(0, &["--as-of", LATE])?;
    let own = run(&whole, &["--as-of", LATE])?.ended(1)?.json()?;
    ensure!(counts(&own)?.keys().eq(["missing"]), "{own:#}");
    Ok(())
}
