//! The ledger port over the file: one transaction per call, flushed where it decides.

use async_trait::async_trait;
use trailkeep_archive::BatchId;
use trailkeep_pipeline::ports::ledger::{
    AbortIf, BatchItem, Claim, Flip, Holder, LandedSource, LeaseAnswer, LeaseItem, Ledger, LedgerError, LedgerIdentity, ManifestRef, Note,
    SourceId, WorkerId,
};

use super::{SqliteLedger, batches, leases, notes, rebuilding, sources};

#[async_trait]
impl Ledger for SqliteLedger {
    fn address(&self) -> String {
        self.path.display().to_string()
    }

    async fn identity(&self) -> Result<LedgerIdentity, LedgerError> {
        self.read("read the identity", rebuilding::identity)
    }

    async fn open(&self, batch: &BatchId, owner: &WorkerId, epoch: u64, at_ms: i64) -> Result<(), LedgerError> {
        self.change("open a batch", |file| batches::open(file, batch, owner, epoch, at_ms))
    }

    async fn admit(&self, batch: &BatchId, sources: &[SourceId]) -> Result<Vec<Claim>, LedgerError> {
        self.change("admit sources", |file| sources::admit(file, batch, sources))
    }

    async fn take_over(&self, batch: &BatchId, sources: &[(SourceId, BatchId)]) -> Result<Vec<Claim>, LedgerError> {
        self.change("take sources over", |file| sources::take_over(file, batch, sources))
    }

    async fn look(&self, sources: &[SourceId]) -> Result<Vec<Option<Holder>>, LedgerError> {
        self.read("look for sources", |file| sources::look(file, sources))
    }

    async fn release(&self, batch: &BatchId, sources: &[SourceId]) -> Result<(), LedgerError> {
        self.change("release sources", |file| sources::release(file, batch, sources))
    }

    async fn batch(&self, batch: &BatchId) -> Result<Option<BatchItem>, LedgerError> {
        self.read("read a batch", |file| batches::item(file, batch))
    }

    async fn beat(&self, batch: &BatchId, owner: &WorkerId) -> Result<Flip, LedgerError> {
        self.change("beat for a batch", |file| batches::beat(file, batch, owner))
    }

    async fn commit(&self, batch: &BatchId, owner: &WorkerId, epoch: u64, manifest: &ManifestRef, at_ms: i64) -> Result<Flip, LedgerError> {
        self.decide("commit a batch", |file| batches::commit(file, batch, owner, epoch, manifest, at_ms))
    }

    async fn abort(&self, batch: &BatchId, condition: &AbortIf) -> Result<Flip, LedgerError> {
        self.change("abort a batch", |file| batches::abort(file, batch, condition))
    }

    async fn mark_published(&self, batch: &BatchId, landed: &[LandedSource], at_ms: i64) -> Result<(), LedgerError> {
        self.decide("mark a batch published", |file| match batches::mark_published(file, batch, at_ms)? {
            Some(number) => sources::keep_landed(file, number, landed),
            None => Ok(()),
        })
    }

    async fn mark_announced(&self, batch: &BatchId) -> Result<(), LedgerError> {
        self.change("mark a batch announced", |file| batches::mark_announced(file, batch))
    }

    async fn unfinished(&self) -> Result<Vec<BatchItem>, LedgerError> {
        self.read("list unfinished batches", batches::unfinished)
    }

    async fn newest_published(&self) -> Result<Option<BatchId>, LedgerError> {
        self.read("find the newest batch", batches::newest_published)
    }

    async fn is_gone(&self, owner: &WorkerId) -> Result<bool, LedgerError> {
        Ok(self.processes.has_ended(owner.process()))
    }

    async fn begin_rebuild(&self, epoch: u64) -> Result<(), LedgerError> {
        self.decide("begin a rebuild", |file| rebuilding::begin(file, epoch))
    }

    async fn restore(&self, batch: &BatchId, landed: &[LandedSource], at_ms: i64) -> Result<(), LedgerError> {
        self.change("restore a batch", |file| rebuilding::restore(file, batch, landed, at_ms))
    }

    async fn set_ready(&self, epoch: u64) -> Result<(), LedgerError> {
        self.decide("make ready", |file| rebuilding::set_ready(file, epoch))
    }

    async fn take_lease(&self, name: &str, holder: &WorkerId, over: Option<&LeaseItem>) -> Result<LeaseAnswer, LedgerError> {
        self.change("take a lease", |file| leases::take(file, name, holder, over))
    }

    async fn beat_lease(&self, name: &str, holder: &WorkerId) -> Result<bool, LedgerError> {
        self.change("beat for a lease", |file| leases::beat(file, name, holder))
    }

    async fn release_lease(&self, name: &str, holder: &WorkerId) -> Result<(), LedgerError> {
        self.change("release a lease", |file| leases::release(file, name, holder))
    }

    async fn note(&self, name: &str) -> Result<Option<Note>, LedgerError> {
        Note::check(&self.address(), name, &[])?;
        self.read("read a note", |file| notes::read(file, name))
    }

    async fn put_note(&self, name: &str, over: Option<u64>, body: &[u8]) -> Result<bool, LedgerError> {
        Note::check(&self.address(), name, body)?;
        self.change("write a note", |file| notes::put(file, name, over, body))
    }

    async fn forget_note(&self, name: &str) -> Result<(), LedgerError> {
        Note::check(&self.address(), name, &[])?;
        self.change("forget a note", |file| notes::forget(file, name))
    }
}
