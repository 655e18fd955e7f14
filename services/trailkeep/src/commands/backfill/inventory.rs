//! S3 Inventory: a manifest and its files, read instead of listing a bucket. CSV (gzip) and Parquet are read, ORC is not.
//!
//! Keys are URL-encoded in CSV and plain in Parquet. Source: S3 User Guide, "Amazon S3 Inventory list" ("when you're using the CSV file format,
//! the key name is URL-encoded and must be decoded before you can use it"). A `+` in CSV is read as a space, as in forms; a plus that is one
//! stands there as `%2B` in either way of encoding.
//!
//! Only the newest version of an object is asked for, and no delete markers. Where an inventory lists no versions, each object is its newest.

mod csv;
mod parquet;
mod ranges;

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, bail};
use serde::Deserialize;
use tokio::{runtime::Handle, sync::mpsc};
use trailkeep_local::DirectoryBucket;
use trailkeep_pipeline::{ingest::RangeReader, ports::bucket::LogBucket};

use self::ranges::InventoryFile;
use super::{
    listing::{Counted, sort_out},
    selection::{Found, Listed, Selection},
};
use crate::{cli::Globals, location::Location};

/// Largest manifest: 64 MiB.
const MAX_MANIFEST_BYTES: u64 = 64 << 20;
/// Objects that are handed on at once.
const CHUNK: usize = 1_000;
/// Chunks that are held ready.
const CHUNKS_AHEAD: usize = 16;
/// Objects that are put in order in memory at once: about 250 bytes each, so 125 MB.
const MAX_OBJECTS_IN_ORDER: u64 = 500_000;

/// An inventory, opened.
#[derive(Debug)]
pub(crate) struct Inventory {
    bucket: Arc<dyn LogBucket>,
    files: Vec<String>,
    format: Format,
    selection: Arc<Selection>,
    counted: Arc<Counted>,
}

/// How its files are written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Format {
    /// Names of the columns, in order: files have no headings.
    Csv(Vec<String>),
    Parquet,
}

/// `manifest.json`. Source: S3 User Guide, "Locating your inventory list".
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    source_bucket: String,
    destination_bucket: String,
    file_format: String,
    #[serde(default)]
    file_schema: String,
    files: Vec<ManifestFile>,
}

#[derive(Debug, Deserialize)]
struct ManifestFile {
    key: String,
}

/// A pass over an inventory.
#[derive(Debug)]
pub(crate) struct Pass {
    inventory: Arc<Inventory>,
    chunks: Option<mpsc::Receiver<anyhow::Result<Vec<Found>>>>,
    /// Spans of days that are still to be read, last first: each is one reading of all files.
    rounds: Vec<(u32, u32)>,
    /// What a reading found, in order, last first.
    in_order: Vec<Found>,
}

impl Inventory {
    /// Reads the manifest at `address`.
    ///
    /// # Errors
    /// Where it cannot be read, is of another bucket than `source`, or of a format that is not read.
    pub(crate) async fn open(
        address: &str,
        source: &str,
        selection: Arc<Selection>,
        counted: Arc<Counted>,
        globals: &Globals,
    ) -> anyhow::Result<Self> {
        let what = || format!("failed to read the inventory {address}");
        let location: Location = address.parse().with_context(what)?;
        let body = match &location {
            Location::S3 { prefix, .. } => {
                location.whole_bucket(globals).await?.get(prefix, None, MAX_MANIFEST_BYTES).await.with_context(what)?.body
            }
            Location::Directory(path) => std::fs::read(path).with_context(what)?.into(),
        };
        let manifest: Manifest = serde_json::from_slice(&body).with_context(what)?;
        if manifest.source_bucket != source {
            bail!("the inventory {address} is of the bucket {}, and --from names {source}", manifest.source_bucket);
        }
        let format = manifest.format(address)?;
        let (bucket, files) = manifest.open_files(&location, globals).await.with_context(what)?;
        Ok(Self { bucket, files, format, selection, counted })
    }

    /// Reads everything once, in no order.
    pub(crate) fn begin(self: &Arc<Self>) -> Pass {
        Pass { inventory: Arc::clone(self), chunks: Some(self.read(None)), rounds: Vec::new(), in_order: Vec::new() }
    }

    /// Reads everything in the order of days of delivery, in as many readings as memory asks for. `days` are the objects of each day, ascending.
    pub(crate) fn begin_in_order(self: &Arc<Self>, days: impl Iterator<Item = (u32, u64)>) -> Pass {
        let mut rounds = spans(days);
        rounds.reverse();
        Pass { inventory: Arc::clone(self), chunks: None, rounds, in_order: Vec::new() }
    }

    /// Reads all files on a thread of its own; only objects of these days, first and last included.
    fn read(self: &Arc<Self>, days: Option<(u32, u32)>) -> mpsc::Receiver<anyhow::Result<Vec<Found>>> {
        let (give, take) = mpsc::channel(CHUNKS_AHEAD);
        let (inventory, runtime) = (Arc::clone(self), Handle::current());
        tokio::task::spawn_blocking(move || {
            for file in &inventory.files {
                let mut out = Out { inventory: &inventory, days, waiting: Vec::with_capacity(CHUNK), give: &give };
                let read = inventory.read_file(file, &runtime, &mut out);
                match read {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => {
                        // Nobody listens once the pass was given up.
                        let _ = give.blocking_send(Err(error.context(format!("failed to read the inventory's file {file}"))));
                        return;
                    }
                }
            }
        });
        take
    }

