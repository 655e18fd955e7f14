//! Copies originals out of segments. Neighbours in a segment are fetched together: objects are small and requests are
//! what costs.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use trailkeep_archive::SourceRow;
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError, PutOutcome, PutPolicy};

use super::{Progress, TreeReport};
use crate::{
    archive::Archive,
    original::{self, OriginalError, PIECE_BYTES},
};

/// Bytes of neighbours that are fetched together: 8 MiB.
const RUN_BYTES: u64 = 8 << 20;
/// Unwanted bytes between two wanted originals that are fetched along with them: 64 KiB.
const GAP_BYTES: u64 = 64 << 10;

/// Why one original was not written.
#[derive(Debug, thiserror::Error)]
enum CopyError {
    #[error(transparent)]
    Original(#[from] OriginalError),
    #[error("the key has a segment that cannot be written: empty, `.` or `..`")]
    UnsafeKey,
    #[error("something else is there already and was left as it is")]
    OtherThere,
    #[error("the target failed")]
    Target(#[source] BucketError),
}

/// Originals that lie close together in one segment, in the order of their bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    rows: Vec<SourceRow>,
}

impl Run {
    fn end(&self) -> u64 {
        self.rows.last().map_or(0, |row| row.segment_offset + row.segment_length)
    }

    fn start(&self) -> u64 {
        self.rows.first().map_or(0, |row| row.segment_offset)
    }

    fn takes(&self, row: &SourceRow) -> bool {
        let end = row.segment_offset + row.segment_length;
        self.rows.last().is_some_and(|last| last.segment == row.segment)
            && row.segment_offset >= self.end()
            && row.segment_offset - self.end() <= GAP_BYTES
            && end - self.start() <= RUN_BYTES
    }
}

/// Groups rows into runs.
pub(super) fn runs(mut rows: Vec<SourceRow>) -> Vec<Run> {
    rows.sort_by(|a, b| (&a.segment, a.segment_offset, a.segment_length).cmp(&(&b.segment, b.segment_offset, b.segment_length)));
    let mut runs: Vec<Run> = Vec::new();
    for row in rows {
        match runs.last_mut() {
            Some(run) if run.takes(&row) => run.rows.push(row),
            _ => runs.push(Run { rows: vec![row] }),
        }
    }
    runs
}

/// Whether a key can be given back: no segment leads elsewhere and, on a directory, none is empty.
fn is_safe(key: &str, on_directory: bool) -> bool {
    !key.contains('\0') && key.split('/').all(|segment| !(matches!(segment, "." | "..") || on_directory && segment.is_empty()))
}

/// What the copies of one run share.
pub(super) struct Copier<'a> {
    pub(super) archive: &'a Archive,
    pub(super) target: &'a Arc<dyn AuditBucket>,
    /// The target was empty at the start: nothing is asked before it is written.
    pub(super) into_empty: bool,
    pub(super) progress: &'a (dyn Fn(Progress) + Send + Sync),
    pub(super) stop: &'a (dyn Fn() -> bool + Send + Sync),
}

