//! Sends messages in as few requests as SQS's limits allow: ten entries and 1,048,576 bytes each.

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use trailkeep_pipeline::ports::queue::{Entries, EntryError, MAX_OF_A_CALL, MAX_OF_A_SEND_BYTES, OutgoingMessage, QueueError};

use super::{
    SqsQueue, entries,
    error::{Action, Answer},
    trace,
};

impl SqsQueue {
    /// Sends all. The first request that fails as a whole ends it: with its error where nothing was sent, else with its entries and those
    /// after them refused.
    pub(super) async fn send_all(&self, messages: &[OutgoingMessage]) -> Result<Entries, QueueError> {
        let mut answers: Vec<Option<Result<(), EntryError>>> = messages.iter().map(|message| too_large(message).map(Err)).collect();
        let mut sent_before = false;
        for request in requests(messages) {
            match self.send_request(messages, &request).await {
                Ok(told) => request.iter().zip(told).for_each(|(position, answer)| answers[*position] = Some(answer)),
                Err(error) if !sent_before => return Err(error),
                Err(error) => {
                    let refused = EntryError::Refused { code: "NotSent".to_owned(), detail: with_cause(&error) };
                    return Ok(answers.into_iter().map(|answer| answer.unwrap_or_else(|| Err(refused.clone()))).collect());
                }
            }
            sent_before = true;
        }
        Ok(answers.into_iter().map(|answer| answer.expect("each message is in a request or too large")).collect())
    }

    async fn send_request(&self, messages: &[OutgoingMessage], positions: &[usize]) -> Result<Entries, QueueError> {
        let mut request = self.client.send_message_batch().queue_url(&self.url);
        for (id, message) in positions.iter().filter_map(|position| messages.get(*position)).enumerate() {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(id.to_string())
                .message_body(&message.body)
                .set_message_attributes(trace::attributes(&message.trace));
            request = request.entries(entry.build().expect("id and body are set"));
        }
        let answer = request.send().await.map_err(|error| self.explain(Answer::of(&error), Action::Send))?;
        let done = answer.successful.iter().map(|entry| entry.id.as_str());
        Ok(entries(positions.len(), done, &answer.failed, false))
    }
}

/// Positions of the messages of each request, in order; messages that no request can hold are left out.
fn requests(messages: &[OutgoingMessage]) -> Vec<Vec<usize>> {
    let mut requests: Vec<Vec<usize>> = Vec::new();
    let mut bytes = 0;
    for (position, message) in messages.iter().enumerate() {
        let size = message.size_bytes();
        if size > MAX_OF_A_SEND_BYTES {
            continue;
        }
        match requests.last_mut() {
            Some(request) if request.len() < MAX_OF_A_CALL && bytes + size <= MAX_OF_A_SEND_BYTES => {
                request.push(position);
                bytes += size;
            }
            _ => {
                requests.push(vec![position]);
                bytes = size;
            }
        }
    }
    requests
}

fn too_large(message: &OutgoingMessage) -> Option<EntryError> {
    let size = message.size_bytes();
    let detail = || format!("{size} bytes with its attributes; SQS takes {MAX_OF_A_SEND_BYTES}");
    (size > MAX_OF_A_SEND_BYTES).then(|| EntryError::Refused { code: "InvalidParameterValue".to_owned(), detail: detail() })
}

fn with_cause(error: &QueueError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_sizes(sizes: &[usize]) -> Vec<OutgoingMessage> {
        sizes.iter().map(|size| OutgoingMessage { body: "x".repeat(*size), ..OutgoingMessage::default() }).collect()
    }

    #[test]
    fn requests_hold_ten_messages_and_a_mebibyte() {
        assert_eq!(requests(&of_sizes(&[1; 12])), [(0..10).collect::<Vec<_>>(), vec![10, 11]]);
        let half = MAX_OF_A_SEND_BYTES / 2;
        assert_eq!(requests(&of_sizes(&[half, half, 1])), [vec![0, 1], vec![2]]);
        assert_eq!(requests(&of_sizes(&[half, half + 1, MAX_OF_A_SEND_BYTES + 1, 1])), [vec![0], vec![1, 3]]);
        assert_eq!(requests(&[]), Vec::<Vec<usize>>::new());
    }
}
