//! The progress bar: objects, Records, MB/s of inflated JSON, time left. Drawn on standard error, on a terminal only.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use trailkeep_pipeline::ingest::{Observer, Settled};

use crate::figures::grouped;

/// How often the bar is drawn.
const TICK: Duration = Duration::from_millis(200);

/// Counts what a run tells and draws it. The bar's length is stored bytes, so that the time left is right for objects of all sizes.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    objects: AtomicU64,
    taken: AtomicU64,
    records: AtomicU64,
    inflated_bytes: std::sync::Arc<AtomicU64>,
}

impl Progress {
    /// `shown` = false counts in silence.
    pub(super) fn new(shown: bool) -> Self {
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let inflated_bytes = std::sync::Arc::new(AtomicU64::new(0));
        bar.set_style(style(std::sync::Arc::clone(&inflated_bytes)));
        bar.set_message("listing");
        if shown {
            bar.enable_steady_tick(TICK);
        }
        Self { bar, objects: AtomicU64::new(0), taken: AtomicU64::new(0), records: AtomicU64::new(0), inflated_bytes }
    }

    /// Takes the bar away.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn tell(&self) {
        let (done, all) = (self.objects.load(Ordering::Relaxed), self.taken.load(Ordering::Relaxed));
        let mut text = format!("{} of {} objects", grouped(done), grouped(all));
        let records = self.records.load(Ordering::Relaxed);
        if records > 0 {
            // Writing to a String cannot fail.
            let _ = write!(text, ", {} records", grouped(records));
        }
        self.bar.set_message(text);
    }
}

/// Objects between two texts of the bar: making one costs more than counting.
const TOLD_EVERY: u64 = 64;

impl Observer for Progress {
    fn listed(&self, _objects: u64, taken: u64, bytes: u64) {
        self.taken.fetch_add(taken, Ordering::Relaxed);
        self.bar.inc_length(bytes);
        self.tell();
    }

    fn settled(&self, object: Settled) {
        self.inflated_bytes.fetch_add(object.inflated_bytes, Ordering::Relaxed);
        self.bar.inc(object.stored_bytes);
        if self.objects.fetch_add(1, Ordering::Relaxed).is_multiple_of(TOLD_EVERY) {
            self.tell();
        }
    }

    fn published(&self, _batch: &str, _objects: u64, records: u64) {
        self.records.fetch_add(records, Ordering::Relaxed);
        self.tell();
    }
}

fn style(inflated: std::sync::Arc<AtomicU64>) -> ProgressStyle {
    let speed = move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        let bytes = inflated.load(Ordering::Relaxed) as f64;
        let _ = write!(out, "{:.0} MB/s", bytes / 1e6 / state.elapsed().as_secs_f64().max(0.001));
    };
    ProgressStyle::with_template("{spinner} [{bar:30}] {percent:>3} %  {msg}  {speed}  {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .with_key("speed", speed)
        .progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_has_a_valid_template() {
        let progress = Progress::new(false);
        progress.listed(2, 1, 10);
        progress.settled(Settled { stored_bytes: 10, inflated_bytes: 100 });
        assert_eq!(progress.bar.position(), 10);
        assert_eq!(progress.bar.length(), Some(10));
    }
}
