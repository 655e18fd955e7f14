//! The files of `sources/`: which can tell of what is asked, and their rows, a few files at a time.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use trailkeep_archive::{
    SourceRow,
    layout::{self, ArchiveKey},
    read_sources,
};
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};
use trailkeep_records::time::day_of;

use crate::error::{VerifyError, on_a_thread};

/// Files that are fetched and decoded at once: a Batch of 10,000 sources takes 1.5 MB, and 15 MB once decoded.
const FILES_AT_ONCE: usize = 4;
/// Largest file that is read: 256 MiB.
const MAX_FILE_BYTES: u64 = 256 << 20;
/// Largest such file once decoded: 1 GiB.
const MAX_DECODED_BYTES: u64 = 1 << 30;
/// Before the first day that is asked for: clocks differ.
const DAY_MS: i64 = 86_400_000;
/// Stored bytes of a row, about, by which rounds are planned: 150 to 180 where object names differ as CloudTrail's do.
const BYTES_PER_ROW: u64 = 150;

/// The files of `sources/` that are read.
#[derive(Debug)]
pub(crate) struct Files {
    keys: Vec<String>,
    /// About how many rows they have.
    pub(crate) rows: u64,
}

impl Files {
    /// Lists them: of Batches from the day on that the first of what is asked for was delivered on. Nothing lands before it is delivered; it
    /// may land at any time after.
    pub(crate) async fn list(bucket: &dyn AuditBucket, since_ms: Option<i64>) -> Result<Self, VerifyError> {
        let first_day = since_ms.and_then(|since_ms| day_of(since_ms - DAY_MS)).unwrap_or_default();
        let (mut keys, mut bytes, mut page) = (Vec::new(), 0, None);
        loop {
            let listed = match bucket.list(layout::SOURCES, page).await {
                // A directory has no folder for what it does not hold.
                Err(BucketError::NotFound { .. }) => break,
                listed => listed?,
            };
            for object in listed.objects {
                let Some(ArchiveKey::Sources { batch }) = ArchiveKey::parse(&object.key) else { continue };
                if batch.day().parse().is_ok_and(|day: u32| day >= first_day) {
                    bytes += object.size_bytes;
                    keys.push(object.key);
                }
            }
            page = listed.next;
            if page.is_none() {
                break;
            }
        }
        Ok(Self { keys, rows: bytes / BYTES_PER_ROW })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Reads them, all or some by number, and gives what `pick` makes of each row, file by file with its number, in any order.
    pub(crate) async fn each<T: Send + 'static>(
        &self,
        bucket: &dyn AuditBucket,
        only: Option<&[usize]>,
        pick: impl Fn(SourceRow) -> Option<T> + Clone + Send + 'static,
        mut take: impl FnMut(usize, Vec<T>) -> Result<(), VerifyError>,
    ) -> Result<(), VerifyError> {
        let read = |(number, key): (usize, String)| {
            let pick = pick.clone();
            async move {
                let bytes = whole(bucket, &key).await?;
                let decoded = on_a_thread(move || match read_sources(bytes, MAX_DECODED_BYTES) {
                    Ok(rows) => Ok(rows.into_iter().filter_map(pick).collect::<Vec<T>>()),
                    Err(source) => Err(VerifyError::Table { key, source }),
                });
                Ok::<_, VerifyError>((number, decoded.await??))
            }
        };
        let numbered =
            self.keys.iter().cloned().enumerate().filter(|(number, _)| only.is_none_or(|only| only.binary_search(number).is_ok()));
        let mut files = stream::iter(numbered).map(read).buffer_unordered(FILES_AT_ONCE);
        while let Some(read) = files.next().await {
            let (number, rows) = read?;
            take(number, rows)?;
        }
        Ok(())
    }
}

async fn whole(bucket: &dyn AuditBucket, key: &str) -> Result<Bytes, BucketError> {
    let bytes = bucket.get(key, MAX_FILE_BYTES).await?;
    bytes.ok_or_else(|| BucketError::NotFound { what: format!("{}/{key}", bucket.address()) })
}
