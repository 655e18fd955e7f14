//! A lander gathers Deliveries into one open Batch at a time, seals it, and has it published while it gathers the next one.

mod chunk;
mod examine;
mod finish;
mod reserved;
mod thread;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Mutex, Semaphore},
    task::JoinSet,
    time::Instant,
};
use trailkeep_archive::BatchId;
use trailkeep_pipeline::{
    batch::BatchSettings,
    ingest::Surroundings,
    ports::ledger::{Landed, SourceId, WorkerId},
    protocol::{Heartbeat, OpenBatch, Protocol},
};

use self::thread::Writing;
use crate::{
    breaker::Breaker,
    delivery::{Delivery, Note, Work},
    fatal::Fatal,
    lane::Lane,
    metrics::CollectorMetrics,
    pressure::Pressure,
    settings::Settings,
    stages::Stages,
    talk::Talk,
};

/// Deliveries of one chunk: they are admitted together.
const CHUNK: usize = 128;
/// Chunks of one lander under way at a time: one is admitted while others are fetched and decoded.
const CHUNKS: usize = 4;
/// How often an open Batch is looked at while nothing comes.
const LOOK: Duration = Duration::from_secs(1);
/// How long to wait before a ledger that failed is asked again to open a Batch.
const OPEN_AGAIN: Duration = Duration::from_secs(2);
/// How often this process begins with a Delivery before its message is left to be retried.
pub(crate) const MAX_TRIES: u8 = 3;

/// What all landers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) stages: Stages,
    pub(crate) protocol: Arc<Protocol>,
    pub(crate) surroundings: Arc<dyn Surroundings>,
    pub(crate) process: String,
    pub(crate) metrics: CollectorMetrics,
    pub(crate) breaker: Breaker,
    pub(crate) fatal: Fatal,
    /// Log lines that may come by the thousand.
    pub(crate) talk: Talk,
    /// Whether receiving waits for messages to be settled.
    pub(crate) pressure: Pressure,
    /// How far back the ledger is sure to remember.
    pub(crate) horizon: crate::older::Horizon,
    /// Deliveries that are to be looked at again later, with the lane that they came from.
    pub(crate) later: crate::later::Later,
}

/// What a lander takes, and how much of it makes a Batch.
#[derive(Debug, Clone)]
pub(crate) struct Intake {
    pub(crate) lane: Arc<Lane<Work>>,
    /// It takes only while more than this wait.
    pub(crate) over: usize,
    /// LogObjects of one Batch.
    pub(crate) objects: usize,
    /// Longest age of its Batches; none = as the settings say.
    pub(crate) age: Option<Duration>,
    /// Memory for builders, sort copies and encoders of one Batch, in bytes.
    pub(crate) builder_bytes: usize,
    /// Whether `sources/` is asked before the ledger, which may have forgotten.
    pub(crate) old: bool,
}

/// An open Batch while it gathers.
#[derive(Debug)]
struct Gathering {
    open: OpenBatch,
    heartbeat: Heartbeat,
    writing: Writing,
    opened: Instant,
    intake: Intake,
    /// What waits for the Batch to be published.
    waiting: Mutex<Waiting>,
    /// Sources that a chunk is at work on; the other chunks of the Batch leave them alone meanwhile.
    reserved: std::sync::Mutex<HashSet<SourceId>>,
    /// What the ledger has forgotten of sources that were asked about: all their revisions.
    forgotten: Mutex<HashMap<SourceId, Landed>>,
    /// Sources (at revision 1) that it has let go of in the ledger: it never lands them any more, since a release whose answer was late would take away what
    /// points to it.
    released: std::sync::Mutex<HashSet<SourceId>>,
}

/// What is settled once a Batch is published.
#[derive(Debug, Default)]
struct Waiting {
    /// Landed in it.
    landed: Vec<Delivery>,
    /// Announced again: the Batch has landed the same content. Their messages may be the only ones left, so that they wait, too.
    again: Vec<Delivery>,
    /// It had no room for these any more: the next Batch takes them.
    left: Vec<Delivery>,
    /// Written down in it; a message each, if one waits.
    noted: Vec<Note>,
}

/// Gathers, seals and publishes until its lane is closed and empty.
pub(crate) async fn land(shared: Arc<Shared>, number: usize, intake: Intake) {
    let owner = WorkerId::new(&shared.process, number);
    let publishing = Arc::new(Semaphore::new(1));
    let mut published = JoinSet::new();
    loop {
        let first = intake.lane.take(CHUNK.min(intake.objects), intake.over, None).await;
        if first.is_empty() {
            break;
        }
        let Some(gathering) = open(&shared, &owner, &intake, first.len()).await else {
            intake.lane.put_back(first);
            if intake.lane.is_closed() {
                break;
            }
            tokio::time::sleep(OPEN_AGAIN).await;
            continue;
        };
        let gathering = gather(&shared, gathering, first).await;
        // One Batch is published while the next one gathers, and no more than that.
        let Ok(turn) = Arc::clone(&publishing).acquire_owned().await else { break };
        let shared = Arc::clone(&shared);
        shared.pressure.begin_finishing();
        published.spawn(async move {
            finish::finish(&shared, gathering).await;
            shared.pressure.end_finishing();
            drop(turn);
        });
        while published.try_join_next().is_some() {}
    }
    while published.join_next().await.is_some() {}
}

