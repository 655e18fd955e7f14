//! Commit and publish: the one flip that decides a Batch, and what anybody can do from its manifest afterwards.

use bytes::Bytes;
use futures::future::try_join_all;
use trailkeep_archive::{BatchId, layout};

use super::{Announcement, Manifest, Moment, OpenBatch, Protocol, ProtocolError};
use crate::ports::{
    bucket::{PutPolicy, StagedUpload},
    ledger::{BatchItem, BatchState, Flip, Landed, LandedSource, ManifestRef, SourceId},
    queue::TraceContext,
};

/// Largest manifest that is read: ten thousand sources with keys of 1,024 bytes stay below a third of it.
pub(crate) const MAX_MANIFEST_BYTES: u64 = 64 << 20;

/// Uploads of one rank that are published at a time.
const PUBLISHED_AT_ONCE: usize = 8;

impl Protocol {
    /// Commits an open Batch with its manifest and makes everything visible, `sources/` last. All uploads are finished
    /// ([`crate::ports::bucket::StagedWriter::finish`]) and all that could not be fetched was [released](Protocol::release).
    ///
    /// # Errors
    /// [`ProtocolError::Lost`] if another worker aborted the Batch: its uploads are thrown away and its sources free. After any other error call
    /// [`Protocol::abort`]: it finds out whether the Batch was committed, and leaves it alone then. That it could not be announced is no error:
    /// the Batch is published, its sources are settled ([`Announcement::Later`]).
    pub async fn commit_and_publish(&self, open: &OpenBatch, manifest: &Manifest, now: Moment) -> Result<Announcement, ProtocolError> {
        self.commit_and_publish_traced(open, manifest, &TraceContext::default(), now).await
    }

    /// As [`Protocol::commit_and_publish`]; what is announced carries `trace`.
    ///
    /// # Errors
    /// As there.
    pub async fn commit_and_publish_traced(
        &self,
        open: &OpenBatch,
        manifest: &Manifest,
        trace: &TraceContext,
        now: Moment,
    ) -> Result<Announcement, ProtocolError> {
        check_manifest(&open.batch, manifest)?;
        let reference = self.put_manifest(open, manifest).await?;
        match self.ledger.commit(&open.batch, &open.owner, open.epoch, &reference, now.unix_ms).await? {
            Flip::Done => {}
            Flip::Refused(item) => self.check_committed_as(&item, &reference, manifest).await?,
        }
        self.publish(manifest, trace, now).await
    }

    /// Makes a committed Batch visible, from its manifest; any worker may, any number of times and at the same time.
    ///
    /// # Errors
    /// [`ProtocolError`]; `Lost` if it is not committed.
    pub async fn roll_forward(&self, batch: &BatchId, now: Moment) -> Result<Announcement, ProtocolError> {
        let item = self.item(batch).await?;
        let reference = match (item.state, item.manifest) {
            (BatchState::Published | BatchState::Announced, _) => return Ok(Announcement::None),
            (BatchState::Committed, Some(reference)) => reference,
            (state, _) => return Err(ProtocolError::Lost { batch: *batch, state }),
        };
        let Some(bytes) = self.bucket.get(&reference.key, MAX_MANIFEST_BYTES).await? else {
            self.finish_without_manifest(batch, reference.key, now).await?;
            return Ok(Announcement::None);
        };
        let manifest = Manifest::parse(&bytes, &reference.sha256).map_err(|source| ProtocolError::Manifest { batch: *batch, source })?;
        check_manifest(batch, &manifest)?;
        self.publish(&manifest, &TraceContext::default(), now).await
    }

    /// The manifest is deleted last: either the Batch was marked published meanwhile, or its commit mark is visible and says what it lists.
    async fn finish_without_manifest(&self, batch: &BatchId, key: String, now: Moment) -> Result<(), ProtocolError> {
        if self.item(batch).await?.state.is_published() {
            return Ok(());
        }
        if self.bucket.head(&layout::sources_key(batch)).await?.is_none() {
            return Err(ProtocolError::ManifestMissing { batch: *batch, key });
        }
        let landed = self.read_listed(batch).await?;
        Ok(self.ledger.mark_published(batch, &landed, now.unix_ms).await?)
    }

