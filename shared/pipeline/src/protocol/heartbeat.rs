//! The heartbeat of an open Batch: a handle; dropped, it stops soon, and [`Heartbeat::stop`] waits until it has.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Handle, task::JoinHandle, time::MissedTickBehavior};

use super::OpenBatch;
use crate::ports::ledger::{Flip, Ledger};

/// Beats a Batch's counter in the background, as long as the handle lives and the Batch is this worker's.
#[derive(Debug)]
pub struct Heartbeat {
    lost: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Heartbeat {
    /// Starts beating on `runtime`, `every` so often: a quarter of the lease or less.
    pub fn start(runtime: &Handle, ledger: Arc<dyn Ledger>, open: OpenBatch, every: Duration) -> Self {
        let lost = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&lost);
        let task = runtime.spawn(async move { beat(ledger, open, every, &flag).await });
        Self { lost, task }
    }

    /// Whether another worker took the Batch for dead. Work on it is in vain then: its commit will be refused.
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Stops, and waits for a beat that is under way. Before a worker gives its own Batch up: a beat after that would find the Batch aborted and
    /// take it for another worker's doing.
    pub async fn stop(mut self) {
        self.task.abort();
        // It ends by being cancelled, or by itself.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn beat(ledger: Arc<dyn Ledger>, open: OpenBatch, every: Duration, lost: &AtomicBool) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match ledger.beat(&open.batch, &open.owner).await {
            Ok(Flip::Done) => {}
            Ok(Flip::Refused(item)) => {
                if item.state == crate::ports::ledger::BatchState::Aborted {
                    tracing::warn!(batch = %open.batch, "another worker took this batch for dead");
                    lost.store(true, Ordering::Release);
                }
                return;
            }
            Err(error) => tracing::warn!(batch = %open.batch, %error, "a heartbeat failed; it goes on"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use trailkeep_archive::BatchId;

    use super::*;
    use crate::{
        memory::MemoryLedger,
        ports::ledger::{AbortIf, WorkerId},
    };

    async fn opened(ledger: &MemoryLedger, random: u64) -> OpenBatch {
        let open = OpenBatch { batch: BatchId::new(1_760_000_000_000, random), owner: WorkerId::new("first", 0), epoch: 1 };
        ledger.open(&open.batch, &open.owner, 1, 0).await.unwrap();
        open
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_batch_that_its_own_worker_gives_up_after_the_last_beat_is_not_lost() {
        let ledger = MemoryLedger::new("ledger");
        ledger.set_ready(1).await.unwrap();
        for random in 0..2_000 {
            let open = opened(&ledger, random).await;
            let heartbeat = Heartbeat::start(&Handle::current(), Arc::new(ledger.clone()), open.clone(), Duration::from_nanos(1));
            let lost = Arc::clone(&heartbeat.lost);
            heartbeat.stop().await;
            ledger.abort(&open.batch, &AbortIf::OwnedBy(open.owner.clone())).await.unwrap();
            tokio::task::yield_now().await;
            assert!(!lost.load(Ordering::Acquire), "batch {random}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_batch_that_another_worker_aborts_is_lost() {
        let ledger = MemoryLedger::new("ledger");
        ledger.set_ready(1).await.unwrap();
        let open = opened(&ledger, 1).await;
        ledger.abort(&open.batch, &AbortIf::BeatStillAt(0)).await.unwrap();
        let heartbeat = Heartbeat::start(&Handle::current(), Arc::new(ledger.clone()), open.clone(), Duration::from_secs(5));
        while !heartbeat.is_lost() {
            tokio::task::yield_now().await;
        }
    }
}
