//! A CloudTrail of our own: it signs chains with keys that are made for the test, and changes what it is told to change.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaEncoding},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use trailkeep_digests::{
    BucketAliases, ChainId, Finding, Link, Metadata, Origin, PublicKey, PublicKeys, Reader, Report, StoredDigest, Window, walk,
};
use trailkeep_keys::Stamp;
use trailkeep_records::hash::sha256;

pub(crate) const HOUR: i64 = 3_600_000;
/// 2026-01-15T00:00:00Z, where every chain begins.
pub(crate) const T0: i64 = 1_768_435_200_000;
pub(crate) const BUCKET: &str = "example-logs";
pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-west-1";

/// A key pair, made once for each test.
#[derive(Debug)]
pub(crate) struct SigningKey(KeyPair);

impl SigningKey {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(KeyPair::generate(KeySize::Rsa2048).expect("a key of a usual size can be made")))
    }

    /// The one that chains are signed with unless told otherwise.
    pub(crate) fn usual() -> Arc<Self> {
        static KEY: OnceLock<Arc<SigningKey>> = OnceLock::new();
        Arc::clone(KEY.get_or_init(Self::new))
    }

    pub(crate) fn der(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    pub(crate) fn value(&self) -> String {
        STANDARD.encode(self.der())
    }

    /// As CloudTrail would list it.
    pub(crate) fn public(&self, region: &str, validity_ms: (i64, i64)) -> PublicKey {
        let origin = Origin { source: "ListPublicKeys in a test".to_owned(), at_ms: T0 };
        PublicKey::new(region.parse().expect("a region"), &self.value(), None, validity_ms, origin).expect("a sound key")
    }

    pub(crate) fn fingerprint(&self) -> String {
        self.public(REGION, (T0, T0)).fingerprint().to_string()
    }

    pub(crate) fn sign(&self, text: &str, algorithm: &'static dyn RsaEncoding) -> String {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(algorithm, &SystemRandom::new(), text.as_bytes(), &mut signature).expect("a sound key signs");
        hex::encode(signature)
    }
}

/// Keys as kept: the usual one, valid for a month around the chains.
pub(crate) fn usual_keys() -> PublicKeys {
    keys_of(&[(SigningKey::usual(), (T0 - 360 * HOUR, T0 + 360 * HOUR))])
}

pub(crate) fn keys_of(listed: &[(Arc<SigningKey>, (i64, i64))]) -> PublicKeys {
    let mut keys = PublicKeys::new();
    for (key, validity_ms) in listed {
        keys.add(key.public(REGION, *validity_ms));
    }
    keys
}

/// An object as it lies in the bucket.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) json: Vec<u8>,
    pub(crate) stored: Vec<u8>,
    pub(crate) signature: Option<String>,
    pub(crate) algorithm: Option<String>,
    pub(crate) backfill: Option<String>,
}

impl Object {
    pub(crate) fn as_stored(&self) -> StoredDigest<'_> {
        let metadata = Metadata {
            signature: self.signature.as_deref(),
            signature_algorithm: self.algorithm.as_deref(),
            backfill_generation_timestamp: self.backfill.as_deref(),
        };
        StoredDigest { bucket: &self.bucket, key: &self.key, bytes: &self.stored, metadata }
    }

    pub(crate) fn read(&self, keys: &PublicKeys) -> Link {
        Reader::new(keys, &BucketAliases::none()).read(&self.as_stored()).into_link()
    }

    /// The same object with other content.
    pub(crate) fn with_json(mut self, json: Vec<u8>) -> Self {
        self.stored = gzip(&json);
        self.json = json;
        self
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.read(&usual_keys()).reasons().names()
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut out = vec![0; compressor.gzip_compress_bound(bytes.len())];
    let written = compressor.gzip_compress(bytes, &mut out).expect("the bound is large enough");
    out.truncate(written);
    out
}

pub(crate) fn iso(unix_ms: i64) -> String {
    trailkeep_records::time::to_rfc3339(unix_ms).expect("a time of this age").replace(".000Z", "Z")
}

/// A trail that delivers Digests.
#[derive(Debug, Clone)]
pub(crate) struct Trail {
    /// Up to and with the account: `prefix/AWSLogs/[organization/]account`.
    pub(crate) folder: String,
    pub(crate) name: String,
    pub(crate) bucket: String,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) algorithm: &'static dyn RsaEncoding,
    pub(crate) files: usize,
    pub(crate) previous: Option<[String; 4]>,
}

