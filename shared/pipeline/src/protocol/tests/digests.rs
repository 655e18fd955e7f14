//! What is to be told of a Batch's Digests stands in its manifest: whoever announces the Batch tells of them, though it would not write so itself.

use std::collections::BTreeSet;

use trailkeep_archive::{BatchId, LandedDigests, layout};

use super::{
    super::{Announcement, LEASE, Manifest, Protocol, ProtocolError},
    counted::{Event, Fate},
    world::{Kind, Worker, World, after, manifest, objects, source},
};

const TOLD: Kind = Kind { keeps_landed: true, announces: true };

fn digests(batch: &BatchId) -> LandedDigests {
    LandedDigests {
        keys: vec![layout::digests_key(batch, layout::RawKind::Gz)],
        accounts: vec!["111122223333".to_owned()],
        account_count: 1,
        regions: vec!["us-east-1".to_owned()],
        digests: 3,
        first_period_end_ms: Some(1_760_000_400_000),
        last_period_end_ms: Some(1_760_004_000_000),
        bytes: 4_096,
    }
}

/// Lands source 0, with Digests in the manifest.
async fn land(worker: &mut Worker) -> Result<Announcement, ProtocolError> {
    let open = worker.open(after(0)).await?;
    worker.protocol.admit(&open, &[source(0)], after(0)).await?;
    let mut staged = vec![];
    for (key, body) in objects(&open, &[source(0)]) {
        staged.push(worker.stage(&key, &body).await?);
    }
    let manifest = Manifest { digests: Some(digests(&open.batch)), ..manifest(&open, &[source(0)], staged) };
    worker.protocol.commit_and_publish(&open, &manifest, after(0)).await
}

#[tokio::test]
async fn digests_of_every_published_batch_are_announced_wherever_its_worker_died() {
    let mut told_by_others = 0;
    for event in [Event::DiesBefore, Event::DiesAfter, Event::Refused, Event::AnswerLost] {
        for at in 0.. {
            let (world, fate) = (World::of(TOLD).await, Fate::at(at, event));
            let topic = world.topic.clone().unwrap();
            let _ = land(&mut world.worker("first", &fate)).await;
            let by_itself = topic.announced_digests().len();
            let second = world.worker("second", &Fate::kind());
            assert!(!second.protocol.announces_digests());
            for leases in 1..4 {
                second.protocol.recover(after(leases)).await.unwrap();
            }
            let visible = world.bucket.objects().into_keys();
            let (marks, rest): (Vec<_>, Vec<_>) = visible.partition(|key| key.starts_with(layout::SOURCES));
            let published: BTreeSet<BatchId> = marks.iter().filter_map(|key| layout::ArchiveKey::parse(key)?.batch()).collect();
            let told = topic.announced_digests();
            assert!(told.iter().all(|told| told.digests == digests(&told.batch)), "{event:?} at call {at}");
            let batches: BTreeSet<BatchId> = told.iter().map(|told| told.batch).collect();
            assert_eq!(batches, published, "{event:?} at call {at}");
            assert!(rest.iter().all(|key| !key.starts_with(layout::STAGING)), "{event:?} at call {at}: {rest:?}");
            told_by_others += told.len() - by_itself;
            if fate.calls() <= at {
                break;
            }
        }
    }
    assert!(told_by_others > 4, "{told_by_others}: another worker had to tell of them");
}

#[tokio::test]
async fn digests_alone_keep_a_manifest_until_they_are_announced() {
    let world = World::of(TOLD).await;
    let mut worker = world.worker("first", &Fate::kind());
    let open = worker.open(after(0)).await.unwrap();
    worker.protocol.admit(&open, &[source(0)], after(0)).await.unwrap();
    let mut staged = vec![];
    for (key, body) in objects(&open, &[source(0)]).into_iter().filter(|(key, _)| !key.starts_with(layout::EVENTS)) {
        staged.push(worker.stage(&key, &body).await.unwrap());
    }
    let manifest = Manifest { digests: Some(digests(&open.batch)), ..manifest(&open, &[source(0)], staged) };
    let topic = world.topic.clone().unwrap();
    topic.fail_next(crate::memory::AnnounceFault::Refused);
    assert_eq!(worker.protocol.commit_and_publish(&open, &manifest, after(0)).await.unwrap(), Announcement::Later);
    assert_eq!(worker.protocol.recover(after(0)).await.unwrap().announced, [open.batch]);
    assert_eq!((topic.announced().len(), topic.announced_digests().len()), (0, 1));
}

#[tokio::test]
async fn manifests_tell_of_digests_only_where_that_is_asked_for_and_somebody_listens() {
    let world = World::of(TOLD).await;
    let (ledger, bucket) = (std::sync::Arc::new(world.ledger.clone()), std::sync::Arc::new(world.bucket.clone()));
    let plain = || Protocol::new(ledger.clone(), bucket.clone(), 1, LEASE);
    let topic = || std::sync::Arc::new(world.topic.clone().unwrap());
    let asked =
        [plain(), plain().announcing_digests(), plain().with_announcer(topic()), plain().with_announcer(topic()).announcing_digests()];
    assert_eq!(asked.map(|protocol| protocol.announces_digests()), [false, false, false, true]);
}
