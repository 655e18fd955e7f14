//! A ledger whose calls are counted.

use std::sync::Arc;

use async_trait::async_trait;
use trailkeep_archive::BatchId;
use trailkeep_pipeline::ports::ledger::{
    AbortIf, BatchItem, Claim, Flip, Holder, LandedSource, LeaseAnswer, LeaseItem, Ledger, LedgerError, LedgerIdentity, ManifestRef, Note,
    SourceId, WorkerId,
};

use crate::{metrics::CollectorMetrics, stages::StageError};

/// Passes everything on and counts it.
#[derive(Debug)]
pub struct CountedLedger {
    /// The ledger behind it.
    pub ledger: Arc<dyn Ledger>,
    /// Where it is counted.
    pub metrics: CollectorMetrics,
}

impl CountedLedger {
    fn count<T>(&self, operation: &'static str, answer: Result<T, LedgerError>) -> Result<T, LedgerError> {
        let outcome = answer.as_ref().err().map_or("ok", StageError::outcome_of_ledger);
        self.metrics.ledger_call(operation, outcome);
        if outcome == "denied" {
            self.metrics.denied(operation);
        }
        answer
    }
}

/// Calls of the port that are passed on and counted under their own names.
macro_rules! counted {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Ledger for CountedLedger {
            fn address(&self) -> String {
                self.ledger.address()
            }

            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, LedgerError> {
                self.count(stringify!($name), self.ledger.$name($($argument),*).await)
            })*
        }
    };
}

counted! {
    identity() -> LedgerIdentity;
    open(batch: &BatchId, owner: &WorkerId, epoch: u64, at_ms: i64) -> ();
    admit(batch: &BatchId, sources: &[SourceId]) -> Vec<Claim>;
    take_over(batch: &BatchId, sources: &[(SourceId, BatchId)]) -> Vec<Claim>;
    look(sources: &[SourceId]) -> Vec<Option<Holder>>;
    release(batch: &BatchId, sources: &[SourceId]) -> ();
    batch(batch: &BatchId) -> Option<BatchItem>;
    beat(batch: &BatchId, owner: &WorkerId) -> Flip;
    commit(batch: &BatchId, owner: &WorkerId, epoch: u64, manifest: &ManifestRef, at_ms: i64) -> Flip;
    abort(batch: &BatchId, condition: &AbortIf) -> Flip;
    mark_published(batch: &BatchId, landed: &[LandedSource], at_ms: i64) -> ();
    mark_announced(batch: &BatchId) -> ();
    unfinished() -> Vec<BatchItem>;
    newest_published() -> Option<BatchId>;
    is_gone(owner: &WorkerId) -> bool;
    begin_rebuild(epoch: u64) -> ();
    restore(batch: &BatchId, landed: &[LandedSource], at_ms: i64) -> ();
    set_ready(epoch: u64) -> ();
    take_lease(name: &str, holder: &WorkerId, over: Option<&LeaseItem>) -> LeaseAnswer;
    beat_lease(name: &str, holder: &WorkerId) -> bool;
    release_lease(name: &str, holder: &WorkerId) -> ();
    note(name: &str) -> Option<Note>;
    put_note(name: &str, over: Option<u64>, body: &[u8]) -> bool;
    forget_note(name: &str) -> ();
}
