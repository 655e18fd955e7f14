//! What the archive shows: Digests and log files of the window, out of `sources/`.

use std::collections::BTreeMap;

use anyhow::Context as _;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use trailkeep_archive::{
    Outcome, SourceKind, SourceRow,
    layout::{self, ArchiveKey},
    read_sources,
};
use trailkeep_audit::coverage::{HOUR_MS, ObservedDigest, ObservedSource};
use trailkeep_keys::{AccountId, Region};
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};
use trailkeep_restore::Archive;

use super::Window;

/// Files that are fetched and decoded at once.
const FILES_AT_ONCE: usize = 4;
/// Largest file that is read: 256 MiB. A Batch of 10,000 sources takes about 1.5 MB.
const MAX_FILE_BYTES: u64 = 256 << 20;
/// Largest such file once decoded: 1 GiB.
const MAX_DECODED_BYTES: u64 = 1 << 30;
/// How the names of backfill Digests end.
const BACKFILL: &str = "_backfill.json.gz";

/// What landed of the window.
#[derive(Debug, Default)]
pub(super) struct Observed {
    pub(super) digests: Vec<ObservedDigest>,
    pub(super) logs: Vec<ObservedSource>,
    /// When each account in a Region was first seen in the files that were read, milliseconds since 1970: the first hour that a Digest covers, or
    /// its first log file.
    pub(super) seen: BTreeMap<AccountId, BTreeMap<Region, i64>>,
}

impl Observed {
    /// Reads `sources/`, all of it: a Region that was seen long before the window and is silent in it is a gap.
    pub(super) async fn read(archive: &Archive, window: &Window) -> anyhow::Result<Self> {
        let bucket = archive.bucket().as_ref();
        let keys = keys(bucket).await?;
        let read = |key: String| async move {
            let bytes = whole(bucket, &key).await?;
            let decoded = tokio::task::spawn_blocking(move || {
                let rows = read_sources(bytes, MAX_DECODED_BYTES).with_context(|| format!("{key} cannot be read"))?;
                Ok::<_, anyhow::Error>(rows.iter().filter_map(Sight::of).collect::<Vec<Sight>>())
            });
            decoded.await.context("a thread failed")?
        };
        let mut files = stream::iter(keys).map(read).buffer_unordered(FILES_AT_ONCE);
        let mut observed = Self::default();
        while let Some(sights) = files.try_next().await? {
            sights.into_iter().filter(|sight| window.has(sight.account, sight.region)).for_each(|sight| observed.take(sight, window));
        }
        Ok(observed)
    }

    fn take(&mut self, sight: Sight, window: &Window) {
        let Sight { account, region, at_ms, digest, landed_ms } = sight;
        let start_ms = if digest { at_ms - HOUR_MS } else { at_ms };
        // The first hour that a Digest covers is the first whose half it holds.
        let seen_ms = if digest { (start_ms + HOUR_MS / 2 - 1).div_euclid(HOUR_MS) * HOUR_MS } else { at_ms };
        let first = self.seen.entry(account).or_default().entry(region).or_insert(seen_ms);
        *first = seen_ms.min(*first);
        if digest && at_ms > window.since_ms && start_ms < window.until_ms {
            // What it lists is not in its key, and is for `verify`.
            self.digests.push(ObservedDigest { account, region, start_ms, end_ms: at_ms, log_files: 0 });
        } else if !digest && (window.since_ms..window.until_ms).contains(&at_ms) {
            self.logs.push(ObservedSource { account, region, delivered_ms: at_ms, landed_ms });
        }
    }
}

/// A row of `sources/`, as far as coverage goes.
#[derive(Debug, Clone, Copy)]
struct Sight {
    account: AccountId,
    region: Region,
    /// The time in its name.
    at_ms: i64,
    digest: bool,
    landed_ms: Option<i64>,
}

impl Sight {
    fn of(row: &SourceRow) -> Option<Self> {
        let digest = row.kind == SourceKind::Digest;
        if !digest && row.kind != SourceKind::Log {
            return None;
        }
        // A backfill Digest lists what another one left out, and covers no hour; neither does one that cannot be read.
        if digest && (row.key.ends_with(BACKFILL) || row.outcome == Outcome::Quarantined) {
            return None;
        }
        Some(Self {
            account: row.account.as_ref()?.parse().ok()?,
            region: row.region.as_ref()?.parse().ok()?,
            at_ms: row.delivered_at?,
            digest,
            // What lands a second time is late for no fault of its delivery.
            landed_ms: (row.revision == 1).then_some(row.landed_at),
        })
    }
}

/// The files of `sources/`.
async fn keys(bucket: &dyn AuditBucket) -> anyhow::Result<Vec<String>> {
    let (mut keys, mut page) = (Vec::new(), None);
    loop {
        let listed = match bucket.list(layout::SOURCES, page).await {
            // A directory has no folder for what it does not hold.
            Err(BucketError::NotFound { .. }) => return Ok(keys),
            listed => listed?,
        };
        let told = |key: &str| matches!(ArchiveKey::parse(key), Some(ArchiveKey::Sources { .. }));
        keys.extend(listed.objects.into_iter().map(|object| object.key).filter(|key| told(key)));
        page = listed.next;
        if page.is_none() {
            return Ok(keys);
        }
    }
}

async fn whole(bucket: &dyn AuditBucket, key: &str) -> anyhow::Result<Bytes> {
    bucket.get(key, MAX_FILE_BYTES).await?.with_context(|| format!("{key} was there, and is not any more"))
}
