//! Port to the queue that notifications arrive on: SQS on AWS, memory in tests and measurements.
//! One contract suite (`contract::queue`, feature `contract`) runs on all of them.
//!
//! A message that was received is hidden for a while. It is deleted once everything that it announces is settled, or it comes back.

use std::{error::Error, fmt::Debug, time::Duration};

use async_trait::async_trait;

/// Most messages of one call (SQS API Reference, ReceiveMessage, DeleteMessageBatch, ChangeMessageVisibilityBatch, SendMessageBatch).
pub const MAX_OF_A_CALL: usize = 10;
/// Most bytes of one message, and of one request that sends, attributes included: 1 MiB (SQS Developer Guide, "Amazon SQS message quotas").
pub const MAX_OF_A_SEND_BYTES: usize = 1 << 20;
/// Longest time that a message can stay hidden after it was received (SQS Developer Guide, visibility timeout).
pub const MAX_HIDDEN: Duration = Duration::from_hours(12);
/// Longest wait of one receive (SQS API Reference, ReceiveMessage, `WaitTimeSeconds`).
pub const MAX_WAIT: Duration = Duration::from_secs(20);

/// W3C trace context that came with a message, as text (<https://www.w3.org/TR/trace-context/>). Not checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceContext {
    /// `traceparent`.
    pub traceparent: Option<String>,
    /// `tracestate`.
    pub tracestate: Option<String>,
}

impl TraceContext {
    /// What there is of it, as name and value; never an empty value.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let known = [("traceparent", self.traceparent.as_deref()), ("tracestate", self.tracestate.as_deref())];
        known.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
    }
}

/// A message as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueMessage {
    /// The message's own id; the same each time it is received.
    pub id: String,
    /// What this receipt of it is called: for deleting and hiding. Only the newest one is sure to work.
    pub receipt: String,
    /// At most 1 MiB of text.
    pub body: String,
    /// How often it has been received, this time included; 1 where the queue does not tell.
    pub receive_count: u32,
    /// When it was sent, milliseconds since the Unix epoch, where the queue tells.
    pub sent_ms: Option<i64>,
    /// Trace context from its attributes.
    pub trace: TraceContext,
}

/// A message to be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutgoingMessage {
    /// Text.
    pub body: String,
    /// Trace context to put into its attributes.
    pub trace: TraceContext,
}

impl OutgoingMessage {
    /// Bytes that count against [`MAX_OF_A_SEND_BYTES`]: the body, and of each attribute its name, its type and its value.
    pub fn size_bytes(&self) -> usize {
        let attributes = self.trace.attributes().map(|(name, value)| name.len() + "String".len() + value.len());
        self.body.len() + attributes.sum::<usize>()
    }
}

/// Why one entry of a call was refused while the call went through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The receipt is not valid any more, or the message is not hidden: it expired, was deleted, or was received by somebody else.
    #[error("the receipt has expired: {code}")]
    Expired {
        /// The queue's own code.
        code: String,
    },
    /// Anything else; may pass when tried again.
    #[error("the queue refused it: {code}: {detail}")]
    Refused {
        /// The queue's own code.
        code: String,
        /// In the queue's words.
        detail: String,
    },
}

/// How full a queue is. SQS tells approximately.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueDepth {
    /// Messages that can be received.
    pub visible: u64,
    /// Messages that were received and are hidden.
    pub in_flight: u64,
    /// Messages that are not due yet.
    pub delayed: u64,
}

/// Why a call to a queue failed. Every message names the operation and the queue.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// There is no such queue.
    #[error("the queue {queue} is not there")]
    NotFound {
        /// URL or name.
        queue: String,
    },
    /// The caller may not.
    #[error("not permitted to {operation} on the queue {queue}: {hint}")]
    Denied {
        /// The IAM action (`sqs:ReceiveMessage`).
        operation: String,
        /// URL or name.
        queue: String,
        /// What to do.
        hint: String,
    },
    /// Too many messages are hidden: SQS allows about 120,000 in a standard queue (error `OverLimit`).
    #[error("the queue {queue} has as many messages in flight as it allows")]
    OverLimit {
        /// URL or name.
        queue: String,
    },
    /// Anything else; may pass when tried again.
    #[error("failed to {operation} on the queue {queue}")]
    Failed {
        /// The IAM action.
        operation: String,
        /// URL or name.
        queue: String,
        /// The cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// One answer per entry of a call, in the order of the entries.
pub type Entries = Vec<Result<(), EntryError>>;

/// The queue that notifications arrive on.
#[async_trait]
pub trait NotificationQueue: Debug + Send + Sync {
    /// URL or name, for messages.
    fn address(&self) -> String;

    /// Waits up to `wait` (at most [`MAX_WAIT`]) for up to `max` messages (at most [`MAX_OF_A_CALL`]) and hides them for `hidden`.
    /// An empty answer does not mean that the queue is empty.
    ///
    /// # Errors
    /// [`QueueError`].
    async fn receive(&self, max: usize, wait: Duration, hidden: Duration) -> Result<Vec<QueueMessage>, QueueError>;

    /// Deletes messages by receipt, at most [`MAX_OF_A_CALL`]. One that is gone already is no error. A message may come back all the same.
    ///
    /// # Errors
    /// [`QueueError`] where the call as a whole failed.
    async fn delete(&self, receipts: &[&str]) -> Result<Entries, QueueError>;

    /// Hides messages for so long from now on (zero: they come back at once), at most [`MAX_OF_A_CALL`] of them and for
    /// [`MAX_HIDDEN`] since they were received.
    ///
    /// # Errors
    /// [`QueueError`] where the call as a whole failed.
    async fn hide(&self, receipts: &[(&str, Duration)]) -> Result<Entries, QueueError>;

    /// Sends messages, any number: in as many requests as [`MAX_OF_A_CALL`] and [`MAX_OF_A_SEND_BYTES`] ask for. One that is larger is refused.
    ///
    /// # Errors
    /// [`QueueError`] where the first request as a whole failed. Once messages were sent, those that were not are refused one by one.
    async fn send(&self, messages: &[OutgoingMessage]) -> Result<Entries, QueueError>;

    /// How full it is.
    ///
    /// # Errors
    /// [`QueueError`].
    async fn depth(&self) -> Result<QueueDepth, QueueError>;
}
