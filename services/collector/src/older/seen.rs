//! Which Batches list which sources, as far as their `sources/` objects were read before: those never change.

use std::collections::{HashMap, HashSet};

use trailkeep_archive::BatchId;
use trailkeep_pipeline::batch::sha256;

/// Most hashes that are kept, 16 bytes each: 80 MB. What is beyond them is read each time.
const MAX_HASHES: usize = 5_000_000;

/// Hashes of the sources that each Batch lists.
#[derive(Debug)]
pub(super) struct Seen {
    /// Ascending.
    batches: HashMap<BatchId, Box<[u128]>>,
    room: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self { batches: HashMap::new(), room: MAX_HASHES }
    }
}

/// The first half of the SHA-256 of bucket and key. Two sources with one hash cost one more read, nothing else.
pub(super) fn hash_of(bucket: &str, key: &str) -> u128 {
    let hash = sha256(format!("{bucket}/{key}").as_bytes());
    hash.iter().take(16).fold(0, |all, byte| all << 8 | u128::from(*byte))
}

impl Seen {
    /// Whether a Batch may list one of these: true where its list was not kept.
    pub(super) fn may_list(&self, batch: &BatchId, wanted: &HashSet<u128>) -> bool {
        self.batches.get(batch).is_none_or(|listed| wanted.iter().any(|hash| listed.binary_search(hash).is_ok()))
    }

    /// Keeps what a Batch lists, if there is room for it.
    pub(super) fn keep(&mut self, batch: BatchId, listed: impl Iterator<Item = u128>) {
        if self.batches.contains_key(&batch) {
            return;
        }
        let mut listed: Vec<u128> = listed.collect();
        listed.sort_unstable();
        // An empty list takes room, too.
        let Some(left) = self.room.checked_sub(listed.len().max(1)) else { return };
        self.room = left;
        self.batches.insert(batch, listed.into_boxed_slice());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_kept_may_list_anything() {
        let mut seen = Seen { room: 3, ..Seen::default() };
        let [one, two, three] = [1, 2, 3].map(|random| BatchId::new(1_760_000_000_000, random));
        let wanted = HashSet::from([hash_of("logs", "a")]);
        assert!(seen.may_list(&one, &wanted), "it was never read");
        seen.keep(one, [hash_of("logs", "a"), hash_of("logs", "b")].into_iter());
        seen.keep(two, [hash_of("other", "a")].into_iter());
        seen.keep(three, [hash_of("other", "a")].into_iter());
        assert!(seen.may_list(&one, &wanted) && !seen.may_list(&two, &wanted));
        assert!(seen.may_list(&three, &wanted), "there was no room for it");
    }
}
