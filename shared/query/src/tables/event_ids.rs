//! Leaves out the files that cannot hold an event id, by the indexes that Batches have of theirs. An index is a help, never an
//! authority: where one is not there or cannot be read, the files of its Batch stay.

use std::{
    collections::{BTreeSet, HashMap},
    io,
    sync::Arc,
};

use futures::StreamExt;
use trailkeep_archive::{BatchId, EventIndexError, EventLookup, EventPlace, layout::event_index_key};

use super::{
    QueryScope,
    listing::{TableFile, event_indexes},
};

/// No more files than this, and they are opened at once.
const FEW_FILES: usize = 2;
/// More event ids than this, and bloom filters must do: each id is a range to read in each index.
const MAX_EVENT_IDS: usize = 64;
/// Indexes that are looked into at once.
const PARALLEL_LOOKUPS: usize = 32;

/// Why an index was of no help.
#[derive(Debug, thiserror::Error)]
enum LookupError {
    #[error("it cannot be read")]
    Read(#[from] io::Error),
    #[error(transparent)]
    Index(#[from] EventIndexError),
}

/// Of `files`, those that can hold one of the event ids.
pub(super) async fn prune_by_event_ids(scope: &QueryScope, event_ids: Vec<String>, mut files: Vec<TableFile>) -> Vec<TableFile> {
    if files.len() <= FEW_FILES || event_ids.len() > MAX_EVENT_IDS {
        return files;
    }
    let known = places(scope, event_ids, &files).await;
    let before = files.len();
    files.retain(|file| match (known.get(&file.batch), file.partition) {
        (Some(places), Some(partition)) => places.iter().any(|place| place.can_be_in(&partition)),
        _ => true,
    });
    scope.io.files_pruned_by_index(before - files.len());
    files
}

/// Where the ids can be, by Batch; Batches without an index that can be read are not in it.
async fn places(scope: &QueryScope, event_ids: Vec<String>, files: &[TableFile]) -> HashMap<BatchId, Vec<EventPlace>> {
    let batches: BTreeSet<BatchId> = files.iter().map(|file| file.batch).collect();
    let indexes = event_indexes(scope, files).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "event-id indexes could not be listed");
        Vec::new()
    });
    let event_ids = Arc::new(event_ids);
    let lookups = indexes.into_iter().filter(|(batch, _)| batches.contains(batch)).map(|(batch, size_bytes)| {
        let event_ids = Arc::clone(&event_ids);
        async move {
            let key = event_index_key(&batch);
            match look_up(scope, &key, size_bytes, &event_ids).await {
                Ok(places) => Some((batch, places)),
                Err(error) => {
                    tracing::warn!(
                        key,
                        error = &error as &dyn std::error::Error,
                        "an event-id index is of no use: the files of its batch are searched"
                    );
                    None
                }
            }
        }
    });
    let found: Vec<_> = futures::stream::iter(lookups).buffer_unordered(PARALLEL_LOOKUPS).collect().await;
    found.into_iter().flatten().collect()
}

async fn look_up(scope: &QueryScope, key: &str, size_bytes: u64, event_ids: &[String]) -> Result<Vec<EventPlace>, LookupError> {
    let mut lookup = EventLookup::new(size_bytes, event_ids)?;
    let file = scope.source.open(key)?;
    loop {
        let ranges = lookup.ranges();
        if ranges.is_empty() {
            return Ok(lookup.places().to_vec());
        }
        lookup.take(&file.read(&ranges, &scope.io).await?)?;
    }
}
