//! From a message's body to Deliveries: parsed, judged entry by entry, and put into a lane. Nothing that arrives here is believed.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use trailkeep_archive::QuarantineKind;
use trailkeep_notifications::{Entry, Form, Message as Parsed, ObjectNotice, parse};
use trailkeep_pipeline::{batch::Finding, ports::ledger::SourceId};

use crate::{
    admission::{AdmissionRules, Judgement},
    delivery::{Delivery, Note, Origin, Work},
    lane::Lane,
    message::{Disposition, Ticket},
    metrics::CollectorMetrics,
    older::Horizon,
    pressure::Pressure,
    stop::Stop,
    talk::Talk,
};

/// Bytes of a rejected message's body that are kept in `quarantine/`: 8 KiB. All of it is in the dead-letter queue.
const KEPT_BODY_BYTES: usize = 8 << 10;
/// Rejected entries of one message that are written down one by one; more are counted only: the message itself is kept.
const NOTED_ENTRIES: usize = 100;

/// Where Deliveries go.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// Messages received for the first time.
    pub(crate) fresh: Arc<Lane<Work>>,
    /// Messages received again, by how often: they land in Batches of their own that become smaller and smaller, so that one object that ends a worker
    /// does not take others with it.
    pub(crate) again: Vec<Arc<Lane<Work>>>,
    /// What was delivered so long ago that the ledger may have forgotten that it landed.
    pub(crate) old: Arc<Lane<Work>>,
}

impl Lanes {
    fn of(&self, receive_count: u32) -> &Arc<Lane<Work>> {
        match receive_count {
            0 | 1 => &self.fresh,
            count => self.again.get(count as usize - 2).or(self.again.last()).unwrap_or(&self.fresh),
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Lane<Work>>> {
        [&self.fresh, &self.old].into_iter().chain(&self.again)
    }
}

/// Work of one message, by lane.
#[derive(Debug, Default)]
struct Sorted {
    recent: Vec<Work>,
    old: Vec<Work>,
}

/// Takes messages in.
#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) origins: HashMap<String, Arc<Origin>>,
    pub(crate) rules: AdmissionRules,
    pub(crate) lanes: Lanes,
    /// Deliveries that may be in hand.
    pub(crate) room: Arc<Semaphore>,
    pub(crate) metrics: CollectorMetrics,
    /// How far back the ledger is sure to remember.
    pub(crate) horizon: Horizon,
    pub(crate) talk: Talk,
    pub(crate) pressure: Pressure,
    pub(crate) stop: Stop,
    /// Notes of rejected messages that may be in hand.
    pub(crate) notes: Arc<Semaphore>,
}

impl Intake {
    /// Takes one message in. Waits while there are as many Deliveries in hand as there may be.
    pub(crate) async fn take(&self, body: &str, ticket: Ticket) {
        match parse(body).message {
            Parsed::Ignored(ignored) => {
                self.metrics.message(ignored.as_str());
                ticket.settle(Disposition::Ignore);
            }
            Parsed::Confirmation { kind, topic } => {
                self.metrics.message(kind.as_str());
                // Whoever subscribed the queue confirms; a link in a message is never followed.
                if self.talk.may("confirmation") {
                    tracing::warn!(
                        kind = kind.as_str(),
                        topic,
                        "SNS asks for a confirmation of a subscription: confirm it where it was made"
                    );
                }
                ticket.settle(Disposition::Ignore);
            }
            Parsed::Rejected { reason, detail } => {
                self.metrics.message("rejected");
                self.metrics.rejected(reason.as_str());
                self.note_message(reason.as_str(), &detail, body, &ticket);
                ticket.settle(Disposition::Reject);
            }
            Parsed::Objects { form, entries } => {
                self.metrics.message(form.as_str());
                self.take_entries(form, entries, body, ticket).await;
            }
        }
    }

    async fn take_entries(&self, form: Form, entries: Vec<Entry>, body: &str, ticket: Ticket) {
        let lane = self.lanes.of(ticket.message().receive_count);
        let mut work = Sorted::default();
        let mut noted = 0;
        let mut named_before = HashSet::new();
        let mut first_fault: Option<(String, String)> = None;
        for entry in entries {
            let fault = match entry {
                // The same object once more: one look is enough.
                Entry::Object(notice) if !named_before.insert((notice.bucket.clone(), notice.key.clone(), notice.version.clone())) => {
                    self.metrics.delivery("duplicate");
                    None
                }
                Entry::Object(mut notice) => {
                    // CloudTrail's own form tells no time, and is sent when the object is written.
                    if form == Form::CloudTrail {
                        notice.event_time_ms = notice.event_time_ms.or(ticket.message().sent_ms);
                    }
                    self.take_object(notice, &ticket, &mut work)
                }
                Entry::Ignored { event_name } => {
                    tracing::debug!(event_name, "an entry that announces no new object");
                    self.metrics.delivery("ignored");
                    None
                }
                Entry::Rejected { reason, detail } => Some((reason.as_str().to_owned(), detail, None)),
            };
            let Some((reason, detail, named)) = fault else { continue };
            self.metrics.rejected(&reason);
            ticket.another().settle(Disposition::Reject);
            first_fault.get_or_insert_with(|| (reason.clone(), detail.clone()));
            if let Some(source) = named
                && noted < NOTED_ENTRIES
                && is_first(&ticket)
            {
                noted += 1;
                let finding = Finding { kind: QuarantineKind::Notification, source, reason: reason_name(&reason), detail };
                work.recent.push(Work::Note(Note { finding, ticket: Some(ticket.another()), room: None }));
            }
        }
        if let Some((reason, detail)) = first_fault {
            self.note_message(&reason, &detail, body, &ticket);
        }
        self.hand_over(lane, work.recent).await;
        self.hand_over(&self.lanes.old, work.old).await;
        ticket.settle(Disposition::Ignore);
    }

