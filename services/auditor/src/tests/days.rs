//! What verifying a day for its attestation finds is told like anything else, whether or not the attestation is signed; and what could not be read is
//! stated to be unknown.

use std::sync::Arc;

use trailkeep_attest::Signer;
use trailkeep_audit::attestation::{Envelope, Kind};
use trailkeep_synth::Scale;

use super::{
    attesting::{DAY_MS, Disabled, key},
    world::{HOUR_MS, World},
};
use crate::{Ports, RoundReport, Settings};

fn round(world: &World, signer: &Arc<dyn Signer>) -> RoundReport {
    let settings = Settings { sample: 1.0, ..World::settings() };
    world.round_with(settings, Ports { signer: Some(Arc::clone(signer)), ..world.ports() }).unwrap()
}

fn small() -> World {
    World::of(1, Scale::EventsPerHour(100), |_| false)
}

fn attestations(world: &World) -> Vec<Envelope> {
    let all = world.audit.objects().into_iter().filter(|(key, _)| key.starts_with("attest/day="));
    all.map(|(_, object)| Envelope::parse(&object.body).unwrap()).collect()
}

fn damaged(world: &World) -> Vec<&'static str> {
    world.changes().into_iter().filter(|(name, _)| name == "damaged").map(|(_, change)| change).collect()
}

/// Turns a bit in the middle of each raw segment: their sizes stay.
fn damage(world: &World) {
    for (key, object) in world.audit.objects() {
        if key.starts_with("raw/") && !key.ends_with(".json") && !key.ends_with(".parquet") {
            let mut body = object.body.to_vec();
            let middle = body.len() / 2;
            body[middle] ^= 1;
            world.audit.insert_with(&key, body, object.policy);
        }
    }
}

#[test]
fn bytes_that_are_not_what_landed_are_found_by_the_days_sample_and_told_though_nothing_can_be_signed() {
    let (world, signer) = (small(), key());
    round(&world, &signer);
    let whole: Vec<_> = world.audit.objects().into_iter().filter(|(key, _)| key.starts_with("raw/")).collect();
    damage(&world);
    world.pass(2 * DAY_MS);
    let refusing: Arc<dyn Signer> = Arc::new(Disabled(Arc::clone(&signer)));
    let report = round(&world, &refusing);
    assert_eq!(report.failed, ["attest"], "{report:?}");
    assert!(report.verification_failed > 0 && report.known().verification_failed == Some(report.verification_failed), "{report:?}");
    let told = damaged(&world);
    assert!(!told.is_empty() && told.iter().all(|change| *change == "opened"), "{:?}", world.changes());
    let row = world.rows().into_iter().find(|row| row.name == "damaged").unwrap();
    assert!(row.key.is_some() && row.account.is_some() && !row.reasons.is_empty(), "{row:?}");
    assert!(world.heard().iter().any(|body| body["name"] == "damaged"), "{:?}", world.heard());

    world.pass(HOUR_MS);
    let signed = round(&world, &signer);
    assert!(signed.attested > 0 && signed.failed.is_empty(), "{signed:?}");
    assert_eq!(damaged(&world), told, "told once");
    let first = attestations(&world).into_iter().next().unwrap().statement;
    assert_eq!(first.findings.counts.get("damaged"), Some(&(told.len() as u64)), "{:?}", first.findings);
    assert!(!first.is_complete() && first.sources.reread.intact < first.sources.reread.sources);

    // The final one reads the sample again: what is still damaged is not told again, and what was put right is resolved.
    for (key, object) in whole {
        world.audit.insert_with(&key, object.body, object.policy);
    }
    world.pass(31 * DAY_MS);
    round(&world, &signer);
    let settled = damaged(&world);
    assert_eq!(
        (settled.len(), settled.iter().filter(|change| **change == "resolved").count()),
        (2 * told.len(), told.len()),
        "{settled:?}"
    );
    let last = attestations(&world).into_iter().map(|envelope| envelope.statement).find(|statement| statement.kind == Kind::Final).unwrap();
    assert_eq!((last.sources.reread.sources, last.sources.reread.intact), (first.sources.reread.sources, first.sources.reread.sources));
    assert!(last.sources.reread.sources > 0 && !last.findings.counts.contains_key("damaged"), "{:?}", last.findings);
}

#[test]
fn provisional_and_final_attestations_of_a_small_day_each_say_that_some_of_it_was_read_again() {
    let (world, signer) = (small(), key());
    let settings = Settings { sample: 0.001, ..World::settings() };
    let round = || world.round_with(settings.clone(), Ports { signer: Some(Arc::clone(&signer)), ..world.ports() }).unwrap();
    round();
    world.pass(2 * DAY_MS);
    round();
    world.pass(31 * DAY_MS);
    round();
    let statements = attestations(&world).into_iter().map(|envelope| envelope.statement);
    let of_the_day = statements.filter(|statement| statement.day == "20260115".parse().unwrap());
    let told: Vec<_> = of_the_day.map(|statement| (statement.kind, statement.sources)).collect();
    assert_eq!(told.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [Kind::Provisional, Kind::Final]);
    for (_, sources) in &told {
        // A thousandth of so few files would be none of them: ten are read, or all.
        let (reread, verified) = (sources.reread, sources.outcomes.get("verified").copied().unwrap_or_default());
        assert!(verified > 0 && reread.sources >= verified.min(10) && reread.intact == reread.sources, "{sources:?}");
        assert!(reread.millionths > 1_000 && reread.seed.is_some(), "{reread:?}");
    }
    assert_eq!(told[0].1.reread, told[1].1.reread, "the same files, since nothing landed in between");
}

#[test]
fn what_the_archive_recorded_of_trails_and_cannot_be_read_is_tried_for_a_day_and_then_stated_to_be_unknown() {
    let (world, signer) = (small(), key());
    round(&world, &signer);
    let events: Vec<_> = world.audit.objects().into_iter().filter(|(key, _)| key.starts_with("events/")).collect();
    assert!(!events.is_empty());
    for (key, _) in &events {
        world.audit.insert(key, "not Parquet");
    }
    // 2026-01-17T01:00Z: the day is due for an hour.
    world.pass(2 * DAY_MS - 8 * HOUR_MS);
    let report = round(&world, &signer);
    assert_eq!((report.failed.as_slice(), report.attested, report.attestation_late_h), (["attest"].as_slice(), 0, Some(1)), "{report:?}");

    world.pass(23 * HOUR_MS);
    assert_eq!(round(&world, &signer).attested, 1, "it is late for a day, and what it says is worth more than nothing");
    let unknown = attestations(&world).remove(0).statement;
    assert_eq!((unknown.findings.counts.get("trails_unknown"), unknown.is_complete()), (Some(&1), false));

    for (key, object) in events {
        world.audit.insert_with(&key, object.body, object.policy);
    }
    world.pass(HOUR_MS);
    round(&world, &signer);
    let next = attestations(&world).remove(1).statement;
    assert_eq!(next.findings.counts.get("trails_unknown"), None, "all of it is read again");
}
