//! Whatever is redelivered, however many work, whoever crashes: each object is visible once.

use std::{sync::atomic::Ordering, time::Duration};

use super::{
    super::{IngestSummary, Observer, Settled, Shutdown, Silent, ingest, plan},
    world::{World, config, digest, digest_key, log, log_key},
};
use crate::memory::Fault;

#[test]
fn a_redelivered_log_object_lands_once() {
    let world = World::with_logs(40);
    let first = world.run(&config(1)).unwrap();
    assert_eq!((first.landed, first.duplicates, first.records, first.records_landed), (40, 0, 80, 80));
    let reads = world.origin.operations();

    let second = world.run(&config(1)).unwrap();
    assert_eq!((second.landed, second.duplicates, second.batches), (0, 40, 0));
    assert_eq!(world.origin.operations() - reads, 1, "the listing is enough to know them");
    assert_eq!(world.audit.pending_uploads(), Vec::<String>::new());
    world.assert_all_landed_once();
}

#[test]
fn objects_that_arrive_between_two_runs_land_in_the_second() {
    let world = World::with_logs(3);
    world.run(&config(1)).unwrap();
    world.origin.insert(&log_key(3), log(3));
    let second = world.run(&config(1)).unwrap();
    assert_eq!((second.landed, second.duplicates), (1, 3));
    world.assert_all_landed_once();
}

#[test]
fn several_threads_share_the_list() {
    let world = World::with_logs(300);
    let summary = world.run(&config(3)).unwrap();
    assert_eq!((summary.landed, summary.accounted(), summary.listed), (300, 300, 300));
    world.assert_all_landed_once();
}

#[test]
fn two_processes_at_once_land_each_object_once() {
    let world = World::with_logs(200);
    let summaries: Vec<IngestSummary> = std::thread::scope(|scope| {
        let runs = ["one", "two"].map(|process| {
            let ports = world.ports(process);
            scope.spawn(move || ingest(&config(1), &ports, &Shutdown::default(), &Silent).unwrap())
        });
        runs.map(|run| run.join().unwrap()).into()
    });
    for summary in &summaries {
        assert_eq!(summary.accounted(), 200, "{summary:?}");
    }
    assert_eq!(summaries.iter().map(|summary| summary.landed).sum::<u64>(), 200);
    world.assert_all_landed_once();
}

#[test]
fn a_run_that_dies_at_any_write_is_completed_by_the_next() {
    let mut deaths = 0;
    for skip in 0.. {
        let world = World::with_logs(5);
        world.origin.insert(&digest_key(1), digest("example-logs", &digest_key(1)));
        let ports = world.ports("dies");
        world.audit.fail_from(skip, if skip % 2 == 0 { Fault::Refused } else { Fault::AnswerLost });
        let died = ingest(&config(1), &ports, &Shutdown::default(), &Silent).is_err();
        deaths += u32::from(died);
        world.audit.heal();

        let next = world.ports_with("next", Duration::ZERO);
        ingest(&config(1), &next, &Shutdown::default(), &Silent).unwrap();
        let landed: Vec<String> = world.sources().into_iter().map(|row| row.key).collect();
        assert_eq!(landed.len(), 6, "after a failure {skip} operations into the run: {landed:?}");
        if !died {
            break;
        }
    }
    assert!(deaths > 10, "the run was killed {deaths} times");
}

#[test]
fn a_write_that_fails_once_gives_the_batch_up_cleanly() {
    for skip in 0..40 {
        let world = World::with_logs(5);
        let ports = world.ports("first");
        world.audit.fail_once(skip, Fault::Refused);
        if ingest(&config(1), &ports, &Shutdown::default(), &Silent).is_err() {
            world.run(&config(1)).unwrap();
        }
        world.assert_all_landed_once();
    }
}

#[test]
fn a_batch_ends_at_its_limit_of_objects() {
    let world = World::with_logs(25);
    let mut config = config(1);
    config.limits.objects = 10;
    let summary = world.run(&config).unwrap();
    assert_eq!((summary.landed, summary.batches), (25, 3));
    world.assert_all_landed_once();
}

#[test]
fn a_batch_ends_at_its_size_and_the_rest_goes_to_the_next() {
    let world = World::with_logs(25);
    let mut config = config(1);
    config.limits.encoded_bytes = 1;
    let summary = world.run(&config).unwrap();
    assert_eq!((summary.landed, summary.batches, summary.duplicates), (25, 25, 0));
    world.assert_all_landed_once();
}

/// Asks the run to stop once a number of objects is settled.
struct StopsAfter {
    shutdown: Shutdown,
    left: std::sync::atomic::AtomicI64,
}

impl Observer for StopsAfter {
    fn settled(&self, _object: Settled) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.shutdown.request();
        }
    }
}

#[test]
fn an_interrupted_run_lands_what_it_has_begun() {
    let world = World::with_logs(50);
    let shutdown = Shutdown::default();
    let observer = StopsAfter { shutdown: shutdown.clone(), left: 7.into() };
    let summary = ingest(&config(1), &world.ports("process"), &shutdown, &observer).unwrap();
    assert_eq!((summary.landed, summary.left, summary.interrupted), (7, 43, true));
    assert_eq!(world.sources().len(), 7);

    assert_eq!(world.run(&config(1)).unwrap().landed, 43);
    world.assert_all_landed_once();
}

#[test]
fn a_dry_run_writes_nothing_and_knows_what_has_landed() {
    let world = World::with_logs(4);
    let mut part = config(1);
    part.origin.prefix = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/".to_owned();
    world.run(&part).unwrap();
    let (before, ports) = (world.audit.objects(), world.ports("dry"));
    let plan = plan(&config(1).origin, &world.origin, Some(&ports.protocol), world.runtime(), &Silent).unwrap();
    assert_eq!((plan.objects, plan.landed_already, plan.to_land()), (4, 2, 2));
    assert_eq!(plan.days.keys().copied().collect::<Vec<_>>(), [20_260_115, 20_260_116]);
    assert_eq!((plan.accounts.len(), plan.regions.len()), (1, 1));
    assert_eq!(world.audit.objects(), before);
}
