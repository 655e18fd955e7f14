//! What was delivered so long ago that the ledger may have forgotten that it landed.
//!
//! The ledger remembers each source for 400 days after its landing. Whatever landed later than 370 days ago is remembered; whatever landed earlier is
//! looked for in `sources/`. Both cover the 30 days between, so that nothing falls through, and no lease is needed: who admits a forgotten source
//! puts it into the ledger anew, where the next one meets it.

mod seen;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use trailkeep_archive::{BatchId, SourceRow, layout, read_sources};
use trailkeep_pipeline::{
    ingest::Surroundings,
    ports::{
        bucket::{AuditBucket, BucketError},
        ledger::{Landed, SourceId},
    },
};

use self::seen::{Seen, hash_of};

/// Days that ledger and `sources/` are both asked about.
const BOTH_DAYS: u32 = 30;
/// Largest `sources/` object that is read, and most bytes of its decoded columns.
const MAX_SOURCES_BYTES: u64 = 64 << 20;
const MAX_DECODED_BYTES: u64 = 256 << 20;
const DAY_MS: i64 = 86_400_000;
/// Days that are listed one by one: beyond it all of `sources/` is listed.
const MAX_DAYS: usize = 800;
/// Days that are listed at a time.
const LISTED_AT_ONCE: usize = 8;

/// How far back the ledger is sure to remember, and what `sources/` says of what lies before.
#[derive(Debug, Clone)]
pub(crate) struct Horizon {
    days: Option<u32>,
    surroundings: Arc<dyn Surroundings>,
    seen: Arc<Mutex<Seen>>,
}

impl Horizon {
    /// `days` = for how long the ledger remembers; none = for good.
    pub(crate) fn new(days: Option<u32>, surroundings: Arc<dyn Surroundings>) -> Self {
        Self { days, surroundings, seen: Arc::default() }
    }

    /// The last day whose landings it may have forgotten, `yyyymmdd`; 0 where it forgets nothing.
    pub(crate) fn day(&self) -> u32 {
        self.last_ms().map_or(0, day_of)
    }

    /// Whether what was delivered on this day may have landed and been forgotten.
    pub(crate) fn is_before(&self, delivery_day: u32) -> bool {
        delivery_day <= self.day()
    }

    fn last_ms(&self) -> Option<i64> {
        let back_ms = i64::from(self.days?.saturating_sub(BOTH_DAYS)) * DAY_MS;
        Some(self.surroundings.now().unix_ms.saturating_sub(back_ms))
    }

    /// What `sources/` lists of the wanted sources, in Batches from before the first day of delivery (`yyyymmdd`) to the last one that the ledger may have
    /// forgotten: every revision of each, whichever is wanted. Lists these days, and reads each of their files the first time; later on only files that
    /// list something wanted.
    ///
    /// # Errors
    /// [`BucketError`]; a table that cannot be read is `Failed`.
    pub(crate) async fn landed_since(
        &self,
        bucket: &Arc<dyn AuditBucket>,
        first_day: u32,
        wanted: &HashSet<&SourceId>,
    ) -> Result<HashMap<SourceId, Landed>, BucketError> {
        match self.last_ms() {
            Some(last_ms) if !wanted.is_empty() => landed(&self.seen, bucket, first_day, last_ms, wanted).await,
            _ => Ok(HashMap::new()),
        }
    }
}

async fn landed(
    seen: &Mutex<Seen>,
    bucket: &Arc<dyn AuditBucket>,
    first_day: u32,
    last_ms: i64,
    wanted: &HashSet<&SourceId>,
) -> Result<HashMap<SourceId, Landed>, BucketError> {
    let seen = || seen.lock().unwrap_or_else(PoisonError::into_inner);
    let hashes: HashSet<u128> = wanted.iter().map(|source| hash_of(source.bucket(), source.key())).collect();
    let mut found = HashMap::new();
    for (batch, key) in files(bucket, first_day, last_ms).await? {
        if !seen().may_list(&batch, &hashes) {
            continue;
        }
        let rows = read(bucket, &key).await?;
        seen().keep(batch, rows.iter().map(|row| hash_of(&row.bucket, &row.key)));
        for row in rows.into_iter().filter(|row| hashes.contains(&hash_of(&row.bucket, &row.key))) {
            let mut stored_sha256 = [0; 32];
            hex::decode_to_slice(&row.stored_sha256, &mut stored_sha256).map_err(|error| failed(bucket, &key, error))?;
            let source = SourceId::new(row.bucket, row.key).at_revision(row.revision);
            found.insert(source, Landed { version: row.version, etag: row.etag, stored_bytes: row.stored_bytes, stored_sha256 });
        }
    }
    Ok(found)
}

fn day_of(unix_ms: i64) -> u32 {
    trailkeep_archive::Partition::day_of(unix_ms)
}

/// The days from the one before `first` to the last one; `None` where they are too many. A Batch is of the day when it was opened, and may land what was
/// delivered soon after midnight.
fn days(first: u32, last_ms: i64) -> Option<Vec<u32>> {
    let mut days = Vec::new();
    let mut at = last_ms;
    while day_of(at) >= first {
        days.push(day_of(at));
        at -= DAY_MS;
        if days.len() >= MAX_DAYS || at < 0 {
            return None;
        }
    }
    days.push(day_of(at));
    Some(days)
}

/// The objects of `sources/` of these days.
async fn files(bucket: &Arc<dyn AuditBucket>, first: u32, last_ms: i64) -> Result<Vec<(BatchId, String)>, BucketError> {
    let prefixes = match days(first, last_ms) {
        Some(days) => days.into_iter().map(|day| format!("{}day={day:08}/", layout::SOURCES)).collect(),
        None => vec![layout::SOURCES.to_owned()],
    };
    let last = day_of(last_ms);
    let listed: Vec<Vec<(BatchId, String)>> =
        stream::iter(prefixes).map(|prefix| list(bucket, prefix, last)).buffered(LISTED_AT_ONCE).try_collect().await?;
    Ok(listed.into_iter().flatten().collect())
}

async fn list(bucket: &Arc<dyn AuditBucket>, prefix: String, last: u32) -> Result<Vec<(BatchId, String)>, BucketError> {
    let (mut files, mut page) = (Vec::new(), None);
    loop {
        let listed = match bucket.list(&prefix, page).await {
            // A directory has no folder for a day on which nothing landed.
            Err(BucketError::NotFound { .. }) => return Ok(files),
            listed => listed?,
        };
        let batches = listed.objects.into_iter().filter_map(|object| Some((layout::ArchiveKey::parse(&object.key)?.batch()?, object.key)));
        files.extend(batches.filter(|(batch, _)| day_of(batch.unix_ms()) <= last));
        page = listed.next;
        if page.is_none() {
            return Ok(files);
        }
    }
}

async fn read(bucket: &Arc<dyn AuditBucket>, key: &str) -> Result<Vec<SourceRow>, BucketError> {
    let Some(bytes) = bucket.get(key, MAX_SOURCES_BYTES).await? else { return Err(failed(bucket, key, "it was listed and is gone")) };
    read_sources(bytes, MAX_DECODED_BYTES).map_err(|error| failed(bucket, key, error))
}

fn failed(bucket: &Arc<dyn AuditBucket>, key: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BucketError {
    BucketError::Failed { operation: "read".to_owned(), what: format!("{}{key}", bucket.address()), source: source.into() }
}
