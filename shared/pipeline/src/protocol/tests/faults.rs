//! A worker dies, or a call of it fails, at every single call of its ports in turn; others go on after it. Whatever the place, each source ends up
//! in the archive exactly once.

use super::{
    counted::{Event, Fate},
    world::{World, after, all_sources},
};

/// How many calls a life without faults makes.
async fn calls_of_a_whole_life(keeps_landed: bool) -> usize {
    let world = World::new(keeps_landed).await;
    let fate = Fate::kind();
    let left = world.worker("first", &fate).round(&all_sources(), after(0)).await.unwrap();
    assert!(left.is_empty());
    world.assert_all_landed_once("no fault at all");
    fate.calls()
}

/// The first worker meets `event` at each of its calls in turn; a second one takes over, all being redelivered.
async fn another_worker_takes_over(event: Event, keeps_landed: bool) {
    for at in 0..calls_of_a_whole_life(keeps_landed).await {
        let case = format!("{event:?} at call {at}");
        let world = World::new(keeps_landed).await;
        let _ = world.worker("first", &Fate::at(at, event)).round(&all_sources(), after(0)).await;
        world.assert_no_half(&case);
        world.worker("second", &Fate::kind()).until_quiet(all_sources(), 1).await;
        world.assert_all_landed_once(&case);
        assert_nothing_is_left(&world, &case);
    }
}

/// After the dust has settled `staging/` is empty; uploads may be left only by a death, for directories and lifecycle rules to sweep.
fn assert_nothing_is_left(world: &World, case: &str) {
    let left: Vec<String> = world.bucket.objects().into_keys().filter(|key| key.starts_with("staging/")).collect();
    assert!(left.is_empty(), "{left:?} after: {case}");
}

#[tokio::test]
async fn a_death_before_any_call_loses_nothing_and_lands_nothing_twice() {
    another_worker_takes_over(Event::DiesBefore, true).await;
    another_worker_takes_over(Event::DiesBefore, false).await;
}

#[tokio::test]
async fn a_death_after_any_call_loses_nothing_and_lands_nothing_twice() {
    another_worker_takes_over(Event::DiesAfter, true).await;
    another_worker_takes_over(Event::DiesAfter, false).await;
}

#[tokio::test]
async fn a_worker_that_lives_on_after_any_failed_call_goes_on_itself() {
    for event in [Event::Refused, Event::AnswerLost] {
        for at in 0..calls_of_a_whole_life(true).await {
            let case = format!("{event:?} at call {at}, same worker");
            let world = World::new(true).await;
            world.worker("first", &Fate::at(at, event)).until_quiet(all_sources(), 0).await;
            world.assert_all_landed_once(&case);
        }
    }
}

#[tokio::test]
async fn a_second_death_at_any_call_of_the_recovery_loses_nothing_either() {
    let whole = calls_of_a_whole_life(true).await;
    // Every third first death, with every second death: the product stays small.
    for first in (0..whole).step_by(3) {
        for second in 0..whole {
            let case = format!("deaths at calls {first} and {second}");
            let world = World::new(true).await;
            let _ = world.worker("first", &Fate::at(first, Event::DiesAfter)).round(&all_sources(), after(0)).await;
            let mut recovering = world.worker("second", &Fate::at(second, Event::DiesBefore));
            let _ = recovering.round(&all_sources(), after(1)).await;
            let _ = recovering.round(&all_sources(), after(2)).await;
            world.assert_no_half(&case);
            world.worker("third", &Fate::kind()).until_quiet(all_sources(), 3).await;
            world.assert_all_landed_once(&case);
        }
    }
}
