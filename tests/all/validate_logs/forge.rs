//! A CloudTrail of our own, with log files: it signs chains with keys made for the test, and changes what it is told to change.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context, Result};
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaEncoding},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use trailkeep_digests::{Origin, PublicKey};
use trailkeep_keys::Stamp;
use trailkeep_records::{hash::sha256, time::to_rfc3339};
use trailkeep_tests::gzip;

pub(super) const HOUR: i64 = 3_600_000;
/// 2026-01-15T00:00:00Z, where every chain begins.
pub(super) const T0: i64 = 1_768_435_200_000;
pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const REGION: &str = "us-east-1";
pub(super) const ORGANIZATION: &str = "o-exampleorg1";

pub(super) fn iso(unix_ms: i64) -> String {
    to_rfc3339(unix_ms).unwrap_or_default().replace(".000Z", "Z")
}

/// A key pair and when CloudTrail says that it signs with it.
#[derive(Debug)]
pub(super) struct SigningKey {
    pair: KeyPair,
    validity_ms: (i64, i64),
}

impl SigningKey {
    pub(super) fn new(validity_ms: (i64, i64)) -> Result<Arc<Self>> {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok().context("no key could be made")?;
        Ok(Arc::new(Self { pair, validity_ms }))
    }

    fn value(&self) -> String {
        STANDARD.encode(self.pair.public_key().as_ref())
    }

    fn fingerprint(&self) -> Result<String> {
        let origin = Origin { source: "a test".to_owned(), at_ms: T0 };
        let key = PublicKey::new(REGION.parse()?, &self.value(), None, self.validity_ms, origin);
        Ok(key.ok().context("a sound key")?.fingerprint().to_string())
    }

    /// As ListPublicKeys gives it.
    pub(super) fn listed(&self) -> Result<Value> {
        let (from, to) = self.validity_ms;
        Ok(json!({
            "Value": self.value(), "Fingerprint": self.fingerprint()?, "Region": REGION,
            "ValidityStartTime": iso(from), "ValidityEndTime": iso(to),
        }))
    }

    fn sign(&self, text: &str, algorithm: &'static dyn RsaEncoding) -> Result<String> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(algorithm, &SystemRandom::new(), text.as_bytes(), &mut signature).ok().context("a sound key signs")?;
        Ok(hex::encode(signature))
    }
}

/// An object as it lies in the bucket.
#[derive(Debug, Clone, Default)]
pub(super) struct Object {
    pub(super) bytes: Vec<u8>,
    pub(super) metadata: BTreeMap<String, String>,
}

/// A trail that delivers into a bucket.
#[derive(Debug, Clone)]
pub(super) struct Trail {
    pub(super) bucket: String,
    /// Up to and with the account.
    pub(super) folder: String,
    pub(super) name: String,
    pub(super) key: Arc<SigningKey>,
    sha512: bool,
    /// Log files an hour.
    pub(super) files: usize,
    previous: Option<[String; 4]>,
    pub(super) digests: Vec<String>,
    pub(super) logs: Vec<String>,
    pub(super) objects: BTreeMap<String, Object>,
}

impl Trail {
    pub(super) fn new(bucket: &str, key: &Arc<SigningKey>) -> Self {
        Self {
            bucket: bucket.to_owned(),
            folder: format!("AWSLogs/{ACCOUNT}"),
            name: "main".to_owned(),
            key: Arc::clone(key),
            sha512: false,
            files: 1,
            previous: None,
            digests: Vec::new(),
            logs: Vec::new(),
            objects: BTreeMap::new(),
        }
    }

    pub(super) fn sign_with_sha512(&mut self) {
        self.sha512 = true;
    }

    /// The next Digest will name none before it.
    pub(super) fn begin_anew(&mut self) {
        self.previous = None;
    }

    pub(super) fn hours(&mut self, hours: std::ops::Range<i64>) -> Result<()> {
        hours.into_iter().try_for_each(|hour| self.period(T0 + hour * HOUR, T0 + (hour + 1) * HOUR, |_| {}))
    }

    /// Log files of a period and their Digest, whose content is changed before it is signed.
    pub(super) fn period(&mut self, start_ms: i64, end_ms: i64, change: impl FnOnce(&mut Map<String, Value>)) -> Result<()> {
        let listed: Vec<Value> = (0..self.files).map(|number| self.log(end_ms, number)).collect();
        let key = self.digest_key(end_ms, "");
        let mut content = self.content(&key, (start_ms, end_ms), listed, self.previous.as_ref())?;
        change(&mut content);
        let (object, previous) = self.signed(&key, &content)?;
        self.previous = Some(previous);
        self.digests.push(key.clone());
        self.objects.insert(key, object);
        Ok(())
    }

    /// A Digest like that of an hour, of which nothing in the chain knows, in the folder of the next day. It lists a file that is forged.
    pub(super) fn second_of(&mut self, hour: i64) -> Result<()> {
        let (start_ms, end_ms) = (T0 + hour * HOUR, T0 + (hour + 1) * HOUR);
        let forged = self.log(end_ms, 7);
        let key = self.digest_key(end_ms, "").replace("/2026/01/15/", "/2026/01/16/");
        let content = self.content(&key, (start_ms, end_ms), vec![forged], None)?;
        let (object, _) = self.signed(&key, &content)?;
        self.objects.insert(key, object);
        Ok(())
    }

