//! An audit account on an emulator: log bucket, audit bucket, queue with its dead letters, table; and CloudTrail, which delivers and announces.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use aws_sdk_sqs::{
    config::{BehaviorVersion, Credentials, Region},
    types::{QueueAttributeName, SendMessageBatchRequestEntry},
};
use serde_json::{Value, json};

use crate::{
    command,
    emulator::{Emulator, REGION},
};

/// The log bucket.
pub const LOGS: &str = "org-logs";
/// The archive.
pub const ARCHIVE: &str = "s3://audit";
/// The audit bucket.
pub const AUDIT: &str = "audit";
/// The ledger.
pub const LEDGER: &str = "dynamodb://trailkeep";
/// Receives of a message before it goes to the dead letters: so many that faults alone never bring one there.
const MAX_RECEIVES: u32 = 1_000;
/// Most messages of a call (SQS API Reference, SendMessageBatch).
const SENT_AT_ONCE: usize = 10;

/// The account. Setting up and looking go straight to the emulator, past the proxy.
#[derive(Debug)]
pub struct Cloud {
    s3: aws_sdk_s3::Client,
    sqs: aws_sdk_sqs::Client,
    endpoint: String,
    /// URL of the queue that notifications arrive on.
    pub queue: String,
    /// URL of its dead letters.
    pub dead_letters: String,
}

/// An object that CloudTrail delivered.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// Its key.
    pub key: String,
    /// Its entity tag, without quotes.
    pub etag: String,
    /// Its size.
    pub bytes: usize,
}

/// What a notification looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// S3's own event, one entry for each object.
    S3,
    /// The same in an SNS envelope.
    Sns,
    /// CloudTrail's own: a bucket and keys.
    CloudTrail,
}

impl Cloud {
    /// Makes everything.
    ///
    /// # Errors
    /// Where the emulator refuses something, or `trailkeep ledger create` does.
    pub async fn set_up(emulator: &Emulator) -> Result<Self> {
        for bucket in [LOGS, AUDIT] {
            emulator.create_bucket(bucket).await?;
        }
        let keys = Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "emulator");
        let config = aws_sdk_sqs::Config::builder().behavior_version(BehaviorVersion::latest()).region(Region::new(REGION));
        let sqs = aws_sdk_sqs::Client::from_conf(config.endpoint_url(emulator.endpoint()).credentials_provider(keys).build());
        let dead_letters = sqs.create_queue().queue_name("dead-letters").send().await?.queue_url.context("no URL")?;
        let asked = sqs.get_queue_attributes().queue_url(&dead_letters).attribute_names(QueueAttributeName::QueueArn).send().await?;
        let arn = asked.attributes.unwrap_or_default().remove(&QueueAttributeName::QueueArn).context("no ARN")?;
        let redrive = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES.to_string() }).to_string();
        let queue = sqs.create_queue().queue_name("notifications").attributes(QueueAttributeName::RedrivePolicy, redrive);
        let queue = queue.send().await?.queue_url.context("no URL")?;
        let cloud = Self { s3: emulator.client(), sqs, endpoint: emulator.endpoint().to_owned(), queue, dead_letters };
        cloud.trailkeep(["ledger", "create", "--ledger", LEDGER])?;
        Ok(cloud)
    }

    /// Runs `trailkeep` on this account, straight to the emulator.
    ///
    /// # Errors
    /// Where it fails.
    pub fn trailkeep<const N: usize>(&self, arguments: [&str; N]) -> Result<command::Ended> {
        let mut command = command::command(arguments)?;
        command.envs(environment()).env("TRAILKEEP_AWS_ENDPOINT", &self.endpoint);
        command::Ended::from(command.output()?).ok()
    }

    /// Delivers an object into the log bucket.
    ///
    /// # Errors
    /// Where the emulator refuses.
    pub async fn deliver(&self, key: &str, body: Vec<u8>) -> Result<Delivered> {
        let bytes = body.len();
        let put = self.s3.put_object().bucket(LOGS).key(key).body(body.into()).send().await?;
        let etag = put.e_tag.context("no entity tag")?.trim_matches('"').to_owned();
        Ok(Delivered { key: key.to_owned(), etag, bytes })
    }

    /// Announces objects, in one message.
    ///
    /// # Errors
    /// Where the emulator refuses.
    pub async fn announce(&self, messages: &[String]) -> Result<()> {
        for some in messages.chunks(SENT_AT_ONCE) {
            let entries = some.iter().enumerate().map(|(number, body)| {
                SendMessageBatchRequestEntry::builder().id(number.to_string()).message_body(body).build().context("an entry is not whole")
            });
            let entries = entries.collect::<Result<Vec<_>>>()?;
            let sent = self.sqs.send_message_batch().queue_url(&self.queue).set_entries(Some(entries)).send().await?;
            ensure!(sent.failed().is_empty(), "not all were sent: {:?}", sent.failed());
        }
        Ok(())
    }

    /// Messages in a queue: visible, in flight, delayed.
    ///
    /// # Errors
    /// Where the emulator refuses.
    pub async fn depth(&self, queue: &str) -> Result<[u64; 3]> {
        let asked = self.sqs.get_queue_attributes().queue_url(queue).attribute_names(QueueAttributeName::All).send().await?;
        let attributes: HashMap<_, _> = asked.attributes.unwrap_or_default();
        let count = |name| attributes.get(&name).and_then(|text: &String| text.parse().ok()).unwrap_or(0);
        Ok([
            count(QueueAttributeName::ApproximateNumberOfMessages),
            count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
            count(QueueAttributeName::ApproximateNumberOfMessagesDelayed),
        ])
    }

    /// All keys of the audit bucket below a prefix.
    ///
    /// # Errors
    /// Where the emulator refuses.
    pub async fn archived(&self, prefix: &str) -> Result<Vec<String>> {
        let mut keys = Vec::new();
        let mut pages = self.s3.list_objects_v2().bucket(AUDIT).prefix(prefix).into_paginator().send();
        while let Some(page) = pages.next().await {
            keys.extend(page?.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }
}

/// Made-up credentials and the Region, for processes.
pub(super) fn environment() -> [(&'static str, &'static str); 4] {
    [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "example"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("TRAILKEEP_AWS_REGION", REGION),
    ]
}

/// One message that announces these objects.
pub fn notification(shape: Shape, objects: &[&Delivered]) -> String {
    match shape {
        Shape::S3 => json!({ "Records": objects.iter().map(|object| entry(object)).collect::<Vec<_>>() }).to_string(),
        Shape::Sns => json!({
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": "arn:aws:sns:us-east-1:111122223333:org-logs",
            "Subject": "Amazon S3 Notification",
            "Message": notification(Shape::S3, objects),
            "Timestamp": "2026-01-15T01:00:00.000Z",
        })
        .to_string(),
        Shape::CloudTrail => {
            let keys: Vec<&str> = objects.iter().map(|object| object.key.as_str()).collect();
            json!({ "s3Bucket": LOGS, "s3ObjectKey": keys }).to_string()
        }
    }
}

/// An entry of S3's event 2.1 (S3 User Guide, "Event message structure"). Keys of CloudTrail need no encoding.
fn entry(object: &Delivered) -> Value {
    json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": "2026-01-15T01:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": { "name": LOGS, "arn": format!("arn:aws:s3:::{LOGS}") },
            "object": { "key": object.key, "size": object.bytes, "eTag": object.etag, "sequencer": "0055AED6DCD90281E5" },
        },
    })
}
