//! Cases of the protocol by name.

use std::sync::Arc;

use super::{
    super::{Admission, LEASE, Manifest, OpenBatch, Protocol, ProtocolError, RebuildError, RebuildOptions, Standing, rebuild},
    counted::{Event, Fate},
    world::{Kind, Worker, World, after, all_sources, manifest, objects, source},
};
use crate::{
    archive_guard::{self, GuardError},
    memory::MemoryLedger,
    ports::ledger::{AbortIf, BatchState, Ledger as _, ManifestRef, SourceId, WorkerId},
};

const STOPPED: RebuildOptions = RebuildOptions { writers_stopped: true, retention: None };

#[tokio::test]
async fn what_is_delivered_again_is_a_duplicate_and_says_as_what_it_landed() {
    for keeps_landed in [true, false] {
        let world = World::new(keeps_landed).await;
        let mut worker = world.worker("first", &Fate::kind());
        worker.round(&all_sources(), after(0)).await.unwrap();
        let open = worker.open(after(1)).await.unwrap();
        let admissions = worker.protocol.admit(&open, &[source(0), source(99), source(99)], after(1)).await.unwrap();
        let Admission::Duplicate(landed) = &admissions[0] else { panic!("{admissions:?}") };
        assert_eq!((landed.stored_bytes, landed.stored_sha256), (7, [7; 32]));
        assert_eq!(admissions[1..], [Admission::Admitted, Admission::Already]);
        let standings = worker.protocol.look(&[source(0), source(99), source(98)]).await.unwrap();
        assert_eq!(standings, [Standing::Landed(landed.clone()), Standing::Pending(open.batch), Standing::Free]);
    }
}

#[tokio::test]
async fn what_an_open_batch_holds_is_held_until_its_worker_is_dead() {
    let world = World::new(true).await;
    let (mut first, mut second) = (world.worker("first", &Fate::kind()), world.worker("second", &Fate::kind()));
    let theirs = first.open(after(0)).await.unwrap();
    first.protocol.admit(&theirs, &[source(1)], after(0)).await.unwrap();
    let ours = second.open(after(0)).await.unwrap();
    let held = Admission::Held { batch: theirs.batch, owner: theirs.owner.clone() };
    assert_eq!(second.protocol.admit(&ours, &[source(1)], after(0)).await.unwrap(), std::slice::from_ref(&held));
    world.ledger.beat(&theirs.batch, &theirs.owner).await.unwrap();
    assert_eq!(second.protocol.admit(&ours, &[source(1)], after(1)).await.unwrap(), [held], "its counter moved");
    assert_eq!(second.protocol.admit(&ours, &[source(1)], after(2)).await.unwrap(), [Admission::Admitted]);
    assert_eq!(world.ledger.batch(&theirs.batch).await.unwrap().unwrap().state, BatchState::Aborted);
}

#[tokio::test]
async fn what_was_admitted_and_not_listed_is_free_once_the_batch_is_published() {
    let world = World::new(true).await;
    let mut worker = world.worker("first", &Fate::kind());
    let open = worker.open(after(0)).await.unwrap();
    worker.protocol.admit(&open, &[source(0), source(1)], after(0)).await.unwrap();
    let mut staged = vec![];
    for (key, body) in objects(&open, &[source(0)]) {
        staged.push(worker.stage(&key, &body).await.unwrap());
    }
    worker.protocol.commit_and_publish(&open, &manifest(&open, &[source(0)], staged), after(0)).await.unwrap();
    let next = worker.open(after(1)).await.unwrap();
    let admissions = worker.protocol.admit(&next, &[source(0), source(1)], after(1)).await.unwrap();
    assert!(matches!(admissions[..], [Admission::Duplicate(_), Admission::Admitted]), "{admissions:?}");
}

#[tokio::test]
async fn a_manifest_that_was_changed_is_not_published() {
    for at in 0..60 {
        let world = World::new(true).await;
        let _ = world.worker("first", &Fate::at(at, Event::DiesAfter)).round(&all_sources(), after(0)).await;
        let committed = world.ledger.unfinished().await.unwrap().into_iter().find(|item| item.state == BatchState::Committed);
        let Some(item) = committed else { continue };
        let key = item.manifest.unwrap().key;
        world.bucket.insert(&key, "{}");
        let error = world.worker("second", &Fate::kind()).protocol.recover(after(1)).await.unwrap_err();
        assert!(matches!(error, ProtocolError::Manifest { batch, .. } if batch == item.batch), "{error}");
        world.bucket.remove(&key);
        let error = world.worker("second", &Fate::kind()).protocol.recover(after(1)).await.unwrap_err();
        assert!(matches!(error, ProtocolError::ManifestMissing { .. }), "{error}");
        return;
    }
    panic!("no death left a committed batch");
}

