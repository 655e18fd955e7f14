//! What was delivered so long ago that the ledger may have forgotten that it landed.
//!
//! The ledger remembers each source for 400 days after its landing. Whatever landed later than 370 days ago is remembered; whatever landed earlier is
//! looked for in `sources/`. Both cover the 30 days between, so that nothing falls through, and no lease is needed: who admits a forgotten source
//! puts it into the ledger anew, where the next one meets it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use trailkeep_archive::{layout, read_sources};
use trailkeep_pipeline::{
    ingest::Surroundings,
    ports::{
        bucket::{AuditBucket, BucketError},
        ledger::{Landed, SourceId},
    },
};

/// Days that ledger and `sources/` are both asked about.
const BOTH_DAYS: u32 = 30;
/// Largest `sources/` object that is read, and most bytes of its decoded columns.
const MAX_SOURCES_BYTES: u64 = 64 << 20;
const MAX_DECODED_BYTES: u64 = 256 << 20;
const DAY_MS: i64 = 86_400_000;

/// How far back the ledger is sure to remember.
#[derive(Debug, Clone)]
pub(crate) struct Horizon {
    days: Option<u32>,
    surroundings: Arc<dyn Surroundings>,
}

impl Horizon {
    /// `days` = for how long the ledger remembers; none = for good.
    pub(crate) fn new(days: Option<u32>, surroundings: Arc<dyn Surroundings>) -> Self {
        Self { days, surroundings }
    }

    /// The last day whose landings it may have forgotten, `yyyymmdd`; 0 where it forgets nothing.
    pub(crate) fn day(&self) -> u32 {
        let Some(days) = self.days else { return 0 };
        let back_ms = i64::from(days.saturating_sub(BOTH_DAYS)) * DAY_MS;
        day_of(self.surroundings.now().unix_ms.saturating_sub(back_ms))
    }

    /// Whether what was delivered on this day may have landed and been forgotten.
    pub(crate) fn is_before(&self, delivery_day: u32) -> bool {
        delivery_day <= self.day()
    }
}

fn day_of(unix_ms: i64) -> u32 {
    trailkeep_archive::Partition::day_of(unix_ms)
}

/// Which of the wanted sources `sources/` lists in Batches of the days from `first` to `last`, `yyyymmdd`. Nothing lands before it is delivered. Reads all
/// of these days once.
///
/// # Errors
/// [`BucketError`]; a table that cannot be read is `Failed`.
pub(crate) async fn landed_since(
    bucket: &Arc<dyn AuditBucket>,
    first: u32,
    last: u32,
    wanted: &HashSet<&SourceId>,
) -> Result<HashMap<SourceId, Landed>, BucketError> {
    let mut found = HashMap::new();
    if wanted.is_empty() {
        return Ok(found);
    }
    let mut page = None;
    loop {
        let listed = bucket.list(layout::SOURCES, page).await?;
        for object in &listed.objects {
            let batch = layout::ArchiveKey::parse(&object.key).and_then(|key| key.batch());
            if batch.is_some_and(|batch| (first..=last).contains(&day_of(batch.unix_ms()))) {
                read(bucket, &object.key, wanted, &mut found).await?;
            }
        }
        page = listed.next;
        if page.is_none() {
            return Ok(found);
        }
    }
}

async fn read(
    bucket: &Arc<dyn AuditBucket>,
    key: &str,
    wanted: &HashSet<&SourceId>,
    found: &mut HashMap<SourceId, Landed>,
) -> Result<(), BucketError> {
    let Some(bytes) = bucket.get(key, MAX_SOURCES_BYTES).await? else { return Ok(()) };
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| BucketError::Failed {
        operation: "read".to_owned(),
        what: format!("{}{key}", bucket.address()),
        source,
    };
    for row in read_sources(bytes, MAX_DECODED_BYTES).map_err(|error| failed(Box::new(error)))? {
        let source = SourceId::new(row.bucket, row.key).at_revision(row.revision);
        if !wanted.contains(&source) {
            continue;
        }
        let mut stored_sha256 = [0; 32];
        hex_into(&row.stored_sha256, &mut stored_sha256).ok_or_else(|| failed("a SHA-256 in it is none".into()))?;
        found.insert(source, Landed { version: row.version, etag: row.etag, stored_bytes: row.stored_bytes, stored_sha256 });
    }
    Ok(())
}

/// Reads 64 hex digits.
fn hex_into(text: &str, out: &mut [u8; 32]) -> Option<()> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let value = |digit: u8| char::from(digit).to_digit(16);
        *byte = (value(pair[0])? * 16 + value(pair[1])?) as u8;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use trailkeep_pipeline::protocol::Moment;

    use super::*;

    #[derive(Debug)]
    struct At(i64);

    impl Surroundings for At {
        fn now(&self) -> Moment {
            Moment { unix_ms: self.0, monotonic_ms: Duration::ZERO.as_millis() as u64 }
        }

        fn random(&self) -> u64 {
            0
        }
    }

    #[test]
    fn only_what_the_ledger_may_have_forgotten_is_old() {
        // 2026-01-15.
        let now: Arc<dyn Surroundings> = Arc::new(At(1_768_435_200_000));
        let horizon = Horizon::new(Some(400), Arc::clone(&now));
        assert_eq!(horizon.day(), 20_250_110);
        assert!(horizon.is_before(20_250_110) && !horizon.is_before(20_250_111));
        assert!(!Horizon::new(None, now).is_before(19_700_101), "a ledger that keeps everything forgets nothing");
    }

    #[test]
    fn hashes_are_read() {
        let mut hash = [0; 32];
        assert!(hex_into(&"0f".repeat(32), &mut hash).is_some());
        assert_eq!(hash, [15; 32]);
        assert!(hex_into("0f", &mut hash).is_none() && hex_into(&"zz".repeat(32), &mut hash).is_none());
    }
}
