//! A worker dies, or a call of it fails, at every single call of its ports in turn; others go on after it. Whatever the place, each source ends up
//! in the archive exactly once.

use std::{sync::Arc, time::Duration};

use super::{
    super::Announcement,
    counted::{CountedAnnouncer, Event, Fate},
    world::{Kind, World, after, all_sources},
};
use crate::{
    memory::AnnounceFault,
    ports::ledger::{BatchState, Ledger as _},
};

const TOLD: Kind = Kind { keeps_landed: true, announces: true };

/// How many calls a life without faults makes.
async fn calls_of_a_whole_life(kind: Kind) -> usize {
    let world = World::of(kind).await;
    let fate = Fate::kind();
    let left = world.worker("first", &fate).round(&all_sources(), after(0)).await.unwrap();
    assert!(left.is_empty());
    world.assert_all_landed_once("no fault at all");
    world.assert_all_announced("no fault at all");
    assert_nothing_is_left(&world, "no fault at all");
    fate.calls()
}

/// The first worker meets `event` at each of its calls in turn; a second one takes over, all being redelivered.
async fn another_worker_takes_over(event: Event) {
    for kind in Kind::ALL {
        for at in 0..calls_of_a_whole_life(kind).await {
            let case = format!("{event:?} at call {at}, {kind:?}");
            let world = World::of(kind).await;
            let _ = world.worker("first", &Fate::at(at, event)).round(&all_sources(), after(0)).await;
            world.assert_no_half(&case);
            world.worker("second", &Fate::kind()).until_quiet(all_sources(), 1).await;
            world.assert_all_landed_once(&case);
            world.assert_all_announced(&case);
            assert_nothing_is_left(&world, &case);
        }
    }
}

/// After the dust has settled `staging/` is empty; uploads may be left only by a death, for directories and lifecycle rules to sweep.
fn assert_nothing_is_left(world: &World, case: &str) {
    let left = in_staging(world);
    assert!(left.is_empty(), "{left:?} after: {case}");
}

fn in_staging(world: &World) -> Vec<String> {
    world.bucket.objects().into_keys().filter(|key| key.starts_with("staging/")).collect()
}

#[tokio::test]
async fn a_death_before_any_call_loses_nothing_and_lands_nothing_twice() {
    another_worker_takes_over(Event::DiesBefore).await;
}

#[tokio::test]
async fn a_death_after_any_call_loses_nothing_and_lands_nothing_twice() {
    another_worker_takes_over(Event::DiesAfter).await;
}

#[tokio::test]
async fn a_worker_that_lives_on_after_any_failed_call_goes_on_itself() {
    for (event, kind) in [Event::Refused, Event::AnswerLost].into_iter().flat_map(|event| Kind::ALL.map(|kind| (event, kind))) {
        for at in 0..calls_of_a_whole_life(kind).await {
            let case = format!("{event:?} at call {at}, {kind:?}, same worker");
            let world = World::of(kind).await;
            let mut worker = world.worker("first", &Fate::at(at, event));
            worker.until_quiet(all_sources(), 0).await;
            world.assert_all_landed_once(&case);
            // What it could not announce the next recovery announces.
            worker.protocol.recover(after(9)).await.unwrap();
            world.assert_all_announced(&case);
            assert_nothing_is_left(&world, &case);
        }
    }
}

#[tokio::test]
async fn a_second_death_at_any_call_of_the_recovery_loses_nothing_either() {
    let whole = calls_of_a_whole_life(TOLD).await;
    // Every third first death, with every second death: the product stays small.
    for first in (0..whole).step_by(3) {
        for second in 0..whole {
            let case = format!("deaths at calls {first} and {second}");
            let world = World::of(TOLD).await;
            let _ = world.worker("first", &Fate::at(first, Event::DiesAfter)).round(&all_sources(), after(0)).await;
            let mut recovering = world.worker("second", &Fate::at(second, Event::DiesBefore));
            let _ = recovering.round(&all_sources(), after(1)).await;
            let _ = recovering.round(&all_sources(), after(2)).await;
            world.assert_no_half(&case);
            world.worker("third", &Fate::kind()).until_quiet(all_sources(), 3).await;
            world.assert_all_landed_once(&case);
            world.assert_all_announced(&case);
        }
    }
}

