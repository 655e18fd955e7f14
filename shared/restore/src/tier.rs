//! Segments in archived storage classes: what it takes to read them again, in hours and dollars, and starting it.

use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use trailkeep_pipeline::ports::bucket::{BucketError, ObjectInfo};

use crate::archive::Archive;

/// Segments whose state is asked at once.
const HEADS_AT_ONCE: usize = 16;
const BYTES_PER_GB: f64 = (1u64 << 30) as f64;

/// How fast a restore is to be, by S3's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RestoreTier {
    /// Hours.
    #[default]
    Standard,
    /// Cheapest: up to 12 hours from Glacier Flexible Retrieval, up to 48 from Deep Archive.
    Bulk,
}

impl RestoreTier {
    /// As S3's `RestoreObject` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Bulk => "Bulk",
        }
    }
}

/// Whether a copy of an archived segment can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RestoreState {
    /// No restore was asked for.
    Archived,
    /// A restore is running.
    Running,
}

/// A segment that cannot be read until it has been restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArchivedSegment {
    /// Its key.
    pub key: String,
    /// Its size in bytes: S3 restores whole objects.
    pub size_bytes: u64,
    /// S3's storage class.
    pub storage_class: String,
    /// Whether a restore is running.
    pub state: RestoreState,
}

/// What restoring some segments takes. Prices of us-east-1 in USD, as a guide; a Region's price list decides.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RestoreEstimate {
    /// Segments.
    pub segments: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Hours until the last of them can be read, at most.
    pub hours: u32,
    /// For retrieving them.
    pub retrieval_usd: f64,
    /// For the copies while they stay, at S3 Standard's price.
    pub copies_usd: f64,
}

/// Why a restore was not started.
#[derive(Debug, thiserror::Error)]
#[error("no restore of {key} was started")]
pub struct TierError {
    /// Key of the segment.
    pub key: String,
    /// The cause.
    #[source]
    pub source: BucketError,
}

/// What S3 takes for a restore: hours at most, USD a GB, USD a request.
struct Price {
    hours: u32,
    per_gb_usd: f64,
    per_request_usd: f64,
}

/// Price of S3 Standard, USD a GB and month, for the copy that a restore makes.
/// Source: Amazon S3 pricing, us-east-1.
const STANDARD_USD_PER_GB_MONTH: f64 = 0.023;

/// Source: Amazon S3 pricing, us-east-1, "Requests & data retrievals"; S3 User Guide, "Understanding archive retrieval options".
fn price(storage_class: &str, tier: RestoreTier) -> Price {
    match (storage_class, tier) {
        ("DEEP_ARCHIVE", RestoreTier::Standard) => Price { hours: 12, per_gb_usd: 0.02, per_request_usd: 0.0001 },
        ("DEEP_ARCHIVE", RestoreTier::Bulk) => Price { hours: 48, per_gb_usd: 0.0025, per_request_usd: 0.000_025 },
        (_, RestoreTier::Standard) => Price { hours: 5, per_gb_usd: 0.01, per_request_usd: 0.000_05 },
        (_, RestoreTier::Bulk) => Price { hours: 12, per_gb_usd: 0.0, per_request_usd: 0.0 },
    }
}

impl RestoreEstimate {
    /// What restoring these segments for `days` takes. Those that are being restored already cost nothing more.
    pub fn of(segments: &[ArchivedSegment], tier: RestoreTier, days: u16) -> Self {
        let mut estimate = Self { segments: 0, bytes: 0, hours: 0, retrieval_usd: 0.0, copies_usd: 0.0 };
        for segment in segments {
            let price = price(&segment.storage_class, tier);
            estimate.hours = estimate.hours.max(price.hours);
            if segment.state == RestoreState::Running {
                continue;
            }
            let gb = segment.size_bytes as f64 / BYTES_PER_GB;
            estimate.segments += 1;
            estimate.bytes += segment.size_bytes;
            estimate.retrieval_usd += gb * price.per_gb_usd + price.per_request_usd;
            estimate.copies_usd += gb * STANDARD_USD_PER_GB_MONTH * f64::from(days) / 30.0;
        }
        estimate
    }
}

