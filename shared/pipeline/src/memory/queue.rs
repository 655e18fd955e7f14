//! Queue in memory, for tests and measurements: the port with visibility timeouts, receive counts and dead letters as SQS has them, and failures
//! on demand. Stricter than SQS: a receipt that ran out, or was replaced by a newer one, never deletes.

mod state;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use tokio::{sync::Notify, time::Instant};

use self::state::{State, message_id};
use crate::ports::queue::{
    Entries, EntryError, MAX_OF_A_CALL, MAX_OF_A_SEND_BYTES, MAX_WAIT, NotificationQueue, OutgoingMessage, QueueDepth, QueueError,
    QueueMessage,
};

/// The calls of the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueueCall {
    /// Receive.
    Receive,
    /// Delete.
    Delete,
    /// Hide.
    Hide,
    /// Send.
    Send,
    /// Depth.
    Depth,
}

impl QueueCall {
    /// As IAM spells it for SQS.
    fn iam(self) -> &'static str {
        match self {
            Self::Receive => "sqs:ReceiveMessage",
            Self::Delete => "sqs:DeleteMessage",
            Self::Hide => "sqs:ChangeMessageVisibility",
            Self::Send => "sqs:SendMessage",
            Self::Depth => "sqs:GetQueueAttributes",
        }
    }
}

/// How a planned failure of a whole call shows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueFault {
    /// Does nothing: [`QueueError::Denied`].
    Denied,
    /// Does nothing: [`QueueError::NotFound`].
    NotFound,
    /// Does nothing: [`QueueError::OverLimit`].
    OverLimit,
    /// Does nothing: [`QueueError::Failed`].
    Refused,
    /// Takes effect, and the caller is told [`QueueError::Failed`].
    AnswerLost,
}

/// What is planned to fail.
#[derive(Debug, Default)]
struct Plan {
    calls: HashMap<QueueCall, VecDeque<QueueFault>>,
    entries: HashMap<QueueCall, VecDeque<Vec<(usize, EntryError)>>>,
}

/// A queue in memory. Clones share what is in it.
#[derive(Debug, Clone)]
pub struct MemoryQueue {
    name: String,
    max_receive_count: Option<u32>,
    max_in_flight: Option<u64>,
    state: Arc<Mutex<State>>,
    arrived: Arc<Notify>,
}

impl MemoryQueue {
    /// An empty queue without dead letters and without a limit of messages in flight.
    pub fn new(name: &str) -> Self {
        let (state, arrived) = (Arc::default(), Arc::default());
        Self { name: name.to_owned(), max_receive_count: None, max_in_flight: None, state, arrived }
    }

    /// Messages that were received `count` times become dead letters when they would be received once more.
    #[must_use]
    pub fn with_max_receive_count(self, count: u32) -> Self {
        Self { max_receive_count: Some(count), ..self }
    }

    /// With `count` messages in flight, receiving answers [`QueueError::OverLimit`].
    #[must_use]
    pub fn with_max_in_flight(self, count: u64) -> Self {
        Self { max_in_flight: Some(count), ..self }
    }

    /// Adds a message, uncounted and never failing; answers its id.
    pub fn push(&self, body: impl Into<String>) -> String {
        self.push_message(OutgoingMessage { body: body.into(), ..OutgoingMessage::default() })
    }

    /// As [`MemoryQueue::push`], with a trace context.
    pub fn push_message(&self, message: OutgoingMessage) -> String {
        let number = self.state().send(message, now_ms());
        self.arrived.notify_waiters();
        message_id(number)
    }

    /// Messages that are neither deleted nor dead, hidden or not.
    pub fn messages_left(&self) -> usize {
        self.state().left()
    }

    /// Messages that were received too often, with the receive count that they had, in order.
    pub fn dead_letters(&self) -> Vec<QueueMessage> {
        self.state().dead.clone()
    }

    /// Ids of the messages that were deleted, in order.
    pub fn deleted(&self) -> Vec<String> {
        self.state().deleted.iter().copied().map(message_id).collect()
    }

    /// How many messages were deleted.
    pub fn deleted_count(&self) -> usize {
        self.state().deleted.len()
    }

    /// How often a call was made, failed ones included.
    pub fn calls(&self, call: QueueCall) -> u64 {
        self.state().calls.get(&call).copied().unwrap_or_default()
    }

    /// Lets the next call of that kind fail as a whole. Planned again, the call after it fails, too.
    pub fn fail_next(&self, call: QueueCall, fault: QueueFault) {
        self.state().plan.calls.entry(call).or_default().push_back(fault);
    }

