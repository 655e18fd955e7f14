//! Sends notifications of objects to the collector's queue: so many objects a second, and none while the queue is as deep as it may be, so that live
//! traffic keeps its place.

use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};
use trailkeep_notifications::{ObjectNotice, s3_event};
use trailkeep_pipeline::ports::queue::{NotificationQueue, OutgoingMessage};

use super::{backlog::Objects, landed::Landed, selection::Found};

/// Most objects of one message: a body of about 56 KB with CloudTrail's usual keys, which SQS bills as one request.
pub(crate) const OBJECTS_OF_A_MESSAGE: usize = 100;
/// Most messages that are sent at once.
const MESSAGES_AT_ONCE: usize = 10;
/// Tries of a message that the queue refused by itself.
const TRIES: u32 = 3;
/// Wait between them.
const TRY_WAIT: Duration = Duration::from_secs(1);

/// How fast and how much.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Objects a second, over ten seconds or so.
    pub(crate) objects_per_second: u32,
    /// Messages that may wait in the queue, those of others included; more, and nothing is sent until there are fewer.
    pub(crate) max_depth: u64,
    /// Wait before the queue's depth is asked again.
    pub(crate) depth_wait: Duration,
}

/// What was sent and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Objects that were announced.
    pub(crate) objects: u64,
    /// Messages.
    pub(crate) messages: u64,
    /// Objects that the archive holds.
    pub(crate) landed: u64,
    /// Day of the first object that was neither sent nor skipped, as `yyyymmdd`, where it was stopped before the end.
    pub(crate) goes_on_at: Option<u32>,
    /// Somebody asked to stop.
    pub(crate) interrupted: bool,
}

/// A sending under way.
#[derive(Debug)]
pub(crate) struct Sending<'a> {
    pub(crate) queue: &'a dyn NotificationQueue,
    /// The bucket that notifications name.
    pub(crate) bucket: &'a str,
    pub(crate) landed: &'a Landed,
    pub(crate) pace: Pace,
    /// Becomes true when somebody asks to stop.
    pub(crate) stop: watch::Receiver<bool>,
    /// What was sent so far: it stands here when sending fails, too.
    pub(crate) sent: Sent,
}

impl Sending<'_> {
    /// Sends all that has not landed.
    ///
    /// # Errors
    /// Where objects cannot be listed, or the queue refuses. [`Sending::sent`] says how far it came.
    pub(crate) async fn run(&mut self, objects: &mut Objects) -> anyhow::Result<()> {
        let (per_message, per_call) = self.pace.portions();
        let mut waiting: Vec<Found> = Vec::new();
        let (mut next_at, mut reached) = (Instant::now(), None);
        loop {
            let more = tokio::select! {
                more = objects.next() => more.inspect_err(|_| self.goes_on(&waiting, reached))?,
                () = stopped(self.stop.clone()) => {
                    self.interrupt(&waiting, reached);
                    return Ok(());
                }
            };
            let last = more.is_none();
            reached = more.as_ref().and_then(|more| more.last()).map(|object| object.day).or(reached);
            for object in more.into_iter().flatten() {
                if self.landed.holds(&object.key) { self.sent.landed += 1 } else { waiting.push(object) }
            }
            while waiting.len() >= per_message * per_call || (last && !waiting.is_empty()) {
                let portion = waiting.len().min(per_message * per_call);
                tokio::select! {
                    room = self.room(next_at) => room,
                    () = stopped(self.stop.clone()) => {
                    self.interrupt(&waiting, reached);
                    return Ok(());
                }
                }
                .inspect_err(|_| self.goes_on(&waiting, reached))?;
                let sent = self.send(waiting.get(..portion).unwrap_or_default(), per_message).await;
                sent.inspect_err(|_| self.goes_on(&waiting, reached))?;
                waiting.drain(..portion);
                let spent = Duration::from_secs_f64(portion as f64 / f64::from(self.pace.objects_per_second));
                // Time that was waited for room is not made up for.
                next_at = next_at.max(Instant::now()) + spent;
            }
            if last {
                return Ok(());
            }
        }
    }

    /// Everything of the days before was sent or skipped: objects come in the order of days.
    fn goes_on(&mut self, waiting: &[Found], reached: Option<u32>) {
        self.sent.goes_on_at = waiting.first().map(|object| object.day).or(reached);
    }

    fn interrupt(&mut self, waiting: &[Found], reached: Option<u32>) {
        self.sent.interrupted = true;
        self.goes_on(waiting, reached);
    }

    /// Waits until it is time, and the queue has room.
    async fn room(&self, at: Instant) -> anyhow::Result<()> {
        sleep_until(at).await;
        loop {
            let depth = self.queue.depth().await.context("failed to ask how deep the queue is")?;
            if depth.visible <= self.pace.max_depth {
                return Ok(());
            }
            tracing::info!(visible = depth.visible, most = self.pace.max_depth, "the queue is full enough: waiting");
            sleep(self.pace.depth_wait).await;
        }
    }

    async fn send(&mut self, objects: &[Found], per_message: usize) -> anyhow::Result<()> {
        let mut messages: Vec<(u64, OutgoingMessage)> =
            objects.chunks(per_message).map(|chunk| (chunk.len() as u64, self.message(chunk))).collect();
        for attempt in 1..=TRIES {
            let bodies: Vec<OutgoingMessage> = messages.iter().map(|(_, message)| message.clone()).collect();
            let answers = self.queue.send(&bodies).await.context("failed to send notifications")?;
            let mut refused = Vec::new();
            let mut why = None;
            for ((objects, message), answer) in messages.into_iter().zip(answers) {
                match answer {
                    Ok(()) => {
                        self.sent.objects += objects;
                        self.sent.messages += 1;
                    }
                    Err(error) => {
                        why = Some(error);
                        refused.push((objects, message));
                    }
                }
            }
            let Some(why) = why else { return Ok(()) };
            if attempt == TRIES {
                bail!(anyhow::Error::new(why).context(format!("the queue {} refused notifications", self.queue.address())));
            }
            tracing::debug!(refused = refused.len(), %why, "notifications were refused and are sent again");
            messages = refused;
            sleep(TRY_WAIT).await;
        }
        Ok(())
    }

    fn message(&self, objects: &[Found]) -> OutgoingMessage {
        let notices: Vec<ObjectNotice> = objects
            .iter()
            .map(|object| ObjectNotice {
                bucket: self.bucket.to_owned(),
                key: object.key.clone(),
                version: object.version.clone(),
                etag: object.etag.clone(),
                size_bytes: Some(object.size_bytes),
                // The collector's lag is of live traffic: no time, no lag.
                event_time_ms: None,
                sequencer: None,
            })
            .collect();
        OutgoingMessage { body: s3_event(&notices), ..OutgoingMessage::default() }
    }
}

impl Pace {
    /// Objects of a message and messages of a call: about five seconds' worth at once.
    fn portions(self) -> (usize, usize) {
        let per_message = (self.objects_per_second as usize).clamp(1, OBJECTS_OF_A_MESSAGE);
        let per_call = (self.objects_per_second as usize * 5 / per_message).clamp(1, MESSAGES_AT_ONCE);
        (per_message, per_call)
    }
}

/// Waits until somebody asks to stop.
async fn stopped(mut stop: watch::Receiver<bool>) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody is left who could ask.
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
#[path = "sending_tests.rs"]
mod tests;
