//! What the auditor found, and how it stands.

use serde_json::json;
use trailkeep_archive::{FindingChange, FindingRow, Severity, layout::findings_key, write_findings};
use trailkeep_pipeline::memory::MemoryBucket;

use crate::archives::{ask, empty, engine, value};

const DAY_MS: i64 = 86_400_000;
const JANUARY_MS: i64 = 1_767_225_600_000;

fn change(id: &str, at: i64, change: FindingChange) -> FindingRow {
    FindingRow {
        id: id.repeat(32),
        at,
        change,
        name: "missing_log_file".to_owned(),
        severity: Severity::High,
        provisional: false,
        organization: Some("o-exampleorg1".to_owned()),
        account: Some("111122223333".to_owned()),
        region: Some("eu-west-1".to_owned()),
        trail: None,
        bucket: Some("logs".to_owned()),
        key: Some("k".to_owned()),
        since: None,
        until: None,
        how_many: Some(1),
        reasons: vec!["listed".to_owned()],
        detail: "a Digest lists it and it did not land".to_owned(),
        evidence: [("digest".to_owned(), "d".to_owned())].into(),
        first_seen: JANUARY_MS,
        attempts: 0,
        last_attempt: None,
        round: "r".to_owned(),
    }
}

fn round(bucket: &MemoryBucket, at: i64, n: u64, changes: &[(&str, FindingChange)]) {
    let rows: Vec<FindingRow> = changes.iter().map(|(id, what)| change(id, at, *what)).collect();
    bucket.insert(&findings_key(at, n), write_findings(&rows).unwrap());
}

/// Three days: a is opened, healed and opened again; b is opened and resolved; c is opened and asked for; d is told twice by a round that was done again.
fn three_days() -> MemoryBucket {
    use FindingChange::{Healed, Healing, Opened, Reopened, Resolved};
    let bucket = empty();
    round(&bucket, JANUARY_MS, 1, &[("a", Opened), ("b", Opened), ("c", Opened)]);
    round(&bucket, JANUARY_MS + DAY_MS, 2, &[("a", Healed), ("b", Resolved), ("c", Healing), ("d", Opened)]);
    round(&bucket, JANUARY_MS + DAY_MS, 3, &[("d", Opened)]);
    round(&bucket, JANUARY_MS + 2 * DAY_MS, 4, &[("a", Reopened), ("d", Resolved), ("e", Opened), ("e", Resolved)]);
    bucket
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_is_open_until_its_latest_change_settles_it() {
    let engine = engine(three_days()).await;
    let sql = "SELECT substr(id, 1, 1) AS id, change, day FROM open_findings ORDER BY id";
    let expected = vec![
        json!({"id": "a", "change": "reopened", "day": "20260103"}),
        json!({"id": "c", "change": "healing", "day": "20260102"}),
        // Of two changes of one time the one that leaves it open counts.
        json!({"id": "e", "change": "opened", "day": "20260103"}),
    ];
    assert_eq!(ask(&engine, sql).await.0, expected);
    let by_account = "SELECT account, severity, count(*) AS open FROM open_findings GROUP BY 1, 2";
    assert_eq!(ask(&engine, by_account).await.0, vec![json!({"account": "111122223333", "severity": "high", "open": 3})]);
    // What is asked of the day is asked of the latest change, and hides no earlier or later one.
    assert_eq!(value(&engine, "SELECT count(*) FROM open_findings WHERE day = '20260101'").await, json!(0));
    assert_eq!(value(&engine, "SELECT evidence['digest'] FROM open_findings WHERE id LIKE 'a%'").await, json!("d"));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_read_by_day() {
    let engine = engine(three_days()).await;
    let (rows, io) = ask(&engine, "SELECT count(*) AS n FROM findings WHERE day >= '20260103'").await;
    assert_eq!((rows, io.files_listed, io.files_scanned), (vec![json!({"n": 4})], 4, 1));
    assert_eq!(value(&engine, "SELECT count(*) FROM findings").await, json!(12));
    let bucket = three_days();
    bucket.insert(&findings_key(JANUARY_MS, 1), b"PAR1 damaged PAR1".to_vec());
    let engine = crate::archives::engine(bucket).await;
    assert_eq!(value(&engine, "SELECT count(*) FROM findings WHERE day >= '20260103'").await, json!(4));
    let mut out = Vec::new();
    let result = engine.query("SELECT * FROM open_findings").await.unwrap();
    let error = trailkeep_query::render::write_text(result.batches, trailkeep_query::render::TextFormat::Csv, &mut out).await.unwrap_err();
    assert!(error.to_string().contains("findings/day=20260101/20260101T000000000Z-0000000000000001.parquet"), "{error}");
}
