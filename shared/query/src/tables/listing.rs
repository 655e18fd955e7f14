//! Which files a table has: one listing of what the question can touch, less the files of Batches that are not published.

use std::{
    collections::{BTreeSet, HashSet},
    io,
    path::Path,
    sync::Arc,
};

use futures::{StreamExt, TryStreamExt};
use trailkeep_archive::{
    BatchId, Category, Partition,
    layout::{ArchiveKey, EVENTS, INDEX, QUARANTINE, SOURCES},
};
use trailkeep_pipeline::ports::bucket::{BucketError, ObjectSummary};

use super::{QueryScope, days::EventDays};

/// Listings in flight.
const PARALLEL_LISTS: usize = 16;
/// More days of Batches than this, and all days are listed instead.
const MAX_DAYS: usize = 31;
/// More prefixes than this for a table, and everything is listed instead.
const MAX_PREFIXES: usize = 400;

/// One file of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableFile {
    /// Its key.
    pub(super) key: String,
    /// Its size in bytes.
    pub(super) size_bytes: u64,
    /// Its Batch.
    pub(super) batch: BatchId,
    /// Where it lies; `None` for `sources` and `quarantine`.
    pub(super) partition: Option<Partition>,
}

impl TableFile {
    fn from_listing(object: &ObjectSummary) -> Option<Self> {
        let key = ArchiveKey::parse(&object.key)?;
        let partition = match &key {
            ArchiveKey::Events { partition, .. } => Some(*partition),
            ArchiveKey::Sources { .. } | ArchiveKey::Quarantine { .. } => None,
            _ => return None,
        };
        Some(Self { key: object.key.clone(), size_bytes: object.size_bytes, batch: key.batch()?, partition })
    }
}

/// Published files of `events/` in the given days.
pub(super) async fn events_files(scope: &QueryScope, days: &EventDays) -> Result<Vec<TableFile>, BucketError> {
    let prefixes: Vec<String> = match days {
        EventDays::All => vec![EVENTS.to_owned()],
        EventDays::Some { .. } => event_prefixes(scope, days)?,
    };
    let mut files = list_all(scope, prefixes).await?;
    files.retain(|file| file.partition.is_some_and(|partition| days.contains(partition.eventday)));
    published(scope, files).await
}

/// Files of `sources/`, each of which publishes its own Batch.
pub(super) async fn sources_files(scope: &QueryScope) -> Result<Vec<TableFile>, BucketError> {
    let files = list_all(scope, vec![SOURCES.to_owned()]).await?;
    scope.io.files_listed(files.len());
    Ok(files)
}

/// Published files of `quarantine/`.
pub(super) async fn quarantine_files(scope: &QueryScope) -> Result<Vec<TableFile>, BucketError> {
    let files = list_all(scope, vec![QUARANTINE.to_owned()]).await?;
    published(scope, files).await
}

fn event_prefixes(scope: &QueryScope, days: &EventDays) -> Result<Vec<String>, BucketError> {
    if let Some(root) = scope.source.bucket().local_path() {
        return local_event_prefixes(root, days).map_err(|source| BucketError::Failed {
            operation: "list".to_owned(),
            what: root.join(EVENTS).display().to_string(),
            source: source.into(),
        });
    }
    let prefixes: Vec<String> = days
        .prefixes()
        .into_iter()
        .flat_map(|day| Category::ALL.map(|category| format!("{EVENTS}category={category}/eventday={day}")))
        .collect();
    Ok(if prefixes.len() > MAX_PREFIXES { vec![EVENTS.to_owned()] } else { prefixes })
}

/// A directory tells its days itself: two levels of names, and only the days that are there are listed.
fn local_event_prefixes(root: &Path, days: &EventDays) -> io::Result<Vec<String>> {
    let mut prefixes = Vec::new();
    for category in Category::ALL {
        let folder = format!("{EVENTS}category={category}/");
        let entries = match std::fs::read_dir(root.join(&folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let name = entry?.file_name();
            let day = name.to_str().and_then(|name| name.strip_prefix("eventday=")).and_then(|day| Partition::parse_day(day).ok());
            if let Some(day) = day.filter(|day| days.contains(*day)) {
                prefixes.push(format!("{folder}eventday={day:08}/"));
            }
        }
    }
    Ok(prefixes)
}

/// Indexes of event ids of the days on which the files' Batches were opened, with their sizes in bytes.
pub(super) async fn event_indexes(scope: &QueryScope, files: &[TableFile]) -> Result<Vec<(BatchId, u64)>, BucketError> {
    let listed = list_objects(scope, batch_prefixes(INDEX, files)).await?;
    let index = |object: &ObjectSummary| match ArchiveKey::parse(&object.key) {
        Some(ArchiveKey::EventIndex { batch }) => Some((batch, object.size_bytes)),
        _ => None,
    };
    Ok(listed.iter().flat_map(|objects| objects.iter().filter_map(index)).collect())
}

/// Prefixes below `root` with what the Batches of some files have there: the days of these Batches, or everything where there are many.
fn batch_prefixes(root: &str, files: &[TableFile]) -> Vec<String> {
    let days: BTreeSet<String> = files.iter().map(|file| file.batch.day()).collect();
    if days.len() > MAX_DAYS { vec![root.to_owned()] } else { days.iter().map(|day| format!("{root}day={day}/")).collect() }
}

async fn list_all(scope: &QueryScope, prefixes: Vec<String>) -> Result<Vec<TableFile>, BucketError> {
    let listed = list_objects(scope, prefixes).await?;
    Ok(listed.iter().flat_map(|objects| objects.iter().filter_map(TableFile::from_listing)).collect())
}

async fn list_objects(scope: &QueryScope, prefixes: Vec<String>) -> Result<Vec<Arc<Vec<ObjectSummary>>>, BucketError> {
    let lists = prefixes.into_iter().map(|prefix| async move { scope.list(&prefix).await });
    futures::stream::iter(lists).buffered(PARALLEL_LISTS).try_collect().await
}

/// Leaves out the files of Batches without a `sources/` object: those that are being published now, or never will be.
async fn published(scope: &QueryScope, mut files: Vec<TableFile>) -> Result<Vec<TableFile>, BucketError> {
    scope.io.files_listed(files.len());
    let marks: HashSet<BatchId> = list_all(scope, batch_prefixes(SOURCES, &files)).await?.iter().map(|file| file.batch).collect();
    let before = files.len();
    files.retain(|file| marks.contains(&file.batch));
    scope.io.files_unpublished(before - files.len());
    Ok(files)
}
