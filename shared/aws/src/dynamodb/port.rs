//! The ledger port over the table.

use async_trait::async_trait;
use trailkeep_archive::BatchId;
use trailkeep_pipeline::ports::ledger::{
    AbortIf, BatchItem, Claim, Flip, Holder, LandedSource, LeaseAnswer, LeaseItem, Ledger, LedgerError, LedgerIdentity, ManifestRef, Note,
    SourceId, WorkerId,
};

use super::DynamoLedger;

#[async_trait]
impl Ledger for DynamoLedger {
    fn address(&self) -> String {
        self.named()
    }

    async fn identity(&self) -> Result<LedgerIdentity, LedgerError> {
        self.read_identity().await
    }

    async fn open(&self, batch: &BatchId, owner: &WorkerId, epoch: u64, at_ms: i64) -> Result<(), LedgerError> {
        self.open_batch(batch, owner, epoch, at_ms).await
    }

    async fn admit(&self, batch: &BatchId, sources: &[SourceId]) -> Result<Vec<Claim>, LedgerError> {
        self.admit_sources(batch, sources).await
    }

    async fn take_over(&self, batch: &BatchId, sources: &[(SourceId, BatchId)]) -> Result<Vec<Claim>, LedgerError> {
        self.take_over_sources(batch, sources).await
    }

    async fn look(&self, sources: &[SourceId]) -> Result<Vec<Option<Holder>>, LedgerError> {
        self.look_for(sources).await
    }

    async fn release(&self, batch: &BatchId, sources: &[SourceId]) -> Result<(), LedgerError> {
        self.release_sources(batch, sources).await
    }

    async fn batch(&self, batch: &BatchId) -> Result<Option<BatchItem>, LedgerError> {
        self.read_batch(batch).await
    }

    async fn beat(&self, batch: &BatchId, owner: &WorkerId) -> Result<Flip, LedgerError> {
        self.beat_batch(batch, owner).await
    }

    async fn commit(&self, batch: &BatchId, owner: &WorkerId, epoch: u64, manifest: &ManifestRef, at_ms: i64) -> Result<Flip, LedgerError> {
        self.commit_batch(batch, owner, epoch, manifest, at_ms).await
    }

    async fn abort(&self, batch: &BatchId, condition: &AbortIf) -> Result<Flip, LedgerError> {
        self.abort_batch(batch, condition).await
    }

    /// Which sources landed is not kept: the Batch's `sources/` object says it.
    async fn mark_published(&self, batch: &BatchId, _: &[LandedSource], at_ms: i64) -> Result<(), LedgerError> {
        self.publish_batch(batch, at_ms).await
    }

    async fn mark_announced(&self, batch: &BatchId) -> Result<(), LedgerError> {
        self.announce_batch(batch).await
    }

    async fn unfinished(&self) -> Result<Vec<BatchItem>, LedgerError> {
        self.read_unfinished().await
    }

    async fn newest_published(&self) -> Result<Option<BatchId>, LedgerError> {
        self.read_newest().await
    }

    /// With the ledger's own epoch again it forgets nothing: the rebuild puts everything over what the stopped one had put.
    async fn begin_rebuild(&self, epoch: u64) -> Result<(), LedgerError> {
        self.raise_epoch(epoch).await
    }

    async fn restore(&self, batch: &BatchId, landed: &[LandedSource], at_ms: i64) -> Result<(), LedgerError> {
        self.restore_batch(batch, landed, at_ms).await
    }

    async fn set_ready(&self, epoch: u64) -> Result<(), LedgerError> {
        self.make_ready(epoch).await
    }

    async fn take_lease(&self, name: &str, holder: &WorkerId, over: Option<&LeaseItem>) -> Result<LeaseAnswer, LedgerError> {
        self.take(name, holder, over).await
    }

    async fn beat_lease(&self, name: &str, holder: &WorkerId) -> Result<bool, LedgerError> {
        self.beat_held(name, holder).await
    }

    async fn release_lease(&self, name: &str, holder: &WorkerId) -> Result<(), LedgerError> {
        self.give_back(name, holder).await
    }

    async fn note(&self, name: &str) -> Result<Option<Note>, LedgerError> {
        self.read_note(name).await
    }

    async fn put_note(&self, name: &str, over: Option<u64>, body: &[u8]) -> Result<bool, LedgerError> {
        self.write_note(name, over, body).await
    }

    async fn forget_note(&self, name: &str) -> Result<(), LedgerError> {
        self.remove_note(name).await
    }
}
