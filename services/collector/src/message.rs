//! A message while it is in our hands: from its receipt until everything that it announces is settled.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, mpsc::UnboundedSender},
    time::Instant,
};
use trailkeep_pipeline::ports::queue::{QueueMessage, TraceContext};

/// What becomes of a message once all that it announces is settled. The gravest of its entries decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// It announces nothing of ours (a test event, another service's file, what configuration leaves out): deleted.
    Ignore,
    /// All that it announces is durable: deleted.
    Acknowledge,
    /// Something failed that may pass: hidden for a while, then received again.
    Retry,
    /// It must not be here: left for redrive to the dead-letter queue.
    Reject,
}

impl Disposition {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ignore, Self::Acknowledge, Self::Retry, Self::Reject];

    /// Its name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Acknowledge => "acknowledge",
            Self::Retry => "retry",
            Self::Reject => "reject",
        }
    }

    fn from_rank(rank: u8) -> Self {
        Self::ALL.into_iter().find(|disposition| *disposition as u8 == rank).unwrap_or(Self::Retry)
    }
}

/// A received message.
#[derive(Debug)]
pub(crate) struct Message {
    /// The queue's id of it.
    pub(crate) id: String,
    /// The receipt to delete or hide it with.
    pub(crate) receipt: String,
    /// How often it was received, this time included.
    pub(crate) receive_count: u32,
    /// When it was sent, milliseconds since the Unix epoch.
    pub(crate) sent_ms: Option<i64>,
    /// Trace context that it carried.
    pub(crate) trace: TraceContext,
    /// When this receipt was answered.
    pub(crate) received: Instant,
    /// Tickets that are out.
    left: AtomicUsize,
    worst: AtomicU8,
    retry_after_ms: AtomicU64,
    lost: AtomicBool,
    done: UnboundedSender<Arc<Message>>,
    /// Its share of the messages that may be in flight.
    _room: OwnedSemaphorePermit,
}

impl Message {
    /// A message that was just received, and the first ticket to it. It goes to `done` when its last ticket is settled.
    pub(crate) fn received(
        message: QueueMessage,
        received: Instant,
        room: OwnedSemaphorePermit,
        done: UnboundedSender<Arc<Self>>,
    ) -> Ticket {
        Ticket::first(Arc::new(Self {
            id: message.id,
            receipt: message.receipt,
            receive_count: message.receive_count,
            sent_ms: message.sent_ms,
            trace: message.trace,
            received,
            left: AtomicUsize::new(0),
            worst: AtomicU8::new(Disposition::Ignore as u8),
            retry_after_ms: AtomicU64::new(0),
            lost: AtomicBool::new(false),
            done,
            _room: room,
        }))
    }

    /// What its entries came to so far.
    pub(crate) fn disposition(&self) -> Disposition {
        Disposition::from_rank(self.worst.load(Ordering::Acquire))
    }

    /// The longest time that one of its entries asks to wait before it is tried again.
    pub(crate) fn retry_after(&self) -> Duration {
        Duration::from_millis(self.retry_after_ms.load(Ordering::Acquire))
    }

    /// Its receipt has expired: the queue will deliver it again, whatever we do.
    pub(crate) fn mark_lost(&self) {
        self.lost.store(true, Ordering::Release);
    }

    /// Whether its receipt has expired.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    fn note(&self, disposition: Disposition, retry_after: Duration) {
        self.worst.fetch_max(disposition as u8, Ordering::AcqRel);
        self.retry_after_ms.fetch_max(u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX), Ordering::AcqRel);
    }
}

/// One entry's hold on its message. Dropped without a word it asks for a retry: nothing is deleted by accident.
#[derive(Debug)]
pub(crate) struct Ticket {
    message: Arc<Message>,
    settled: bool,
}

impl Ticket {
    fn first(message: Arc<Message>) -> Self {
        message.left.fetch_add(1, Ordering::AcqRel);
        Self { message, settled: false }
    }

    /// Another ticket to the same message.
    #[must_use]
    pub(crate) fn another(&self) -> Self {
        Self::first(Arc::clone(&self.message))
    }

    /// The message.
    pub(crate) fn message(&self) -> &Arc<Message> {
        &self.message
    }

    /// Says what this entry came to.
    pub(crate) fn settle(mut self, disposition: Disposition) {
        self.say(disposition, Duration::ZERO);
    }

    /// Asks that the message is tried again after so long.
    pub(crate) fn retry_after(mut self, wait: Duration) {
        self.say(Disposition::Retry, wait);
    }

    fn say(&mut self, disposition: Disposition, wait: Duration) {
        self.settled = true;
        self.message.note(disposition, wait);
        if self.message.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            // Whoever deletes messages has ended only if the process ends: the message comes back then.
            let _ = self.message.done.send(Arc::clone(&self.message));
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.settled {
            self.say(Disposition::Retry, Duration::ZERO);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use tokio::sync::{Semaphore, mpsc};

    use super::*;

    fn received() -> (Ticket, mpsc::UnboundedReceiver<Arc<Message>>) {
        let (done, outcome) = mpsc::unbounded_channel();
        let room = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let message = QueueMessage {
            id: "m".to_owned(),
            receipt: "r".to_owned(),
            body: String::new(),
            receive_count: 1,
            sent_ms: None,
            trace: TraceContext::default(),
        };
        (Message::received(message, Instant::now(), room, done), outcome)
    }

    #[tokio::test]
    async fn the_gravest_entry_decides_and_the_last_one_tells() {
        let (ticket, mut outcome) = received();
        let (second, third) = (ticket.another(), ticket.another());
        ticket.settle(Disposition::Acknowledge);
        second.settle(Disposition::Reject);
        assert!(outcome.try_recv().is_err(), "an entry is still out");
        third.retry_after(Duration::from_secs(7));
        let message = outcome.try_recv().unwrap();
        assert_eq!((message.disposition(), message.retry_after()), (Disposition::Reject, Duration::from_secs(7)));
    }

    #[tokio::test]
    async fn a_dropped_ticket_asks_for_a_retry() {
        let (ticket, mut outcome) = received();
        let second = ticket.another();
        drop(second);
        ticket.settle(Disposition::Acknowledge);
        assert_eq!(outcome.try_recv().unwrap().disposition(), Disposition::Retry);
    }

    #[test]
    fn graver_ones_come_later() {
        assert!(Disposition::ALL.is_sorted());
    }
}
