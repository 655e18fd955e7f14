//! Messages that are refused, or more than can be remembered: none holds others up, and what is lost is told.

use std::sync::{PoisonError, atomic::Ordering};

use serde_json::json;

use super::world::World;
use crate::{Bounds, Settings};

fn heard_of(world: &World, name: &str) -> Vec<serde_json::Value> {
    world.heard().into_iter().filter(|body| body["name"] == name).collect()
}

#[test]
fn a_message_that_is_refused_holds_no_other_up() {
    let keys = World::new(|_| false).log_keys();
    let (poison, other) = (keys[3].clone(), keys[4].clone());
    let world = World::new(|key| key == poison || key == other);
    *world.ear.refuses.lock().unwrap_or_else(PoisonError::into_inner) = Some(poison.clone());
    let of = |key: &String| heard_of(&world, "missing_within_grace").iter().filter(|body| body["key"] == json!(key)).count();
    for _ in 0..8 {
        assert_eq!(world.round().failed, ["tell"]);
        assert_eq!((of(&other), of(&poison)), (2, 0), "the other one was opened and asked for, and is told so once");
        world.pass(60_000);
    }
    *world.ear.refuses.lock().unwrap_or_else(PoisonError::into_inner) = None;
    assert_eq!(world.round().outcome(), "done");
    assert_eq!((of(&other), of(&poison), heard_of(&world, "not_told").len()), (2, 2, 0), "with nothing else told it was waited for");
}

#[test]
fn more_messages_than_can_be_remembered_are_counted_and_the_count_is_told() {
    let world = World::new(|key| key.contains("/CloudTrail/") && key.contains("111122220001"));
    world.ear.deaf.store(true, Ordering::Relaxed);
    let bounds = Bounds { note_bytes: 8 << 10, ..Bounds::default() };
    let settings = || Settings { bounds, ..World::settings() };
    world.round_with(settings(), world.ports()).unwrap();
    world.ear.deaf.store(false, Ordering::Relaxed);
    world.pass(60_000);
    assert_eq!(world.round_with(settings(), world.ports()).unwrap().outcome(), "done");
    let heard = world.heard();
    let [lost] = &heard_of(&world, "not_told")[..] else { unreachable!("{heard:?}") };
    assert!(lost["count"].as_u64().unwrap() > 0 && heard.len() > 1, "{heard:?}");
    world.pass(60_000);
    world.round_with(settings(), world.ports()).unwrap();
    assert_eq!(heard_of(&world, "not_told").len(), 1, "once");
}
