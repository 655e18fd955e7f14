//! What a run came to: the numbers that are told at its end.

use std::collections::BTreeMap;

use serde::Serialize;

use super::listing::Skipped;

/// What a run came to. Amounts are counts unless the name says bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct IngestSummary {
    /// Objects that were listed and are CloudTrail's (or taken by `all_files`).
    pub listed: u64,
    /// Stored bytes of these.
    pub listed_bytes: u64,
    /// Objects that this run landed: LogObjects and Digests, readable or not.
    pub landed: u64,
    /// Of the landed ones: Digests.
    pub digests: u64,
    /// Of the landed ones: objects of which no Record could be read. Their bytes are in `raw/`.
    pub unreadable: u64,
    /// Objects that an earlier run, another worker or another copy in the origin has landed.
    pub duplicates: u64,
    /// Of the landed ones: other content under a key that had landed before.
    pub revisions: u64,
    /// Objects that must be tried again: they could not be fetched, or another worker holds them.
    pub try_again: u64,
    /// Why, counted by reason.
    pub try_again_reasons: BTreeMap<String, u64>,
    /// One such failure in words.
    pub try_again_example: Option<String>,
    /// Objects that were listed and gone when they were to be read, or over the size cap: findings in `quarantine/`.
    pub missing: u64,
    /// Objects that were not looked at because the run was interrupted.
    pub left: u64,
    /// Objects passed over, by kind.
    pub skipped: Skipped,
    /// Records that were read.
    pub records: u64,
    /// Of these: landed in `events/`.
    pub records_landed: u64,
    /// Of these: dropped, because the Batch has an identical Record already.
    pub records_duplicate: u64,
    /// Of these: quarantined.
    pub records_quarantined: u64,
    /// What was quarantined, objects and Records, by reason.
    pub quarantined: BTreeMap<String, u64>,
    /// Stored bytes of the landed objects.
    pub stored_bytes: u64,
    /// Inflated bytes of the landed objects.
    pub inflated_bytes: u64,
    /// Bytes published below `events/`.
    pub events_bytes: u64,
    /// Bytes published below `raw/` and `digests/`, indexes included.
    pub raw_bytes: u64,
    /// Bytes published below `sources/`, `quarantine/` and `index/`.
    pub table_bytes: u64,
    /// Batches that this run published.
    pub batches: u64,
    /// Batches of others (crashed runs) that this run finished or cleared away before it began.
    pub recovered: u64,
    /// Whether the run was stopped before it was through.
    pub interrupted: bool,
    /// Wall time in milliseconds.
    pub elapsed_ms: u64,
}

impl IngestSummary {
    /// Adds what another worker or Batch came to.
    pub(crate) fn add(&mut self, other: &Self) {
        let pairs = [
            (&mut self.listed, other.listed),
            (&mut self.listed_bytes, other.listed_bytes),
            (&mut self.landed, other.landed),
            (&mut self.digests, other.digests),
            (&mut self.unreadable, other.unreadable),
            (&mut self.duplicates, other.duplicates),
            (&mut self.revisions, other.revisions),
            (&mut self.try_again, other.try_again),
            (&mut self.missing, other.missing),
            (&mut self.left, other.left),
            (&mut self.records, other.records),
            (&mut self.records_landed, other.records_landed),
            (&mut self.records_duplicate, other.records_duplicate),
            (&mut self.records_quarantined, other.records_quarantined),
            (&mut self.stored_bytes, other.stored_bytes),
            (&mut self.inflated_bytes, other.inflated_bytes),
            (&mut self.events_bytes, other.events_bytes),
            (&mut self.raw_bytes, other.raw_bytes),
            (&mut self.table_bytes, other.table_bytes),
            (&mut self.batches, other.batches),
            (&mut self.recovered, other.recovered),
        ];
        for (mine, theirs) in pairs {
            *mine += theirs;
        }
        self.interrupted |= other.interrupted;
        if self.try_again_example.is_none() {
            self.try_again_example.clone_from(&other.try_again_example);
        }
        for (mine, theirs) in [
            (&mut self.try_again_reasons, &other.try_again_reasons),
            (&mut self.quarantined, &other.quarantined),
            (&mut self.skipped, &other.skipped),
        ] {
            for (name, count) in theirs {
                *mine.entry(name.clone()).or_default() += count;
            }
        }
    }

    /// Objects of the listing that this summary accounts for; equals `listed` at the end of a run.
    pub fn accounted(&self) -> u64 {
        self.landed + self.duplicates + self.try_again + self.missing + self.left
    }
}

/// Counts one more under a name.
pub(crate) fn count(map: &mut BTreeMap<String, u64>, name: &str) {
    match map.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            map.insert(name.to_owned(), 1);
        }
    }
}
