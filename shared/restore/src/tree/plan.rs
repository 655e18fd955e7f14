//! What a restore of the tree will write, found by one pass over `sources/`. Counts, segments and file names are
//! kept, rows are not: an archive can hold hundreds of millions of them.

use std::collections::{BTreeMap, BTreeSet};

use trailkeep_archive::SourceRow;

use super::{Revisions, TreeError, TreeFilter};

/// What a restore of the tree will write.
#[derive(Debug, Clone)]
pub struct Plan {
    filter: TreeFilter,
    /// Files of `sources/` with at least one wanted row, oldest Batch first.
    pub(super) files: Vec<String>,
    /// Originals to write.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Originals that are left out because a later revision of the same key is written.
    pub older_revisions: u64,
    segments: BTreeSet<String>,
    buckets: BTreeSet<String>,
    newest: Revisions,
    /// Objects and bytes of revision 1 whose key has later revisions too are not known before the end of the pass.
    revised: BTreeMap<(String, String), Vec<(u32, u64)>>,
}

impl Plan {
    pub(super) fn new(filter: TreeFilter) -> Self {
        Self {
            filter,
            files: Vec::new(),
            objects: 0,
            bytes: 0,
            older_revisions: 0,
            segments: BTreeSet::new(),
            buckets: BTreeSet::new(),
            newest: Revisions::new(),
            revised: BTreeMap::new(),
        }
    }

    /// Keys of the segments that hold the originals.
    pub fn segments(&self) -> Vec<String> {
        self.segments.iter().cloned().collect()
    }

    pub(super) fn take(&mut self, rows: &[SourceRow], file: String) {
        let before = self.objects;
        for row in rows.iter().filter(|row| self.filter.holds(row)) {
            self.objects += 1;
            self.bytes += row.segment_length;
            if !self.buckets.contains(&row.bucket) {
                self.buckets.insert(row.bucket.clone());
            }
            if !self.segments.contains(&row.segment) {
                self.segments.insert(row.segment.clone());
            }
            if row.revision > 1 {
                let identity = (row.bucket.clone(), row.key.clone());
                let newest = self.newest.entry(identity.clone()).or_default();
                *newest = row.revision.max(*newest);
                self.revised.entry(identity).or_default().push((row.revision, row.segment_length));
            }
        }
        if self.objects > before {
            self.files.push(file);
        }
    }

    pub(super) fn finish(mut self) -> Result<Self, TreeError> {
        if self.buckets.len() > 1 {
            return Err(TreeError::SeveralBuckets { buckets: self.buckets.into_iter().collect() });
        }
        for (identity, revisions) in std::mem::take(&mut self.revised) {
            let newest = self.newest.get(&identity).copied().unwrap_or_default();
            // Revision 1 and the revisions between are left out; of revision 1 the size is not known, so the total of
            // bytes stays an upper bound.
            self.older_revisions += u64::from(newest) - 1;
            self.objects -= (u64::from(newest) - 1).min(self.objects);
            let older: u64 = revisions.iter().filter(|(revision, _)| *revision < newest).map(|(_, bytes)| bytes).sum();
            self.bytes -= older.min(self.bytes);
        }
        Ok(self)
    }

    /// Whether a row is written: wanted, and the newest revision of its key.
    pub(super) fn holds(&self, row: &SourceRow) -> bool {
        let newest = || self.newest.get(&(row.bucket.clone(), row.key.clone()));
        // Most archives have no revisions at all: no identity is built for a look-up in nothing.
        self.filter.holds(row) && (self.newest.is_empty() || newest().is_none_or(|newest| *newest == row.revision))
    }
}
