//! One message: its body, and its attributes for subscribers' filter policies.
//! Sources: SNS Developer Guide, "Amazon SNS message attributes" and "Amazon SNS subscription filter policies".

use std::collections::HashMap;

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sdk_sns::types::MessageAttributeValue;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trailkeep_archive::{BatchId, LandedDigests, LandedObject};
use trailkeep_pipeline::ports::queue::TraceContext;

use super::MAX_CALL_BYTES;

/// Version of the body. Fields may be added under the same version; their meaning changes under a new one only.
const VERSION: u32 = 1;
/// How much of the lists is told: all that there is, or less where the message would not fit into a request.
const LISTED: [usize; 3] = [usize::MAX, 100, 0];

/// What messages of Digests are of.
const DIGEST: &str = "digest";

const STRING: &str = "String";
const STRING_ARRAY: &str = "String.Array";

/// Where the archive is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    bucket: String,
    /// Empty, or ends with `/`.
    prefix: String,
}

impl Place {
    pub(super) fn new(bucket: &str, prefix: &str) -> Self {
        let bare = prefix.trim_end_matches('/');
        let prefix = if bare.is_empty() { String::new() } else { format!("{bare}/") };
        Self { bucket: bucket.to_owned(), prefix }
    }

    /// A key from the bucket's root.
    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The archive's address.
    fn archive(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix).trim_end_matches('/').to_owned()
    }
}

/// A message as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) body: String,
    /// On FIFO topics: the Batch, so that Batches can be read side by side.
    pub(super) group: String,
    /// On FIFO topics: Batch and key. Within five minutes SNS drops what was announced already.
    pub(super) deduplication: String,
    /// Name, type and value.
    attributes: Vec<(&'static str, &'static str, String)>,
}

impl Message {
    /// Of an object below `events/`.
    pub(super) fn new(place: &Place, batch: &BatchId, object: &LandedObject, trace: &TraceContext) -> Self {
        let of = Of {
            what: ("category", object.category.as_str()),
            key: &object.key,
            accounts: &object.accounts,
            account_count: object.account_count,
            regions: &object.regions,
        };
        of.message(batch, trace, |accounts, regions| body(place, batch, object, accounts, regions))
    }

    /// Of a Batch's Digests. It has no category, so that who filters by one is not told.
    pub(super) fn of_digests(place: &Place, batch: &BatchId, digests: &LandedDigests, trace: &TraceContext) -> Self {
        let of = Of {
            what: ("kind", DIGEST),
            key: digests.keys.first().map_or("", String::as_str),
            accounts: &digests.accounts,
            account_count: digests.account_count,
            regions: &digests.regions,
        };
        of.message(batch, trace, |accounts, regions| digests_body(place, batch, digests, accounts, regions))
    }

    /// What SNS counts: the body, and names, types and values of attributes.
    pub(super) fn size_bytes(&self) -> usize {
        self.body.len() + self.attributes.iter().map(|(name, kind, value)| name.len() + kind.len() + value.len()).sum::<usize>()
    }

    pub(super) fn attributes(&self) -> HashMap<String, MessageAttributeValue> {
        let value = |kind: &str, text: &str| MessageAttributeValue::builder().data_type(kind).string_value(text).build();
        let attributes = self.attributes.iter();
        attributes.map(|(name, kind, text)| ((*name).to_owned(), value(kind, text).expect("an attribute with its type is whole"))).collect()
    }
}

/// What messages of any kind have.
#[derive(Debug, Clone, Copy)]
struct Of<'a> {
    /// The attribute that says what it tells of.
    what: (&'static str, &'static str),
    /// Below the archive's root. Batch and key tell repetitions.
    key: &'a str,
    accounts: &'a [String],
    account_count: u64,
    regions: &'a [String],
}

impl Of<'_> {
    /// The message with as much of the lists as fits; `body` renders what it is given of accounts and Regions.
    fn message(self, batch: &BatchId, trace: &TraceContext, body: impl Fn(&[String], &[String]) -> String) -> Message {
        let key_hash = Sha256::digest(self.key).into_iter().take(16).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let group = batch.to_string();
        let message = |listed: usize| {
            let accounts = self.accounts.get(..listed).unwrap_or(self.accounts);
            let regions = self.regions.get(..listed).unwrap_or(self.regions);
            Message {
                body: body(accounts, regions),
                group: group.clone(),
                deduplication: format!("{group}-{key_hash}"),
                attributes: self.attributes(batch, accounts, regions, trace),
            }
        };
        let [all, fewer @ ..] = LISTED;
        fewer.into_iter().fold(message(all), |told, listed| if told.size_bytes() > MAX_CALL_BYTES { message(listed) } else { told })
    }

    /// At most seven, since SQS takes ten. Nothing is empty: SNS refuses that. A list that is not whole is left out, for a filter over it would
    /// pass over what it leaves out.
    fn attributes(
        &self,
        batch: &BatchId,
        accounts: &[String],
        regions: &[String],
        trace: &TraceContext,
    ) -> Vec<(&'static str, &'static str, String)> {
        let (name, value) = self.what;
        let mut attributes = vec![(name, STRING, value.to_owned()), ("batch", STRING, batch.to_string())];
        if accounts.len() as u64 != self.account_count {
            attributes.push(("accounts_truncated", STRING, "true".to_owned()));
        } else if !accounts.is_empty() {
            attributes.push(("accounts", STRING_ARRAY, array(accounts)));
        }
        if !regions.is_empty() && regions.len() == self.regions.len() {
            attributes.push(("regions", STRING_ARRAY, array(regions)));
        }
        attributes.extend(trace.attributes().map(|(name, value)| (name, STRING, value.to_owned())));
        attributes
    }
}

fn body(place: &Place, batch: &BatchId, object: &LandedObject, accounts: &[String], regions: &[String]) -> String {
    let body = json!({
        "version": VERSION,
        "batch": batch.to_string(),
        "bucket": place.bucket,
        "key": place.key(&object.key),
        "category": object.category.as_str(),
        "event_day": object.event_day,
        "accounts": accounts,
        "account_count": object.account_count,
        "regions": regions,
        "first_event_time": object.first_event_ms.and_then(rfc3339),
        "last_event_time": object.last_event_ms.and_then(rfc3339),
        "records": object.records,
        "bytes": object.bytes,
    });
    body.to_string()
}

fn digests_body(place: &Place, batch: &BatchId, digests: &LandedDigests, accounts: &[String], regions: &[String]) -> String {
    let keys: Vec<String> = digests.keys.iter().map(|key| place.key(key)).collect();
    let body = json!({
        "version": VERSION,
        "kind": DIGEST,
        "batch": batch.to_string(),
        "archive": place.archive(),
        "bucket": place.bucket,
        "key": keys.first(),
        "keys": keys,
        "accounts": accounts,
        "account_count": digests.account_count,
        "regions": regions,
        "digests": digests.digests,
        "first_period_end": digests.first_period_end_ms.and_then(rfc3339),
        "last_period_end": digests.last_period_end_ms.and_then(rfc3339),
        "bytes": digests.bytes,
    });
    body.to_string()
}

fn rfc3339(unix_ms: i64) -> Option<String> {
    DateTime::from_millis(unix_ms).fmt(DateTimeFormat::DateTime).ok()
}

fn array(texts: &[String]) -> String {
    Value::from(texts).to_string()
}
