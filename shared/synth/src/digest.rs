//! Digests: what was delivered in an hour, signed, and chained to the one before.
//!
//! Source: CloudTrail User Guide, "CloudTrail digest file structure". Hashes are of uncompressed bytes. Only objects of
//! the `CloudTrail` class are listed: whether AWS lists the others is not documented. A backfill Digest lists what the first one of its hour
//! missed; it stands in no chain.

use sha2::{Digest as _, Sha256};
use trailkeep_keys::{AccountId, FileName, LogClass, LogKey, OrganizationId, Region};

use crate::{
    SynthError,
    config::{REGIONS, TRAIL},
    signing::Signer,
    time,
};

/// A log object as a Digest lists it.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) key: String,
    /// SHA-256 of the uncompressed bytes, lower-case hexadecimal.
    pub(crate) hash: String,
    pub(crate) oldest_ms: i64,
    pub(crate) newest_ms: i64,
}

/// What the next Digest says about the one before.
#[derive(Debug)]
struct Previous {
    key: String,
    hash: String,
    signature: String,
}

/// A Digest to be stored.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) key: String,
    pub(crate) json: Vec<u8>,
    /// What S3 would keep as the object's metadata.
    pub(crate) metadata: String,
}

/// The Digests of one account, Region and trail.
#[derive(Debug)]
pub(crate) struct Chain<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) organization: OrganizationId,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    pub(crate) home_region: Region,
    pub(crate) signer: &'a Signer,
    previous: Option<Previous>,
}

impl<'a> Chain<'a> {
    pub(crate) fn new(bucket: &'a str, ids: (OrganizationId, AccountId, Region), home_region: Region, signer: &'a Signer) -> Self {
        let (organization, account, region) = ids;
        Self { bucket, organization, account, region, home_region, signer, previous: None }
    }

    /// The Digest of the time from `start_ms` to `end_ms`.
    pub(crate) fn close(&mut self, start_ms: i64, end_ms: i64, listed: &[Listed]) -> Result<Signed, SynthError> {
        let key = self.key(end_ms, false);
        let json = self.json(&key, (start_ms, end_ms), listed, self.previous.as_ref());
        let hash = hex::encode(Sha256::digest(&json));
        let before = self.previous.as_ref().map_or("null", |previous| &previous.signature);
        let signature = self.sign(end_ms, &key, &hash, before)?;
        let metadata = format!("{{\"signature\":\"{signature}\",\"signature-algorithm\":\"SHA256withRSA\"}}\n");
        self.previous = Some(Previous { key: key.clone(), hash, signature });
        Ok(Signed { key, json, metadata })
    }

    /// The Digest of what the one from `start_ms` to `end_ms` missed, made at `made_ms`.
    pub(crate) fn backfill(&self, (start_ms, end_ms): (i64, i64), made_ms: i64, missed: &[Listed]) -> Result<Signed, SynthError> {
        let key = self.key(end_ms, true);
        let json = self.json(&key, (start_ms, end_ms), missed, None);
        let signature = self.sign(end_ms, &key, &hex::encode(Sha256::digest(&json)), "null")?;
        let made = time::iso(made_ms).replace('Z', ".000Z");
        let metadata = format!(
            "{{\"backfill-generation-timestamp\":\"{made}\",\"signature\":\"{signature}\",\"signature-algorithm\":\"SHA256withRSA\"}}\n"
        );
        Ok(Signed { key, json, metadata })
    }

    fn sign(&self, end_ms: i64, key: &str, hash: &str, before: &str) -> Result<String, SynthError> {
        self.signer.sign(&format!("{}\n{}/{key}\n{hash}\n{before}", time::iso(end_ms), self.bucket))
    }

    fn key(&self, end_ms: i64, backfill: bool) -> String {
        let name = FileName::Digest {
            region: self.region,
            trail: TRAIL.to_owned(),
            home_region: self.home_region,
            stamp: time::stamp(end_ms),
            backfill,
            gzip: true,
        };
        let (organization, account, region) = (Some(self.organization), self.account, self.region);
        let delivery_day = time::day(end_ms);
        LogKey { prefix: String::new(), organization, account, class: LogClass::Digest, region, delivery_day, name }.to_key()
    }

    fn json(&self, key: &str, (start_ms, end_ms): (i64, i64), listed: &[Listed], previous: Option<&Previous>) -> Vec<u8> {
        let mut text = String::with_capacity(1_200 + listed.len() * 420);
        let newest = listed.iter().map(|log| log.newest_ms).max();
        let oldest = listed.iter().map(|log| log.oldest_ms).min();
        let mut put = |name: &str, value: Option<&str>| {
            text.push_str(if text.is_empty() { "{\"" } else { ",\"" });
            text.push_str(name);
            match value {
                Some(value) => text.extend(["\":\"", value, "\""]),
                None => text.push_str("\":null"),
            }
        };
        put("awsAccountId", Some(self.account.as_str()));
        put("digestStartTime", Some(&time::iso(start_ms)));
        put("digestEndTime", Some(&time::iso(end_ms)));
        put("digestS3Bucket", Some(self.bucket));
        put("digestS3Object", Some(key));
        put("digestPublicKeyFingerprint", Some(&self.signer.fingerprint));
        put("digestSignatureAlgorithm", Some("SHA256withRSA"));
        put("newestEventTime", newest.map(time::iso).as_deref());
        put("oldestEventTime", oldest.map(time::iso).as_deref());
        put("previousDigestS3Bucket", previous.map(|_| self.bucket));
        put("previousDigestS3Object", previous.map(|previous| previous.key.as_str()));
        put("previousDigestHashValue", previous.map(|previous| previous.hash.as_str()));
        put("previousDigestHashAlgorithm", previous.map(|_| "SHA-256"));
        put("previousDigestSignature", previous.map(|previous| previous.signature.as_str()));
        text.push_str(",\"logFiles\":[");
        for (index, log) in listed.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let (newest, oldest) = (time::iso(log.newest_ms), time::iso(log.oldest_ms));
            text.extend([comma, "{\"s3Bucket\":\"", self.bucket, "\",\"s3Object\":\"", &log.key, "\",\"hashValue\":\"", &log.hash]);
            text.extend(["\",\"hashAlgorithm\":\"SHA-256\",\"newestEventTime\":\"", &newest, "\",\"oldestEventTime\":\"", &oldest, "\"}"]);
        }
        text.push_str("]}");
        text.into_bytes()
    }
}

/// Where the trail was made.
pub(crate) const HOME_REGION: &str = REGIONS[0];
