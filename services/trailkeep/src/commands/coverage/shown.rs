//! What is told, as one object.

use std::collections::BTreeMap;

use serde::Serialize;
use trailkeep_audit::coverage::{Cause, CellSummary, Gap, LagSummary, Report};
use trailkeep_coverage::{Basis, Told};

use crate::{commands::accounts::differences::ToldDifference, figures::moment};

/// Coverage of a window.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    pub(super) archive: String,
    pub(super) since: String,
    pub(super) until: String,
    /// Every expected hour is covered, and what was expected is known.
    pub(super) complete: bool,
    /// Why it cannot be called complete, beside gaps.
    pub(super) unknown: Vec<String>,
    pub(super) roster: Basis,
    pub(super) roster_observed_at: Option<String>,
    /// How Digests' periods are known.
    pub(super) periods: &'static str,
    pub(super) expected_hours: u64,
    pub(super) covered_hours: u64,
    /// Covered of expected hours, rounded down to hundredths.
    pub(super) percent: Option<f64>,
    pub(super) lag: Lag,
    pub(super) cells: Vec<Cell>,
    pub(super) gaps: Vec<ToldGap>,
    /// Gaps that were counted and are not in the list.
    pub(super) gaps_left_out: u64,
    /// Who delivered and was not expected.
    pub(super) unexpected: Vec<ToldUnexpected>,
    /// Where the roster and what the archive holds contradict each other.
    pub(super) differences: Vec<ToldDifference>,
    /// Those that were counted and are not in the list.
    pub(super) differences_left_out: u64,
}

/// An account in a Region.
#[derive(Debug, Serialize)]
pub(super) struct Cell {
    pub(super) account: String,
    pub(super) name: Option<String>,
    pub(super) region: String,
    pub(super) standing: &'static str,
    /// The Region is on by default; the account was not asked.
    pub(super) assumed: bool,
    pub(super) expected_hours: u64,
    pub(super) covered_hours: u64,
    pub(super) percent: Option<f64>,
    pub(super) gaps: u64,
    pub(super) lag: Lag,
}

/// How long log files took from the time in their name until they had landed, in seconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Lag {
    pub(super) files: u64,
    pub(super) p50_secs: u64,
    pub(super) p95_secs: u64,
    pub(super) p99_secs: u64,
    pub(super) max_secs: u64,
}

/// Hours that follow one another and have no Digest.
#[derive(Debug, Serialize)]
pub(super) struct ToldGap {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) since: String,
    pub(super) until: String,
    pub(super) hours: i64,
    /// It lasts to the end of the window.
    pub(super) open: bool,
    pub(super) lacks: &'static str,
    pub(super) cause: &'static str,
    /// The event that stopped the trail, where one is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) event_id: Option<String>,
}

/// Who delivered and was not expected.
#[derive(Debug, Serialize)]
pub(super) struct ToldUnexpected {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) digests: u64,
    pub(super) log_files: u64,
    pub(super) first: String,
    pub(super) last: String,
}

impl Shown {
    pub(super) fn of(told: &Told) -> Self {
        let report = &told.report;
        let (expected_hours, covered_hours) = report.hours();
        Self {
            archive: told.archive.clone(),
            since: moment(told.since_ms),
            until: moment(told.until_ms),
            complete: told.complete,
            unknown: told.unknown.clone(),
            roster: told.basis,
            roster_observed_at: told.roster_observed_ms.map(moment),
            periods: "from the digests' names: the end is in the name, the beginning an hour before",
            expected_hours,
            covered_hours,
            percent: percent(report.covered_basis_points()),
            lag: Lag::of(&report.lag),
            cells: report.cells.iter().map(|cell| Cell::of(cell, told)).collect(),
            gaps: report.gaps.iter().map(ToldGap::of).collect(),
            gaps_left_out: report.gaps_left_out,
            unexpected: unexpected(report),
            differences: told.reconciled.differences.iter().map(ToldDifference::of).collect(),
            differences_left_out: told.reconciled.differences_left_out,
        }
    }

    /// Accounts with their cells, in that order.
    pub(super) fn accounts(&self) -> BTreeMap<&str, Vec<&Cell>> {
        let mut accounts: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
        self.cells.iter().for_each(|cell| accounts.entry(&cell.account).or_default().push(cell));
        accounts
    }
}

fn unexpected(report: &Report) -> Vec<ToldUnexpected> {
    let told = report.unexpected.iter().map(|((account, region), met)| ToldUnexpected {
        account: account.to_string(),
        region: region.to_string(),
        digests: met.digests,
        log_files: met.sources,
        first: moment(met.first_ms),
        last: moment(met.last_ms),
    });
    told.collect()
}

impl Cell {
    fn of(cell: &CellSummary, told: &Told) -> Self {
        Self {
            account: cell.account.to_string(),
            name: told.names.get(&cell.account).cloned(),
            region: cell.region.to_string(),
            standing: cell.standing.name(),
            assumed: cell.assumed,
            expected_hours: cell.expected_hours,
            covered_hours: cell.covered_hours,
            percent: percent(cell.covered_basis_points()),
            gaps: cell.gaps,
            lag: Lag::of(&cell.lag),
        }
    }
}

impl Lag {
    fn of(lag: &LagSummary) -> Self {
        Self { files: lag.files, p50_secs: lag.p50_secs, p95_secs: lag.p95_secs, p99_secs: lag.p99_secs, max_secs: lag.max_secs }
    }
}

impl ToldGap {
    fn of(gap: &Gap) -> Self {
        let event_id = if let Cause::TrailStopped { event_id, .. } = &gap.cause { Some(event_id.clone()) } else { None };
        Self {
            account: gap.account.to_string(),
            region: gap.region.to_string(),
            since: moment(gap.since_ms),
            until: moment(gap.until_ms),
            hours: (gap.until_ms - gap.since_ms) / trailkeep_audit::coverage::HOUR_MS,
            open: gap.open,
            lacks: gap.lacks.name(),
            cause: gap.cause.name(),
            event_id,
        }
    }
}

fn percent(basis_points: Option<u64>) -> Option<f64> {
    basis_points.map(|points| points as f64 / 100.0)
}