impl Copier<'_> {
    pub(super) async fn copy_run(&self, run: Run) -> TreeReport {
        let mut report = TreeReport::default();
        let mut missing = Vec::new();
        for row in run.rows {
            match self.is_there(&row).await {
                Ok(true) => {
                    report.already_there += 1;
                    self.tell(&row);
                }
                Ok(false) => missing.push(row),
                Err(error) => self.failed(&mut report, &row, &error),
            }
        }
        for run in runs(missing) {
            if (self.stop)() {
                break;
            }
            self.copy_missing(&run, &mut report).await;
        }
        report
    }

    async fn copy_missing(&self, run: &Run, report: &mut TreeReport) {
        let fetched = match run.rows.as_slice() {
            [] => return,
            [row] if row.segment_length > PIECE_BYTES => {
                self.count(row, self.copy_large(row).await, report);
                return;
            }
            // Empty objects: no range can name them.
            _ if run.end() == run.start() => Ok(Bytes::new()),
            [first, ..] => self.archive.bucket().get_range(&first.segment, run.start(), run.end() - run.start()).await,
        };
        let bytes = match fetched {
            Ok(bytes) => bytes,
            Err(error) => {
                for row in &run.rows {
                    self.failed(report, row, &error);
                }
                return;
            }
        };
        for row in &run.rows {
            let from = (row.segment_offset - run.start()) as usize;
            let to = from + row.segment_length as usize;
            let body = if to <= bytes.len() { Ok(bytes.slice(from..to)) } else { Err(original::short(row).into()) };
            let copied = match body {
                Ok(body) => self.write(row, body).await,
                Err(error) => Err(error),
            };
            self.count(row, copied, report);
        }
    }

    fn count(&self, row: &SourceRow, copied: Result<PutOutcome, CopyError>, report: &mut TreeReport) {
        match copied {
            Ok(PutOutcome::Written) => {
                report.restored += 1;
                report.restored_bytes += row.segment_length;
                self.tell(row);
            }
            Ok(PutOutcome::AlreadyThere) => {
                report.already_there += 1;
                self.tell(row);
            }
            Err(error) => self.failed(report, row, &error),
        }
    }

    fn tell(&self, row: &SourceRow) {
        (self.progress)(Progress { objects: 1, bytes: row.segment_length });
    }

    fn failed(&self, report: &mut TreeReport, row: &SourceRow, error: &dyn std::error::Error) {
        report.fail(row, error);
        self.tell(row);
    }

    /// Whether the very same bytes are there.
    async fn is_there(&self, row: &SourceRow) -> Result<bool, CopyError> {
        if !is_safe(&row.key, self.target.local_path().is_some()) {
            return Err(CopyError::UnsafeKey);
        }
        if self.into_empty {
            return Ok(false);
        }
        match self.target.head(&row.key).await.map_err(CopyError::Target)? {
            None => Ok(false),
            Some(info) if info.size_bytes == row.segment_length => self.same(row).await,
            Some(_) => Err(CopyError::OtherThere),
        }
    }

    /// Reads what is there and compares its hash.
    async fn same(&self, row: &SourceRow) -> Result<bool, CopyError> {
        let mut hasher = Sha256::new();
        let mut at = 0;
        while at < row.segment_length {
            let length = (row.segment_length - at).min(PIECE_BYTES);
            let piece = self.target.get_range(&row.key, at, length).await.map_err(CopyError::Target)?;
            if piece.len() as u64 != length {
                return Err(CopyError::OtherThere);
            }
            hasher.update(&piece);
            at += length;
        }
        if hex::encode(hasher.finalize()) == row.stored_sha256 { Ok(true) } else { Err(CopyError::OtherThere) }
    }

    async fn write(&self, row: &SourceRow, body: Bytes) -> Result<PutOutcome, CopyError> {
        original::check(row, &hex::encode(Sha256::digest(&body)))?;
        match self.target.put(&row.key, body, &policy(row)).await.map_err(CopyError::Target)? {
            PutOutcome::Written => Ok(PutOutcome::Written),
            // Another run wrote it meanwhile, or the same key stands twice in the archive.
            PutOutcome::AlreadyThere => self.same(row).await.map(|_| PutOutcome::AlreadyThere),
        }
    }

    /// An original that does not fit into memory: checked first, then written piece by piece.
    async fn copy_large(&self, row: &SourceRow) -> Result<PutOutcome, CopyError> {
        self.archive.original(row).await?;
        let mut writer = self.target.stage(&row.key, &policy(row)).await.map_err(CopyError::Target)?;
        let mut at = 0;
        while at < row.segment_length {
            let piece = self.archive.piece(row, at).await?;
            writer.write(&piece).await.map_err(CopyError::Target)?;
            at += piece.len() as u64;
        }
        let staged = writer.finish().await.map_err(CopyError::Target)?;
        self.target.publish(&staged).await.map_err(CopyError::Target)?;
        Ok(PutOutcome::Written)
    }
}

/// As it was at the origin; never over something else.
fn policy(row: &SourceRow) -> PutPolicy {
    let metadata: BTreeMap<String, String> = row.metadata.clone();
    PutPolicy {
        metadata,
        content_type: row.content_type.clone(),
        content_encoding: row.content_encoding.clone(),
        if_absent: true,
        ..PutPolicy::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_that_stay_below_the_target_are_safe() {
        assert!(is_safe("AWSLogs/111122223333/CloudTrail/x.json.gz", true));
        assert!(is_safe("a//b", false) && !is_safe("a//b", true) && !is_safe("/etc", true));
        assert!(!is_safe("a/../b", false) && !is_safe("..", false) && !is_safe("./a", false) && !is_safe("a\0", false));
    }
}
