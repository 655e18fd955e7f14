//! An SNS topic as the place where landed objects are announced: one message per object below `events/`, and one for a Batch's Digests, as
//! `docs/announcements.md` says.
//!
//! Ten messages a request and 262,144 bytes together; an answer of 200 may still refuse some of them. Retries and timeouts are the SDK's.

mod error;
mod findings;
mod message;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sns::{Client, types::PublishBatchRequestEntry};
use trailkeep_archive::{BatchId, LandedDigests, LandedObject};
use trailkeep_pipeline::ports::{
    announcer::{AnnounceError, Announcer},
    queue::TraceContext,
};

pub use self::findings::{Published, SnsTopic, TopicMessage};
use self::{
    error::{Answer, refused_entries},
    message::{Message, Place},
};
use crate::config::{AwsSettings, AwsTimeouts};

/// Most messages of one request.
/// Source: SNS API Reference, PublishBatch.
const MAX_OF_A_CALL: usize = 10;
/// Most bytes of one request, bodies and attributes of all messages together.
/// Source: SNS API Reference, PublishBatch: "262,144 bytes".
const MAX_CALL_BYTES: usize = 262_144;
/// A Batch's announcement is put off after 10 s (`trailkeep_pipeline::protocol::ANNOUNCE_WITHIN`): one try takes less.
const TIMEOUTS: AwsTimeouts = AwsTimeouts { read: Duration::from_secs(4), attempt: Duration::from_secs(4) };

/// An SNS topic, and the archive whose objects are announced there. Clones share the client.
#[derive(Debug, Clone)]
pub struct SnsAnnouncer {
    client: Client,
    topic_arn: String,
    place: Place,
}

impl SnsAnnouncer {
    /// Opens the topic for the archive in `bucket`, below `prefix` (with or without `/` at its end). Asks SNS nothing yet. The Region is the one
    /// that the ARN names, whatever the settings say.
    ///
    /// # Errors
    /// [`AnnounceError::Failed`] where the ARN is none.
    pub async fn open(settings: &AwsSettings, topic_arn: &str, bucket: &str, prefix: &str) -> Result<Self, AnnounceError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| AnnounceError::Failed { topic: topic_arn.to_owned(), source };
        let region = region_of(topic_arn).ok_or_else(|| failed("a topic's ARN reads arn:aws:sns:REGION:ACCOUNT:NAME".into()))?;
        let settings = AwsSettings { region: Some(region.to_owned()), ..settings.clone() };
        let config = settings.load(TIMEOUTS).await.map_err(|error| failed(error.into()))?;
        Ok(Self::with_client(Client::new(&config), topic_arn, bucket, prefix))
    }

    /// The topic behind a client that was made elsewhere.
    pub fn with_client(client: Client, topic_arn: &str, bucket: &str, prefix: &str) -> Self {
        Self { client, topic_arn: topic_arn.to_owned(), place: Place::new(bucket, prefix) }
    }

    /// The body that announces a Batch's Digests, as [`Announcer::announce_digests`] sends it.
    pub fn digests_body(&self, batch: &BatchId, digests: &LandedDigests) -> String {
        Message::of_digests(&self.place, batch, digests, &TraceContext::default()).body
    }

    /// Sends some messages in one request. Answers how many were refused, and why.
    async fn send(&self, messages: &[Message]) -> Result<Vec<aws_sdk_sns::types::BatchResultErrorEntry>, AnnounceError> {
        let entries = messages.iter().enumerate().map(|(position, message)| self.entry(position, message));
        let request = self.client.publish_batch().topic_arn(&self.topic_arn).set_publish_batch_request_entries(Some(entries.collect()));
        let answer = request.send().await.map_err(|error| Answer::of(&error).explain(&self.topic_arn))?;
        Ok(answer.failed.unwrap_or_default())
    }

    fn entry(&self, position: usize, message: &Message) -> PublishBatchRequestEntry {
        let ordered = self.topic_arn.ends_with(".fifo");
        PublishBatchRequestEntry::builder()
            .id(position.to_string())
            .message(&message.body)
            .set_message_attributes(Some(message.attributes()))
            .set_message_group_id(ordered.then(|| message.group.clone()))
            .set_message_deduplication_id(ordered.then(|| message.deduplication.clone()))
            .build()
            .expect("id and message are set")
    }
}

#[async_trait]
impl Announcer for SnsAnnouncer {
    fn address(&self) -> String {
        self.topic_arn.clone()
    }

    async fn announce(&self, batch: &BatchId, objects: &[LandedObject], trace: &TraceContext) -> Result<(), AnnounceError> {
        let messages: Vec<Message> = objects.iter().map(|object| Message::new(&self.place, batch, object, trace)).collect();
        let mut refused = Vec::new();
        for some in calls(&messages) {
            refused.extend(self.send(some).await?);
        }
        refused_entries(&self.topic_arn, messages.len(), &refused)
    }

    async fn announce_digests(&self, batch: &BatchId, digests: &LandedDigests, trace: &TraceContext) -> Result<(), AnnounceError> {
        let refused = self.send(&[Message::of_digests(&self.place, batch, digests, trace)]).await?;
        refused_entries(&self.topic_arn, 1, &refused)
    }
}

/// Messages in runs that one request can take.
fn calls(messages: &[Message]) -> Vec<&[Message]> {
    let mut calls = Vec::new();
    let (mut from, mut bytes) = (0, 0);
    for (position, message) in messages.iter().enumerate() {
        if position > from && (position - from == MAX_OF_A_CALL || bytes + message.size_bytes() > MAX_CALL_BYTES) {
            calls.extend(messages.get(from..position));
            (from, bytes) = (position, 0);
        }
        bytes += message.size_bytes();
    }
    calls.extend(messages.get(from..).filter(|rest| !rest.is_empty()));
    calls
}

/// The Region in a topic's ARN.
fn region_of(topic_arn: &str) -> Option<&str> {
    let mut parts = topic_arn.split(':');
    let (Some("arn"), Some(_), Some("sns"), Some(region), Some(account), Some(name), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    (!region.is_empty() && !account.is_empty() && !name.is_empty()).then_some(region)
}
