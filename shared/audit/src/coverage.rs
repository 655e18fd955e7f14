//! Coverage: the hours that accounts and Regions should have delivered, and those that they did.
//!
//! CloudTrail delivers a Digest each hour, also when nothing happened, so that silence is told from quiet. Expected are the hours of each
//! account in each Region from when the account joined (or the Region was enabled) until it left or was suspended. Observed are hours that
//! a Digest speaks of, by the half hour: the Digest whose period holds hh:30 is that hour's Digest, so that Digests which begin at any
//! minute are counted once. Hours are kept as bits: 8 MB for 5,000 accounts × 17 Regions × 31 days, four times.
//!
//! Whether Digests are signed and chained is not looked at here: give verified ones. Holes shorter than an hour are the chain's affair.

use trailkeep_keys::{AccountId, Region};

mod bitmap;
mod cause;
mod cells;
mod folded;
mod gaps;
mod lag;
mod report;
mod roster;
#[cfg(test)]
mod tests;

pub use cause::{Cause, TrailEvent, TrailEventKind};
pub use folded::Folded;
pub use lag::LagSummary;
pub use report::{CellSummary, Gap, Lacks, Report, Standing, Unexpected};
pub use roster::{AccountScope, AccountStatus, Enablement, RegionScope};

use self::{bitmap::Bitmap, cells::Cells, lag::Lags, report::Strangers};

/// One hour in milliseconds.
pub const HOUR_MS: i64 = 3_600_000;
/// Most hours of account × Region × hour that are looked at together: 2^30, 128 MiB for each of four bitmaps.
pub const MAX_HOURS: u64 = 1 << 30;
/// Most gaps that are told one by one. The rest is counted.
pub const MAX_GAPS: usize = 100_000;
/// Most trail events that are kept for causes.
pub const MAX_TRAIL_EVENTS: usize = 10_000;

/// Why coverage cannot be looked at as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CoverageError {
    /// The end is not after the start.
    #[error("the window ends before it begins")]
    EmptyWindow,
    /// Accounts × Regions × hours exceed [`MAX_HOURS`].
    #[error("{0} hours of accounts and regions are more than {MAX_HOURS}: take a shorter window, or fewer accounts at a time")]
    TooLarge(u64),
}

/// A Digest, verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObservedDigest {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// Start of its period, milliseconds since 1970.
    pub start_ms: i64,
    /// End of its period.
    pub end_ms: i64,
    /// How many log files it lists.
    pub log_files: u64,
}

/// A log file that landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObservedSource {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// The time in its name, milliseconds since 1970.
    pub delivered_ms: i64,
    /// The latest event in it, milliseconds since 1970; none where that is not known. A file may be delivered after a trail was stopped, with what was
    /// recorded before.
    pub last_event_ms: Option<i64>,
    /// When it landed, milliseconds since 1970; none where lag has no meaning, as for a backfill.
    pub landed_ms: Option<i64>,
}

/// Expected against observed, over one window of whole hours.
#[derive(Debug)]
pub struct Coverage {
    cells: Cells,
    span: Span,
    digests: Bitmap,
    /// Hours whose Digest lists files.
    listing: Bitmap,
    sources: Bitmap,
    /// Hours that the latest event of a file is of.
    recorded: Bitmap,
    lags: Vec<Lags>,
    events: Vec<TrailEvent>,
    events_left_out: u64,
    strangers: Strangers,
}

impl Coverage {
    /// Expects what the roster says, in the whole hours of `since_ms` to `until_ms` (milliseconds since 1970, widened to whole hours). Let it end two
    /// hours ago: CloudTrail delivers Digests some time after their period.
    ///
    /// # Errors
    /// [`CoverageError`]: a fault of the question.
    pub fn new(since_ms: i64, until_ms: i64, roster: &[AccountScope]) -> Result<Self, CoverageError> {
        let span = Span::new(since_ms, until_ms)?;
        let hours = span.hours as u64;
        let cells = Cells::of(roster);
        let all = hours.saturating_mul(cells.len() as u64);
        if all.max(hours) > MAX_HOURS {
            return Err(CoverageError::TooLarge(all.max(hours)));
        }
        let map = || Bitmap::new(all as usize);
        Ok(Self {
            span,
            digests: map(),
            listing: map(),
            sources: map(),
            recorded: map(),
            lags: vec![Lags::default(); cells.len()],
            cells,
            events: Vec::new(),
            events_left_out: 0,
            strangers: Strangers::default(),
        })
    }

    /// Takes a Digest.
    pub fn digest(&mut self, digest: &ObservedDigest) {
        let Some(cell) = self.cells.find(digest.account, digest.region) else {
            return self.strangers.met(digest.account, digest.region, digest.end_ms, true);
        };
        for hour in self.span.halves(digest.start_ms, digest.end_ms) {
            self.digests.set(cell * self.span.hours + hour);
            if digest.log_files > 0 {
                self.listing.set(cell * self.span.hours + hour);
            }
        }
    }

    /// Takes a log file.
    pub fn source(&mut self, source: &ObservedSource) {
        let Some(cell) = self.cells.find(source.account, source.region) else {
            return self.strangers.met(source.account, source.region, source.delivered_ms, false);
        };
        let (delivered, recorded) = self.span.hours_of(source);
        if let Some(hour) = recorded {
            self.recorded.set(cell * self.span.hours + hour);
        }
        if let Some(hour) = delivered {
            self.sources.set(cell * self.span.hours + hour);
            if let (Some(landed_ms), Some(lags)) = (source.landed_ms, self.lags.get_mut(cell)) {
                lags.add(landed_ms.saturating_sub(source.delivered_ms));
            }
        }
    }

    /// Takes an event that stopped or started a trail, as a likely cause of gaps.
    pub fn trail_event(&mut self, event: TrailEvent) {
        if self.events.len() < MAX_TRAIL_EVENTS {
            self.events.push(event);
        } else {
            self.events_left_out += 1;
        }
    }
}

/// The whole hours of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    /// The first one, in hours since 1970.
    first_hour: i64,
    hours: usize,
}

impl Span {
    fn new(since_ms: i64, until_ms: i64) -> Result<Self, CoverageError> {
        let first_hour = since_ms.div_euclid(HOUR_MS);
        let last_hour = until_ms.div_euclid(HOUR_MS) + i64::from(until_ms.rem_euclid(HOUR_MS) != 0);
        let hours = usize::try_from(last_hour - first_hour).ok().filter(|hours| *hours > 0).ok_or(CoverageError::EmptyWindow)?;
        Ok(Self { first_hour, hours })
    }

    /// Hours whose half (hh:30) lies in a period.
    fn halves(self, start_ms: i64, end_ms: i64) -> std::ops::Range<usize> {
        let half = |ms: i64| ms.saturating_add(HOUR_MS / 2 - 1).div_euclid(HOUR_MS);
        self.within(half(start_ms))..self.within(half(end_ms))
    }

    /// A number of hours since 1970 as one of the window, clamped to it.
    fn within(self, hour: i64) -> usize {
        hour.saturating_sub(self.first_hour).clamp(0, self.hours as i64) as usize
    }

    /// In which hours a log file was delivered, and its latest event recorded, as far as they are of the window.
    fn hours_of(self, source: &ObservedSource) -> (Option<usize>, Option<usize>) {
        let hour = |ms: i64| usize::try_from(ms.div_euclid(HOUR_MS) - self.first_hour).ok().filter(|hour| *hour < self.hours);
        (hour(source.delivered_ms), hour(source.last_event_ms.unwrap_or(source.delivered_ms)))
    }
}
