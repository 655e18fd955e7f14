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
