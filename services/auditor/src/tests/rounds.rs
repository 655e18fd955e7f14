//! What rounds find, heal and tell.

use serde_json::json;

use super::world::{HOUR_MS, World};
use crate::{Bounds, Settings};

/// Changes by name, but those of coverage: who is expected where there is no roster is not for these tests.
fn changes(world: &World) -> Vec<(String, &'static str)> {
    world.changes().into_iter().filter(|(name, _)| name != "gap").collect()
}

fn change(name: &str, change: &'static str) -> (String, &'static str) {
    (name.to_owned(), change)
}

#[test]
fn a_whole_trail_has_no_findings_of_verification_and_its_marks_are_kept() {
    let world = World::new(|_| false);
    let report = world.round();
    assert_eq!((report.outcome(), report.verification_failed, report.missing), ("done", 0, 0), "{report:?} {:?}", world.rows());
    assert!(report.digests_verified > 0 && report.files_verified > 0);
    assert_eq!(changes(&world), []);
    assert!(world.asked().is_empty());
    let kept: Vec<String> = world.audit.objects().into_keys().filter(|key| key.starts_with("keys/")).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let next = world.round();
    assert_eq!((next.outcome(), next.verification_failed), ("done", 0));
    assert!(next.digests_verified < report.digests_verified, "the second round goes on from the marks");
}

#[test]
fn a_missing_file_is_asked_for_and_healed_once_it_landed_as_it_was_signed() {
    let chosen = World::new(|_| false).log_keys().swap_remove(3);
    let world = World::new(|key| key == chosen);
    let report = world.round();
    assert_eq!((report.missing, report.heal_sent), (1, 1), "{report:?}");
    assert_eq!(changes(&world), [change("missing_within_grace", "opened"), change("missing_within_grace", "healing")]);
    assert_eq!(world.asked(), std::slice::from_ref(&chosen));
    let row = world.rows().into_iter().find(|row| row.name == "missing_within_grace").unwrap();
    assert_eq!(row.key.as_deref(), Some(chosen.as_str()));
    assert!(row.evidence.contains_key("listed_sha256") && row.evidence.contains_key("listed_by"), "{row:?}");
    let healing = world.rows().into_iter().find(|row| row.name == "missing_within_grace" && row.change.as_str() == "healing").unwrap();
    assert_eq!((healing.attempts, healing.evidence.get("at_source").map(String::as_str)), (1, Some("there")));

    world.pass(HOUR_MS / 2);
    assert_eq!(world.round().heal_sent, 0, "it is not asked for again within the hour");
    world.announce(&chosen);
    world.land();
    world.pass(HOUR_MS / 2);
    let healed = world.round();
    assert_eq!((healed.missing, healed.healed), (0, 1), "{healed:?}");
    assert!(changes(&world).contains(&change("missing_within_grace", "healed")), "{:?}", changes(&world));
    let told: Vec<_> = world.heard().into_iter().filter(|body| body["name"] == "missing_within_grace").collect();
    assert_eq!(told.iter().map(|body| body["state"].clone()).collect::<Vec<_>>(), [json!("opened"), json!("healing"), json!("healed")]);
    assert!(told.iter().all(|body| body["id"] == told[0]["id"]), "one finding, one id");
}

#[test]
fn a_missing_file_that_lands_with_other_bytes_is_altered_and_not_healed() {
    let keys = World::new(|_| false).log_keys();
    let (chosen, like) = (keys[3].clone(), keys[4].clone());
    let world = World::new(|key| key == chosen);
    assert_eq!(world.round().missing, 1);
    assert_eq!(world.asked(), std::slice::from_ref(&chosen));
    world.forge(&like, &chosen);
    world.land();
    // What lies before the window is looked at once a day.
    world.pass(25 * HOUR_MS);
    let report = world.round();
    assert_eq!((report.missing, report.healed), (0, 0), "{report:?}");
    let changes = changes(&world);
    assert!(changes.contains(&change("altered", "opened")) && changes.contains(&change("missing_within_grace", "resolved")), "{changes:?}");
    assert!(!changes.iter().any(|(_, state)| *state == "healed"), "{changes:?}");
}

#[test]
fn a_clock_that_was_a_year_ahead_for_one_round_holds_nothing_up() {
    const YEAR_MS: i64 = 365 * 24 * HOUR_MS;
    let chosen = World::new(|_| false).log_keys().swap_remove(3);
    let world = World::new(|_| false);
    world.pass(YEAR_MS);
    world.round();
    world.pass(-YEAR_MS);
    let before = world.asked().len();
    let report = world.round();
    assert_eq!((report.outcome(), report.verification_failed, before), ("done", 1, 0), "{report:?}");
    // The keys that it kept then bear a name that none has yet: that is told, and the others serve.
    let refused: Vec<_> = world.rows().into_iter().filter(|row| row.name == "kept_keys_refused").collect();
    assert!(refused.len() == 1 && refused[0].reasons == ["name_from_the_future"], "{refused:?}");
    let open: Vec<_> = world.rows().into_iter().filter(|row| row.since.is_some_and(|since| since > world.now_ms())).collect();
    let (opened, resolved): (Vec<_>, Vec<_>) = open.iter().partition(|row| row.change.as_str() == "opened");
    assert!(!opened.is_empty() && opened.len() == resolved.len(), "what was found in the future is resolved: {open:?}");
    let world = World::new(|key| key == chosen);
    world.pass(YEAR_MS);
    world.round();
    world.pass(-YEAR_MS);
    world.asked();
    assert_eq!(world.round().heal_sent, 1, "it is asked for again: a time in the future is no reason to wait");
}

