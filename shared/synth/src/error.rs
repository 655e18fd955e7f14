//! Why a tree could not be made.

use std::{io, path::PathBuf};

/// Why a tree could not be made. What was written so far stays, and keeps a second run out of the same directory.
#[derive(Debug, thiserror::Error)]
pub enum SynthError {
    /// A count outside its limits.
    #[error("{what} must be 1 to {most}, not {value}")]
    OutOfRange {
        /// Which count.
        what: &'static str,
        /// The value given.
        value: u64,
        /// The largest allowed.
        most: u32,
    },
    /// Too small to hold an object, or too large to mean.
    #[error("the target must be 10,000 bytes to 1 TiB, not {bytes} bytes")]
    TargetOutOfRange {
        /// The value given.
        bytes: u64,
    },
    /// Outside the years 2000 to 2099.
    #[error("the start must lie in the years 2000 to 2099 ({start_ms} ms since 1970 does not)")]
    StartOutOfRange {
        /// The value given.
        start_ms: i64,
    },
    /// Not a bucket's name.
    #[error("a bucket name is 3 to 63 lower-case letters, digits, dots and hyphens, not {bucket:?}")]
    BucketName {
        /// The value given.
        bucket: String,
    },
    /// Something is there already.
    #[error("{path} is not empty: choose a new directory")]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("could not write {path}")]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What it said.
        #[source]
        source: io::Error,
    },
    /// A signing key could not be made or used.
    #[error("could not sign for {region}")]
    Sign {
        /// The Region whose key it was.
        region: String,
        /// What the RSA code said.
        #[source]
        source: rsa::Error,
    },
}
