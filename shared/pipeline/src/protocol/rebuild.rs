//! Rebuilding a ledger from its archive, with every writer stopped: `sources/` is the truth, and the epoch is raised so that whoever still
//! holds the old ledger's state cannot commit. Batches that lost their `sources/` object get it back from the indexes beside their segments.

mod examine;
mod indexes;

use std::{collections::HashSet, sync::Arc, time::Duration};

use trailkeep_archive::{ArchiveDescriptor, BatchId, LedgerRef, layout};

use super::{Manifest, Moment, Protocol, ProtocolError, publish};
use crate::{
    archive_guard::{self, GuardError},
    batch::Retention,
    ports::{
        bucket::AuditBucket,
        ledger::{BatchState, LandedSource, LeaseAnswer, Ledger, WorkerId},
    },
};

/// The lease under which rebuilds run, one at a time.
pub const REBUILD_LEASE: &str = "rebuild";

/// Why a rebuild failed. What is damaged in the archive stops it before the ledger is touched; where a store failed later the ledger stays closed
/// until a rebuild has come to its end.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// `archive.json` or what stands around it.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// A step over ledger and archive failed.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// Another rebuild runs.
    #[error("{holder} rebuilds the ledger {ledger} already")]
    Running {
        /// Who.
        holder: WorkerId,
        /// The ledger's address.
        ledger: String,
    },
    /// A worker has an open Batch.
    #[error("worker {owner} has batch {batch} open: stop every writer before the ledger {ledger} is rebuilt")]
    WriterAlive {
        /// Who.
        owner: WorkerId,
        /// Its Batch.
        batch: BatchId,
        /// The ledger's address.
        ledger: String,
    },
    /// The ledger is in use by another archive, and a rebuild would make it forget that one.
    #[error(
        "the ledger {ledger} has published batch {batch}, which {archive} does not hold: it is another archive's; name this archive's own file, or a new one, with --ledger FILE"
    )]
    OtherArchive {
        /// The ledger's address.
        ledger: String,
        /// The newest Batch that it has published.
        batch: BatchId,
        /// The archive's address.
        archive: String,
    },
    /// An object of `sources/` cannot be read.
    #[error(
        "{key} is damaged: {detail}; put it aside, out of the archive, then run this again: what it lists comes back from the index beside the packed originals"
    )]
    SourcesDamaged {
        /// The object.
        key: String,
        /// What is wrong.
        detail: String,
    },
    /// A manifest of a Batch that was not published cannot be read.
    #[error(
        "{key} is damaged; put it aside, out of the archive, then run this again: what of its batch is in the archive comes back from its index, and the rest lands with the next ingest"
    )]
    ManifestDamaged {
        /// The manifest.
        key: String,
        /// What is wrong.
        #[source]
        source: ProtocolError,
    },
    /// An index that must give back a lost `sources/` object cannot be read.
    #[error(
        "sources/ lacks batch {batch}, and its index {key} cannot be read: {detail}; put either of the two objects back from a backup, then run this again"
    )]
    IndexUnreadable {
        /// The Batch.
        batch: BatchId,
        /// The index.
        key: String,
        /// What is wrong.
        detail: String,
    },
}

impl From<crate::ports::ledger::LedgerError> for RebuildError {
    fn from(error: crate::ports::ledger::LedgerError) -> Self {
        Self::Protocol(error.into())
    }
}

impl From<crate::ports::bucket::BucketError> for RebuildError {
    fn from(error: crate::ports::bucket::BucketError) -> Self {
        Self::Protocol(error.into())
    }
}

/// What a rebuild found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// The epoch since now.
    pub epoch: u64,
    /// Batches in `sources/`.
    pub batches: u64,
    /// Sources that they list.
    pub sources: u64,
    /// Sources that two Batches list: a finding, invariant 2 was broken. Only counted by ledgers that keep what landed.
    pub twice: u64,
    /// Batches that had been committed and were published now.
    pub rolled_forward: u64,
    /// Batches in `staging/` that were not committed as far as anyone can tell, and were thrown away: their sources are delivered again.
    pub discarded: u64,
    /// Batches whose `sources/` object was lost and is written anew from the indexes beside their segments. Counted in `batches`, too.
    pub reindexed: u64,
    /// Sources that only an index lists and whose segment is gone: not restored, so that they land again.
    pub without_bytes: u64,
}

