//! The collector as a whole: receivers, landers, keeper and recovery, from start to drain.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::{JoinHandle, JoinSet},
    time::{Instant, timeout_at},
};
use trailkeep_pipeline::{ingest::Surroundings, ports::queue::NotificationQueue, protocol::Protocol};

use crate::{
    breaker::Breaker,
    counted::CountedQueue,
    delivery::{Origin, Work},
    fatal::Fatal,
    intake::{Intake, Lanes},
    keeper::{InHand, Keeper},
    lander::{self, Shared},
    lane::Lane,
    later::Later,
    metrics::{CollectorMetrics, minute},
    older::Horizon,
    pressure::Pressure,
    receive::{Receivers, receive},
    recovery::recover,
    settings::Settings,
    stages::{StageError, Stages},
    stop::Stop,
    talk::Talk,
};

/// LogObjects of the Batches of messages that were received for the second, third … time: a quarter each time, down to one.
const AGAIN_OBJECTS: [usize; 7] = [2_500, 625, 156, 39, 9, 2, 1];
/// Longest age of these Batches: what comes again has waited long enough.
const AGAIN_AGE: Duration = Duration::from_secs(15);
/// Longest age of Batches of what was delivered long ago.
const OLD_AGE: Duration = Duration::from_secs(60);
/// Memory for builders of one of these Batches: 8 MiB. They are small, and there may be one for each number of receives.
const AGAIN_BUILDER_BYTES: usize = 8 << 20;
/// Notes of rejected messages in hand, each with up to 8 KiB of a body.
const NOTES: usize = 2_000;
/// How often the gauges are set.
const GAUGES: Duration = Duration::from_secs(1);

/// The world outside of a collector.
#[derive(Debug)]
pub struct Ports {
    /// The queue that notifications arrive on.
    pub queue: Arc<dyn NotificationQueue>,
    /// The configured log buckets.
    pub origins: Vec<Origin>,
    /// The archive and its ledger, joined.
    pub protocol: Arc<Protocol>,
    /// Clocks and randomness.
    pub surroundings: Arc<dyn Surroundings>,
    /// This process's name in the ledger.
    pub process: String,
}

/// How a collector ended.
#[derive(Debug)]
pub enum Ended {
    /// It was asked to stop, and everything in hand was landed or given back.
    Drained,
    /// It was asked to stop, and the deadline came first: what was in hand comes back by itself.
    CutShort,
    /// It must not go on.
    Failed(StageError),
}

/// What a running collector shows.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Whether the queue has answered the last receive.
    pub receiving: watch::Receiver<bool>,
    /// Whether receiving pauses because reading is forbidden.
    breaker: Breaker,
}

impl Shown {
    /// Why it is not ready; `None` if it is.
    pub fn not_ready(&self) -> Option<&'static str> {
        if self.breaker.is_open() {
            Some("reading the log bucket is not permitted")
        } else if !*self.receiving.borrow() {
            Some("the queue has not answered")
        } else {
            None
        }
    }
}

/// A collector that is about to run.
#[derive(Debug)]
pub struct Collector {
    shared: Arc<Shared>,
    intake: Arc<Intake>,
    stop: Stop,
    answered: Arc<watch::Sender<bool>>,
}

impl Collector {
    /// Puts a collector together. Nothing is asked of the world yet.
    pub fn new(settings: Settings, ports: Ports, metrics: CollectorMetrics, stop: Stop) -> Self {
        let queue: Arc<dyn NotificationQueue> = Arc::new(CountedQueue { queue: ports.queue, metrics: metrics.clone() });
        let stages = Stages::new(&settings, &queue, &ports.protocol, &metrics);
        let lanes = Lanes {
            fresh: Arc::new(Lane::new()),
            again: AGAIN_OBJECTS.iter().map(|_| Arc::new(Lane::new())).collect(),
            old: Arc::new(Lane::new()),
        };
        let origins = ports.origins.into_iter().map(|origin| (origin.bucket.to_string(), Arc::new(origin)));
        let intake = Intake {
            origins: origins.collect::<HashMap<_, _>>(),
            rules: settings.admission.clone(),
            lanes,
            room: Arc::new(Semaphore::new(settings.bounds.deliveries.max(1_000))),
            metrics: metrics.clone(),
            horizon: Horizon::new(settings.remembered_days, Arc::clone(&ports.surroundings)),
            talk: Talk::default(),
            pressure: Pressure::default(),
            stop: stop.clone(),
            notes: Arc::new(Semaphore::new(NOTES)),
        };
        let shared = Shared {
            breaker: Breaker::new(settings.breaker, metrics.clone()),
            settings,
            stages,
            protocol: ports.protocol,
            surroundings: ports.surroundings,
            process: ports.process,
            metrics,
            fatal: Fatal::default(),
            talk: intake.talk.clone(),
            pressure: intake.pressure.clone(),
            horizon: intake.horizon.clone(),
            later: Later::default(),
        };
        Self { shared: Arc::new(shared), intake: Arc::new(intake), stop, answered: Arc::new(watch::Sender::new(false)) }
    }

    /// What it shows while it runs.
    pub fn shown(&self) -> Shown {
        Shown { receiving: self.answered.subscribe(), breaker: self.shared.breaker.clone() }
    }

