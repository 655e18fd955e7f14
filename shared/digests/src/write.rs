//! Digests of our own, in the form of CloudTrail's, for what CloudTrail did not sign.
//!
//! A [`Writer`] has one chain: it is given periods and the log files delivered in them, and makes the JSON, the signed text and the link to the
//! Digest before. Signing, compressing and storing are the caller's. The same arguments give the same bytes, and nothing is given out that
//! this crate's own reader would refuse.
//!
//! They are never CloudTrail's: trails of ours are named [`OWN_TRAILS`]`…`, and who verifies them trusts our key, not Amazon's.

use serde::Serialize;
use trailkeep_keys::{FileName, LogClass, LogKey, Stamp};
use trailkeep_records::{
    hash::sha256,
    time::{day_of, to_rfc3339},
};

use crate::{
    ChainId, Digest, Fingerprint, HashValue, MAX_INFLATED_BYTES, MAX_LOG_FILES, Period, Reasons, SIGNATURE_ALGORITHM, Signature, SignedText,
};

mod periods;

pub use periods::unsigned_hours;

/// How names of trails begin whose Digests were written here, so that nobody takes them for CloudTrail's.
pub const OWN_TRAILS: &str = "trailkeep-";

/// The name of the hash.
const SHA_256: &str = "SHA-256";

/// A log file to be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// SHA-256 of its inflated bytes.
    pub hash: HashValue,
    /// Time of its oldest event, milliseconds since 1970; none where it holds no event with a time.
    pub oldest_event_ms: Option<i64>,
    /// Time of its newest event.
    pub newest_event_ms: Option<i64>,
}

/// A Digest that was written and signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Where it belongs.
    pub key: String,
    /// Its content, to be stored as one gzip member.
    pub json: Vec<u8>,
    /// For the object's metadata, beside [`SIGNATURE_ALGORITHM`].
    pub signature: Signature,
}

/// Why a Digest was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Not a period of whole seconds that ends after it starts, in the years that can be written.
    #[error("a digest cannot be of the period from {from_ms} to {to_ms} ms since 1970")]
    Period {
        /// Its start.
        from_ms: i64,
        /// Its end.
        to_ms: i64,
    },
    /// More than [`MAX_LOG_FILES`].
    #[error("{files} log files in one hour are more than the {MAX_LOG_FILES} that a digest may list")]
    TooManyFiles {
        /// How many.
        files: usize,
    },
    /// More than [`MAX_INFLATED_BYTES`].
    #[error("the digest {key} would have {bytes} bytes, more than the {MAX_INFLATED_BYTES} that are read")]
    TooLarge {
        /// Its key.
        key: String,
        /// Its size.
        bytes: usize,
    },
    /// Our own reader would not take it.
    #[error("the digest {key} would be refused: {reasons}")]
    Refused {
        /// Its key.
        key: String,
        /// Why.
        reasons: Reasons,
    },
    /// The key did not sign, or what it gave is no RSA signature.
    #[error("the digest {key} could not be signed")]
    Unsigned {
        /// Its key.
        key: String,
    },
}

/// Where a chain's Digests stand and who signs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The bucket that they are put into.
    pub bucket: String,
    /// What stands before `AWSLogs` in their keys, without slashes at its ends.
    pub prefix: String,
    /// The bucket that the log files stand in.
    pub logs_bucket: String,
    /// The public key that verifies them.
    pub fingerprint: Fingerprint,
}

/// Writes the Digests of one chain, oldest first.
#[derive(Debug)]
pub struct Writer<'a> {
    chain: ChainId,
    destination: &'a Destination,
    before: Option<Before>,
}

/// The Digest before.
#[derive(Debug)]
struct Before {
    key: String,
    hash: HashValue,
    signature: Signature,
    end_ms: i64,
}

impl<'a> Writer<'a> {
    /// A chain that begins.
    pub fn new(chain: ChainId, destination: &'a Destination) -> Self {
        Self { chain, destination, before: None }
    }

