//! What may be asked, and how the answer looks.

use serde_json::json;
use trailkeep_query::render::{Layout, TextFormat, write_parquet, write_table, write_text};

use crate::archives::{ask, engine, event, five_days, value};

#[tokio::test(flavor = "multi_thread")]
async fn names_and_nested_names_may_be_written_in_any_case() {
    let engine = engine(five_days()).await;
    let sql = "SELECT eventName, userIdentity.sessionContext.attributes.mfaAuthenticated AS mfa FROM cloudTrail WHERE useridentity.userName = 'u0' ORDER BY eventTime LIMIT 1";
    assert_eq!(ask(&engine, sql).await.0, vec![json!({"eventname": "GetObject", "mfa": "true"})]);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_of_json_text_are_read_as_lakes_maps_are() {
    let engine = engine(five_days()).await;
    let sql = "SELECT requestparameters['bucketName'] AS a, element_at(requestparameters, 'nested') AS b, \
               json_extract_scalar(requestparameters, '$.nested.a[1]') AS c, additionaleventdata['tls'] AS d, additionaleventdata['bytes'] AS e \
               FROM cloudtrail WHERE eventday = '20260101' ORDER BY eventtime LIMIT 1";
    let expected = json!({"a": "b0", "b": r#"{"a":[1,"x"]}"#, "c": "x", "d": r#"{"cipher":"c"}"#, "e": "7"});
    assert_eq!(ask(&engine, sql).await.0, vec![expected]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_maps_and_lambdas_work() {
    let engine = engine(five_days()).await;
    assert_eq!(
        value(&engine, "SELECT count(*) FROM events WHERE any_match(resources, r -> r.type = 'AWS::S3::Bucket')").await,
        json!(1_250)
    );
    assert_eq!(value(&engine, "SELECT count(*) FROM events, UNNEST(observables) AS t(o) WHERE o.value = '203.0.113.3'").await, json!(250));
    assert_eq!(value(&engine, "SELECT count(*) FROM events WHERE unmapped['readOnly'] = 'true'").await, json!(1_250));
    let blocks = "SELECT count(*) FROM events WHERE contains('203.0.113.0/30', CAST(src_endpoint.ip AS IPADDRESS))";
    assert_eq!(value(&engine, blocks).await, json!(1_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_describe_themselves() {
    let engine = engine(five_days()).await;
    let names: Vec<_> = ask(&engine, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'archive' ORDER BY 1").await.0;
    assert_eq!(names.len(), 12);
    let columns = ask(&engine, "DESCRIBE cloudtrail").await.0;
    assert!(columns.contains(&json!({"column_name": "eventtime", "data_type": "Timestamp(µs)", "is_nullable": "YES"})), "{columns:?}");
    assert!(ask(&engine, "SHOW COLUMNS FROM events").await.0.len() > 60);
    assert_eq!(value(&engine, "SELECT count(*) FROM sources").await, json!(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_csv_or_parquet_or_a_table() {
    let engine = engine(five_days()).await;
    let sql = "SELECT eventid, eventtime, resources, tlsdetails.tlsversion FROM cloudtrail WHERE eventday = '20260102' ORDER BY eventtime LIMIT 2";
    let mut csv = Vec::new();
    write_text(engine.query(sql).await.unwrap().batches, TextFormat::Csv, &mut csv).await.unwrap();
    let expected =
        "\"[{\"\"accountid\"\":\"\"111122223333\"\",\"\"type\"\":\"\"AWS::S3::Bucket\"\",\"\"arn\"\":\"\"arn:aws:s3:::b\"\"}]\",";
    let csv = String::from_utf8(csv).unwrap();
    assert_eq!(
        csv.lines().nth(1).unwrap(),
        format!("{},2026-01-02T00:00:00.000Z,{expected}", event(20_260_102, 0)["event_uid"].as_str().unwrap())
    );
    let mut parquet = Vec::new();
    assert_eq!(write_parquet(engine.query(sql).await.unwrap().batches, &mut parquet).await.unwrap(), 2);
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
    let mut table = Vec::new();
    let layout = Layout { width: 60, max_rows: 1 };
    let shown = write_table(engine.query(sql).await.unwrap().batches, layout, &mut table).await.unwrap();
    assert!(shown.more && shown.rows == 1);
    assert!(String::from_utf8(table).unwrap().lines().all(|line| line.chars().count() <= 60));
}
