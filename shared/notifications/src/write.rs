//! Writes notifications, for backfills and for tests.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use trailkeep_records::time::to_rfc3339;

use crate::ObjectNotice;

/// What S3 leaves bare in keys; a space becomes `+`. Source: S3 User Guide, "Event message structure": keys are URL-encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b' ');

/// The body of an S3 event notification, version 2.1, that says that these objects were written. [`crate::parse`] gives them back as they are.
/// About 400 bytes and the key for each object: a hundred of the longest keys, all of it encoded, stay below half of [`crate::MAX_BODY_BYTES`].
pub fn s3_event(objects: &[ObjectNotice]) -> String {
    let records: Vec<Value> = objects.iter().map(record).collect();
    json!({ "Records": records }).to_string()
}

fn record(notice: &ObjectNotice) -> Value {
    let mut object = Map::new();
    object.insert("key".to_owned(), form_encoded(&notice.key).into());
    if let Some(size_bytes) = notice.size_bytes {
        object.insert("size".to_owned(), size_bytes.into());
    }
    for (name, value) in [("eTag", &notice.etag), ("versionId", &notice.version), ("sequencer", &notice.sequencer)] {
        if let Some(value) = value {
            object.insert(name.to_owned(), value.as_str().into());
        }
    }
    let mut record = json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "trailkeep",
            "bucket": { "name": notice.bucket },
            "object": object,
        },
    });
    if let Some(time) = notice.event_time_ms.and_then(to_rfc3339) {
        record["eventTime"] = time.into();
    }
    record
}

fn form_encoded(key: &str) -> String {
    utf8_percent_encode(key, ENCODED).to_string().replace(' ', "+")
}

/// The body of a notification as CloudTrail sends it to a trail's topic.
pub fn cloudtrail_message<K: AsRef<str>>(bucket: &str, keys: &[K]) -> String {
    let keys: Vec<&str> = keys.iter().map(AsRef::as_ref).collect();
    json!({ "s3Bucket": bucket, "s3ObjectKey": keys }).to_string()
}