    /// `false` where nobody listens any more.
    fn read_file(&self, file: &str, runtime: &Handle, out: &mut Out<'_>) -> anyhow::Result<bool> {
        let info = runtime.block_on(self.bucket.head(file, None))?;
        let goes_on = match &self.format {
            Format::Csv(columns) => {
                let reader = RangeReader::new(Arc::clone(&self.bucket), runtime.clone(), file.to_owned(), info);
                csv::read(reader, columns, out)?
            }
            Format::Parquet => {
                let reader = InventoryFile::new(Arc::clone(&self.bucket), runtime.clone(), file.to_owned(), info);
                parquet::read(reader, out)?
            }
        };
        Ok(goes_on && out.flush())
    }
}

impl Manifest {
    fn format(&self, address: &str) -> anyhow::Result<Format> {
        match self.file_format.to_ascii_lowercase().as_str() {
            "csv" => Ok(Format::Csv(self.file_schema.split(',').map(|name| name.trim().to_owned()).collect())),
            "parquet" => Ok(Format::Parquet),
            "orc" => {
                bail!("the inventory {address} is in ORC, which is not read: have S3 write it as CSV or Parquet, or leave --inventory out")
            }
            other => bail!("the inventory {address} is in {other:?}, which is not read: CSV and Parquet are"),
        }
    }

    /// The bucket or directory that holds its files, and their keys in it. Beside a manifest on disk they lie below the same root as at S3, or in
    /// a directory `data` beside its own, or beside it.
    async fn open_files(self, location: &Location, globals: &Globals) -> anyhow::Result<(Arc<dyn LogBucket>, Vec<String>)> {
        match location {
            Location::S3 { .. } => {
                let name = self.destination_bucket.rsplit(':').next().unwrap_or_default();
                let bucket: Location = format!("s3://{name}").parse()?;
                Ok((bucket.whole_bucket(globals).await?, self.files.into_iter().map(|file| file.key).collect()))
            }
            Location::Directory(path) => {
                let folder = std::path::absolute(path)?.parent().unwrap_or(Path::new("/")).to_owned();
                let first = self.files.first().map_or("", |file| file.key.as_str());
                let name = |key: &str| key.rsplit('/').next().unwrap_or_default().to_owned();
                let whole = folder.ancestors().find(|root| root.join(first).is_file());
                let flat = [folder.join("../data"), folder.join("data"), folder.clone()];
                let (root, keys): (_, Vec<String>) = match whole {
                    Some(root) => (root.to_owned(), self.files.into_iter().map(|file| file.key).collect()),
                    None => {
                        let root = flat.into_iter().find(|root| root.join(name(first)).is_file());
                        let root =
                            root.with_context(|| format!("its file {first} lies neither below {} nor beside it", folder.display()))?;
                        (root, self.files.into_iter().map(|file| name(&file.key)).collect())
                    }
                };
                Ok((Arc::new(DirectoryBucket::open(&root)?), keys))
            }
        }
    }
}

/// A row as an inventory has it, with what decides whether it is asked for.
#[derive(Debug, Default)]
struct Row {
    object: Listed,
    older: bool,
    delete_marker: bool,
}

/// Takes rows and hands on what is asked for.
struct Out<'a> {
    inventory: &'a Inventory,
    days: Option<(u32, u32)>,
    waiting: Vec<Listed>,
    give: &'a mpsc::Sender<anyhow::Result<Vec<Found>>>,
}

impl Out<'_> {
    /// `false` where nobody listens any more.
    fn take(&mut self, row: Row) -> bool {
        if row.older || row.delete_marker {
            self.inventory.counted.passed_over.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            return true;
        }
        self.waiting.push(row.object);
        self.waiting.len() < CHUNK || self.flush()
    }

    fn flush(&mut self) -> bool {
        let mut found = sort_out(self.waiting.drain(..), &self.inventory.selection, &self.inventory.counted);
        if let Some((first, last)) = self.days {
            found.retain(|object| (first..=last).contains(&object.day));
        }
        found.is_empty() || self.give.blocking_send(Ok(found)).is_ok()
    }
}

impl Pass {
    /// The next objects, never an empty list; `None` at the end.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Vec<Found>>> {
        loop {
            if !self.in_order.is_empty() {
                let from = self.in_order.len().saturating_sub(CHUNK);
                return Ok(Some(self.in_order.drain(from..).rev().collect()));
            }
            if let Some(chunks) = &mut self.chunks {
                return chunks.recv().await.transpose();
            }
            let Some(days) = self.rounds.pop() else { return Ok(None) };
            let mut chunks = self.inventory.read(Some(days));
            while let Some(found) = chunks.recv().await.transpose()? {
                self.in_order.extend(found);
            }
            self.in_order.sort_unstable_by(|one, other| (other.day, &other.key).cmp(&(one.day, &one.key)));
        }
    }
}

/// Spans of days with at most [`MAX_OBJECTS_IN_ORDER`] objects each, or one day.
fn spans(days: impl Iterator<Item = (u32, u64)>) -> Vec<(u32, u32)> {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    let mut held = 0;
    for (day, objects) in days {
        match spans.last_mut() {
            Some(span) if held + objects <= MAX_OBJECTS_IN_ORDER => {
                span.1 = day;
                held += objects;
            }
            _ => {
                spans.push((day, day));
                held = objects;
            }
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_together_as_far_as_memory_allows() {
        let days = [(1, 200_000), (2, 200_000), (3, 200_000), (4, 900_000), (5, 1), (7, 499_999)];
        assert_eq!(spans(days.into_iter()), [(1, 2), (3, 3), (4, 4), (5, 7)]);
        assert_eq!(spans(std::iter::empty()), []);
    }
}
