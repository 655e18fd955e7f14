//! Where the digests go, and which bucket they name.

use std::sync::Arc;

use trailkeep_pipeline::ports::bucket::AuditBucket;

use super::Write;
use crate::{
    cli::Globals,
    exit::Usage,
    location::{Location, Writing},
};

/// The store of the digests and how they are named in it.
#[derive(Debug)]
pub(super) struct Out {
    /// Opened where keys begin: the whole bucket, or the directory.
    location: Location,
    /// The bucket's name; none for directories.
    pub(super) bucket: Option<String>,
    /// What stands before `AWSLogs`.
    pub(super) prefix: String,
}

impl Out {
    /// Works it out from `--out` and `--prefix`.
    ///
    /// # Errors
    /// Where the prefix in `--out` cannot be one.
    pub(super) fn of(write: &Write, out: &Location) -> Result<Self, Usage> {
        match out {
            Location::Directory(_) => Ok(Self { location: out.clone(), bucket: None, prefix: write.prefix.clone() }),
            Location::S3 { bucket, prefix } => {
                let prefix = if prefix.is_empty() { write.prefix.clone() } else { prefix.clone() };
                let prefix = super::prefix(&prefix).map_err(|_| Usage("the prefix of --out is short and has no segment AWSLogs"))?;
                let location = Location::S3 { bucket: bucket.clone(), prefix: String::new() };
                Ok(Self { location, bucket: Some(bucket.clone()), prefix })
            }
        }
    }

    /// Opens it, making the directory where it is not there.
    ///
    /// # Errors
    /// As [`Location::create_archive`].
    pub(super) async fn open(&self, globals: &Globals) -> anyhow::Result<Arc<dyn AuditBucket>> {
        self.location.create_archive(globals, Writing::default()).await
    }

    /// For people.
    pub(super) fn shown(&self) -> String {
        format!("{}/{}", self.location, self.prefix)
    }
}
