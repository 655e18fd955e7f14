//! What successive observations make: rows that are valid from one observation to another.

use std::collections::BTreeMap;

use bytes::Bytes;
use trailkeep_archive::{AccountRow, TableError, read_accounts, write_accounts};
use trailkeep_keys::AccountId;

use crate::roster::{Account, Roster, State};

/// In `unknown`: where it hangs could not be asked.
const UNIT: &str = "ou_path";
/// In `unknown`: its tags could not be asked.
const TAGS: &str = "tags";

/// Why an observation is not taken. The history is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObserveError {
    /// It is of another organization.
    #[error("this is the history of the organization {kept}, and the accounts are of {found}")]
    OtherOrganization {
        /// Whose history it is.
        kept: String,
        /// Whose accounts they are.
        found: String,
    },
    /// It is not later than the last one.
    #[error("the last observation is of {last_ms} ms since 1970, and this one, of {found_ms} ms, is not later: look at the clock")]
    NotLater {
        /// Time of the last one.
        last_ms: i64,
        /// Time of this one.
        found_ms: i64,
    },
}

/// What an observation changed, as accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Not seen before, or not since they left.
    pub joined: Vec<AccountId>,
    /// Seen otherwise than before: name, email, state, organizational unit, tags.
    pub changed: Vec<AccountId>,
    /// Not seen any more.
    pub left: Vec<AccountId>,
    /// Seen as before.
    pub unchanged: u64,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.joined.is_empty() && self.changed.is_empty() && self.left.is_empty()
    }
}

/// What is known of an account at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf<'a> {
    /// As it was observed.
    Observed(&'a AccountRow),
    /// It was in the organization by then, and nobody observed it until later: the earliest that was.
    Earliest(&'a AccountRow),
    /// It was not in the organization: it had not joined, or had left.
    NotMember,
    /// Nothing is known.
    Unknown,
}

impl<'a> AsOf<'a> {
    /// The row, if there is one.
    pub fn row(self) -> Option<&'a AccountRow> {
        match self {
            Self::Observed(row) | Self::Earliest(row) => Some(row),
            Self::NotMember | Self::Unknown => None,
        }
    }
}

/// The accounts of one organization over time. Rows of an account do not overlap and are in the order of time; the last one may be open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    accounts: BTreeMap<String, Vec<AccountRow>>,
}

