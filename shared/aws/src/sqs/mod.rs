//! An SQS queue as the queue that notifications arrive on, and what operators ask of it.
//!
//! Ten entries a request; an answer of 200 may still refuse some of them, so that each entry has an answer of its own. Retries and timeouts are the
//! SDK's; a receive waits at SQS for up to 20 s, and the read timeout leaves room for that.

mod describe;
mod error;
mod location;
mod move_task;
mod relay;
mod send;
#[cfg(test)]
mod tests;
mod trace;

use std::{collections::HashMap, time::Duration};

use async_trait::async_trait;
use aws_config::Region;
use aws_sdk_sqs::{
    Client,
    types::{
        BatchResultErrorEntry, ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
        MessageSystemAttributeName as System,
    },
};
use trailkeep_pipeline::ports::queue::{
    Entries, EntryError, MAX_HIDDEN, MAX_OF_A_CALL, MAX_WAIT, NotificationQueue, OutgoingMessage, QueueDepth, QueueError, QueueMessage,
};

pub use self::{
    describe::{Encrypted, QueueDescription, Redrive},
    move_task::{MoveTask, MoveTaskError},
    relay::Relayed,
};
use self::{
    error::{Action, Answer, entry_error},
    location::Location,
};
use crate::config::{AwsSettings, AwsTimeouts};

/// A receive waits for [`MAX_WAIT`] at SQS; the rest is for the way.
const TIMEOUTS: AwsTimeouts = AwsTimeouts { read: Duration::from_secs(35), attempt: Duration::from_secs(45) };

/// An SQS queue by its URL. Clones share the client.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
    /// Region that the client asks in.
    region: Option<String>,
}

impl SqsQueue {
    /// Opens the queue with this URL. Asks SQS nothing yet. Where the settings have no Region, the URL's own is taken.
    ///
    /// # Errors
    /// [`QueueError::Failed`] where no Region is known.
    pub async fn open(settings: &AwsSettings, url: &str) -> Result<Self, QueueError> {
        let region = settings.region.clone().or_else(|| Location::of_url(url).map(|location| location.region));
        let settings = AwsSettings { region, ..settings.clone() };
        let config = settings.load(TIMEOUTS).await.map_err(|error| QueueError::Failed {
            operation: "open".to_owned(),
            queue: url.to_owned(),
            source: error.into(),
        })?;
        Ok(Self::with_client(Client::new(&config), url))
    }

    /// The queue behind a client that was made elsewhere; its read timeout must exceed [`MAX_WAIT`].
    pub fn with_client(client: Client, url: &str) -> Self {
        let region = client.config().region().map(Region::to_string);
        Self { client, url: url.to_owned(), region }
    }

    /// Another queue through the same client.
    #[must_use]
    pub fn beside(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// The queue's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The ARN that the URL stands for; `None` where the URL is not in SQS's form.
    pub fn arn(&self) -> Option<String> {
        let location = Location::of_url(&self.url).or_else(|| Location::of_path(&self.url, self.region.as_deref()?))?;
        Some(location.arn())
    }

    /// What an answer means for this queue.
    fn explain(&self, answer: Answer, action: Action) -> QueueError {
        answer.explain(action, &self.url, self.arn().as_deref())
    }

    /// Refuses a call of more entries than SQS takes.
    fn check_count(&self, count: usize, action: Action) -> Result<(), QueueError> {
        if count <= MAX_OF_A_CALL {
            return Ok(());
        }
        let source = format!("{count} entries in a call that takes {MAX_OF_A_CALL}").into();
        Err(QueueError::Failed { operation: action.iam().to_owned(), queue: self.url.clone(), source })
    }
}

#[async_trait]
impl NotificationQueue for SqsQueue {
    fn address(&self) -> String {
        self.url.clone()
    }

