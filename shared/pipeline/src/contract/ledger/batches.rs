//! Scenarios of Batch items.

use crate::ports::ledger::{AbortIf, BatchState, Flip, LedgerError};

use super::{TwoHandles, batch_id, committed, manifest, opened, published, worker};

async fn state(ledger: &TwoHandles, number: u64) -> BatchState {
    let item = ledger.other.batch(&batch_id(number)).await.expect("a batch is read");
    item.expect("the batch is there").state
}

pub(super) async fn a_batch_opens_once_and_again_for_its_owner_only(ledger: &TwoHandles) {
    let batch = opened(&**ledger, 1).await;
    ledger.open(&batch, &worker(0), 1, 7).await.expect("its owner may open it again");
    let refused = ledger.other.open(&batch, &worker(1), 1, 7).await;
    assert!(matches!(refused, Err(LedgerError::BatchExists { .. })), "{refused:?}");
    let item = ledger.other.batch(&batch).await.expect("a batch is read").expect("it is there");
    assert_eq!((item.state, item.owner, item.epoch, item.beat, item.opened_at_ms), (BatchState::Open, worker(0), 1, 0, 7));
    assert_eq!((item.manifest, item.committed_at_ms, item.published_at_ms), (None, None, None));
}

pub(super) async fn a_batch_of_another_epoch_is_refused(ledger: &TwoHandles) {
    let refused = ledger.open(&batch_id(1), &worker(0), 2, 7).await;
    assert!(matches!(refused, Err(LedgerError::OtherEpoch { asked: 2, current: 1, .. })), "{refused:?}");
    assert_eq!(ledger.batch(&batch_id(1)).await.expect("a batch is read"), None);
}

pub(super) async fn a_commit_needs_state_owner_and_epoch(ledger: &TwoHandles) {
    let batch = opened(&**ledger, 1).await;
    for (owner, epoch) in [(worker(1), 1), (worker(0), 2)] {
        let flip = ledger.commit(&batch, &owner, epoch, &manifest(), 8).await.expect("a commit answers");
        assert!(matches!(flip, Flip::Refused(item) if item.state == BatchState::Open));
    }
    let flip = ledger.commit(&batch, &worker(0), 1, &manifest(), 8).await.expect("a commit answers");
    assert_eq!(flip, Flip::Done);
    let again = ledger.other.commit(&batch, &worker(0), 1, &manifest(), 9).await.expect("a commit answers");
    let Flip::Refused(item) = again else { panic!("a committed batch was committed again") };
    assert_eq!((item.state, item.manifest, item.committed_at_ms), (BatchState::Committed, Some(manifest()), Some(8)));
}

pub(super) async fn an_aborted_batch_never_commits_and_a_committed_one_never_aborts(ledger: &TwoHandles) {
    let batch = opened(&**ledger, 1).await;
    let stranger = ledger.abort(&batch, &AbortIf::OwnedBy(worker(1))).await.expect("an abort answers");
    assert!(matches!(stranger, Flip::Refused(item) if item.state == BatchState::Open));
    assert_eq!(ledger.abort(&batch, &AbortIf::OwnedBy(worker(0))).await.expect("an abort answers"), Flip::Done);
    let late = ledger.other.commit(&batch, &worker(0), 1, &manifest(), 8).await.expect("a commit answers");
    assert!(matches!(late, Flip::Refused(item) if item.state == BatchState::Aborted));

    let batch = committed(&**ledger, 2).await;
    for condition in [AbortIf::OwnedBy(worker(0)), AbortIf::BeatStillAt(0)] {
        let refused = ledger.other.abort(&batch, &condition).await.expect("an abort answers");
        assert!(matches!(refused, Flip::Refused(item) if item.state == BatchState::Committed));
    }
}

