//! The ports behind one counter: every call is a place at which a worker can die, with or without the call taking effect, or fall asleep.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;
use trailkeep_archive::{BatchId, LandedDigests, LandedObject};

use crate::{
    memory::{MemoryAnnouncer, MemoryBucket, MemoryLedger},
    ports::{
        announcer::{AnnounceError, Announcer},
        bucket::{
            AuditBucket, BucketError, ListPage, ObjectInfo, Published, PutOutcome, PutPolicy, StagedUpload, StagedWriter, VersionPage,
        },
        ledger::{
            AbortIf, BatchItem, Claim, Flip, Holder, LandedSource, LeaseAnswer, LeaseItem, Ledger, LedgerError, LedgerIdentity,
            ManifestRef, Note, SourceId, WorkerId,
        },
        queue::TraceContext,
    },
};

/// What happens at the chosen call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// The worker dies before the call takes effect.
    DiesBefore,
    /// The call takes effect and the worker dies before it hears of it.
    DiesAfter,
    /// The call fails without effect; the worker lives on.
    Refused,
    /// The call takes effect, its answer is lost; the worker lives on.
    AnswerLost,
    /// The worker sleeps before the call, until woken.
    Sleeps,
}

/// The counter and the plan that a worker's ports share.
#[derive(Debug, Default)]
pub(super) struct Fate {
    calls: AtomicUsize,
    plan: Mutex<Option<(usize, Event)>>,
    pub(super) asleep: Notify,
    pub(super) wake: Notify,
}

impl Fate {
    /// A worker to whom `event` happens at its call number `at`, from 0.
    pub(super) fn at(at: usize, event: Event) -> Arc<Self> {
        Arc::new(Self { plan: Mutex::new(Some((at, event))), ..Self::default() })
    }

    /// A worker to whom nothing happens.
    pub(super) fn kind() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// Calls made so far.
    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Runs a call. `Err` = it failed for the worker.
    async fn meet<T>(&self, call: impl Future<Output = T>) -> Result<T, &'static str> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        let plan = *self.plan.lock().unwrap();
        match plan {
            Some((at, Event::DiesBefore | Event::DiesAfter)) if number > at => Err("dead"),
            Some((at, event)) if number == at => match event {
                Event::DiesBefore | Event::Refused => Err("refused"),
                Event::DiesAfter | Event::AnswerLost => {
                    call.await;
                    Err("answer lost")
                }
                Event::Sleeps => {
                    self.asleep.notify_one();
                    self.wake.notified().await;
                    Ok(call.await)
                }
            },
            _ => Ok(call.await),
        }
    }

    async fn bucket<T>(&self, call: impl Future<Output = Result<T, BucketError>>) -> Result<T, BucketError> {
        let met = self.meet(call).await;
        met.unwrap_or_else(|why| Err(BucketError::Failed { operation: "call".to_owned(), what: "a bucket".to_owned(), source: why.into() }))
    }

    async fn ledger<T>(&self, call: impl Future<Output = Result<T, LedgerError>>) -> Result<T, LedgerError> {
        let met = self.meet(call).await;
        met.unwrap_or_else(|why| Err(LedgerError::Failed { operation: "call", ledger: "a ledger".to_owned(), source: why.into() }))
    }
}

/// An announcer whose calls are counted.
#[derive(Debug)]
pub(super) struct CountedAnnouncer(pub(super) MemoryAnnouncer, pub(super) Arc<Fate>);

#[async_trait]
impl Announcer for CountedAnnouncer {
    fn address(&self) -> String {
        self.0.address()
    }
    async fn announce(&self, batch: &BatchId, objects: &[LandedObject], trace: &TraceContext) -> Result<(), AnnounceError> {
        let met = self.1.meet(self.0.announce(batch, objects, trace)).await;
        met.unwrap_or_else(|why| Err(AnnounceError::Failed { topic: "a topic".to_owned(), source: why.into() }))
    }
    async fn announce_digests(&self, batch: &BatchId, digests: &LandedDigests, trace: &TraceContext) -> Result<(), AnnounceError> {
        let met = self.1.meet(self.0.announce_digests(batch, digests, trace)).await;
        met.unwrap_or_else(|why| Err(AnnounceError::Failed { topic: "a topic".to_owned(), source: why.into() }))
    }
}

