//! Scenarios of source items.

use std::collections::BTreeMap;

use trailkeep_archive::BatchId;

use crate::ports::ledger::{AbortIf, Claim, Holder, LandedSource, SourceId};

use super::{TwoHandles, batch_id, held_by, landed, opened, published, source, worker};

async fn holders(ledger: &TwoHandles, sources: &[SourceId]) -> Vec<Option<BatchId>> {
    let holders = ledger.other.look(sources).await.expect("a look answers");
    holders.into_iter().map(|holder| holder.map(|holder| holder.batch)).collect()
}

pub(super) async fn a_source_is_admitted_once(ledger: &TwoHandles) {
    let (first, second) = (opened(&**ledger, 1).await, opened(&**ledger, 2).await);
    let claims = ledger.admit(&first, &[source(1), source(2), source(1)]).await.expect("an admit answers");
    assert_eq!(claims, [Claim::Admitted, Claim::Admitted, held_by(first)], "the second entry is no second claim");
    let claims = ledger.other.admit(&second, &[source(2), source(3)]).await.expect("an admit answers");
    assert_eq!(claims, [held_by(first), Claim::Admitted]);
    let claims = ledger.admit(&first, &[source(1)]).await.expect("an admit answers");
    assert_eq!(claims, [held_by(first)], "asking again says who holds it");
    assert_eq!(holders(ledger, &[source(1), source(3), source(4)]).await, [Some(first), Some(second), None]);
    assert_eq!(ledger.admit(&first, &[]).await.expect("an admit answers"), []);
}

pub(super) async fn keys_are_taken_as_they_are(ledger: &TwoHandles) {
    let batch = opened(&**ledger, 1).await;
    let pairs = [
        ("a", "b/c"),
        ("a/b", "c"),
        ("a", "B/C"),
        ("a", "b/c "),
        ("a", "b/\u{e9}"),
        ("a", "b/e\u{301}"),
        ("a", "b/\u{0}"),
        ("a", "b/"),
        ("a", ""),
    ];
    let sources: Vec<SourceId> = pairs.iter().map(|(bucket, key)| SourceId::new(*bucket, *key)).collect();
    let claims = ledger.admit(&batch, &sources).await.expect("an admit answers");
    assert!(claims.iter().all(|claim| *claim == Claim::Admitted), "{claims:?}");
}

pub(super) async fn revisions_are_sources_of_their_own(ledger: &TwoHandles) {
    let (first, second) = (opened(&**ledger, 1).await, opened(&**ledger, 2).await);
    ledger.admit(&first, &[source(1)]).await.expect("an admit answers");
    let claims = ledger.admit(&second, &[source(1).at_revision(2), source(1)]).await.expect("an admit answers");
    assert_eq!(claims, [Claim::Admitted, held_by(first)]);
}

pub(super) async fn a_take_over_needs_the_old_batch(ledger: &TwoHandles) {
    let (old, new, third) = (opened(&**ledger, 1).await, opened(&**ledger, 2).await, opened(&**ledger, 3).await);
    ledger.admit(&old, &[source(1), source(2)]).await.expect("an admit answers");
    ledger.abort(&old, &AbortIf::OwnedBy(worker(0))).await.expect("an abort answers");
    let claims = ledger.take_over(&new, &[(source(1), old), (source(2), third)]).await.expect("a take-over answers");
    assert_eq!(claims, [Claim::Admitted, held_by(old)]);
    let claims = ledger.other.take_over(&third, &[(source(1), old), (source(3), old)]).await.expect("a take-over answers");
    assert_eq!(claims, [held_by(new), Claim::Admitted], "what nothing holds any more is free");
    assert_eq!(holders(ledger, &[source(1), source(2), source(3)]).await, [Some(new), Some(old), Some(third)]);
}

pub(super) async fn a_release_frees_only_what_the_batch_holds(ledger: &TwoHandles) {
    let (first, second) = (opened(&**ledger, 1).await, opened(&**ledger, 2).await);
    ledger.admit(&first, &[source(1), source(2)]).await.expect("an admit answers");
    ledger.admit(&second, &[source(3)]).await.expect("an admit answers");
    ledger.release(&first, &[source(1), source(3), source(4)]).await.expect("a release answers");
    assert_eq!(holders(ledger, &[source(1), source(2), source(3)]).await, [None, Some(first), Some(second)]);
    let claims = ledger.other.admit(&second, &[source(1)]).await.expect("an admit answers");
    assert_eq!(claims, [Claim::Admitted]);
}

