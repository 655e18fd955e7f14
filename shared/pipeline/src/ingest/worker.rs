//! One worker: takes chunks of the list, admits them to its own open Batch, lands them, and seals the Batch when it is full.

use std::{collections::VecDeque, sync::Mutex};

use trailkeep_archive::BatchId;

use super::{
    config::IngestConfig,
    delivery::Delivery,
    error::IngestError,
    landing::Landing,
    observer::{Observer, Settled},
    ports::{IngestPorts, Shutdown},
    queue::WorkQueue,
    summary::{IngestSummary, count},
};
use crate::{
    ports::ledger::{Landed, SourceId, WorkerId},
    protocol::{Admission, Heartbeat, OpenBatch, ProtocolError},
};

/// Batches in a row that may be lost to other workers before the run gives up.
const MAX_LOST: u32 = 3;

/// What all workers of a run share.
pub(crate) struct Run<'a> {
    pub(crate) config: &'a IngestConfig,
    pub(crate) ports: &'a IngestPorts,
    pub(crate) shutdown: &'a Shutdown,
    /// Set when a worker failed: the others land what they have begun and end.
    pub(crate) failed: Shutdown,
    pub(crate) observer: &'a dyn Observer,
    /// Deliveries that another worker's open Batch holds: looked at once more when the round's workers are through.
    pub(crate) held: Mutex<Vec<Delivery>>,
}

impl Run<'_> {
    pub(crate) fn stops(&self) -> bool {
        self.shutdown.is_requested() || self.failed.is_requested()
    }
}

/// One worker of a run.
pub(crate) struct Worker<'a> {
    run: &'a Run<'a>,
    owner: WorkerId,
    landing: Option<Landing>,
    again: VecDeque<Delivery>,
    summary: IngestSummary,
    lost: u32,
    last_look: bool,
}

impl<'a> Worker<'a> {
    /// `last_look`: what is still held by another worker is counted to be tried again, not put aside.
    pub(crate) fn new(run: &'a Run<'a>, number: usize, last_look: bool) -> Self {
        let owner = WorkerId::new(&run.ports.process, number);
        Self { run, owner, landing: None, again: VecDeque::new(), summary: IngestSummary::default(), lost: 0, last_look }
    }

    /// Works until the queue is empty or the run stops, and lands what it has.
    ///
    /// # Errors
    /// [`IngestError`]; the open Batch has been given up then.
    pub(crate) fn work(mut self, queue: &WorkQueue) -> Result<IngestSummary, IngestError> {
        match self.drain(queue) {
            Ok(()) => Ok(self.summary),
            Err(error) => {
                self.run.failed.request();
                if let Some(landing) = self.landing.take() {
                    landing.give_up(self.run);
                }
                Err(error)
            }
        }
    }

    fn drain(&mut self, queue: &WorkQueue) -> Result<(), IngestError> {
        loop {
            let mut chunk = if self.run.stops() { Vec::new() } else { queue.take() };
            if chunk.is_empty() {
                // Sealing may lose the Batch to another worker; its deliveries come back then.
                self.seal()?;
                chunk = self.again.drain(..).collect();
            }
            if chunk.is_empty() {
                return Ok(());
            }
            self.take_in(chunk.into())?;
        }
    }

