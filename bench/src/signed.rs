//! An archive that holds nothing but what verification reads: signed chains of Digests, and `sources/` rows of the log files that they list. The log
//! files themselves are holes in sparse segments: a verification by hashes never reads them.

use std::{
    fs::{self, File},
    path::Path,
    sync::Mutex,
    time::Instant,
};

use anyhow::{Context as _, Result};
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use libdeflater::{CompressionLvl, Compressor};
use serde::Serialize;
use serde_json::json;
use trailkeep_archive::{
    BatchId, ClassLabel, Outcome, SourceKind, SourceRow,
    layout::{self, RawKind},
    write_sources,
};
use trailkeep_digests::{Origin, PublicKey};
use trailkeep_keys::{Region, Stamp};
use trailkeep_organization::default_regions;
use trailkeep_records::{hash::sha256, time::to_rfc3339};

const HOUR_MS: i64 = 3_600_000;
/// 2026-01-15T00:00:00Z, where the chains begin.
const BEGIN_MS: i64 = 1_768_435_200_000;
const BUCKET: &str = "org-logs";
const ORGANIZATION: &str = "o-exampleorg1";
/// Sources of a Batch, as a busy organization's.
const BATCH: usize = 10_000;
/// Stored bytes of a log file, as its row says.
const FILE_BYTES: u64 = 20_000;

/// What was made.
#[derive(Debug, Serialize)]
pub(crate) struct Made {
    digests: u64,
    log_files: u64,
    batches: u64,
    seconds: f64,
}

/// How many signatures were checked.
#[derive(Debug, Serialize)]
pub(crate) struct Checks {
    checks: u64,
    seconds: f64,
}

/// One account's share of the work.
struct Maker<'a> {
    archive: &'a Path,
    signer: &'a KeyPair,
    fingerprint: &'a str,
    regions: &'a [Region],
    hours: i64,
    files: u64,
    compressor: Compressor,
    open: Open,
    made: (u64, u64, u64),
}

/// A Batch that is filled.
#[derive(Default)]
struct Open {
    rows: Vec<SourceRow>,
    digests: Vec<u8>,
    raw_bytes: u64,
}

/// Makes the archive below `archive` and `<archive>.keys.json` beside it.
pub(crate) fn make(archive: &Path, accounts: u64, hours: i64, files: u64) -> Result<Made> {
    let begin = Instant::now();
    let signer = KeyPair::generate(KeySize::Rsa2048).ok().context("no key could be made")?;
    let home: Region = "us-east-1".parse()?;
    let regions: Vec<Region> = default_regions(home).into_iter().collect();
    let fingerprint = write_keys(archive, &signer, &regions)?;
    fs::create_dir_all(archive)?;
    let about = json!({ "format": 1, "ledger": { "kind": "memory", "id": "bench" }, "epoch": 1, "created_at": rfc3339(BEGIN_MS), "created_by": "trailkeep-bench" });
    fs::write(archive.join("archive.json"), about.to_string())?;
    let made = Mutex::new((0, 0, 0));
    let threads = std::thread::available_parallelism()?.get() as u64;
    std::thread::scope(|scope| -> Result<()> {
        let work = |thread: u64| {
            let (signer, regions, fingerprint, made) = (&signer, &regions, &fingerprint, &made);
            scope.spawn(move || -> Result<()> {
                let compressor = Compressor::new(CompressionLvl::default());
                let (open, none) = (Open::default(), (0, 0, 0));
                let mut maker = Maker { archive, signer, fingerprint, regions, hours, files, compressor, open, made: none };
                for account in (thread..accounts).step_by(threads as usize) {
                    maker.account(account, thread)?;
                }
                maker.seal(thread)?;
                let mut all = made.lock().ok().context("another thread failed")?;
                *all = (all.0 + maker.made.0, all.1 + maker.made.1, all.2 + maker.made.2);
                Ok(())
            })
        };
        let threads: Vec<_> = (0..threads).map(work).collect();
        threads.into_iter().try_for_each(|thread| thread.join().ok().context("a thread failed")?)
    })?;
    let (digests, log_files, batches) = made.into_inner().ok().context("a thread failed")?;
    Ok(Made { digests, log_files, batches, seconds: begin.elapsed().as_secs_f64() })
}

/// Checks one signature again and again, on one core.
pub(crate) fn checks(seconds: f64) -> Result<Checks> {
    let signer = KeyPair::generate(KeySize::Rsa2048).ok().context("no key could be made")?;
    let key = public(&signer, "us-east-1".parse()?)?;
    let text = format!("2026-01-15T01:00:00Z\n{BUCKET}/{}\n{}\n{}", "k".repeat(120), "0".repeat(64), "0".repeat(512));
    let signature = hex::encode(sign(&signer, text.as_bytes())?).parse().ok().context("a signature is hex")?;
    let (begin, mut done) = (Instant::now(), 0);
    while begin.elapsed().as_secs_f64() < seconds {
        for _ in 0..1_000 {
            anyhow::ensure!(key.verifies(text.as_bytes(), &signature), "a sound signature was refused");
        }
        done += 1_000;
    }
    Ok(Checks { checks: done, seconds: begin.elapsed().as_secs_f64() })
}