    /// A Digest of a file that the first one of this hour missed.
    pub(super) fn backfill(&mut self, hour: i64, made_ms: i64) -> Result<()> {
        let (start_ms, end_ms) = (T0 + hour * HOUR, T0 + (hour + 1) * HOUR);
        let missed = self.log(end_ms, 9);
        let key = self.digest_key(end_ms, "_backfill");
        let content = self.content(&key, (start_ms, end_ms), vec![missed], None)?;
        let (mut object, _) = self.signed(&key, &content)?;
        object.metadata.insert("backfill-generation-timestamp".to_owned(), iso(made_ms).replace('Z', ".000Z"));
        self.objects.insert(key, object);
        Ok(())
    }

    /// A log file that no Digest lists.
    pub(super) fn unlisted(&mut self, hour: i64) {
        self.log(T0 + (hour + 1) * HOUR, 8);
    }

    /// Delivers a log file; gives its entry.
    fn log(&mut self, end_ms: i64, number: usize) -> Value {
        let at_ms = end_ms - HOUR / 2;
        let stamp = Stamp::from_unix_ms(at_ms, false).map(|stamp| stamp.to_string()).unwrap_or_default();
        let trail = &self.name;
        let record = json!({
            "eventVersion": "1.11", "userIdentity": { "type": "AWSService", "invokedBy": "example.amazonaws.com" }, "eventTime": iso(at_ms),
            "eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances", "awsRegion": REGION, "sourceIPAddress": "192.0.2.10",
            "userAgent": format!("example of {trail}"), "requestParameters": null, "responseElements": null,
            "requestID": format!("{end_ms}-{number}"), "eventID": format!("{:08x}-0000-4000-8000-{end_ms:012x}", number), "readOnly": true,
            "eventType": "AwsApiCall", "managementEvent": true, "recipientAccountId": ACCOUNT, "eventCategory": "Management",
        });
        let inflated = json!({ "Records": [record] }).to_string().into_bytes();
        let unique = format!("{:0<8}{number:08}", trail.replace(['_', '-'], "").chars().take(8).collect::<String>());
        let key = format!("{}/CloudTrail/{REGION}/2026/01/15/{ACCOUNT}_CloudTrail_{REGION}_{stamp}_{unique}.json.gz", self.folder);
        let entry = json!({
            "s3Bucket": self.bucket, "s3Object": key, "hashValue": hex::encode(sha256(&inflated)), "hashAlgorithm": "SHA-256",
            "newestEventTime": iso(at_ms), "oldestEventTime": iso(at_ms),
        });
        self.objects.insert(key.clone(), Object { bytes: gzip::member(&inflated), ..Object::default() });
        self.logs.push(key);
        entry
    }

    fn digest_key(&self, end_ms: i64, backfill: &str) -> String {
        let stamp = Stamp::from_unix_ms(end_ms, true).map(|stamp| stamp.to_string()).unwrap_or_default();
        let name = format!("{ACCOUNT}_CloudTrail-Digest_{REGION}_{}_us-east-1_{stamp}{backfill}.json.gz", self.name);
        format!("{}/CloudTrail-Digest/{REGION}/2026/01/15/{name}", self.folder)
    }

    fn content(
        &self,
        key: &str,
        (start_ms, end_ms): (i64, i64),
        listed: Vec<Value>,
        previous: Option<&[String; 4]>,
    ) -> Result<Map<String, Value>> {
        let time = if listed.is_empty() { Value::Null } else { Value::String(iso(end_ms - HOUR / 2)) };
        let [bucket, object, hash, signature] = previous.map_or([const { Value::Null }; 4], |texts| texts.clone().map(Value::String));
        let value = json!({
            "awsAccountId": ACCOUNT, "digestStartTime": iso(start_ms), "digestEndTime": iso(end_ms),
            "digestS3Bucket": self.bucket, "digestS3Object": key,
            "digestPublicKeyFingerprint": self.key.fingerprint()?, "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": time, "oldestEventTime": time,
            "previousDigestS3Bucket": bucket, "previousDigestS3Object": object, "previousDigestHashValue": hash,
            "previousDigestHashAlgorithm": previous.map(|_| "SHA-256"), "previousDigestSignature": signature,
            "logFiles": listed,
        });
        value.as_object().cloned().context("an object")
    }

    /// The object, and what the next Digest says of it.
    fn signed(&self, key: &str, content: &Map<String, Value>) -> Result<(Object, [String; 4])> {
        let json = serde_json::to_vec(content)?;
        let hash = hex::encode(sha256(&json));
        let text = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or("null");
        let place = format!("{}/{}", text("digestS3Bucket"), text("digestS3Object"));
        let signed = format!("{}\n{place}\n{hash}\n{}", text("digestEndTime"), text("previousDigestSignature"));
        let algorithm: &'static dyn RsaEncoding = if self.sha512 { &RSA_PKCS1_SHA512 } else { &RSA_PKCS1_SHA256 };
        let signature = self.key.sign(&signed, algorithm)?;
        let metadata =
            BTreeMap::from([("signature".to_owned(), signature.clone()), ("signature-algorithm".to_owned(), "SHA256withRSA".to_owned())]);
        let object = Object { bytes: gzip::member(&json), metadata };
        Ok((object, [self.bucket.clone(), key.to_owned(), hash, signature]))
    }
}
