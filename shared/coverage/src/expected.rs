//! Who is expected to deliver, and how that is known.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use trailkeep_archive::AccountRow;
use trailkeep_audit::coverage::{AccountScope, AccountStatus, Enablement, HOUR_MS, RegionScope};
use trailkeep_keys::{AccountId, Region};
use trailkeep_organization::{DifferenceKind, EventKind, History, Reconciled, State, default_regions};

use crate::{asked::Asked, seen::Seen};

/// A roster that was observed longer than this before the window ends says nothing of accounts that joined since.
const STALE_MS: i64 = 48 * HOUR_MS;

/// How the expected accounts are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The organization's accounts as the archive keeps them.
    Organization,
    /// Accounts that were seen in the archive: not the organization's roster.
    Observed,
}

/// What is expected.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) scopes: Vec<AccountScope>,
    pub(crate) basis: Basis,
    /// When the roster was last observed, milliseconds since 1970.
    pub(crate) observed_ms: Option<i64>,
    /// The roster is too old for the window.
    pub(crate) stale: bool,
    pub(crate) names: BTreeMap<AccountId, String>,
    /// Accounts that are asked for, or joined as their own events say, and that nobody knows.
    pub(crate) strangers: BTreeSet<AccountId>,
    /// Regions that are asked for, and of which it is not known whether an account that is known has them on.
    pub(crate) unknown_regions: BTreeSet<Region>,
}

impl Expected {
    /// What a history of accounts, or without one what was seen, makes expected in the window.
    pub(crate) fn new(history: Option<&History>, reconciled: &Reconciled, seen: &Seen, asked: &Asked) -> Self {
        let regions = Regions::new(history, seen, asked);
        let mut expected = match history {
            Some(history) => Self::of_organization(history, reconciled, asked, &regions),
            None => Self::of_those_seen(seen, asked, &regions),
        };
        let known: BTreeSet<AccountId> = expected.scopes.iter().map(|scope| scope.account).collect();
        // Who joined as its own events say and is not listed, and who was asked for by name and is not known, is told and not left out.
        let joined = reconciled.differences.iter().filter(|difference| difference.kind == DifferenceKind::JoinedNotListed);
        let joined: BTreeMap<AccountId, Option<i64>> = joined.map(|joined| (joined.account, joined.at_ms)).collect();
        let strangers = joined.keys().chain(&asked.accounts).filter(|account| asked.has_account(**account) && !known.contains(account));
        let strangers: BTreeSet<AccountId> = strangers.copied().collect();
        let unknown = |scope: &&RegionScope| scope.enablement == Enablement::Unknown;
        let of_the_known = expected.scopes.iter().flat_map(|scope| &scope.regions);
        expected.unknown_regions = of_the_known.filter(unknown).map(|scope| scope.region).collect();
        expected.scopes.extend(strangers.iter().map(|account| AccountScope {
            account: *account,
            status: AccountStatus::Unknown,
            joined_ms: joined.get(account).copied().flatten(),
            left_ms: None,
            regions: regions.of_stranger(*account),
        }));
        Self { strangers, ..expected }
    }

    fn of_those_seen(seen: &Seen, asked: &Asked, regions: &Regions<'_>) -> Self {
        let mine = seen.accounts.iter().filter_map(|(account, seen)| {
            // Whoever was seen only where nobody asked is not among them.
            let first_ms = seen.iter().filter(|(region, _)| asked.has(*account, **region)).map(|(_, first_ms)| *first_ms).min()?;
            Some((*account, first_ms))
        });
        let scopes = mine.map(|(account, first_ms)| AccountScope {
            account,
            status: AccountStatus::Unknown,
            // Whoever was there as the window began is not new in it.
            joined_ms: Some(first_ms).filter(|first_ms| *first_ms > asked.since_ms),
            left_ms: None,
            regions: regions.of(account),
        });
        Self { scopes: scopes.collect(), ..Self::of_nobody(Basis::Observed) }
    }