/// What an operator says of a rebuild.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RebuildOptions {
    /// No worker runs elsewhere. Without this word, open Batches whose workers are not known to be gone stop the rebuild.
    pub writers_stopped: bool,
    /// The lock of `sources/` objects that are written anew; none = the bucket's own rule.
    pub retention: Option<Retention>,
}

/// Rebuilds `ledger` from the archive in `bucket` and makes the archive this ledger's.
///
/// # Errors
/// [`RebuildError`].
pub async fn rebuild(
    bucket: Arc<dyn AuditBucket>,
    ledger: Arc<dyn Ledger>,
    holder: &WorkerId,
    options: RebuildOptions,
    now: Moment,
) -> Result<Rebuilt, RebuildError> {
    take_lease(ledger.as_ref(), holder).await?;
    let rebuilt = rebuild_alone(bucket, Arc::clone(&ledger), holder, options, now).await;
    ledger.release_lease(REBUILD_LEASE, holder).await?;
    rebuilt
}

async fn take_lease(ledger: &dyn Ledger, holder: &WorkerId) -> Result<(), RebuildError> {
    let mut answer = ledger.take_lease(REBUILD_LEASE, holder, None).await?;
    if let LeaseAnswer::HeldBy(item) = &answer
        && ledger.is_gone(&item.holder).await?
    {
        answer = ledger.take_lease(REBUILD_LEASE, holder, Some(item)).await?;
    }
    match answer {
        LeaseAnswer::Taken => Ok(()),
        LeaseAnswer::HeldBy(item) => Err(RebuildError::Running { holder: item.holder, ledger: ledger.address() }),
    }
}

async fn rebuild_alone(
    bucket: Arc<dyn AuditBucket>,
    ledger: Arc<dyn Ledger>,
    holder: &WorkerId,
    options: RebuildOptions,
    now: Moment,
) -> Result<Rebuilt, RebuildError> {
    let identity = ledger.identity().await?;
    let found = archive_guard::read(bucket.as_ref()).await?;
    let known = found.as_ref().is_some_and(|descriptor| descriptor.ledger.id == identity.id);
    if !known {
        refuse_another_archives(bucket.as_ref(), ledger.as_ref()).await?;
    }
    let epoch = found.as_ref().map_or(0, |descriptor| descriptor.epoch).max(identity.epoch) + 1;
    let protocol = Protocol::new(Arc::clone(&ledger), Arc::clone(&bucket), epoch, Duration::MAX).leaving_announcements();
    let mut rebuilt = Rebuilt { epoch, ..Rebuilt::default() };

    protocol.finish_committed(options.writers_stopped, now, &mut rebuilt).await?;
    // Until here the ledger is as it was, and works.
    protocol.examine(holder).await?;
    ledger.begin_rebuild(epoch).await?;
    let mut restored = HashSet::new();
    protocol.restore_published(holder, now, &mut restored, &mut rebuilt).await?;
    protocol.decide_staged(now, &mut restored, &mut rebuilt).await?;
    protocol.restore_indexed(holder, (options.retention, now), &restored, &mut rebuilt).await?;

    let ours = LedgerRef { kind: identity.kind, id: identity.id };
    let descriptor = match found {
        Some(found) => ArchiveDescriptor { ledger: ours, epoch, ..found },
        None => ArchiveDescriptor { epoch, ..ArchiveDescriptor::new(ours, now.unix_ms) },
    };
    archive_guard::write(bucket.as_ref(), &descriptor, false).await?;
    ledger.set_ready(epoch).await?;
    Ok(rebuilt)
}

/// A ledger that is not this archive's may be a new one, or one that was lost sight of; one that published elsewhere is left alone.
async fn refuse_another_archives(bucket: &dyn AuditBucket, ledger: &dyn Ledger) -> Result<(), RebuildError> {
    let Some(batch) = ledger.newest_published().await? else { return Ok(()) };
    if bucket.head(&layout::sources_key(&batch)).await?.is_some() {
        return Ok(());
    }
    Err(RebuildError::OtherArchive { ledger: ledger.address(), batch, archive: bucket.address() })
}

