//! Tests of the whole parser: real shapes with invented ids, hostile bodies, and properties.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod hostile;
mod properties;
mod shapes;

use serde_json::{Value, json};

use crate::{Entry, EntryFault, Form, Message, MessageFault, ObjectNotice, parse};

const BUCKET: &str = "example-org-trail";
const KEY: &str = "AWSLogs/o-exampleorgid/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T0905Z_AbCdEfGhIjKlMnOp.json.gz";

/// An entry as S3 writes it.
fn record(key: &str) -> Value {
    json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-01-15T09:06:01.123Z",
        "eventName": "ObjectCreated:Put",
        "userIdentity": { "principalId": "AWS:AROAEXAMPLEID:regionalDeliverySession" },
        "requestParameters": { "sourceIPAddress": "192.0.2.10" },
        "responseElements": { "x-amz-request-id": "C3D13FE58DE4C810", "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQpcIZ9KG4V5Wp6S7S/JRWeUWerMUE5JgHvANOjpD" },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "to-the-collector",
            "bucket": { "name": BUCKET, "ownerIdentity": { "principalId": "A3NL1KOZZKExample" }, "arn": format!("arn:aws:s3:::{BUCKET}") },
            "object": { "key": key, "size": 2_481, "eTag": "b57f9512698f4b09e608f4f2a65852e5", "sequencer": "0055AED6DCD90281E5" },
        },
    })
}

fn event(records: &[Value]) -> Value {
    json!({ "Records": records })
}

/// In an envelope as SNS writes it.
fn in_envelope(message: &str) -> String {
    json!({
        "Type": "Notification",
        "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
        "TopicArn": "arn:aws:sns:us-east-1:111122223333:trail-objects",
        "Subject": "Amazon S3 Notification",
        "Message": message,
        "Timestamp": "2026-01-15T09:06:02.000Z",
        "SignatureVersion": "1",
        "Signature": "EXAMPLEpH+DcEwjAPg8O9mY8dReBSwksfg2S7WKQcikcNKWLQjwu6A4VbeS0QHVCkhRS7fUQvi2egU3N858fiTDN6bkkOxYDVrY0Ad8L10Hs3zH81mtnPk5uvvolIC1CXGu43obcgFxeL3khZl8IKvO61GWB6jI9b5+gLPoBc1Q=",
        "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0.pem",
        "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
    })
    .to_string()
}

fn entries(body: &str) -> (Form, Vec<Entry>) {
    match parse(body).message {
        Message::Objects { form, entries } => (form, entries),
        other => panic!("{other:?}"),
    }
}

fn only(body: &str) -> (Form, ObjectNotice) {
    let (form, mut entries) = entries(body);
    assert_eq!(entries.len(), 1, "{entries:?}");
    match entries.remove(0) {
        Entry::Object(notice) => (form, notice),
        other => panic!("{other:?}"),
    }
}

fn entry_fault(body: &str) -> EntryFault {
    match entries(body).1.remove(0) {
        Entry::Rejected { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

fn message_fault(body: &str) -> MessageFault {
    match parse(body).message {
        Message::Rejected { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}
