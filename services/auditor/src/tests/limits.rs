//! Everything is missing at once: a round stays within its bounds, and what does not fit is counted.

use std::collections::BTreeSet;

use serde_json::json;
use trailkeep_pipeline::ports::ledger::{Ledger as _, MAX_NOTE_BYTES};
use trailkeep_synth::Scale;

use super::world::World;
use crate::Bounds;

const MISSING: usize = 20_000;

#[test]
fn twenty_thousand_missing_files_fit_into_a_note_a_message_and_ten_thousand_notifications() {
    let world = World::of(1, Scale::TinyObjects(MISSING as u32), |key| key.contains("/CloudTrail/"));
    let all = world.log_keys().len();
    assert!(all > 15_000, "{all} log files");
    let report = world.round();
    assert_eq!(report.outcome(), "done", "{report:?}");
    let bounds = Bounds::default();

    let asked = world.asked();
    assert_eq!((report.heal_sent as usize, asked.len()), (bounds.notifications, bounds.notifications));
    assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), asked.len(), "none twice");

    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for name in ["auditor/state", "auditor/account/111122220001"] {
        let note = runtime.block_on(world.ledger.note(name)).unwrap().unwrap();
        assert!(note.body.len() <= MAX_NOTE_BYTES, "{name}: {} bytes", note.body.len());
    }

    let opened =
        |name: &str| world.rows().into_iter().filter(|row| row.name == name && row.change.as_str() == "opened").collect::<Vec<_>>();
    let told = opened("missing_within_grace").len();
    assert!(told > bounds.messages_per_name, "{told}");
    // Those of the newest Digest lie after what a round looks at.
    let found = told + report.beyond as usize;
    assert!(found > all * 9 / 10 && found <= all, "what is not remembered is counted: {found} of {all}");
    // What the note has no room for is the account's, what no verification names one by one is nobody's.
    assert_eq!(opened("more_findings").iter().filter_map(|row| row.how_many).sum::<u64>(), report.beyond);

    let is_missing = |body: &serde_json::Value| body["name"] == "missing_within_grace" && body["state"] == "opened";
    let heard: Vec<_> = world.heard().into_iter().filter(is_missing).collect();
    assert_eq!(heard.len(), 1, "one message for all of them");
    assert_eq!((&heard[0]["summary"], &heard[0]["count"]), (&json!(true), &json!(told)));

    world.pass(60_000);
    let next = world.round();
    assert_eq!((next.outcome(), next.findings_opened), ("done", 0), "nothing is told twice: {next:?}");
}