impl Archive {
    /// Of the given segments, those that cannot be read now because they lie in an archived tier. One that is not
    /// there at all is left to whoever reads it.
    ///
    /// # Errors
    /// [`BucketError`].
    pub async fn archived(&self, segments: Vec<String>) -> Result<Vec<ArchivedSegment>, BucketError> {
        if self.bucket().local_path().is_some() {
            return Ok(Vec::new());
        }
        let state = |key: String| async move {
            let info = self.bucket().head(&key).await?;
            Ok::<_, BucketError>(info.and_then(|info| archived(key, &info)))
        };
        let states: Vec<Option<ArchivedSegment>> = stream::iter(segments).map(state).buffered(HEADS_AT_ONCE).try_collect().await?;
        Ok(states.into_iter().flatten().collect())
    }

    /// Starts the restore of a segment; the copy stays for `days`. One that is running already is left alone.
    ///
    /// # Errors
    /// [`TierError`].
    pub async fn start_restore(&self, segment: &ArchivedSegment, days: u16, tier: RestoreTier) -> Result<(), TierError> {
        if segment.state == RestoreState::Running {
            return Ok(());
        }
        let started = self.bucket().restore(&segment.key, days, tier.as_str()).await;
        started.map_err(|source| TierError { key: segment.key.clone(), source })
    }
}

/// The state that S3's answer tells; `None` where the object can be read.
/// Source: S3 API Reference, HeadObject, `x-amz-restore`.
fn archived(key: String, info: &ObjectInfo) -> Option<ArchivedSegment> {
    let storage_class = info.storage_class.clone().filter(|class| matches!(class.as_str(), "GLACIER" | "DEEP_ARCHIVE"))?;
    let state = match info.restore.as_deref() {
        None => RestoreState::Archived,
        Some(restore) if restore.contains("ongoing-request=\"true\"") => RestoreState::Running,
        Some(_) => return None,
    };
    Some(ArchivedSegment { key, size_bytes: info.size_bytes, storage_class, state })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(class: &str, restore: Option<&str>) -> ObjectInfo {
        ObjectInfo {
            size_bytes: 2 << 30,
            storage_class: Some(class.to_owned()),
            restore: restore.map(str::to_owned),
            ..ObjectInfo::default()
        }
    }

    fn state(class: &str, restore: Option<&str>) -> Option<RestoreState> {
        archived("raw/x".to_owned(), &info(class, restore)).map(|segment| segment.state)
    }

    #[test]
    fn only_what_cannot_be_read_is_archived() {
        assert_eq!(state("DEEP_ARCHIVE", None), Some(RestoreState::Archived));
        assert_eq!(state("GLACIER", Some("ongoing-request=\"true\"")), Some(RestoreState::Running));
        assert_eq!(state("GLACIER", Some("ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2029 00:00:00 GMT\"")), None);
        assert_eq!(state("GLACIER_IR", None), None);
        assert_eq!(state("STANDARD_IA", None), None);
    }

    #[test]
    fn an_estimate_counts_bytes_requests_and_the_slowest_class() {
        let segment =
            |class: &str, state| ArchivedSegment { key: String::new(), size_bytes: 10 << 30, storage_class: class.to_owned(), state };
        let segments = [
            segment("DEEP_ARCHIVE", RestoreState::Archived),
            segment("GLACIER", RestoreState::Archived),
            segment("DEEP_ARCHIVE", RestoreState::Running),
        ];
        let standard = RestoreEstimate::of(&segments, RestoreTier::Standard, 30);
        assert_eq!((standard.segments, standard.bytes, standard.hours), (2, 20 << 30, 12));
        assert!((standard.retrieval_usd - 0.300_15).abs() < 1e-9, "{}", standard.retrieval_usd);
        assert!((standard.copies_usd - 0.46).abs() < 1e-9, "{}", standard.copies_usd);
        assert_eq!(RestoreEstimate::of(&segments, RestoreTier::Bulk, 1).hours, 48);
    }
}
