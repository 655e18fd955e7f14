//! An SNS topic that findings are told to. What a message says is its sender's affair; here it is put into requests that SNS takes: ten messages and
//! 262,144 bytes each.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
    time::Duration,
};

use aws_sdk_sns::{
    Client,
    types::{BatchResultErrorEntry, MessageAttributeValue, PublishBatchRequestEntry},
};
use trailkeep_pipeline::ports::announcer::AnnounceError;

use super::{
    MAX_CALL_BYTES, MAX_OF_A_CALL,
    error::{Answer, is_about_its_message, refused_entries},
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

/// What came of sending messages; those that are not named here were told.
#[derive(Debug, Default)]
pub struct Published {
    /// Places of messages that SNS does not take for what they are, however often they are sent.
    pub refused: BTreeSet<usize>,
    /// Places of messages that may be sent later.
    pub left: BTreeSet<usize>,
    /// Why, the first that was met; none: all were told.
    pub error: Option<AnnounceError>,
}

impl Published {
    /// Takes what SNS said of the entries of one request.
    fn take(&mut self, topic_arn: &str, places: Range<usize>, failed: &[BatchResultErrorEntry]) {
        if let Err(error) = refused_entries(topic_arn, places.len(), failed) {
            self.error.get_or_insert(error);
        }
        for entry in failed {
            let Some(place) = entry.id.parse::<usize>().ok().map(|number| places.start + number).filter(|place| places.contains(place))
            else {
                continue;
            };
            let of = if is_about_its_message(entry) { &mut self.refused } else { &mut self.left };
            of.insert(place);
        }
    }

    fn refuse(&mut self, place: usize, why: impl FnOnce() -> AnnounceError) {
        self.refused.insert(place);
        self.error.get_or_insert_with(why);
    }

    /// The topic cannot be told anything now.
    fn end(mut self, left: Range<usize>, error: AnnounceError) -> Self {
        self.left.extend(left);
        self.error = Some(error);
        self
    }
}

/// Places of messages, as many together as a request takes.
fn chunks(messages: &[TopicMessage]) -> Vec<Range<usize>> {
    let (mut chunks, mut from, mut bytes) = (Vec::new(), 0, 0);
    for (place, message) in messages.iter().enumerate() {
        if place > from && (place - from == MAX_OF_A_CALL || bytes + message.size_bytes() > MAX_CALL_BYTES) {
            chunks.push(from..place);
            (from, bytes) = (place, 0);
        }
        bytes += message.size_bytes();
    }
    chunks.push(from..messages.len());
    chunks
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

    /// Sends these, in as many requests as it takes. One that SNS does not take holds no other up.
    pub async fn publish(&self, messages: &[TopicMessage]) -> Published {
        let mut published = Published::default();
        for chunk in chunks(messages) {
            match self.send(messages.get(chunk.clone()).unwrap_or_default()).await {
                Ok(failed) => published.take(&self.topic_arn, chunk, &failed),
                // Which of them it is about is found by sending each alone.
                Err(answer) if answer.is_about_a_message() => {
                    for place in chunk {
                        match self.send(messages.get(place..=place).unwrap_or_default()).await {
                            Ok(failed) => published.take(&self.topic_arn, place..place + 1, &failed),
                            Err(answer) if answer.is_about_a_message() => published.refuse(place, || answer.explain(&self.topic_arn)),
                            Err(answer) => return published.end(place..messages.len(), answer.explain(&self.topic_arn)),
                        }
                    }
                }
                Err(answer) => return published.end(chunk.start..messages.len(), answer.explain(&self.topic_arn)),
            }
        }
        published
    }

    async fn send(&self, messages: &[TopicMessage]) -> Result<Vec<BatchResultErrorEntry>, Answer> {
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
        let answer = request.send().await.map_err(|error| Answer::of(&error))?;
        Ok(answer.failed.unwrap_or_default())
    }
}