    fn take_in(&mut self, mut waiting: VecDeque<Delivery>) -> Result<(), IngestError> {
        while !waiting.is_empty() {
            if self.run.stops() {
                self.summary.left += waiting.len() as u64;
                return Ok(());
            }
            self.open()?;
            let Some(landing) = &mut self.landing else { return Ok(()) };
            let group: Vec<Delivery> = waiting.drain(..waiting.len().min(landing.room(self.run).max(1))).collect();
            let untouched = self.admit(group)?;
            for delivery in untouched.into_iter().rev() {
                waiting.push_front(delivery);
            }
            if self.landing.as_ref().is_some_and(|landing| landing.is_full(self.run)) {
                self.seal()?;
                waiting.extend(self.again.drain(..));
            }
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), IngestError> {
        if self.landing.is_some() {
            return Ok(());
        }
        let ports = self.run.ports;
        let now = ports.surroundings.now();
        let batch = BatchId::new(now.unix_ms, ports.surroundings.random());
        let opening = ports.protocol.open(batch, self.owner.clone(), now);
        let open = ports.runtime.block_on(opening).map_err(IngestError::step("open a batch"))?;
        let ledger = std::sync::Arc::clone(ports.protocol.ledger());
        let heartbeat = Heartbeat::start(&ports.runtime, ledger, open.clone(), self.run.config.limits.heartbeat);
        self.landing = Some(Landing::new(self.run, open, heartbeat, now));
        Ok(())
    }

    /// Admits a group and lands what was admitted. Answers the deliveries that the Batch had no room for any more.
    fn admit(&mut self, group: Vec<Delivery>) -> Result<Vec<Delivery>, IngestError> {
        let Some(landing) = &mut self.landing else { return Ok(group) };
        let sources: Vec<SourceId> = group.iter().map(|d| SourceId::new(std::sync::Arc::clone(&d.bucket), d.canonical_key())).collect();
        let answers = admissions(self.run, landing.open_batch(), &sources)?;
        let mut admitted = Vec::with_capacity(group.len());
        let mut doubtful = Vec::new();
        for ((delivery, source), answer) in group.into_iter().zip(sources).zip(answers) {
            match answer {
                Admission::Admitted => admitted.push((delivery, source)),
                Admission::Already => doubtful.push((delivery, source, None)),
                Admission::Duplicate(landed) if delivery.looks_like(&landed) => self.summary.settle_duplicate(self.run.observer, &delivery),
                Admission::Duplicate(landed) => doubtful.push((delivery, source, Some(landed))),
                Admission::Held { .. } => put_aside(self.run, self.last_look, &mut self.summary, delivery),
            }
        }
        let mut untouched = landing.land_all(self.run, admitted, &mut self.summary)?;
        for (delivery, source, landed) in doubtful {
            if landing.is_full(self.run) || self.run.stops() {
                untouched.push(delivery);
                continue;
            }
            match landing.examine(self.run, &delivery, source, landed, &mut self.summary)? {
                Examined::Settled => {}
                Examined::Untouched => untouched.push(delivery),
                Examined::Held => put_aside(self.run, self.last_look, &mut self.summary, delivery),
            }
        }
        Ok(untouched)
    }

    /// Lands the open Batch, if there is one.
    fn seal(&mut self) -> Result<(), IngestError> {
        let Some(landing) = self.landing.take() else { return Ok(()) };
        match landing.publish(self.run)? {
            super::landing::Outcome::Published(summary) => {
                self.lost = 0;
                self.summary.add(&summary);
            }
            super::landing::Outcome::Lost(deliveries) => {
                self.lost += 1;
                if self.lost >= MAX_LOST {
                    return Err(IngestError::LostTooOften { times: self.lost });
                }
                self.again.extend(deliveries);
            }
        }
        Ok(())
    }
}

/// Another worker's open Batch holds it: look again at the end of the round, and then leave it to the next run.
fn put_aside(run: &Run<'_>, last_look: bool, summary: &mut IngestSummary, delivery: Delivery) {
    if last_look {
        summary.settle_try_again(run.observer, &delivery, "held by another worker");
    } else {
        run.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(delivery);
    }
}

/// What a closer look at a delivery came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Examined {
    /// Landed or counted.
    Settled,
    /// Another worker holds it.
    Held,
    /// The Batch has no room for it any more.
    Untouched,
}

/// Asks the protocol to admit sources to an open Batch.
pub(crate) fn admissions(run: &Run<'_>, open: &OpenBatch, sources: &[SourceId]) -> Result<Vec<Admission>, IngestError> {
    let now = run.ports.surroundings.now();
    let asking = run.ports.protocol.admit(open, sources, now);
    run.ports.runtime.block_on(asking).map_err(IngestError::step("admit log objects"))
}

impl Delivery {
    /// Whether the listing alone shows that this is what landed: the size is the same, and so is the entity tag.
    pub(crate) fn looks_like(&self, landed: &Landed) -> bool {
        self.size_bytes == landed.stored_bytes && self.etag.is_some() && self.etag.as_deref() == landed.etag.as_deref()
    }
}

impl IngestSummary {
    pub(crate) fn settle_duplicate(&mut self, observer: &dyn Observer, delivery: &Delivery) {
        self.duplicates += 1;
        observer.settled(Settled { stored_bytes: delivery.size_bytes, ..Settled::default() });
    }

    pub(crate) fn settle_try_again(&mut self, observer: &dyn Observer, delivery: &Delivery, reason: &str) {
        self.try_again += 1;
        count(&mut self.try_again_reasons, reason);
        observer.settled(Settled { stored_bytes: delivery.size_bytes, ..Settled::default() });
    }
}

/// Whether a Batch was lost to another worker.
pub(crate) fn is_lost(error: &ProtocolError) -> bool {
    matches!(error, ProtocolError::Lost { .. })
}
