//! Everything is missing at once: a round stays within its bounds, and what does not fit is counted.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::json;
use trailkeep_pipeline::ports::ledger::{Ledger as _, MAX_NOTE_BYTES};
use trailkeep_synth::Scale;

use super::{
    attesting::{DAY_MS, key},
    world::World,
};
use crate::{Bounds, Ports, Settings};

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

/// Turns bits all over each raw segment, so that no source in it is what landed; their sizes stay.
fn damage(world: &World) {
    for (key, object) in world.audit.objects() {
        if key.starts_with("raw/") && !key.ends_with(".json") && !key.ends_with(".parquet") && !key.ends_with(".idx") {
            let mut body = object.body.to_vec();
            body.iter_mut().step_by(64).for_each(|byte| *byte ^= 1);
            world.audit.insert_with(&key, body, object.policy);
        }
    }
}

#[test]
fn what_a_days_attestation_finds_fits_into_a_note_too_and_what_does_not_is_told_to_be_more() {
    // The room that findings are given by default, and one that is larger than the ledger takes: then the note has to be made to fit.
    for note_bytes in [Bounds::default().note_bytes, 4 << 20] {
        let world = World::of(1, Scale::TinyObjects(2_000), |_| false);
        let settings = |sample: f64| {
            let bounds = Bounds { note_bytes, ..Bounds::default() };
            Settings { sample, bounds, ..World::settings() }
        };
        let signer = key();
        let round = |sample: f64| world.round_with(settings(sample), Ports { signer: Some(Arc::clone(&signer)), ..world.ports() }).unwrap();
        assert_eq!(round(1.0).verification_failed, 0);
        damage(&world);
        world.pass(2 * DAY_MS);
        let report = round(1.0);
        assert_eq!(report.outcome(), "done", "no note is too large: {report:?}");
        assert!(report.attested > 0, "{report:?}");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let note = runtime.block_on(world.ledger.note("auditor/account/111122220001")).unwrap().unwrap();
        assert!((200 << 10..=MAX_NOTE_BYTES).contains(&note.body.len()), "{} bytes", note.body.len());

        let all = world.log_keys().len() as u64;
        let more = world.rows().into_iter().rfind(|row| row.name == "more_findings").unwrap();
        assert_eq!((more.change.as_str(), more.account.as_deref()), ("opened", Some("111122220001")));
        assert!(more.reasons.contains(&"damaged".to_owned()), "{:?}", more.reasons);
        assert_eq!(more.how_many, Some(report.beyond), "{report:?}");
        let remembered = report.verification_failed;
        assert!(remembered > 100 && report.beyond > 500, "{report:?}");
        assert!((remembered + report.beyond) * 10 > all * 9, "all are told, one by one or as a number: {report:?} of {all}");

        world.pass(3 * 60_000);
        assert_eq!(round(1.0).outcome(), "done", "the next round reads what was kept");
    }
}