impl History {
    /// The history that a file of `accounts/` holds; more than `cap_bytes` of decoded columns is an error.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn read(bytes: Bytes, cap_bytes: u64) -> Result<Self, TableError> {
        let mut history = Self::default();
        for row in read_accounts(bytes, cap_bytes)? {
            history.accounts.entry(row.account.clone()).or_default().push(row);
        }
        history.accounts.values_mut().for_each(|rows| rows.sort_by_key(|row| row.valid_from));
        Ok(history)
    }

    /// As a file of `accounts/`.
    ///
    /// # Errors
    /// [`TableError::Encode`]; a fault of the program.
    pub fn write(&self) -> Result<Vec<u8>, TableError> {
        let rows: Vec<AccountRow> = self.rows().cloned().collect();
        write_accounts(&rows)
    }

    /// All rows, by account and time.
    pub fn rows(&self) -> impl Iterator<Item = &AccountRow> {
        self.accounts.values().flatten()
    }

    /// The rows of one account, oldest first; none: it was never observed.
    pub fn rows_of(&self, account: AccountId) -> &[AccountRow] {
        self.accounts.get(account.as_str()).map_or(&[], Vec::as_slice)
    }

    /// The accounts that are in the organization, as the last observation found them.
    pub fn current(&self) -> impl Iterator<Item = &AccountRow> {
        self.accounts.values().filter_map(|rows| rows.last()).filter(|row| row.valid_to.is_none())
    }

    /// The last row of each account, of those that left too.
    pub fn last(&self) -> impl Iterator<Item = &AccountRow> {
        self.accounts.values().filter_map(|rows| rows.last())
    }

    /// The last observation, milliseconds since 1970; none: there was none yet.
    pub fn observed_ms(&self) -> Option<i64> {
        self.rows().map(|row| row.observed_at.max(row.valid_to.unwrap_or(i64::MIN))).max()
    }

    /// The organization's id.
    pub fn organization(&self) -> Option<&str> {
        self.rows().next().map(|row| row.organization.as_str())
    }

    /// The management account, as it was observed last.
    pub fn management(&self) -> Option<AccountId> {
        self.current().find_map(|row| row.management_account.as_ref()?.parse().ok())
    }

    /// Since when an account has been in another state than `ACTIVE`, milliseconds since 1970: the observation that first found it so. None where it is
    /// active, or where it was not active when it was first observed.
    pub fn inactive_since_ms(&self, account: AccountId) -> Option<i64> {
        let rows = self.rows_of(account);
        let active = |row: &AccountRow| row.state == State::Active.as_str();
        let last_active = rows.iter().rposition(active)?;
        rows.get(last_active + 1).map(|row| row.valid_from)
    }

    /// What is known of an account at a time, milliseconds since 1970.
    pub fn as_of(&self, account: AccountId, at_ms: i64) -> AsOf<'_> {
        let rows = self.rows_of(account);
        let begun = rows.partition_point(|row| row.valid_from <= at_ms);
        if let Some(row) = begun.checked_sub(1).and_then(|last| rows.get(last))
            && row.valid_to.is_none_or(|valid_to| at_ms < valid_to)
        {
            return AsOf::Observed(row);
        }
        match (begun, rows.get(begun)) {
            // It left, and comes back later at most: between the two it joined again.
            (_, Some(next)) if next.joined_at.is_some_and(|joined_at| joined_at <= at_ms) => AsOf::Earliest(next),
            (_, Some(next)) if next.joined_at.is_some() => AsOf::NotMember,
            (0, _) => AsOf::Unknown,
            _ => AsOf::NotMember,
        }
    }

    /// Takes an observation: rows that it confirms stay, those that it finds otherwise are closed and followed by new ones, and accounts that it does not
    /// list have left. What could not be asked is taken to be as before.
    ///
    /// # Errors
    /// [`ObserveError`].
    pub fn observe(&mut self, roster: &Roster) -> Result<Changes, ObserveError> {
        if let Some(kept) = self.organization().filter(|kept| *kept != roster.organization.as_str()) {
            return Err(ObserveError::OtherOrganization { kept: kept.to_owned(), found: roster.organization.to_string() });
        }
        if let Some(last_ms) = self.observed_ms().filter(|last_ms| *last_ms >= roster.observed_ms) {
            return Err(ObserveError::NotLater { last_ms, found_ms: roster.observed_ms });
        }
        let mut changes = Changes::default();
        for account in &roster.accounts {
            self.see(account, roster, &mut changes);
        }
        self.close_those_that_left(roster, &mut changes);
        Ok(changes)
    }

    fn see(&mut self, account: &Account, roster: &Roster, changes: &mut Changes) {
        let rows = self.accounts.entry(account.id.to_string()).or_default();
        let Some(open) = rows.last_mut().filter(|row| row.valid_to.is_none()) else {
            rows.push(row(account, roster, None));
            changes.joined.push(account.id);
            return;
        };
        let seen = row(account, roster, Some(open));
        if said(&seen) == said(open) {
            *open = AccountRow { valid_from: open.valid_from, ..seen };
            changes.unchanged += 1;
            return;
        }
        open.valid_to = Some(roster.observed_ms);
        rows.push(seen);
        changes.changed.push(account.id);
    }

    fn close_those_that_left(&mut self, roster: &Roster, changes: &mut Changes) {
        for open in self.accounts.values_mut().filter_map(|rows| rows.last_mut()).filter(|row| row.valid_to.is_none()) {
            let listed = roster.accounts.binary_search_by(|account| account.id.as_str().cmp(&open.account)).is_ok();
            if !listed {
                open.valid_to = Some(roster.observed_ms);
                open.left_at = Some(roster.observed_ms);
                changes.left.extend(open.account.parse::<AccountId>());
            }
        }
    }
}

/// What a row says of its account, beside when. Learning what was unknown is a change: nobody knows since when it is so.
fn said(row: &AccountRow) -> impl PartialEq + '_ {
    (&row.name, &row.email, &row.state, &row.ou_path, &row.ou_ids, &row.tags, &row.unknown, &row.regions, row.joined_at)
}

/// A row that begins with an observation. What could not be asked is taken from the row before.
fn row(account: &Account, roster: &Roster, before: Option<&AccountRow>) -> AccountRow {
    let mut row = AccountRow {
        organization: roster.organization.to_string(),
        management_account: roster.management.map(|account| account.to_string()),
        account: account.id.to_string(),
        name: account.name.clone(),
        email: account.email.clone(),
        state: account.state.to_string(),
        ou_path: account.unit.as_ref().map(|unit| unit.path.clone()),
        ou_ids: account.unit.as_ref().map(|unit| unit.ids.clone()),
        tags: account.tags.clone().unwrap_or_default(),
        unknown: Vec::new(),
        regions: account.regions.iter().flatten().map(ToString::to_string).collect(),
        joined_at: account.joined_ms,
        joined_method: account.joined_method.clone(),
        left_at: None,
        valid_from: roster.observed_ms,
        valid_to: None,
        observed_at: roster.observed_ms,
    };
    let known_before = |name: &str| before.filter(|before| !before.unknown.iter().any(|unknown| unknown == name));
    if account.unit.is_none() {
        match known_before(UNIT) {
            Some(before) => (row.ou_path, row.ou_ids) = (before.ou_path.clone(), before.ou_ids.clone()),
            None => row.unknown.push(UNIT.to_owned()),
        }
    }
    if account.tags.is_none() {
        match known_before(TAGS) {
            Some(before) => row.tags.clone_from(&before.tags),
            None => row.unknown.push(TAGS.to_owned()),
        }
    }
    row
}