impl Maker<'_> {
    fn account(&mut self, number: u64, thread: u64) -> Result<()> {
        let account = format!("{:012}", 100_000_000_000 + number);
        for region in self.regions {
            let mut previous = None;
            for hour in 0..self.hours {
                let end_ms = BEGIN_MS + (hour + 1) * HOUR_MS;
                let listed = self.log_files(&account, *region, end_ms)?;
                previous = Some(self.digest(&account, *region, end_ms, &listed, previous.as_ref())?);
                if self.open.rows.len() >= BATCH {
                    self.seal(thread)?;
                }
            }
        }
        Ok(())
    }

    /// Lands the log files of an hour, and gives their names and hashes.
    fn log_files(&mut self, account: &str, region: Region, end_ms: i64) -> Result<Vec<(String, String)>> {
        let mut listed = Vec::new();
        for number in 0..self.files {
            let at_ms = end_ms - HOUR_MS + number as i64 * HOUR_MS / self.files.max(1) as i64 / 60_000 * 60_000;
            let stamp = Stamp::from_unix_ms(at_ms, false).context("a time of this age")?;
            let folder = folder(account, "CloudTrail", region, at_ms)?;
            let hash = hex::encode(sha256(format!("{account} {region} {end_ms} {number}").as_bytes()));
            let unique: String = hash.chars().take(16).collect();
            let key = format!("{folder}/{account}_CloudTrail_{region}_{stamp}_{unique}.json.gz");
            let offset = self.open.raw_bytes;
            self.open.raw_bytes += FILE_BYTES;
            self.row(&key, account, region, (at_ms, SourceKind::Log), &hash, (offset, FILE_BYTES));
            self.made.1 += 1;
            listed.push((key, hash));
        }
        Ok(listed)
    }

    /// Signs and lands a Digest, and gives what the next one names.
    fn digest(
        &mut self,
        account: &str,
        region: Region,
        end_ms: i64,
        listed: &[(String, String)],
        previous: Option<&[String; 3]>,
    ) -> Result<[String; 3]> {
        let stamp = Stamp::from_unix_ms(end_ms, true).context("a time of this age")?;
        let folder = folder(account, "CloudTrail-Digest", region, end_ms)?;
        let key = format!("{folder}/{account}_CloudTrail-Digest_{region}_org_us-east-1_{stamp}.json.gz");
        let (start, end) = (iso(end_ms - HOUR_MS), iso(end_ms));
        let files = listed.iter().map(|(key, hash)| {
            json!({ "s3Bucket": BUCKET, "s3Object": key, "hashValue": hash, "hashAlgorithm": "SHA-256", "newestEventTime": start, "oldestEventTime": start })
        });
        let content = json!({
            "awsAccountId": account, "digestStartTime": start, "digestEndTime": end, "digestS3Bucket": BUCKET, "digestS3Object": key,
            "digestPublicKeyFingerprint": self.fingerprint, "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": (!listed.is_empty()).then_some(&start), "oldestEventTime": (!listed.is_empty()).then_some(&start),
            "previousDigestS3Bucket": previous.map(|_| BUCKET), "previousDigestS3Object": previous.map(|[key, ..]| key),
            "previousDigestHashValue": previous.map(|[_, hash, _]| hash), "previousDigestHashAlgorithm": previous.map(|_| "SHA-256"),
            "previousDigestSignature": previous.map(|[.., signature]| signature), "logFiles": files.collect::<Vec<_>>(),
        });
        let bytes = serde_json::to_vec(&content)?;
        let hash = hex::encode(sha256(&bytes));
        let before = previous.map_or("null", |[.., signature]| signature);
        let signature = hex::encode(sign(self.signer, format!("{end}\n{BUCKET}/{key}\n{hash}\n{before}").as_bytes())?);
        let offset = self.open.digests.len();
        self.pack(&bytes)?;
        let range = (offset as u64, (self.open.digests.len() - offset) as u64);
        self.row(&key, account, region, (end_ms, SourceKind::Digest), &hash, range);
        let metadata = [("signature", signature.as_str()), ("signature-algorithm", "SHA256withRSA")];
        if let Some(row) = self.open.rows.last_mut() {
            row.metadata = metadata.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        }
        self.made.0 += 1;
        Ok([key, hash, signature])
    }

    fn pack(&mut self, bytes: &[u8]) -> Result<()> {
        let digests = &mut self.open.digests;
        let offset = digests.len();
        digests.resize(offset + self.compressor.gzip_compress_bound(bytes.len()), 0);
        let room = digests.get_mut(offset..).context("room was made")?;
        let written = self.compressor.gzip_compress(bytes, room).ok().context("the bound is large enough")?;
        digests.truncate(offset + written);
        Ok(())
    }

    /// Takes a row down; the Batch gives it segment, id and time.
    fn row(
        &mut self,
        key: &str,
        account: &str,
        region: Region,
        (at_ms, kind): (i64, SourceKind),
        hash: &str,
        (offset, length): (u64, u64),
    ) {
        self.open.rows.push(SourceRow {
            bucket: BUCKET.to_owned(),
            key: key.to_owned(),
            version: None,
            etag: Some(hash.chars().take(32).collect()),
            revision: 1,
            kind,
            organization: Some(ORGANIZATION.to_owned()),
            account: Some(account.to_owned()),
            region: Some(region.to_string()),
            delivered_at: Some(at_ms),
            modified_at: Some(at_ms + 60_000),
            content_type: Some("application/json".to_owned()),
            content_encoding: Some("gzip".to_owned()),
            metadata: std::collections::BTreeMap::new(),
            stored_bytes: length,
            inflated_bytes: Some(length * 10),
            stored_sha256: hex::encode(sha256(hash.as_bytes())),
            inflated_sha256: Some(hash.to_owned()),
            outcome: if kind == SourceKind::Digest { Outcome::Kept } else { Outcome::Landed },
            reason: None,
            flags: Vec::new(),
            records: 50,
            landed: 50,
            duplicates: 0,
            quarantined: 0,
            first_event_at: Some(at_ms - 300_000),
            last_event_at: Some(at_ms),
            segment: String::new(),
            segment_version: None,
            segment_checksum: None,
            segment_offset: offset,
            segment_length: length,
            batch: BatchId::new(BEGIN_MS, 0),
            landed_at: BEGIN_MS,
        });
    }

    /// Publishes the Batch.
    fn seal(&mut self, thread: u64) -> Result<()> {
        let open = std::mem::take(&mut self.open);
        if open.rows.is_empty() {
            return Ok(());
        }
        self.made.2 += 1;
        let batch = BatchId::new(BEGIN_MS + 23 * HOUR_MS + self.made.2 as i64, thread);
        let raw = layout::raw_key(&ClassLabel::default(), &batch, RawKind::Gz);
        let digests = layout::digests_key(&batch, RawKind::Gz);
        let mut rows = open.rows;
        for row in &mut rows {
            row.segment = if row.kind == SourceKind::Digest { digests.clone() } else { raw.clone() };
            (row.batch, row.landed_at) = (batch, batch.unix_ms());
        }
        self.created(&raw)?.set_len(open.raw_bytes)?;
        fs::write(self.path(&digests)?, &open.digests)?;
        fs::write(self.path(&layout::sources_key(&batch))?, write_sources(&rows)?)?;
        Ok(())
    }

    fn created(&self, key: &str) -> Result<File> {
        Ok(File::create(self.path(key)?)?)
    }

    fn path(&self, key: &str) -> Result<std::path::PathBuf> {
        let path = self.archive.join(key);
        fs::create_dir_all(path.parent().context("a key has a folder")?)?;
        Ok(path)
    }
}