#[tokio::test]
async fn a_recovery_beside_others_leaves_a_batch_that_is_being_published() {
    let world = World::of(Kind { keeps_landed: true, announces: true }).await;
    let second = world.worker("second", &Fate::kind());
    let mut first = world.worker("first", &Fate::kind());
    let open = first.open(after(0)).await.unwrap();
    // It is watched from its opening on, and its commit begins the watch anew: after(1) is a lease after the first look and none after the commit.
    assert_eq!(second.protocol.recover_unfinished(after(0)).await.unwrap().alive.len(), 1);
    let manifest = staged(&first, &open).await;
    commit(&world, &open, &manifest).await;
    let met = second.protocol.recover_beside_others(after(1)).await.unwrap();
    assert_eq!((met.rolled_forward.len(), met.alive.len(), met.announced.len()), (0, 1, 0), "its worker may be publishing it: {met:?}");
    assert!(world.visible()["sources"].is_empty());
    let left = second.protocol.recover_unfinished(after(2)).await.unwrap();
    assert_eq!((left.rolled_forward, left.announced), (vec![open.batch], vec![open.batch]));
    assert_eq!(world.visible()["sources"], [source(0).key()]);
    world.assert_all_announced("rolled forward");
}

#[tokio::test]
async fn a_recovery_beside_others_counts_nothing_that_its_worker_published() {
    let world = World::of(Kind { keeps_landed: true, announces: true }).await;
    let (open, manifest) = committed_and_died(&world).await;
    let (first, second) = (world.worker("first", &Fate::kind()), world.worker("second", &Fate::kind()));
    second.protocol.recover_unfinished(after(0)).await.unwrap();
    first.protocol.commit_and_publish(&open, &manifest, after(1)).await.unwrap();
    let recovered = second.protocol.recover_beside_others(after(1)).await.unwrap();
    assert_eq!((recovered.rolled_forward.len(), recovered.announced.len(), recovered.alive.len()), (0, 0, 0), "{recovered:?}");
    assert_eq!(world.topic.clone().unwrap().announced().len(), 1, "it is announced once");
}

#[tokio::test]
async fn an_admission_that_meets_a_committed_batch_rolls_it_forward() {
    for keeps_landed in [true, false] {
        let world = World::new(keeps_landed).await;
        let (open, manifest) = committed_and_died(&world).await;
        let mut second = world.worker("second", &Fate::kind());
        let ours = second.open(after(0)).await.unwrap();
        let admissions = second.protocol.admit(&ours, &[source(0), source(1)], after(0)).await.unwrap();
        assert!(matches!(admissions[..], [Admission::Duplicate(_), Admission::Admitted]), "{admissions:?}");
        assert_eq!(world.ledger.batch(&open.batch).await.unwrap().unwrap().state, BatchState::Published);
        for upload in &manifest.uploads {
            assert!(world.bucket.objects().contains_key(&upload.key), "{}", upload.key);
        }
    }
}

#[tokio::test]
async fn a_commit_that_is_made_again_since_its_answer_was_lost_is_no_loss() {
    let world = World::new(true).await;
    let (open, manifest) = committed_and_died(&world).await;
    let worker = world.worker("first", &Fate::kind());
    worker.protocol.commit_and_publish(&open, &manifest, after(0)).await.unwrap();
    assert_eq!(world.ledger.batch(&open.batch).await.unwrap().unwrap().state, BatchState::Published);
    assert_eq!(worker.protocol.abort(&open, &manifest.uploads).await.unwrap(), BatchState::Published, "and is left alone by an abort");
    assert!(world.visible()["sources"] == [source(0).key()]);
}

#[tokio::test]
async fn a_commit_after_the_batch_was_aborted_is_a_loss_and_leaves_nothing_staged() {
    let world = World::new(true).await;
    let mut worker = world.worker("first", &Fate::kind());
    let open = worker.open(after(0)).await.unwrap();
    let manifest = staged(&worker, &open).await;
    world.ledger.abort(&open.batch, &AbortIf::BeatStillAt(0)).await.unwrap();
    let error = worker.protocol.commit_and_publish(&open, &manifest, after(0)).await.unwrap_err();
    assert!(matches!(error, ProtocolError::Lost { state: BatchState::Aborted, .. }), "{error}");
    assert!(world.bucket.pending_uploads().is_empty());
    assert!(world.bucket.objects().keys().all(|key| key == "archive.json"));
}

