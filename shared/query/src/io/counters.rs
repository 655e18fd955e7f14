//! What one question costs: requests and bytes as they would be on S3, and what was left unread and why.

use std::sync::atomic::{AtomicU64, Ordering};

/// What one question cost. Requests and bytes are those of S3: neighbouring ranges are fetched together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IoStats {
    /// Listing requests (one a page).
    pub lists: u64,
    /// Requests for bytes.
    pub gets: u64,
    /// Bytes asked for.
    pub bytes: u64,
    /// Files of the table in the days that were listed.
    pub files_listed: u64,
    /// Files left out because their Batch is not published.
    pub files_unpublished: u64,
    /// Files left out by category, event day and what time filters say about it.
    pub files_pruned_by_partition: u64,
    /// Files left out by the event-id index.
    pub files_pruned_by_index: u64,
    /// Files given to the scan.
    pub files_scanned: u64,
    /// Days of `outcomes/` that were read to tell whether events are verified.
    pub outcome_days_read: u64,
    /// Files left out while the scan ran, by what was found meanwhile.
    pub files_pruned_by_scan: u64,
    /// Row groups of the scanned files.
    pub row_groups: u64,
    /// Row groups left out by their statistics.
    pub row_groups_pruned_by_statistics: u64,
    /// Row groups left out by bloom filters.
    pub row_groups_pruned_by_bloom: u64,
    /// Rows left out by the page index.
    pub rows_pruned_by_page_index: u64,
}

/// Counts while a question runs.
#[derive(Debug, Default)]
pub(crate) struct IoCounters {
    lists: AtomicU64,
    gets: AtomicU64,
    bytes: AtomicU64,
    files_listed: AtomicU64,
    files_unpublished: AtomicU64,
    files_pruned_by_partition: AtomicU64,
    files_pruned_by_index: AtomicU64,
    files_scanned: AtomicU64,
    outcome_days_read: AtomicU64,
}

impl IoCounters {
    pub(crate) fn listed_page(&self) {
        self.lists.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn got(&self, bytes: u64) {
        self.gets.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn files_listed(&self, count: usize) {
        self.files_listed.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn files_unpublished(&self, count: usize) {
        self.files_unpublished.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn files_pruned_by_partition(&self, count: usize) {
        self.files_pruned_by_partition.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn files_pruned_by_index(&self, count: usize) {
        self.files_pruned_by_index.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn files_scanned(&self, count: usize) {
        self.files_scanned.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub(crate) fn outcome_day_read(&self) {
        self.outcome_days_read.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts so far; what the scan's own metrics know is left zero.
    pub(crate) fn so_far(&self) -> IoStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        IoStats {
            lists: read(&self.lists),
            gets: read(&self.gets),
            bytes: read(&self.bytes),
            files_listed: read(&self.files_listed),
            files_unpublished: read(&self.files_unpublished),
            files_pruned_by_partition: read(&self.files_pruned_by_partition),
            files_pruned_by_index: read(&self.files_pruned_by_index),
            files_scanned: read(&self.files_scanned),
            outcome_days_read: read(&self.outcome_days_read),
            ..IoStats::default()
        }
    }
}
