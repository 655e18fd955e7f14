//! The catalogue is in order, its page is up to date, every metric is used, and attributes stay few.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::{fs, path::Path};

use trailkeep_telemetry::{
    Kind, Meters,
    catalogue::{faults, table},
};

use super::{catalogue::CATALOGUE, *};
use crate::{finding::Found, lifecycle::Open};

/// Everything that can happen, once.
fn text_after_everything() -> String {
    let meters = Meters::standalone();
    let metrics = AuditorMetrics::new(&meters.meter(AuditorMetrics::SCOPE));
    metrics.leads(true);
    metrics.step_failed("heal");
    metrics.attested("final");
    metrics.changed(&[change("missing", State::Opened), change("With Spaces", State::Healed)]);
    metrics.aborted(&RoundReport::default(), 1.0);
    let report = RoundReport {
        verified: true,
        counted: true,
        findings_open: 3,
        roster_age_h: Some(4),
        attestation_late_h: Some(0),
        heal_sent: 7,
        missing: 2,
        ..RoundReport::default()
    };
    metrics.round(&report, 2.0);
    meters.prometheus_text()
}

fn change(name: &str, state: State) -> Change {
    let found = Found { name: name.to_owned(), ..Found::default() };
    let open = Open::new(found.id(), found, 0);
    Change { state, at_ms: 0, open }
}

#[test]
fn the_catalogue_is_in_order_and_each_metric_comes_out_under_its_name_and_kind() {
    assert_eq!(faults(CATALOGUE), Vec::<String>::new());
    let text = text_after_everything();
    for instrument in CATALOGUE {
        let kind = match instrument.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let line = format!("# TYPE {} {kind}\n", instrument.prometheus_name());
        assert!(text.contains(&line), "{} is declared and nothing sets it:\n{text}", instrument.name);
    }
    assert_eq!(text.matches("# TYPE ").count(), CATALOGUE.len(), "something is set that is not declared");
}

#[test]
fn what_happened_is_what_prometheus_shows() {
    let text = text_after_everything();
    for line in [
        "trailkeep_auditor_findings_changes_total{change=\"opened\",name=\"missing\"} 1",
        "trailkeep_auditor_findings_changes_total{change=\"healed\",name=\"other\"} 1",
        "trailkeep_auditor_rounds_total{outcome=\"done\"} 1",
        "trailkeep_auditor_rounds_total{outcome=\"failed\"} 0",
        "trailkeep_auditor_findings_open 3",
        "trailkeep_auditor_leader 1",
        "trailkeep_auditor_heal_sent_total 7",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} is missing:\n{text}");
    }
}

#[test]
fn the_page_of_metrics_shows_the_catalogue() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/metrics.md");
    let text = fs::read_to_string(&page).unwrap();
    let table = table(CATALOGUE);
    assert!(text.contains(&table), "docs/metrics.md is out of date; its table must read:\n{table}");
}
