//! Where the archive's files are: a directory, read with positioned reads, or a bucket behind its port.

use std::{fs::File, io, ops::Range, os::unix::fs::FileExt, path::PathBuf, sync::Arc};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError, ObjectSummary};

use super::IoCounters;

/// Ranges closer than this are fetched in one request: about what a request costs in time, in bytes.
const COALESCE_GAP_BYTES: u64 = 512 * 1024;
/// Requests in flight for one file.
const PARALLEL_GETS: usize = 8;

/// Where the archive's files are.
#[derive(Debug, Clone)]
pub(crate) struct ArchiveSource {
    bucket: Arc<dyn AuditBucket>,
    root: Option<PathBuf>,
}

/// One open file of the archive.
#[derive(Debug)]
pub(crate) enum OpenFile {
    /// A local file.
    Local(File),
    /// An object behind the port.
    Object { bucket: Arc<dyn AuditBucket>, key: String },
}

impl ArchiveSource {
    pub(crate) fn new(bucket: Arc<dyn AuditBucket>) -> Self {
        let root = bucket.local_path().map(PathBuf::from);
        Self { bucket, root }
    }

    pub(crate) fn bucket(&self) -> &Arc<dyn AuditBucket> {
        &self.bucket
    }

    /// Opens a file whose key came from a listing.
    pub(crate) fn open(&self, key: &str) -> io::Result<OpenFile> {
        match &self.root {
            Some(root) => Ok(OpenFile::Local(File::open(root.join(key))?)),
            None => Ok(OpenFile::Object { bucket: Arc::clone(&self.bucket), key: key.to_owned() }),
        }
    }

    /// Lists all objects below a prefix.
    pub(crate) async fn list(&self, prefix: &str, io: &IoCounters) -> Result<Vec<ObjectSummary>, BucketError> {
        let mut objects = Vec::new();
        let mut page = None;
        loop {
            let listed = self.bucket.list(prefix, page).await?;
            // One request holds at most 1,000 keys on S3, however many the adapter gives at a time.
            (0..listed.objects.len().div_ceil(1_000).max(1)).for_each(|_| io.listed_page());
            objects.extend(listed.objects);
            page = listed.next;
            if page.is_none() {
                return Ok(objects);
            }
        }
    }
}

impl OpenFile {
    /// Reads the ranges; near ones in one request.
    pub(crate) async fn read(&self, ranges: &[Range<u64>], io: &IoCounters) -> io::Result<Vec<Bytes>> {
        let merged = coalesce(ranges);
        for range in &merged {
            io.got(range.end - range.start);
        }
        match self {
            // A positioned read of cached pages is cheaper than a hop to another thread; of cold ones it holds this thread, of which there are as many as cores.
            Self::Local(file) => ranges.iter().map(|range| read_at(file, range)).collect(),
            Self::Object { bucket, key } => {
                let fetches = merged.iter().cloned().map(|range| {
                    let (bucket, key) = (Arc::clone(bucket), key.clone());
                    async move { bucket.get_range(&key, range.start, range.end - range.start).await.map(|bytes| (range, bytes)) }
                });
                let parts: Vec<_> = futures::stream::iter(fetches).buffered(PARALLEL_GETS).try_collect().await.map_err(io::Error::other)?;
                ranges.iter().map(|range| cut(&parts, range)).collect()
            }
        }
    }
}

fn read_at(file: &File, range: &Range<u64>) -> io::Result<Bytes> {
    let mut buffer = vec![0; (range.end - range.start) as usize];
    file.read_exact_at(&mut buffer, range.start)?;
    Ok(buffer.into())
}

fn cut(parts: &[(Range<u64>, Bytes)], range: &Range<u64>) -> io::Result<Bytes> {
    let short = || io::Error::new(io::ErrorKind::UnexpectedEof, "the object is shorter than its listing said");
    let (whole, bytes) = parts.iter().find(|(whole, _)| whole.start <= range.start && range.end <= whole.end).ok_or_else(short)?;
    let (from, to) = ((range.start - whole.start) as usize, (range.end - whole.start) as usize);
    if to > bytes.len() { Err(short()) } else { Ok(bytes.slice(from..to)) }
}

/// Ranges in ascending order, joined where less than the gap lies between them.
fn coalesce(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<u64>> = Vec::with_capacity(sorted.len());
    for range in sorted {
        match merged.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(COALESCE_GAP_BYTES) => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    #[test]
    fn near_ranges_are_one_request() {
        let far = 10 * COALESCE_GAP_BYTES;
        let merged = coalesce(&[far..far + 5, 100..200, 0..50]);
        assert_eq!(merged, vec![0..200, far..far + 5]);
    }

    #[test]
    fn a_cut_answer_is_an_error_not_a_panic() {
        let parts = [(0..10, Bytes::from_static(b"abc"))];
        assert_eq!(cut(&parts, &(0..3)).unwrap(), Bytes::from_static(b"abc"));
        assert!(cut(&parts, &(2..8)).is_err());
    }
}
