//! Stores that fail, notes that somebody else wrote, leases that are lost: nothing is resolved that was not looked at, and nothing is lost.

use std::sync::atomic::Ordering;

use trailkeep_pipeline::{
    memory::Fault,
    ports::ledger::{Ledger as _, WorkerId},
};

use super::world::{HOUR_MS, World};

fn missing(world: &World) -> Vec<(String, &'static str)> {
    world.changes().into_iter().filter(|(name, _)| name == "missing_within_grace").collect()
}

fn with_one_missing() -> (World, String) {
    let chosen = World::new(|_| false).log_keys().swap_remove(3);
    (World::new(|key| key == chosen), chosen)
}

#[test]
fn an_archive_that_fails_at_any_call_resolves_nothing_and_loses_nothing() {
    let (world, _) = with_one_missing();
    world.round();
    let told = missing(&world);
    for skip in (0..60).step_by(3) {
        world.pass(60_000);
        world.audit.fail_once(skip, Fault::Refused);
        // Whatever came of it: the next round must know the finding as it was.
        let _ = world.round_with(World::settings(), world.ports());
        world.audit.heal();
        assert_eq!(missing(&world), told, "after a failure at call {skip}");
    }
    world.pass(60_000);
    let report = world.round();
    assert_eq!((report.outcome(), report.missing), ("done", 1));
    assert_eq!(missing(&world), told);
}

#[test]
fn what_could_not_be_told_is_told_by_the_next_round() {
    let (world, _) = with_one_missing();
    world.ear.deaf.store(true, Ordering::Relaxed);
    let report = world.round();
    assert_eq!(report.failed, ["tell"]);
    assert!(world.heard().is_empty());
    world.ear.deaf.store(false, Ordering::Relaxed);
    world.pass(60_000);
    assert_eq!(world.round().outcome(), "done");
    let states: Vec<_> =
        world.heard().into_iter().filter(|body| body["name"] == "missing_within_grace").map(|body| body["state"].clone()).collect();
    assert_eq!(states, ["opened", "healing"]);
    world.round();
    let told = world.heard().into_iter().filter(|body| body["name"] == "missing_within_grace").count();
    assert_eq!(told, 2, "and no more than once");
}

#[test]
fn notes_that_cannot_be_understood_count_as_lost_and_what_is_open_is_told_again() {
    let (world, _) = with_one_missing();
    world.round();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for body in [&b"{"[..], b"[]", b"{\"version\":1,\"content\":7}", b"\xff\xfe", b"{\"version\":1,\"content\":{\"accounts\":\"x\"}}"] {
        let note = runtime.block_on(world.ledger.note("auditor/state")).unwrap().unwrap();
        assert!(runtime.block_on(world.ledger.put_note("auditor/state", Some(note.version), body)).unwrap());
        world.pass(60_000);
        let report = world.round();
        assert_eq!((report.outcome(), report.missing), ("done", 1), "{}", String::from_utf8_lossy(body));
    }
    let note = runtime.block_on(world.ledger.note("auditor/state")).unwrap().unwrap();
    let newer = b"{\"version\":99,\"content\":{}}";
    assert!(runtime.block_on(world.ledger.put_note("auditor/state", Some(note.version), newer)).unwrap());
    assert!(world.round_with(World::settings(), world.ports()).is_err(), "a newer release's note is left alone");
}

#[test]
fn an_auditor_that_another_holds_off_says_so_and_does_nothing() {
    let (world, _) = with_one_missing();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(world.ledger.take_lease("auditor", &WorkerId::new("another", 0), None)).unwrap();
    let refused = world.round_with(World::short_lease(), world.ports()).unwrap_err();
    assert!(refused.to_string().contains("another/0"), "{refused}");
    assert!(world.rows().is_empty() && world.asked().is_empty());
    world.pass(HOUR_MS);
}