#[tokio::test]
async fn a_topic_that_fails_keeps_no_source_from_being_landed() {
    for fault in [AnnounceFault::Denied, AnnounceFault::Refused, AnnounceFault::Half, AnnounceFault::AnswerLost] {
        let case = format!("{fault:?}");
        let world = World::of(TOLD).await;
        let topic = world.topic.clone().unwrap();
        for _ in 0..3 {
            topic.fail_next(fault);
        }
        let mut worker = world.worker("first", &Fate::kind());
        let left = worker.round(&all_sources(), after(0)).await.unwrap();
        assert!(left.is_empty(), "{case}: nothing is to be delivered again");
        world.assert_all_landed_once(&case);
        assert_eq!(in_staging(&world).len(), 2, "{case}: what to announce is kept");

        let recovered = worker.protocol.recover(after(0)).await.unwrap();
        assert_eq!(
            (recovered.unannounced.len(), recovered.announced.len(), topic.calls()),
            (2, 0, 3),
            "{case}: a failing topic is asked once"
        );
        let recovered = worker.protocol.recover(after(0)).await.unwrap();
        assert_eq!((recovered.unannounced.len(), recovered.announced.len(), recovered.swept.len()), (0, 2, 2), "{case}");
        world.assert_all_announced(&case);
        assert_nothing_is_left(&world, &case);
        for batch in recovered.announced {
            assert_eq!(world.ledger.batch(&batch).await.unwrap().unwrap().state, BatchState::Announced);
        }
    }
}

#[tokio::test]
async fn a_topic_that_hangs_keeps_nobody_waiting() {
    let world = World::of(TOLD).await;
    // The last calls of a life are: announce, mark announced, delete the manifest.
    let fate = Fate::at(calls_of_a_whole_life(TOLD).await - 3, Event::Sleeps);
    let mut worker = world.worker("first", &fate);
    let topic = Arc::new(CountedAnnouncer(world.topic.clone().unwrap(), Arc::clone(&fate)));
    worker.protocol = worker.protocol.with_announcer_within(topic, Duration::from_millis(20));
    assert!(worker.round(&all_sources(), after(0)).await.unwrap().is_empty());
    world.assert_all_landed_once("the topic hangs");
    assert_eq!(in_staging(&world).len(), 1);
    worker.protocol.recover(after(0)).await.unwrap();
    world.assert_all_announced("the topic answers again");
}

#[tokio::test]
async fn a_manifest_that_cannot_be_used_keeps_no_other_from_being_announced() {
    let world = World::of(TOLD).await;
    let topic = world.topic.clone().unwrap();
    topic.fail_next(AnnounceFault::Refused);
    topic.fail_next(AnnounceFault::Refused);
    let mut worker = world.worker("first", &Fate::kind());
    worker.round(&all_sources(), after(0)).await.unwrap();
    let staged = in_staging(&world);
    world.bucket.insert(&staged[0], "{}");
    let recovered = worker.protocol.recover(after(0)).await.unwrap();
    assert_eq!((recovered.unannounced.len(), recovered.announced.len()), (1, 1), "{recovered:?}");
    assert_eq!(in_staging(&world), staged[..1], "it is kept for somebody to look at");
}

#[tokio::test]
async fn without_a_topic_a_manifest_that_has_something_to_announce_is_deleted() {
    let world = World::of(TOLD).await;
    world.topic.clone().unwrap().fail_next(AnnounceFault::Refused);
    world.worker("first", &Fate::kind()).round(&all_sources(), after(0)).await.unwrap();
    let silent = World { topic: None, ..world };
    let recovered = silent.worker("second", &Fate::kind()).protocol.recover(after(0)).await.unwrap();
    assert_eq!((recovered.swept.len(), recovered.unannounced.len()), (1, 0));
    assert_nothing_is_left(&silent, "the topic is gone");
}

#[tokio::test]
async fn whoever_publishes_says_what_became_of_the_announcement() {
    for (announces, expected) in [(false, Announcement::None), (true, Announcement::Done)] {
        let world = World::of(Kind { keeps_landed: true, announces }).await;
        let worker = world.worker("second", &Fate::kind());
        let (open, manifest) = super::cases::committed_and_died(&world).await;
        assert_eq!(worker.protocol.commit_and_publish(&open, &manifest, after(0)).await.unwrap(), expected);
    }
}