pub(super) async fn an_abort_by_others_needs_a_counter_that_stood_still(ledger: &TwoHandles) {
    let batch = opened(&**ledger, 1).await;
    assert!(matches!(ledger.beat(&batch, &worker(1)).await.expect("a beat answers"), Flip::Refused(_)), "not its owner");
    assert_eq!(ledger.beat(&batch, &worker(0)).await.expect("a beat answers"), Flip::Done);
    let refused = ledger.other.abort(&batch, &AbortIf::BeatStillAt(0)).await.expect("an abort answers");
    assert!(matches!(refused, Flip::Refused(item) if item.beat == 1));
    assert_eq!(ledger.other.abort(&batch, &AbortIf::BeatStillAt(1)).await.expect("an abort answers"), Flip::Done);
    assert!(
        matches!(ledger.beat(&batch, &worker(0)).await.expect("a beat answers"), Flip::Refused(item) if item.state == BatchState::Aborted)
    );
}

pub(super) async fn of_a_commit_and_an_abort_at_once_one_wins(ledger: &TwoHandles) {
    for number in 0..50 {
        let batch = opened(&**ledger, number).await;
        let (one, other) = (ledger.one.clone(), ledger.other.clone());
        let commit = tokio::spawn(async move { one.commit(&batch, &worker(0), 1, &manifest(), 8).await });
        let abort = tokio::spawn(async move { other.abort(&batch, &AbortIf::BeatStillAt(0)).await });
        let commit = commit.await.expect("no panic").expect("a commit answers") == Flip::Done;
        let abort = abort.await.expect("no panic").expect("an abort answers") == Flip::Done;
        assert!(commit != abort, "exactly one of them took effect");
        assert_eq!(state(ledger, number).await, if commit { BatchState::Committed } else { BatchState::Aborted });
    }
}

pub(super) async fn marks_go_forward_only(ledger: &TwoHandles) {
    let batch = opened(&**ledger, 1).await;
    let refused = ledger.mark_published(&batch, &[], 9).await;
    assert!(matches!(refused, Err(LedgerError::WrongState { state: BatchState::Open, .. })), "{refused:?}");
    let refused = ledger.mark_announced(&batch).await;
    assert!(matches!(refused, Err(LedgerError::WrongState { .. })), "{refused:?}");

    let batch = published(&**ledger, 2, &[]).await;
    ledger.other.mark_published(&batch, &[], 10).await.expect("marking again is no error");
    ledger.mark_announced(&batch).await.expect("a published batch is announced");
    ledger.mark_announced(&batch).await.expect("marking again is no error");
    ledger.mark_published(&batch, &[], 10).await.expect("and takes nothing back");
    assert_eq!(state(ledger, 2).await, BatchState::Announced);
    let item = ledger.batch(&batch).await.expect("a batch is read").expect("it is there");
    assert_eq!(item.published_at_ms, Some(9), "the first publication counts");
}

pub(super) async fn unfinished_batches_are_the_open_and_the_committed_ones(ledger: &TwoHandles) {
    assert_eq!(ledger.newest_published().await.expect("it answers"), None);
    let aborted = opened(&**ledger, 5).await;
    ledger.abort(&aborted, &AbortIf::OwnedBy(worker(0))).await.expect("an abort answers");
    let committed = committed(&**ledger, 4).await;
    let open = opened(&**ledger, 3).await;
    let newest = published(&**ledger, 2, &[]).await;
    published(&**ledger, 1, &[]).await;
    let unfinished = ledger.other.unfinished().await.expect("it answers");
    let unfinished: Vec<_> = unfinished.into_iter().map(|item| (item.batch, item.state)).collect();
    assert_eq!(unfinished, [(open, BatchState::Open), (committed, BatchState::Committed)]);
    assert_eq!(ledger.other.newest_published().await.expect("it answers"), Some(newest));
}

pub(super) async fn an_unknown_batch_is_named(ledger: &TwoHandles) {
    let batch = batch_id(9);
    assert_eq!(ledger.batch(&batch).await.expect("it answers"), None);
    let answers = [
        ledger.commit(&batch, &worker(0), 1, &manifest(), 8).await.map(|_| ()),
        ledger.abort(&batch, &AbortIf::BeatStillAt(0)).await.map(|_| ()),
        ledger.beat(&batch, &worker(0)).await.map(|_| ()),
        ledger.mark_published(&batch, &[], 8).await,
        ledger.mark_announced(&batch).await,
    ];
    for answer in answers {
        assert!(matches!(answer, Err(LedgerError::NoSuchBatch { batch: named, .. }) if named == batch), "{answer:?}");
    }
}