    async fn receive(&self, max: usize, wait: Duration, hidden: Duration) -> Result<Vec<QueueMessage>, QueueError> {
        let request = self.client.receive_message().queue_url(&self.url);
        let request = request
            .max_number_of_messages(max.clamp(1, MAX_OF_A_CALL) as i32)
            .wait_time_seconds(whole_seconds(wait.min(MAX_WAIT)))
            .visibility_timeout(whole_seconds(hidden.min(MAX_HIDDEN)))
            .set_message_system_attribute_names(Some(vec![System::ApproximateReceiveCount, System::SentTimestamp, System::AwsTraceHeader]))
            .set_message_attribute_names(Some(vec![trace::PARENT.to_owned(), trace::STATE.to_owned()]));
        let answer = request.send().await.map_err(|error| self.explain(Answer::of(&error), Action::Receive))?;
        Ok(answer.messages.unwrap_or_default().into_iter().filter_map(received).collect())
    }

    async fn delete(&self, receipts: &[&str]) -> Result<Entries, QueueError> {
        if receipts.is_empty() {
            return Ok(Entries::new());
        }
        self.check_count(receipts.len(), Action::Delete)?;
        let mut request = self.client.delete_message_batch().queue_url(&self.url);
        for (position, receipt) in receipts.iter().enumerate() {
            let entry = DeleteMessageBatchRequestEntry::builder().id(position.to_string()).receipt_handle(*receipt).build();
            request = request.entries(entry.expect("id and receipt are set"));
        }
        let answer = request.send().await.map_err(|error| self.explain(Answer::of(&error), Action::Delete))?;
        let done = answer.successful.iter().map(|entry| entry.id.as_str());
        Ok(entries(receipts.len(), done, &answer.failed, true))
    }

    async fn hide(&self, receipts: &[(&str, Duration)]) -> Result<Entries, QueueError> {
        if receipts.is_empty() {
            return Ok(Entries::new());
        }
        self.check_count(receipts.len(), Action::Hide)?;
        let mut request = self.client.change_message_visibility_batch().queue_url(&self.url);
        for (position, (receipt, hidden)) in receipts.iter().enumerate() {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(position.to_string())
                .receipt_handle(*receipt)
                .visibility_timeout(whole_seconds((*hidden).min(MAX_HIDDEN)));
            request = request.entries(entry.build().expect("id and receipt are set"));
        }
        let answer = request.send().await.map_err(|error| self.explain(Answer::of(&error), Action::Hide))?;
        let done = answer.successful.iter().map(|entry| entry.id.as_str());
        Ok(entries(receipts.len(), done, &answer.failed, true))
    }

    async fn send(&self, messages: &[OutgoingMessage]) -> Result<Entries, QueueError> {
        self.send_all(messages).await
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        Ok(self.describe().await?.depth)
    }
}

/// SQS counts in whole seconds; a part of one is one.
fn whole_seconds(duration: Duration) -> i32 {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

/// A message that came without a receipt cannot be acted upon: it comes back.
fn received(message: Message) -> Option<QueueMessage> {
    let system = message.attributes.unwrap_or_default();
    let number = |name: &System| system.get(name).and_then(|value| value.parse::<i64>().ok());
    Some(QueueMessage {
        id: message.message_id?,
        receipt: message.receipt_handle?,
        body: message.body.unwrap_or_default(),
        receive_count: number(&System::ApproximateReceiveCount).and_then(|count| u32::try_from(count).ok()).unwrap_or(1),
        sent_ms: number(&System::SentTimestamp),
        trace: trace::of(&message.message_attributes.unwrap_or_default(), system.get(&System::AwsTraceHeader).map(String::as_str)),
    })
}

/// One answer per entry, in order. An entry that SQS says nothing about is refused: it may have gone through, and may not.
fn entries<'a>(count: usize, done: impl Iterator<Item = &'a str>, failed: &[BatchResultErrorEntry], by_receipt: bool) -> Entries {
    let mut answers: HashMap<&str, Result<(), EntryError>> = done.map(|id| (id, Ok(()))).collect();
    answers.extend(failed.iter().map(|entry| (entry.id.as_str(), Err(entry_error(entry, by_receipt)))));
    let silent = || Err(EntryError::Refused { code: "NoAnswer".to_owned(), detail: "the answer does not mention it".to_owned() });
    (0..count).map(|position| answers.remove(position.to_string().as_str()).unwrap_or_else(silent)).collect()
}
