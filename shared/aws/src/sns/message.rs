//! One message: its body, and its attributes for subscribers' filter policies.
//! Sources: SNS Developer Guide, "Amazon SNS message attributes" and "Amazon SNS subscription filter policies".

use std::collections::HashMap;

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use aws_sdk_sns::types::MessageAttributeValue;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trailkeep_archive::{BatchId, LandedObject};
use trailkeep_pipeline::ports::queue::TraceContext;

use super::MAX_CALL_BYTES;

/// Version of the body. Fields may be added under the same version; their meaning changes under a new one only.
const VERSION: u32 = 1;
/// How much of the lists is told: all that there is, or less where the message would not fit into a request.
const LISTED: [usize; 3] = [usize::MAX, 100, 0];

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
    pub(super) fn new(place: &Place, batch: &BatchId, object: &LandedObject, trace: &TraceContext) -> Self {
        let key_hash = Sha256::digest(&object.key).into_iter().take(16).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let group = batch.to_string();
        let message = |listed: usize| {
            let accounts = object.accounts.get(..listed).unwrap_or(&object.accounts);
            let regions = object.regions.get(..listed).unwrap_or(&object.regions);
            Self {
                body: body(place, batch, object, accounts, regions),
                group: group.clone(),
                deduplication: format!("{group}-{key_hash}"),
                attributes: attributes(batch, object, accounts, regions, trace),
            }
        };
        let [all, fewer @ ..] = LISTED;
        fewer.into_iter().fold(message(all), |told, listed| if told.size_bytes() > MAX_CALL_BYTES { message(listed) } else { told })
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

fn body(place: &Place, batch: &BatchId, object: &LandedObject, accounts: &[String], regions: &[String]) -> String {
    let body = json!({
        "version": VERSION,
        "batch": batch.to_string(),
        "bucket": place.bucket,
        "key": format!("{}{}", place.prefix, object.key),
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

fn rfc3339(unix_ms: i64) -> Option<String> {
    DateTime::from_millis(unix_ms).fmt(DateTimeFormat::DateTime).ok()
}

/// At most seven, since SQS takes ten. Nothing is empty: SNS refuses that. A list that is not whole is left out, for a filter over it would
/// pass over what it leaves out.
fn attributes(
    batch: &BatchId,
    object: &LandedObject,
    accounts: &[String],
    regions: &[String],
    trace: &TraceContext,
) -> Vec<(&'static str, &'static str, String)> {
    let mut attributes = vec![("category", STRING, object.category.as_str().to_owned()), ("batch", STRING, batch.to_string())];
    if accounts.len() as u64 != object.account_count {
        attributes.push(("accounts_truncated", STRING, "true".to_owned()));
    } else if !accounts.is_empty() {
        attributes.push(("accounts", STRING_ARRAY, array(accounts)));
    }
    if !regions.is_empty() && regions.len() == object.regions.len() {
        attributes.push(("regions", STRING_ARRAY, array(regions)));
    }
    attributes.extend(trace.attributes().map(|(name, value)| (name, STRING, value.to_owned())));
    attributes
}

fn array(texts: &[String]) -> String {
    Value::from(texts).to_string()
}
