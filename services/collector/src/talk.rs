//! Log lines that hostile or broken input could cause by the thousand: some of each kind a minute, then how many there were.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Lines of one kind a minute.
const A_MINUTE: u32 = 20;
const MINUTE: Duration = Duration::from_secs(60);

/// Counts lines by kind; kinds are few. Clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Talk(Arc<Mutex<HashMap<&'static str, Said>>>);

#[derive(Debug)]
struct Said {
    since: Instant,
    lines: u32,
    kept_back: u64,
}

impl Talk {
    /// Whether a line of this kind is to be written now. What was kept back in an earlier minute is told with the next one.
    pub(crate) fn may(&self, kind: &'static str) -> bool {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let said = kinds.entry(kind).or_insert_with(|| Said { since: Instant::now(), lines: 0, kept_back: 0 });
        if said.since.elapsed() >= MINUTE {
            if said.kept_back > 0 {
                tracing::warn!(kind, lines = said.kept_back, "log lines of one kind were kept back");
            }
            *said = Said { since: Instant::now(), lines: 0, kept_back: 0 };
        }
        said.lines += 1;
        if said.lines > A_MINUTE {
            said.kept_back += 1;
        }
        said.lines <= A_MINUTE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_lines_of_each_kind_are_written() {
        let talk = Talk::default();
        assert_eq!((0..100).filter(|_| talk.may("one")).count(), A_MINUTE as usize);
        assert!(talk.may("other"));
    }
}