    async fn put_manifest(&self, open: &OpenBatch, manifest: &Manifest) -> Result<ManifestRef, ProtocolError> {
        let key = layout::manifest_key(&open.batch);
        let unsound = |error: serde_json::Error| ProtocolError::UnsoundManifest { batch: open.batch, detail: error.to_string() };
        let (bytes, sha256) = manifest.to_bytes().map_err(unsound)?;
        let policy = PutPolicy { content_type: Some("application/json".to_owned()), ..PutPolicy::default() };
        self.bucket.put(&key, Bytes::from(bytes), &policy).await?;
        Ok(ManifestRef { key, sha256 })
    }

    /// A commit was refused. If it is our own, whose answer got lost, all is well; otherwise the Batch is lost.
    async fn check_committed_as(&self, item: &BatchItem, reference: &ManifestRef, manifest: &Manifest) -> Result<(), ProtocolError> {
        let ours = item.manifest.as_ref() == Some(reference);
        if ours && matches!(item.state, BatchState::Committed | BatchState::Published | BatchState::Announced) {
            return Ok(());
        }
        if item.state == BatchState::Aborted {
            self.throw_away(&item.batch, &manifest.uploads).await?;
        }
        Err(ProtocolError::Lost { batch: item.batch, state: item.state })
    }

    async fn publish(&self, manifest: &Manifest, trace: &TraceContext, now: Moment) -> Result<Announcement, ProtocolError> {
        let landed = landed_of(manifest)?;
        self.make_visible(manifest).await?;
        self.ledger.mark_published(&manifest.batch, &landed, now.unix_ms).await?;
        self.announce_and_forget(manifest, trace).await
    }

    /// Publishes the uploads rank by rank; every rank is visible before the next begins, and `sources/` is a rank of its own.
    pub(super) async fn make_visible(&self, manifest: &Manifest) -> Result<(), ProtocolError> {
        let mut uploads: Vec<&StagedUpload> = manifest.uploads.iter().collect();
        uploads.sort_by_key(|upload| layout::publish_rank(&upload.key));
        for rank in uploads.chunk_by(|left, right| layout::publish_rank(&left.key) == layout::publish_rank(&right.key)) {
            for some in rank.chunks(PUBLISHED_AT_ONCE) {
                try_join_all(some.iter().map(|upload| self.bucket.publish(upload))).await?;
            }
        }
        Ok(())
    }

    /// Throws a Batch's uploads and then its manifest away. Only for a Batch that is aborted.
    pub(super) async fn throw_away(&self, batch: &BatchId, uploads: &[StagedUpload]) -> Result<(), ProtocolError> {
        for upload in uploads {
            self.bucket.abandon(upload).await?;
        }
        Ok(self.bucket.delete(&layout::manifest_key(batch)).await?)
    }
}

/// A manifest must be of its own Batch and end in exactly that Batch's `sources/` object, or its commit mark would never be seen.
pub(super) fn check_manifest(batch: &BatchId, manifest: &Manifest) -> Result<(), ProtocolError> {
    let unsound = |detail: String| Err(ProtocolError::UnsoundManifest { batch: *batch, detail });
    if manifest.batch != *batch {
        return unsound(format!("it is batch {}'s", manifest.batch));
    }
    let sources_key = layout::sources_key(batch);
    let marks = manifest.uploads.iter().filter(|upload| upload.key.starts_with(layout::SOURCES));
    if !marks.map(|upload| upload.key.as_str()).eq([sources_key.as_str()]) {
        return unsound(format!("its uploads do not hold {sources_key} exactly once"));
    }
    if let Some(stray) =
        manifest.uploads.iter().find(|upload| layout::ArchiveKey::parse(&upload.key).and_then(|key| key.batch()) != Some(*batch))
    {
        return unsound(format!("its upload {} is not this batch's", stray.key));
    }
    Ok(())
}

/// What a manifest says that landed.
pub(super) fn landed_of(manifest: &Manifest) -> Result<Vec<LandedSource>, ProtocolError> {
    let landed = manifest.sources.iter().map(|source| {
        let stored_sha256 = sha256_of(&source.stored_sha256).ok_or_else(|| ProtocolError::UnsoundManifest {
            batch: manifest.batch,
            detail: format!("the SHA-256 of {}/{} is none", source.bucket, source.key),
        })?;
        Ok(LandedSource {
            source: SourceId::new(source.bucket.as_str(), source.key.as_str()).at_revision(source.revision),
            landed: Landed { version: source.version.clone(), etag: source.etag.clone(), stored_bytes: source.stored_bytes, stored_sha256 },
        })
    });
    landed.collect()
}

/// The hash behind 64 hex digits.
pub(super) fn sha256_of(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).ok()?;
    Some(hash)
}