    /// Runs until it is asked to stop, or must.
    pub async fn run(self) -> Ended {
        let (told, heard) = mpsc::unbounded_channel();
        let (settled, mut settlements) = mpsc::unbounded_channel();
        let in_hand = Arc::new(watch::Sender::new(InHand::default()));
        let keeper = Keeper::new(
            self.shared.stages.acknowledge.clone(),
            self.shared.settings.times,
            self.shared.metrics.clone(),
            Arc::clone(&in_hand),
        );
        let keeping = tokio::spawn(keeper.run(heard));
        let passing = tokio::spawn({
            let told = told.clone();
            async move {
                while let Some(message) = settlements.recv().await {
                    // The keeper outlives this.
                    let _ = told.send(crate::keeper::Told::Settled(message));
                }
            }
        });
        let later = tokio::spawn(self.shared.later.clone().run());
        let gauges = tokio::spawn(gauges(Arc::clone(&self.shared), Arc::clone(&in_hand)));
        let minutes = tokio::spawn(tell_minutes(self.shared.metrics.clone()));
        let recovering = tokio::spawn(recover(Arc::clone(&self.shared), self.stop.clone()));
        let landers = self.start_landers();
        let mut receivers = JoinSet::new();
        let all = Receivers {
            shared: Arc::clone(&self.shared),
            intake: Arc::clone(&self.intake),
            room: Arc::new(Semaphore::new(self.shared.settings.bounds.messages.max(10))),
            told,
            settled,
            stop: self.stop.clone(),
            wanted: Arc::new(watch::Sender::new(1)),
            answered: Arc::clone(&self.answered),
        };
        for number in 0..self.shared.settings.bounds.receivers.max(1) {
            receivers.spawn(receive(all.clone(), number));
        }
        drop(all);
        tokio::select! {
            () = self.stop.asked() => {}
            _ = self.shared.fatal.happened() => self.stop.ask(),
        }
        let deadline = Instant::now() + self.shared.settings.drain;
        // From here on what waits for its time is given back, not handed out.
        later.abort();
        let drained = timeout_at(deadline, self.drain(receivers, landers, passing, keeping)).await;
        for task in [gauges, minutes, recovering] {
            task.abort();
        }
        self.shared.metrics.tell_minute();
        match (self.shared.fatal.get(), drained) {
            (Some(error), _) => Ended::Failed(error.clone()),
            (None, Ok(())) => Ended::Drained,
            (None, Err(_)) => Ended::CutShort,
        }
    }

    fn start_landers(&self) -> JoinSet<()> {
        let mut landers = JoinSet::new();
        let settings = &self.shared.settings;
        let mut start = |number: usize, intake: lander::Intake| {
            landers.spawn(lander::land(Arc::clone(&self.shared), number, intake));
        };
        let fresh = settings.bounds.landers.max(1);
        for number in 0..fresh {
            let lane = Arc::clone(&self.intake.lanes.fresh);
            let over = number * settings.bounds.another_lander_over;
            start(
                number,
                lander::Intake {
                    lane,
                    over,
                    objects: settings.seal.objects,
                    age: None,
                    builder_bytes: settings.batch.builder_bytes / fresh,
                    old: false,
                },
            );
        }
        for (index, objects) in AGAIN_OBJECTS.into_iter().enumerate() {
            let Some(lane) = self.intake.lanes.again.get(index) else { continue };
            let objects = objects.min(settings.seal.objects);
            start(
                fresh + index,
                lander::Intake {
                    lane: Arc::clone(lane),
                    over: 0,
                    objects,
                    age: Some(AGAIN_AGE),
                    builder_bytes: AGAIN_BUILDER_BYTES,
                    old: false,
                },
            );
        }
        let lane = Arc::clone(&self.intake.lanes.old);
        let number = fresh + AGAIN_OBJECTS.len();
        start(
            number,
            lander::Intake {
                lane,
                over: 0,
                objects: settings.seal.objects,
                age: Some(OLD_AGE),
                builder_bytes: AGAIN_BUILDER_BYTES,
                old: true,
            },
        );
        landers
    }

    /// Nothing new comes in; what waits is given back, what is open is sealed and published, and what is settled is deleted.
    async fn drain(&self, mut receivers: JoinSet<()>, mut landers: JoinSet<()>, passing: JoinHandle<()>, keeping: JoinHandle<()>) {
        // Long polls end by themselves; what they answer is given back. Meanwhile the landers come to their end.
        for lane in self.intake.lanes.all() {
            lane.drain().into_iter().for_each(Work::give_back);
            lane.close();
        }
        while !landers.is_empty() {
            self.shared.later.drain().into_iter().for_each(Work::give_back);
            tokio::select! {
                _ = landers.join_next() => {}
                () = tokio::time::sleep(Duration::from_millis(200)) => {}
            }
        }
        while receivers.join_next().await.is_some() {}
        for lane in self.intake.lanes.all() {
            lane.drain().into_iter().for_each(Work::give_back);
        }
        self.shared.later.drain().into_iter().for_each(Work::give_back);
        // Every message is settled now: the senders are gone, and these end once all is answered.
        let _ = passing.await;
        let _ = keeping.await;
    }
}

/// Sets the gauges that nothing else sets.
async fn gauges(shared: Arc<Shared>, in_hand: Arc<watch::Sender<InHand>>) {
    let limit = shared.settings.bounds.messages;
    loop {
        let shown = *in_hand.borrow();
        let now_ms = shared.surroundings.now().unix_ms;
        let oldest = shown.oldest_sent_ms.map_or(0, |sent| now_ms.saturating_sub(sent).max(0));
        shared.metrics.in_hand(shown.messages, limit, oldest);
        tokio::time::sleep(GAUGES).await;
    }
}

/// Tells each minute what it came to.
async fn tell_minutes(metrics: CollectorMetrics) {
    loop {
        tokio::time::sleep(minute::EVERY).await;
        metrics.tell_minute();
    }
}
