//! What somebody acknowledged is counted apart until it changes; what is no acknowledgement changes nothing.

use trailkeep_archive::{Acknowledgement, FindingRow, acknowledgement_key};
use trailkeep_pipeline::memory::Fault;

use super::world::{HOUR_MS, World};

const DAY_MS: i64 = 24 * HOUR_MS;

/// A trail of which one file is missing, after a round that found it.
fn missing() -> (World, String) {
    let chosen = World::new(|_| false).log_keys().swap_remove(3);
    let world = World::new(|key| key == chosen);
    world.logs.remove(&chosen);
    assert_eq!(world.round().missing, 1);
    (world, chosen)
}

fn rows(world: &World) -> Vec<FindingRow> {
    world.rows().into_iter().filter(|row| matches!(row.name.as_str(), "missing" | "missing_within_grace")).collect()
}

fn newest(world: &World) -> FindingRow {
    rows(world).pop().unwrap()
}

fn states(world: &World) -> Vec<&'static str> {
    rows(world).iter().map(|row| row.change.as_str()).collect()
}

/// Says of a finding as its newest row has it, with a member of its own.
fn say(world: &World, row: &FindingRow, as_of_ms: i64) -> String {
    let said = Acknowledgement::new(&row.id, as_of_ms, "deleted by the log bucket's rule", Some("ops")).unwrap();
    let key = acknowledgement_key(&row.id, world.now_ms(), world.rows().len() as u64);
    world.audit.insert(&key, said.to_json().unwrap());
    key
}

#[test]
fn an_acknowledged_finding_is_told_once_with_who_and_why_and_counted_apart() {
    let (world, _) = missing();
    let open = world.round().findings_open;
    world.pass(60_000);
    let key = say(&world, &newest(&world), newest(&world).at);
    let report = world.round();
    assert_eq!((report.outcome(), report.missing, report.findings_acknowledged), ("done", 0, 1), "{report:?}");
    assert_eq!(report.findings_open, open - 1, "the others are open");
    let row = newest(&world);
    assert_eq!(row.change.as_str(), "acknowledged");
    let told = |name: &str| row.evidence.get(name).map(String::as_str);
    assert_eq!(told("acknowledged_because"), Some("deleted by the log bucket's rule"));
    assert_eq!((told("acknowledged_by"), told("acknowledgement")), (Some("ops"), Some(key.as_str())));
    assert!(world.heard().iter().any(|body| body["state"] == "acknowledged" && body["evidence"]["acknowledged_by"] == "ops"));

    let before = rows(&world).len();
    world.pass(2 * DAY_MS);
    let report = world.round();
    assert_eq!((report.missing, report.findings_acknowledged), (0, 1), "{report:?}");
    let further: Vec<_> = states(&world).split_off(before);
    assert!(further.iter().all(|state| *state == "healing"), "looking for it goes on, and it is acknowledged once: {further:?}");
}

#[test]
fn what_was_acknowledged_and_becomes_final_is_open_again_until_that_is_acknowledged() {
    let (world, _) = missing();
    world.pass(60_000);
    let stale = newest(&world).at;
    say(&world, &newest(&world), stale);
    assert_eq!(world.round().findings_acknowledged, 1);
    world.pass(32 * DAY_MS);
    let report = world.round();
    assert_eq!((report.missing, report.findings_acknowledged), (1, 0), "{report:?}");
    let failed = report.verification_failed;
    let opened = newest_opened(&world);
    assert_eq!((opened.name.as_str(), opened.provisional), ("missing", false));
    world.pass(60_000);
    say(&world, &opened, stale);
    assert_eq!(world.round().findings_acknowledged, 0, "what was said before is not of this");
    world.pass(60_000);
    say(&world, &opened, opened.at);
    let report = world.round();
    // One is acknowledged, and another was found since: the trail has ended, so that nothing is left to verify.
    assert!(rows_named(&world, "nothing_to_verify").len() == 1, "{report:?}");
    assert_eq!((report.missing, report.verification_failed, report.findings_acknowledged), (0, failed, 1), "{report:?}");
}

fn newest_opened(world: &World) -> FindingRow {
    rows(world).into_iter().rfind(|row| row.change.as_str() == "opened").unwrap()
}

#[test]
fn an_acknowledged_finding_that_heals_is_healed() {
    let chosen = World::new(|_| false).log_keys().swap_remove(3);
    let world = World::new(|key| key == chosen);
    world.round();
    world.pass(60_000);
    say(&world, &newest(&world), newest(&world).at);
    assert_eq!(world.round().findings_acknowledged, 1);
    world.announce(&chosen);
    world.land();
    world.pass(HOUR_MS);
    let report = world.round();
    assert_eq!((report.findings_acknowledged, report.healed), (0, 1), "{report:?}");
    assert_eq!(newest(&world).change.as_str(), "healed");
}

#[test]
fn what_is_no_acknowledgement_of_the_finding_as_it_is_changes_nothing() {
    let (world, _) = missing();
    world.pass(60_000);
    let row = newest(&world);
    let other = "0".repeat(32);
    let valid = Acknowledgement::new(&row.id, row.at, "known", None).unwrap().to_json().unwrap();
    let of_another = Acknowledgement::new(&other, row.at, "known", None).unwrap().to_json().unwrap();
    let before = Acknowledgement::new(&row.id, row.at - DAY_MS, "known", None).unwrap().to_json().unwrap();
    let ahead = Acknowledgement::new(&row.id, i64::MAX, "known", None).unwrap().to_json().unwrap();
    let others = [valid.replace("known", " "), valid.replace(":1,", ":9,"), "x".repeat(1 << 20)];
    let bodies = ["", "{}", "\u{0}"].map(str::to_owned).into_iter().chain([of_another, before, ahead]).chain(others);
    for body in bodies {
        let key = acknowledgement_key(&row.id, world.now_ms(), 1);
        world.audit.insert(&key, body.clone());
        world.audit.insert(&format!("acknowledged/{}/latest.json", row.id), valid.clone());
        world.audit.insert("acknowledged/x", valid.clone());
        let report = world.round();
        assert_eq!(
            (report.outcome(), report.missing, report.findings_acknowledged),
            ("done", 1, 0),
            "{}",
            body.chars().take(200).collect::<String>()
        );
        world.pass(60_000);
    }
    assert!(!states(&world).contains(&"acknowledged"));
    // What somebody wrote over it hides none that was written before.
    say(&world, &row, row.at);
    world.pass(1);
    world.audit.insert(&acknowledgement_key(&row.id, world.now_ms(), 1), "{}");
    assert_eq!(world.round().findings_acknowledged, 1);
}

#[test]
fn acknowledgements_that_cannot_be_read_fail_their_step_alone() {
    let (world, _) = missing();
    world.pass(60_000);
    for skip in 0..200 {
        world.audit.fail_once(skip, Fault::Refused);
        let failed = world.round_with(World::settings(), world.ports()).map(|report| report.failed);
        world.audit.heal();
        world.pass(60_000);
        if failed.is_ok_and(|failed| failed == ["acknowledge"]) {
            say(&world, &newest(&world), newest(&world).at);
            assert_eq!(world.round().findings_acknowledged, 1, "the next round takes it up");
            return;
        }
    }
    unreachable!("no call of the step failed");
}

fn rows_named(world: &World, name: &str) -> Vec<FindingRow> {
    world.rows().into_iter().filter(|row| row.name == name).collect()
}
