//! One state for all that differ in names only: slots of Batches that nothing speaks of are given back, and workers have no names.

use super::state::{BATCHES, Ledger, NO_ITEM, NO_OBJECTS, NONE, Request, Stand, State};

impl State {
    pub(super) fn canonical(mut self) -> Self {
        let mut names = [NONE; BATCHES];
        let mut next = 0;
        for (batch, name) in names.iter_mut().enumerate() {
            if self.is_spoken_of(batch as u8) {
                *name = next;
                next += 1;
            }
        }
        self.rename(names);
        self.workers.sort_unstable();
        self.late.sort_unstable();
        self
    }

    /// The slot of a new Batch: the one after all others.
    pub(super) fn free_slot(&self) -> Option<u8> {
        let taken = (0..BATCHES as u8).rev().find(|batch| self.is_spoken_of(*batch)).map_or(0, |batch| batch + 1);
        (usize::from(taken) < BATCHES).then_some(taken)
    }

    fn is_spoken_of(&self, batch: u8) -> bool {
        let objects = &self.archive[usize::from(batch)];
        objects.manifest
            || objects.raw
            || objects.events
            || objects.sources
            || self.workers.iter().any(|worker| worker.batch == batch || worker.target == batch)
            || speaks_of(&self.ledger, batch)
            || self.saved.as_ref().is_some_and(|ledger| speaks_of(ledger, batch))
            || self.late.iter().any(|request| request.batches().contains(&batch))
    }

    fn rename(&mut self, names: [u8; BATCHES]) {
        if (0..BATCHES as u8).all(|batch| names[usize::from(batch)] == batch || !self.has_anything(batch)) {
            return;
        }
        let renamed = |batch: u8| names.get(usize::from(batch)).copied().unwrap_or(NONE);
        let archive = std::mem::replace(&mut self.archive, [NO_OBJECTS; BATCHES]);
        for (objects, name) in archive.into_iter().zip(names) {
            if let Some(slot) = self.archive.get_mut(usize::from(name)) {
                *slot = objects;
            }
        }
        rename_ledger(&mut self.ledger, names);
        if let Some(saved) = &mut self.saved {
            rename_ledger(saved, names);
        }
        for worker in &mut self.workers {
            worker.batch = renamed(worker.batch);
            worker.target = renamed(worker.target);
        }
        for request in &mut self.late {
            for batch in request.batches_mut() {
                *batch = renamed(*batch);
            }
        }
    }

    fn has_anything(&self, batch: u8) -> bool {
        let slot = usize::from(batch);
        self.is_spoken_of(batch) || self.archive[slot] != NO_OBJECTS || self.ledger.items[slot] != NO_ITEM
    }
}

fn speaks_of(ledger: &Ledger, batch: u8) -> bool {
    let stand = ledger.items[usize::from(batch)].stand;
    !matches!(stand, Stand::Absent | Stand::Aborted) || ledger.pointers.contains(&batch)
}

fn rename_ledger(ledger: &mut Ledger, names: [u8; BATCHES]) {
    let items = std::mem::replace(&mut ledger.items, [NO_ITEM; BATCHES]);
    for (item, name) in items.into_iter().zip(names) {
        if let Some(slot) = ledger.items.get_mut(usize::from(name)) {
            *slot = item;
        }
    }
    for pointer in &mut ledger.pointers {
        *pointer = names.get(usize::from(*pointer)).copied().unwrap_or(NONE);
    }
}

impl Request {
    /// The Batches that it names.
    fn batches(mut self) -> [u8; 2] {
        let mut named = [NONE; 2];
        for (name, batch) in named.iter_mut().zip(self.batches_mut()) {
            *name = *batch;
        }
        named
    }

    fn batches_mut(&mut self) -> Vec<&mut u8> {
        match self {
            Self::TakeOver { batch, from, .. } => vec![batch, from],
            Self::DeleteMessage { .. } => vec![],
            Self::Open { batch, .. }
            | Self::Admit { batch, .. }
            | Self::Release { batch, .. }
            | Self::PutManifest { batch, .. }
            | Self::Commit { batch, .. }
            | Self::Abort { batch }
            | Self::Publish { batch, .. }
            | Self::Mark { batch }
            | Self::Abandon { batch }
            | Self::DeleteManifest { batch } => vec![batch],
        }
    }
}
