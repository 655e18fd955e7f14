//! What came of it: gaps, and a line for each account and Region.

use std::collections::BTreeMap;

use trailkeep_keys::{AccountId, Region};

use super::{Cause, LagSummary};

/// What was not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lacks {
    /// `digests`: no verified Digest speaks of these hours.
    Digests,
    /// `sources`: their Digests list log files, and none landed in these hours or the hours beside them.
    Sources,
}

impl Lacks {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Digests => "digests",
            Self::Sources => "sources",
        }
    }
}

/// Hours that follow one another in which something was expected and not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// Start of its first hour, milliseconds since 1970. It may have begun before the window did.
    pub since_ms: i64,
    /// End of its last hour, milliseconds since 1970.
    pub until_ms: i64,
    /// It lasts to the end of the window, and so maybe longer.
    pub open: bool,
    /// What was not there.
    pub lacks: Lacks,
    /// Why, likely.
    pub cause: Cause,
}

/// Whether an account in a Region has delivered all that was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Every expected hour has its Digest, and what they list.
    Complete,
    /// It has gaps.
    Incomplete,
    /// It is not known whether it should deliver; whatever was delivered, it is not called complete.
    Unknown,
}

impl Standing {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Unknown => "unknown",
        }
    }
}

/// An account in a Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellSummary {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// How it stands.
    pub standing: Standing,
    /// The Region is on by default; the account was not asked.
    pub assumed: bool,
    /// Hours of the window in which something was expected.
    pub expected_hours: u64,
    /// Those without a gap.
    pub covered_hours: u64,
    /// How many gaps, those left out of the list too.
    pub gaps: u64,
    /// Lag of its log files.
    pub lag: LagSummary,
}

impl CellSummary {
    /// Covered of expected hours, in hundredths of a percent, rounded down: 10,000 only if all are. None if nothing was expected.
    pub fn covered_basis_points(&self) -> Option<u64> {
        basis_points(self.covered_hours, self.expected_hours)
    }
}

/// Someone who delivered and is not on the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unexpected {
    /// How many Digests.
    pub digests: u64,
    /// How many log files.
    pub sources: u64,
    /// The earliest time in their names, milliseconds since 1970.
    pub first_ms: i64,
    /// The latest.
    pub last_ms: i64,
}

/// What came of coverage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One line for each account and Region, in that order.
    pub cells: Vec<CellSummary>,
    /// Gaps by account, Region and time: the first [`super::MAX_GAPS`].
    pub gaps: Vec<Gap>,
    /// Gaps that were counted and not told.
    pub gaps_left_out: u64,
    /// Accounts of which no Region is known.
    pub without_regions: Vec<AccountId>,
    /// Accounts and Regions that delivered and are not on the roster: the first 10,000 that were met.
    pub unexpected: BTreeMap<(AccountId, Region), Unexpected>,
    /// Digests and log files of others that are not on the roster.
    pub unexpected_left_out: u64,
    /// Trail events that were not kept: a gap's cause may be one of them.
    pub events_left_out: u64,
    /// Lag of all log files together.
    pub lag: LagSummary,
}

impl Report {
    /// Whether every account and Region delivered all that was expected, and what was expected is known. Of an empty roster nothing is known.
    pub fn is_complete(&self) -> bool {
        let known = self.without_regions.is_empty() && !self.cells.is_empty();
        known && self.cells.iter().all(|cell| cell.standing == Standing::Complete)
    }

    /// Expected and covered hours of all together.
    pub fn hours(&self) -> (u64, u64) {
        self.cells.iter().fold((0, 0), |(expected, covered), cell| (expected + cell.expected_hours, covered + cell.covered_hours))
    }

    /// As [`CellSummary::covered_basis_points`], of all together.
    pub fn covered_basis_points(&self) -> Option<u64> {
        let (expected, covered) = self.hours();
        basis_points(covered, expected)
    }
}

fn basis_points(covered: u64, expected: u64) -> Option<u64> {
    (u128::from(covered) * 10_000).checked_div(u128::from(expected)).map(|points| points as u64)
}

/// Most accounts and Regions that are kept although no roster has them.
const MAX_STRANGERS: usize = 10_000;

/// Those who are not on the roster.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    pub(super) known: BTreeMap<(AccountId, Region), Unexpected>,
    pub(super) left_out: u64,
}

impl Strangers {
    pub(super) fn met(&mut self, account: AccountId, region: Region, at_ms: i64, digest: bool) {
        let full = self.known.len() >= MAX_STRANGERS;
        if full && !self.known.contains_key(&(account, region)) {
            self.left_out += 1;
            return;
        }
        let first = Unexpected { digests: 0, sources: 0, first_ms: at_ms, last_ms: at_ms };
        self.known.entry((account, region)).or_insert(first).met(at_ms, digest);
    }

    /// Takes what was observed of one place together.
    pub(super) fn merge(&mut self, account: AccountId, region: Region, all: Unexpected) {
        let full = self.known.len() >= MAX_STRANGERS;
        if full && !self.known.contains_key(&(account, region)) {
            self.left_out += all.digests + all.sources;
            return;
        }
        let known = self.known.entry((account, region)).or_insert(Unexpected { digests: 0, sources: 0, ..all });
        (known.digests, known.sources) = (known.digests + all.digests, known.sources + all.sources);
        (known.first_ms, known.last_ms) = (known.first_ms.min(all.first_ms), known.last_ms.max(all.last_ms));
    }
}

impl Unexpected {
    pub(super) fn met(&mut self, at_ms: i64, digest: bool) {
        self.digests += u64::from(digest);
        self.sources += u64::from(!digest);
        self.first_ms = self.first_ms.min(at_ms);
        self.last_ms = self.last_ms.max(at_ms);
    }
}
