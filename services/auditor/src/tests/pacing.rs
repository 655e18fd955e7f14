//! When rounds come, and what is asked for in turn.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use trailkeep_pipeline::memory::MemoryQueue;

use super::world::{HOUR_MS, World};
use crate::{Auditor, AuditorMetrics, Settings, Stop, wake::Waker};

const DAY_MS: i64 = 24 * HOUR_MS;

#[test]
fn rounds_that_digests_wake_keep_their_distance() {
    let world = World::new(|_| false);
    let settings = Settings { settle: Duration::ZERO, ..World::settings() };
    let auditor = Auditor::new(settings, world.ports(), AuditorMetrics::default(), Stop::default());
    let queue = MemoryQueue::new("digests");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let hour = Duration::from_hours(1);
        for distance in [Duration::from_millis(300), Duration::ZERO] {
            queue.push(r#"{"version":1,"kind":"digest","key":"digests/day=20260115/x.gz"}"#);
            let mut waker = Waker::new(Arc::new(queue.clone()));
            let began = Instant::now();
            auditor.wait(began + distance, began + hour, Some(&mut waker)).await;
            assert!(began.elapsed() >= distance);
            waker.done().await;
            assert_eq!(queue.messages_left(), 0, "it was woken");
        }
    });
}

#[test]
fn a_segment_of_old_days_that_is_deleted_is_found_within_the_cycle_and_resolved_once_it_is_back() {
    let world = World::new(|_| false);
    world.round();
    world.pass(45 * DAY_MS);
    world.round();
    let (key, object) = world.audit.objects().into_iter().find(|(key, _)| key.starts_with("raw/")).unwrap();
    world.audit.remove(&key);
    let told =
        |change: &str| world.rows().into_iter().filter(|row| row.key.as_deref() == Some(&key) && row.change.as_str() == change).count();
    let mut days = 0;
    while told("opened") == 0 && days < 31 {
        world.pass(DAY_MS);
        world.round();
        days += 1;
    }
    assert!((1..=30).contains(&days), "{days}");
    let row = world.rows().into_iter().find(|row| row.key.as_deref() == Some(&key)).unwrap();
    assert_eq!(row.name, "segment_missing");
    world.pass(DAY_MS);
    world.round();
    assert_eq!((told("opened"), told("resolved")), (1, 0), "it is looked at again each day");
    world.audit.insert_with(&key, object.body, object.policy);
    world.pass(DAY_MS);
    world.round();
    assert_eq!((told("opened"), told("resolved")), (1, 1));
}
