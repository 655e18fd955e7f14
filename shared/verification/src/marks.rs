//! Marks: how far each chain has been verified, so that the next run need not begin at the beginning.
//!
//! A mark is the newest verified Digest before anything that is missing or refused, and at least three hours before the end of the window in
//! which it was found. A run takes it up only if it lies before the run's own window: everything in the window is then judged by the Digests
//! themselves, and the first of them must name the mark's with its hash and signature. What lies behind a mark is not looked at again.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use trailkeep_digests::{CADENCE_MS, ChainId, DigestKey, Head};
use trailkeep_keys::AccountId;

/// How far marks stay behind the end of a window, in milliseconds: 3 h. A run whose window begins that long before the end of the last one's takes all of
/// them up.
pub const MARK_BEHIND_MS: i64 = 3 * CADENCE_MS;
/// How long a hole or a refused Digest holds a mark back, in milliseconds: 31 days. CloudTrail retries for 30; what is not there by then is told by runs
/// whose window it is in.
pub const MARK_HELD_MS: i64 = 31 * 24 * CADENCE_MS;

/// How far a chain has been verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The verified Digest.
    #[serde(flatten)]
    pub head: Head,
    /// A hole or a refused Digest stands after it: walk from here again to let late Digests fill it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lags: bool,
}

/// Marks by chain. As JSON a list, about 1 KB each; the chain is in the Digest's key. What cannot be read as a mark is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks(BTreeMap<ChainId, Mark>);

impl Mark {
    /// The chain; none where key, times and kind are not those of one Digest.
    pub fn chain(&self) -> Option<ChainId> {
        let key = DigestKey::parse(&self.head.location.key)?;
        // Its end is the key's; a beginning before 1970 is nobody's, and as little to be counted with.
        let begins = (0..self.head.end_ms).contains(&self.head.start_ms);
        let agrees = key.stamp_ms == self.head.stamp_ms() && begins && !key.backfill;
        agrees.then_some(key.chain)
    }
}

impl Marks {
    /// No marks: everything is verified in full.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a mark in, in the place of that chain's earlier one; tells whether it is one at all.
    pub fn insert(&mut self, mark: Mark) -> bool {
        let chain = mark.chain();
        chain.map(|chain| self.0.insert(chain, mark)).is_some()
    }

    /// Takes others in: of a chain that both have, theirs.
    pub fn take(&mut self, newer: Self) {
        self.0.extend(newer.0);
    }

    /// A chain's mark.
    pub fn get(&self, chain: &ChainId) -> Option<&Mark> {
        self.0.get(chain)
    }

    /// All of them, ascending by chain.
    pub fn iter(&self) -> impl Iterator<Item = (&ChainId, &Mark)> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of each account, to be kept by account.
    pub fn by_account(self) -> BTreeMap<AccountId, Self> {
        let mut accounts: BTreeMap<AccountId, Self> = BTreeMap::new();
        for (chain, mark) in self.0 {
            accounts.entry(chain.account).or_default().0.insert(chain, mark);
        }
        accounts
    }

    /// How many lag.
    pub fn lagging(&self) -> usize {
        self.0.values().filter(|mark| mark.lags).count()
    }

    /// The end of the oldest one's Digest, milliseconds since 1970: a window that begins there looks at everything that stands after a mark.
    pub fn oldest_ms(&self) -> Option<i64> {
        self.0.values().map(|mark| mark.head.end_ms).min()
    }

    /// The JSON in which they are kept.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads kept ones. What cannot be read is left out: its chain is verified from the beginning of the window.
    pub fn from_json(json: &[u8]) -> Self {
        serde_json::from_slice(json).unwrap_or_default()
    }
}

impl Serialize for Marks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.values())
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut marks = Self::default();
        if let serde_json::Value::Array(list) = serde_json::Value::deserialize(deserializer)? {
            for mark in list.into_iter().filter_map(|value| serde_json::from_value::<Mark>(value).ok()) {
                marks.insert(mark);
            }
        }
        Ok(marks)
    }
}
