//! When rounds come, and what is asked for in turn.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use trailkeep_pipeline::memory::MemoryQueue;
use trailkeep_synth::Scale;
use trailkeep_telemetry::Meters;

use super::world::{HOUR_MS, World};
use crate::{Auditor, AuditorMetrics, Ports, Settings, Stop, wake::Waker};

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
            let mut waker = Waker::new(Arc::new(queue.clone()), "audit");
            let began = Instant::now();
            auditor.wait(began + distance, began + hour, Some(&mut waker)).await;
            assert!(began.elapsed() >= distance);
            waker.done().await;
            assert_eq!(queue.messages_left(), 0, "it was woken");
        }
    });
}

/// A Digest landed.
const ANNOUNCED: &str = r#"{"version":1,"kind":"digest","key":"digests/day=20260115/x.gz"}"#;

/// How many rounds ended in `done`, by the metrics.
fn rounds(meters: &Meters) -> u64 {
    let text = meters.prometheus_text();
    let line = text.lines().find(|line| line.starts_with("trailkeep_auditor_rounds_total{") && line.contains(r#"outcome="done""#)).unwrap();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn two_wake_ups_within_the_distance_make_one_round() {
    let world = World::of(1, Scale::EventsPerHour(100), |_| false);
    let settings = Settings { settle: Duration::ZERO, distance: Duration::from_secs(3), ..World::settings() };
    let (queue, stop, meters) = (MemoryQueue::new("digests"), Stop::default(), Meters::standalone());
    let ports = Ports { digest_queue: Some(Arc::new(queue.clone())), ..world.ports() };
    let auditor = Auditor::new(settings, ports, AuditorMetrics::new(&meters.meter(AuditorMetrics::SCOPE)), stop.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let asking = async {
        let pause = || tokio::time::sleep(Duration::from_millis(20));
        while rounds(&meters) < 1 {
            pause().await;
        }
        queue.push(ANNOUNCED);
        // The first wakes it, and is in its hands when the second comes.
        for _ in 0..10 {
            pause().await;
        }
        queue.push(ANNOUNCED);
        while queue.messages_left() > 0 {
            pause().await;
        }
        assert_eq!(rounds(&meters), 2, "the round that the first one woke was for both");
        queue.push(ANNOUNCED);
        while queue.messages_left() > 0 {
            pause().await;
        }
        assert_eq!(rounds(&meters), 3, "what comes after it wakes another");
        stop.ask();
    };
    runtime.block_on(async { tokio::join!(auditor.run(), asking) });
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