impl Trail {
    pub(crate) fn new() -> Self {
        Self {
            folder: format!("AWSLogs/{ACCOUNT}"),
            name: "main".to_owned(),
            bucket: BUCKET.to_owned(),
            key: SigningKey::usual(),
            algorithm: &RSA_PKCS1_SHA256,
            files: 2,
            previous: None,
        }
    }

    pub(crate) fn with_sha512(mut self) -> Self {
        self.algorithm = &RSA_PKCS1_SHA512;
        self
    }

    pub(crate) fn chain(&self) -> ChainId {
        ChainId {
            organization: self.folder.split('/').find(|part| part.starts_with("o-")).map(|id| id.parse().expect("an organization")),
            account: ACCOUNT.parse().expect("an account"),
            region: REGION.parse().expect("a region"),
            trail: self.name.clone(),
            home_region: "us-east-1".parse().expect("a region"),
        }
    }

    pub(crate) fn digest_key(&self, end_ms: i64, backfill: &str) -> String {
        let stamp = Stamp::from_unix_ms(end_ms, true).expect("a time of this age");
        let day = format!("{}/{:02}/{:02}", stamp.year, stamp.month, stamp.day);
        let name = format!("{ACCOUNT}_CloudTrail-Digest_{REGION}_{}_us-east-1_{stamp}{backfill}.json.gz", self.name);
        format!("{}/CloudTrail-Digest/{REGION}/{day}/{name}", self.folder)
    }

    fn log_file(&self, end_ms: i64, index: usize) -> Value {
        let stamp = Stamp::from_unix_ms(end_ms - HOUR / 2, false).expect("a time of this age");
        json!({
            "s3Bucket": self.bucket,
            "s3Object": format!("{}/CloudTrail/{REGION}/2026/01/15/{ACCOUNT}_CloudTrail_{REGION}_{stamp}_abcdEFGH{index:08}.json.gz", self.folder),
            "hashValue": hex::encode(sha256(format!("{end_ms} {index}").as_bytes())),
            "hashAlgorithm": "SHA-256",
            "newestEventTime": iso(end_ms - HOUR / 2),
            "oldestEventTime": iso(end_ms - HOUR),
        })
    }

    fn content(&self, key: &str, (start_ms, end_ms): (i64, i64), previous: Option<&[String; 4]>) -> Map<String, Value> {
        let files: Vec<Value> = (0..self.files).map(|index| self.log_file(end_ms, index)).collect();
        let times = |time: i64| if files.is_empty() { Value::Null } else { Value::String(iso(time)) };
        let [bucket, object, hash, signature] = previous.map_or([const { Value::Null }; 4], |texts| texts.clone().map(Value::String));
        let value = json!({
            "awsAccountId": ACCOUNT, "digestStartTime": iso(start_ms), "digestEndTime": iso(end_ms),
            "digestS3Bucket": self.bucket, "digestS3Object": key,
            "digestPublicKeyFingerprint": self.key.fingerprint(), "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": times(end_ms - HOUR / 2), "oldestEventTime": times(end_ms - HOUR),
            "previousDigestS3Bucket": bucket, "previousDigestS3Object": object, "previousDigestHashValue": hash,
            "previousDigestHashAlgorithm": previous.map(|_| "SHA-256"), "previousDigestSignature": signature,
            "logFiles": files,
        });
        value.as_object().cloned().unwrap_or_default()
    }

    /// The Digest of an hour that starts `hour` hours after the beginning.
    pub(crate) fn hour(&mut self, hour: i64) -> Object {
        self.period(T0 + hour * HOUR, T0 + (hour + 1) * HOUR)
    }

    pub(crate) fn hours(&mut self, hours: std::ops::Range<i64>) -> Vec<Object> {
        hours.map(|hour| self.hour(hour)).collect()
    }

    pub(crate) fn period(&mut self, start_ms: i64, end_ms: i64) -> Object {
        self.changed(start_ms, end_ms, |_| {})
    }

    /// A Digest whose content is changed before it is signed.
    pub(crate) fn changed(&mut self, start_ms: i64, end_ms: i64, change: impl FnOnce(&mut Map<String, Value>)) -> Object {
        let key = self.digest_key(end_ms, "");
        let mut content = self.content(&key, (start_ms, end_ms), self.previous.as_ref());
        change(&mut content);
        let object = self.signed(key, &content);
        let hash = hex::encode(sha256(&object.json));
        self.previous = Some([self.bucket.clone(), object.key.clone(), hash, object.signature.clone().unwrap_or_default()]);
        object
    }

