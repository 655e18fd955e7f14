//! What is asked, and what is given to answer it.

use std::collections::BTreeSet;

use trailkeep_audit::coverage::{HOUR_MS, TrailEvent};
use trailkeep_keys::{AccountId, Region};
use trailkeep_organization::OrganizationEvent;

/// Days that are looked at where nobody says otherwise.
pub const DEFAULT_DAYS: i64 = 7;
/// CloudTrail delivers Digests some time after their hour: the last two hours are left out where nobody says otherwise. Milliseconds.
pub const NOT_DUE_MS: i64 = 2 * HOUR_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What is looked at. Times are milliseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// From this hour on.
    pub since_ms: i64,
    /// Up to this hour.
    pub until_ms: i64,
    /// Only these accounts; none: all.
    pub accounts: BTreeSet<AccountId>,
    /// Only these Regions; none: all.
    pub regions: BTreeSet<Region>,
    /// Regions that are expected of every account; none: those that the account has enabled, or those that are on by default where that is not known.
    pub assumed: Vec<Region>,
}

impl Asked {
    /// The days that are looked at unless somebody says otherwise: the last seven that are due. `since_ms` and `until_ms` as far as they are given.
    pub fn of(since_ms: Option<i64>, until_ms: Option<i64>, now_ms: i64) -> Self {
        let until_ms = until_ms.unwrap_or_else(|| now_ms.saturating_sub(NOT_DUE_MS).div_euclid(HOUR_MS) * HOUR_MS);
        let since_ms = since_ms.unwrap_or_else(|| until_ms.saturating_sub(DEFAULT_DAYS * DAY_MS));
        Self { since_ms, until_ms, ..Self::default() }
    }

    /// Whether an account in a Region was asked for.
    pub fn has(&self, account: AccountId, region: Region) -> bool {
        self.has_account(account) && (self.regions.is_empty() || self.regions.contains(&region))
    }

    /// Whether an account was asked for.
    pub fn has_account(&self, account: AccountId) -> bool {
        self.accounts.is_empty() || self.accounts.contains(&account)
    }
}

/// What the archive's own events say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Events that stopped, changed or started a trail: of the window, and of the month before it.
    pub trails: Vec<TrailEvent>,
    /// Organizations' own records of accounts: from the month before the window until the roster was observed.
    pub organization: Vec<OrganizationEvent>,
    /// Why one of them could not be read, or not all of it. The roster cannot be reconciled then, and nothing is called complete.
    pub incomplete: Option<String>,
}
