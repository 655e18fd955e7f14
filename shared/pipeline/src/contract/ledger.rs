//! What every [`Ledger`] must do. An adapter's test calls [`ledger`] with a function that makes a new ledger and opens it twice, as two processes
//! would; what only one adapter can show (crashes of processes, damaged files) is left to its own tests.

mod batches;
mod notes;
mod rebuilds;
mod sources;

use std::{ops::Deref, sync::Arc};

use trailkeep_archive::BatchId;

use crate::ports::ledger::{Claim, Flip, Holder, Landed, LandedSource, Ledger, ManifestRef, SourceId, WorkerId};

/// Two ways into one new ledger.
#[derive(Debug, Clone)]
pub struct TwoHandles {
    /// As one process has it open.
    pub one: Arc<dyn Ledger>,
    /// As another has it open; may be the same, where there is nothing to open.
    pub other: Arc<dyn Ledger>,
}

impl Deref for TwoHandles {
    type Target = dyn Ledger;

    fn deref(&self) -> &Self::Target {
        self.one.as_ref()
    }
}

/// Runs the suite; `open` makes a new ledger each time. Needs a tokio runtime; with several threads the races are real.
///
/// # Panics
/// Where the adapter breaks the contract.
pub async fn ledger(open: impl AsyncFn() -> TwoHandles) {
    rebuilds::a_new_ledger_opens_no_batch(&open().await).await;
    batches::a_batch_opens_once_and_again_for_its_owner_only(&ready(&open).await).await;
    batches::a_batch_of_another_epoch_is_refused(&ready(&open).await).await;
    batches::a_commit_needs_state_owner_and_epoch(&ready(&open).await).await;
    batches::an_aborted_batch_never_commits_and_a_committed_one_never_aborts(&ready(&open).await).await;
    batches::an_abort_by_others_needs_a_counter_that_stood_still(&ready(&open).await).await;
    batches::of_a_commit_and_an_abort_at_once_one_wins(&ready(&open).await).await;
    batches::marks_go_forward_only(&ready(&open).await).await;
    batches::unfinished_batches_are_the_open_and_the_committed_ones(&ready(&open).await).await;
    batches::an_unknown_batch_is_named(&ready(&open).await).await;
    sources::a_source_is_admitted_once(&ready(&open).await).await;
    sources::keys_are_taken_as_they_are(&ready(&open).await).await;
    sources::revisions_are_sources_of_their_own(&ready(&open).await).await;
    sources::a_take_over_needs_the_old_batch(&ready(&open).await).await;
    sources::a_release_frees_only_what_the_batch_holds(&ready(&open).await).await;
    sources::what_landed_is_held_with_its_proof_or_without_any(&ready(&open).await).await;
    sources::sixteen_tasks_admit_each_source_exactly_once(&ready(&open).await).await;
    sources::sixteen_tasks_take_each_source_over_exactly_once(&ready(&open).await).await;
    rebuilds::a_rebuild_forgets_raises_the_epoch_and_stops_admitting(&ready(&open).await).await;
    rebuilds::an_epoch_never_goes_back(&ready(&open).await).await;
    rebuilds::a_lease_has_one_holder(&ready(&open).await).await;
    rebuilds::a_lease_is_taken_over_only_as_it_was_seen(&ready(&open).await).await;
    notes::a_note_is_read_as_it_was_written(&ready(&open).await).await;
    notes::a_note_is_written_only_over_the_version_that_was_read(&ready(&open).await).await;
    notes::a_forgotten_note_is_gone_and_its_version_does_not_come_back(&ready(&open).await).await;
    notes::a_note_over_the_cap_is_named_and_changes_nothing(&ready(&open).await).await;
    notes::a_rebuild_forgets_notes(&ready(&open).await).await;
    notes::of_sixteen_tasks_that_count_in_a_note_none_is_lost(&ready(&open).await).await;
}

async fn ready(open: &impl AsyncFn() -> TwoHandles) -> TwoHandles {
    let handles = open().await;
    let identity = handles.identity().await.expect("a ledger tells who it is");
    handles.set_ready(identity.epoch).await.expect("a new ledger can be made ready");
    handles
}

fn batch_id(number: u64) -> BatchId {
    BatchId::new(1_760_000_000_000 + number as i64, number)
}

fn worker(number: usize) -> WorkerId {
    WorkerId::new("process", number)
}

fn source(number: usize) -> SourceId {
    let key = format!(
        "AWSLogs/111122223333/CloudTrail/eu-central-1/2025/10/09/111122223333_CloudTrail_eu-central-1_20251009T0000Z_{number:016}.json.gz"
    );
    SourceId::new("example-logs", key)
}

fn landed(number: u8) -> Landed {
    Landed { version: Some(format!("v{number}")), etag: None, stored_bytes: u64::from(number), stored_sha256: [number; 32] }
}

fn manifest() -> ManifestRef {
    ManifestRef { key: "staging/x/manifest.json".to_owned(), sha256: "ab".repeat(32) }
}

fn held_by(batch: BatchId) -> Claim {
    Claim::HeldBy(Holder { batch, landed: None })
}

async fn opened(ledger: &dyn Ledger, number: u64) -> BatchId {
    let batch = batch_id(number);
    let epoch = ledger.identity().await.expect("a ledger tells who it is").epoch;
    ledger.open(&batch, &worker(0), epoch, 7).await.expect("a batch opens");
    batch
}

async fn committed(ledger: &dyn Ledger, number: u64) -> BatchId {
    let batch = opened(ledger, number).await;
    let epoch = ledger.identity().await.expect("a ledger tells who it is").epoch;
    let flip = ledger.commit(&batch, &worker(0), epoch, &manifest(), 8).await.expect("a commit answers");
    assert_eq!(flip, Flip::Done);
    batch
}

async fn published(ledger: &dyn Ledger, number: u64, landed: &[LandedSource]) -> BatchId {
    let batch = committed(ledger, number).await;
    ledger.mark_published(&batch, landed, 9).await.expect("a committed batch is marked published");
    batch
}
