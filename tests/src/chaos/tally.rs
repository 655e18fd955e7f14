//! What came of it: the archive read back and counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::cloud::{ARCHIVE, Cloud};

/// Counts over a whole archive. All of `lost`, `twice` and `orphans` are 0, or an invariant is broken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Distinct objects that were announced.
    pub announced: u64,
    /// Of these, how many `sources/` lists.
    pub published: u64,
    /// Announced and listed nowhere.
    pub lost: u64,
    /// Rows of `sources/` for what another row lists already.
    pub twice: u64,
    /// Visible objects of Batches that have no `sources/` object.
    pub orphans: u64,
    /// Records in the archived objects, as `sources/` counts them.
    pub records: u64,
    /// Batches with a `sources/` object.
    pub batches: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { announced, published, lost, twice, orphans, .. } = self;
        write!(f, "announced={announced} published={published} lost={lost} twice={twice} orphans={orphans}")
    }
}

impl Tally {
    /// Counts what `cloud` holds of the announced keys.
    ///
    /// # Errors
    /// Where the archive cannot be read, or its rows do not add up.
    pub async fn of(cloud: &Cloud, announced: &BTreeSet<String>) -> Result<Self> {
        let asked = "SELECT key, records, landed, duplicates, quarantined FROM sources";
        let rows = cloud.trailkeep(["query", "--archive", ARCHIVE, "--output", "json", asked])?.rows()?;
        let mut listed = BTreeMap::<String, u64>::new();
        let (mut records, mut landed) = (0, 0);
        for row in &rows {
            let key = row.get("key").and_then(Value::as_str).context("a row of sources has no key")?;
            *listed.entry(key.to_owned()).or_default() += 1;
            let [all, kept, duplicates, quarantined] = ["records", "landed", "duplicates", "quarantined"].map(|name| number(row, name));
            ensure!(all == kept + duplicates + quarantined, "the records of a source do not add up: {row}");
            records += all;
            landed += kept;
        }
        let events = cloud.trailkeep(["query", "--archive", ARCHIVE, "--output", "json", "SELECT count(*) AS n FROM events"])?.rows()?;
        let events = events.first().map_or(0, |row| number(row, "n"));
        ensure!(events == landed, "{landed} records landed, and events/ has {events} rows");
        let (batches, orphans) = batches_and_orphans(cloud).await?;
        let published = announced.iter().filter(|key| listed.contains_key(*key)).count() as u64;
        Ok(Self {
            announced: announced.len() as u64,
            published,
            lost: announced.len() as u64 - published,
            twice: listed.values().map(|count| count - 1).sum(),
            orphans,
            records,
            batches,
        })
    }

    /// Whether every invariant holds.
    pub fn is_sound(&self) -> bool {
        self.lost == 0 && self.twice == 0 && self.orphans == 0
    }
}

fn number(row: &Value, name: &str) -> u64 {
    row.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// Objects are named `<batch>.<ending>`.
async fn batches_and_orphans(cloud: &Cloud) -> Result<(u64, u64)> {
    let batch_of = |key: &str| key.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default().to_owned();
    let keys = cloud.archived("").await?;
    let published: BTreeSet<String> = keys.iter().filter(|key| key.starts_with("sources/")).map(|key| batch_of(key)).collect();
    let speaking = keys.iter().filter(|key| key.contains('/') && !key.starts_with("staging/"));
    let orphans = speaking.filter(|key| !published.contains(&batch_of(key))).count();
    Ok((published.len() as u64, orphans as u64))
}