#[test]
fn what_is_gone_at_the_source_is_not_asked_for_and_given_up_after_five_looks() {
    let chosen = World::new(|_| false).log_keys().swap_remove(3);
    let world = World::new(|key| key == chosen);
    world.logs.remove(&chosen);
    for _ in 0..40 {
        world.round();
        world.pass(HOUR_MS);
    }
    assert_eq!(world.asked(), Vec::<String>::new());
    let row = world.rows().into_iter().rfind(|row| row.name == "missing_within_grace").unwrap();
    assert_eq!((row.attempts, row.change.as_str()), (5, "healing"));
    assert_eq!(row.evidence.get("at_source").map(String::as_str), Some("not_there"));
    assert_eq!(row.evidence.get("given_up").map(String::as_str), Some("true"));
}

#[test]
fn a_forged_file_is_found_and_nothing_is_asked_for() {
    let world = World::new(|_| false);
    let like = world.log_keys().swap_remove(3);
    let forged = format!("{}FORGEDFORGEDFORG.json.gz", like.trim_end_matches(".json.gz").rsplit_once('_').unwrap().0.to_owned() + "_");
    world.forge(&like, &forged);
    world.land();
    let report = world.round();
    assert_eq!(report.heal_sent, 0);
    let names: Vec<String> = changes(&world).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["unlisted_within_grace"], "{:?}", world.rows());
}

#[test]
fn a_digest_that_was_taken_out_is_asked_for_by_the_name_that_the_next_one_signs() {
    let world = World::new(|_| false);
    let is_digest = |key: &String| key.contains("/CloudTrail-Digest/") && key.contains("111122220001") && !key.contains("backfill");
    let chosen = world.logs.objects().into_keys().filter(is_digest).nth(2).unwrap();
    let world = World::new(|key| key == chosen);
    let report = world.round();
    assert!(report.heal_sent >= 1 && world.asked().contains(&chosen), "{report:?}");
    assert!(changes(&world).contains(&change("missing_digests", "opened")), "{:?}", changes(&world));
    world.announce(&chosen);
    world.land();
    world.pass(25 * HOUR_MS);
    world.round();
    assert!(changes(&world).contains(&change("missing_digests", "healed")), "{:?}", changes(&world));
}

#[test]
fn what_was_found_from_the_beginning_on_and_has_no_time_of_its_own_is_resolved_once_it_is_gone() {
    let digests = |world: &World| -> Vec<String> {
        let is_digest = |key: &String| key.contains("/CloudTrail-Digest/") && key.contains("111122220001") && !key.contains("backfill");
        world.logs.objects().into_keys().filter(is_digest).collect()
    };
    let chosen = digests(&World::new(|_| false)).swap_remove(2);
    let world = World::new(|key| key == chosen);
    world.round();
    assert!(changes(&world).contains(&change("no_digest", "opened")), "{:?}", changes(&world));
    world.announce(&chosen);
    world.land();
    world.pass(60_000);
    world.round();
    assert!(!changes(&world).contains(&change("no_digest", "resolved")), "what lies before the window is not looked at every hour");
    world.pass(25 * HOUR_MS);
    world.round();
    assert!(changes(&world).contains(&change("no_digest", "resolved")), "{:?}", changes(&world));
    assert!(!world.rows().iter().any(|row| row.reasons == ["not_begun"]), "where a window begins is no finding: {:?}", world.rows());
}

#[test]
fn a_round_asks_for_no_more_than_it_may_and_the_next_ones_for_the_rest() {
    let world = World::new(|key| key.contains("/CloudTrail/") && key.contains("111122220001"));
    let bounds = Bounds { notifications: 3, messages_per_name: 2, ..Bounds::default() };
    let settings = || Settings { bounds, ..World::settings() };
    let report = world.round_with(settings(), world.ports()).unwrap();
    assert!(report.missing > 3, "{report:?}");
    assert_eq!(report.heal_sent, 3);
    assert_eq!(world.asked().len(), 3);
    let summaries: Vec<_> = world.heard().into_iter().filter(|body| body["summary"] == json!(true)).collect();
    assert!(
        summaries.iter().any(|body| body["name"] == "missing_within_grace" && body["count"] == json!(report.missing)),
        "{summaries:#?}"
    );
    world.pass(60_000);
    assert_eq!(world.round_with(settings(), world.ports()).unwrap().heal_sent, 3, "others");
}

#[test]
fn what_there_is_no_room_to_remember_is_counted_and_asked_for() {
    let world = World::new(|key| key.contains("/CloudTrail/") && key.contains("111122220001"));
    let bounds = Bounds { note_bytes: 16 << 10, ..Bounds::default() };
    let report = world.round_with(Settings { bounds, ..World::settings() }, world.ports()).unwrap();
    assert!(report.beyond > 0, "{report:?}");
    assert_eq!(report.heal_sent, world.asked().len() as u64);
    assert!(changes(&world).contains(&change("more_findings", "opened")));
}
