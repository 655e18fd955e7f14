//! An SNS topic that findings are told to. What a message says is its sender's affair; here it is put into requests that SNS takes: ten messages and
//! 262,144 bytes each.

use std::{collections::HashMap, time::Duration};

use aws_sdk_sns::{
    Client,
    types::{BatchResultErrorEntry, MessageAttributeValue, PublishBatchRequestEntry},
};
use trailkeep_pipeline::ports::announcer::AnnounceError;

use super::{
    MAX_CALL_BYTES, MAX_OF_A_CALL,
    error::{Answer, refused_entries},
    region_of,
};
use crate::config::{AwsSettings, AwsTimeouts};

/// Nobody waits for it: a try may take its time.
const TIMEOUTS: AwsTimeouts = AwsTimeouts { read: Duration::from_secs(10), attempt: Duration::from_secs(15) };
const STRING: &str = "String";

/// A message to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicMessage {
    /// Its body: at most 262,144 bytes together with its attributes.
    pub body: String,
    /// Attributes for filter policies, of type String; at most ten, none of them empty.
    pub attributes: Vec<(String, String)>,
    /// On FIFO topics: messages of one group keep their order. At most 128 letters, digits and punctuation marks.
    pub group: String,
    /// On FIFO topics: of messages with the same one within five minutes SNS delivers the first.
    pub deduplication: String,
}

/// A topic. Clones share the client.
#[derive(Debug, Clone)]
pub struct SnsTopic {
    client: Client,
    topic_arn: String,
}

impl TopicMessage {
    /// What SNS counts: the body, and names, types and values of attributes.
    fn size_bytes(&self) -> usize {
        self.body.len() + self.attributes.iter().map(|(name, value)| name.len() + STRING.len() + value.len()).sum::<usize>()
    }

    fn attributes(&self) -> HashMap<String, MessageAttributeValue> {
        let value = |text: &str| MessageAttributeValue::builder().data_type(STRING).string_value(text).build();
        let attributes = self.attributes.iter().filter(|(_, text)| !text.is_empty());
        attributes.map(|(name, text)| (name.clone(), value(text).expect("an attribute with its type is whole"))).collect()
    }
}

impl SnsTopic {
    /// Opens the topic. Asks SNS nothing yet. The Region is the one that the ARN names, whatever the settings say.
    ///
    /// # Errors
    /// [`AnnounceError::Failed`] where the ARN is none.
    pub async fn open(settings: &AwsSettings, topic_arn: &str) -> Result<Self, AnnounceError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| AnnounceError::Failed { topic: topic_arn.to_owned(), source };
        let region = region_of(topic_arn).ok_or_else(|| failed("a topic's ARN reads arn:aws:sns:REGION:ACCOUNT:NAME".into()))?;
        let settings = AwsSettings { region: Some(region.to_owned()), ..settings.clone() };
        let config = settings.load(TIMEOUTS).await.map_err(|error| failed(error.into()))?;
        Ok(Self::with_client(Client::new(&config), topic_arn))
    }

    /// The topic behind a client that was made elsewhere.
    pub fn with_client(client: Client, topic_arn: &str) -> Self {
        Self { client, topic_arn: topic_arn.to_owned() }
    }

    /// Its ARN.
    pub fn address(&self) -> &str {
        &self.topic_arn
    }

    /// Sends these, in as many requests as it takes.
    ///
    /// # Errors
    /// [`AnnounceError`]; some may have been sent then.
    pub async fn publish(&self, messages: &[TopicMessage]) -> Result<(), AnnounceError> {
        let mut refused = Vec::new();
        let (mut from, mut bytes) = (0, 0);
        for (position, message) in messages.iter().enumerate() {
            if position > from && (position - from == MAX_OF_A_CALL || bytes + message.size_bytes() > MAX_CALL_BYTES) {
                refused.extend(self.send(messages.get(from..position).unwrap_or_default()).await?);
                (from, bytes) = (position, 0);
            }
            bytes += message.size_bytes();
        }
        refused.extend(self.send(messages.get(from..).unwrap_or_default()).await?);
        refused_entries(&self.topic_arn, messages.len(), &refused)
    }

    async fn send(&self, messages: &[TopicMessage]) -> Result<Vec<BatchResultErrorEntry>, AnnounceError> {
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let ordered = self.topic_arn.ends_with(".fifo");
        let entry = |(position, message): (usize, &TopicMessage)| {
            PublishBatchRequestEntry::builder()
                .id(position.to_string())
                .message(&message.body)
                .set_message_attributes(Some(message.attributes()))
                .set_message_group_id(ordered.then(|| message.group.clone()))
                .set_message_deduplication_id(ordered.then(|| message.deduplication.clone()))
                .build()
                .expect("id and message are set")
        };
        let entries = messages.iter().enumerate().map(entry).collect();
        let request = self.client.publish_batch().topic_arn(&self.topic_arn).set_publish_batch_request_entries(Some(entries));
        let answer = request.send().await.map_err(|error| Answer::of(&error).explain(&self.topic_arn))?;
        Ok(answer.failed.unwrap_or_default())
    }
}