impl Protocol {
    /// What this ledger knows to be committed is published before the ledger forgets it.
    async fn finish_committed(&self, writers_stopped: bool, now: Moment, rebuilt: &mut Rebuilt) -> Result<(), RebuildError> {
        for item in self.ledger.unfinished().await? {
            let visible = self.bucket.head(&layout::sources_key(&item.batch)).await?.is_some();
            if visible {
                continue;
            }
            if item.state == BatchState::Committed {
                self.roll_forward(&item.batch, now).await?;
                rebuilt.rolled_forward += 1;
            } else if !writers_stopped && !self.ledger.is_gone(&item.owner).await? {
                return Err(RebuildError::WriterAlive { owner: item.owner, batch: item.batch, ledger: self.ledger.address() });
            }
        }
        Ok(())
    }

    /// Puts every Batch that `sources/` shows.
    async fn restore_published(
        &self,
        holder: &WorkerId,
        now: Moment,
        restored: &mut HashSet<BatchId>,
        rebuilt: &mut Rebuilt,
    ) -> Result<(), RebuildError> {
        let mut page = None;
        loop {
            let listed = self.bucket.list(layout::SOURCES, page).await?;
            let batches = listed.objects.iter().filter_map(|object| layout::ArchiveKey::parse(&object.key)?.batch());
            for batch in batches {
                let landed = self.read_listed(&batch).await?;
                rebuilt.twice += self.landed_elsewhere(&batch, &landed).await?;
                self.ledger.restore(&batch, &landed, now.unix_ms).await?;
                restored.insert(batch);
                rebuilt.batches += 1;
                rebuilt.sources += landed.len() as u64;
            }
            self.ledger.beat_lease(REBUILD_LEASE, holder).await?;
            page = listed.next;
            if page.is_none() {
                return Ok(());
            }
        }
    }

    async fn landed_elsewhere(&self, batch: &BatchId, landed: &[LandedSource]) -> Result<u64, RebuildError> {
        let sources: Vec<_> = landed.iter().map(|landed| landed.source.clone()).collect();
        let holders = self.ledger.look(&sources).await?;
        let elsewhere = holders.iter().flatten().filter(|holder| holder.batch != *batch && holder.landed.is_some());
        Ok(elsewhere.count() as u64)
    }

    /// Manifests of Batches that no `sources/` object shows. If any of a Batch's objects is visible it was committed, and readers of `events/` may
    /// have seen it: it is rolled forward. If none is, it may or may not have been; nothing of it was acknowledged, so that throwing it away
    /// loses nothing.
    async fn decide_staged(&self, now: Moment, restored: &mut HashSet<BatchId>, rebuilt: &mut Rebuilt) -> Result<(), RebuildError> {
        for batch in self.staged_batches().await? {
            if self.bucket.head(&layout::sources_key(&batch)).await?.is_some() {
                self.forget_unless_to_announce(&batch).await?;
                continue;
            }
            if let Some(manifest) = self.visible_in_part(&batch).await? {
                self.make_visible(&manifest).await?;
                let landed = publish::landed_of(&manifest)?;
                self.ledger.restore(&batch, &landed, now.unix_ms).await?;
                self.forget_unless_to_announce(&batch).await?;
                restored.insert(batch);
                rebuilt.rolled_forward += 1;
                rebuilt.batches += 1;
                rebuilt.sources += landed.len() as u64;
            } else {
                self.discard_staging(&batch).await?;
                rebuilt.discarded += 1;
            }
        }
        Ok(())
    }

    /// The manifest of a Batch of which at least one object is visible.
    async fn visible_in_part(&self, batch: &BatchId) -> Result<Option<Manifest>, ProtocolError> {
        let Some(bytes) = self.bucket.get(&layout::manifest_key(batch), publish::MAX_MANIFEST_BYTES).await? else { return Ok(None) };
        let manifest = Manifest::parse_unverified(&bytes).map_err(|source| ProtocolError::Manifest { batch: *batch, source })?;
        publish::check_manifest(batch, &manifest)?;
        for upload in &manifest.uploads {
            if self.bucket.head(&upload.key).await?.is_some() {
                return Ok(Some(manifest));
            }
        }
        Ok(None)
    }
}