/// Source 0, staged whole.
async fn staged(worker: &Worker, open: &OpenBatch) -> Manifest {
    worker.protocol.admit(open, &[source(0)], after(0)).await.unwrap();
    let mut staged = vec![];
    for (key, body) in objects(open, &[source(0)]) {
        staged.push(worker.stage(&key, &body).await.unwrap());
    }
    manifest(open, &[source(0)], staged)
}

/// A Batch of source 0 whose worker died between commit and publish.
pub(super) async fn committed_and_died(world: &World) -> (OpenBatch, Manifest) {
    let mut worker = world.worker("first", &Fate::kind());
    let open = worker.open(after(0)).await.unwrap();
    let manifest = staged(&worker, &open).await;
    commit(world, &open, &manifest).await;
    (open, manifest)
}

async fn commit(world: &World, open: &OpenBatch, manifest: &Manifest) {
    let (bytes, sha256) = manifest.to_bytes().unwrap();
    let key = trailkeep_archive::layout::manifest_key(&open.batch);
    world.bucket.insert(&key, bytes);
    world.ledger.commit(&open.batch, &open.owner, 1, &ManifestRef { key, sha256 }, 0).await.unwrap();
}

#[tokio::test]
async fn a_visible_commit_mark_is_enough_where_the_manifest_is_gone() {
    let world = World::new(true).await;
    let mut worker = world.worker("first", &Fate::kind());
    let open = worker.open(after(0)).await.unwrap();
    worker.protocol.admit(&open, &[source(0)], after(0)).await.unwrap();
    let reference = ManifestRef { key: trailkeep_archive::layout::manifest_key(&open.batch), sha256: "00".repeat(32) };
    world.ledger.commit(&open.batch, &open.owner, 1, &reference, 0).await.unwrap();
    for (key, body) in objects(&open, &[source(0)]) {
        world.bucket.insert(&key, body);
    }
    let recovered = worker.protocol.recover(after(1)).await.unwrap();
    assert_eq!(recovered.rolled_forward, [open.batch]);
    let next = worker.open(after(1)).await.unwrap();
    let admissions = worker.protocol.admit(&next, &[source(0)], after(1)).await.unwrap();
    assert!(matches!(admissions[..], [Admission::Duplicate(_)]), "{admissions:?}");
}

#[tokio::test]
async fn a_manifest_without_its_own_commit_mark_is_refused_before_the_commit() {
    let world = World::new(true).await;
    let mut worker = world.worker("first", &Fate::kind());
    let (open, other) = (worker.open(after(0)).await.unwrap(), worker.open(after(0)).await.unwrap());
    for (key, body) in objects(&other, &[source(0)]) {
        let stray = worker.stage(&key, &body).await.unwrap();
        let error = worker.protocol.commit_and_publish(&open, &manifest(&open, &[source(0)], vec![stray]), after(0)).await.unwrap_err();
        assert!(matches!(error, ProtocolError::UnsoundManifest { .. }), "{error}");
    }
    assert_eq!(world.ledger.batch(&open.batch).await.unwrap().unwrap().state, BatchState::Open);
}

#[tokio::test]
async fn a_batch_that_the_archive_shows_is_never_aborted() {
    let world = World::new(true).await;
    let mut worker = world.worker("first", &Fate::kind());
    let open = worker.open(after(0)).await.unwrap();
    world.bucket.insert(&trailkeep_archive::layout::sources_key(&open.batch), "as a newer state of the ledger published it");
    let error = worker.protocol.abort(&open, &[]).await.unwrap_err();
    assert!(matches!(error, ProtocolError::LedgerBehind { state: BatchState::Open, .. }), "{error}");
    assert!(worker.protocol.recover(after(0)).await.is_ok(), "alive");
    assert!(matches!(worker.protocol.recover(after(1)).await, Err(ProtocolError::LedgerBehind { .. })));
}

