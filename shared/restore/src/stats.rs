//! What an archive holds, in figures: from `sources/`, `quarantine/` and a listing of each prefix. Raw segments and
//! events are not opened.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use trailkeep_archive::{SourceKind, SourceRow, layout};
use trailkeep_pipeline::ports::bucket::BucketError;

use crate::archive::{Archive, ReadError};

/// Files that are read at once.
const FILES_AT_ONCE: usize = 8;
/// The prefixes of an archive.
const PREFIXES: [&str; 8] =
    [layout::RAW, layout::DIGESTS, layout::EVENTS, layout::INDEX, layout::SOURCES, layout::QUARANTINE, layout::ATTEST, layout::STAGING];

/// What an archive holds. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Stats {
    /// The archive's address.
    pub archive: String,
    /// Batches that were published.
    pub batches: u64,
    /// Sums over all sources.
    pub total: Totals,
    /// The same by account in the key, most Records first.
    pub accounts: Vec<AccountStats>,
    /// The same by account, Region and day of delivery, of the LogObjects whose key tells all three; in that order.
    pub account_region_days: Vec<DayStats>,
    /// Sources by outcome.
    pub outcomes: BTreeMap<String, u64>,
    /// Sources by what was odd about them.
    pub flags: BTreeMap<String, u64>,
    /// Rows of quarantine by reason.
    pub quarantine_reasons: BTreeMap<String, u64>,
    /// Objects and bytes by prefix.
    pub prefixes: Vec<PrefixStats>,
    /// Inflated bytes of LogObjects per stored byte.
    pub inflated_per_stored: Option<f64>,
    /// Bytes of `events/`, `index/` and `sources/` per stored byte of LogObjects.
    pub tables_per_stored: Option<f64>,
    /// Bytes of `raw/` and `digests/` per stored byte of all sources.
    pub segments_per_stored: Option<f64>,
}

/// Sums over sources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Accounts in keys.
    pub accounts: u64,
    /// Regions in keys.
    pub regions: u64,
    /// Days of delivery, of those sources whose key tells it.
    pub days: u64,
    /// Account, Region and day of delivery together: how much of an organization is covered.
    pub account_region_days: u64,
    /// LogObjects of every class but Digests.
    pub log_objects: u64,
    /// Digests.
    pub digests: u64,
    /// Sources with other content than the first under their key, or landed again.
    pub later_revisions: u64,
    /// Stored bytes of LogObjects.
    pub stored_bytes: u64,
    /// Stored bytes of Digests.
    pub digest_bytes: u64,
    /// Inflated bytes of LogObjects.
    pub inflated_bytes: u64,
    /// Records found.
    pub records: u64,
    /// Records in `events/`.
    pub landed: u64,
    /// Records dropped as duplicates within a Batch.
    pub duplicates: u64,
    /// Records in `quarantine/`.
    pub quarantined: u64,
    /// Earliest event time.
    pub first_event_at: Option<i64>,
    /// Latest event time.
    pub last_event_at: Option<i64>,
    /// First day of delivery, `20251009`.
    pub first_day: Option<u32>,
    /// Last day of delivery.
    pub last_day: Option<u32>,
}

/// One account's part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AccountStats {
    /// Account id; `unknown` where the key tells none.
    pub account: String,
    /// Its sums.
    #[serde(flatten)]
    pub total: Totals,
}

/// What one account logged in one Region on one day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DayStats {
    /// Account id.
    pub account: String,
    /// Region.
    pub region: String,
    /// Day of delivery, `20251009`.
    pub day: u32,
    /// What came of it.
    #[serde(flatten)]
    pub sums: DaySums,
}

/// Sums over the LogObjects of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DaySums {
    /// LogObjects.
    pub log_objects: u64,
    /// Their stored bytes.
    pub stored_bytes: u64,
    /// Their inflated bytes.
    pub inflated_bytes: u64,
    /// Records found.
    pub records: u64,
    /// Records in `events/`.
    pub landed: u64,
    /// Records dropped as duplicates within a Batch.
    pub duplicates: u64,
    /// Records in `quarantine/`.
    pub quarantined: u64,
}

impl DaySums {
    fn add(&mut self, row: &SourceRow) {
        self.log_objects += 1;
        self.stored_bytes += row.stored_bytes;
        self.inflated_bytes += row.inflated_bytes.unwrap_or_default();
        self.records += row.records;
        self.landed += row.landed;
        self.duplicates += row.duplicates;
        self.quarantined += row.quarantined;
    }
}

/// What lies below one prefix.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PrefixStats {
    /// The prefix, with its slash.
    pub prefix: String,
    /// Objects below it.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Why an archive could not be counted.
