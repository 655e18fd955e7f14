//! Segments of old days, asked for in turn: rounds look at those of the last hours, and attestations at those of their day. Whoever deletes one a year later
//! would be seen by nobody else.

use std::collections::BTreeSet;

use trailkeep_archive::{BatchId, layout::ArchiveKey};
use trailkeep_verification::standing;

use super::{Round, StepError, verification::found};
use crate::{
    finding::{Found, Origin},
    lifecycle::Looked,
};

/// One day, in milliseconds.
const DAY_MS: i64 = 86_400_000;
/// In how many days each segment of the archive is asked for once.
const CYCLE_DAYS: i64 = 30;
/// Most days of open findings that are looked at again each day.
const MOST_DAYS: usize = 30;

/// What a look at old segments came to.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) found: Vec<Found>,
    pub(super) looked: Looked,
    /// Findings that are not among those found.
    pub(super) left_out: u64,
    /// Until which day, in days since 1970, it is done.
    pub(super) day: i64,
}

impl Round<'_> {
    /// Once a day: a thirtieth of the archive's days, those of days that were missed, and those with segments that did not stand.
    pub(super) async fn watch_segments(&self) -> Result<Option<Watched>, StepError> {
        let today = self.now_ms.div_euclid(DAY_MS);
        let last = self.memory.content.segments_day.filter(|last| *last <= today);
        if last == Some(today) {
            return Ok(None);
        }
        let turns = turns(last, today);
        let open: BTreeSet<i64> = self.open_days();
        let again: BTreeSet<i64> = open.iter().copied().take(MOST_DAYS).collect();
        let wants = |batch: BatchId| {
            let day = batch.unix_ms().div_euclid(DAY_MS);
            turns.contains(&day.rem_euclid(CYCLE_DAYS)) || again.contains(&day)
        };
        let standing = standing(&self.archive, wants, self.settings.bounds.findings).await?;
        tracing::info!(
            segments = standing.segments,
            files = standing.files,
            fallen = standing.findings.len(),
            "segments of old days were asked for"
        );
        let looked = Looked {
            origin: Origin::Segments,
            until_ms: i64::MAX,
            // What did not stand and was not looked at again may still not.
            partial: standing.left_out > 0 || open.len() > again.len(),
            ..Looked::default()
        };
        let found = standing.findings.iter().map(|finding| Found { origin: Origin::Segments, ..found(finding) }).collect();
        Ok(Some(Watched { found, looked, left_out: standing.left_out, day: today }))
    }

    /// Days, since 1970, of Batches with segments that did not stand when they were last asked for in turn.
    fn open_days(&self) -> BTreeSet<i64> {
        let open = self.accounts.values().flat_map(|note| &note.content.findings.open);
        let keys = open.filter(|open| open.found.origin == Origin::Segments).filter_map(|open| open.found.key.as_deref());
        keys.filter_map(batch_of).map(|batch| batch.unix_ms().div_euclid(DAY_MS)).collect()
    }
}

/// The Batch whose segment this is.
fn batch_of(key: &str) -> Option<BatchId> {
    match ArchiveKey::parse(key)? {
        ArchiveKey::Raw { batch, .. } | ArchiveKey::Digests { batch, .. } => Some(batch),
        _ => None,
    }
}

/// Whose turn it is today, by days since 1970 in a cycle, with the turns of days that were missed.
fn turns(last: Option<i64>, today: i64) -> BTreeSet<i64> {
    let first = last.map_or(today, |last| last + 1).max(today - CYCLE_DAYS + 1);
    (first..=today).map(|day| day.rem_euclid(CYCLE_DAYS)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_of_the_archive_has_its_turn_once_in_a_cycle_also_where_days_are_missed() {
        for start in [20_000, 20_017] {
            let daily: Vec<i64> = (start..start + CYCLE_DAYS).flat_map(|today| turns(Some(today - 1), today)).collect();
            assert_eq!(daily.len(), 30);
            assert_eq!(daily.into_iter().collect::<BTreeSet<i64>>(), (0..CYCLE_DAYS).collect());
        }
        assert_eq!(turns(None, 61), BTreeSet::from([1]));
        assert_eq!(turns(Some(58), 61), BTreeSet::from([29, 0, 1]), "two days were missed");
        assert_eq!(turns(Some(1), 500).len(), 30, "never more than all");
    }
}
