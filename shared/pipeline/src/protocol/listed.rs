//! What published Batches list, read from their `sources/` objects where the ledger does not keep it; the last few are remembered.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, PoisonError},
};

use bytes::Bytes;
use trailkeep_archive::{BatchId, SourceRow, layout};

use super::{Protocol, ProtocolError, publish::sha256_of};
use crate::ports::ledger::{Landed, LandedSource, SourceId};

/// Batches remembered: redeliveries come in runs, and one Batch lists at most ten thousand sources (about 3 MB).
const REMEMBERED: usize = 8;

/// Largest `sources/` object that is read for a look-up.
const MAX_SOURCES_BYTES: u64 = 64 << 20;

/// Most bytes of decoded columns of one.
const MAX_DECODED_BYTES: u64 = 256 << 20;

type List = Arc<HashMap<SourceId, Landed>>;

/// The lists of the Batches that were asked for last.
#[derive(Debug, Default)]
pub(super) struct ListedSources {
    recent: VecDeque<(BatchId, List)>,
}

impl ListedSources {
    fn get(&self, batch: &BatchId) -> Option<List> {
        self.recent.iter().find(|(known, _)| known == batch).map(|(_, list)| Arc::clone(list))
    }

    fn put(&mut self, batch: BatchId, list: List) {
        if self.recent.len() >= REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back((batch, list));
    }
}

impl Protocol {
    /// As what a source landed in a published Batch; `None` if the Batch does not list it.
    pub(super) async fn listed(&self, batch: &BatchId, source: &SourceId) -> Result<Option<Landed>, ProtocolError> {
        let known = self.listed.lock().unwrap_or_else(PoisonError::into_inner).get(batch);
        if let Some(list) = known {
            return Ok(list.get(source).cloned());
        }
        let list: HashMap<_, _> = self.read_listed(batch).await?.into_iter().map(|landed| (landed.source, landed.landed)).collect();
        let found = list.get(source).cloned();
        self.listed.lock().unwrap_or_else(PoisonError::into_inner).put(*batch, Arc::new(list));
        Ok(found)
    }

    /// All that a published Batch lists, from its `sources/` object.
    pub(super) async fn read_listed(&self, batch: &BatchId) -> Result<Vec<LandedSource>, ProtocolError> {
        let key = layout::sources_key(batch);
        let unreadable = |detail: String| ProtocolError::SourcesUnreadable { batch: *batch, key: key.clone(), detail };
        let bytes = self.bucket.get(&key, MAX_SOURCES_BYTES).await?.ok_or_else(|| unreadable("it is not there".to_owned()))?;
        landed_in(bytes).map_err(unreadable)
    }
}

/// The sources that the rows of a `sources/` object name.
fn landed_in(bytes: Bytes) -> Result<Vec<LandedSource>, String> {
    landed_of_rows(trailkeep_archive::read_sources(bytes, MAX_DECODED_BYTES).map_err(|error| error.to_string())?)
}

/// The sources that rows of `sources/` name.
pub(super) fn landed_of_rows(rows: Vec<SourceRow>) -> Result<Vec<LandedSource>, String> {
    let landed = rows.into_iter().map(|row| {
        let stored_sha256 = sha256_of(&row.stored_sha256).ok_or_else(|| format!("the SHA-256 of {}/{} is none", row.bucket, row.key))?;
        Ok(LandedSource {
            source: SourceId::new(row.bucket, row.key).at_revision(row.revision),
            landed: Landed { version: row.version, etag: row.etag, stored_bytes: row.stored_bytes, stored_sha256 },
        })
    });
    landed.collect()
}
