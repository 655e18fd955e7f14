//! One chunk at a time works on a source: what is announced again while its object is fetched would find it in the ledger and not yet in the Batch, and land
//! it a second time.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError},
    time::Duration,
};

use trailkeep_pipeline::ports::ledger::SourceId;

use super::Gathering;
use crate::{
    delivery::{Delivery, Work},
    later::Later,
};

/// How long what another chunk is at work on waits until it is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The sources of a chunk; dropped, others may work on them.
#[derive(Debug)]
pub(super) struct Reserved<'a> {
    gathering: &'a Gathering,
    sources: HashSet<SourceId>,
}

impl<'a> Reserved<'a> {
    /// Reserves the sources of these Deliveries. What another chunk has reserved is looked at again later, and so, after `look_again`, is what the Batch has let go
    /// of: another one lands that. The rest is given back.
    pub(super) fn of(gathering: &'a Gathering, later: &Later, look_again: Duration, deliveries: Vec<Delivery>) -> (Self, Vec<Delivery>) {
        let mut own = HashSet::with_capacity(deliveries.len());
        let mut all = gathering.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let released = gathering.released.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut kept, mut busy) = (Vec::with_capacity(deliveries.len()), Vec::new());
        for delivery in deliveries {
            let source = delivery.source();
            if released.contains(&source) {
                busy.push((delivery, look_again));
                continue;
            }
            // Twice in one chunk is no harm: it works on one after the other.
            if own.contains(&source) || all.insert(source.clone()) {
                own.insert(source);
                kept.push(delivery);
            } else {
                busy.push((delivery, LOOK_AGAIN));
            }
        }
        drop((all, released));
        for (delivery, wait) in busy {
            later.put(Arc::clone(&gathering.intake.lane), Work::Land(delivery), wait);
        }
        (Self { gathering, sources: own }, kept)
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        let mut all = self.gathering.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        for source in &self.sources {
            all.remove(source);
        }
    }
}
