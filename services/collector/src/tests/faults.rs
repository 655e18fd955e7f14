//! Crashes, failing calls and lost receipts: nothing is lost, nothing lands twice.

use std::time::Duration;

use trailkeep_pipeline::{
    memory::{Fault, QueueCall, QueueFault},
    ports::queue::EntryError,
};

use super::world::World;
use crate::Ended;

#[tokio::test(flavor = "multi_thread")]
async fn whenever_a_collector_is_killed_the_next_one_lands_the_rest_once() {
    for step in 0..12_u64 {
        let world = World::with_logs(40);
        world.announce(0..40, 4);
        let first = world.start("first", |_| {}).await;
        // After so many calls to the archive it is gone.
        world.until("it has begun", || world.audit.operations() > step * 3 || world.queue.messages_left() == 0).await;
        first.kill();
        let second = world.start("second", |_| {}).await;
        world.quiet().await;
        assert!(matches!(second.stop().await, Ended::Drained));
        world.assert_landed_once(0..40);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_call_to_the_archive_fails_everything_lands_once() {
    for skip in 0..30 {
        let world = World::with_logs(20);
        world.announce(0..20, 2);
        // One call fails after the archive was joined.
        let running = world.start("first", |_| {}).await;
        world.audit.fail_once(skip, if skip % 2 == 0 { Fault::Refused } else { Fault::AnswerLost });
        world.quiet().await;
        assert!(matches!(running.stop().await, Ended::Drained), "skip {skip}");
        world.assert_landed_once(0..20);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_calls_to_the_queue_change_nothing() {
    let world = World::with_logs(100);
    world.announce(0..100, 1);
    for call in [QueueCall::Receive, QueueCall::Delete, QueueCall::Hide] {
        world.queue.fail_next(call, QueueFault::Refused);
        world.queue.fail_next(call, QueueFault::AnswerLost);
    }
    let refused = EntryError::Refused { code: "InternalError".to_owned(), detail: String::new() };
    world.queue.partial_failures(QueueCall::Delete, [(0, refused.clone()), (3, refused)]);
    let running = world.start("first", |_| {}).await;
    world.quiet().await;
    running.stop().await;
    world.assert_landed_once(0..100);
    assert_eq!(world.queue.messages_left(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_wait_longer_than_they_are_hidden_are_kept_hidden() {
    let world = World::with_logs(30);
    world.announce(0..30, 1);
    let running = world.start("first", |settings| {
        settings.times.hidden = Duration::from_millis(600);
        settings.seal = settings.seal.with_age(Duration::from_secs(3));
    });
    let running = running.await;
    world.quiet().await;
    assert!(world.queue.calls(QueueCall::Hide) >= 3, "they were hidden again and again");
    assert!(world.queue.dead_letters().is_empty());
    running.stop().await;
    world.assert_landed_once(0..30);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_receipt_costs_a_second_receive_and_nothing_else() {
    let world = World::with_logs(10);
    world.announce(0..10, 1);
    let expired = EntryError::Expired { code: "ReceiptHandleIsInvalid".to_owned() };
    world.queue.partial_failures(QueueCall::Delete, (0..10).map(|index| (index, expired.clone())));
    let running = world.start("first", |_| {}).await;
    world.quiet().await;
    running.stop().await;
    world.assert_landed_once(0..10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_whose_ledger_was_rebuilt_meanwhile_ends() {
    use trailkeep_pipeline::ports::ledger::Ledger as _;
    let world = World::with_logs(5);
    let running = world.start("first", |_| {}).await;
    world.ledger.begin_rebuild(2).await.unwrap();
    world.ledger.set_ready(2).await.unwrap();
    world.announce(0..5, 1);
    let Ended::Failed(error) = running.ended().await else { panic!("it must not go on") };
    assert!(error.to_string().contains("it was rebuilt"), "{error}");
    assert!(world.sources().is_empty());
    assert_eq!(world.queue.messages_left(), 5, "nothing was deleted");
}