    fn of_nobody(basis: Basis) -> Self {
        Self {
            scopes: Vec::new(),
            basis,
            observed_ms: None,
            stale: false,
            names: BTreeMap::new(),
            strangers: BTreeSet::new(),
            unknown_regions: BTreeSet::new(),
        }
    }

    fn of_organization(history: &History, reconciled: &Reconciled, asked: &Asked, regions: &Regions<'_>) -> Self {
        let members = history.last().filter_map(|row| Some((row.account.parse().ok()?, row)));
        let left = |account: AccountId, row: &AccountRow| {
            let exactly = reconciled.exactly(account, EventKind::Left).filter(|left| row.left_at.is_some() && *left > row.observed_at);
            exactly.or(row.left_at)
        };
        let members: Vec<(AccountId, &AccountRow)> = members
            .filter(|(account, row)| asked.has_account(*account) && left(*account, row).is_none_or(|left| left > asked.since_ms))
            .collect();
        let scopes = members.iter().map(|(account, row)| AccountScope {
            account: *account,
            status: status(*account, row, history, reconciled),
            joined_ms: row.joined_at.or_else(|| reconciled.exactly(*account, EventKind::Joined)),
            left_ms: left(*account, row),
            regions: regions.of(*account),
        });
        let observed_ms = history.observed_ms();
        Self {
            scopes: scopes.collect(),
            observed_ms,
            stale: observed_ms.is_none_or(|observed_ms| observed_ms.saturating_add(STALE_MS) < asked.until_ms),
            names: members.iter().filter_map(|(account, row)| Some((*account, row.name.clone()?))).collect(),
            ..Self::of_nobody(Basis::Organization)
        }
    }
}

fn status(account: AccountId, row: &AccountRow, history: &History, reconciled: &Reconciled) -> AccountStatus {
    let Ok(state) = row.state.parse::<State>();
    match state {
        State::Active => AccountStatus::Active,
        State::Suspended | State::PendingClosure | State::PendingActivation | State::Closed => {
            let observed_ms = history.inactive_since_ms(account);
            let closed = reconciled.narrowed.iter().rfind(|narrowed| {
                // Of the observation that found it so, and of no closing before.
                narrowed.account == account
                    && narrowed.kind == EventKind::Closed
                    && observed_ms.is_none_or(|found| found == narrowed.observed_ms)
            });
            AccountStatus::Suspended(closed.map(|closed| closed.at_ms).or(observed_ms))
        }
        State::Other(_) => AccountStatus::Unknown,
    }
}

/// Where accounts are expected to deliver.
struct Regions<'a> {
    history: Option<&'a History>,
    seen: &'a Seen,
    asked: &'a Asked,
    /// Regions that are on by default in the partitions that anything was seen in.
    by_default: BTreeSet<Region>,
}

impl<'a> Regions<'a> {
    fn new(history: Option<&'a History>, seen: &'a Seen, asked: &'a Asked) -> Self {
        let by_default = partitions(seen.accounts.values().flat_map(BTreeMap::keys).chain(&asked.regions));
        Self { history, seen, asked, by_default }
    }

    fn of(&self, account: AccountId) -> Vec<RegionScope> {
        let seen = self.seen.accounts.get(&account);
        let mut scopes = match self.history.map(|history| history.rows_of(account)).filter(|_| self.asked.assumed.is_empty()) {
            Some(rows) if rows.last().is_some_and(|row| !row.regions.is_empty()) => self.enabled(rows, seen),
            _ => self.assumed(seen),
        };
        scopes.retain(|scope| self.asked.regions.is_empty() || self.asked.regions.contains(&scope.region));
        let known: BTreeSet<Region> = scopes.iter().map(|scope| scope.region).collect();
        scopes.extend(self.asked.regions.difference(&known).map(|region| scope(*region, Enablement::Unknown)));
        scopes
    }

