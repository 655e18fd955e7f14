//! What an error of the operating system means for a bucket.

use std::{io, path::Path};

use rustix::io::Errno;
use trailkeep_pipeline::ports::bucket::BucketError;

/// The error of `operation` on `path`, with what to do about it where that is known.
pub(super) fn explain(operation: &str, path: &Path, source: io::Error) -> BucketError {
    let what = path.display().to_string();
    let denied = |hint: &str| BucketError::Denied { operation: operation.to_owned(), what: what.clone(), hint: hint.to_owned() };
    match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => BucketError::NotFound { what },
        io::ErrorKind::PermissionDenied => denied("check the owner and the mode of it and of the directories above it"),
        io::ErrorKind::ReadOnlyFilesystem => denied("the filesystem is mounted read-only"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => BucketError::NoSpace { what, source },
        _ if source.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => denied("it is a symbolic link, and links are not followed"),
        _ => failed(operation, path, source),
    }
}

/// A failure that has no better name.
pub(super) fn failed(operation: &str, path: &Path, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> BucketError {
    BucketError::Failed { operation: operation.to_owned(), what: path.display().to_string(), source: source.into() }
}

/// `Ok(None)` where nothing is there.
pub(super) fn absent_as_none<T>(result: Result<T, BucketError>) -> Result<Option<T>, BucketError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(BucketError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
