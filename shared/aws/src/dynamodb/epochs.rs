//! Which epoch's items a handle works with.
//!
//! The epoch is part of the keys, so that whoever works with an older one changes nothing that counts. A Batch stays in the epoch in which it was
//! opened, whatever this handle learns of later rebuilds: otherwise its sources would point to a Batch that the newer epoch does not have.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use trailkeep_archive::BatchId;

/// Most Batches of other epochs that are kept in mind. A process has a few open at a time.
const MAX_OPENED: usize = 10_000;

/// What a handle knows of epochs.
#[derive(Debug, Default)]
pub(super) struct Epochs {
    /// 0 = not known yet.
    current: AtomicU64,
    opened: Mutex<HashMap<BatchId, u64>>,
}

impl Epochs {
    /// The ledger's epoch as it was last seen.
    pub(super) fn current(&self) -> Option<u64> {
        Some(self.current.load(Ordering::Acquire)).filter(|epoch| *epoch > 0)
    }

    /// The ledger said so.
    pub(super) fn learn(&self, epoch: u64) {
        self.current.store(epoch, Ordering::Release);
    }

    /// The epoch of a Batch that was opened here.
    pub(super) fn of(&self, batch: &BatchId) -> Option<u64> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).get(batch).copied()
    }

    /// A Batch was opened here.
    pub(super) fn opened(&self, batch: &BatchId, epoch: u64) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.len() >= MAX_OPENED {
            opened.clear();
        }
        opened.insert(*batch, epoch);
    }

    /// A Batch has come to its end.
    pub(super) fn ended(&self, batch: &BatchId) {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).remove(batch);
    }
}
