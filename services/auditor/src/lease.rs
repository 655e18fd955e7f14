//! The right to work: one auditor of an archive at a time. Whoever does not have it watches the counter, and takes over what stands still.
//!
//! Two rounds at once would tell things twice; they could not harm the archive. So a holder that lost the lease ends its round, and no more is asked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinHandle;
use trailkeep_pipeline::{
    ports::ledger::{LeaseAnswer, Ledger, LedgerError, WorkerId},
    protocol::{Moment, Stillness},
};

/// The lease's name in the Ledger.
const NAME: &str = "auditor";

/// Asks for the lease, again and again with the same watch.
#[derive(Debug)]
pub(crate) struct Candidate {
    ledger: Arc<dyn Ledger>,
    holder: WorkerId,
    watch: Stillness<WorkerId>,
    lease: Duration,
}

/// The lease, held: a task moves its counter.
#[derive(Debug)]
pub(crate) struct Lease {
    ledger: Arc<dyn Ledger>,
    holder: WorkerId,
    lost: Arc<AtomicBool>,
    beating: JoinHandle<()>,
}

/// What asking came to.
#[derive(Debug)]
pub(crate) enum Asked {
    /// It is the asker's.
    Taken(Lease),
    /// Another has it.
    HeldBy(WorkerId),
}

/// Why a round must not go on.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another auditor took over.
    #[error("another auditor took the lease over: this round ends here")]
    Lost,
    /// The ledger failed: nobody knows whose the lease is.
    #[error("the auditor's lease cannot be moved")]
    Ledger(#[from] LedgerError),
}

impl Candidate {
    pub(crate) fn new(ledger: Arc<dyn Ledger>, process: &str, lease: Duration) -> Self {
        Self { ledger, holder: WorkerId::new(process, 0), watch: Stillness::new(lease), lease }
    }

    /// Asks once.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub(crate) async fn ask(&mut self, now: Moment) -> Result<Asked, LedgerError> {
        let held = match self.ledger.take_lease(NAME, &self.holder, None).await? {
            LeaseAnswer::Taken => return Ok(self.taken()),
            LeaseAnswer::HeldBy(held) => held,
        };
        let dead = self.ledger.is_gone(&held.holder).await? || self.watch.is_dead(held.holder.clone(), held.counter, now);
        if !dead {
            return Ok(Asked::HeldBy(held.holder));
        }
        match self.ledger.take_lease(NAME, &self.holder, Some(&held)).await? {
            LeaseAnswer::Taken => {
                tracing::warn!(from = %held.holder, "the lease stood still and is taken over");
                self.watch.forget(&held.holder);
                Ok(self.taken())
            }
            LeaseAnswer::HeldBy(other) => Ok(Asked::HeldBy(other.holder)),
        }
    }

    fn taken(&self) -> Asked {
        let lost = Arc::new(AtomicBool::new(false));
        let beating = tokio::spawn(beat(Arc::clone(&self.ledger), self.holder.clone(), self.lease / 4, Arc::clone(&lost)));
        Asked::Taken(Lease { ledger: Arc::clone(&self.ledger), holder: self.holder.clone(), lost, beating })
    }
}

impl Lease {
    /// Moves the counter: to be called before anything is written or sent.
    ///
    /// # Errors
    /// [`LeaseError`]: the round ends.
    pub(crate) async fn hold(&self) -> Result<(), LeaseError> {
        if self.lost.load(Ordering::Acquire) || !self.ledger.beat_lease(NAME, &self.holder).await? {
            self.lost.store(true, Ordering::Release);
            return Err(LeaseError::Lost);
        }
        Ok(())
    }

    /// Gives it back.
    pub(crate) async fn release(self) {
        self.beating.abort();
        if let Err(error) = self.ledger.release_lease(NAME, &self.holder).await {
            tracing::warn!(%error, "the lease could not be given back; it runs out by itself");
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

/// Moves the counter while long steps run.
async fn beat(ledger: Arc<dyn Ledger>, holder: WorkerId, every: Duration, lost: Arc<AtomicBool>) {
    loop {
        tokio::time::sleep(every).await;
        match ledger.beat_lease(NAME, &holder).await {
            Ok(true) => {}
            Ok(false) => return lost.store(true, Ordering::Release),
            Err(error) => tracing::warn!(%error, "the lease could not be moved; it goes on"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use trailkeep_pipeline::memory::MemoryLedger;

    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment { unix_ms: 0, monotonic_ms: seconds * 1_000 }
    }

    async fn ask(candidate: &mut Candidate, seconds: u64) -> Option<Lease> {
        match candidate.ask(at(seconds)).await.unwrap() {
            Asked::Taken(lease) => Some(lease),
            Asked::HeldBy(_) => None,
        }
    }

    #[tokio::test]
    async fn one_of_two_works_and_the_other_takes_over_what_stands_still() {
        let ledger: Arc<dyn Ledger> = Arc::new(MemoryLedger::new("ledger"));
        let candidate = |name: &str| Candidate::new(Arc::clone(&ledger), name, Duration::from_mins(1));
        let (mut a, mut b) = (candidate("a"), candidate("b"));
        let first = ask(&mut a, 0).await.unwrap();
        assert!(ask(&mut b, 0).await.is_none());
        first.hold().await.unwrap();
        assert!(ask(&mut b, 59).await.is_none(), "it moved since");
        first.beating.abort();
        assert!(ask(&mut b, 118).await.is_none());
        let second = ask(&mut b, 119).await.unwrap();
        assert!(matches!(first.hold().await, Err(LeaseError::Lost)));
        second.hold().await.unwrap();
        second.release().await;
        assert!(ask(&mut a, 120).await.is_some(), "what was given back is taken at once");
    }
}