    /// A Digest of what the first one of this hour missed, made at `made_ms`.
    pub(crate) fn backfill(&self, hour: i64, made_ms: i64, previous: Option<&Object>) -> Object {
        let (start_ms, end_ms) = (T0 + hour * HOUR, T0 + (hour + 1) * HOUR);
        let key = self.digest_key(end_ms, "_backfill");
        let previous = previous.map(|object| {
            [object.bucket.clone(), object.key.clone(), hex::encode(sha256(&object.json)), object.signature.clone().unwrap_or_default()]
        });
        let content = self.content(&key, (start_ms, end_ms), previous.as_ref());
        Object { backfill: Some(iso(made_ms).replace('Z', ".000Z")), ..self.signed(key, &content) }
    }

    pub(crate) fn signed(&self, key: String, content: &Map<String, Value>) -> Object {
        let json = serde_json::to_vec(content).expect("a map is JSON");
        let text = |name: &str| content.get(name).and_then(Value::as_str).unwrap_or("null").to_owned();
        let signed = format!(
            "{}\n{}/{}\n{}\n{}",
            text("digestEndTime"),
            text("digestS3Bucket"),
            text("digestS3Object"),
            hex::encode(sha256(&json)),
            text("previousDigestSignature")
        );
        Object {
            bucket: self.bucket.clone(),
            key,
            stored: gzip(&json),
            json,
            signature: Some(self.key.sign(&signed, self.algorithm)),
            algorithm: Some("SHA256withRSA".to_owned()),
            backfill: None,
        }
    }
}

pub(crate) fn read_all(objects: &[Object], keys: &PublicKeys) -> Vec<Link> {
    let aliases = BucketAliases::none();
    let mut reader = Reader::new(keys, &aliases);
    objects.iter().map(|object| reader.read(&object.as_stored()).into_link()).collect()
}

/// Walks the trail's chain in full with the usual key, given what there is.
pub(crate) fn judge(trail: &Trail, objects: &[Object], until_hour: i64) -> Report {
    let window = Window { until_ms: Some(T0 + until_hour * HOUR), ..Window::default() };
    walk(&trail.chain(), &read_all(objects, &usual_keys()), &window)
}

/// A time as hours after the beginning.
fn clock(unix_ms: i64) -> String {
    let minutes = (unix_ms - T0) / 60_000;
    if minutes % 60 == 0 { format!("{}", minutes / 60) } else { format!("{}:{:02}", minutes / 60, minutes % 60) }
}

fn from(unix_ms: Option<i64>) -> String {
    unix_ms.map_or_else(|| "?".to_owned(), clock)
}

/// A report as lines: what is not verified, findings, breaks, what is proven. Times are hours after the beginning.
pub(crate) fn told(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for (index, outcome) in report.outcomes.iter().enumerate().filter(|(_, outcome)| !outcome.is_verified()) {
        lines.push(format!("[{index}] {}", outcome.reasons));
    }
    for finding in &report.findings {
        let detail = match finding {
            Finding::Missing { from_ms, to_ms, at_least, .. } => format!("{}-{} {at_least}", from(*from_ms), clock(*to_ms)),
            Finding::MissingNewest { from_ms, to_ms, count } => format!("{}-{} {count}", clock(*from_ms), clock(*to_ms)),
            Finding::NoDigests => String::new(),
            Finding::MissingBackfill { named_by, .. } => format!("[{named_by}]"),
            Finding::DuplicatedStamp { stamp_ms, taken, others } => format!("{} {taken:?} {others:?}", clock(*stamp_ms)),
            Finding::SuspiciousStart { digest, doubts } => {
                format!("[{digest}] {}", doubts.iter().map(|doubt| doubt.name()).collect::<Vec<_>>().join(", "))
            }
        };
        lines.push(format!("{} {detail}", finding.name()).trim_end().to_owned());
    }
    lines.extend(report.breaks.iter().map(|a| format!("{} {}-{}", a.kind.name(), from(a.from_ms), clock(a.to_ms))));
    lines.extend(report.proven.iter().map(|period| format!("proven {}-{}", clock(period.from_ms), clock(period.to_ms))));
    lines
}