#[tokio::test]
async fn a_lost_ledger_is_rebuilt_from_the_archive_at_any_point_of_a_batch() {
    for at in 0..60 {
        let case = format!("death at call {at}, then the ledger is lost");
        let world = World::new(true).await;
        let _ = world.worker("first", &Fate::at(at, Event::DiesAfter)).round(&all_sources(), after(0)).await;
        let world = World { ledger: MemoryLedger::new("new"), ..world };
        let refused = archive_guard::join(&world.bucket, &world.ledger, after(1).unix_ms).await.unwrap_err();
        assert!(matches!(refused, GuardError::MustBeRebuilt { .. }), "{refused}");

        let (bucket, ledger) = (Arc::new(world.bucket.clone()), Arc::new(world.ledger.clone()));
        let rebuilt = rebuild(bucket.clone(), ledger.clone(), &WorkerId::new("operator", 0), STOPPED, after(1)).await.unwrap();
        assert_eq!((rebuilt.epoch, rebuilt.twice), (2, 0));
        let descriptor = archive_guard::join(&world.bucket, &world.ledger, after(1).unix_ms).await.unwrap();
        assert_eq!((descriptor.epoch, descriptor.ledger.id.as_str()), (2, "new"));

        let protocol = Protocol::new(ledger, bucket, descriptor.epoch, LEASE);
        let mut worker = world.worker("second", &Fate::kind());
        worker.protocol = protocol;
        worker.until_quiet(all_sources(), 2).await;
        world.assert_all_landed_once(&case);
    }
}

#[tokio::test]
async fn what_was_not_announced_when_the_ledger_was_lost_is_announced_after_its_rebuild() {
    for at in 0..60 {
        let case = format!("death at call {at}, then the ledger is lost");
        let world = World::of(Kind { keeps_landed: true, announces: true }).await;
        let _ = world.worker("first", &Fate::at(at, Event::DiesAfter)).round(&all_sources(), after(0)).await;
        let world = World { ledger: MemoryLedger::new("new"), ..world };
        let (bucket, ledger) = (Arc::new(world.bucket.clone()), Arc::new(world.ledger.clone()));
        rebuild(bucket.clone(), ledger.clone(), &WorkerId::new("operator", 0), STOPPED, after(1)).await.unwrap();
        let mut worker = world.worker("second", &Fate::kind());
        worker.protocol = Protocol::new(ledger, bucket, 2, LEASE).with_announcer(Arc::new(world.topic.clone().unwrap()));
        worker.until_quiet(all_sources(), 2).await;
        world.assert_all_landed_once(&case);
        world.assert_all_announced(&case);
        assert!(world.bucket.objects().keys().all(|key| !key.starts_with("staging/")), "{case}");
    }
}

#[tokio::test]
async fn a_rebuild_waits_for_no_writer_and_runs_alone() {
    let world = World::new(true).await;
    let mut worker = world.worker("first", &Fate::kind());
    let open = worker.open(after(0)).await.unwrap();
    let (bucket, ledger) = (Arc::new(world.bucket.clone()), Arc::new(world.ledger.clone()));
    let operator = WorkerId::new("operator", 0);
    let error = rebuild(bucket.clone(), ledger.clone(), &operator, RebuildOptions::default(), after(0)).await.unwrap_err();
    assert!(matches!(error, RebuildError::WriterAlive { batch, .. } if batch == open.batch), "{error}");
    world.ledger.take_lease(super::super::REBUILD_LEASE, &WorkerId::new("another", 0), None).await.unwrap();
    let error = rebuild(bucket, ledger, &operator, STOPPED, after(0)).await.unwrap_err();
    assert!(matches!(error, RebuildError::Running { .. }), "{error}");
    assert!(world.ledger.identity().await.unwrap().ready, "nothing was begun");
}

#[tokio::test]
async fn admissions_of_many_sources_ask_for_each_standing_batch_once() {
    let world = World::new(true).await;
    let mut first = world.worker("first", &Fate::kind());
    let theirs = first.open(after(0)).await.unwrap();
    let many: Vec<SourceId> = (0..200).map(|number| SourceId::new("example-logs", format!("{number}"))).collect();
    first.protocol.admit(&theirs, &many, after(0)).await.unwrap();
    let fate = Fate::kind();
    let mut second = world.worker("second", &fate);
    let ours = second.open(after(0)).await.unwrap();
    let before = fate.calls();
    let held = second.protocol.admit(&ours, &many, after(0)).await.unwrap();
    assert!(held.iter().all(|admission| matches!(admission, Admission::Held { .. })));
    assert!(fate.calls() - before <= 3, "{} calls for 200 sources of one batch", fate.calls() - before);
}
