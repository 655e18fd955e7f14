//! Who is expected to deliver: accounts with their times and Regions.

use trailkeep_keys::{AccountId, Region};

/// What AWS Organizations says of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountStatus {
    /// It delivers.
    Active,
    /// Suspended or being closed since then, milliseconds since 1970; none: it is not known since when.
    Suspended(Option<i64>),
    /// Organizations could not be asked.
    Unknown,
}

/// What is known of a Region in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enablement {
    /// The account says so; since then, milliseconds since 1970, or for as long as anyone knows.
    Enabled(Option<i64>),
    /// It is on by default in the partition; the account was not asked.
    Assumed,
    /// It may be on or off: nothing can be called complete.
    Unknown,
}

/// A Region of an account. Regions that were off all the time are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegionScope {
    /// The Region.
    pub region: Region,
    /// What is known of it.
    pub enablement: Enablement,
    /// Since when it is off, milliseconds since 1970: nothing is expected from then on. None: it is on.
    pub until_ms: Option<i64>,
}

/// An account of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountScope {
    /// The account.
    pub account: AccountId,
    /// Its status.
    pub status: AccountStatus,
    /// When it joined, milliseconds since 1970; none: before the window, as far as anyone knows.
    pub joined_ms: Option<i64>,
    /// When it left, milliseconds since 1970; none: it is still there.
    pub left_ms: Option<i64>,
    /// Its Regions. None at all means that they are not known: the account is then listed as unknown.
    pub regions: Vec<RegionScope>,
}
