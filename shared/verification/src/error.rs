//! Why a verification could not run. What it finds is no error: that is in the [`crate::Verdict`].

use trailkeep_archive::TableError;
use trailkeep_pipeline::ports::bucket::BucketError;
use trailkeep_restore::ReadError;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The archive's store failed, or may not be read.
    #[error("the archive could not be read")]
    Bucket(#[from] BucketError),
    /// A file of `sources/` is not what it should be.
    #[error("{key} cannot be read: without it nothing can be said about its sources; `trailkeep ledger rebuild` makes a lost one again")]
    Table {
        /// Key of the file.
        key: String,
        /// The cause.
        #[source]
        source: TableError,
    },
    /// More than one verification holds at a time.
    #[error("more than {limit} {what} of one account: ask for less with since and until")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// The cap.
        limit: usize,
    },
    /// A thread ended early: a fault of the program.
    #[error("a thread of the verification ended early")]
    Thread(#[source] tokio::task::JoinError),
}

impl From<ReadError> for VerifyError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Bucket(error) => Self::Bucket(error),
            ReadError::Table { key, source } => Self::Table { key, source },
            ReadError::Thread { source } => Self::Thread(source),
        }
    }
}

/// Runs what takes the processor's time on a thread for that.
///
/// # Errors
/// [`VerifyError::Thread`].
pub(crate) async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, VerifyError> {
    tokio::task::spawn_blocking(work).await.map_err(VerifyError::Thread)
}
