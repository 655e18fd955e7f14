//! Hands the listed objects out to the workers in chunks: large ones first, smaller towards the end, so that all
//! workers end at about the same time. Copies of one key stay in one chunk.

use std::sync::{Mutex, PoisonError};

use super::delivery::Delivery;

/// Most objects handed out at once. One ledger transaction admits them.
const MAX_CHUNK_OBJECTS: usize = 512;
/// Fewest objects handed out at once, so that the ledger's cost stays spread.
const MIN_CHUNK_OBJECTS: usize = 16;
/// Most stored bytes handed out at once, beyond the first object: 16 MiB. It bounds how far a Batch can overshoot its size.
const MAX_CHUNK_BYTES: u64 = 16 << 20;

/// The work of one round, in order.
#[derive(Debug)]
pub(crate) struct WorkQueue {
    rest: Mutex<std::vec::IntoIter<Delivery>>,
    workers: usize,
}

impl WorkQueue {
    /// Takes deliveries sorted by (delivery day, canonical key).
    pub(crate) fn new(deliveries: Vec<Delivery>, workers: usize) -> Self {
        Self { rest: Mutex::new(deliveries.into_iter()), workers: workers.max(1) }
    }

    /// How many were never handed out.
    pub(crate) fn left(&self) -> u64 {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    /// The next chunk; empty when nothing is left.
    pub(crate) fn take(&self) -> Vec<Delivery> {
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let share = rest.len() / (self.workers * 4);
        let most = share.clamp(MIN_CHUNK_OBJECTS, MAX_CHUNK_OBJECTS);
        let mut chunk: Vec<Delivery> = Vec::with_capacity(most.min(rest.len()));
        let mut bytes = 0_u64;
        while let Some(next) = rest.as_slice().first() {
            let copy_of_last = chunk.last().is_some_and(|last| last.same_key(next));
            if !copy_of_last && !chunk.is_empty() && (chunk.len() >= most || bytes >= MAX_CHUNK_BYTES) {
                break;
            }
            bytes = bytes.saturating_add(next.size_bytes);
            chunk.extend(rest.next());
        }
        chunk
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(path: &str, size_bytes: u64) -> Delivery {
        Delivery { size_bytes, ..Delivery::for_tests(path) }
    }

    #[test]
    fn everything_is_handed_out_once_and_in_order() {
        let queue = WorkQueue::new((0..2_000).map(|n| delivery(&format!("{n:05}"), 10)).collect(), 2);
        let mut seen = Vec::new();
        let mut sizes = Vec::new();
        loop {
            let chunk = queue.take();
            if chunk.is_empty() {
                break;
            }
            sizes.push(chunk.len());
            seen.extend(chunk.into_iter().map(|d| d.path));
        }
        assert_eq!(seen, (0..2_000).map(|n| format!("{n:05}")).collect::<Vec<_>>());
        assert!(sizes.first() > sizes.last(), "chunks shrink towards the end: {sizes:?}");
    }

    #[test]
    fn bytes_bound_a_chunk_and_one_large_object_still_goes_out() {
        let queue = WorkQueue::new((0..100).map(|n| delivery(&n.to_string(), MAX_CHUNK_BYTES * 2)).collect(), 1);
        assert_eq!(queue.take().len(), 1);
    }

    #[test]
    fn copies_of_one_key_are_never_parted() {
        let copies = (0..40).map(|_| delivery("same", 1)).collect();
        assert_eq!(WorkQueue::new(copies, 4).take().len(), 40);
    }
}
