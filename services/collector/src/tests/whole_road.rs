//! From the queue to the archive, with one collector and with several.

use std::time::Duration;

use trailkeep_archive::layout;
use trailkeep_notifications::{cloudtrail_message, s3_event};

use super::world::{World, log_key, notice};
use crate::Ended;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_announced_lands_once_and_its_messages_are_deleted() {
    let world = World::with_logs(500);
    world.announce(0..500, 1);
    let running = world.start("first", |_| {}).await;
    world.quiet().await;
    assert!(matches!(running.stop().await, Ended::Drained));
    world.assert_landed_once(0..500);
    assert_eq!(world.queue.deleted_count(), 500);
    assert!(world.audit.pending_uploads().is_empty(), "{:?}", world.audit.pending_uploads());
}

#[tokio::test(flavor = "multi_thread")]
async fn three_collectors_share_a_queue_in_which_everything_stands_three_times() {
    let world = World::with_logs(300);
    for _ in 0..2 {
        world.announce(0..300, 1);
    }
    // By another path: CloudTrail's own form, and a replica of the bucket.
    let keys: Vec<String> = (0..300).map(log_key).collect();
    world.queue.push(cloudtrail_message("replica", &keys));
    let running = [
        world.start("first", |_| {}).await,
        world.start_skewed("second", 300_000, |_| {}).await,
        world.start_skewed("third", -300_000, |_| {}).await,
    ];
    world.quiet().await;
    for one in running {
        assert!(matches!(one.stop().await, Ended::Drained));
    }
    world.assert_landed_once(0..300);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_many_objects_are_deleted_when_all_of_them_have_landed() {
    let world = World::with_logs(2_500);
    world.announce(0..2_500, 1_000);
    let running = world.start("first", |settings| settings.bounds.deliveries = 1_000).await;
    world.quiet().await;
    running.stop().await;
    world.assert_landed_once(0..2_500);
    assert_eq!(world.queue.deleted_count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_queue_gets_one_file_and_not_one_for_each_thread() {
    let world = World::with_logs(200);
    let running = world.start("first", |settings| {
        settings.bounds.landers = 4;
        settings.seal = settings.seal.with_age(Duration::from_millis(700));
    });
    let running = running.await;
    world.announce((0..200).filter(|number| number % 2 == 0), 1);
    world.quiet().await;
    running.stop().await;
    assert_eq!(world.count(layout::EVENTS), 1, "a quiet queue needs one lander");
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_stop_it_publishes_what_is_open_and_gives_back_the_rest() {
    let world = World::with_logs(400);
    // Nothing seals by itself: only the drain does.
    let patient = |settings: &mut crate::Settings| settings.seal = settings.seal.with_age(Duration::from_secs(600));
    let running = world.start("first", patient).await;
    world.announce(0..400, 1);
    world.until("all is received", || world.queue.calls(trailkeep_pipeline::memory::QueueCall::Receive) > 40).await;
    assert!(matches!(running.stop().await, Ended::Drained));
    let landed = world.sources().len();
    assert!(landed > 0, "what was open is published");
    assert_eq!(world.queue.messages_left(), 400 - landed, "what has landed is deleted, and nothing else");
    let running = world.start("second", |_| {}).await;
    world.quiet().await;
    running.stop().await;
    world.assert_landed_once(0..400);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_under_a_key_that_has_landed_is_a_revision_and_a_finding() {
    let world = World::with_logs(3);
    world.announce(0..3, 1);
    let running = world.start("first", |_| {}).await;
    world.quiet().await;
    let other = super::world::log(77);
    world.logs.insert(&log_key(1), other.clone());
    world.announce(0..3, 1);
    world.quiet().await;
    // And the same once more: nothing new.
    world.announce(0..3, 1);
    world.quiet().await;
    running.stop().await;
    assert_eq!(revisions_of(&world, 1), [1, 2]);
    assert_eq!(world.sources().len(), 4);
    assert_eq!(world.quarantine().iter().map(|row| row.reason.as_str()).collect::<Vec<_>>(), ["other_content"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_agrees_with_what_landed_is_settled_without_reading() {
    let world = World::with_logs(1);
    world.announce(0..1, 1);
    let running = world.start("first", |_| {}).await;
    world.quiet().await;
    let row = world.sources().remove(0);
    let before = world.logs.operations();
    let exact = trailkeep_notifications::ObjectNotice { etag: row.etag.clone(), size_bytes: Some(row.stored_bytes), ..notice(&log_key(0)) };
    assert!(exact.etag.is_some());
    world.queue.push(s3_event(&[exact]));
    world.quiet().await;
    running.stop().await;
    assert_eq!(world.logs.operations(), before);
    world.assert_landed_once(0..1);
}

/// The same world with its ledger after the items have expired: it knows the archive, and no source.
async fn forgetful(world: World) -> World {
    use trailkeep_pipeline::{memory::MemoryLedger, ports::ledger::Ledger as _};
    let identity = world.ledger.identity().await.unwrap();
    let forgetful = MemoryLedger::new(&identity.id).without_landed();
    forgetful.set_ready(identity.epoch).await.unwrap();
    for row in world.sources() {
        forgetful.restore(&row.batch, &[], 0).await.unwrap();
    }
    World { ledger: forgetful, ..world }
}

/// The clock is two years on: what was delivered in January 2026 is older than the ledger remembers, and so is what landed since.
async fn start_two_years_on(world: &World) -> super::world::Running {
    world.start_skewed("second", 2 * 365 * 86_400_000, |settings| settings.remembered_days = Some(400)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_ledger_has_forgotten_is_found_in_the_archive() {
    let world = World::with_logs(6);
    world.announce(0..4, 1);
    let running = world.start("first", |_| {}).await;
    world.quiet().await;
    running.stop().await;
    let world = forgetful(world).await;
    world.announce(0..6, 1);
    let running = start_two_years_on(&world).await;
    world.quiet().await;
    running.stop().await;
    world.assert_landed_once(0..6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_that_the_ledger_has_forgotten_is_not_landed_again() {
    let world = World::with_logs(2);
    world.announce(0..2, 1);
    let running = world.start("first", |_| {}).await;
    world.quiet().await;
    world.logs.insert(&log_key(1), super::world::log(77));
    world.announce(1..2, 1);
    world.quiet().await;
    running.stop().await;
    assert_eq!(revisions_of(&world, 1), [1, 2]);
    let world = forgetful(world).await;
    let running = start_two_years_on(&world).await;
    world.announce(0..2, 1);
    world.quiet().await;
    assert_eq!((revisions_of(&world, 1), world.sources().len()), (vec![1, 2], 3));
    // Content that never landed is the next revision.
    world.logs.insert(&log_key(1), super::world::log(78));
    world.announce(1..2, 1);
    world.quiet().await;
    running.stop().await;
    assert_eq!((revisions_of(&world, 1), world.sources().len()), (vec![1, 2, 3], 4));
}

/// The revisions of a log that `sources/` lists, ascending.
fn revisions_of(world: &World, number: usize) -> Vec<u32> {
    let mut revisions: Vec<u32> = world.sources().iter().filter(|row| row.key == log_key(number)).map(|row| row.revision).collect();
    revisions.sort_unstable();
    revisions
}

#[tokio::test(flavor = "multi_thread")]
async fn landers_whose_batches_fill_the_hand_between_them_do_not_wait_until_they_are_old() {
    let world = World::with_logs(600);
    world.announce(0..600, 1);
    let running = world.start("first", |settings| {
        settings.bounds.messages = 100;
        settings.bounds.landers = 4;
        settings.bounds.another_lander_over = 2;
        settings.seal = settings.seal.with_age(Duration::from_secs(600));
    });
    let running = running.await;
    // Without a Batch that is old or full: only want of room seals.
    world.until("most of it has landed", || world.sources().len() >= 400).await;
    assert!(matches!(running.stop().await, Ended::Drained));
    let running = world.start("second", |_| {}).await;
    world.quiet().await;
    running.stop().await;
    world.assert_landed_once(0..600);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_received_again_and_again_lands_alone() {
    use trailkeep_pipeline::ports::queue::NotificationQueue as _;
    let world =
        World { queue: trailkeep_pipeline::memory::MemoryQueue::new("notifications").with_max_receive_count(20), ..World::with_logs(5) };
    world.announce(0..5, 1);
    for _ in 0..7 {
        let mut received = 0;
        while received < 5 {
            received += world.queue.receive(10, Duration::ZERO, Duration::ZERO).await.unwrap().len();
        }
    }
    let running = world.start("first", |_| {}).await;
    world.quiet().await;
    running.stop().await;
    world.assert_landed_once(0..5);
    assert_eq!(world.count(layout::SOURCES), 5, "a Batch each");
}
