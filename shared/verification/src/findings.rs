//! Findings as they are made: all counted, the first of them kept.

use std::collections::BTreeMap;

use crate::verdict::Finding;

/// Findings so far.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) kept: Vec<Finding>,
    pub(crate) counts: BTreeMap<&'static str, u64>,
    most: usize,
}

impl Findings {
    pub(crate) fn new(most: usize) -> Self {
        Self { kept: Vec::new(), counts: BTreeMap::new(), most }
    }

    /// Takes one.
    pub(crate) fn add(&mut self, finding: Finding) {
        self.count(finding.name, 1);
        if self.has_room() {
            self.kept.push(finding);
        }
    }

    /// Counts some that are not told one by one.
    pub(crate) fn count(&mut self, name: &'static str, count: u64) {
        *self.counts.entry(name).or_default() += count;
    }

    /// Whether one more would be kept.
    pub(crate) fn has_room(&self) -> bool {
        self.kept.len() < self.most
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}
