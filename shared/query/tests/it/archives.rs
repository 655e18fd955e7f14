//! Archives for the tests: rows as JSON in the columns' own shape, written as the format says.

use std::sync::Arc;

use datafusion::arrow::json::ReaderBuilder;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
    schema::types::ColumnPath,
};
use serde_json::{Value, json};
use trailkeep_archive::{
    ArchiveDescriptor, BatchId, Category, LedgerKind, LedgerRef, Partition,
    layout::{ARCHIVE_JSON, events_key, quarantine_key, sources_key},
    write_quarantine, write_sources,
};
use trailkeep_pipeline::{memory::MemoryBucket, ports::bucket::AuditBucket};
use trailkeep_query::{
    Engine, EngineConfig, IoStats,
    render::{TextFormat, write_text},
};

/// Columns with bloom filters, as the archive writes them.
const BLOOMED: [&str; 5] = ["event_uid", "principal_arn", "access_key_id", "source_ip", "record_hash"];

/// An empty archive.
pub(crate) fn empty() -> MemoryBucket {
    let bucket = MemoryBucket::new();
    let ledger = LedgerRef { kind: LedgerKind::Memory, id: "ledger-1".to_owned() };
    bucket.insert(ARCHIVE_JSON, ArchiveDescriptor::new(ledger, 0).to_bytes());
    bucket
}

/// A Batch's files: events by partition, and the mark that publishes them.
pub(crate) fn land(bucket: &MemoryBucket, batch: BatchId, files: &[(Category, u32, Vec<Value>)]) {
    stage(bucket, batch, files);
    bucket.insert(&sources_key(&batch), write_sources(&[]).unwrap());
    bucket.insert(&quarantine_key(&batch), write_quarantine(&[]).unwrap());
}

/// A Batch whose `sources/` object is not there yet.
pub(crate) fn stage(bucket: &MemoryBucket, batch: BatchId, files: &[(Category, u32, Vec<Value>)]) {
    for (category, eventday, rows) in files {
        bucket.insert(&events_key(&Partition { category: *category, eventday: *eventday }, &batch), parquet(rows));
    }
}

fn parquet(rows: &[Value]) -> Vec<u8> {
    let schema = trailkeep_ocsf::events_schema();
    let mut decoder = ReaderBuilder::new(Arc::clone(&schema)).build_decoder().unwrap();
    decoder.serialize(rows).unwrap();
    let mut properties =
        WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).set_max_row_group_row_count(Some(100));
    for name in BLOOMED {
        properties = properties
            .set_column_bloom_filter_enabled(ColumnPath::from(name), true)
            .set_column_bloom_filter_max_ndv(ColumnPath::from(name), 100);
    }
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, schema, Some(properties.build())).unwrap();
    while let Some(batch) = decoder.flush().unwrap() {
        writer.write(&batch).unwrap();
    }
    writer.close().unwrap();
    out
}

/// A Batch id; `n` tells Batches apart.
pub(crate) fn batch(n: u64) -> BatchId {
    BatchId::new(1_767_225_600_000 + n as i64 * 60_000, n)
}

/// A row: the call `n` of a day, of one of three users from one of five addresses.
pub(crate) fn event(day: u32, n: u64) -> Value {
    let ms = Partition::parse_day(&day.to_string()).map(|_| start_ms(day)).unwrap() + n as i64 * 1_000;
    let (user, address) = (n % 3, format!("203.0.113.{}", n % 5));
    let (arn, key) = (format!("arn:aws:iam::111122223333:user/u{user}"), format!("AKIAEXAMPLE{user:09}"));
    let uid = format!("{day:08x}-0000-4000-8000-{n:012x}");
    json!({
        "metadata": {"uid": uid, "version": "1.8.0", "event_code": "AwsApiCall", "product": {"version": "1.11", "name": "CloudTrail", "feature": {"name": "Management"}}},
        "time": ms, "time_dt": micros(ms), "event_time": micros(ms),
        "cloud": {"region": "eu-west-1", "provider": "AWS", "account": {"uid": "111122223333"}},
        "api": {"operation": if n.is_multiple_of(2) { "GetObject" } else { "PutObject" }, "service": {"name": "s3.amazonaws.com"},
                "request": {"uid": "r", "data": format!(r#"{{"bucketName":"b{n}","nested":{{"a":[1,"x"]}}}}"#)}},
        "actor": {"user": {"type": "IAMUser", "name": format!("u{user}"), "uid": arn, "uid_alt": "AIDAEXAMPLE", "account": {"uid": "111122223333"}, "credential_uid": key},
                  "session": {"is_mfa": user == 0}},
        "src_endpoint": {"ip": address}, "http_request": {"user_agent": "agent"},
        "resources": [{"uid": "arn:aws:s3:::b", "type": "AWS::S3::Bucket", "owner": {"account": {"uid": "111122223333"}}}],
        "observables": [{"name": "src_endpoint.ip", "value": address, "type": "IP Address", "type_id": 2}],
        "class_uid": 6003, "activity_id": 2, "type_uid": 600_302, "status": "Success", "status_id": 1,
        "unmapped": {"readOnly": "true", "recipientAccountId": "111122223333", "additionalEventData.bytes": "7", "additionalEventData.tls.cipher": "c"},
        "event_uid": uid, "principal_arn": arn, "access_key_id": key, "source_ip": address, "region": "eu-west-1", "accountid": "111122223333",
        "record_hash": format!("{:032x}{n:032x}", u128::from(day) << 64 | u128::from(n)),
        "source_bucket": "logs", "source_key": "k", "batch": "b",
    })
}

/// Start of a day, in milliseconds since the Unix epoch, for days of January 2026 only.
fn start_ms(day: u32) -> i64 {
    1_767_225_600_000 + i64::from(day - 20_260_101) * 86_400_000
}

fn micros(ms: i64) -> String {
    let day = 20_260_101 + (ms - 1_767_225_600_000).div_euclid(86_400_000);
    let second = (ms - 1_767_225_600_000).rem_euclid(86_400_000) / 1_000;
    format!("{}-{:02}-{:02}T{:02}:{:02}:{:02}", day / 10_000, day / 100 % 100, day % 100, second / 3_600, second / 60 % 60, second % 60)
}

/// `count` rows of a day.
pub(crate) fn day(day: u32, count: u64) -> Vec<Value> {
    (0..count).map(|n| event(day, n)).collect()
}

/// Five days of 250 rows, a Batch each.
pub(crate) fn five_days() -> MemoryBucket {
    let bucket = empty();
    for (n, eventday) in (20_260_101..20_260_106).enumerate() {
        land(&bucket, batch(n as u64), &[(Category::Management, eventday, day(eventday, 250))]);
    }
    bucket
}

/// An engine over a bucket.
pub(crate) async fn engine(bucket: impl AuditBucket + 'static) -> Engine {
    Engine::open(Arc::new(bucket), EngineConfig { threads: 2, ..EngineConfig::default() }).await.unwrap()
}

/// The answer as JSON rows, and what it cost.
pub(crate) async fn ask(engine: &Engine, sql: &str) -> (Vec<Value>, IoStats) {
    let (batches, cost) = engine.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}")).into_parts();
    let mut out = Vec::new();
    write_text(batches, TextFormat::Json, &mut out).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let rows = String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (rows, cost.io())
}

/// The one value of the answer's one row.
pub(crate) async fn value(engine: &Engine, sql: &str) -> Value {
    let (rows, _) = ask(engine, sql).await;
    rows.first().and_then(Value::as_object).and_then(|row| row.values().next()).cloned().unwrap_or(Value::Null)
}
