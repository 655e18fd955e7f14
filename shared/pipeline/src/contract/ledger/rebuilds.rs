//! Scenarios of the ledger's own state: readiness, epochs, rebuilds and leases.

use crate::ports::ledger::{BatchState, Claim, Flip, LandedSource, LeaseAnswer, LeaseItem, LedgerError};

use super::{TwoHandles, batch_id, landed, manifest, opened, source, worker};

pub(super) async fn a_new_ledger_opens_no_batch(ledger: &TwoHandles) {
    let identity = ledger.identity().await.expect("a ledger tells who it is");
    assert_eq!((identity.epoch, identity.ready), (1, false));
    assert!(!identity.id.is_empty());
    assert_eq!(ledger.other.identity().await.expect("a ledger tells who it is"), identity, "both handles are of one ledger");
    let refused = ledger.open(&batch_id(1), &worker(0), 1, 7).await;
    assert!(matches!(refused, Err(LedgerError::NotReady { .. })), "{refused:?}");
    ledger.set_ready(1).await.expect("a new ledger can be made ready");
    ledger.other.open(&batch_id(1), &worker(0), 1, 7).await.expect("a ready ledger opens batches");
}

pub(super) async fn a_rebuild_forgets_raises_the_epoch_and_stops_admitting(ledger: &TwoHandles) {
    let stale = opened(&**ledger, 1).await;
    ledger.admit(&stale, &[source(1)]).await.expect("an admit answers");
    ledger.begin_rebuild(2).await.expect("a rebuild begins");
    let identity = ledger.other.identity().await.expect("a ledger tells who it is");
    assert_eq!((identity.epoch, identity.ready), (2, false));
    let late = ledger.other.commit(&stale, &worker(0), 1, &manifest(), 8).await;
    assert!(!matches!(late, Ok(Flip::Done)), "a batch of before the rebuild is not committed: {late:?}");

    let restored = [LandedSource { source: source(2), landed: landed(2) }, LandedSource { source: source(3), landed: landed(3) }];
    ledger.restore(&batch_id(5), &restored, 20).await.expect("a batch is restored");
    ledger.restore(&batch_id(5), &restored, 21).await.expect("restoring again is no error");
    let item = ledger.batch(&batch_id(5)).await.expect("a batch is read").expect("it is there");
    assert_eq!(item.state, BatchState::Published);
    let refused = ledger.set_ready(1).await;
    assert!(matches!(refused, Err(LedgerError::OtherEpoch { .. })), "{refused:?}");
    ledger.set_ready(2).await.expect("the rebuild ends");

    let batch = batch_id(6);
    ledger.open(&batch, &worker(0), 2, 22).await.expect("a batch opens");
    let claims = ledger.other.admit(&batch, &[source(1), source(2)]).await.expect("an admit answers");
    assert_eq!(claims[0], Claim::Admitted, "what was only pointed to is forgotten");
    assert!(matches!(&claims[1], Claim::HeldBy(holder) if holder.batch == batch_id(5)), "{claims:?}");
}

pub(super) async fn an_epoch_never_goes_back(ledger: &TwoHandles) {
    ledger.begin_rebuild(7).await.expect("a rebuild begins");
    let refused = ledger.begin_rebuild(6).await;
    assert!(matches!(refused, Err(LedgerError::OtherEpoch { asked: 6, current: 7, .. })), "{refused:?}");
    ledger.begin_rebuild(7).await.expect("a rebuild that stopped begins again");
}

pub(super) async fn a_lease_has_one_holder(ledger: &TwoHandles) {
    let (one, other) = (worker(1), worker(2));
    assert_eq!(ledger.take_lease("lane", &one, None).await.expect("it answers"), LeaseAnswer::Taken);
    assert_eq!(ledger.take_lease("lane", &one, None).await.expect("it answers"), LeaseAnswer::Taken, "its holder may ask again");
    let held = ledger.other.take_lease("lane", &other, None).await.expect("it answers");
    assert!(matches!(&held, LeaseAnswer::HeldBy(item) if item.holder == one), "{held:?}");
    assert_eq!(
        ledger.other.take_lease("road", &other, None).await.expect("it answers"),
        LeaseAnswer::Taken,
        "another name is another lease"
    );
    assert!(!ledger.beat_lease("lane", &other).await.expect("it answers"));
    ledger.release_lease("lane", &other).await.expect("releasing what one does not hold is no error");
    assert!(ledger.beat_lease("lane", &one).await.expect("it answers"));
    ledger.release_lease("lane", &one).await.expect("it answers");
    assert_eq!(ledger.other.take_lease("lane", &other, None).await.expect("it answers"), LeaseAnswer::Taken);
}

pub(super) async fn a_lease_is_taken_over_only_as_it_was_seen(ledger: &TwoHandles) {
    let (one, other) = (worker(1), worker(2));
    ledger.take_lease("lane", &one, None).await.expect("it answers");
    let LeaseAnswer::HeldBy(seen) = ledger.other.take_lease("lane", &other, None).await.expect("it answers") else {
        panic!("a held lease was given away")
    };
    assert!(ledger.beat_lease("lane", &one).await.expect("it answers"));
    let LeaseAnswer::HeldBy(moved) = ledger.other.take_lease("lane", &other, Some(&seen)).await.expect("it answers") else {
        panic!("a lease that moved was taken over")
    };
    assert_eq!(moved, LeaseItem { holder: one.clone(), counter: seen.counter + 1 });
    assert_eq!(ledger.other.take_lease("lane", &other, Some(&moved)).await.expect("it answers"), LeaseAnswer::Taken);
    assert!(!ledger.beat_lease("lane", &one).await.expect("it answers"), "who lost it learns of it");
}
