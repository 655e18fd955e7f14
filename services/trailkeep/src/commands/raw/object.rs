//! `raw --source`: one original object.

use std::fs;

use anyhow::{Context, bail};
use trailkeep_archive::SourceRow;
use trailkeep_keys::canonical_key;
use trailkeep_pipeline::ports::bucket::BucketError;
use trailkeep_restore::{Archive, FindSourceError, OriginalError, SourceFilter};

use super::{Raw, output::refuse_binary, say};
use crate::{exit::Exit, target::Target};

/// How an address begins that names its bucket.
const S3_SCHEME: &str = "s3://";

impl Raw {
    pub(super) async fn give_object(&self, archive: &Archive, key: &str) -> anyhow::Result<Exit> {
        let row = self.find(archive, key).await?;
        let original = match archive.original(&row).await {
            Err(OriginalError::Bucket(error @ BucketError::Archived { .. })) => {
                return self.answer_archived(archive, &row.segment, error).await;
            }
            original => original?,
        };
        refuse_binary(self.file().as_deref(), original.whole().map(AsRef::as_ref))?;
        let mut output = Target::open(self.file())?;
        if let Err(error) = archive.copy(&original, &mut output).await {
            output.discard();
            return Err(error.into());
        }
        output.finish()?;
        if let Some(to) = &self.to {
            Self::write_metadata(to, &row.metadata)?;
            say(&format!("{} bytes of {} written to {to}, sha256 {}", row.segment_length, row.key, row.stored_sha256));
        }
        Ok(Exit::Done)
    }

    async fn find(&self, archive: &Archive, key: &str) -> anyhow::Result<SourceRow> {
        let filter = self.filter(key);
        let found = match archive.find_source(&filter).await {
            // A path of a copied tree, pasted as it is. An address names its bucket and is exact.
            Err(FindSourceError::NotFound { .. })
                if !key.starts_with(S3_SCHEME) && canonical_key(key, None).is_some_and(|canonical| canonical != key) =>
            {
                archive.find_source(&self.filter(canonical_key(key, None).unwrap_or(key))).await
            }
            found => found,
        };
        match (found, filter.bucket) {
            (Err(FindSourceError::NotFound { key, archive }), Some(bucket)) => bail!("no source {key} of the bucket {bucket} in {archive}"),
            (found, _) => Ok(found?),
        }
    }

    fn filter(&self, key: &str) -> SourceFilter {
        let address = key.strip_prefix(S3_SCHEME).and_then(|address| address.split_once('/'));
        let (bucket, key) = address.map_or((None, key), |(bucket, key)| (Some(bucket.to_owned()), key));
        SourceFilter { key: key.to_owned(), bucket: self.bucket.clone().or(bucket), revision: self.revision }
    }

    /// What the object had as user metadata, beside it: a Digest is worth little without its signature.
    fn write_metadata(to: &str, metadata: &std::collections::BTreeMap<String, String>) -> anyhow::Result<()> {
        if metadata.is_empty() {
            return Ok(());
        }
        let path = format!("{to}.metadata.json");
        fs::write(&path, serde_json::to_vec(metadata)?).with_context(|| format!("cannot write {path}"))
    }
}
