//! What goes wrong is said in words that help.

use std::sync::Arc;

use trailkeep_archive::layout::ARCHIVE_JSON;
use trailkeep_pipeline::memory::MemoryBucket;
use trailkeep_query::{Engine, EngineConfig, QueryError};

use crate::archives::{ask, empty, engine, five_days};

async fn refusal(sql: &str) -> String {
    engine(five_days()).await.query(sql).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn near_names_are_told() {
    assert_eq!(refusal("SELECT evntname FROM cloudtrail").await, "no column \"evntname\"; did you mean eventname?");
    assert_eq!(refusal("SELECT 1 FROM cloudtrial").await, "no table \"cloudtrial\"; did you mean cloudtrail?");
    let field = refusal("SELECT useridentity.accesskey FROM cloudtrail").await;
    assert!(field.contains("accesskey"), "{field}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_sql_shows_the_place() {
    let shown = refusal("SELECT eventname FROM cloudtrail WHER eventname = 'x'").await;
    assert!(shown.contains('^'), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_archive_is_said_so() {
    let opened = Engine::open(Arc::new(MemoryBucket::new()), EngineConfig::default()).await;
    assert!(matches!(opened, Err(QueryError::NoArchive { .. })));
    let newer = MemoryBucket::new();
    newer.insert(ARCHIVE_JSON, r#"{"format": 99}"#);
    let error = Engine::open(Arc::new(newer), EngineConfig::default()).await.unwrap_err();
    assert!(error.to_string().contains("newer"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_in_which_nothing_landed_has_no_rows() {
    let engine = engine(empty()).await;
    for table in ["events", "cloudtrail", "security_lake_v1", "sources", "quarantine"] {
        assert_eq!(ask(&engine, &format!("SELECT * FROM {table}")).await.0.len(), 0, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_acceptance_query_is_understood() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/queries");
    let engine = engine(five_days()).await;
    let mut understood = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let ours = text.split("-- duckdb:").next().unwrap();
        let ours = ours
            .replace("{until}", "2026-01-05 12:00:00")
            .replace("{access_key}", "AKIAEXAMPLE000000001")
            .replace("{account}", "111122223333");
        let ours = ours.replace("{address}", "203.0.113.3").replace("{first}", "20260101").replace("{last}", "20260105");
        ask(&engine, &ours).await;
        understood += 1;
    }
    assert_eq!(understood, 22);
}
