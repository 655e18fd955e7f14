//! Byte ranges of segments, neighbours fetched together: objects are small, and requests are what costs.

use bytes::Bytes;
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};

/// Bytes of neighbours that are fetched together: 8 MiB.
const RUN_BYTES: u64 = 8 << 20;
/// Unwanted bytes between two wanted ranges that are fetched along with them: 256 KiB.
const GAP_BYTES: u64 = 256 << 10;

/// A wanted range of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Range {
    /// The segment's number in its [`crate::segments::Segments`].
    pub(crate) segment: u32,
    pub(crate) offset: u64,
    pub(crate) length: u64,
    /// Whose it is.
    pub(crate) owner: usize,
}

impl Range {
    fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// Ranges that lie close together in one segment, in the order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) segment: u32,
    from: u64,
    to: u64,
    ranges: Vec<Range>,
}

/// Groups ranges into runs. One that is larger than a run has one of its own.
pub(crate) fn runs(mut ranges: Vec<Range>) -> Vec<Run> {
    ranges.sort_unstable();
    let mut runs: Vec<Run> = Vec::new();
    for range in ranges {
        match runs.last_mut() {
            Some(run) if run.takes(&range) => {
                run.to = run.to.max(range.end());
                run.ranges.push(range);
            }
            _ => runs.push(Run { segment: range.segment, from: range.offset, to: range.end(), ranges: vec![range] }),
        }
    }
    runs
}

/// What was fetched of a run.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// Its bytes: fewer where the segment ends early.
    Bytes(Bytes),
    /// The segment is not there.
    Missing,
    /// The segment lies in an archived tier.
    Archived,
}

impl Run {
    fn takes(&self, range: &Range) -> bool {
        self.segment == range.segment
            && range.offset <= self.to.saturating_add(GAP_BYTES)
            && self.to - self.from <= RUN_BYTES
            && range.end().saturating_sub(self.from) <= RUN_BYTES
    }

    /// Fetches it.
    pub(crate) async fn fetch(&self, bucket: &dyn AuditBucket, segment: &str) -> Result<Fetched, BucketError> {
        if self.from == self.to {
            return Ok(Fetched::Bytes(Bytes::new()));
        }
        if !may_be_a_segment(segment) {
            return Ok(Fetched::Missing);
        }
        match bucket.get_range(segment, self.from, self.to - self.from).await {
            Ok(bytes) => Ok(Fetched::Bytes(bytes)),
            Err(BucketError::NotFound { .. }) => Ok(Fetched::Missing),
            Err(BucketError::Archived { .. }) => Ok(Fetched::Archived),
            Err(error) => Err(error),
        }
    }

    /// Each range's owner with its bytes; none where the segment ends before it does.
    pub(crate) fn parts<'a>(&'a self, bytes: &'a Bytes) -> impl Iterator<Item = (usize, Option<Bytes>)> + 'a {
        self.ranges.iter().map(|range| {
            let (from, to) = ((range.offset - self.from) as usize, (range.end() - self.from) as usize);
            (range.owner, (to <= bytes.len()).then(|| bytes.slice(from..to)))
        })
    }

    /// Whose ranges are in it.
    pub(crate) fn owners(&self) -> impl Iterator<Item = usize> + '_ {
        self.ranges.iter().map(|range| range.owner)
    }
}

/// Whether a key can be a segment's at all. What a row says that was put there by hand is not asked of the store, which would refuse it.
pub(crate) fn may_be_a_segment(key: &str) -> bool {
    let sound = |part: &str| !matches!(part, "" | "." | "..") && !part.chars().any(char::is_control);
    key.len() <= 1_024 && (key.starts_with("raw/") || key.starts_with("digests/")) && key.split('/').all(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_fetched_together_and_far_ones_apart() {
        let range = |segment, offset, length, owner| Range { segment, offset, length, owner };
        let found = runs(vec![
            range(1, 0, 10, 4),
            range(0, 100, 50, 1),
            range(0, 0, 100, 0),
            range(0, 200 + GAP_BYTES, 5, 2),
            range(0, 1 << 30, 2 * RUN_BYTES, 3),
            range(0, (1 << 30) + 5, 5, 5),
        ]);
        let owners: Vec<Vec<usize>> = found.iter().map(|run| run.owners().collect()).collect();
        assert_eq!(owners, [vec![0, 1], vec![2], vec![3], vec![5], vec![4]]);
        let bytes = Bytes::from(vec![7; 149]);
        let parts: Vec<(usize, Option<usize>)> =
            found.iter().take(1).flat_map(|run| run.parts(&bytes).map(|(owner, part)| (owner, part.map(|part| part.len())))).collect();
        assert_eq!(parts, [(0, Some(100)), (1, None)], "what the segment does not hold to its end is not there");
    }

    #[test]
    fn keys_that_no_store_has_are_no_segments() {
        assert!(may_be_a_segment("raw/class=standard/day=20260115/b.gz") && may_be_a_segment("digests/day=20260115/b.gz"));
        let long = format!("raw/{}", "k".repeat(5_000));
        for key in ["", "raw", "../../x", "raw/../x", "raw//x", "raw/\0", "raw/a\nb", "events/x.parquet", "/raw/x", long.as_str()] {
            assert!(!may_be_a_segment(key), "{key:?}");
        }
    }
}
