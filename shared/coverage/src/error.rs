//! Why coverage could not be looked at.

use trailkeep_archive::TableError;
use trailkeep_audit::coverage::CoverageError;
use trailkeep_pipeline::ports::bucket::BucketError;
use trailkeep_restore::ReadError;

/// Why coverage could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The question cannot be answered: an empty window, or too many hours.
    #[error(transparent)]
    Asked(#[from] CoverageError),
    /// The store failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// A file of `sources/` cannot be read.
    #[error(transparent)]
    Sources(#[from] ReadError),
    /// A file of the archive is not what it should be. An older one is never taken instead.
    #[error("{key} cannot be read")]
    Table {
        /// Its key.
        key: String,
        /// The cause.
        #[source]
        source: TableError,
    },
    /// A file was listed and is not there.
    #[error("{key} was there, and is not any more: run this again")]
    Gone {
        /// Its key.
        key: String,
    },
    /// Two wrote at the same moment.
    #[error("{key} is there already: run this again")]
    AlreadyThere {
        /// Its key.
        key: String,
    },
}
