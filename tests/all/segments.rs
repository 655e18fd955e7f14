//! Segments on S3 that were deleted, written again or cut behind the archive's back: `trailkeep verify` tells which, without reading them.

use std::{ffi::OsString, path::Path};

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::{
    Client,
    primitives::ByteStream,
    types::{BucketVersioningStatus, ChecksumAlgorithm, VersioningConfiguration},
};
use serde_json::Value;
use trailkeep_aws::S3Bucket;
use trailkeep_pipeline::ports::bucket::{AuditBucket, ObjectVersion};
use trailkeep_tests::{
    command::{self, Ended},
    emulator::Moto,
};

/// An archive of an invented trail in a bucket, and what was done to it.
struct OnS3<'a> {
    moto: &'a Moto,
    s3: Client,
    directory: &'a Path,
}

impl OnS3<'_> {
    fn run(&self, words: &[&str]) -> Result<Ended> {
        let trail = self.directory.join("trail");
        let words = words.iter().map(|word| if *word == "TRAIL" { trail.clone().into() } else { OsString::from(*word) });
        let mut command = command::command(words)?;
        Ok(command.envs(self.moto.environment()).env("TRAILKEEP_S3_ENDPOINT", self.moto.endpoint()).output()?.into())
    }

    /// The bucket, with what five hours of a trail left in it.
    async fn ingested(moto: &Moto, versioned: bool, directory: &Path) -> Result<()> {
        moto.create_bucket("audit").await?;
        let on = OnS3 { moto, s3: moto.client(), directory };
        if versioned {
            let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
            on.s3.put_bucket_versioning().bucket("audit").versioning_configuration(enabled).send().await?;
        }
        let shape = ["--accounts", "2", "--regions", "1", "--hours", "5", "--events-per-hour", "120", "--seed", "5"];
        let synth = [&["synth", "--out", "TRAIL", "--start", "2026-01-15T00:00:00Z"], &shape[..]].concat();
        on.run(&synth)?.ok()?;
        let ledger = directory.join("ledger.sqlite").display().to_string();
        on.run(&["ingest", "--from", "TRAIL", "--archive", "s3://audit/org", "--ledger", &ledger])?.ok()?;
        Ok(())
    }

    /// The verdict, and its findings about segments: name, detail.
    fn verdict(&self, code: i32) -> Result<Vec<(String, String, String)>> {
        let keys = self.directory.join("trail/public-keys.json").display().to_string();
        let words = ["verify", "--archive", "s3://audit/org", "--public-keys", &keys, "--until", "2026-01-15T05:00:00Z"];
        let verdict = self.run(&[&words[..], &["--output", "json"]].concat())?.ended(code)?.json()?;
        ensure!(verdict["segments"]["asked"].as_u64().is_some_and(|asked| asked > 1), "{verdict:#}");
        let findings = verdict["findings"].as_array().context("findings are a list")?;
        let about = findings.iter().filter(|finding| finding["name"].as_str().is_some_and(|name| name.starts_with("segment_")));
        let text = |finding: &Value, name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let told: Vec<_> = about.map(|finding| (text(finding, "name"), text(finding, "key"), text(finding, "detail"))).collect();
        ensure!(verdict["segments"]["fallen"] == told.len(), "{verdict:#}");
        Ok(told)
    }

    /// That one finding about that segment, its detail having these words in it.
    fn tells(&self, name: &str, key: &str, words: &[&str]) -> Result<()> {
        let told = self.verdict(1)?;
        let [(found, about, detail)] = told.as_slice() else { anyhow::bail!("not one finding about segments: {told:?}") };
        ensure!(found == name && about == key && words.iter().all(|word| detail.contains(word)), "{told:?}");
        Ok(())
    }

    /// The segment of log files, and its bytes.
    async fn segment(&self) -> Result<(String, Vec<u8>)> {
        let listed = self.s3.list_objects_v2().bucket("audit").prefix("org/raw/").send().await?;
        let mut keys = listed.contents().iter().filter_map(|object| object.key());
        let key = keys.rfind(|key| key.ends_with(".gz")).context("a segment")?.to_owned();
        let body = self.s3.get_object().bucket("audit").key(&key).send().await?.body.collect().await?.to_vec();
        Ok((key.strip_prefix("org/").context("below the root")?.to_owned(), body))
    }

    async fn write(&self, key: &str, bytes: Vec<u8>) -> Result<String> {
        let put = self.s3.put_object().bucket("audit").key(format!("org/{key}")).body(ByteStream::from(bytes));
        Ok(put.checksum_algorithm(ChecksumAlgorithm::Crc32).send().await?.version_id.unwrap_or_default())
    }

    /// Takes a version away for good.
    async fn remove(&self, key: &str, version: &str) -> Result<()> {
        self.s3.delete_object().bucket("audit").key(format!("org/{key}")).version_id(version).send().await?;
        Ok(())
    }
}