pub(super) async fn what_landed_is_held_with_its_proof_or_without_any(ledger: &TwoHandles) {
    let (batch, later) = (batch_id(1), opened(&**ledger, 2).await);
    let epoch = ledger.identity().await.expect("a ledger tells who it is").epoch;
    ledger.open(&batch, &worker(0), epoch, 7).await.expect("a batch opens");
    ledger.admit(&batch, &[source(1), source(2)]).await.expect("an admit answers");
    published(&**ledger, 1, &[LandedSource { source: source(1), landed: landed(1) }]).await;

    let claims = ledger.other.admit(&later, &[source(1), source(2)]).await.expect("an admit answers");
    assert_eq!(claims[1], held_by(batch), "what the batch does not list has no proof");
    let Claim::HeldBy(Holder { batch: holder, landed: proof }) = &claims[0] else { panic!("what landed was admitted again") };
    assert_eq!(*holder, batch);
    assert!(proof.as_ref().is_none_or(|proof| *proof == landed(1)), "{proof:?}");

    let pairs = [(source(2), batch)];
    let claims = ledger.take_over(&later, &pairs).await.expect("a take-over answers");
    assert_eq!(claims, [Claim::Admitted]);
    if proof.is_some() {
        ledger.release(&batch, &[source(1)]).await.expect("a release answers");
        let claims = ledger.take_over(&later, &[(source(1), batch)]).await.expect("a take-over answers");
        assert_eq!(claims, [Claim::HeldBy(Holder { batch, landed: Some(landed(1)) })], "what landed stays");
    }
}

pub(super) async fn sixteen_tasks_admit_each_source_exactly_once(ledger: &TwoHandles) {
    let sources: Vec<SourceId> = (0..400).map(source).collect();
    let mut tasks = Vec::new();
    for number in 0..16 {
        let batch = opened(&**ledger, number).await;
        let (ledger, mut sources) = (if number % 2 == 0 { ledger.one.clone() } else { ledger.other.clone() }, sources.clone());
        tasks.push(tokio::spawn(async move {
            sources.rotate_left(number as usize * 23);
            let mut admitted = Vec::new();
            for some in sources.chunks(50) {
                let claims = ledger.admit(&batch, some).await.expect("an admit answers");
                admitted.extend(some.iter().zip(claims).filter(|(_, claim)| *claim == Claim::Admitted).map(|(source, _)| source.clone()));
            }
            (batch, admitted)
        }));
    }
    assert_each_once(ledger, &sources, tasks).await;
}

pub(super) async fn sixteen_tasks_take_each_source_over_exactly_once(ledger: &TwoHandles) {
    let sources: Vec<SourceId> = (0..200).map(source).collect();
    let dead = opened(&**ledger, 99).await;
    ledger.admit(&dead, &sources).await.expect("an admit answers");
    ledger.abort(&dead, &AbortIf::OwnedBy(worker(0))).await.expect("an abort answers");
    let pairs: Vec<(SourceId, BatchId)> = sources.iter().map(|source| (source.clone(), dead)).collect();
    let mut tasks = Vec::new();
    for number in 0..16 {
        let batch = opened(&**ledger, number).await;
        let (ledger, mut pairs) = (if number % 2 == 0 { ledger.one.clone() } else { ledger.other.clone() }, pairs.clone());
        tasks.push(tokio::spawn(async move {
            pairs.rotate_left(number as usize * 11);
            let mut taken = Vec::new();
            for some in pairs.chunks(50) {
                let claims = ledger.take_over(&batch, some).await.expect("a take-over answers");
                taken.extend(some.iter().zip(claims).filter(|(_, claim)| *claim == Claim::Admitted).map(|((source, _), _)| source.clone()));
            }
            (batch, taken)
        }));
    }
    assert_each_once(ledger, &sources, tasks).await;
}

/// Each source was given to exactly one task, and to the one that the ledger says.
async fn assert_each_once(ledger: &TwoHandles, sources: &[SourceId], tasks: Vec<tokio::task::JoinHandle<(BatchId, Vec<SourceId>)>>) {
    let mut given = BTreeMap::new();
    for task in tasks {
        let (batch, admitted) = task.await.expect("no panic");
        for source in admitted {
            assert_eq!(given.insert(source.clone(), batch), None, "{source} was given twice");
        }
    }
    let expected: Vec<_> = sources.iter().map(|source| given.get(source).copied()).collect();
    assert!(expected.iter().all(Option::is_some), "each source was given to somebody");
    assert_eq!(holders(ledger, sources).await, expected);
}
