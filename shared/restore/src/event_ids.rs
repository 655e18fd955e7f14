//! Leaves out the `events` files that cannot hold an event id, by the indexes that Batches have of theirs. An index is a help, never
//! an authority: where one is not there or cannot be read, the files of its Batch stay.

use std::collections::{BTreeSet, HashMap};

use futures::{StreamExt, stream};
use trailkeep_archive::{
    BatchId, EventIndexError, EventLookup, EventPlace,
    layout::{self, ArchiveKey, event_index_key},
};
use trailkeep_pipeline::ports::bucket::BucketError;

use crate::archive::{Archive, TableFile};

/// No more files than this, and they are opened at once.
const FEW_FILES: usize = 2;
/// Indexes that are looked into at once.
const INDEXES_AT_ONCE: usize = 32;

/// Why an index was of no help.
#[derive(Debug, thiserror::Error)]
enum LookupError {
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error(transparent)]
    Index(#[from] EventIndexError),
}

impl Archive {
    /// Of `files` of `events/`, those that can hold the event id.
    pub(crate) async fn files_with_event_id(&self, event_id: &str, files: Vec<TableFile>) -> Vec<TableFile> {
        if files.len() <= FEW_FILES {
            return files;
        }
        let known = self.places(event_id, &files).await;
        let can_hold = |file: &TableFile| match (known.get(&file.batch), ArchiveKey::parse(&file.key)) {
            (Some(places), Some(ArchiveKey::Events { partition, .. })) => places.iter().any(|place| place.can_be_in(&partition)),
            _ => true,
        };
        files.into_iter().filter(can_hold).collect()
    }

    /// Where the id can be, by Batch; Batches without an index that can be read are not in it.
    async fn places(&self, event_id: &str, files: &[TableFile]) -> HashMap<BatchId, Vec<EventPlace>> {
        let batches: BTreeSet<BatchId> = files.iter().map(|file| file.batch).collect();
        let listed = self.list(layout::INDEX).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "event-id indexes could not be listed");
            Vec::new()
        });
        let lookups = listed.into_iter().filter_map(|object| match ArchiveKey::parse(&object.key) {
            Some(ArchiveKey::EventIndex { batch }) if batches.contains(&batch) => Some(self.place(event_id, batch, object.size_bytes)),
            _ => None,
        });
        let found: Vec<_> = stream::iter(lookups).buffer_unordered(INDEXES_AT_ONCE).collect().await;
        found.into_iter().flatten().collect()
    }

    async fn place(&self, event_id: &str, batch: BatchId, size_bytes: u64) -> Option<(BatchId, Vec<EventPlace>)> {
        let key = event_index_key(&batch);
        match self.look_up(event_id, &key, size_bytes).await {
            Ok(places) => Some((batch, places)),
            Err(error) => {
                tracing::warn!(key, %error, "an event-id index is of no use: the files of its batch are searched");
                None
            }
        }
    }

    async fn look_up(&self, event_id: &str, key: &str, size_bytes: u64) -> Result<Vec<EventPlace>, LookupError> {
        let mut lookup = EventLookup::new(size_bytes, [event_id])?;
        loop {
            let mut windows = Vec::new();
            for range in lookup.ranges() {
                windows.push(self.bucket().get_range(key, range.start, range.end - range.start).await?);
            }
            if windows.is_empty() {
                return Ok(lookup.places().to_vec());
            }
            lookup.take(&windows)?;
        }
    }
}
