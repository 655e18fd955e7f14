//! How far a verification is, on standard error where that is a terminal.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use trailkeep_verification::Progress;

use crate::figures::grouped;

const BAR: &str = "{spinner} {bar:30} {pos}/{len} of sources/  {msg}  {elapsed}";
const BAR_OF_PLACES: &str = "{spinner} {bar:30} {pos}/{len} accounts and regions  {msg}  {elapsed}";

/// What was done so far.
#[derive(Debug)]
pub(in crate::commands) struct Bar {
    bar: ProgressBar,
    digests: AtomicU64,
    read: AtomicU64,
    again: AtomicU64,
}

impl Bar {
    pub(in crate::commands) fn new() -> Self {
        Self::with(BAR)
    }

    /// Counts accounts and Regions, not files of `sources/`.
    pub(in crate::commands) fn of_places() -> Self {
        Self::with(BAR_OF_PLACES)
    }

    fn with(template: &str) -> Self {
        let style = ProgressStyle::with_template(template).expect("the template is a constant that indicatif reads");
        let bar = ProgressBar::new(0).with_style(style);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, digests: AtomicU64::new(0), read: AtomicU64::new(0), again: AtomicU64::new(0) }
    }

    pub(in crate::commands) fn tell(&self, done: Progress) {
        match done {
            Progress::Files(files) => self.bar.set_length(files),
            Progress::File => self.bar.inc(1),
            Progress::Digests(digests) => drop(self.digests.fetch_add(digests, Ordering::Relaxed)),
            Progress::DigestsRead(digests) => drop(self.read.fetch_add(digests, Ordering::Relaxed)),
            Progress::ReadAgain { sources, .. } => drop(self.again.fetch_add(sources, Ordering::Relaxed)),
        }
        let count = |counter: &AtomicU64| grouped(counter.load(Ordering::Relaxed));
        // A part that is not under way says nothing: a deep reading counts no Digests.
        let is_any = |counter: &AtomicU64| counter.load(Ordering::Relaxed) > 0;
        let digests = is_any(&self.digests).then(|| format!("{} of {} digests", count(&self.read), count(&self.digests)));
        let again = is_any(&self.again).then(|| format!("{} log files read", count(&self.again)));
        self.bar.set_message(digests.into_iter().chain(again).collect::<Vec<_>>().join(", "));
    }

    pub(in crate::commands) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_is_not_under_way_is_not_counted_as_nothing() {
        let bar = Bar::new();
        bar.tell(Progress::Files(3));
        assert_eq!(bar.bar.message(), "");
        bar.tell(Progress::ReadAgain { sources: 13, bytes: 1_000 });
        assert_eq!(bar.bar.message(), "13 log files read", "no Digest was counted yet, and there may be many");
        bar.tell(Progress::Digests(49));
        bar.tell(Progress::DigestsRead(5));
        assert_eq!(bar.bar.message(), "5 of 49 digests, 13 log files read");
    }
}