#[derive(Debug, thiserror::Error)]
pub enum StatsError {
    /// The store failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// A table cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Sums in the making: what must be counted once is a set.
#[derive(Debug, Default)]
struct Tally {
    total: Totals,
    accounts: BTreeSet<String>,
    regions: BTreeSet<String>,
    days: BTreeSet<u32>,
    covered: BTreeMap<(String, String, u32), DaySums>,
}

impl Tally {
    fn add(&mut self, row: &SourceRow) {
        let total = &mut self.total;
        if row.kind == SourceKind::Digest {
            total.digests += 1;
            total.digest_bytes += row.stored_bytes;
        } else {
            total.log_objects += 1;
            total.stored_bytes += row.stored_bytes;
            total.inflated_bytes += row.inflated_bytes.unwrap_or_default();
        }
        total.later_revisions += u64::from(row.revision > 1);
        total.records += row.records;
        total.landed += row.landed;
        total.duplicates += row.duplicates;
        total.quarantined += row.quarantined;
        total.first_event_at = [total.first_event_at, row.first_event_at].into_iter().flatten().min();
        total.last_event_at = total.last_event_at.max(row.last_event_at);
        let day = delivery_day(row);
        if let Some(account) = &row.account {
            once(&mut self.accounts, account);
        }
        if let Some(region) = &row.region {
            once(&mut self.regions, region);
        }
        if let Some(day) = day {
            self.days.insert(day);
        }
        if let (Some(account), Some(region), Some(day), true) = (&row.account, &row.region, day, row.kind != SourceKind::Digest) {
            self.covered.entry((account.clone(), region.clone(), day)).or_default().add(row);
        }
    }

    fn days(&self) -> Vec<DayStats> {
        let day = |((account, region, day), sums): (&(String, String, u32), &DaySums)| DayStats {
            account: account.clone(),
            region: region.clone(),
            day: *day,
            sums: *sums,
        };
        self.covered.iter().map(day).collect()
    }

    fn finish(self) -> Totals {
        Totals {
            accounts: self.accounts.len() as u64,
            regions: self.regions.len() as u64,
            days: self.days.len() as u64,
            account_region_days: self.covered.len() as u64,
            first_day: self.days.first().copied(),
            last_day: self.days.last().copied(),
            ..self.total
        }
    }
}

fn once(set: &mut BTreeSet<String>, text: &str) {
    if !set.contains(text) {
        set.insert(text.to_owned());
    }
}

fn delivery_day(row: &SourceRow) -> Option<u32> {
    row.delivered_at.map(trailkeep_archive::Partition::day_of)
}

impl Archive {
    /// Counts what the archive holds.
    ///
    /// # Errors
    /// [`StatsError`].
    pub async fn stats(&self) -> Result<Stats, StatsError> {
        let mut stats = Stats { archive: self.bucket().address(), ..Stats::default() };
        let (mut all, mut by_account) = (Tally::default(), BTreeMap::<String, Tally>::new());
        let files = self.sources_files().await?;
        stats.batches = files.len() as u64;
        let mut read = stream::iter(files).map(|file| async move { self.sources(&file.key).await }).buffered(FILES_AT_ONCE);
        while let Some(rows) = read.try_next().await? {
            for row in rows {
                all.add(&row);
                let account = row.account.clone().unwrap_or_else(|| "unknown".to_owned());
                by_account.entry(account).or_default().add(&row);
                *stats.outcomes.entry(row.outcome.to_string()).or_default() += 1;
                for flag in row.flags {
                    *stats.flags.entry(flag).or_default() += 1;
                }
            }
        }
        stats.account_region_days = all.days();
        stats.total = all.finish();
        stats.accounts = by_account.into_iter().map(|(account, tally)| AccountStats { account, total: tally.finish() }).collect();
        stats.accounts.sort_by(|a, b| (b.total.records, &a.account).cmp(&(a.total.records, &b.account)));
        stats.quarantine_reasons = self.quarantine_reasons().await?;
        stats.prefixes = self.prefixes().await?;
        stats.ratios();
        Ok(stats)
    }

    async fn quarantine_reasons(&self) -> Result<BTreeMap<String, u64>, StatsError> {
        let mut reasons = BTreeMap::new();
        let files = self.table_files(layout::QUARANTINE).await?;
        let mut read = stream::iter(files).map(|file| async move { self.quarantine(&file.key).await }).buffered(FILES_AT_ONCE);
        while let Some(rows) = read.try_next().await? {
            for row in rows {
                *reasons.entry(row.reason).or_default() += 1;
            }
        }
        Ok(reasons)
    }

    async fn prefixes(&self) -> Result<Vec<PrefixStats>, BucketError> {
        let mut prefixes = Vec::new();
        for prefix in PREFIXES {
            let objects = self.list(prefix).await?;
            let bytes = objects.iter().map(|object| object.size_bytes).sum();
            prefixes.push(PrefixStats { prefix: prefix.to_owned(), objects: objects.len() as u64, bytes });
        }
        Ok(prefixes)
    }
}

impl Stats {
    /// Bytes below some prefixes.
    pub fn bytes_below(&self, prefixes: &[&str]) -> u64 {
        self.prefixes.iter().filter(|found| prefixes.contains(&found.prefix.as_str())).map(|found| found.bytes).sum()
    }

    fn ratios(&mut self) {
        let ratio = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        let stored = self.total.stored_bytes;
        self.inflated_per_stored = ratio(self.total.inflated_bytes, stored);
        self.tables_per_stored = ratio(self.bytes_below(&[layout::EVENTS, layout::SOURCES, layout::INDEX]), stored);
        self.segments_per_stored = ratio(self.bytes_below(&[layout::RAW, layout::DIGESTS]), stored + self.total.digest_bytes);
    }
}
