//! The contract suites of both object store ports on S3, as moto emulates it, and whole commands on archives there.

use std::{
    ffi::OsString,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::{Result, ensure};
use aws_sdk_s3::primitives::ByteStream;
use serde_json::Value;
use trailkeep_aws::S3Bucket;
use trailkeep_pipeline::{
    contract,
    ports::bucket::{AuditBucket, LogBucket},
};
use trailkeep_tests::{
    command::{self, Ended},
    emulator::Moto,
    recorder::Recorder,
};

/// Numbers the prefixes, so that each scenario has one of its own.
#[derive(Debug, Default)]
struct Prefixes(AtomicU32);

impl Prefixes {
    fn next(&self) -> String {
        format!("scenario-{}", self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[tokio::test]
async fn s3_keeps_the_contract_of_log_buckets() -> Result<()> {
    let Some(moto) = Moto::start("the contract of log buckets on S3")? else { return Ok(()) };
    moto.create_bucket("logs").await?;
    let (client, prefixes) = (moto.client(), Prefixes::default());
    contract::bucket::log_bucket(async |seeds| {
        let prefix = prefixes.next();
        for seed in seeds {
            let put = client.put_object().bucket("logs").key(format!("{prefix}/{}", seed.key)).body(ByteStream::from(seed.body));
            put.set_metadata(Some(seed.metadata.into_iter().collect())).send().await.expect("the emulator takes an object");
        }
        Arc::new(S3Bucket::with_client(client.clone(), "logs", &prefix, None)) as Arc<dyn LogBucket>
    })
    .await;
    Ok(())
}

#[tokio::test]
async fn s3_keeps_the_contract_of_audit_buckets() -> Result<()> {
    let Some(moto) = Moto::start("the contract of audit buckets on S3")? else { return Ok(()) };
    moto.create_bucket("audit").await?;
    let prefixes = Prefixes::default();
    contract::bucket::audit_bucket(async || {
        Arc::new(S3Bucket::with_client(moto.client(), "audit", &prefixes.next(), None)) as Arc<dyn AuditBucket>
    })
    .await;
    Ok(())
}

/// A small trail below `directory`, and the command on the archive `s3://audit/org` behind `endpoint`.
struct OnS3<'a> {
    moto: &'a Moto,
    endpoint: String,
    directory: &'a Path,
}

impl OnS3<'_> {
    fn run(&self, words: &[&str], more: &[&str]) -> Result<Ended> {
        let mut arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
        arguments.extend(["--archive", "s3://audit/org", "--output", "json", "--ledger"].map(OsString::from));
        arguments.push(self.directory.join("ledger.sqlite").into());
        arguments.extend(more.iter().map(OsString::from));
        let mut command = command::command(arguments)?;
        Ok(command.envs(self.moto.environment()).env("TRAILKEEP_S3_ENDPOINT", &self.endpoint).output()?.into())
    }

    fn ingest(&self, more: &[&str]) -> Result<Ended> {
        let trail = self.directory.join("trail").display().to_string();
        self.run(&["ingest", "--from", &trail], more)
    }
}

fn synth(directory: &Path) -> Result<()> {
    let trail = directory.join("trail").display().to_string();
    command::run(["synth", "--out", &trail, "--accounts", "1", "--regions", "1", "--hours", "2", "--seed", "5"])?.ok()?;
    Ok(())
}

fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(u64::MAX)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_on_s3_is_encrypted_and_locked_as_asked() -> Result<()> {
    const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555";
    let Some(moto) = Moto::start("encryption and Object Lock on S3")? else { return Ok(()) };
    moto.create_bucket("audit").await?;
    let (directory, recorder) = (tempfile::tempdir()?, Recorder::before(moto.endpoint())?);
    synth(directory.path())?;
    let s3 = OnS3 { moto: &moto, endpoint: recorder.endpoint(), directory: directory.path() };
    let lock = ["--kms-key-id", KEY, "--object-lock-mode", "compliance", "--object-lock-days", "30"];
    let told = s3.ingest(&lock)?.ok()?.json()?;
    ensure!(number(&told, "/landed") > 0 && number(&told, "/landed") != u64::MAX, "{told}");

    let encrypted = format!("x-amz-server-side-encryption-aws-kms-key-id: {KEY}");
    let begun = recorder.heads("?uploads");
    for (prefix, locked) in [("raw/", true), ("digests/", true), ("sources/", true), ("events/", false)] {
        let heads: Vec<&String> = begun.iter().filter(|head| head.contains(&format!("/audit/org/{prefix}"))).collect();
        ensure!(!heads.is_empty(), "nothing was written below {prefix}");
        for head in heads {
            ensure!(head.contains(&encrypted) && head.contains("x-amz-server-side-encryption: aws:kms"), "{head}");
            let lock = head.contains("x-amz-object-lock-mode: compliance") && head.contains("x-amz-object-lock-retain-until-date: ");
            ensure!(lock == locked && head.contains("x-amz-object-lock") == locked, "{head}");
        }
    }
    let small = recorder.heads("PUT /audit/org/archive.json");
    ensure!(small.len() == 1 && small.iter().all(|head| head.contains(&encrypted) && !head.contains("x-amz-object-lock")), "{small:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_class_of_objects_is_encrypted_with_its_own_key_from_the_creation_of_its_upload() -> Result<()> {
    let Some(moto) = Moto::start("KMS keys by prefix on S3")? else { return Ok(()) };
    moto.create_bucket("audit").await?;
    let (directory, recorder) = (tempfile::tempdir()?, Recorder::before(moto.endpoint())?);
    synth(directory.path())?;
    let s3 = OnS3 { moto: &moto, endpoint: recorder.endpoint(), directory: directory.path() };
    let keys =
        ["--kms-key", "raw/=alias/raw", "--kms-key", "events/=alias/events", "--kms-key", "events/category=management/=alias/management"];
    let lock = ["--kms-key-id", "alias/rest", "--object-lock-mode", "governance", "--object-lock-days", "30"];
    s3.ingest(&[&keys[..], &lock].concat())?.ok()?;

    let begun = recorder.heads("?uploads");
    for (prefix, key, locked) in [
        ("raw/", "alias/raw", true),
        ("events/category=management/", "alias/management", false),
        ("sources/", "alias/rest", true),
        ("digests/", "alias/rest", true),
        ("index/", "alias/rest", false),
    ] {
        let encoded = prefix.replace('=', "%3D");
        let below = |head: &&String| [prefix, encoded.as_str()].iter().any(|prefix| head.contains(&format!("/audit/org/{prefix}")));
        let heads: Vec<&String> = begun.iter().filter(below).collect();
        ensure!(!heads.is_empty(), "nothing was written below {prefix}: {begun:?}");
        for head in heads {
            let encrypted = [
                "x-amz-server-side-encryption: aws:kms",
                &format!("x-amz-server-side-encryption-aws-kms-key-id: {key}"),
                "x-amz-server-side-encryption-bucket-key-enabled: true",
                "x-amz-checksum-algorithm: crc32",
                "x-amz-checksum-type: full_object",
            ];
            ensure!(encrypted.iter().all(|header| head.contains(header)), "{head}");
            let lock = head.contains("x-amz-object-lock-mode: governance") && head.contains("x-amz-object-lock-retain-until-date: ");
            ensure!(lock == locked && head.contains("x-amz-object-lock") == locked, "{head}");
        }
    }
    let small = recorder.heads("PUT /audit/org/archive.json");
    ensure!(small.len() == 1 && small.iter().all(|head| head.contains("aws-kms-key-id: alias/rest")), "{small:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lost_ledger_of_an_archive_on_s3_is_rebuilt() -> Result<()> {
    let Some(moto) = Moto::start("a lost ledger on S3")? else { return Ok(()) };
    moto.create_bucket("audit").await?;
    let directory = tempfile::tempdir()?;
    synth(directory.path())?;
    let s3 = OnS3 { moto: &moto, endpoint: moto.endpoint().to_owned(), directory: directory.path() };
    let landed = number(&s3.ingest(&[])?.ok()?.json()?, "/landed");
    std::fs::remove_file(directory.path().join("ledger.sqlite"))?;
    let advice =
        format!("trailkeep ledger rebuild --archive s3://audit/org/ --ledger {}", directory.path().join("ledger.sqlite").display());
    s3.ingest(&[])?.failed(1, &[&advice])?;
    let told = s3.run(&["ledger", "rebuild"], &[])?.ok()?.json()?;
    ensure!((number(&told, "/sources"), number(&told, "/epoch")) == (landed, 2), "{told}");
    let again = s3.ingest(&[])?.ok()?.json()?;
    ensure!((number(&again, "/landed"), number(&again, "/duplicates")) == (0, landed), "{again}");
    Ok(())
}
