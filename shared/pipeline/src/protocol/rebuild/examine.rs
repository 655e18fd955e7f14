//! What a rebuild will read is read once before it changes anything: a damaged object then stops it while the ledger still works.

use std::collections::HashSet;

use trailkeep_archive::{BatchId, layout};

use super::{REBUILD_LEASE, RebuildError};
use crate::{
    ports::ledger::WorkerId,
    protocol::{Manifest, Protocol, ProtocolError, publish},
};

impl Protocol {
    /// Reads every object of `sources/`, the manifests of Batches that are visible in part, and the indexes of all others. Keeps nothing of them.
    pub(super) async fn examine(&self, holder: &WorkerId) -> Result<(), RebuildError> {
        let mut shown = self.examine_published(holder).await?;
        for batch in self.staged_batches().await? {
            if !shown.contains(&batch) && self.examine_staged(&batch).await?.is_some() {
                shown.insert(batch);
            }
        }
        for (batch, keys) in self.indexes_of_others(&shown).await? {
            for key in keys {
                self.read_index(&batch, &key).await?;
            }
            self.ledger.beat_lease(REBUILD_LEASE, holder).await?;
        }
        Ok(())
    }

    /// The Batches that `sources/` shows, each with an object that can be read.
    async fn examine_published(&self, holder: &WorkerId) -> Result<HashSet<BatchId>, RebuildError> {
        let mut shown = HashSet::new();
        let mut page = None;
        loop {
            let listed = self.bucket.list(layout::SOURCES, page).await?;
            for batch in listed.objects.iter().filter_map(|object| layout::ArchiveKey::parse(&object.key)?.batch()) {
                self.read_listed(&batch).await.map_err(|error| match error {
                    ProtocolError::SourcesUnreadable { key, detail, .. } => RebuildError::SourcesDamaged { key, detail },
                    error => error.into(),
                })?;
                shown.insert(batch);
            }
            self.ledger.beat_lease(REBUILD_LEASE, holder).await?;
            page = listed.next;
            if page.is_none() {
                return Ok(shown);
            }
        }
    }

    /// The manifest of a Batch that is visible in part, if it is one.
    async fn examine_staged(&self, batch: &BatchId) -> Result<Option<Manifest>, RebuildError> {
        let read = async {
            let manifest = self.visible_in_part(batch).await?;
            manifest.as_ref().map(publish::landed_of).transpose()?;
            Ok(manifest)
        };
        read.await.map_err(|error| match error {
            ProtocolError::Manifest { .. } | ProtocolError::UnsoundManifest { .. } => {
                RebuildError::ManifestDamaged { key: layout::manifest_key(batch), source: error }
            }
            error => error.into(),
        })
    }
}
