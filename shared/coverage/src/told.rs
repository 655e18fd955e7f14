//! What is told.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
};

use trailkeep_audit::{
    attestation::{CoverageStatement, GapStatement},
    coverage::{Cause, CellSummary, Gap, Report, Standing},
};
use trailkeep_keys::AccountId;
use trailkeep_organization::Reconciled;

use crate::{
    asked::Asked,
    expected::{Basis, Expected},
};

/// Among [`Told::unknown`] where there is no roster.
pub const OBSERVED_ONLY: &str =
    "accounts were observed in the archive, not taken from the organization's roster: whoever never delivered is not among them";
/// Most accounts or Regions that are named in a sentence.
const MOST_NAMED: usize = 20;

/// Coverage of a window. Times are milliseconds since 1970.
#[derive(Debug, Clone)]
pub struct Told {
    /// Address of the archive.
    pub archive: String,
    /// The window's beginning.
    pub since_ms: i64,
    /// Its end.
    pub until_ms: i64,
    /// Every expected hour is covered, and what was expected is known.
    pub complete: bool,
    /// Why it cannot be called complete, beside gaps.
    pub unknown: Vec<String>,
    /// How the expected accounts are known.
    pub basis: Basis,
    /// When the roster was last observed; none: there is none.
    pub roster_observed_ms: Option<i64>,
    /// Accounts' names, as far as they are known.
    pub names: BTreeMap<AccountId, String>,
    /// The roster held against Organizations' own records; empty without a roster.
    pub reconciled: Reconciled,
    /// Hours, gaps and lag.
    pub report: Report,
}

impl Told {
    pub(crate) fn new(
        archive: String,
        asked: &Asked,
        expected: Expected,
        reconciled: Reconciled,
        report: Report,
        incomplete: Option<String>,
    ) -> Self {
        let unknown = unknown(&expected, &reconciled, &report, incomplete);
        Self {
            archive,
            since_ms: asked.since_ms,
            until_ms: asked.until_ms,
            complete: report.is_complete() && unknown.is_empty(),
            unknown,
            basis: expected.basis,
            roster_observed_ms: expected.observed_ms,
            names: expected.names,
            reconciled,
            report,
        }
    }

    /// As an attestation states it.
    pub fn statement(&self) -> CoverageStatement {
        let (expected_hours, covered_hours) = self.report.hours();
        let cells = || self.report.cells.iter();
        let unknown = cells().filter(|cell| cell.standing == Standing::Unknown).count() as u64;
        CoverageStatement {
            expected_hours,
            covered_hours,
            // Whatever else forbids the word complete counts as one that is not known.
            unknown: unknown.max(u64::from(!self.unknown.is_empty())),
            assumed: cells().filter(|cell| cell.assumed).count() as u64,
            gaps: self.report.gaps.iter().map(gap).collect(),
            gaps_left_out: self.report.gaps_left_out,
        }
    }
}

fn gap(gap: &Gap) -> GapStatement {
    GapStatement {
        account: gap.account.to_string(),
        region: gap.region.to_string(),
        since_ms: gap.since_ms,
        until_ms: gap.until_ms,
        lacks: gap.lacks.name().to_owned(),
        cause: gap.cause.name().to_owned(),
        event_id: if let Cause::TrailStopped { event_id, .. } = &gap.cause { Some(event_id.clone()) } else { None },
    }
}

/// What forbids the word complete, beside gaps.
fn unknown(expected: &Expected, reconciled: &Reconciled, report: &Report, incomplete: Option<String>) -> Vec<String> {
    let mut reasons = Vec::new();
    if expected.basis == Basis::Observed {
        reasons.push(OBSERVED_ONLY.to_owned());
    } else if expected.stale {
        reasons.push("the roster is older than the end of the window by more than two days: accounts may have joined since".to_owned());
    }
    if let Some(reason) = incomplete.filter(|_| expected.basis == Basis::Organization) {
        reasons.push(format!("the roster cannot be held against Organizations' own records: {reason}"));
    }
    let differences = reconciled.differences.len() as u64 + reconciled.differences_left_out;
    if differences > 0 {
        reasons.push(format!(
            "the roster and what the archive holds contradict each other of {differences} accounts: run trailkeep accounts --refresh"
        ));
    }
    if report.cells.is_empty() {
        reasons.push("nobody is expected: neither a roster nor anything that landed tells who should deliver".to_owned());
    }
    if !report.without_regions.is_empty() {
        reasons.push(format!("no Region is known of {} accounts: give --assume-regions", report.without_regions.len()));
    }
    if !expected.strangers.is_empty() {
        reasons.push(format!("it is not known of accounts whether they should deliver: {}", named(&expected.strangers)));
    }
    if !expected.unknown_regions.is_empty() {
        reasons.push(format!("it is not known of Regions whether they are on: {}", named(&expected.unknown_regions)));
    }
    // What is named above is not said twice.
    let named = |cell: &CellSummary| expected.strangers.contains(&cell.account) || expected.unknown_regions.contains(&cell.region);
    let states = report.cells.iter().any(|cell| cell.standing == Standing::Unknown && !named(cell));
    if states && expected.basis == Basis::Organization {
        reasons.push("it is not known of some accounts or Regions whether they should deliver".to_owned());
    }
    if !report.unexpected.is_empty() || report.unexpected_left_out > 0 {
        reasons.push("accounts or Regions delivered that were not expected: the roster, or the assumed Regions, lack them".to_owned());
    }
    reasons
}

/// The first of them, and how many there are besides.
fn named<T: Display>(all: &BTreeSet<T>) -> String {
    let first: Vec<String> = all.iter().take(MOST_NAMED).map(T::to_string).collect();
    let more = all.len() - first.len();
    if more > 0 { format!("{} and {more} more", first.join(", ")) } else { first.join(", ") }
}
