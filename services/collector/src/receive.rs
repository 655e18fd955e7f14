//! Receivers: as many long polls at a time as there is room for messages.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc::UnboundedSender},
    time::Instant,
};

use trailkeep_pipeline::ports::queue::{MAX_OF_A_CALL, QueueMessage};

use crate::{
    intake::Intake,
    keeper::Told,
    lander::Shared,
    message::Message,
    stages::{self, Receive},
    stop::Stop,
};

/// How long to wait after a receive that failed, the first time; doubled each time.
const PAUSE: Duration = Duration::from_secs(1);
/// ... and at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What the receivers of one collector share.
#[derive(Debug, Clone)]
pub(crate) struct Receivers {
    pub(crate) shared: Arc<Shared>,
    pub(crate) intake: Arc<Intake>,
    /// Messages that may be in hand.
    pub(crate) room: Arc<Semaphore>,
    pub(crate) told: UnboundedSender<Told>,
    pub(crate) settled: UnboundedSender<Arc<Message>>,
    pub(crate) stop: Stop,
    /// How many receive at a time: one while the queue is quiet, twice as many after each answer of ten.
    pub(crate) wanted: Arc<tokio::sync::watch::Sender<usize>>,
    /// Set once the queue has answered.
    pub(crate) answered: Arc<tokio::sync::watch::Sender<bool>>,
}

impl Receivers {
    /// Room for the messages of one receive; `None` when asked to stop.
    async fn room(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(MAX_OF_A_CALL as u32) {
            return Some(room);
        }
        let _waits = self.shared.pressure.wait();
        tokio::select! {
            room = Arc::clone(&self.room).acquire_many_owned(MAX_OF_A_CALL as u32) => room.ok(),
            () = self.stop.asked() => None,
        }
    }

    /// A full answer says that there is more; an empty one that a single long poll will do. Each idle long poll is a request that is paid for.
    fn want(&self, received: usize) {
        let most = self.shared.settings.bounds.receivers.max(1);
        self.wanted.send_if_modified(|wanted| {
            let now = match received {
                0 => 1,
                MAX_OF_A_CALL.. => (*wanted * 2).min(most),
                _ => *wanted,
            };
            std::mem::replace(wanted, now) != now
        });
    }
}

/// Receives until it is asked to stop; receiver `number` only while so many are wanted.
pub(crate) async fn receive(all: Receivers, number: usize) {
    let mut pause = PAUSE;
    let mut wanted = all.wanted.subscribe();
    while !all.stop.is_asked() {
        // The sender lives as long as this.
        tokio::select! { _ = wanted.wait_for(|wanted| *wanted > number) => {}, () = all.stop.asked() => break }
        if all.shared.breaker.is_open() {
            tokio::select! { () = all.shared.breaker.may_receive() => {}, () = all.stop.asked() => break }
        }
        let Some(room) = all.room().await else { break };
        let times = &all.shared.settings.times;
        let asked = Receive { most: MAX_OF_A_CALL, wait: times.wait, hidden: times.hidden };
        // A receive is not cut short: what it answers after that would stay hidden for nothing. Stopping waits for the long poll's end
        // in the background and gives back what comes.
        let answer = stages::call(&all.shared.stages.receive, asked).await;
        match answer {
            Ok(messages) => {
                pause = PAUSE;
                all.answered.send_replace(true);
                all.want(messages.len());
                take(&all, messages, room).await;
            }
            Err(error) => {
                all.answered.send_replace(false);
                tracing::error!(error = error.told(), "nothing could be received; it is tried again");
                all.shared.fatal.check(&error);
                drop(room);
                tokio::select! { () = tokio::time::sleep(pause) => {}, () = all.stop.asked() => break }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

async fn take(all: &Receivers, messages: Vec<QueueMessage>, mut room: OwnedSemaphorePermit) {
    let received = Instant::now();
    let mut taken = Vec::with_capacity(messages.len());
    // The keeper hears of all of them first: the second may have to wait until there is room for what the first one announces.
    for mut message in messages {
        let body = std::mem::take(&mut message.body);
        // There is one permit for each of the ten that may come.
        let Some(place) = room.split(1) else { break };
        let ticket = Message::received(message, received, place, all.settled.clone());
        // The keeper outlives the receivers.
        let _ = all.told.send(Told::Received(Arc::clone(ticket.message())));
        all.shared.metrics.received();
        taken.push((body, ticket));
    }
    drop(room);
    for (body, ticket) in taken {
        if all.stop.is_asked() {
            ticket.retry_after(Duration::ZERO);
        } else {
            all.intake.take(&body, ticket).await;
        }
    }
}
