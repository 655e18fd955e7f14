//! Restores the verbatim tree: every original under its own key, with the metadata it had, into a directory or a
//! bucket. Each is checked against its hash before it is written. What is there already, byte for byte, is left alone,
//! so that an interrupted run goes on where it stopped; what is there with other bytes is never overwritten.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures::{StreamExt, TryStreamExt, stream};
use trailkeep_archive::SourceRow;
use trailkeep_keys::AccountId;
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};

use crate::{
    archive::{Archive, ReadError},
    tier::ArchivedSegment,
};

mod copy;
mod plan;

pub use plan::Plan;

/// Files of `sources/` that are read at once while planning.
const FILES_AT_ONCE: usize = 8;
/// Runs of adjacent originals that are copied at once.
const RUNS_AT_ONCE: usize = 8;
/// Failures that are kept with their reasons; the others are counted.
const FAILURES_KEPT: usize = 20;

/// Which originals are restored. Times are of delivery, milliseconds since the Unix epoch.
#[derive(Debug, Clone, Default)]
pub struct TreeFilter {
    /// From this moment on.
    pub since_ms: Option<i64>,
    /// Before this moment.
    pub until_ms: Option<i64>,
    /// Only of this account.
    pub account: Option<AccountId>,
    /// Only of this canonical bucket; needed where the archive holds several.
    pub bucket: Option<String>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Originals done, whether restored, there already or failed.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeReport {
    /// Originals written.
    pub restored: u64,
    /// Their bytes.
    pub restored_bytes: u64,
    /// Originals that were there already, byte for byte.
    pub already_there: u64,
    /// Originals in segments that must be restored from an archived tier first.
    pub in_archived_tier: u64,
    /// Originals that failed.
    pub failed: u64,
    /// The first of them: key and reason.
    pub failures: Vec<(String, String)>,
}

/// Why a tree was not restored at all.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The store failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// A file of `sources/` cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Two buckets' trees in one would be neither's.
    #[error("the archive holds sources of {} buckets: {}; name the one to restore", .buckets.len(), .buckets.join(", "))]
    SeveralBuckets {
        /// Their names.
        buckets: Vec<String>,
    },
}

impl TreeFilter {
    /// Whether a source is wanted. One whose key tells no time is taken.
    pub fn holds(&self, row: &SourceRow) -> bool {
        let moment = row.delivered_at.or(row.modified_at);
        self.since_ms.is_none_or(|since| moment.is_none_or(|moment| moment >= since))
            && self.until_ms.is_none_or(|until| moment.is_none_or(|moment| moment < until))
            && self.account.as_ref().is_none_or(|account| row.account.as_deref() == Some(account.as_str()))
            && self.bucket.as_ref().is_none_or(|bucket| *bucket == row.bucket)
    }
}

impl TreeReport {
    fn fail(&mut self, row: &SourceRow, reason: &dyn std::error::Error) {
        self.failed += 1;
        if self.failures.len() < FAILURES_KEPT {
            let mut text = reason.to_string();
            let mut cause = reason.source();
            while let Some(error) = cause {
                text.push_str(", because ");
                text.push_str(&error.to_string());
                cause = error.source();
            }
            self.failures.push((row.key.clone(), text));
        }
    }

    fn add(&mut self, other: Self) {
        self.restored += other.restored;
        self.restored_bytes += other.restored_bytes;
        self.already_there += other.already_there;
        self.in_archived_tier += other.in_archived_tier;
        self.failed += other.failed;
        self.failures.extend(other.failures);
        self.failures.truncate(FAILURES_KEPT);
    }
}

impl Archive {
    /// Restores what a plan lists into `target`, and tells how far it is. Where a segment lies in an archived tier its
    /// originals are counted and left out. `stop` is asked between originals: once it says so, the run ends in order.
    ///
    /// # Errors
    /// [`TreeError`]; what fails for one original is in the report.
    pub async fn restore_tree(
        &self,
        plan: &Plan,
        archived: &[ArchivedSegment],
        target: &Arc<dyn AuditBucket>,
        progress: &(dyn Fn(Progress) + Send + Sync),
        stop: &(dyn Fn() -> bool + Send + Sync),
    ) -> Result<TreeReport, TreeError> {
        let archived: BTreeSet<&str> = archived.iter().map(|segment| segment.key.as_str()).collect();
        let into_empty = target.list("", None).await.map_or_else(not_there, |page| Ok(page.objects.is_empty()))?;
        let copier = copy::Copier { archive: self, target, into_empty, progress, stop };
        let mut report = TreeReport::default();
        for file in &plan.files {
            if stop() {
                break;
            }
            let mut rows = self.sources(file).await?;
            rows.retain(|row| plan.holds(row));
            let (kept, out_of_reach): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| !archived.contains(row.segment.as_str()));
            report.in_archived_tier += out_of_reach.len() as u64;
            for row in &out_of_reach {
                progress(Progress { objects: 1, bytes: row.segment_length });
            }
            let runs = copy::runs(kept);
            let mut done = stream::iter(runs).map(|run| copier.copy_run(run)).buffer_unordered(RUNS_AT_ONCE);
            while let Some(part) = done.next().await {
                report.add(part);
            }
        }
        Ok(report)
    }
}

fn not_there(error: BucketError) -> Result<bool, BucketError> {
    match error {
        BucketError::NotFound { .. } => Ok(true),
        error => Err(error),
    }
}

/// The highest revision of each source that has more than one, by bucket and key.
type Revisions = BTreeMap<(String, String), u32>;

impl Archive {
    /// Looks through `sources/` for what a filter holds: how much it is, and in which segments.
    ///
    /// # Errors
    /// [`TreeError`]; `SeveralBuckets` where the filter names none and the archive holds more than one.
    pub async fn plan_tree(&self, filter: TreeFilter) -> Result<Plan, TreeError> {
        let files = self.sources_files().await?;
        let read = stream::iter(files).map(|file| async move { Ok::<_, ReadError>((self.sources(&file.key).await?, file.key)) });
        let mut read = read.buffered(FILES_AT_ONCE);
        let mut plan = Plan::new(filter);
        while let Some((rows, key)) = read.try_next().await? {
            plan.take(&rows, key);
        }
        plan.finish()
    }
}
