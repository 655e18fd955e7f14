//! Work that waits for its time: back to its lane it goes then.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::{delivery::Work, lane::Lane};

/// Work by when it is due. Clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Later(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    waiting: Mutex<Waiting>,
    changed: Notify,
}

type Due = (Arc<Lane<Work>>, Work);

#[derive(Debug, Default)]
struct Waiting {
    due: BTreeMap<(Instant, u64), Due>,
    count: u64,
}

impl Later {
    /// Puts work back into its lane after `wait`.
    pub(crate) fn put(&self, lane: Arc<Lane<Work>>, work: Work, wait: Duration) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.count += 1;
        let at = (Instant::now() + wait, waiting.count);
        waiting.due.insert(at, (lane, work));
        drop(waiting);
        self.0.changed.notify_one();
    }

    /// Hands out what is due, for as long as it is polled.
    pub(crate) async fn run(self) {
        loop {
            let next = {
                let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                let now = (Instant::now(), u64::MAX);
                let rest = waiting.due.split_off(&now);
                for (lane, work) in std::mem::replace(&mut waiting.due, rest).into_values() {
                    lane.push([work]);
                }
                waiting.due.keys().next().map(|(at, _)| *at)
            };
            match next {
                Some(at) => tokio::select! { () = sleep_until(at) => {}, () = self.0.changed.notified() => {} },
                None => self.0.changed.notified().await,
            }
        }
    }

    /// Takes all that waits.
    pub(crate) fn drain(&self) -> Vec<Work> {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut waiting.due).into_values().map(|(_, work)| work).collect()
    }
}
