//! What a queue in memory holds, and how messages go from visible to hidden and back. No call takes longer than the messages it is about,
//! however many there are: what is visible stands in a row, what is hidden in order of when it comes back.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

use super::{Plan, QueueCall};
use crate::ports::queue::{EntryError, MAX_HIDDEN, OutgoingMessage, QueueDepth, QueueMessage, TraceContext};

/// Everything behind the lock.
#[derive(Debug, Default)]
pub(super) struct State {
    messages: HashMap<u64, Stored>,
    visible: VecDeque<u64>,
    /// By when it comes back, and message.
    hidden: BTreeSet<(Instant, u64)>,
    sent: u64,
    pub(super) deleted: Vec<u64>,
    pub(super) dead: Vec<QueueMessage>,
    pub(super) plan: Plan,
    pub(super) calls: HashMap<QueueCall, u64>,
}

/// A message that is neither deleted nor dead.
#[derive(Debug)]
struct Stored {
    body: String,
    trace: TraceContext,
    sent_ms: i64,
    receive_count: u32,
    hidden: Option<Hidden>,
}

#[derive(Debug, Clone, Copy)]
struct Hidden {
    received: Instant,
    until: Instant,
}

impl State {
    /// Adds a message; answers its number.
    pub(super) fn send(&mut self, message: OutgoingMessage, sent_ms: i64) -> u64 {
        self.sent += 1;
        let OutgoingMessage { body, trace } = message;
        self.messages.insert(self.sent, Stored { body, trace, sent_ms, receive_count: 0, hidden: None });
        self.visible.push_back(self.sent);
        self.sent
    }

    /// Takes up to `max` visible messages and hides them. Those that were received as often as is allowed become dead letters instead.
    pub(super) fn receive(&mut self, max: usize, hidden: Duration, now: Instant, max_receive_count: Option<u32>) -> Vec<QueueMessage> {
        self.bring_back(now);
        let mut received = Vec::new();
        while received.len() < max
            && let Some(number) = self.visible.pop_front()
        {
            let Some(stored) = self.messages.get_mut(&number) else { continue };
            if max_receive_count.is_some_and(|most| stored.receive_count >= most) {
                let letter = stored.message(number);
                self.messages.remove(&number);
                self.dead.push(letter);
                continue;
            }
            stored.receive_count += 1;
            received.push(stored.message(number));
            // With zero it comes back with the next call: one call never answers a message twice.
            let until = now + hidden.min(MAX_HIDDEN);
            stored.hidden = Some(Hidden { received: now, until });
            self.hidden.insert((until, number));
        }
        received
    }

    /// Deletes by receipt. One that is gone already is no error; a receipt that is not the newest, or has run out, is one.
    pub(super) fn delete(&mut self, receipt: &str, now: Instant) -> Result<(), EntryError> {
        self.bring_back(now);
        let (number, count) = self.named(receipt)?;
        let Some(stored) = self.messages.get(&number) else { return Ok(()) };
        let until = stored.held(count).ok_or_else(|| expired("ReceiptHandleIsInvalid"))?.until;
        self.hidden.remove(&(until, number));
        self.messages.remove(&number);
        self.deleted.push(number);
        Ok(())
    }

    /// Hides for so long from now on; zero brings it back.
    pub(super) fn hide(&mut self, receipt: &str, hidden: Duration, now: Instant) -> Result<(), EntryError> {
        self.bring_back(now);
        let (number, count) = self.named(receipt)?;
        let stored = self.messages.get_mut(&number).ok_or_else(|| expired("InvalidParameterValue"))?;
        let held = stored.held(count).ok_or_else(|| expired("MessageNotInflight"))?;
        let until = now + hidden;
        if until > held.received + MAX_HIDDEN {
            return Err(expired("InvalidParameterValue"));
        }
        stored.hidden = Some(Hidden { until, ..held });
        self.hidden.remove(&(held.until, number));
        self.hidden.insert((until, number));
        self.bring_back(now);
        Ok(())
    }

    /// When the next hidden message comes back.
    pub(super) fn next_back(&self) -> Option<Instant> {
        self.hidden.first().map(|(until, _)| *until)
    }

    pub(super) fn depth(&mut self, now: Instant) -> QueueDepth {
        self.bring_back(now);
        QueueDepth { visible: self.visible.len() as u64, in_flight: self.hidden.len() as u64, delayed: 0 }
    }

    /// Messages that are neither deleted nor dead.
    pub(super) fn left(&self) -> usize {
        self.messages.len()
    }

    /// Makes those visible whose time has run out.
    fn bring_back(&mut self, now: Instant) {
        while let Some((until, number)) = self.hidden.first().copied()
            && until <= now
        {
            self.hidden.pop_first();
            if let Some(stored) = self.messages.get_mut(&number) {
                stored.hidden = None;
                self.visible.push_back(number);
            }
        }
    }

    /// The message and the receive that a receipt is of.
    fn named(&self, receipt: &str) -> Result<(u64, u32), EntryError> {
        let parts = receipt.strip_prefix("receipt-").and_then(|rest| rest.split_once('-'));
        let parsed = parts.and_then(|(number, count)| Some((number.parse().ok()?, count.parse().ok()?)));
        parsed.filter(|(number, _)| (1..=self.sent).contains(number)).ok_or_else(|| expired("ReceiptHandleIsInvalid"))
    }
}

impl Stored {
    fn message(&self, number: u64) -> QueueMessage {
        QueueMessage {
            id: message_id(number),
            receipt: format!("receipt-{number}-{}", self.receive_count),
            body: self.body.clone(),
            receive_count: self.receive_count,
            sent_ms: Some(self.sent_ms),
            trace: self.trace.clone(),
        }
    }

    /// How the receive with this count hides it, if it still does.
    fn held(&self, count: u32) -> Option<Hidden> {
        self.hidden.filter(|_| self.receive_count == count)
    }
}

/// The id that a message is told by.
pub(super) fn message_id(number: u64) -> String {
    format!("message-{number}")
}

fn expired(code: &str) -> EntryError {
    EntryError::Expired { code: code.to_owned() }
}