/// Opens a Batch in the ledger, and starts its heartbeat and its thread. `None`: not now.
async fn open(shared: &Shared, owner: &WorkerId, intake: &Intake, waiting: usize) -> Option<Gathering> {
    let now = shared.surroundings.now();
    let batch = BatchId::new(now.unix_ms, shared.surroundings.random());
    let open = match shared.protocol.open(batch, owner.clone(), now).await {
        Ok(open) => open,
        Err(error) => {
            let error = crate::stages::StageError::from(error);
            tracing::error!(error = error.told(), waiting, "no batch could be opened; what was received waits");
            shared.fatal.check(&error);
            return None;
        }
    };
    shared.metrics.batch_opened();
    let heartbeat =
        Heartbeat::start(&tokio::runtime::Handle::current(), Arc::clone(shared.protocol.ledger()), open.clone(), shared.settings.beat);
    let settings = BatchSettings { builder_bytes: intake.builder_bytes, ..shared.settings.batch.clone() };
    let started = Writing::start(settings, shared.settings.seal, Arc::clone(shared.protocol.bucket()), batch);
    match started {
        Ok(writing) => Some(Gathering {
            open,
            heartbeat,
            writing,
            opened: Instant::now(),
            intake: intake.clone(),
            waiting: Mutex::default(),
            reserved: std::sync::Mutex::default(),
            released: std::sync::Mutex::default(),
            forgotten: Mutex::default(),
        }),
        Err(error) => {
            tracing::error!(%error, "the system gives no thread for a batch");
            finish::give_up(shared, &open, heartbeat, &[]).await;
            None
        }
    }
}

impl Gathering {
    /// When the Batch is to be sealed, as it stands now.
    fn due(&self, shared: &Shared) -> Instant {
        let age = shared.settings.seal.age_of(self.writing.progress().encoded_bytes());
        self.opened + self.intake.age.unwrap_or(age).min(age)
    }

    /// Remembers what it lets go of in the ledger.
    fn remember_released(&self, sources: &[SourceId]) {
        let mut released = self.released.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        released.extend(sources.iter().map(|source| source.at_revision(1)));
    }

    /// Whether messages wait for it.
    async fn has_landed(&self) -> bool {
        let waiting = self.waiting.lock().await;
        !waiting.landed.is_empty() || !waiting.again.is_empty() || waiting.noted.iter().any(|note| note.ticket.is_some())
    }

    fn is_full(&self, shared: &Shared, taken: usize) -> bool {
        taken >= self.intake.objects || self.writing.progress().is_full(&shared.settings.seal) || self.heartbeat.is_lost()
    }
}

/// Takes from the lane until the Batch is full or old enough, or the lane is closed and empty.
async fn gather(shared: &Arc<Shared>, gathering: Gathering, first: Vec<Work>) -> Gathering {
    let gathering = Arc::new(gathering);
    let intake = gathering.intake.clone();
    let mut taken = first.len();
    let mut chunks = JoinSet::new();
    chunks.spawn(chunk::take_in(Arc::clone(shared), Arc::clone(&gathering), first));
    while !gathering.is_full(shared, taken) && !shared.fatal.is_set() {
        while chunks.len() >= CHUNKS {
            chunks.join_next().await;
        }
        let room = intake.objects.saturating_sub(taken).clamp(1, CHUNK);
        let due = gathering.due(shared);
        if Instant::now() >= due {
            break;
        }
        // Its age depends on what it holds by then, and others may wait for the room that its messages take.
        let look = due.min(Instant::now() + LOOK);
        let chunk = intake.lane.take(room, intake.over, Some(look)).await;
        if chunk.is_empty() {
            if intake.lane.is_closed() || (shared.pressure.is_waiting() && gathering.has_landed().await) {
                break;
            }
            continue;
        }
        taken += chunk.len();
        chunks.spawn(chunk::take_in(Arc::clone(shared), Arc::clone(&gathering), chunk));
    }
    while chunks.join_next().await.is_some() {}
    let left = std::mem::take(&mut gathering.waiting.lock().await.left);
    intake.lane.put_back(left.into_iter().map(Work::Land).collect());
    match Arc::try_unwrap(gathering) {
        Ok(gathering) => gathering,
        // Every chunk has ended, and with it its hold.
        Err(_) => unreachable!("a chunk outlived its end"),
    }
}

impl Shared {
    /// Gives a Delivery back to be tried again by this process after `wait`, or by whoever receives its message once it was tried often enough.
    pub(crate) fn again(&self, intake: &Intake, mut delivery: Delivery, wait: Duration, reason: &'static str) {
        delivery.tries += 1;
        if delivery.tries > MAX_TRIES {
            return self.retry(delivery, reason, None);
        }
        self.later.put(Arc::clone(&intake.lane), Work::Land(delivery), wait);
    }

    /// As [`Shared::again`], where the ledger or the archive failed: that is no fault of the object, so it is tried for as long as it takes. Receiving stops by
    /// itself when there is no more room, so that no message burns its receives.
    pub(crate) fn again_without_blame(&self, intake: &Intake, delivery: Delivery, reason: &'static str) {
        self.metrics.retried(reason);
        self.later.put(Arc::clone(&intake.lane), Work::Land(delivery), self.settings.look_again);
    }

    /// Leaves a Delivery's message to be received again later: after `wait`, or as often as it was received says.
    pub(crate) fn retry(&self, delivery: Delivery, reason: &'static str, wait: Option<Duration>) {
        self.metrics.retried(reason);
        let count = delivery.ticket.message().receive_count;
        delivery.ticket.retry_after(wait.unwrap_or_else(|| self.settings.times.backoff(count)));
    }
}
