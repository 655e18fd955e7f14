//! Where an index of Records will plug in: it names the files that can hold an event id, so that the others are not even opened.

use std::{collections::BTreeSet, fmt::Debug};

use async_trait::async_trait;

use trailkeep_archive::BatchId;

/// Names the Batches that can hold an event id.
#[async_trait]
pub trait RecordIndex: Debug + Send + Sync {
    /// Of `batches`, those that can hold one of the event ids. A Batch that the index does not know is among the answer.
    async fn candidates(&self, event_uids: &[String], batches: &BTreeSet<BatchId>) -> BTreeSet<BatchId>;
}
