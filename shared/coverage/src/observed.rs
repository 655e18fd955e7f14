//! What the archive shows: Digests and log files of the window, out of `sources/`.

use trailkeep_archive::{Outcome, SourceKind};
use trailkeep_audit::{
    Day,
    coverage::{Folded, HOUR_MS, ObservedDigest, ObservedSource},
};
use trailkeep_keys::{AccountId, Region};
use trailkeep_restore::{Archive, SourceColumns, SourceFiles};

use crate::{asked::Asked, error::LookError, seen::Seen};

#[cfg(test)]
mod tests;

/// What is read of each row.
const COLUMNS: &[&str] = &["key", "kind", "account", "region", "delivered_at", "last_event_at", "outcome", "revision", "landed_at"];
/// How the names of backfill Digests end.
const BACKFILL: &str = "_backfill.json.gz";

/// What landed of the window.
#[derive(Debug)]
pub struct Observed {
    /// Digests, by their names, and log files of the window.
    pub folded: Folded,
    /// Who was seen, as far as anything was read.
    pub seen: Seen,
}

impl Observed {
    /// Reads the days of `sources/` that the window needs, and those that were not read before: a Region that was seen long before the window and is
    /// silent in it is a gap.
    ///
    /// # Errors
    /// [`LookError`].
    pub async fn read(archive: &Archive, asked: &Asked, before: Seen) -> Result<Self, LookError> {
        let bucket = archive.bucket().as_ref();
        let files = SourceFiles::list(bucket, before.floor(asked.since_ms)).await?;
        let mut observed = Self { folded: Folded::new(asked.since_ms, asked.until_ms)?, seen: before };
        (0..files.len()).filter_map(|number| files.batch(number)).for_each(|batch| observed.seen.read(Day::of(batch.unix_ms())));
        let take = |_, sights: Vec<Sight>| {
            for sight in sights {
                observed.take(sight, asked);
            }
            Ok::<(), LookError>(())
        };
        files.each_of(bucket, None, COLUMNS, |row| Sight::of(&row), take).await?;
        Ok(observed)
    }

    fn take(&mut self, sight: Sight, asked: &Asked) {
        let Sight { account, region, at_ms, last_event_ms, digest, landed_ms } = sight;
        let start_ms = if digest { at_ms - HOUR_MS } else { at_ms };
        // The first hour that a Digest covers is the first whose half it holds.
        let seen_ms = if digest { (start_ms + HOUR_MS / 2 - 1).div_euclid(HOUR_MS) * HOUR_MS } else { at_ms };
        self.seen.saw(account, region, seen_ms);
        if !asked.has(account, region) {
            return;
        }
        if digest && at_ms > asked.since_ms && start_ms < asked.until_ms {
            // What it lists is not in its key, and is for the verification.
            self.folded.digest(&ObservedDigest { account, region, start_ms, end_ms: at_ms, log_files: 0 });
        } else if !digest && (asked.since_ms..asked.until_ms).contains(&at_ms) {
            self.folded.source(&ObservedSource { account, region, delivered_ms: at_ms, last_event_ms, landed_ms });
        }
    }
}

/// A row of `sources/`, as far as coverage goes.
#[derive(Debug, Clone, Copy)]
struct Sight {
    account: AccountId,
    region: Region,
    /// The time in its name.
    at_ms: i64,
    /// The latest event in it.
    last_event_ms: Option<i64>,
    digest: bool,
    landed_ms: Option<i64>,
}

impl Sight {
    fn of(row: &SourceColumns<'_>) -> Option<Self> {
        let kind: SourceKind = row.text("kind")?.parse().ok()?;
        let digest = kind == SourceKind::Digest;
        if !digest && kind != SourceKind::Log {
            return None;
        }
        // A backfill Digest lists what another one left out, and covers no hour; neither does one that cannot be read.
        let unread = || row.text("outcome").is_none_or(|outcome| outcome == Outcome::Quarantined.as_str());
        if digest && (row.text("key").is_none_or(|key| key.ends_with(BACKFILL)) || unread()) {
            return None;
        }
        Some(Self {
            account: row.text("account")?.parse().ok()?,
            region: row.text("region")?.parse().ok()?,
            at_ms: row.time_ms("delivered_at")?,
            last_event_ms: row.time_ms("last_event_at"),
            digest,
            // What lands a second time is late for no fault of its delivery.
            landed_ms: row.time_ms("landed_at").filter(|_| row.number("revision") == Some(1)),
        })
    }
}
