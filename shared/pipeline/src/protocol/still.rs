//! Watching counters stand still: how death is judged without comparing anybody's wall clocks.

use std::{collections::HashMap, hash::Hash, time::Duration};

use super::Moment;

/// Most things watched at a time; beyond it the watch starts over, which only delays a verdict.
const MAX_WATCHED: usize = 100_000;

/// Remembers since when, on this observer's own monotonic clock, each counter has stood where it stands.
#[derive(Debug)]
pub struct Stillness<K> {
    lease_ms: u64,
    seen: HashMap<K, Seen>,
}

#[derive(Debug)]
struct Seen {
    counter: u64,
    since_ms: u64,
}

impl<K: Eq + Hash> Stillness<K> {
    /// A watch that calls dead what did not move for `lease`.
    pub fn new(lease: Duration) -> Self {
        Self { lease_ms: u64::try_from(lease.as_millis()).unwrap_or(u64::MAX), seen: HashMap::new() }
    }

    /// Takes a look at a counter. True once it was seen unmoved, in looks of this observer, for at least one lease length.
    pub fn is_dead(&mut self, key: K, counter: u64, now: Moment) -> bool {
        if self.seen.len() >= MAX_WATCHED {
            self.seen.clear();
        }
        let seen = self.seen.entry(key).or_insert(Seen { counter, since_ms: now.monotonic_ms });
        if seen.counter != counter {
            *seen = Seen { counter, since_ms: now.monotonic_ms };
        }
        now.monotonic_ms.saturating_sub(seen.since_ms) >= self.lease_ms
    }

    /// Forgets what needs no watching any more.
    pub fn forget(&mut self, key: &K) {
        self.seen.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(monotonic_ms: u64) -> Moment {
        Moment { unix_ms: 0, monotonic_ms }
    }

    #[test]
    fn a_counter_is_dead_only_after_a_whole_lease_of_this_observer() {
        let mut watch = Stillness::new(Duration::from_secs(1));
        assert!(!watch.is_dead("a", 7, at(5_000)), "a first look proves nothing");
        assert!(!watch.is_dead("a", 7, at(5_999)));
        assert!(!watch.is_dead("a", 8, at(6_500)), "it moved");
        assert!(!watch.is_dead("a", 8, at(7_499)));
        assert!(watch.is_dead("a", 8, at(7_500)));
        watch.forget(&"a");
        assert!(!watch.is_dead("a", 8, at(9_000)));
    }
}
