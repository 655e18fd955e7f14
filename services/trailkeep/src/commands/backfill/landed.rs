//! What an archive holds already, as hashes of keys: 16 bytes an object.

use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use arrow_array::cast::AsArray as _;
use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use parquet::arrow::{ProjectionMask, arrow_reader::ParquetRecordBatchReaderBuilder};
use trailkeep_archive::{BatchId, FORMAT, FORMAT_KEY, layout};
use trailkeep_pipeline::ports::bucket::AuditBucket;
use trailkeep_records::hash::sha256;

use super::selection::{Listed, Selection, Sorted, day_before};

/// Files of `sources/` that are read at once: each takes about 1.5 MB.
const FILES_AT_ONCE: usize = 8;
/// Largest file of `sources/` that is read: 256 MiB.
const MAX_FILE_BYTES: u64 = 256 << 20;
/// Most objects that are held: 1.6 GB of hashes.
const MAX_LANDED: usize = 100_000_000;

/// Keys that have landed, as the first half of their SHA-256, ascending.
#[derive(Debug, Default)]
pub(crate) struct Landed(Vec<u128>);

impl Landed {
    /// Reads `sources/`, from the day on that the first of what is asked for was delivered on: nothing lands before it is delivered. A day more, for
    /// clocks that differ.
    ///
    /// # Errors
    /// Where the archive cannot be read, or holds more than [`MAX_LANDED`] of what is asked for.
    pub(crate) async fn read(archive: &Arc<dyn AuditBucket>, bucket: &str, selection: &Selection) -> anyhow::Result<Self> {
        let first_day = selection.since.map_or(0, day_before);
        let (mut hashes, mut page) = (Vec::new(), None);
        loop {
            let listed =
                archive.list(layout::SOURCES, page).await.with_context(|| format!("failed to list the archive {}", archive.address()))?;
            let keys = listed.objects.into_iter().map(|object| object.key).filter(|key| is_of(key, first_day));
            let mut files = stream::iter(keys).map(|key| read_file(archive, key)).buffer_unordered(FILES_AT_ONCE);
            while let Some((key, body)) = files.next().await.transpose()? {
                let found = hashes_of(body, bucket, selection);
                hashes.extend(found.with_context(|| format!("failed to read {}{key}", archive.address()))?);
                if hashes.len() > MAX_LANDED {
                    bail!(
                        "the archive holds more than {MAX_LANDED} of the objects that are asked for: ask for less with --since, --until or --accounts"
                    );
                }
            }
            drop(files);
            page = listed.next;
            if page.is_none() {
                hashes.sort_unstable();
                return Ok(Self(hashes));
            }
        }
    }

    /// Whether a key of the bucket has landed.
    pub(crate) fn holds(&self, key: &str) -> bool {
        self.0.binary_search(&hash(key)).is_ok()
    }

    /// Just these keys.
    #[cfg(test)]
    pub(crate) fn of(keys: &[String]) -> Self {
        let mut hashes: Vec<u128> = keys.iter().map(|key| hash(key)).collect();
        hashes.sort_unstable();
        Self(hashes)
    }

    /// How many keys these are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

fn is_of(key: &str, first_day: u32) -> bool {
    let batch = key.rsplit('/').next().and_then(|name| name.strip_suffix(".parquet")).and_then(|name| name.parse::<BatchId>().ok());
    batch.is_some_and(|batch| batch.day().parse::<u32>().is_ok_and(|day| day >= first_day))
}

async fn read_file(archive: &Arc<dyn AuditBucket>, key: String) -> anyhow::Result<(String, Bytes)> {
    let body = archive.get(&key, MAX_FILE_BYTES).await.with_context(|| format!("failed to read {}{key}", archive.address()))?;
    let body = body.with_context(|| format!("{}{key} has gone", archive.address()))?;
    Ok((key, body))
}

/// Hashes of the bucket's keys in a file of `sources/`; reads their two columns only.
fn hashes_of(body: Bytes, bucket: &str, selection: &Selection) -> anyhow::Result<Vec<u128>> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(body)?;
    let pairs = builder.metadata().file_metadata().key_value_metadata();
    let format = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == FORMAT_KEY)).and_then(|pair| pair.value.as_deref());
    let known = format.and_then(|format| format.parse().ok()).is_some_and(|format: u32| (1..=FORMAT).contains(&format));
    ensure!(known, "its format is {}, and this trailkeep reads up to {FORMAT}", format.unwrap_or("not told"));
    let columns = ProjectionMask::columns(builder.parquet_schema(), ["bucket", "key"]);
    let mut hashes = Vec::new();
    for batch in builder.with_projection(columns).build()? {
        let batch = batch?;
        let text =
            |name| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>()).with_context(|| format!("it has no {name}"));
        for (of, key) in text("bucket")?.iter().zip(text("key")?) {
            if let (Some(of), Some(key)) = (of, key)
                && of == bucket
                && matches!(selection.sort_out(Listed { key: key.to_owned(), ..Listed::default() }), Sorted::Wanted(_))
            {
                hashes.push(hash(key));
            }
        }
    }
    Ok(hashes)
}

/// SHA-256, so that nobody can make a key that passes for another one.
fn hash(key: &str) -> u128 {
    let mut half = [0; 16];
    half.iter_mut().zip(sha256(key.as_bytes())).for_each(|(to, from)| *to = from);
    u128::from_be_bytes(half)
}
