//! Ledger in memory, for tests: the port over three maps under one lock. It forgets everything with the process, so that it never arbitrates
//! a real archive.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use trailkeep_archive::{BatchId, LedgerKind};

use crate::ports::ledger::{
    AbortIf, BatchItem, BatchState, Claim, Flip, Holder, Landed, LandedSource, LeaseAnswer, LeaseItem, Ledger, LedgerError, LedgerIdentity,
    ManifestRef, Note, SourceId, WorkerId,
};

/// A ledger in memory. Clones share what is in it.
#[derive(Debug, Clone)]
pub struct MemoryLedger {
    id: String,
    keeps_landed: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    epoch: u64,
    ready: bool,
    batches: BTreeMap<BatchId, BatchItem>,
    sources: BTreeMap<SourceId, Holder>,
    leases: BTreeMap<String, LeaseItem>,
    /// Version, and the body of those that are not forgotten.
    notes: BTreeMap<String, (u64, Option<Bytes>)>,
}

impl MemoryLedger {
    /// A new ledger; as any new one it is not ready before it joined an archive.
    pub fn new(id: &str) -> Self {
        let state = State { epoch: 1, ..State::default() };
        Self { id: id.to_owned(), keeps_landed: true, state: Arc::new(Mutex::new(state)) }
    }

