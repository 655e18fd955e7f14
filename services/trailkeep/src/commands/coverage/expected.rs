//! Who is expected to deliver, and how that is known.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use trailkeep_archive::AccountRow;
use trailkeep_audit::coverage::{AccountScope, AccountStatus, Enablement, HOUR_MS, RegionScope};
use trailkeep_keys::{AccountId, Region};
use trailkeep_organization::{History, State, default_regions};

use super::{Observed, Window};

/// A roster that was observed longer than this before the window ends says nothing of accounts that joined since.
const STALE_MS: i64 = 48 * HOUR_MS;

/// How the expected accounts are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Basis {
    /// The organization's accounts as the archive keeps them.
    Organization,
    /// Accounts that were seen in the archive: not the organization's roster.
    Observed,
}

/// What is expected.
#[derive(Debug)]
pub(super) struct Expected {
    pub(super) scopes: Vec<AccountScope>,
    pub(super) basis: Basis,
    /// When the roster was last observed, milliseconds since 1970.
    pub(super) observed_ms: Option<i64>,
    /// The roster is too old for the window.
    pub(super) stale: bool,
    pub(super) names: BTreeMap<AccountId, String>,
}

impl Expected {
    /// What a history of accounts, or without one what was observed, makes expected in the window. `assumed`: Regions of every account; none = those
    /// that are on by default.
    pub(super) fn new(history: Option<&History>, observed: &Observed, window: &Window, assumed: &[Region]) -> Self {
        let elsewhere = partitions(observed.seen.values().flat_map(BTreeMap::keys).chain(&window.regions));
        let regions = |account: AccountId| {
            let seen = observed.seen.get(&account);
            let assumed = match seen {
                _ if !assumed.is_empty() => assumed.iter().copied().collect(),
                // An account is in one partition.
                Some(seen) => partitions(seen.keys()),
                None => elsewhere.clone(),
            };
            regions(&assumed, seen, window)
        };
        let mut expected = Self::known(history, observed, window, &regions);
        let known: BTreeSet<AccountId> = expected.scopes.iter().map(|scope| scope.account).collect();
        // Who was asked for by name and is not known is told, not left out.
        expected.scopes.extend(window.accounts.difference(&known).map(|account| AccountScope {
            account: *account,
            status: AccountStatus::Unknown,
            joined_ms: None,
            left_ms: None,
            regions: regions_of_strangers(&elsewhere, window),
        }));
        expected
    }

    /// What is known of accounts: the roster, or without one whoever was seen.
    fn known(history: Option<&History>, observed: &Observed, window: &Window, regions: &dyn Fn(AccountId) -> Vec<RegionScope>) -> Self {
        let Some(history) = history else {
            let scopes = observed.seen.iter().map(|(account, seen)| AccountScope {
                account: *account,
                status: AccountStatus::Unknown,
                // Whoever was there as the window began is not new in it.
                joined_ms: seen.values().min().copied().filter(|first_ms| *first_ms > window.since_ms),
                left_ms: None,
                regions: regions(*account),
            });
            return Self { scopes: scopes.collect(), basis: Basis::Observed, observed_ms: None, stale: false, names: BTreeMap::new() };
        };
        let members = history.last().filter_map(|row| Some((row.account.parse().ok()?, row)));
        let members: Vec<(AccountId, &AccountRow)> = members
            .filter(|(account, row)| window.has_account(*account) && row.left_at.is_none_or(|left| left > window.since_ms))
            .collect();
        let scopes = members.iter().map(|(account, row)| AccountScope {
            account: *account,
            status: status(*account, row, history),
            joined_ms: row.joined_at,
            left_ms: row.left_at,
            regions: regions(*account),
        });
        let observed_ms = history.observed_ms();
        Self {
            scopes: scopes.collect(),
            basis: Basis::Organization,
            observed_ms,
            stale: observed_ms.is_none_or(|observed_ms| observed_ms.saturating_add(STALE_MS) < window.until_ms),
            names: members.iter().filter_map(|(account, row)| Some((*account, row.name.clone()?))).collect(),
        }
    }
}

fn status(account: AccountId, row: &AccountRow, history: &History) -> AccountStatus {
    let Ok(state) = row.state.parse::<State>();
    match state {
        State::Active => AccountStatus::Active,
        State::Suspended | State::PendingClosure | State::PendingActivation | State::Closed => {
            AccountStatus::Suspended(history.inactive_since_ms(account))
        }
        State::Other(_) => AccountStatus::Unknown,
    }
}

/// Regions that are assumed, and those that the account was seen in beside them: expected from when it was first seen there.
fn regions(assumed: &BTreeSet<Region>, seen: Option<&BTreeMap<Region, i64>>, window: &Window) -> Vec<RegionScope> {
    let asked = |region: &&Region| window.regions.is_empty() || window.regions.contains(*region);
    let known: BTreeSet<Region> = seen.into_iter().flat_map(BTreeMap::keys).copied().collect();
    let seen = seen.into_iter().flatten().filter(|(region, _)| !assumed.contains(region));
    let seen = seen.map(|(region, first_ms)| RegionScope { region: *region, enablement: Enablement::Enabled(Some(*first_ms)) });
    let strange = window.regions.iter().filter(|region| !assumed.contains(region) && !known.contains(region));
    let strange = strange.map(|region| RegionScope { region: *region, enablement: Enablement::Unknown });
    let assumed = assumed.iter().filter(asked);
    assumed.map(|region| RegionScope { region: *region, enablement: Enablement::Assumed }).chain(seen).chain(strange).collect()
}

/// Regions of an account of which nothing is known: those that were asked for, or all that may be on.
fn regions_of_strangers(elsewhere: &BTreeSet<Region>, window: &Window) -> Vec<RegionScope> {
    let asked = if window.regions.is_empty() { elsewhere } else { &window.regions };
    asked.iter().map(|region| RegionScope { region: *region, enablement: Enablement::Unknown }).collect()
}

/// The Regions that are on by default in the partitions of some Regions.
fn partitions<'a>(regions: impl Iterator<Item = &'a Region>) -> BTreeSet<Region> {
    let distinct: BTreeSet<Region> = regions.copied().collect();
    distinct.into_iter().flat_map(default_regions).collect()
}
