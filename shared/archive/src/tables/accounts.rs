//! The `accounts` table: the organization's accounts as a slowly changing history. One file holds all of it, as it was known when the file was
//! written; the newest is the one that is read.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{
    cell::columns,
    error::TableError,
    file::{self, Row},
};

/// An account as it was for a time. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// The organization's id.
    pub organization: String,
    /// The organization's management account.
    pub management_account: Option<String>,
    /// The account, 12 digits.
    pub account: String,
    /// Its name.
    pub name: Option<String>,
    /// The root user's email address.
    pub email: Option<String>,
    /// As Organizations spells it: `ACTIVE`, `SUSPENDED`, …
    pub state: String,
    /// Names from the root down, with `/` between them.
    pub ou_path: Option<String>,
    /// Ids from the root down, with `/` between them.
    pub ou_ids: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// What could not be asked in any observation of this row: `ou_path`, `tags`.
    pub unknown: Vec<String>,
    /// When it joined the organization, as Organizations says.
    pub joined_at: Option<i64>,
    /// How it joined: `CREATED`, `INVITED`.
    pub joined_method: Option<String>,
    /// When it was first found to have left; it had left at some time since `observed_at`.
    pub left_at: Option<i64>,
    /// The observation that first found it so.
    pub valid_from: i64,
    /// The observation that first found it otherwise; none: it is still so.
    pub valid_to: Option<i64>,
    /// The last observation that found it so.
    pub observed_at: i64,
}

impl Row for AccountRow {
    const TABLE: &'static str = "accounts";
    const BLOOMS: &'static [&'static str] = &[];
    const DISTINCT: &'static [&'static str] = &[];
    const ORDER: &'static [&'static str] = &["account", "valid_from"];

    // The columns of the order stand before the map.
    columns! {
        organization, management_account, account, valid_from, valid_to, observed_at, name, email, state, ou_path, ou_ids, tags, unknown,
        joined_at, joined_method, left_at,
    }

    fn sort(rows: &mut [&Self]) {
        rows.sort_by(|a, b| (&a.account, a.valid_from).cmp(&(&b.account, b.valid_from)));
    }
}

/// Encodes a history, sorted by account and time.
///
/// # Errors
/// [`TableError::Encode`]; a fault of the program.
pub fn write_accounts(rows: &[AccountRow]) -> Result<Vec<u8>, TableError> {
    file::write(rows)
}

/// Decodes a file of `accounts/`; more than `cap_bytes` of decoded columns is an error.
///
/// # Errors
/// [`TableError`].
pub fn read_accounts(bytes: Bytes, cap_bytes: u64) -> Result<Vec<AccountRow>, TableError> {
    file::read(bytes, cap_bytes)
}