/// A bucket whose calls are counted.
#[derive(Debug)]
pub(super) struct CountedBucket(pub(super) MemoryBucket, pub(super) Arc<Fate>);

#[derive(Debug)]
struct CountedWriter(Box<dyn StagedWriter>, Arc<Fate>);

#[async_trait]
impl StagedWriter for CountedWriter {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), BucketError> {
        self.1.bucket(self.0.write(bytes)).await
    }
    fn written_bytes(&self) -> u64 {
        self.0.written_bytes()
    }
    async fn finish(self: Box<Self>) -> Result<StagedUpload, BucketError> {
        self.1.bucket(self.0.finish()).await
    }
    async fn abort(self: Box<Self>) -> Result<(), BucketError> {
        self.1.bucket(self.0.abort()).await
    }
}

#[async_trait]
impl AuditBucket for CountedBucket {
    fn address(&self) -> String {
        AuditBucket::address(&self.0)
    }
    fn local_path(&self) -> Option<&Path> {
        None
    }
    async fn list(&self, prefix: &str, page: Option<String>) -> Result<ListPage, BucketError> {
        self.1.bucket(AuditBucket::list(&self.0, prefix, page)).await
    }
    async fn head(&self, key: &str) -> Result<Option<ObjectInfo>, BucketError> {
        self.1.bucket(AuditBucket::head(&self.0, key)).await
    }
    async fn versions(&self, prefix: &str, page: Option<String>) -> Result<Option<VersionPage>, BucketError> {
        self.1.bucket(self.0.versions(prefix, page)).await
    }
    async fn get(&self, key: &str, cap_bytes: u64) -> Result<Option<Bytes>, BucketError> {
        self.1.bucket(AuditBucket::get(&self.0, key, cap_bytes)).await
    }
    async fn get_range(&self, key: &str, offset: u64, length: u64) -> Result<Bytes, BucketError> {
        self.1.bucket(AuditBucket::get_range(&self.0, key, offset, length)).await
    }
    async fn put(&self, key: &str, body: Bytes, policy: &PutPolicy) -> Result<PutOutcome, BucketError> {
        self.1.bucket(self.0.put(key, body, policy)).await
    }
    async fn delete(&self, key: &str) -> Result<(), BucketError> {
        self.1.bucket(self.0.delete(key)).await
    }
    async fn stage(&self, key: &str, policy: &PutPolicy) -> Result<Box<dyn StagedWriter>, BucketError> {
        let writer = self.1.bucket(self.0.stage(key, policy)).await?;
        Ok(Box::new(CountedWriter(writer, Arc::clone(&self.1))))
    }
    async fn publish(&self, upload: &StagedUpload) -> Result<Published, BucketError> {
        self.1.bucket(self.0.publish(upload)).await
    }
    async fn abandon(&self, upload: &StagedUpload) -> Result<(), BucketError> {
        self.1.bucket(self.0.abandon(upload)).await
    }
    async fn restore(&self, key: &str, days: u16, tier: &str) -> Result<(), BucketError> {
        self.1.bucket(self.0.restore(key, days, tier)).await
    }
}

/// A ledger whose calls are counted.
#[derive(Debug)]
pub(super) struct CountedLedger(pub(super) MemoryLedger, pub(super) Arc<Fate>);

