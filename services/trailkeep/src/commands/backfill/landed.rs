//! What an archive holds already, as hashes of keys: 16 bytes an object.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use arrow_array::{Int32Array, Int64Array, RecordBatch, StringArray, cast::AsArray as _};
use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use parquet::arrow::{ProjectionMask, arrow_reader::ParquetRecordBatchReaderBuilder};
use trailkeep_archive::{BatchId, FORMAT, FORMAT_KEY, layout};
use trailkeep_pipeline::ports::bucket::AuditBucket;
use trailkeep_records::hash::sha256;

use super::selection::{Found, Listed, Selection, Sorted, day_before};

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
    /// Reads `sources/`, from the day on that the first of what is asked for was delivered on.
    ///
    /// # Errors
    /// Where the archive cannot be read, or holds more than [`MAX_LANDED`] of what is asked for.
    pub(crate) async fn read(archive: &Arc<dyn AuditBucket>, bucket: &str, selection: &Selection) -> anyhow::Result<Self> {
        let mut hashes = Vec::new();
        for_each(archive, bucket, selection, |source| {
            hashes.push(hash(&source.found.key));
            ensure!(
                hashes.len() <= MAX_LANDED,
                "the archive holds more than {MAX_LANDED} of the objects that are asked for: ask for less with --since, --until or --accounts"
            );
            Ok(())
        })
        .await?;
        hashes.sort_unstable();
        Ok(Self(hashes))
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

/// A row of `sources/` that is asked for.
#[derive(Debug)]
pub(crate) struct Source {
    /// The object; its size is that of its stored bytes.
    pub(crate) found: Found,
    /// Records that landed, duplicates left out.
    pub(crate) records: u64,
    pub(crate) revision: u32,
}

/// Reads `sources/` and gives what is asked for of a bucket, in the order of Batches' days, from the day on that the first of it was delivered on: nothing lands before it is delivered. A
/// day more, for clocks that differ.
///
/// # Errors
/// Where the archive cannot be read, and those of `take`.
pub(crate) async fn for_each(
    archive: &Arc<dyn AuditBucket>,
    bucket: &str,
    selection: &Selection,
    mut take: impl FnMut(Source) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let first_day = selection.since.map_or(0, day_before);
    let mut page = None;
    loop {
        let listed =
            archive.list(layout::SOURCES, page).await.with_context(|| format!("failed to list the archive {}", archive.address()))?;
        let keys = listed.objects.into_iter().map(|object| object.key).filter(|key| is_of(key, first_day));
        let mut files = stream::iter(keys).map(|key| read_file(archive, key)).buffer_unordered(FILES_AT_ONCE);
        while let Some((key, body)) = files.next().await.transpose()? {
            let rows = rows_of(body, bucket, selection);
            for source in rows.with_context(|| format!("failed to read {}{key}", archive.address()))? {
                take(source)?;
            }
        }
        drop(files);
        page = listed.next;
        if page.is_none() {
            return Ok(());
        }
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

/// What is asked for of the bucket in a file of `sources/`; reads a few of its columns only.
fn rows_of(body: Bytes, bucket: &str, selection: &Selection) -> anyhow::Result<Vec<Source>> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(body)?;
    let pairs = builder.metadata().file_metadata().key_value_metadata();
    let format = pairs.and_then(|pairs| pairs.iter().find(|pair| pair.key == FORMAT_KEY)).and_then(|pair| pair.value.as_deref());
    let known = format.and_then(|format| format.parse().ok()).is_some_and(|format: u32| (1..=FORMAT).contains(&format));
    ensure!(known, "its format is {}, and this trailkeep reads up to {FORMAT}", format.unwrap_or("not told"));
    let columns = ProjectionMask::columns(builder.parquet_schema(), ["bucket", "key", "revision", "stored_bytes", "landed"]);
    let mut sources = Vec::new();
    for batch in builder.with_projection(columns).build()? {
        let batch = batch?;
        let (buckets, keys) = (text(&batch, "bucket")?, text(&batch, "key")?);
        let (revisions, sizes) = (numbers(&batch, "revision")?, numbers(&batch, "stored_bytes")?);
        let records = numbers(&batch, "landed")?;
        for (row, (of, key)) in buckets.iter().zip(keys).enumerate() {
            let (Some(of), Some(key)) = (of, key) else { continue };
            if of != bucket {
                continue;
            }
            let number = |column: &[u64]| column.get(row).copied().unwrap_or_default();
            let listed = Listed { key: key.to_owned(), size_bytes: number(&sizes), ..Listed::default() };
            if let Sorted::Wanted(found) = selection.sort_out(listed) {
                let revision = u32::try_from(number(&revisions)).unwrap_or(u32::MAX);
                sources.push(Source { found, records: number(&records), revision });
            }
        }
    }
    Ok(sources)
}

fn text<'a>(batch: &'a RecordBatch, name: &str) -> anyhow::Result<&'a StringArray> {
    batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>()).with_context(|| format!("it has no {name}"))
}

/// A column of whole numbers that are not negative; 0 for null.
fn numbers(batch: &RecordBatch, name: &str) -> anyhow::Result<Vec<u64>> {
    let column = batch.column_by_name(name).with_context(|| format!("it has no {name}"))?.as_any();
    let whole = |value: Option<i64>| value.and_then(|value| value.try_into().ok()).unwrap_or_default();
    if let Some(column) = column.downcast_ref::<Int64Array>() {
        return Ok(column.iter().map(whole).collect());
    }
    let column = column.downcast_ref::<Int32Array>().with_context(|| format!("its {name} are no whole numbers"))?;
    Ok(column.iter().map(|value| whole(value.map(i64::from))).collect())
}

/// SHA-256, so that nobody can make a key that passes for another one.
pub(crate) fn hash(key: &str) -> u128 {
    let mut half = [0; 16];
    half.iter_mut().zip(sha256(key.as_bytes())).for_each(|(to, from)| *to = from);
    u128::from_be_bytes(half)
}
