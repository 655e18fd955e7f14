//! The heartbeat of an open Batch: a handle; dropped, it stops.

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