#[async_trait]
impl Ledger for CountedLedger {
    fn address(&self) -> String {
        self.0.address()
    }
    async fn identity(&self) -> Result<LedgerIdentity, LedgerError> {
        self.1.ledger(self.0.identity()).await
    }
    async fn open(&self, batch: &BatchId, owner: &WorkerId, epoch: u64, at_ms: i64) -> Result<(), LedgerError> {
        self.1.ledger(self.0.open(batch, owner, epoch, at_ms)).await
    }
    async fn admit(&self, batch: &BatchId, sources: &[SourceId]) -> Result<Vec<Claim>, LedgerError> {
        self.1.ledger(self.0.admit(batch, sources)).await
    }
    async fn take_over(&self, batch: &BatchId, sources: &[(SourceId, BatchId)]) -> Result<Vec<Claim>, LedgerError> {
        self.1.ledger(self.0.take_over(batch, sources)).await
    }
    async fn look(&self, sources: &[SourceId]) -> Result<Vec<Option<Holder>>, LedgerError> {
        self.1.ledger(self.0.look(sources)).await
    }
    async fn release(&self, batch: &BatchId, sources: &[SourceId]) -> Result<(), LedgerError> {
        self.1.ledger(self.0.release(batch, sources)).await
    }
    async fn batch(&self, batch: &BatchId) -> Result<Option<BatchItem>, LedgerError> {
        self.1.ledger(self.0.batch(batch)).await
    }
    async fn beat(&self, batch: &BatchId, owner: &WorkerId) -> Result<Flip, LedgerError> {
        self.1.ledger(self.0.beat(batch, owner)).await
    }
    async fn commit(&self, batch: &BatchId, owner: &WorkerId, epoch: u64, manifest: &ManifestRef, at_ms: i64) -> Result<Flip, LedgerError> {
        self.1.ledger(self.0.commit(batch, owner, epoch, manifest, at_ms)).await
    }
    async fn abort(&self, batch: &BatchId, condition: &AbortIf) -> Result<Flip, LedgerError> {
        self.1.ledger(self.0.abort(batch, condition)).await
    }
    async fn mark_published(&self, batch: &BatchId, landed: &[LandedSource], at_ms: i64) -> Result<(), LedgerError> {
        self.1.ledger(self.0.mark_published(batch, landed, at_ms)).await
    }
    async fn mark_announced(&self, batch: &BatchId) -> Result<(), LedgerError> {
        self.1.ledger(self.0.mark_announced(batch)).await
    }
    async fn unfinished(&self) -> Result<Vec<BatchItem>, LedgerError> {
        self.1.ledger(self.0.unfinished()).await
    }
    async fn newest_published(&self) -> Result<Option<BatchId>, LedgerError> {
        self.1.ledger(self.0.newest_published()).await
    }
    async fn begin_rebuild(&self, epoch: u64) -> Result<(), LedgerError> {
        self.1.ledger(self.0.begin_rebuild(epoch)).await
    }
    async fn restore(&self, batch: &BatchId, landed: &[LandedSource], at_ms: i64) -> Result<(), LedgerError> {
        self.1.ledger(self.0.restore(batch, landed, at_ms)).await
    }
    async fn set_ready(&self, epoch: u64) -> Result<(), LedgerError> {
        self.1.ledger(self.0.set_ready(epoch)).await
    }
    async fn take_lease(&self, name: &str, holder: &WorkerId, over: Option<&LeaseItem>) -> Result<LeaseAnswer, LedgerError> {
        self.1.ledger(self.0.take_lease(name, holder, over)).await
    }
    async fn beat_lease(&self, name: &str, holder: &WorkerId) -> Result<bool, LedgerError> {
        self.1.ledger(self.0.beat_lease(name, holder)).await
    }
    async fn release_lease(&self, name: &str, holder: &WorkerId) -> Result<(), LedgerError> {
        self.1.ledger(self.0.release_lease(name, holder)).await
    }
    async fn note(&self, name: &str) -> Result<Option<Note>, LedgerError> {
        self.1.ledger(self.0.note(name)).await
    }
    async fn put_note(&self, name: &str, over: Option<u64>, body: &[u8]) -> Result<bool, LedgerError> {
        self.1.ledger(self.0.put_note(name, over, body)).await
    }
    async fn forget_note(&self, name: &str) -> Result<(), LedgerError> {
        self.1.ledger(self.0.forget_note(name)).await
    }
}
