//! Findings as they are made: all counted, the first of them kept.

use std::collections::{BTreeMap, HashMap};

use trailkeep_archive::SourceRow;
use trailkeep_audit::completeness::FileId;

use crate::verdict::Finding;

/// Findings so far.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) kept: Vec<Finding>,
    pub(crate) counts: BTreeMap<&'static str, u64>,
    most: usize,
    /// Revisions of files that were to be read again and are not what landed, or were not read; by bucket and key as in `sources/`.
    pub(crate) not_intact: HashMap<(FileId, u32), NotIntact>,
}

/// What came of reading a source again, where it is not what landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotIntact {
    /// Its bytes are others.
    Damaged,
    /// It could not be read: it lies in an archived tier.
    NotRead,
}

impl Findings {
    pub(crate) fn new(most: usize) -> Self {
        Self { kept: Vec::new(), counts: BTreeMap::new(), most, not_intact: HashMap::new() }
    }

    /// Takes one.
    pub(crate) fn add(&mut self, finding: Finding) {
        self.count(finding.name, 1);
        if self.room() > 0 {
            self.kept.push(finding);
        }
    }

    /// Counts some that are not told one by one.
    pub(crate) fn count(&mut self, name: &'static str, count: u64) {
        *self.counts.entry(name).or_default() += count;
    }

    /// Takes others' findings after its own.
    pub(crate) fn take(&mut self, others: Self) {
        for (name, count) in others.counts {
            self.count(name, count);
        }
        let room = self.room();
        self.kept.extend(others.kept.into_iter().take(room));
    }

    /// Takes down that a source, read again, is not what landed.
    pub(crate) fn not_intact(&mut self, row: &SourceRow, what: NotIntact) {
        self.not_intact.insert((FileId::of(&row.bucket, &row.key), row.revision), what);
    }

    /// How many more would be kept.
    pub(crate) fn room(&self) -> usize {
        self.most.saturating_sub(self.kept.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}