    /// Waits for room and puts the work into the lane; gives it back where nobody takes from the lane any more.
    async fn hand_over(&self, lane: &Lane<Work>, work: Vec<Work>) {
        for work in chunked(work) {
            let room = self.room_for(work.len() as u32).await;
            let Some(mut room) = room.filter(|_| !lane.is_closed()) else {
                work.into_iter().for_each(Work::give_back);
                continue;
            };
            lane.push(work.into_iter().map(|one| one.with_room(room.split(1))).collect::<Vec<_>>());
        }
    }

    /// Room for so many; `None` when asked to stop.
    async fn room_for(&self, count: u32) -> Option<OwnedSemaphorePermit> {
        if let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(count) {
            return Some(room);
        }
        let _waits = self.pressure.wait();
        tokio::select! {
            room = Arc::clone(&self.room).acquire_many_owned(count) => room.ok(),
            () = self.stop.asked() => None,
        }
    }

    /// Judges an object. Answers reason, detail and name of what is rejected.
    fn take_object(&self, notice: ObjectNotice, ticket: &Ticket, work: &mut Sorted) -> Option<(String, String, Option<SourceId>)> {
        let Some(origin) = self.origins.get(&notice.bucket) else {
            let source = SourceId::new(notice.bucket.as_str(), notice.key.as_str());
            return Some(("bucket_not_configured".to_owned(), format!("the bucket {} is not configured", notice.bucket), Some(source)));
        };
        let source = || SourceId::new(Arc::clone(&origin.canonical), notice.key.as_str());
        match self.rules.judge(&notice.key, notice.size_bytes) {
            Judgement::Land { kind, day } => {
                let ticket = ticket.another();
                let delivery = Delivery {
                    origin: Arc::clone(origin),
                    key: notice.key.into(),
                    version: notice.version.map(Into::into),
                    etag: notice.etag.map(Into::into),
                    size_bytes: notice.size_bytes,
                    created_ms: notice.event_time_ms,
                    kind,
                    day,
                    ticket,
                    looks: 0,
                    tries: 0,
                    room: None,
                };
                if self.horizon.is_before(day) {
                    work.old.push(Work::Land(delivery));
                } else {
                    work.recent.push(Work::Land(delivery));
                }
                None
            }
            Judgement::Ignore(reason) => {
                self.metrics.delivery("ignored");
                self.metrics.ignored(reason);
                None
            }
            Judgement::Note(reason) => {
                self.metrics.delivery("ignored");
                self.metrics.ignored(reason);
                let detail = "not a file of CloudTrail's, by its name or size; not landed".to_owned();
                let finding = Finding { kind: QuarantineKind::Object, source: source(), reason, detail };
                work.recent.push(Work::Note(Note { finding, ticket: Some(ticket.another()), room: None }));
                None
            }
            Judgement::Filter(reason) => {
                self.metrics.delivery("filtered");
                self.metrics.ignored(reason);
                None
            }
            Judgement::Reject(reason) => {
                let detail = format!("{} is outside the configured organizations and accounts", notice.key);
                Some((reason.to_owned(), detail, Some(source())))
            }
        }
    }

    /// Writes down a message that is rejected, the first time that it is received. The queue keeps it besides.
    fn note_message(&self, reason: &str, detail: &str, body: &str, ticket: &Ticket) {
        if self.talk.may("rejected") {
            tracing::warn!(
                message_id = ticket.message().id,
                reason,
                detail,
                receive_count = ticket.message().receive_count,
                "a message is rejected"
            );
        }
        if !is_first(ticket) {
            return;
        }
        let mut kept = body.len().min(KEPT_BODY_BYTES);
        while !body.is_char_boundary(kept) {
            kept -= 1;
        }
        let shown = body.get(..kept).unwrap_or_default();
        let detail = format!("message {}: {detail}; its body, {} bytes, begins: {shown}", ticket.message().id, body.len());
        // Where there are too many of them the queue alone keeps the rest: a flood of bad messages must not keep good ones waiting.
        let Ok(room) = Arc::clone(&self.notes).try_acquire_owned() else { return };
        let source = SourceId::new("", format!("message/{}", ticket.message().id));
        let finding = Finding { kind: QuarantineKind::Notification, source, reason: reason_name(reason), detail };
        // The message goes its way to the dead-letter queue once it is written down.
        self.lanes.fresh.push([Work::Note(Note { finding, ticket: Some(ticket.another()), room: Some(room) })]);
    }
}

/// Whether the message was never received before, as far as the queue tells: what is written down is written once.
fn is_first(ticket: &Ticket) -> bool {
    ticket.message().receive_count <= 1
}

/// Work in pieces that fit into the room there is.
fn chunked(work: Vec<Work>) -> impl Iterator<Item = Vec<Work>> {
    let mut work = work.into_iter();
    std::iter::from_fn(move || {
        let some: Vec<Work> = work.by_ref().take(1_000).collect();
        (!some.is_empty()).then_some(some)
    })
}

/// The names that reasons have in `quarantine/`.
fn reason_name(reason: &str) -> &'static str {
    let faults = trailkeep_notifications::MessageFault::ALL.iter().map(|fault| fault.as_str());
    let entries = trailkeep_notifications::EntryFault::ALL.iter().map(|fault| fault.as_str());
    let ours = ["bucket_not_configured", "organization_not_configured", "account_not_configured"];
    faults.chain(entries).chain(ours).find(|name| *name == reason).unwrap_or("rejected")
}
