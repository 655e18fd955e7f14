//! Why a step of the Batch protocol failed.

use trailkeep_archive::{BatchId, ManifestError};

use crate::ports::{
    bucket::BucketError,
    ledger::{BatchState, LedgerError, SourceId},
};

/// Why a step of the Batch protocol failed. Whatever it is, nothing is lost: a Batch that is committed is rolled forward by whoever comes next,
/// and one that is not is taken over when its worker is dead.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The archive's store failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The Batch is not this worker's any more: another took it for dead. Its sources must be admitted again, by another Batch.
    #[error("batch {batch} is lost to this worker: it is {state}", state = .state.as_str())]
    Lost {
        /// The Batch.
        batch: BatchId,
        /// Where it stands now.
        state: BatchState,
    },
    /// A Batch that is open in the ledger has its `sources/` object in the archive: the ledger is older than the archive.
    #[error("batch {batch} is {state} in the ledger and published in the archive: the ledger was restored to an older state; stop every writer, then run: {command}", state = .state.as_str())]
    LedgerBehind {
        /// The Batch.
        batch: BatchId,
        /// Where the ledger has it.
        state: BatchState,
        /// The command that puts it right.
        command: String,
    },
    /// A committed Batch's manifest is gone.
    #[error("batch {batch} is committed, but its manifest {key} is not in the archive")]
    ManifestMissing {
        /// The Batch.
        batch: BatchId,
        /// Where it should be.
        key: String,
    },
    /// A committed Batch's manifest is not what was committed, or cannot be read.
    #[error("the manifest of batch {batch} cannot be used")]
    Manifest {
        /// The Batch.
        batch: BatchId,
        /// The cause.
        #[source]
        source: ManifestError,
    },
    /// A manifest that contradicts itself: another Batch's, without its one `sources/` object, or a hash that is none.
    #[error("the manifest of batch {batch} is not sound: {detail}")]
    UnsoundManifest {
        /// The Batch.
        batch: BatchId,
        /// What is wrong.
        detail: String,
    },
    /// A published Batch's `sources/` object is not there or cannot be read, so that nobody can say what it lists.
    #[error("what batch {batch} landed cannot be read from {key}: {detail}")]
    SourcesUnreadable {
        /// The Batch.
        batch: BatchId,
        /// The object.
        key: String,
        /// What is wrong.
        detail: String,
    },
    /// A source changed hands in each of several looks.
    #[error("{source_id} changed hands too often to be admitted; try again")]
    Contended {
        /// The source.
        source_id: SourceId,
    },
}
