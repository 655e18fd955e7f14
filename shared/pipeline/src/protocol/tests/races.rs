//! A worker falls asleep before each of its calls in turn, past its lease; another takes it for dead and does its work; then the first wakes up and goes on
//! where it was. Its late commit must fail, or, if it had committed before, nobody may have done its work again.

use super::{
    counted::{Event, Fate},
    world::{Kind, World, after, all_sources},
};

async fn calls_of_a_whole_life(kind: Kind) -> usize {
    let world = World::of(kind).await;
    let fate = Fate::kind();
    world.worker("first", &fate).round(&all_sources(), after(0)).await.unwrap();
    fate.calls()
}

async fn the_sleeper_wakes_up_late(kind: Kind) {
    for at in 0..calls_of_a_whole_life(kind).await {
        let case = format!("asleep before call {at}, {kind:?}");
        let world = World::of(kind).await;
        let fate = Fate::at(at, Event::Sleeps);
        let mut sleeper = world.worker("sleeper", &fate);
        let sleeping = tokio::spawn(async move {
            let _ = sleeper.round(&all_sources(), after(0)).await;
            sleeper
        });
        fate.asleep.notified().await;
        world.worker("other", &Fate::kind()).until_quiet(all_sources(), 0).await;
        world.assert_all_landed_once(&format!("{case}, before it wakes"));

        fate.wake.notify_one();
        let mut sleeper = sleeping.await.unwrap();
        world.assert_all_landed_once(&format!("{case}, after it woke"));
        sleeper.until_quiet(all_sources(), 9).await;
        world.assert_all_landed_once(&format!("{case}, when all is quiet"));
        world.assert_all_announced(&case);
    }
}

#[tokio::test]
async fn a_worker_that_sleeps_past_its_lease_lands_nothing_twice() {
    for kind in Kind::ALL.into_iter().filter(|kind| kind.keeps_landed) {
        the_sleeper_wakes_up_late(kind).await;
    }
}

#[tokio::test]
async fn a_worker_that_sleeps_past_its_lease_lands_nothing_twice_where_the_archive_must_be_asked() {
    for kind in Kind::ALL.into_iter().filter(|kind| !kind.keeps_landed) {
        the_sleeper_wakes_up_late(kind).await;
    }
}
