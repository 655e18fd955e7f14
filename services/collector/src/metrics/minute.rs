//! The last minute as one log line: for whoever has log lines and no scraper, as CloudWatch's metric filters.
//!
//! Its name and its fields are part of what operators build on (`docs/metrics.md`).

use std::sync::atomic::{AtomicU64, Ordering};

/// How often the line is written.
pub(crate) const EVERY: std::time::Duration = std::time::Duration::from_secs(60);

/// What was counted since the last line, and what stands now.
#[derive(Debug, Default)]
pub(super) struct Minute {
    pub(super) landed_objects: AtomicU64,
    pub(super) landed_records: AtomicU64,
    pub(super) published_batches: AtomicU64,
    pub(super) quarantined: AtomicU64,
    pub(super) rejected: AtomicU64,
    pub(super) denied: AtomicU64,
    pub(super) self_generated: AtomicU64,
    pub(super) unpublished_batches: AtomicU64,
    pub(super) messages_in_hand: AtomicU64,
    pub(super) oldest_message_age_ms: AtomicU64,
    pub(super) receiving_paused: AtomicU64,
}

impl Minute {
    pub(super) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn set(gauge: &AtomicU64, value: u64) {
        gauge.store(value, Ordering::Relaxed);
    }

    /// Writes the line; counting begins anew.
    pub(super) fn tell(&self) {
        let since = |counter: &AtomicU64| counter.swap(0, Ordering::Relaxed);
        let stands = |gauge: &AtomicU64| gauge.load(Ordering::Relaxed);
        tracing::info!(
            landed_objects = since(&self.landed_objects),
            landed_records = since(&self.landed_records),
            published_batches = since(&self.published_batches),
            quarantined = since(&self.quarantined),
            rejected = since(&self.rejected),
            denied = since(&self.denied),
            self_generated = since(&self.self_generated),
            unpublished_batches = stands(&self.unpublished_batches),
            messages_in_hand = stands(&self.messages_in_hand),
            oldest_message_age_s = stands(&self.oldest_message_age_ms) / 1_000,
            receiving_paused = stands(&self.receiving_paused),
            "the last minute"
        );
    }
}
