//! The machine's clocks and random numbers.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use trailkeep_pipeline::{ingest::Surroundings, protocol::Moment};

/// Both clocks; the wall clock may be moved for trials.
#[derive(Debug)]
pub(crate) struct Machine {
    began: Instant,
    offset_ms: i64,
}

impl Machine {
    pub(crate) fn new(offset_ms: i64) -> Self {
        Self { began: Instant::now(), offset_ms }
    }
}

impl Surroundings for Machine {
    fn now(&self) -> Moment {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let unix_ms = (since_epoch.as_millis() as i64).saturating_add(self.offset_ms);
        Moment { unix_ms, monotonic_ms: self.began.elapsed().as_millis() as u64 }
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        match getrandom::fill(&mut bytes) {
            Ok(()) => u64::from_ne_bytes(bytes),
            // Without the system's random numbers: what no two processes share at a time.
            Err(_) => u64::from(std::process::id()) << 32 ^ self.began.elapsed().as_nanos() as u64,
        }
    }
}