async fn versions(moto: &Moto, prefix: &str) -> Result<Vec<ObjectVersion>> {
    let listed = S3Bucket::with_client(moto.client(), "audit", "org/", None).versions(prefix, None).await?;
    let page = listed.context("S3 keeps versions")?;
    ensure!(page.next.is_none());
    Ok(page.versions)
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_tells_segments_that_were_written_again_deleted_or_cut() -> Result<()> {
    let Some(moto) = Moto::start("segments that were tampered with")? else { return Ok(()) };
    let directory = tempfile::tempdir()?;
    OnS3::ingested(&moto, true, directory.path()).await?;
    let on = OnS3 { moto: &moto, s3: moto.client(), directory: directory.path() };
    ensure!(on.verdict(0)?.is_empty());
    let (key, bytes) = on.segment().await?;
    let first = versions(&moto, &key).await?.pop().and_then(|version| version.version).context("a version")?;

    // The very bytes again: nobody but someone who tampers writes a segment twice.
    let second = on.write(&key, bytes.clone()).await?;
    on.tells("segment_replaced", &key, &["written again", &first, &second])?;
    on.remove(&key, &second).await?;
    ensure!(on.verdict(0)?.is_empty(), "the first version alone stands");

    let marker = on.s3.delete_object().bucket("audit").key(format!("org/{key}")).send().await?.version_id.context("a marker")?;
    let found = versions(&moto, &key).await?;
    ensure!(found.len() == 2 && found.iter().all(|version| version.is_delete_marker == version.is_latest), "{found:?}");
    on.tells("segment_deleted", &key, &["delete marker", &first, "still there"])?;
    on.remove(&key, &marker).await?;
    ensure!(on.verdict(0)?.is_empty(), "without its marker it stands again");

    // Other bytes of the same length, and the version that landed taken away: only the checksum tells.
    let mut other = bytes.clone();
    *other.last_mut().context("a byte")? ^= 1;
    let replaced = on.write(&key, other).await?;
    on.tells("segment_replaced", &key, &["the checksum crc32:", "when it landed", &first])?;
    on.remove(&key, &first).await?;
    on.tells("segment_replaced", &key, &["the checksum crc32:", "when it landed"])?;

    let cut = on.write(&key, bytes.iter().take(bytes.len() / 2).copied().collect()).await?;
    on.remove(&key, &replaced).await?;
    on.tells("segment_cut", &key, &[&format!("{} bytes", bytes.len() / 2), &bytes.len().to_string()])?;
    on.remove(&key, &cut).await?;
    on.tells("segment_missing", &key, &["not there"])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_tells_segments_that_were_replaced_in_a_bucket_without_versions() -> Result<()> {
    let Some(moto) = Moto::start("segments without versions")? else { return Ok(()) };
    let directory = tempfile::tempdir()?;
    OnS3::ingested(&moto, false, directory.path()).await?;
    let on = OnS3 { moto: &moto, s3: moto.client(), directory: directory.path() };
    ensure!(on.verdict(0)?.is_empty());
    let (key, bytes) = on.segment().await?;
    let found = versions(&moto, &key).await?;
    ensure!(found.len() == 1 && found[0].version.is_none() && found[0].size_bytes == bytes.len() as u64, "{found:?}");
    on.write(&key, [&bytes[..], b"more"].concat()).await?;
    on.tells("segment_replaced", &key, &["the checksum crc32:", "when it landed"])?;
    on.write(&key, bytes).await?;
    ensure!(on.verdict(0)?.is_empty(), "the same bytes are the same segment");
    on.s3.delete_object().bucket("audit").key(format!("org/{key}")).send().await?;
    on.tells("segment_missing", &key, &["not there"])?;
    Ok(())
}
