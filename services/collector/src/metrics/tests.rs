//! The catalogue is in order, its page is up to date, every metric is used, and attributes stay few.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::{collections::BTreeMap, fs, path::Path};

use trailkeep_archive::Category;
use trailkeep_telemetry::{
    Kind, Meters,
    catalogue::{faults, table},
};

use super::{catalogue::CATALOGUE, *};

/// Everything that can happen, once.
fn everything(metrics: &CollectorMetrics) {
    metrics.received();
    metrics.message("s3_event");
    metrics.disposed("acknowledge");
    metrics.deleted();
    for outcome in ["landed", "duplicate", "revision", "ignored", "filtered", "object_missing", "object_too_large"] {
        metrics.delivery(outcome);
    }
    metrics.ignored("other_service");
    metrics.rejected("bucket_not_configured");
    metrics.retried("denied");
    metrics.held();
    metrics.landed(Some(12_500));
    metrics.landed(Some(-1));
    metrics.landed(None);
    metrics.bytes_in(600, 6_000);
    metrics.self_generated(2);
    metrics.batch_opened();
    metrics.batch_given_up("aborted");
    metrics.batch_lost();
    metrics.sealed(Duration::from_millis(200));
    let quarantined = BTreeMap::from([("object_missing".to_owned(), 3), ("Odd reason!".to_owned(), 1)]);
    let summary = IngestSummary { unreadable: 1, records_duplicate: 4, quarantined, ..IngestSummary::default() };
    metrics.published(
        &summary,
        &[landed(Category::Management, 70), landed(Category::Data, 30)],
        &[upload("events/a.parquet"), upload("sources/b")],
    );
    metrics.recovered(1, 2);
    metrics.unpublished(5);
    metrics.in_hand(17, 6_000, 90_000);
    metrics.renewed();
    metrics.receipt_lost();
    metrics.denied("get_object");
    metrics.breaker_open(true);
    metrics.stage_done("publish", "ok", Duration::from_millis(30));
    metrics.queue_call("receive", "ok");
    metrics.ledger_call("recover", "busy");
    metrics.announced(2, "ok");
}

fn landed(category: Category, records: u64) -> LandedObject {
    LandedObject {
        key: "events/a.parquet".to_owned(),
        category,
        event_day: 20_260_115,
        accounts: vec!["111122223333".to_owned()],
        account_count: 1,
        regions: Vec::new(),
        first_event_ms: None,
        last_event_ms: None,
        records,
        bytes: 9,
    }
}

fn upload(key: &str) -> StagedUpload {
    StagedUpload {
        key: key.to_owned(),
        upload_id: String::new(),
        parts: Vec::new(),
        size_bytes: 1_000,
        checksum: String::new(),
        retain_until_ms: None,
    }
}

fn text_after_everything() -> String {
    let meters = Meters::standalone();
    everything(&CollectorMetrics::new(&meters.meter(CollectorMetrics::SCOPE)));
    meters.prometheus_text()
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
fn attributes_are_the_declared_ones_only() {
    let text = text_after_everything();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, rest)) = line.split_once('{') else { continue };
        let declared = CATALOGUE.iter().find(|instrument| {
            name.starts_with(&instrument.prometheus_name())
                && ["", "_bucket", "_sum", "_count"].contains(&name.strip_prefix(instrument.prometheus_name().as_str()).unwrap())
        });
        let declared = declared.unwrap_or_else(|| panic!("{name} is not declared"));
        let labels = rest.split_once('}').unwrap().0;
        for label in labels.split(',').filter_map(|label| label.split_once('=')).map(|(label, _)| label) {
            let known = label == "le" || declared.attributes.iter().any(|attribute| attribute.replace('.', "_") == label);
            assert!(known, "{line}");
        }
    }
}

#[test]
fn what_happened_is_what_prometheus_shows() {
    let text = text_after_everything();
    for line in [
        "trailkeep_collector_records_total{category=\"management\"} 70",
        "trailkeep_collector_records_total{category=\"data\"} 30",
        "trailkeep_collector_duplicate_records_total 4",
        "trailkeep_collector_deliveries_total{outcome=\"landed\"} 4",
        "trailkeep_collector_deliveries_total{outcome=\"missing\"} 1",
        "trailkeep_collector_deliveries_total{error_type=\"bucket_not_configured\",outcome=\"rejected\"} 1",
        "trailkeep_collector_deliveries_total{error_type=\"denied\",outcome=\"retried\"} 1",
        "trailkeep_collector_quarantined_total{reason=\"object_missing\"} 3",
        "trailkeep_collector_quarantined_total{reason=\"other\"} 1",
        "trailkeep_collector_source_stored_bytes_total 600",
        "trailkeep_collector_archive_written_bytes_total{prefix=\"events\"} 1000",
        "trailkeep_collector_batches_total{event=\"aborted\"} 3",
        "trailkeep_collector_batches_total{event=\"rolled_forward\"} 1",
        "trailkeep_collector_unpublished_batches 5",
        "trailkeep_collector_self_generated_total 2",
        "trailkeep_collector_lag_seconds_bucket{le=\"10\"} 1",
        "trailkeep_collector_lag_seconds_bucket{le=\"30\"} 2",
        "trailkeep_collector_lag_seconds_count 2",
        "trailkeep_collector_queue_oldest_age_seconds 90",
        "trailkeep_collector_queue_in_flight 17",
        "trailkeep_collector_queue_in_flight_share 6000",
        "trailkeep_collector_queue_in_flight_limit 120000",
        "trailkeep_collector_breaker_open 1",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} is missing:\n{text}");
    }
}

#[test]
fn alarms_find_their_metrics_at_zero_before_anything_happens() {
    let meters = Meters::standalone();
    let _metrics = CollectorMetrics::new(&meters.meter(CollectorMetrics::SCOPE));
    let text = meters.prometheus_text();
    for line in [
        "trailkeep_collector_batches_total{event=\"lost\"} 0",
        "trailkeep_collector_unpublished_batches 0",
        "trailkeep_collector_breaker_open 0",
        "trailkeep_collector_queue_receipts_lost_total 0",
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
