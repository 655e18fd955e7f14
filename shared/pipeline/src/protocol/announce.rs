//! Telling subscribers of what a published Batch landed. Nothing waits for it: the Batch is settled, and while its manifest stands in `staging/` any
//! worker that announces can do it.

use std::{sync::Arc, time::Duration};

use trailkeep_archive::{BatchId, layout};

use super::{Manifest, Protocol, ProtocolError, publish::MAX_MANIFEST_BYTES};
use crate::ports::{
    announcer::{AnnounceError, Announcer},
    causes,
    ledger::BatchItem,
    queue::TraceContext,
};

/// Longest time that one Batch's announcement may take before it is put off, unless told otherwise.
pub const ANNOUNCE_WITHIN: Duration = Duration::from_secs(10);

/// What became of a published Batch's announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announcement {
    /// Nobody is told here, the manifest says nothing of what to tell, or it was done before.
    None,
    /// Every object was announced.
    Done,
    /// It failed, or is left to others; a recovery does it. Some objects may have been announced, and will be again.
    Later,
}

/// Who is told of what is published.
#[derive(Debug)]
pub(super) enum Telling {
    /// Nobody.
    Nobody,
    /// Subscribers, but by somebody else.
    LeftToOthers,
    /// Subscribers.
    Through { announcer: Arc<dyn Announcer>, within: Duration },
}

/// A manifest's way to its end, after its Batch was marked published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Told,
    NothingToTell,
    NotTold,
}

/// What became of a manifest that outlived its published Batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// There was nothing to tell: it is gone.
    Over,
    /// It was announced and is gone.
    Announced,
    /// Telling failed: it stays.
    NotTold,
    /// It cannot be read, or is not what was committed: it stays, for somebody to look at.
    Unusable,
}

impl Protocol {
    /// Announces a published Batch and deletes its manifest. Where it cannot be announced the manifest stays.
    ///
    /// # Errors
    /// [`ProtocolError::Bucket`] where the manifest cannot be deleted: recovery does it then.
    pub(super) async fn announce_and_forget(&self, manifest: &Manifest, trace: &TraceContext) -> Result<Announcement, ProtocolError> {
        let announcement = match self.tell(manifest, trace).await {
            Step::NotTold => return Ok(Announcement::Later),
            Step::Told => Announcement::Done,
            Step::NothingToTell => Announcement::None,
        };
        self.bucket.delete(&layout::manifest_key(&manifest.batch)).await?;
        Ok(announcement)
    }

    async fn tell(&self, manifest: &Manifest, trace: &TraceContext) -> Step {
        let (announcer, within) = match &self.telling {
            Telling::Nobody => return Step::NothingToTell,
            _ if manifest.to_announce() == 0 => return Step::NothingToTell,
            Telling::LeftToOthers => return Step::NotTold,
            Telling::Through { announcer, within } => (announcer, *within),
        };
        let batch = &manifest.batch;
        let told = match tokio::time::timeout(within, announce(&**announcer, manifest, trace)).await {
            Ok(told) => told,
            Err(elapsed) => Err(AnnounceError::Failed { topic: announcer.address(), source: elapsed.into() }),
        };
        if let Err(error) = told {
            tracing::warn!(%batch, error = %causes(&error), "the batch is published, and announcing it failed; a recovery announces it");
            return Step::NotTold;
        }
        if let Err(error) = self.ledger.mark_announced(batch).await {
            tracing::warn!(%batch, %error, "the batch is announced and could not be marked so; a recovery announces it again");
            return Step::NotTold;
        }
        Step::Told
    }

    /// Comes back to the manifest of a Batch that is published and not marked announced.
    ///
    /// # Errors
    /// [`ProtocolError`] where ledger or store fail.
    pub(super) async fn announce_left(&self, item: &BatchItem) -> Result<Left, ProtocolError> {
        let key = layout::manifest_key(&item.batch);
        if matches!(self.telling, Telling::Nobody) {
            self.bucket.delete(&key).await?;
            return Ok(Left::Over);
        }
        let Some(bytes) = self.bucket.get(&key, MAX_MANIFEST_BYTES).await? else { return Ok(Left::Over) };
        // A ledger that was rebuilt does not know the manifest's hash.
        let parsed = match &item.manifest {
            Some(reference) => Manifest::parse(&bytes, &reference.sha256),
            None => Manifest::parse_unverified(&bytes),
        };
        let manifest = match parsed {
            Ok(manifest) if manifest.batch == item.batch => manifest,
            Ok(manifest) => {
                tracing::warn!(batch = %item.batch, of = %manifest.batch, key, "a published batch cannot be announced: its manifest is another's");
                return Ok(Left::Unusable);
            }
            Err(error) => {
                tracing::warn!(batch = %item.batch, error = %causes(&error), key, "a published batch cannot be announced");
                return Ok(Left::Unusable);
            }
        };
        Ok(match self.announce_and_forget(&manifest, &TraceContext::default()).await? {
            Announcement::None => Left::Over,
            Announcement::Done => Left::Announced,
            Announcement::Later => Left::NotTold,
        })
    }

    /// The manifest of a Batch that a rebuild found published: deleted, unless it has something to announce.
    ///
    /// # Errors
    /// [`ProtocolError::Bucket`].
    pub(super) async fn forget_unless_to_announce(&self, batch: &BatchId) -> Result<(), ProtocolError> {
        let key = layout::manifest_key(batch);
        let bytes = self.bucket.get(&key, MAX_MANIFEST_BYTES).await?;
        let to_announce =
            bytes.and_then(|bytes| Manifest::parse_unverified(&bytes).ok()).is_some_and(|manifest| manifest.to_announce() > 0);
        if to_announce {
            return Ok(());
        }
        Ok(self.bucket.delete(&key).await?)
    }
}

/// Tells of all that a manifest says is to be told, whoever wrote it.
async fn announce(announcer: &dyn Announcer, manifest: &Manifest, trace: &TraceContext) -> Result<(), AnnounceError> {
    if !manifest.landed.is_empty() {
        announcer.announce(&manifest.batch, &manifest.landed, trace).await?;
    }
    match &manifest.digests {
        Some(digests) => announcer.announce_digests(&manifest.batch, digests, trace).await,
        None => Ok(()),
    }
}