    /// A ledger that does not keep which sources landed, as one on DynamoDB does not: the archive is asked.
    #[must_use]
    pub fn without_landed(self) -> Self {
        Self { keeps_landed: false, ..self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a change of one item under its condition.
    fn flip(
        &self,
        batch: &BatchId,
        condition: impl FnOnce(&State, &BatchItem) -> bool,
        change: impl FnOnce(&mut BatchItem),
    ) -> Result<Flip, LedgerError> {
        let mut state = self.state();
        let item = state.batches.get(batch).ok_or_else(|| self.no_such(batch))?;
        if !condition(&state, item) {
            return Ok(Flip::Refused(item.clone()));
        }
        state.batches.entry(*batch).and_modify(change);
        Ok(Flip::Done)
    }

    fn no_such(&self, batch: &BatchId) -> LedgerError {
        LedgerError::NoSuchBatch { batch: *batch, ledger: self.address() }
    }

    fn other_epoch(&self, asked: u64, current: u64) -> LedgerError {
        LedgerError::OtherEpoch { asked, current, ledger: self.address() }
    }

    fn kept(&self, landed: &Landed) -> Option<Landed> {
        self.keeps_landed.then(|| landed.clone())
    }
}

#[async_trait]
impl Ledger for MemoryLedger {
    fn address(&self) -> String {
        format!("memory:{}", self.id)
    }

    async fn identity(&self) -> Result<LedgerIdentity, LedgerError> {
        let state = self.state();
        Ok(LedgerIdentity { kind: LedgerKind::Memory, id: self.id.clone(), epoch: state.epoch, ready: state.ready })
    }

    async fn open(&self, batch: &BatchId, owner: &WorkerId, epoch: u64, at_ms: i64) -> Result<(), LedgerError> {
        let mut state = self.state();
        if !state.ready {
            return Err(LedgerError::NotReady { ledger: self.address() });
        }
        if state.epoch != epoch {
            return Err(self.other_epoch(epoch, state.epoch));
        }
        match state.batches.get(batch) {
            Some(item) if item.state == BatchState::Open && item.owner == *owner => {}
            Some(item) => return Err(LedgerError::BatchExists { batch: *batch, owner: item.owner.clone(), ledger: self.address() }),
            None => {
                state.batches.insert(*batch, opened(batch, owner, epoch, at_ms));
            }
        }
        Ok(())
    }

    async fn admit(&self, batch: &BatchId, sources: &[SourceId]) -> Result<Vec<Claim>, LedgerError> {
        let mut state = self.state();
        if !state.batches.contains_key(batch) {
            return Err(self.no_such(batch));
        }
        let claims = sources.iter().map(|source| {
            if let Some(holder) = state.sources.get(source) {
                Claim::HeldBy(holder.clone())
            } else {
                state.sources.insert(source.clone(), Holder { batch: *batch, landed: None });
                Claim::Admitted
            }
        });
        Ok(claims.collect())
    }

    async fn take_over(&self, batch: &BatchId, sources: &[(SourceId, BatchId)]) -> Result<Vec<Claim>, LedgerError> {
        let mut state = self.state();
        if !state.batches.contains_key(batch) {
            return Err(self.no_such(batch));
        }
        let claims = sources.iter().map(|(source, from)| match state.sources.get(source) {
            Some(holder) if holder.batch != *from || holder.landed.is_some() => Claim::HeldBy(holder.clone()),
            _ => {
                state.sources.insert(source.clone(), Holder { batch: *batch, landed: None });
                Claim::Admitted
            }
        });
        Ok(claims.collect())
    }

    async fn look(&self, sources: &[SourceId]) -> Result<Vec<Option<Holder>>, LedgerError> {
        let state = self.state();
        Ok(sources.iter().map(|source| state.sources.get(source).cloned()).collect())
    }

    async fn release(&self, batch: &BatchId, sources: &[SourceId]) -> Result<(), LedgerError> {
        let mut state = self.state();
        for source in sources {
            if state.sources.get(source).is_some_and(|holder| holder.batch == *batch && holder.landed.is_none()) {
                state.sources.remove(source);
            }
        }
        Ok(())
    }

    async fn batch(&self, batch: &BatchId) -> Result<Option<BatchItem>, LedgerError> {
        Ok(self.state().batches.get(batch).cloned())
    }

    async fn beat(&self, batch: &BatchId, owner: &WorkerId) -> Result<Flip, LedgerError> {
        self.flip(batch, |_, item| item.state == BatchState::Open && item.owner == *owner, |item| item.beat += 1)
    }

    async fn commit(&self, batch: &BatchId, owner: &WorkerId, epoch: u64, manifest: &ManifestRef, at_ms: i64) -> Result<Flip, LedgerError> {
        let condition = |state: &State, item: &BatchItem| {
            item.state == BatchState::Open && item.owner == *owner && item.epoch == epoch && state.epoch == epoch
        };
        self.flip(batch, condition, |item| {
            item.state = BatchState::Committed;
            item.manifest = Some(manifest.clone());
            item.committed_at_ms = Some(at_ms);
        })
    }

    async fn abort(&self, batch: &BatchId, condition: &AbortIf) -> Result<Flip, LedgerError> {
        let holds = |_: &State, item: &BatchItem| {
            item.state == BatchState::Open
                && match condition {
                    AbortIf::OwnedBy(owner) => item.owner == *owner,
                    AbortIf::BeatStillAt(beat) => item.beat == *beat,
                }
        };
        self.flip(batch, holds, |item| item.state = BatchState::Aborted)
    }

    async fn mark_published(&self, batch: &BatchId, landed: &[LandedSource], at_ms: i64) -> Result<(), LedgerError> {
        let mut state = self.state();
        let item = state.batches.get_mut(batch).ok_or_else(|| self.no_such(batch))?;
        match item.state {
            BatchState::Published | BatchState::Announced => return Ok(()),
            BatchState::Open | BatchState::Aborted => {
                return Err(LedgerError::WrongState { batch: *batch, state: item.state, wanted: BatchState::Published });
            }
            BatchState::Committed => {}
        }
        item.state = BatchState::Published;
        item.published_at_ms = Some(at_ms);
        for LandedSource { source, landed } in landed {
            if let Some(holder) = state.sources.get_mut(source).filter(|holder| holder.batch == *batch) {
                holder.landed = self.kept(landed);
            }
        }
        Ok(())
    }

    async fn mark_announced(&self, batch: &BatchId) -> Result<(), LedgerError> {
        let mut state = self.state();
        let item = state.batches.get_mut(batch).ok_or_else(|| self.no_such(batch))?;
        if !item.state.is_published() {
            return Err(LedgerError::WrongState { batch: *batch, state: item.state, wanted: BatchState::Announced });
        }
        item.state = BatchState::Announced;
        Ok(())
    }

    async fn unfinished(&self) -> Result<Vec<BatchItem>, LedgerError> {
        let state = self.state();
        let unfinished = state.batches.values().filter(|item| matches!(item.state, BatchState::Open | BatchState::Committed));
        Ok(unfinished.cloned().collect())
    }

    async fn newest_published(&self) -> Result<Option<BatchId>, LedgerError> {
        Ok(self.state().batches.values().rev().find(|item| item.state.is_published()).map(|item| item.batch))
    }

    async fn begin_rebuild(&self, epoch: u64) -> Result<(), LedgerError> {
        let mut state = self.state();
        if epoch < state.epoch {
            return Err(self.other_epoch(epoch, state.epoch));
        }
        state.epoch = epoch;
        state.ready = false;
        state.batches.clear();
        state.sources.clear();
        state.notes.values_mut().for_each(|(_, body)| *body = None);
        Ok(())
    }

    async fn restore(&self, batch: &BatchId, landed: &[LandedSource], at_ms: i64) -> Result<(), LedgerError> {
        let mut state = self.state();
        let epoch = state.epoch;
        let item = state.batches.entry(*batch).or_insert_with(|| opened(batch, &WorkerId::new("rebuild", 0), epoch, at_ms));
        if !item.state.is_published() {
            item.state = BatchState::Published;
            item.published_at_ms = Some(at_ms);
        }
        for LandedSource { source, landed } in landed {
            state.sources.insert(source.clone(), Holder { batch: *batch, landed: self.kept(landed) });
        }
        Ok(())
    }

    async fn set_ready(&self, epoch: u64) -> Result<(), LedgerError> {
        let mut state = self.state();
        if state.epoch != epoch {
            return Err(self.other_epoch(epoch, state.epoch));
        }
        state.ready = true;
        Ok(())
    }

    async fn take_lease(&self, name: &str, holder: &WorkerId, over: Option<&LeaseItem>) -> Result<LeaseAnswer, LedgerError> {
        let mut state = self.state();
        let counter = match state.leases.get(name) {
            None => 0,
            Some(item) if item.holder == *holder || Some(item) == over => item.counter + 1,
            Some(item) => return Ok(LeaseAnswer::HeldBy(item.clone())),
        };
        state.leases.insert(name.to_owned(), LeaseItem { holder: holder.clone(), counter });
        Ok(LeaseAnswer::Taken)
    }

    async fn beat_lease(&self, name: &str, holder: &WorkerId) -> Result<bool, LedgerError> {
        let mut state = self.state();
        let Some(item) = state.leases.get_mut(name).filter(|item| item.holder == *holder) else { return Ok(false) };
        item.counter += 1;
        Ok(true)
    }

    async fn release_lease(&self, name: &str, holder: &WorkerId) -> Result<(), LedgerError> {
        let mut state = self.state();
        if state.leases.get(name).is_some_and(|item| item.holder == *holder) {
            state.leases.remove(name);
        }
        Ok(())
    }

    async fn note(&self, name: &str) -> Result<Option<Note>, LedgerError> {
        Note::check(&self.address(), name, &[])?;
        let state = self.state();
        Ok(state.notes.get(name).and_then(|(version, body)| Some(Note { version: *version, body: body.clone()? })))
    }

    async fn put_note(&self, name: &str, over: Option<u64>, body: &[u8]) -> Result<bool, LedgerError> {
        Note::check(&self.address(), name, body)?;
        let mut state = self.state();
        let (version, kept) = state.notes.entry(name.to_owned()).or_default();
        if over != kept.as_ref().map(|_| *version) {
            return Ok(false);
        }
        (*version, *kept) = (*version + 1, Some(Bytes::copy_from_slice(body)));
        Ok(true)
    }

    async fn forget_note(&self, name: &str) -> Result<(), LedgerError> {
        Note::check(&self.address(), name, &[])?;
        if let Some((_, body)) = self.state().notes.get_mut(name) {
            *body = None;
        }
        Ok(())
    }
}

fn opened(batch: &BatchId, owner: &WorkerId, epoch: u64, at_ms: i64) -> BatchItem {
    BatchItem {
        batch: *batch,
        state: BatchState::Open,
        owner: owner.clone(),
        epoch,
        beat: 0,
        manifest: None,
        opened_at_ms: at_ms,
        committed_at_ms: None,
        published_at_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::ledger::{TwoHandles, ledger};

    fn twice(ledger: MemoryLedger) -> TwoHandles {
        TwoHandles { one: Arc::new(ledger.clone()), other: Arc::new(ledger) }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn it_keeps_the_contract() {
        ledger(async || twice(MemoryLedger::new("m"))).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn it_keeps_the_contract_without_keeping_what_landed() {
        ledger(async || twice(MemoryLedger::new("m").without_landed())).await;
    }
}
