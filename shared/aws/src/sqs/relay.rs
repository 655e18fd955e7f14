//! Moves messages from queue to queue by hand, where SQS does not do it itself: sent first, deleted once the other queue accepted them. A crash
//! in between leaves a message in both, never in none. All attributes go along.

use std::time::Duration;

use aws_sdk_sqs::types::{
    Message, MessageAttributeValue, MessageSystemAttributeName as System, MessageSystemAttributeNameForSends as SystemForSends,
    MessageSystemAttributeValue, SendMessageBatchRequestEntry,
};
use trailkeep_pipeline::ports::queue::{MAX_OF_A_CALL, MAX_OF_A_SEND_BYTES, MAX_WAIT, NotificationQueue as _, QueueError};

use super::{
    SqsQueue, entries,
    error::{Action, Answer},
    whole_seconds,
};

/// What became of the messages of one step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Relayed {
    /// Received here.
    pub received: u64,
    /// Accepted by the other queue.
    pub sent: u64,
    /// Deleted here; fewer than `sent` means that some are in both queues now.
    pub deleted: u64,
}

impl SqsQueue {
    /// Moves up to `max` messages (at most [`MAX_OF_A_CALL`]) to another queue, which is not a FIFO queue. Those that it did not accept stay
    /// here, hidden for `hidden` since they were received.
    ///
    /// # Errors
    /// [`QueueError`] of the queue that it happened on, where nothing was sent.
    pub async fn relay(&self, to: &Self, max: usize, wait: Duration, hidden: Duration) -> Result<Relayed, QueueError> {
        let messages = self.receive_whole(max, wait, hidden).await?;
        let mut relayed = Relayed { received: messages.len() as u64, ..Relayed::default() };
        for request in requests(&messages) {
            let accepted = match to.send_whole(request).await {
                Ok(accepted) => accepted,
                Err(error) if relayed.sent == 0 => return Err(error),
                Err(error) => {
                    tracing::warn!(queue = %to.url, %error, "messages could not be sent; they stay where they were");
                    break;
                }
            };
            relayed.sent += accepted.len() as u64;
            if accepted.is_empty() {
                continue;
            }
            match self.delete(&accepted).await {
                Ok(answers) => relayed.deleted += answers.iter().filter(|answer| answer.is_ok()).count() as u64,
                Err(error) => {
                    tracing::warn!(queue = %self.url, %error, "messages that were sent could not be deleted; they are in both queues");
                }
            }
        }
        Ok(relayed)
    }

    async fn receive_whole(&self, max: usize, wait: Duration, hidden: Duration) -> Result<Vec<Message>, QueueError> {
        let request = self.client.receive_message().queue_url(&self.url);
        let request = request
            .max_number_of_messages(max.clamp(1, MAX_OF_A_CALL) as i32)
            .wait_time_seconds(whole_seconds(wait.min(MAX_WAIT)))
            .visibility_timeout(whole_seconds(hidden))
            .message_system_attribute_names(System::AwsTraceHeader)
            .message_attribute_names("All");
        let answer = request.send().await.map_err(|error| self.explain(Answer::of(&error), Action::Receive))?;
        Ok(answer.messages.unwrap_or_default())
    }

    /// Sends what is a request's worth; answers the receipts of what was accepted.
    async fn send_whole<'a>(&self, messages: &'a [Message]) -> Result<Vec<&'a str>, QueueError> {
        let mut request = self.client.send_message_batch().queue_url(&self.url);
        for (id, message) in messages.iter().enumerate() {
            request = request.entries(entry(id, message));
        }
        let answer = request.send().await.map_err(|error| self.explain(Answer::of(&error), Action::Send))?;
        let done = answer.successful.iter().map(|entry| entry.id.as_str());
        let answers = entries(messages.len(), done, &answer.failed, false);
        for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            tracing::warn!(queue = %self.url, %refused, "a message was not accepted; it stays where it was");
        }
        let accepted = messages.iter().zip(answers).filter(|(_, answer)| answer.is_ok());
        Ok(accepted.filter_map(|(message, _)| message.receipt_handle.as_deref()).collect())
    }
}

fn entry(id: usize, message: &Message) -> SendMessageBatchRequestEntry {
    let x_ray = message.attributes.as_ref().and_then(|attributes| attributes.get(&System::AwsTraceHeader)).map(|header| {
        let value = MessageSystemAttributeValue::builder().data_type("String").string_value(header).build();
        (SystemForSends::AwsTraceHeader, value.expect("an attribute with its type is whole"))
    });
    let entry = SendMessageBatchRequestEntry::builder()
        .id(id.to_string())
        .message_body(message.body.as_deref().unwrap_or_default())
        .set_message_attributes(message.message_attributes.clone().filter(|attributes| !attributes.is_empty()))
        .set_message_system_attributes(x_ray.map(|attribute| [attribute].into()));
    entry.build().expect("id and body are set")
}

/// Messages in runs that a request can hold: each was sent once, so each fits.
fn requests(messages: &[Message]) -> impl Iterator<Item = &[Message]> {
    let mut bytes = 0;
    messages.chunk_by(move |one, next| {
        bytes += size_bytes(one);
        let together = bytes + size_bytes(next) <= MAX_OF_A_SEND_BYTES;
        if !together {
            bytes = 0;
        }
        together
    })
}

fn size_bytes(message: &Message) -> usize {
    let value_bytes = |value: &MessageAttributeValue| {
        let text = value.string_value.as_ref().map_or(0, String::len);
        value.data_type.len() + text + value.binary_value.as_ref().map_or(0, |bytes| bytes.as_ref().len())
    };
    let attributes = message.message_attributes.iter().flatten().map(|(name, value)| name.len() + value_bytes(value));
    message.body.as_ref().map_or(0, String::len) + attributes.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_hold_a_mebibyte() {
        let half = MAX_OF_A_SEND_BYTES / 2;
        let lengths = |sizes: &[usize]| -> Vec<usize> {
            let messages: Vec<Message> = sizes.iter().map(|size| Message::builder().body("x".repeat(*size)).build()).collect();
            requests(&messages).map(<[Message]>::len).collect()
        };
        assert_eq!(lengths(&[1, 2, 3]), [3]);
        assert_eq!(lengths(&[half, half, 1, half, half]), [2, 2, 1]);
        assert_eq!(lengths(&[MAX_OF_A_SEND_BYTES, 1, MAX_OF_A_SEND_BYTES]), [1, 1, 1]);
        assert_eq!(lengths(&[]), [] as [usize; 0]);
    }
}
