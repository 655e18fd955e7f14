//! `raw --source`: one original object.

use std::fs;

use anyhow::{Context, bail};
use trailkeep_keys::canonical_key;
use trailkeep_pipeline::ports::bucket::BucketError;
use trailkeep_restore::{Archive, FindSourceError, OriginalError, SourceFilter, SourceRow};

use super::{
    Raw,
    output::{Output, refuse_binary},
    say,
};
use crate::exit::Exit;

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
        let mut output = Output::open(self.file())?;
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
        let (row, bucket) = match (archive.find_source(&filter).await, filter.bucket) {
            // A path of a copied tree, pasted as it is. An address with a bucket is exact.
            (Err(FindSourceError::NotFound { key: missing, archive: address }), None) => match canonical_key(key, None) {
                Some(canonical) if canonical != key => (archive.find_source(&self.filter(canonical)).await, None),
                _ => (Err(FindSourceError::NotFound { key: missing, archive: address }), None),
            },
            found => found,
        };
        match (row, bucket) {
            (Err(FindSourceError::NotFound { key, archive }), Some(bucket)) => bail!("no source {key} of the bucket {bucket} in {archive}"),
            (row, _) => Ok(row?),
        }
    }

    fn filter(&self, key: &str) -> SourceFilter {
        let address = key.strip_prefix("s3://").and_then(|address| address.split_once('/'));
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
