//! What subscribers are told of a Batch's Digests: gathered from their rows.

use std::collections::BTreeSet;

use trailkeep_archive::{LandedDigests, MAX_LISTED, SourceRow};

/// The Digests of a Batch so far.
#[derive(Debug, Default)]
pub(super) struct Digests {
    keys: BTreeSet<String>,
    accounts: BTreeSet<String>,
    regions: BTreeSet<String>,
    digests: u64,
    period_ends_ms: Option<(i64, i64)>,
    bytes: u64,
}

impl Digests {
    /// Takes one. `period_end_ms`: as it says itself, if it could be read.
    pub(super) fn take(&mut self, row: &SourceRow, period_end_ms: Option<i64>) {
        self.digests += 1;
        self.bytes += row.segment_length;
        for (set, text) in
            [(&mut self.keys, Some(&row.segment)), (&mut self.accounts, row.account.as_ref()), (&mut self.regions, row.region.as_ref())]
        {
            if let Some(text) = text.filter(|text| !set.contains(*text)) {
                set.insert(text.clone());
            }
        }
        if let Some(end) = period_end_ms {
            let (first, last) = self.period_ends_ms.unwrap_or((end, end));
            self.period_ends_ms = Some((first.min(end), last.max(end)));
        }
    }

    /// What is told of them; nothing where there are none.
    pub(super) fn told(self) -> Option<LandedDigests> {
        (self.digests > 0).then(|| LandedDigests {
            keys: self.keys.into_iter().collect(),
            account_count: self.accounts.len() as u64,
            accounts: self.accounts.into_iter().take(MAX_LISTED).collect(),
            regions: self.regions.into_iter().take(MAX_LISTED).collect(),
            digests: self.digests,
            first_period_end_ms: self.period_ends_ms.map(|(first, _)| first),
            last_period_end_ms: self.period_ends_ms.map(|(_, last)| last),
            bytes: self.bytes,
        })
    }
}
