//! What a queue is like: its figures, its limits, its dead letter queue.
//! Source: SQS API Reference, GetQueueAttributes, GetQueueUrl and ListDeadLetterSourceQueues.

use std::{collections::HashMap, time::Duration};

use aws_sdk_sqs::types::QueueAttributeName as Name;
use serde_json::Value;
use trailkeep_pipeline::ports::queue::{QueueDepth, QueueError};

use super::{
    SqsQueue,
    error::{Action, Answer},
    location::Location,
};

/// Where messages go that are received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// ARN of the dead letter queue.
    pub dead_letter_arn: String,
    /// A message goes there when it would be received once more than this.
    pub max_receive_count: u32,
}

/// How messages are encrypted at rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encrypted {
    /// With this KMS key: id, ARN or alias.
    Kms(String),
    /// With a key of SQS's own.
    Sqs,
    /// Not.
    Not,
}

/// A queue as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDescription {
    /// Its ARN, where SQS tells it or the URL shows it.
    pub arn: Option<String>,
    /// How full it is, approximately.
    pub depth: QueueDepth,
    /// Its dead letter queue, where it has one.
    pub redrive: Option<Redrive>,
    /// How long a message is kept since it was sent, received or not.
    pub retention: Option<Duration>,
    /// How long a received message is hidden, unless the receiver says otherwise.
    pub visibility_timeout: Option<Duration>,
    /// Most bytes of a message.
    pub max_message_bytes: Option<u64>,
    /// How it is encrypted.
    pub encrypted: Encrypted,
    /// Whether it is a FIFO queue, which S3 cannot notify.
    pub fifo: bool,
}

impl SqsQueue {
    /// Asks SQS what the queue is like.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn describe(&self) -> Result<QueueDescription, QueueError> {
        let request = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(Name::All);
        let answer = request.send().await.map_err(|error| self.explain(Answer::of(&error), Action::GetAttributes))?;
        Ok(described(&answer.attributes.unwrap_or_default(), self.arn()))
    }

    /// The queue with this ARN, through the same client. `None` where the text is no queue's ARN.
    ///
    /// # Errors
    /// [`QueueError`]; [`QueueError::NotFound`] names the ARN.
    pub async fn by_arn(&self, arn: &str) -> Result<Option<Self>, QueueError> {
        let Some(location) = Location::of_arn(arn) else { return Ok(None) };
        let request = self.client.get_queue_url().queue_name(location.name).queue_owner_aws_account_id(location.account);
        let answer = request.send().await.map_err(|error| Answer::of(&error).explain(Action::GetUrl, arn, Some(arn)))?;
        Ok(answer.queue_url.map(|url| self.beside(&url)))
    }

    /// URLs of the queues whose dead letter queue this one is.
    ///
    /// # Errors
    /// [`QueueError`].
    pub async fn dead_letter_sources(&self) -> Result<Vec<String>, QueueError> {
        let (mut urls, mut page) = (Vec::new(), None);
        loop {
            // Without a number of results a page token is not answered: SQS API Reference, ListDeadLetterSourceQueues.
            let request = self.client.list_dead_letter_source_queues().queue_url(&self.url).max_results(1000).set_next_token(page);
            let answer = request.send().await.map_err(|error| self.explain(Answer::of(&error), Action::ListSources))?;
            urls.extend(answer.queue_urls);
            page = answer.next_token.filter(|token| !token.is_empty());
            if page.is_none() {
                return Ok(urls);
            }
        }
    }
}

fn described(attributes: &HashMap<Name, String>, arn: Option<String>) -> QueueDescription {
    let text = |name: &Name| attributes.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let number = |name: &Name| text(name).and_then(|value| value.parse::<u64>().ok());
    let encrypted = match text(&Name::KmsMasterKeyId) {
        Some(key) => Encrypted::Kms(key.to_owned()),
        None if text(&Name::SqsManagedSseEnabled) == Some("true") => Encrypted::Sqs,
        None => Encrypted::Not,
    };
    QueueDescription {
        arn: text(&Name::QueueArn).map(str::to_owned).or(arn),
        depth: QueueDepth {
            visible: number(&Name::ApproximateNumberOfMessages).unwrap_or_default(),
            in_flight: number(&Name::ApproximateNumberOfMessagesNotVisible).unwrap_or_default(),
            delayed: number(&Name::ApproximateNumberOfMessagesDelayed).unwrap_or_default(),
        },
        redrive: text(&Name::RedrivePolicy).and_then(redrive),
        retention: number(&Name::MessageRetentionPeriod).map(Duration::from_secs),
        visibility_timeout: number(&Name::VisibilityTimeout).map(Duration::from_secs),
        max_message_bytes: number(&Name::MaximumMessageSize),
        encrypted,
        fifo: text(&Name::FifoQueue) == Some("true"),
    }
}

/// `{"deadLetterTargetArn":"…","maxReceiveCount":5}`; the number may stand as a text.
fn redrive(policy: &str) -> Option<Redrive> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let count = policy.get("maxReceiveCount")?;
    let count = count.as_u64().or_else(|| count.as_str()?.parse().ok())?;
    let dead_letter_arn = policy.get("deadLetterTargetArn")?.as_str()?.to_owned();
    Some(Redrive { dead_letter_arn, max_receive_count: u32::try_from(count).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redrive_policy_may_write_its_number_either_way() {
        let expected = Redrive { dead_letter_arn: "arn:aws:sqs:eu-central-1:111122223333:dead".to_owned(), max_receive_count: 12 };
        for count in ["12", "\"12\""] {
            let policy = format!("{{\"deadLetterTargetArn\":\"{}\",\"maxReceiveCount\":{count}}}", expected.dead_letter_arn);
            assert_eq!(redrive(&policy), Some(expected.clone()));
        }
        assert_eq!(redrive("{}"), None);
    }

    #[test]
    fn a_queue_that_tells_nothing_is_described_as_unknown() {
        let described = described(&HashMap::new(), None);
        assert_eq!((described.encrypted, described.redrive, described.retention), (Encrypted::Not, None, None));
    }
}
