//! Port to the ledger: what has been claimed, committed and published. Memory here, SQLite in `trailkeep-local`, DynamoDB in `trailkeep-aws`.
//! One contract suite (`contract::ledger`, feature `contract`) runs on all of them.
//!
//! The port holds single conditional changes; in which order they are made, and why nothing lands twice, is the protocol's
//! (`crate::protocol`, `protocol/design.md`). Times and ids are arguments.

mod items;
mod notes;

use std::{error::Error, fmt::Debug};

use async_trait::async_trait;
use trailkeep_archive::BatchId;

pub use self::items::{
    AbortIf, BatchItem, BatchState, Claim, Flip, Holder, Landed, LandedSource, LeaseAnswer, LeaseItem, LedgerIdentity, ManifestRef,
    SourceId, WorkerId,
};
pub use self::notes::{MAX_NOTE_BYTES, MAX_NOTE_NAME_BYTES, Note};

/// Why a call to a ledger failed. Every message names the ledger and what was to be done.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A Batch that must be there is not: the ledger was emptied or restored, or it expired the item.
    #[error("batch {batch} is not in the ledger {ledger}")]
    NoSuchBatch {
        /// The Batch.
        batch: BatchId,
        /// The ledger's address.
        ledger: String,
    },
    /// The Batch is there already, by another worker.
    #[error("batch {batch} is already in the ledger {ledger}, opened by {owner}")]
    BatchExists {
        /// The Batch.
        batch: BatchId,
        /// Its owner.
        owner: WorkerId,
        /// The ledger's address.
        ledger: String,
    },
    /// The caller's epoch is not the ledger's: the ledger was rebuilt meanwhile.
    #[error("the ledger {ledger} is at epoch {current}, not {asked}: it was rebuilt; start again")]
    OtherEpoch {
        /// The epoch that the caller holds.
        asked: u64,
        /// The ledger's epoch.
        current: u64,
        /// The ledger's address.
        ledger: String,
    },
    /// New, emptied or being rebuilt.
    #[error(
        "the ledger {ledger} admits nothing until it has been rebuilt from its archive: stop every writer, then run: trailkeep ledger rebuild --archive ARCHIVE --ledger {ledger}"
    )]
    NotReady {
        /// The ledger's address.
        ledger: String,
    },
    /// A Batch cannot be marked so from where it stands.
    #[error("batch {batch} is {state}, so that it cannot be marked {wanted}", state = .state.as_str(), wanted = .wanted.as_str())]
    WrongState {
        /// The Batch.
        batch: BatchId,
        /// Where it stands.
        state: BatchState,
        /// Where it was to be.
        wanted: BatchState,
    },
    /// Made by a newer release.
    #[error("the ledger {ledger} has schema {found}, newer than {known}, the newest that this release knows: use a newer trailkeep")]
    Newer {
        /// The ledger's address.
        ledger: String,
        /// Its schema version.
        found: i64,
        /// The newest that this release knows.
        known: i64,
    },
    /// The caller may not.
    #[error("not permitted to {operation} in the ledger {ledger}: {hint}")]
    Denied {
        /// Operation in words.
        operation: &'static str,
        /// The ledger's address.
        ledger: String,
        /// What to do.
        hint: String,
        /// The cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// No room on the device.
    #[error("no space left to {operation} in the ledger {ledger}")]
    NoSpace {
        /// Operation in words.
        operation: &'static str,
        /// The ledger's address.
        ledger: String,
        /// The cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Another process held the ledger for longer than the busy timeout, or DynamoDB throttled; may pass when tried again.
    #[error("the ledger {ledger} was too busy to {operation}")]
    Busy {
        /// Operation in words.
        operation: &'static str,
        /// The ledger's address.
        ledger: String,
        /// The cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Its content cannot be what this release wrote: damaged, or another program's.
    #[error("the ledger {ledger} is damaged: {detail}; put it aside and rebuild it from its archive (trailkeep ledger rebuild --help)")]
    Damaged {
        /// The ledger's address.
        ledger: String,
        /// What is wrong.
        detail: String,
    },
    /// Where it lies it cannot arbitrate.
    #[error(
        "the ledger {ledger} lies on {filesystem}, a network or user-space filesystem whose locks cannot be relied on: keep it on a disk of this machine"
    )]
    NotLocal {
        /// The ledger's address.
        ledger: String,
        /// The filesystem by name.
        filesystem: &'static str,
    },
    /// A note's body is over the cap.
    #[error("the note {name} would hold {bytes} bytes, more than the {MAX_NOTE_BYTES} that the ledger {ledger} keeps of one")]
    NoteTooLarge {
        /// The note.
        name: String,
        /// Its size in bytes.
        bytes: usize,
        /// The ledger's address.
        ledger: String,
    },
    /// A note's name is empty or over the cap.
    #[error("the name of a note has {bytes} bytes; the ledger {ledger} takes 1 to {MAX_NOTE_NAME_BYTES}")]
    NoteName {
        /// Its size in bytes.
        bytes: usize,
        /// The ledger's address.
        ledger: String,
    },
    /// Anything else; may pass when tried again, and may have taken effect.
    #[error("failed to {operation} in the ledger {ledger}")]
    Failed {
        /// Operation in words.
        operation: &'static str,
        /// The ledger's address.
        ledger: String,
        /// The cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// The arbiter. Every call may be made again: an answer that got lost is asked for once more. What `commit`, `mark_published` and the calls of a
/// rebuild answered is durable, and with it all that was answered before; later answers may be taken back only by what ends every worker that
/// heard of them (a power cut, where all are on one machine).
#[async_trait]
pub trait Ledger: Debug + Send + Sync {
    /// Address for messages: a path or a table name.
    fn address(&self) -> String;

    /// Which ledger this is, as it stands now.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn identity(&self) -> Result<LedgerIdentity, LedgerError>;

    /// Puts a Batch's own item, state open. Must come before its first admit. The same owner may do it again.
    ///
    /// # Errors
    /// `NotReady`, `OtherEpoch`, `BatchExists` (also where it is no longer open), or any other [`LedgerError`].
    async fn open(&self, batch: &BatchId, owner: &WorkerId, epoch: u64, at_ms: i64) -> Result<(), LedgerError>;

    /// Lets each source that points nowhere point to `batch`. Answers one claim per source, in order; a source that stands twice in `sources`
    /// is admitted once and held by `batch` the second time. Does not ask whether `batch` is still open: its commit will.
    ///
    /// # Errors
    /// [`LedgerError`]; some of the sources may have been admitted then.
    async fn admit(&self, batch: &BatchId, sources: &[SourceId]) -> Result<Vec<Claim>, LedgerError>;

    /// Lets each source that still points to the Batch beside it point to `batch`. One claim per source, in order.
    ///
    /// # Errors
    /// [`LedgerError`]; some may have been taken over then.
    async fn take_over(&self, batch: &BatchId, sources: &[(SourceId, BatchId)]) -> Result<Vec<Claim>, LedgerError>;

    /// Whom each source points to, changing nothing. One answer per source, in order.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn look(&self, sources: &[SourceId]) -> Result<Vec<Option<Holder>>, LedgerError>;

    /// Takes away the pointers of these sources that point to `batch` and are not landed; others stay.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn release(&self, batch: &BatchId, sources: &[SourceId]) -> Result<(), LedgerError>;

    /// A Batch's item; `None` if there is none.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn batch(&self, batch: &BatchId) -> Result<Option<BatchItem>, LedgerError>;

    /// Moves the heartbeat counter, if the Batch is open and `owner`'s.
    ///
    /// # Errors
    /// [`LedgerError`]; `NoSuchBatch`.
    async fn beat(&self, batch: &BatchId, owner: &WorkerId) -> Result<Flip, LedgerError>;

    /// Open → committed, if the Batch is open, `owner`'s, of `epoch`, and `epoch` is still the ledger's: one atomic change, whatever the
    /// number of sources.
    ///
    /// # Errors
    /// [`LedgerError`]; `NoSuchBatch`.
    async fn commit(&self, batch: &BatchId, owner: &WorkerId, epoch: u64, manifest: &ManifestRef, at_ms: i64) -> Result<Flip, LedgerError>;

    /// Open → aborted, if the Batch is open and the condition holds. The caller has looked that its `sources/` object is absent.
    ///
    /// # Errors
    /// [`LedgerError`]; `NoSuchBatch`.
    async fn abort(&self, batch: &BatchId, condition: &AbortIf) -> Result<Flip, LedgerError>;

    /// Committed → published, and keeps (where the ledger keeps it) that these sources landed in the Batch. Done again it is no error.
    ///
    /// # Errors
    /// [`LedgerError`]; `NoSuchBatch`, `WrongState` if it is open or aborted.
    async fn mark_published(&self, batch: &BatchId, landed: &[LandedSource], at_ms: i64) -> Result<(), LedgerError>;

    /// Published → announced. Done again it is no error.
    ///
    /// # Errors
    /// [`LedgerError`]; `NoSuchBatch`, `WrongState` if it is not published.
    async fn mark_announced(&self, batch: &BatchId) -> Result<(), LedgerError>;

    /// All open and committed Batches, oldest id first.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn unfinished(&self) -> Result<Vec<BatchItem>, LedgerError>;

    /// The published (or announced) Batch with the greatest id; `None` if there is none.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn newest_published(&self) -> Result<Option<BatchId>, LedgerError>;

    /// Whether it is certain that this worker cannot act any more, as when its process on this machine has ended. `false` = unknown: then
    /// only its heartbeat tells.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn is_gone(&self, owner: &WorkerId) -> Result<bool, LedgerError> {
        let _ = owner;
        Ok(false)
    }

    /// Sets the epoch, stops admitting, and forgets every source and every Batch: the archive is the truth now. An epoch below the ledger's is
    /// refused. Batches that were committed must have been rolled forward before.
    ///
    /// # Errors
    /// [`LedgerError`]; `OtherEpoch`.
    async fn begin_rebuild(&self, epoch: u64) -> Result<(), LedgerError>;

    /// Puts a published Batch with what landed in it, replacing what the ledger had of them. For rebuilds.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn restore(&self, batch: &BatchId, landed: &[LandedSource], at_ms: i64) -> Result<(), LedgerError>;

    /// Lets the ledger admit, after a rebuild or for a new archive.
    ///
    /// # Errors
    /// [`LedgerError`]; `OtherEpoch` if `epoch` is not the ledger's.
    async fn set_ready(&self, epoch: u64) -> Result<(), LedgerError>;

    /// Takes the lease `name` if nobody has it, if `holder` has it, or if it still is exactly `over` (watched standing still).
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn take_lease(&self, name: &str, holder: &WorkerId, over: Option<&LeaseItem>) -> Result<LeaseAnswer, LedgerError>;

    /// Moves the lease's counter; `false` if `holder` does not have it any more.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn beat_lease(&self, name: &str, holder: &WorkerId) -> Result<bool, LedgerError>;

    /// Gives the lease back, if `holder` has it.
    ///
    /// # Errors
    /// [`LedgerError`].
    async fn release_lease(&self, name: &str, holder: &WorkerId) -> Result<(), LedgerError>;

    /// Reads a note; `None` if there is none. A rebuild forgets all notes. A handle may go on in the epoch that it saw last until it asks for
    /// [`Ledger::identity`] again: what it reads and writes until then nobody else sees.
    ///
    /// # Errors
    /// [`LedgerError`]; `NoteName`.
    async fn note(&self, name: &str) -> Result<Option<Note>, LedgerError>;

    /// Writes a note in place of version `over`; `None` = only if there is none. `false`: somebody else wrote first, and nothing was changed.
    ///
    /// # Errors
    /// [`LedgerError`]; `NoteTooLarge` over [`MAX_NOTE_BYTES`], `NoteName` over [`MAX_NOTE_NAME_BYTES`].
    async fn put_note(&self, name: &str, over: Option<u64>, body: &[u8]) -> Result<bool, LedgerError>;

    /// Takes a note away; one that is not there is no error.
    ///
    /// # Errors
    /// [`LedgerError`]; `NoteName`.
    async fn forget_note(&self, name: &str) -> Result<(), LedgerError>;
}
