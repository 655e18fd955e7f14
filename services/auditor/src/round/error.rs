//! Why a step, or a whole round, failed.

use trailkeep_archive::TableError;
use trailkeep_attest::{AttestError, HeadError};
use trailkeep_coverage::LookError;
use trailkeep_organization::ObserveError;
use trailkeep_pipeline::ports::{bucket::BucketError, ledger::LedgerError, queue::QueueError};
use trailkeep_query::recorded::RecordedError;
use trailkeep_restore::OpenError;
use trailkeep_verification::{KeptKeysError, VerifyError};

use crate::{lease::LeaseError, notes::NoteError, ports::OutsideError};

/// Why a round came to nothing. What was remembered stays as it was, so that the next round does it again.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// The lease is another's, or nobody knows whose.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// What is remembered could not be read or written.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// There is no archive, or it cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What changed could not be written down.
    #[error("changes of findings could not be written to {key}")]
    Rows {
        /// The object.
        key: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Somebody asked to stop.
    #[error("asked to stop: the next round does it again")]
    Stopped,
}

impl RoundError {
    /// Whether another auditor works on the archive.
    pub(crate) fn is_anothers(&self) -> bool {
        matches!(self, Self::Lease(_) | Self::Note(NoteError::Taken { .. }))
    }
}

/// Why there are no public keys of CloudTrail's, and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoKeys {
    /// CloudTrail is not asked, and there is no file.
    #[error("CloudTrail is not asked for them; give an AWS Region, or a file with --public-keys")]
    NobodyToAsk,
    /// Nothing has landed that would say where to ask.
    #[error("nothing has landed yet, and no Region is assumed: they are asked for where the first log file or Digest comes from")]
    NoRegion,
    /// It was asked in so many Regions.
    #[error("CloudTrail has none in the {0} Regions that it was asked in; give a file with --public-keys where they are kept elsewhere")]
    NoneGiven(usize),
}

/// Why a step failed. The others go on; nothing that it would have looked at is resolved.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The lease is another's: the whole round ends.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// What is remembered of an account has no room in its note.
    #[error("an account's findings are not remembered: they are found and told again")]
    Note(#[from] NoteError),
    /// The kept keys could not be read.
    #[error(transparent)]
    Keys(#[from] KeptKeysError),
    /// There are none.
    #[error("there are no public keys of CloudTrail's: {0}")]
    NoKeys(NoKeys),
    /// The archive could not be verified.
    #[error("the archive could not be verified")]
    Verify(#[from] VerifyError),
    /// Coverage could not be looked at.
    #[error(transparent)]
    Look(#[from] LookError),
    /// The archive's own events could not be read.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// Something outside could not be asked or told.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// What was observed is not of this organization.
    #[error("the accounts that were observed cannot be taken")]
    Observe(#[from] ObserveError),
    /// The archive failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The collector's queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A file of the archive cannot be read.
    #[error("{key} cannot be read")]
    Table {
        /// Its key.
        key: String,
        /// The cause.
        #[source]
        source: TableError,
    },
    /// No attestation was made.
    #[error(transparent)]
    Attest(#[from] AttestError),
    /// A head was not put into the second account.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// A thread ended early: a fault of the program.
    #[error("a thread ended early")]
    Thread(#[from] tokio::task::JoinError),
}
