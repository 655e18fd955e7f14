//! An account in a Region: the unit of coverage.

use trailkeep_keys::{AccountId, Region};

use super::{
    HOUR_MS,
    roster::{AccountScope, AccountStatus, Enablement},
};

/// What is expected of an account in a Region. Times are milliseconds since 1970.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub(super) account: AccountId,
    pub(super) region: Region,
    pub(super) joined_ms: Option<i64>,
    pub(super) enabled_ms: Option<i64>,
    /// From then on nothing is expected.
    pub(super) until_ms: Option<i64>,
    /// Suspended, and nobody knows since when.
    pub(super) suspended: bool,
    pub(super) assumed: bool,
    pub(super) unknown: bool,
}

impl Cell {
    /// The first hour in which something is expected, in hours since 1970: the first whole one after the account joined.
    pub(super) fn begins_at_hour(&self) -> i64 {
        self.joined_ms.max(self.enabled_ms).map_or(i64::MIN, |ms| ms.div_euclid(HOUR_MS) + i64::from(ms.rem_euclid(HOUR_MS) != 0))
    }

    /// The first hour in which nothing is expected any more: the one that was not whole.
    pub(super) fn ends_at_hour(&self) -> i64 {
        self.until_ms.map_or(i64::MAX, |ms| ms.div_euclid(HOUR_MS))
    }
}

/// All cells, in the order of account and Region, each once.
#[derive(Debug)]
pub(super) struct Cells {
    list: Vec<Cell>,
    /// Accounts without any Region: nothing is known of where they should deliver.
    pub(super) without_regions: Vec<AccountId>,
}

impl Cells {
    pub(super) fn of(roster: &[AccountScope]) -> Self {
        let mut list: Vec<Cell> = roster.iter().flat_map(cells).collect();
        // The later of two rows about one cell counts.
        list.reverse();
        list.sort_by_key(|cell| (cell.account, cell.region));
        list.dedup_by_key(|cell| (cell.account, cell.region));
        let mut without_regions: Vec<AccountId> =
            roster.iter().filter(|account| account.regions.is_empty()).map(|account| account.account).collect();
        without_regions.sort_unstable();
        without_regions.dedup();
        without_regions.retain(|account| !list.iter().any(|cell| cell.account == *account));
        Self { list, without_regions }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Cell> {
        self.list.iter()
    }

    pub(super) fn find(&self, account: AccountId, region: Region) -> Option<usize> {
        self.list.binary_search_by_key(&(account, region), |cell| (cell.account, cell.region)).ok()
    }
}

fn cells(scope: &AccountScope) -> impl Iterator<Item = Cell> {
    let (suspended_ms, suspended) = match scope.status {
        AccountStatus::Suspended(since) => (since, since.is_none()),
        AccountStatus::Active | AccountStatus::Unknown => (None, false),
    };
    let until_ms = [scope.left_ms, suspended_ms].into_iter().flatten().min();
    scope.regions.iter().map(move |region| Cell {
        account: scope.account,
        region: region.region,
        joined_ms: scope.joined_ms,
        enabled_ms: if let Enablement::Enabled(since) = region.enablement { since } else { None },
        until_ms: until_ms.into_iter().chain(region.until_ms).min(),
        suspended,
        assumed: region.enablement == Enablement::Assumed,
        unknown: region.enablement == Enablement::Unknown || scope.status == AccountStatus::Unknown,
    })
}
