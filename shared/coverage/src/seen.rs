//! Since when each account has been seen in each Region: kept from one look to the next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trailkeep_audit::Day;
use trailkeep_keys::{AccountId, Region};

/// Batches are opened before they are published, and a worker that died leaves them to be published later: this many days are read again.
const AGAIN_DAYS: i64 = 2;
const DAY_MS: i64 = 86_400_000;

/// Who was seen in the archive, and since when. Empty: nothing has been read yet, and all of `sources/` will be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "Text")]
pub struct Seen {
    /// The newest day of `sources/` that has been read; those before it too.
    pub through: Option<Day>,
    /// When each account was first seen in a Region, milliseconds since 1970: the first hour that a Digest covers, or its first log file.
    pub accounts: BTreeMap<AccountId, BTreeMap<Region, i64>>,
}

/// A text that is no account, Region or day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what was seen before cannot be read: {0:?} is no account, Region or day; forget it, and all of sources/ is read once")]
pub struct SeenError(String);

impl Seen {
    /// From when on a look at a window has to read what was delivered, milliseconds since 1970; none: everything.
    pub(crate) fn floor(&self, since_ms: i64) -> Option<i64> {
        let again = self.through?.start_ms().saturating_sub(AGAIN_DAYS * DAY_MS);
        Some(again.min(since_ms))
    }

    /// An account was seen in a Region.
    pub(crate) fn saw(&mut self, account: AccountId, region: Region, at_ms: i64) {
        let first = self.accounts.entry(account).or_default().entry(region).or_insert(at_ms);
        *first = at_ms.min(*first);
    }

    /// A day was read.
    pub(crate) fn read(&mut self, day: Day) {
        self.through = self.through.max(Some(day));
    }
}

/// As it is kept: ids are texts.
#[derive(Serialize, Deserialize)]
struct Text {
    through: Option<String>,
    accounts: BTreeMap<String, BTreeMap<String, i64>>,
}

impl From<Seen> for Text {
    fn from(seen: Seen) -> Self {
        let regions =
            |regions: BTreeMap<Region, i64>| regions.into_iter().map(|(region, first_ms)| (region.to_string(), first_ms)).collect();
        let accounts = seen.accounts.into_iter().map(|(account, seen)| (account.to_string(), regions(seen))).collect();
        Self { through: seen.through.map(|day| day.to_string()), accounts }
    }
}

impl TryFrom<Text> for Seen {
    type Error = SeenError;

    fn try_from(text: Text) -> Result<Self, SeenError> {
        fn read<T: std::str::FromStr>(text: &str) -> Result<T, SeenError> {
            text.parse().map_err(|_| SeenError(text.chars().take(64).collect()))
        }
        let through = text.through.as_deref().map(read).transpose()?;
        let mut accounts: BTreeMap<AccountId, BTreeMap<Region, i64>> = BTreeMap::new();
        for (account, regions) in text.accounts {
            let regions: Result<BTreeMap<Region, i64>, SeenError> =
                regions.into_iter().map(|(region, first_ms)| Ok((read(&region)?, first_ms))).collect();
            accounts.insert(read(&account)?, regions?);
        }
        Ok(Self { through, accounts })
    }
}
