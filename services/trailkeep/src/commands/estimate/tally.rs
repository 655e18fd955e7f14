//! Counts of what was found, by account and Region and by day: a few numbers each, whatever the number of objects.

use std::collections::BTreeMap;

use serde::Serialize;
use trailkeep_keys::{AccountId, Region};

use crate::commands::backfill::{backlog::Objects, landed::Landed, selection::Found};

/// Objects and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Sum {
    pub(crate) objects: u64,
    pub(crate) stored_bytes: u64,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// All objects, Digests included.
    pub(crate) total: Sum,
    /// The Digests of them.
    pub(crate) digests: Sum,
    /// Both together.
    pub(crate) by_place: BTreeMap<(AccountId, Region), Sum>,
    /// Objects by day of delivery as `yyyymmdd`.
    pub(crate) by_day: BTreeMap<u32, u64>,
    /// Objects that the archive holds; not in the other figures.
    pub(crate) landed: u64,
}

impl Tally {
    /// Counts a whole pass, without what has landed.
    ///
    /// # Errors
    /// Where the pass fails.
    pub(crate) async fn count(objects: &mut Objects, landed: &Landed) -> anyhow::Result<Self> {
        let mut tally = Self::default();
        while let Some(found) = objects.next().await? {
            for object in found {
                if landed.holds(&object.key) { tally.landed += 1 } else { tally.add(&object) }
            }
        }
        Ok(tally)
    }

    pub(crate) fn add(&mut self, object: &Found) {
        let digests = object.digest.then_some(&mut self.digests);
        let place = self.by_place.entry((object.account, object.region)).or_default();
        for sum in [&mut self.total, place].into_iter().chain(digests) {
            sum.objects += 1;
            sum.stored_bytes += object.size_bytes;
        }
        *self.by_day.entry(object.day).or_default() += 1;
    }
}
