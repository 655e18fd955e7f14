//! Notes that fill up over days: a round never fails for it, and what does not fit is counted.

use trailkeep_pipeline::ports::ledger::{Ledger as _, MAX_NOTE_BYTES};
use trailkeep_synth::Scale;

use super::world::{HOUR_MS, World};
use crate::{Bounds, Settings};

const ROUNDS: usize = 45;

#[test]
fn an_account_with_more_missing_files_than_a_note_holds_is_looked_at_for_days() {
    let world = World::of(1, Scale::TinyObjects(1_000), |key| key.contains("/CloudTrail/"));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut largest, mut given_up) = (0, 0);
    for round in 0..ROUNDS {
        let report = world.round();
        assert_eq!(report.outcome(), "done", "round {round}: {report:?}");
        assert!(round > 0 || (report.beyond > 0 && report.missing + report.beyond == report.heal_sent), "{report:?}");
        let note = runtime.block_on(world.ledger.note("auditor/account/111122220001")).unwrap().unwrap();
        assert!(note.body.len() <= MAX_NOTE_BYTES, "round {round}: {} bytes", note.body.len());
        largest = largest.max(note.body.len());
        world.asked();
        world.pass(HOUR_MS);
    }
    for row in world.rows() {
        given_up += u64::from(row.evidence.contains_key("given_up"));
    }
    // What findings may still grow by is kept free.
    assert!(largest > 280 << 10, "the note was full: {largest} bytes");
    assert!(given_up > 200, "asked for five times each, and given up: {given_up}");
}

#[test]
fn findings_that_a_verification_does_not_name_are_counted_and_nothing_is_resolved() {
    let world = World::new(|key| key.contains("/CloudTrail/") && key.contains("111122220001"));
    let all = world.round();
    assert!(all.missing > 3, "{all:?}");
    let few = || Settings { bounds: Bounds { findings: 1, ..Bounds::default() }, ..World::settings() };
    world.pass(60_000);
    let report = world.round_with(few(), world.ports()).unwrap();
    assert_eq!((report.outcome(), report.missing, report.resolved, report.healed), ("done", all.missing, 0, 0), "{report:?}");
    assert!(report.beyond > 0, "{report:?}");
    let told: Vec<_> = world.rows().into_iter().filter(|row| row.name == "more_findings").collect();
    let [told] = &told[..] else { unreachable!("{told:?}") };
    assert_eq!((told.change.as_str(), told.account.as_deref(), told.how_many), ("opened", None, Some(report.beyond)));

    world.pass(25 * HOUR_MS);
    let whole = world.round();
    assert_eq!((whole.outcome(), whole.beyond, whole.missing), ("done", 0, all.missing), "{whole:?}");
    let last = world.rows().into_iter().rfind(|row| row.name == "more_findings").unwrap();
    assert_eq!(last.change.as_str(), "resolved", "all of it was looked at");
}