    /// The Digest of a period, signed by `sign` with RSA PKCS#1 v1.5 and SHA-256. A period that does not start where the last one ended begins the chain
    /// anew, as CloudTrail does after a break.
    ///
    /// # Errors
    /// [`WriteError`]; the chain then stays where it was.
    pub fn close(&mut self, period: Period, files: &[Listed], sign: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Result<Written, WriteError> {
        if files.len() > MAX_LOG_FILES {
            return Err(WriteError::TooManyFiles { files: files.len() });
        }
        let wrong = WriteError::Period { from_ms: period.from_ms, to_ms: period.to_ms };
        let Some((key, json)) = self.content(period, files) else { return Err(wrong) };
        if json.len() > MAX_INFLATED_BYTES {
            return Err(WriteError::TooLarge { key, bytes: json.len() });
        }
        let hash: HashValue = crate::Hex(sha256(&json));
        let text = match Digest::parse(&json) {
            Ok(digest) => SignedText::of(&digest, hash),
            Err(reasons) => return Err(WriteError::Refused { key, reasons }),
        };
        let signature = sign(text.as_str().as_bytes()).and_then(|bytes| hex::encode(bytes).parse::<Signature>().ok());
        let Some(signature) = signature else { return Err(WriteError::Unsigned { key }) };
        self.before = Some(Before { key: key.clone(), hash, signature: signature.clone(), end_ms: period.to_ms });
        Ok(Written { key, json, signature })
    }

    /// Key and JSON; none where the period cannot be written down.
    fn content(&self, period: Period, files: &[Listed]) -> Option<(String, Vec<u8>)> {
        let whole = |ms: i64| ms.rem_euclid(1_000) == 0;
        if period.to_ms <= period.from_ms || !whole(period.from_ms) || !whole(period.to_ms) {
            return None;
        }
        let key = self.key(period.to_ms)?;
        let before = self.before.as_ref().filter(|before| before.end_ms == period.from_ms);
        let previous_hash = before.map(|before| before.hash.to_string());
        let previous_signature = before.map(|before| before.signature.to_string());
        let body = Body {
            aws_account_id: self.chain.account.as_str(),
            digest_start_time: iso(period.from_ms)?,
            digest_end_time: iso(period.to_ms)?,
            digest_s3_bucket: &self.destination.bucket,
            digest_s3_object: &key,
            digest_public_key_fingerprint: self.destination.fingerprint.to_string(),
            digest_signature_algorithm: SIGNATURE_ALGORITHM,
            newest_event_time: files.iter().filter_map(|file| file.newest_event_ms).max().and_then(iso),
            oldest_event_time: files.iter().filter_map(|file| file.oldest_event_ms).min().and_then(iso),
            previous_digest_s3_bucket: before.map(|_| self.destination.bucket.as_str()),
            previous_digest_s3_object: before.map(|before| before.key.as_str()),
            previous_digest_hash_value: previous_hash.as_deref(),
            previous_digest_hash_algorithm: before.map(|_| SHA_256),
            previous_digest_signature: previous_signature.as_deref(),
            log_files: files.iter().map(|file| self.file(file)).collect(),
        };
        let json = serde_json::to_vec(&body).ok()?;
        Some((key, json))
    }

    fn file<'f>(&'f self, file: &'f Listed) -> File<'f> {
        File {
            s3_bucket: &self.destination.logs_bucket,
            s3_object: &file.key,
            hash_value: file.hash.to_string(),
            hash_algorithm: SHA_256,
            newest_event_time: file.newest_event_ms.and_then(iso),
            oldest_event_time: file.oldest_event_ms.and_then(iso),
        }
    }

    fn key(&self, end_ms: i64) -> Option<String> {
        let chain = &self.chain;
        let name = FileName::Digest {
            region: chain.region,
            trail: chain.trail.clone(),
            home_region: chain.home_region,
            stamp: Stamp::from_unix_ms(end_ms, true)?,
            backfill: false,
            gzip: true,
        };
        let key = LogKey {
            prefix: self.destination.prefix.clone(),
            organization: chain.organization,
            account: chain.account,
            class: LogClass::Digest,
            region: chain.region,
            delivery_day: day_of(end_ms)?,
            name,
        };
        Some(key.to_key())
    }
}

/// A time to the second, as Digests have it.
fn iso(unix_ms: i64) -> Option<String> {
    let mut text = to_rfc3339(unix_ms.div_euclid(1_000) * 1_000)?;
    let end = text.strip_suffix(".000Z")?.len();
    text.truncate(end);
    text.push('Z');
    Some(text)
}

/// A Digest's members in the order in which CloudTrail writes them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    aws_account_id: &'a str,
    digest_start_time: String,
    digest_end_time: String,
    digest_s3_bucket: &'a str,
    digest_s3_object: &'a str,
    digest_public_key_fingerprint: String,
    digest_signature_algorithm: &'static str,
    newest_event_time: Option<String>,
    oldest_event_time: Option<String>,
    previous_digest_s3_bucket: Option<&'a str>,
    previous_digest_s3_object: Option<&'a str>,
    previous_digest_hash_value: Option<&'a str>,
    previous_digest_hash_algorithm: Option<&'static str>,
    previous_digest_signature: Option<&'a str>,
    log_files: Vec<File<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    s3_bucket: &'a str,
    s3_object: &'a str,
    hash_value: String,
    hash_algorithm: &'static str,
    newest_event_time: Option<String>,
    oldest_event_time: Option<String>,
}

#[cfg(test)]
mod tests;
