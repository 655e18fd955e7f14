//! Reading is forbidden: nothing burns its receives on it.

use trailkeep_pipeline::memory::{Fault, QueueCall};

use super::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn while_reading_is_forbidden_receiving_pauses_and_goes_on_by_itself() {
    let world = World::with_logs(60);
    world.logs.fail_from(0, Fault::Denied);
    world.announce(0..60, 1);
    let running = world.start("first", |settings| {
        settings.bounds.receivers = 1;
        settings.breaker.probe_every = std::time::Duration::from_millis(400);
        // What is denied comes back late: what is received meanwhile is new.
        settings.times.retry_first = std::time::Duration::from_secs(1);
        settings.times.retry_longest = std::time::Duration::from_secs(1);
    });
    let running = running.await;
    world.until("it is not ready", || running.shown.not_ready() == Some("reading the log bucket is not permitted")).await;
    let received = world.queue.calls(QueueCall::Receive);
    tokio::time::sleep(std::time::Duration::from_millis(1_000)).await;
    // Unhindered it would be ten long polls of 100 ms; what is let through is one for each probe.
    assert!(world.queue.calls(QueueCall::Receive) <= received + 4, "receiving pauses");
    world.logs.heal();
    world.quiet().await;
    assert!(world.queue.dead_letters().is_empty(), "no message burnt its receives");
    running.stop().await;
    world.assert_landed_once(0..60);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_archive_refuses_to_be_written_messages_wait_and_burn_no_receives() {
    let world = World::with_logs(30);
    world.announce(0..30, 1);
    let running = world.start("first", |_| {}).await;
    world.audit.fail_from(0, Fault::Denied);
    // Long enough for every message to become a dead letter if each failure cost a receive.
    let calls = world.audit.operations();
    world.until("it was tried often", || world.audit.operations() > calls + 60).await;
    world.audit.heal();
    world.quiet().await;
    assert!(world.queue.dead_letters().is_empty());
    running.stop().await;
    world.assert_landed_once(0..30);
}
