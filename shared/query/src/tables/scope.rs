//! What the tables of one question share: the store, the counters, the listings, the footers.

use std::{collections::HashMap, sync::Arc};

use arrow_schema::Schema;
use tokio::sync::Mutex;
use trailkeep_pipeline::ports::bucket::{BucketError, ObjectSummary};

use crate::io::{ArchiveReaderFactory, ArchiveSource, Footers, IoCounters, decoding};

/// What the tables of one question share.
#[derive(Debug)]
pub(crate) struct QueryScope {
    pub(crate) source: ArchiveSource,
    pub(crate) footers: Arc<Footers>,
    pub(crate) io: Arc<IoCounters>,
    listings: Mutex<HashMap<String, Arc<Vec<ObjectSummary>>>>,
}

impl QueryScope {
    pub(crate) fn new(source: ArchiveSource, footers: Arc<Footers>) -> Self {
        Self { source, footers, io: Arc::default(), listings: Mutex::default() }
    }

    /// Makes readers of files that have these columns.
    pub(crate) fn readers(&self, columns: &Schema) -> ArchiveReaderFactory {
        let (footers, io) = (Arc::clone(&self.footers), Arc::clone(&self.io));
        ArchiveReaderFactory { source: self.source.clone(), footers, io, decoding: Arc::new(decoding(columns)) }
    }

    /// Objects below a prefix; listed once a question, so that all its scans see one state of the archive.
    pub(crate) async fn list(&self, prefix: &str) -> Result<Arc<Vec<ObjectSummary>>, BucketError> {
        if let Some(listed) = self.listings.lock().await.get(prefix) {
            return Ok(Arc::clone(listed));
        }
        let listed = Arc::new(self.source.list(prefix, &self.io).await?);
        let mut held = self.listings.lock().await;
        Ok(Arc::clone(held.entry(prefix.to_owned()).or_insert(listed)))
    }
}
