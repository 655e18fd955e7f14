//! Whether segments stand of whole days of the archive, whatever lies in them: for old days, of which nobody verifies anything any more.

use trailkeep_archive::BatchId;
use trailkeep_restore::{Archive, SourceColumns};

use crate::{error::VerifyError, row::Lying, segments::Segments, sources::Files, verdict::Finding};

/// What is read of each row.
const COLUMNS: &[&str] = &["segment", "segment_version", "segment_checksum", "segment_offset", "segment_length", "delivered_at"];

/// How the segments of some Batches stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Files of `sources/` that were read.
    pub files: u64,
    /// Segments that were asked for.
    pub segments: u64,
    /// Those that do not stand: `segment_…`, as [`crate::verify`] tells them.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub left_out: u64,
}

/// Asks for the segments that rows of `sources/` name, of the Batches that `wants` takes: whether they are there, in the size, version and checksum with
/// which they were sealed, in one version. All of `sources/` is listed; of each wanted row six columns are read. Nothing of `raw/` is.
///
/// # Errors
/// [`VerifyError`]: the archive could not be read.
pub async fn standing(archive: &Archive, wants: impl Fn(BatchId) -> bool, findings_kept: usize) -> Result<Standing, VerifyError> {
    let bucket = archive.bucket().as_ref();
    let files = Files::list_some(bucket, wants).await?;
    let mut segments = Segments::default();
    let pick = |row: SourceColumns<'_>| Lying::of(&row).map(Some);
    let take = |_, rows: Vec<Lying>| {
        for lying in &rows {
            segments.of(lying);
        }
        Ok::<_, VerifyError>(())
    };
    files.each_of(bucket, None, COLUMNS, pick, take).await?;
    segments.ask(bucket).await?;
    let fallen = segments.fallen().count();
    Ok(Standing {
        files: files.len() as u64,
        segments: segments.len() as u64,
        findings: segments.findings().take(findings_kept).collect(),
        left_out: fallen.saturating_sub(findings_kept) as u64,
    })
}