/// Writes the public key as ListPublicKeys would list it in every Region, and gives its fingerprint.
fn write_keys(archive: &Path, signer: &KeyPair, regions: &[Region]) -> Result<String> {
    let fingerprint = public(signer, "us-east-1".parse()?)?.fingerprint().to_string();
    let listed = regions.iter().map(|region| {
        json!({
            "Value": STANDARD.encode(signer.public_key().as_ref()), "Fingerprint": fingerprint, "Region": region.to_string(),
            "ValidityStartTime": iso(BEGIN_MS - 240 * HOUR_MS), "ValidityEndTime": iso(BEGIN_MS + 2_400 * HOUR_MS),
        })
    });
    let keys = json!({ "PublicKeyList": listed.collect::<Vec<_>>() });
    fs::write(archive.with_extension("keys.json"), keys.to_string())?;
    Ok(fingerprint)
}

fn public(signer: &KeyPair, region: Region) -> Result<PublicKey> {
    let origin = Origin { source: "a benchmark".to_owned(), at_ms: BEGIN_MS };
    let value = STANDARD.encode(signer.public_key().as_ref());
    PublicKey::new(region, &value, None, (BEGIN_MS, BEGIN_MS), origin).ok().context("a sound key")
}

fn sign(signer: &KeyPair, text: &[u8]) -> Result<Vec<u8>> {
    let mut signature = vec![0; signer.public_modulus_len()];
    signer.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).ok().context("a sound key signs")?;
    Ok(signature)
}

fn folder(account: &str, class: &str, region: Region, at_ms: i64) -> Result<String> {
    let day = Stamp::from_unix_ms(at_ms, false).context("a time of this age")?;
    Ok(format!("AWSLogs/{ORGANIZATION}/{account}/{class}/{region}/{}/{:02}/{:02}", day.year, day.month, day.day))
}

fn rfc3339(unix_ms: i64) -> String {
    to_rfc3339(unix_ms).unwrap_or_default()
}

fn iso(unix_ms: i64) -> String {
    rfc3339(unix_ms).replace(".000Z", "Z")
}
