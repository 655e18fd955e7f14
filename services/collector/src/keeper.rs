//! Keeps received messages hidden until they are settled, and then deletes them, hides them for a while, or lets them come back.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{mpsc::UnboundedReceiver, watch},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};
use trailkeep_pipeline::ports::queue::{Entries, EntryError, MAX_HIDDEN, MAX_OF_A_CALL};

use crate::{
    message::{Disposition, Message},
    metrics::CollectorMetrics,
    settings::QueueTimes,
    stages::{self, Acknowledge, Stage, StageError},
};

/// How often due renewals and incomplete calls of ten are looked for.
const TICK: Duration = Duration::from_millis(200);
/// Kept between a message's last renewal and the 12 hours that a message may be hidden in all.
const MARGIN: Duration = Duration::from_mins(1);
/// Tries of a delete that the queue refused by entry.
const DELETE_TRIES: u8 = 3;

/// A message came into our hands, or is settled.
#[derive(Debug)]
pub(crate) enum Told {
    /// Received.
    Received(Arc<Message>),
    /// Settled.
    Settled(Arc<Message>),
}

/// What the keeper shows of itself.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct InHand {
    /// Messages in our hands.
    pub(crate) messages: usize,
    /// The earliest time that one of them was sent, milliseconds since the Unix epoch.
    pub(crate) oldest_sent_ms: Option<i64>,
}

#[derive(Debug)]
struct Kept {
    message: Arc<Message>,
    /// Hidden until then, as far as we know.
    until: Instant,
}

/// A delete that waits for others to make ten.
#[derive(Debug)]
struct Deleting {
    message: Arc<Message>,
    tries: u8,
}

type Answered = (Sent, Result<Entries, StageError>);

#[derive(Debug)]
enum Sent {
    Deleted(Vec<Deleting>),
    /// Hidden for the last time: they come back by themselves.
    Left(usize),
    /// Renewed until then.
    Renewed(Vec<Arc<Message>>, Instant),
}

/// Keeps messages. Ends when nobody can tell it of any more and all are settled and answered, or when it is told to stop.
#[derive(Debug)]
pub(crate) struct Keeper {
    acknowledge: Stage<Acknowledge, Entries>,
    times: QueueTimes,
    metrics: CollectorMetrics,
    in_hand: Arc<watch::Sender<InHand>>,
    /// By the address of the message: one receipt each.
    kept: HashMap<usize, Kept>,
    deletes: Vec<Deleting>,
    hides: Vec<(Arc<Message>, Duration)>,
    /// When the next renewal can be due: renewals are looked for only then.
    next_renewal: Instant,
    calls: JoinSet<Answered>,
}

impl Keeper {
    pub(crate) fn new(
        acknowledge: Stage<Acknowledge, Entries>,
        times: QueueTimes,
        metrics: CollectorMetrics,
        in_hand: Arc<watch::Sender<InHand>>,
    ) -> Self {
        Self {
            acknowledge,
            times,
            metrics,
            in_hand,
            kept: HashMap::new(),
            deletes: Vec::new(),
            hides: Vec::new(),
            next_renewal: Instant::now(),
            calls: JoinSet::new(),
        }
    }

    /// Runs until every sender is gone and everything is answered.
    pub(crate) async fn run(mut self, mut told: UnboundedReceiver<Told>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::new();
        let mut open = true;
        while open || !self.kept.is_empty() || !self.is_idle() {
            tokio::select! {
                count = told.recv_many(&mut batch, 1024), if open => {
                    open = count > 0;
                    for one in batch.drain(..) {
                        self.hear(one);
                    }
                    self.send(false);
                }
                Some(answered) = self.calls.join_next(), if !self.calls.is_empty() => {
                    if let Ok((sent, answer)) = answered {
                        self.answered(sent, answer);
                    }
                }
                _ = ticks.tick() => {
                    self.renew();
                    self.send(true);
                    self.show();
                }
            }
        }
        self.show();
    }

    fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.deletes.is_empty() && self.hides.is_empty()
    }

    fn hear(&mut self, told: Told) {
        match told {
            Told::Received(message) => {
                let until = message.received + self.times.hidden;
                self.next_renewal = self.next_renewal.min(message.received + self.times.hidden / 2);
                self.kept.insert(address(&message), Kept { message, until });
            }
            Told::Settled(message) => self.settle(message),
        }
    }

    fn settle(&mut self, message: Arc<Message>) {
        self.kept.remove(&address(&message));
        let disposition = message.disposition();
        self.metrics.disposed(disposition.as_str());
        match disposition {
            Disposition::Ignore | Disposition::Acknowledge => self.deletes.push(Deleting { message, tries: 0 }),
            Disposition::Retry => {
                let wait = message.retry_after().min(self.times.retry_longest);
                self.hides.push((message, wait));
            }
            Disposition::Reject => {
                let wait = self.times.reject;
                self.hides.push((message, wait));
            }
        }
    }

    /// Sends full calls; with `all` incomplete ones too.
    fn send(&mut self, all: bool) {
        while self.deletes.len() >= MAX_OF_A_CALL || (all && !self.deletes.is_empty()) {
            let some = take_last(&mut self.deletes);
            let receipts = some.iter().map(|deleting| deleting.message.receipt.as_str().into()).collect();
            self.call(Sent::Deleted(some), Acknowledge::Delete(receipts));
        }
        while self.hides.len() >= MAX_OF_A_CALL || (all && !self.hides.is_empty()) {
            let some = take_last(&mut self.hides);
            let receipts = some.iter().map(|(message, wait)| (message.receipt.as_str().into(), *wait)).collect();
            self.call(Sent::Left(some.len()), Acknowledge::Hide(receipts));
        }
    }

    /// Hides what has been hidden for half its time once more.
    fn renew(&mut self) {
        let now = Instant::now();
        if now < self.next_renewal {
            return;
        }
        let half = self.times.hidden / 2;
        // Who is due soon goes along: calls of ten cost as much as calls of one.
        let soon = now + self.times.hidden / 4;
        let (hidden, mut next) = (self.times.hidden, now + half);
        let mut due = VecDeque::new();
        for kept in self.kept.values_mut().filter(|kept| !kept.message.is_lost()) {
            let at = kept.until.checked_sub(half).unwrap_or(now);
            if at > soon {
                next = next.min(at);
                continue;
            }
            // SQS counts the 12 hours from the receipt on.
            let left = (kept.message.received + MAX_HIDDEN).saturating_duration_since(now + MARGIN);
            if left < half {
                if now >= kept.until {
                    kept.message.mark_lost();
                    self.metrics.receipt_lost();
                }
                continue;
            }
            let wait = hidden.min(left);
            kept.until = now + wait;
            due.push_back((Arc::clone(&kept.message), wait));
        }
        self.next_renewal = next;
        while !due.is_empty() {
            let some: Vec<_> = due.drain(..due.len().min(MAX_OF_A_CALL)).collect();
            let receipts = some.iter().map(|(message, wait)| (message.receipt.as_str().into(), *wait)).collect();
            let messages = some.into_iter().map(|(message, _)| message).collect();
            self.call(Sent::Renewed(messages, now), Acknowledge::Hide(receipts));
        }
    }

    fn call(&mut self, sent: Sent, asked: Acknowledge) {
        let stage = self.acknowledge.clone();
        self.calls.spawn(async move { (sent, stages::call(&stage, asked).await) });
    }

    fn answered(&mut self, sent: Sent, answer: Result<Entries, StageError>) {
        match sent {
            Sent::Deleted(some) => self.deleted(some, answer),
            Sent::Left(count) => {
                if let Err(error) = answer {
                    // They come back when their time is over.
                    tracing::warn!(error = error.told(), messages = count, "messages could not be given back at once");
                }
            }
            Sent::Renewed(messages, at) => self.renewed(&messages, at, answer),
        }
    }

    fn deleted(&mut self, some: Vec<Deleting>, answer: Result<Entries, StageError>) {
        let answers = match answer {
            Ok(answers) => answers,
            Err(error) => {
                // Its content has landed: received again it is a duplicate.
                tracing::warn!(error = error.told(), messages = some.len(), "messages could not be deleted");
                let refused = EntryError::Refused { code: error.outcome().to_owned(), detail: String::new() };
                some.iter().map(|_| Err(refused.clone())).collect()
            }
        };
        for (mut deleting, answer) in some.into_iter().zip(answers) {
            match answer {
                Ok(()) => self.metrics.deleted(),
                Err(EntryError::Expired { .. }) => self.metrics.receipt_lost(),
                Err(EntryError::Refused { code, detail }) => {
                    deleting.tries += 1;
                    if deleting.tries < DELETE_TRIES {
                        self.deletes.push(deleting);
                    } else {
                        tracing::warn!(
                            message_id = deleting.message.id,
                            code,
                            detail,
                            "a message was not deleted: it will be received again"
                        );
                    }
                }
            }
        }
    }

    fn renewed(&mut self, messages: &[Arc<Message>], at: Instant, answer: Result<Entries, StageError>) {
        match answer {
            Ok(answers) => {
                for (message, answer) in messages.iter().zip(answers) {
                    match answer {
                        Ok(()) => self.metrics.renewed(),
                        Err(EntryError::Expired { .. }) => {
                            message.mark_lost();
                            self.metrics.receipt_lost();
                        }
                        Err(EntryError::Refused { .. }) => self.renew_soon(message, at),
                    }
                }
            }
            Err(error) => {
                tracing::warn!(error = error.told(), messages = messages.len(), "messages could not be kept hidden; it is tried again");
                for message in messages {
                    self.renew_soon(message, at);
                }
            }
        }
    }

    /// A renewal did not go through: what was known before counts, and a tenth of the time later it is tried again.
    fn renew_soon(&mut self, message: &Arc<Message>, at: Instant) {
        let half = self.times.hidden / 2;
        let again = at + self.times.hidden / 10;
        if let Some(kept) = self.kept.get_mut(&address(message)) {
            kept.until = again + half;
            self.next_renewal = self.next_renewal.min(again);
        }
    }

    fn show(&self) {
        let oldest_sent_ms = self.kept.values().filter_map(|kept| kept.message.sent_ms).min();
        self.in_hand.send_replace(InHand { messages: self.kept.len(), oldest_sent_ms });
    }
}

/// Up to ten from the end, where taking is cheap.
fn take_last<T>(all: &mut Vec<T>) -> Vec<T> {
    all.split_off(all.len().saturating_sub(MAX_OF_A_CALL))
}

/// A message's place in memory: it is one receipt's name for as long as we hold it.
fn address(message: &Arc<Message>) -> usize {
    Arc::as_ptr(message) as usize
}
