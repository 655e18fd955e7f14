//! Batches that the archive shows only by the indexes beside their segments: their `sources/` object was lost. It is written anew with what the
//! indexes know (`docs/format.md`, "Rebuilding"), so that nothing of them lands twice. Their Records are not read again.

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;
use trailkeep_archive::{
    BatchId, IdxRow, SourceRow,
    layout::{self, ArchiveKey, RawKind},
    read_idx, write_sources,
};

use super::{super::listed, REBUILD_LEASE, RebuildError, Rebuilt};
use crate::{
    batch::Retention,
    ports::{bucket::PutPolicy, ledger::WorkerId},
    protocol::{Moment, Protocol, ProtocolError},
};

/// Largest index that is read.
const MAX_INDEX_BYTES: u64 = 64 << 20;

/// Most bytes of decoded columns of one.
const MAX_DECODED_BYTES: u64 = 256 << 20;

/// Content-Type of Parquet files (IANA media types registry).
const PARQUET_TYPE: &str = "application/vnd.apache.parquet";

impl Protocol {
    /// Puts every Batch that has an index and is not among the `restored` ones, and writes its `sources/` object.
    pub(super) async fn restore_indexed(
        &self,
        holder: &WorkerId,
        (retention, now): (Option<Retention>, Moment),
        restored: &HashSet<BatchId>,
        rebuilt: &mut Rebuilt,
    ) -> Result<(), RebuildError> {
        for (batch, keys) in self.indexes_of_others(restored).await? {
            let rows = self.rows_with_bytes(&batch, &keys, rebuilt).await?;
            if rows.is_empty() {
                continue;
            }
            let unreadable = |detail: String| ProtocolError::SourcesUnreadable { batch, key: layout::sources_key(&batch), detail };
            let bytes = write_sources(&rows).map_err(|error| unreadable(error.to_string()))?;
            let lock = retention.map(|retention| (retention.mode, retention.until_ms_again(&batch, now.unix_ms)));
            let policy = PutPolicy { lock, content_type: Some(PARQUET_TYPE.to_owned()), if_absent: true, ..PutPolicy::default() };
            self.bucket.put(&layout::sources_key(&batch), Bytes::from(bytes), &policy).await?;
            let landed = listed::landed_of_rows(rows).map_err(unreadable)?;
            self.ledger.restore(&batch, &landed, now.unix_ms).await?;
            self.ledger.beat_lease(REBUILD_LEASE, holder).await?;
            rebuilt.reindexed += 1;
            rebuilt.batches += 1;
            rebuilt.sources += landed.len() as u64;
        }
        Ok(())
    }

    /// Keys of the indexes of every Batch that is not among the `restored` ones.
    pub(super) async fn indexes_of_others(&self, restored: &HashSet<BatchId>) -> Result<BTreeMap<BatchId, Vec<String>>, RebuildError> {
        let mut found = BTreeMap::<BatchId, Vec<String>>::new();
        for prefix in [layout::RAW, layout::DIGESTS] {
            let mut page = None;
            loop {
                let listed = self.bucket.list(prefix, page).await?;
                for object in listed.objects {
                    match ArchiveKey::parse(&object.key) {
                        Some(ArchiveKey::Raw { batch, kind: RawKind::Idx, .. } | ArchiveKey::Digests { batch, kind: RawKind::Idx })
                            if !restored.contains(&batch) =>
                        {
                            found.entry(batch).or_default().push(object.key);
                        }
                        _ => {}
                    }
                }
                page = listed.next;
                if page.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }

    /// What a Batch's indexes list and whose segment is there.
    async fn rows_with_bytes(&self, batch: &BatchId, keys: &[String], rebuilt: &mut Rebuilt) -> Result<Vec<SourceRow>, RebuildError> {
        let mut segments = HashMap::<String, bool>::new();
        let mut rows = Vec::new();
        for key in keys {
            for row in self.read_index(batch, key).await? {
                let there = if let Some(there) = segments.get(&row.segment) {
                    *there
                } else {
                    let there = self.bucket.head(&row.segment).await?.is_some();
                    segments.insert(row.segment.clone(), there);
                    there
                };
                if there {
                    rows.push(row.to_source());
                } else {
                    rebuilt.without_bytes += 1;
                }
            }
        }
        Ok(rows)
    }

    pub(super) async fn read_index(&self, batch: &BatchId, key: &str) -> Result<Vec<IdxRow>, RebuildError> {
        let unreadable = |detail: String| RebuildError::IndexUnreadable { batch: *batch, key: key.to_owned(), detail };
        let bytes = self.bucket.get(key, MAX_INDEX_BYTES).await?.ok_or_else(|| unreadable("it is not there any more".to_owned()))?;
        read_idx(bytes, MAX_DECODED_BYTES).map_err(|error| unreadable(error.to_string()))
    }
}
