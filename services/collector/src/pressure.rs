//! Whether receiving waits for messages to be settled, while no Batch is on its way to settle any: then the Batches that are gathered must be sealed, or all would wait for each
//! other until one is old enough.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pressure(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    waiting: AtomicUsize,
    finishing: AtomicUsize,
}

/// Somebody waits; dropped, not any more.
#[derive(Debug)]
pub(crate) struct Waits(Pressure);

impl Pressure {
    /// Somebody waits for room from now on.
    pub(crate) fn wait(&self) -> Waits {
        self.0.waiting.fetch_add(1, Ordering::AcqRel);
        Waits(self.clone())
    }

    /// A Batch is being sealed and published: room will come.
    pub(crate) fn begin_finishing(&self) {
        self.0.finishing.fetch_add(1, Ordering::AcqRel);
    }

    /// It was, or has failed.
    pub(crate) fn end_finishing(&self) {
        self.0.finishing.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether somebody waits for room and none is on its way.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.waiting.load(Ordering::Acquire) > 0 && self.0.finishing.load(Ordering::Acquire) == 0
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_presses_unless_room_is_on_its_way() {
        let pressure = Pressure::default();
        assert!(!pressure.is_waiting());
        let waits = pressure.wait();
        assert!(pressure.is_waiting());
        pressure.begin_finishing();
        assert!(!pressure.is_waiting());
        pressure.end_finishing();
        assert!(pressure.is_waiting());
        drop(waits);
        assert!(!pressure.is_waiting());
    }
}
