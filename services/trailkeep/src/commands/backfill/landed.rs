//! What an archive holds already, as hashes of keys: 16 bytes an object.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use trailkeep_pipeline::ports::bucket::AuditBucket;
use trailkeep_records::{hash::sha256, time::unix_ms};
use trailkeep_restore::{SourceColumns, SourceFiles};

use super::selection::{Found, Listed, Selection, Sorted};

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

/// Reads `sources/` and gives what is asked for of a bucket, in any order, from the day on that the first of it was delivered on: nothing lands before it is delivered. A
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
    let files = SourceFiles::list(archive.as_ref(), selection.since.and_then(start_ms)).await?;
    let (of, wanted) = (bucket.to_owned(), selection.clone());
    let pick = move |row: SourceColumns<'_>| row_of(&row, &of, &wanted);
    let columns = &["bucket", "key", "revision", "stored_bytes", "landed"];
    let read = files.each_of(archive.as_ref(), None, columns, pick, |_, sources| sources.into_iter().try_for_each(&mut take));
    read.await.with_context(|| format!("failed to read what has landed in {}", archive.address()))
}

/// A row, if it is asked for.
fn row_of(row: &SourceColumns<'_>, bucket: &str, selection: &Selection) -> Option<Source> {
    let key = row.text("key")?;
    if row.text("bucket")? != bucket {
        return None;
    }
    let number = |name: &str| row.number(name).unwrap_or_default();
    let listed = Listed { key: key.to_owned(), size_bytes: number("stored_bytes"), ..Listed::default() };
    let Sorted::Wanted(found) = selection.sort_out(listed) else { return None };
    let revision = u32::try_from(number("revision")).unwrap_or(u32::MAX);
    Some(Source { found, records: number("landed"), revision })
}

/// The start of a day that is written YYYYMMDD, milliseconds since 1970.
fn start_ms(day: u32) -> Option<i64> {
    unix_ms(i64::from(day / 10_000), day / 100 % 100, day % 100, 0, 0, 0, 0)
}

/// SHA-256, so that nobody can make a key that passes for another one.
pub(crate) fn hash(key: &str) -> u128 {
    let mut half = [0; 16];
    half.iter_mut().zip(sha256(key.as_bytes())).for_each(|(to, from)| *to = from);
    u128::from_be_bytes(half)
}
