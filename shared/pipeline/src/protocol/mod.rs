//! The Batch protocol: how many workers that may die at any step land each source exactly once.
//! `design.md` beside this file has the argument; here are the steps: [`open`](Protocol::open), [`admit`](Protocol::admit),
//! [`commit_and_publish`](Protocol::commit_and_publish), [`abort`](Protocol::abort), [`recover`](Protocol::recover).
//!
//! What stands in a Batch (fetching, decoding, encoding, when to seal) is the worker's; single conditional changes are the ledger's.

mod admission;
mod announce;
mod error;
mod heartbeat;
mod listed;
mod moment;
mod publish;
mod rebuild;
mod recovery;
mod still;
#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use trailkeep_archive::BatchId;

pub(crate) use self::publish::MAX_MANIFEST_BYTES;
pub use self::{
    admission::{Admission, Standing},
    announce::{ANNOUNCE_WITHIN, Announcement},
    error::ProtocolError,
    heartbeat::Heartbeat,
    moment::Moment,
    rebuild::{REBUILD_LEASE, RebuildError, RebuildOptions, Rebuilt, rebuild},
    recovery::Recovered,
    still::Stillness,
};
use self::{announce::Telling, listed::ListedSources};
use crate::ports::{
    announcer::Announcer,
    bucket::{AuditBucket, StagedUpload},
    ledger::{AbortIf, BatchState, Flip, Ledger, LedgerError, SourceId, WorkerId},
};

/// What a manifest is here.
pub type Manifest = trailkeep_archive::Manifest<StagedUpload>;

/// How long a Batch's heartbeat may stand still before another worker takes it for dead.
pub const LEASE: Duration = Duration::from_mins(1);

/// Most sources that one Batch may hold (design.md, "Limits").
pub const MAX_SOURCES: usize = 10_000;

/// Most partitions of `events/` that one Batch may hold (design.md, "Limits").
pub const MAX_PARTITIONS: usize = 64;

/// The protocol over one ledger and one archive. One for the whole process; workers share it.
#[derive(Debug)]
pub struct Protocol {
    ledger: Arc<dyn Ledger>,
    bucket: Arc<dyn AuditBucket>,
    epoch: u64,
    still: Mutex<Stillness<BatchId>>,
    listed: Mutex<ListedSources>,
    telling: Telling,
    /// Whether manifests that are written here tell of Digests, too.
    tells_of_digests: bool,
}

/// A Batch that this worker opened. Neither committed nor aborted by being dropped: say which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenBatch {
    /// Its id.
    pub batch: BatchId,
    /// The worker.
    pub owner: WorkerId,
    /// The ledger's epoch when it was opened: to be put into the manifest.
    pub epoch: u64,
}

impl Protocol {
    /// The protocol at the epoch that [`crate::archive_guard::join`] answered.
    pub fn new(ledger: Arc<dyn Ledger>, bucket: Arc<dyn AuditBucket>, epoch: u64, lease: Duration) -> Self {
        let (still, listed) = (Mutex::new(Stillness::new(lease)), Mutex::new(ListedSources::default()));
        Self { ledger, bucket, epoch, still, listed, telling: Telling::Nobody, tells_of_digests: false }
    }

    /// Announces what it publishes, and puts off what takes longer than [`ANNOUNCE_WITHIN`]. Give every worker of an archive the same topic: one
    /// without deletes in silence what the others have to announce.
    #[must_use]
    pub fn with_announcer(self, announcer: Arc<dyn Announcer>) -> Self {
        self.with_announcer_within(announcer, ANNOUNCE_WITHIN)
    }

    /// As [`Protocol::with_announcer`], with another longest time.
    #[must_use]
    pub fn with_announcer_within(self, announcer: Arc<dyn Announcer>, within: Duration) -> Self {
        Self { telling: Telling::Through { announcer, within }, ..self }
    }

    /// Says in its manifests what Digests are to be announced, besides objects. What another worker's manifest says of Digests is announced with or without
    /// this.
    #[must_use]
    pub fn announcing_digests(self) -> Self {
        Self { tells_of_digests: true, ..self }
    }

    /// Announces nothing, and leaves manifests that still have something to announce to those who do.
    #[must_use]
    fn leaving_announcements(self) -> Self {
        Self { telling: Telling::LeftToOthers, ..self }
    }

    /// Whether manifests should say what is to be announced.
    pub fn announces(&self) -> bool {
        matches!(self.telling, Telling::Through { .. })
    }

    /// Whether they should say so of Digests.
    pub fn announces_digests(&self) -> bool {
        self.announces() && self.tells_of_digests
    }

    /// The ledger.
    pub fn ledger(&self) -> &Arc<dyn Ledger> {
        &self.ledger
    }

    /// The archive's store.
    pub fn bucket(&self) -> &Arc<dyn AuditBucket> {
        &self.bucket
    }

    /// Puts a Batch's item into the ledger. The id is the caller's: time and 64 random bits. Start a [`Heartbeat`] right after.
    ///
    /// # Errors
    /// [`ProtocolError::Ledger`].
    pub async fn open(&self, batch: BatchId, owner: WorkerId, now: Moment) -> Result<OpenBatch, ProtocolError> {
        self.ledger.open(&batch, &owner, self.epoch, now.unix_ms).await?;
        Ok(OpenBatch { batch, owner, epoch: self.epoch })
    }

    /// Lets go of sources that were admitted and could not be fetched, so that they can be retried at once. They must not be in the manifest.
    ///
    /// # Errors
    /// [`ProtocolError::Ledger`].
    pub async fn release(&self, open: &OpenBatch, sources: &[SourceId]) -> Result<(), ProtocolError> {
        Ok(self.ledger.release(&open.batch, sources).await?)
    }

    /// Gives a Batch up and throws its staged uploads away. Safe after any failure: a Batch that turns out to be committed is left alone, to be
    /// rolled forward. Answers where the Batch stands.
    ///
    /// # Errors
    /// [`ProtocolError`]; recovery does it then.
    pub async fn abort(&self, open: &OpenBatch, staged: &[StagedUpload]) -> Result<BatchState, ProtocolError> {
        self.refuse_if_published(&open.batch, BatchState::Open).await?;
        let state = match self.ledger.abort(&open.batch, &AbortIf::OwnedBy(open.owner.clone())).await? {
            Flip::Done => BatchState::Aborted,
            Flip::Refused(item) => item.state,
        };
        if state == BatchState::Aborted {
            for upload in staged {
                self.bucket.abandon(upload).await?;
            }
            self.discard_staging(&open.batch).await?;
        }
        Ok(state)
    }

    /// The Batch's item; that there is none is an error here.
    async fn item(&self, batch: &BatchId) -> Result<crate::ports::ledger::BatchItem, ProtocolError> {
        let item = self.ledger.batch(batch).await?;
        item.ok_or_else(|| LedgerError::NoSuchBatch { batch: *batch, ledger: self.ledger.address() }.into())
    }
}
