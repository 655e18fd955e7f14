//! What a run wants of the world outside.

use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::runtime::Handle;

use crate::{
    ports::bucket::LogBucket,
    protocol::{Moment, Protocol},
};

/// Time and chance, so that tests own them.
pub trait Surroundings: Debug + Send + Sync {
    /// Both clocks now.
    fn now(&self) -> Moment;

    /// 64 random bits, for Batch ids.
    fn random(&self) -> u64;
}

/// The outside of a run.
#[derive(Debug, Clone)]
pub struct IngestPorts {
    /// Where CloudTrail's files come from.
    pub origin: Arc<dyn LogBucket>,
    /// The archive and its ledger, joined.
    pub protocol: Arc<Protocol>,
    /// This process's name in the ledger; see [`crate::ports::ledger::WorkerId`].
    pub process: String,
    /// Clocks and randomness.
    pub surroundings: Arc<dyn Surroundings>,
    /// The runtime that the ports' futures run on. A run blocks on it, so it must be called from a thread that is not the runtime's own.
    pub runtime: Handle,
}

/// Asks a run to stop: it takes nothing new, lands what it has begun, and ends. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(Arc<AtomicBool>);

impl Shutdown {
    /// Asks.
    pub fn request(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was asked.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}
