//! What subscribers are told of once it is visible: an object below `events/`, and a Batch's Digests.

use serde::{Deserialize, Serialize};

use crate::Category;

/// Most accounts, and most Regions, that are listed; more are counted only.
pub const MAX_LISTED: usize = 1_000;

/// An object below `events/` as it is announced. Stands in the manifest, so that any worker can announce what another one landed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandedObject {
    /// Key below the archive's root.
    pub key: String,
    /// Category of its events.
    pub category: Category,
    /// Day of its events as `yyyymmdd`.
    pub event_day: u32,
    /// Recipient accounts, ascending, at most [`MAX_LISTED`].
    pub accounts: Vec<String>,
    /// How many accounts there are, listed or not.
    pub account_count: u64,
    /// Regions, ascending, at most [`MAX_LISTED`].
    pub regions: Vec<String>,
    /// Time of the first event, milliseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_event_ms: Option<i64>,
    /// Time of the last event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_event_ms: Option<i64>,
    /// Rows.
    pub records: u64,
    /// Size in bytes.
    pub bytes: u64,
}

/// The Digests of one Batch as they are announced, all together: their segments below `digests/`, and what they are of. Stands in the manifest beside
/// [`LandedObject`]s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LandedDigests {
    /// Keys of the segments below the archive's root, ascending: one or two.
    pub keys: Vec<String>,
    /// Accounts in the Digests' keys, ascending, at most [`MAX_LISTED`].
    pub accounts: Vec<String>,
    /// How many accounts there are, listed or not.
    pub account_count: u64,
    /// Regions in the Digests' keys, ascending, at most [`MAX_LISTED`].
    pub regions: Vec<String>,
    /// How many Digests.
    pub digests: u64,
    /// End of the earliest period that a Digest says it is of, milliseconds since the Unix epoch; absent where none could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_period_end_ms: Option<i64>,
    /// End of the latest such period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_period_end_ms: Option<i64>,
    /// Size of the segments together, in bytes.
    pub bytes: u64,
}