    /// Lets the next call of that kind answer these errors for the entries at these positions, which then have no effect, while the others go
    /// through. Planned again, it is for the call after it.
    pub fn partial_failures(&self, call: QueueCall, failures: impl IntoIterator<Item = (usize, EntryError)>) {
        self.state().plan.entries.entry(call).or_default().push_back(failures.into_iter().collect());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call and takes what is planned for it: an error that stands for the call, or `true` where its answer gets lost.
    fn begin(&self, call: QueueCall) -> Result<bool, QueueError> {
        let mut state = self.state();
        *state.calls.entry(call).or_default() += 1;
        let fault = state.plan.calls.get_mut(&call).and_then(VecDeque::pop_front);
        drop(state);
        match fault {
            None => Ok(false),
            Some(QueueFault::AnswerLost) => Ok(true),
            Some(QueueFault::Denied) => Err(QueueError::Denied {
                operation: call.iam().to_owned(),
                queue: self.address(),
                hint: format!("allow {} on it", call.iam()),
            }),
            Some(QueueFault::NotFound) => Err(QueueError::NotFound { queue: self.address() }),
            Some(QueueFault::OverLimit) => Err(QueueError::OverLimit { queue: self.address() }),
            Some(QueueFault::Refused) => Err(self.failed(call, "a planned failure")),
        }
    }

    /// The answer of a call, or that it got lost.
    fn end<T>(&self, call: QueueCall, lost: bool, answer: T) -> Result<T, QueueError> {
        if lost { Err(self.failed(call, "a planned failure: its answer got lost")) } else { Ok(answer) }
    }

    fn failed(&self, call: QueueCall, why: &str) -> QueueError {
        QueueError::Failed { operation: call.iam().to_owned(), queue: self.address(), source: why.into() }
    }

    /// Runs a call of several entries, with the failures planned for some of them.
    fn each<T>(
        &self,
        call: QueueCall,
        entries: &[T],
        mut change: impl FnMut(&mut State, &T) -> Result<(), EntryError>,
    ) -> Result<Entries, QueueError> {
        if entries.is_empty() {
            return Ok(Entries::new());
        }
        let lost = self.begin(call)?;
        if entries.len() > MAX_OF_A_CALL && call != QueueCall::Send {
            return Err(self.failed(call, "TooManyEntriesInBatchRequest: at most ten"));
        }
        let mut state = self.state();
        let planned = state.plan.entries.get_mut(&call).and_then(VecDeque::pop_front).unwrap_or_default();
        let answers = entries.iter().enumerate().map(|(position, entry)| match planned.iter().find(|(at, _)| *at == position) {
            Some((_, error)) => Err(error.clone()),
            None => change(&mut state, entry),
        });
        let answers = answers.collect();
        drop(state);
        if call != QueueCall::Delete {
            self.arrived.notify_waiters();
        }
        self.end(call, lost, answers)
    }

    /// What can be received now, or when to look again.
    fn take(&self, max: usize, hidden: Duration) -> Result<Result<Vec<QueueMessage>, Option<Instant>>, QueueError> {
        let now = Instant::now();
        let mut state = self.state();
        if let Some(most) = self.max_in_flight
            && state.depth(now).in_flight >= most
        {
            return Err(QueueError::OverLimit { queue: self.address() });
        }
        let received = state.receive(max, hidden, now, self.max_receive_count);
        Ok(if received.is_empty() { Err(state.next_back()) } else { Ok(received) })
    }
}

#[async_trait]
impl NotificationQueue for MemoryQueue {
    fn address(&self) -> String {
        format!("memory:{}", self.name)
    }

    async fn receive(&self, max: usize, wait: Duration, hidden: Duration) -> Result<Vec<QueueMessage>, QueueError> {
        let lost = self.begin(QueueCall::Receive)?;
        let deadline = Instant::now() + wait.min(MAX_WAIT);
        loop {
            // Made before looking, so that no message arrives unnoticed in between.
            let arrived = self.arrived.notified();
            let next_back = match self.take(max.clamp(1, MAX_OF_A_CALL), hidden)? {
                Ok(received) => return self.end(QueueCall::Receive, lost, received),
                Err(next_back) => next_back,
            };
            if Instant::now() >= deadline {
                return self.end(QueueCall::Receive, lost, Vec::new());
            }
            let until = next_back.map_or(deadline, |back| back.min(deadline));
            // Either way it is looked again.
            let _ = tokio::time::timeout_at(until, arrived).await;
        }
    }

    async fn delete(&self, receipts: &[&str]) -> Result<Entries, QueueError> {
        let now = Instant::now();
        self.each(QueueCall::Delete, receipts, |state, receipt| state.delete(receipt, now))
    }

    async fn hide(&self, receipts: &[(&str, Duration)]) -> Result<Entries, QueueError> {
        let now = Instant::now();
        self.each(QueueCall::Hide, receipts, |state, (receipt, hidden)| state.hide(receipt, *hidden, now))
    }

    async fn send(&self, messages: &[OutgoingMessage]) -> Result<Entries, QueueError> {
        let sent_ms = now_ms();
        self.each(QueueCall::Send, messages, |state, message| {
            if message.size_bytes() > MAX_OF_A_SEND_BYTES {
                let detail = format!("{} bytes, of {MAX_OF_A_SEND_BYTES} allowed", message.size_bytes());
                return Err(EntryError::Refused { code: "InvalidParameterValue".to_owned(), detail });
            }
            state.send(message.clone(), sent_ms);
            Ok(())
        })
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        let lost = self.begin(QueueCall::Depth)?;
        let depth = self.state().depth(Instant::now());
        self.end(QueueCall::Depth, lost, depth)
    }
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as i64
}