    /// Regions of an account of which nothing is known: those that are assumed of everybody, those that were asked for, or all that may be on.
    fn of_stranger(&self, account: AccountId) -> Vec<RegionScope> {
        if !self.asked.assumed.is_empty() {
            return self.of(account);
        }
        let may_be = if self.asked.regions.is_empty() { &self.by_default } else { &self.asked.regions };
        may_be.iter().map(|region| scope(*region, Enablement::Unknown)).collect()
    }

    /// Regions that are assumed, and those that the account was seen in beside them: expected from when it was first seen there.
    fn assumed(&self, seen: Option<&BTreeMap<Region, i64>>) -> Vec<RegionScope> {
        let assumed: BTreeSet<Region> = match seen {
            _ if !self.asked.assumed.is_empty() => self.asked.assumed.iter().copied().collect(),
            // An account is in one partition.
            Some(seen) => partitions(seen.keys()),
            None => self.by_default.clone(),
        };
        let beside = seen.into_iter().flatten().filter(|(region, _)| !assumed.contains(region));
        let beside = beside.map(|(region, first_ms)| scope(*region, Enablement::Enabled(Some(*first_ms))));
        assumed.iter().map(|region| scope(*region, Enablement::Assumed)).chain(beside).collect()
    }

    /// Regions that the account itself says are on, since when and until when as far as observations tell; and those that it was first seen in after
    /// the last observation.
    fn enabled(&self, rows: &[AccountRow], seen: Option<&BTreeMap<Region, i64>>) -> Vec<RegionScope> {
        let mut scopes: BTreeMap<Region, RegionScope> = BTreeMap::new();
        let first_seen = |region: &Region| seen.and_then(|seen| seen.get(region)).copied();
        let asked: Vec<&AccountRow> = rows.iter().filter(|row| !row.regions.is_empty()).collect();
        for (number, row) in asked.iter().enumerate() {
            let on: BTreeSet<Region> = row.regions.iter().filter_map(|name| name.parse().ok()).collect();
            // What it delivered since the observation before says more exactly when it was switched on.
            let before_ms = number.checked_sub(1).and_then(|before| asked.get(before)).map(|before| before.observed_at);
            for region in &on {
                let seen_ms = first_seen(region).filter(|first_ms| before_ms.is_some_and(|before_ms| *first_ms > before_ms));
                let since_ms = before_ms.map(|_| seen_ms.map_or(row.valid_from, |first_ms| first_ms.min(row.valid_from)));
                let known = scopes.entry(*region).or_insert_with(|| scope(*region, Enablement::Enabled(since_ms)));
                if known.until_ms.take().is_some() {
                    known.enablement = Enablement::Enabled(Some(row.valid_from));
                }
            }
            let off = scopes.values_mut().filter(|known| known.until_ms.is_none() && !on.contains(&known.region));
            off.for_each(|known| known.until_ms = Some(row.valid_from));
        }
        let observed_ms = rows.last().map_or(i64::MIN, |row| row.observed_at);
        for (region, first_ms) in seen.into_iter().flatten().filter(|(_, first_ms)| **first_ms > observed_ms) {
            scopes.entry(*region).or_insert_with(|| scope(*region, Enablement::Enabled(Some(*first_ms))));
        }
        scopes.into_values().filter(|known| known.until_ms.is_none_or(|until_ms| until_ms > self.asked.since_ms)).collect()
    }
}

fn scope(region: Region, enablement: Enablement) -> RegionScope {
    RegionScope { region, enablement, until_ms: None }
}

/// The Regions that are on by default in the partitions of some Regions.
fn partitions<'a>(regions: impl Iterator<Item = &'a Region>) -> BTreeSet<Region> {
    let distinct: BTreeSet<Region> = regions.copied().collect();
    distinct.into_iter().flat_map(default_regions).collect()
}
