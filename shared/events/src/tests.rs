//! Objects in, Parquet out, and everything accounted for.

use std::{io::Write, sync::Arc, sync::Mutex};

use arrow_array::{RecordBatch, cast::AsArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;
use trailkeep_archive::{EventEntry, EventPlace, Partition};
use trailkeep_ocsf::{Classes, Redaction};
use trailkeep_records::InflateLimits;

use crate::{Encoded, Encoder, EncoderConfig, ObjectContext, PartitionSink};

mod coverage;
mod redaction;

#[derive(Debug, Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct Sink;

impl PartitionSink for Sink {
    type Writer = Memory;

    fn open(&mut self, _: &Partition) -> std::io::Result<Memory> {
        Ok(Memory::default())
    }
}

fn encoder(limits: InflateLimits) -> Encoder<Sink> {
    let config = EncoderConfig {
        batch: "b".to_owned(),
        classes: Classes::Lake,
        redaction: Redaction::default(),
        raw_data_inline: false,
        zstd_level: 1,
        budget_bytes: 1 << 20,
        limits,
    };
    Encoder::new(config, Sink)
}

fn context(source: u32) -> ObjectContext<'static> {
    ObjectContext { source, bucket: "b", key: "k", log_key: None, segment: "s", segment_offset: 0, segment_length: 0 }
}

fn record(id: &str, account: &str, time: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.08","eventTime":"{time}","eventSource":"s3.amazonaws.com","eventName":"ListBuckets","awsRegion":"eu-west-1","recipientAccountId":"{account}","eventID":"{id}"}}"#
    )
}

fn log(records: &[String]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(format!(r#"{{"Records":[{}]}}"#, records.join(",")).as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

fn encode(objects: &[Vec<u8>]) -> Encoded<Memory> {
    let mut encoder = encoder(InflateLimits::default());
    for (source, stored) in objects.iter().enumerate() {
        let inflated = encoder.inflate(stored);
        encoder.add(inflated, context(source as u32)).expect("encodes");
    }
    encoder.finish().expect("finishes")
}

fn read(encoded: &Encoded<Memory>) -> Vec<(String, RecordBatch)> {
    let mut out = Vec::new();
    for file in &encoded.files {
        let bytes = file.writer.0.lock().expect("not poisoned").clone();
        assert_eq!(bytes.len() as u64, file.bytes);
        for batch in ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes))
            .and_then(ParquetRecordBatchReaderBuilder::build)
            .expect("parquet")
        {
            out.push((format!("{}/{}", file.partition.category, file.partition.eventday), batch.expect("rows")));
        }
    }
    out
}

fn ids(encoded: &Encoded<Memory>) -> Vec<(String, Vec<String>)> {
    let texts = |batch: &RecordBatch| {
        batch.column_by_name("event_uid").expect("there").as_string::<i32>().iter().flatten().map(str::to_owned).collect()
    };
    read(encoded).iter().map(|(partition, batch)| (partition.clone(), texts(batch))).collect()
}

#[test]
fn rows_are_sorted_within_their_partition_and_duplicates_are_dropped() {
    let one = record("1", "222233334444", "2026-01-15T00:00:02Z");
    let two = record("2", "111122223333", "2026-01-15T00:00:03Z");
    let three = record("3", "111122223333", "2026-01-15T00:00:01Z");
    let other_day = record("4", "111122223333", "2026-01-14T23:59:59Z");
    let encoded = encode(&[log(&[one.clone(), two, other_day]), log(&[three, one])]);
    let day = |d: &str, ids: &[&str]| (format!("management/{d}"), ids.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>());
    assert_eq!(ids(&encoded), [day("20260114", &["4"]), day("20260115", &["3", "2", "1"])]);
    let counts: Vec<_> = encoded.reports.iter().map(|r| (r.records, r.landed, r.duplicates)).collect();
    assert_eq!(counts, [(3, 3, 0), (2, 1, 1)]);
    assert!(encoded.reports.iter().all(|r| r.inflated_sha256.is_some() && r.flags.is_empty()));
}

#[test]
fn a_streamed_object_gives_what_a_whole_one_gives() {
    let records: Vec<String> =
        (0..3000).map(|n| record(&n.to_string(), "111122223333", &format!("2026-01-15T00:{:02}:{:02}Z", n / 60 % 60, n % 60))).collect();
    let stored = log(&records);
    let whole = encode(std::slice::from_ref(&stored));
    let mut streaming = encoder(InflateLimits { whole_buffer_bytes: 1000, ..InflateLimits::default() });
    assert!(streaming.inflate(&stored).is_too_large());
    let mut open = || Ok(Box::new(std::io::Cursor::new(stored.clone())) as Box<dyn std::io::Read + Send>);
    let bytes = streaming.add_streamed(&mut open, context(0)).expect("encodes");
    let streamed = streaming.finish().expect("finishes");
    let all = |encoded: &Encoded<Memory>| {
        let mut ids: Vec<String> = ids(encoded).into_iter().flat_map(|(_, ids)| ids).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(all(&streamed), all(&whole));
    let (a, b) = (&streamed.reports[0], &whole.reports[0]);
    assert_eq!((a.records, a.landed, a.inflated_sha256, bytes), (3000, b.landed, b.inflated_sha256, b.inflated_bytes));
}

#[test]
fn an_object_over_a_cap_is_reported_and_its_neighbours_land() {
    let mut encoder = encoder(InflateLimits { inflated_bytes: 4000, whole_buffer_bytes: 1000, ..InflateLimits::default() });
    let small = log(&[record("1", "111122223333", "2026-01-15T00:00:00Z")]);
    let inflated = encoder.inflate(&small);
    encoder.add(inflated, context(0)).expect("encodes");
    let large = log(&(0..100).map(|n| record(&n.to_string(), "111122223333", "2026-01-15T00:00:00Z")).collect::<Vec<_>>());
    let mut open = || Ok(Box::new(std::io::Cursor::new(large.clone())) as Box<dyn std::io::Read + Send>);
    assert_eq!(encoder.add_streamed(&mut open, context(1)).expect("goes on"), 0);
    let encoded = encoder.finish().expect("finishes");
    assert_eq!(encoded.reports[0].landed, 1);
    assert_eq!(encoded.reports[1].object_failure.as_ref().map(|f| f.0), Some("inflated_too_large"));
}

#[test]
fn every_odd_object_has_a_named_end() {
    let good = record("1", "111122223333", "2026-01-15T00:00:00Z");
    let bad_utf8 =
        [br#"{"Records":[{"eventTime":"2026-01-15T00:00:00Z","x":""#.as_slice(), b"\xff\xfe", br#""},"#, good.as_bytes(), b"]}"].concat();
    let cases: [(&[u8], &str); 6] = [
        (b"", "empty_object"),
        (b"{}", "no_event_time"),
        (b"\x89PNG\r\n", "not_json"),
        (br#"{"awsAccountId":"1","digestS3Object":"k","logFiles":[]}"#, "digest_named_as_log"),
        (&bad_utf8, "invalid_utf8"),
        (br#"{"Records":[{"eventTime":"yesterday"}]}"#, "bad_event_time"),
    ];
    let objects: Vec<Vec<u8>> = cases.iter().map(|(bytes, _)| bytes.to_vec()).collect();
    for (report, (_, reason)) in encode(&objects).reports.iter().zip(cases) {
        let told = report.object_failure.as_ref().map(|f| f.0).or_else(|| report.broken.first().map(|q| q.reason));
        assert_eq!(told, Some(reason));
        assert_eq!(report.records, report.landed + report.duplicates + report.quarantined);
    }
}

#[test]
fn the_index_tells_the_row_group_of_every_id() {
    let object = |object: u32| {
        let one = |n: u32| record(&format!("{object}-{n}"), "111122223333", &format!("2026-01-1{}T00:00:00Z", 4 + n % 2));
        log(&(0..2_000)
            .map(one)
            .chain([record("x", "222233334444", "2026-01-15T00:00:00Z").replace("eventID", "eventNone")])
            .collect::<Vec<_>>())
    };
    let encoded = encode(&(0..6).map(object).collect::<Vec<_>>());
    let (mut expected, mut row_groups) = (Vec::new(), 0);
    for file in &encoded.files {
        let bytes = bytes::Bytes::from(file.writer.0.lock().expect("not poisoned").clone());
        let count = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).expect("parquet").metadata().num_row_groups();
        row_groups += count;
        for row_group in 0..count {
            let builder = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).expect("parquet").with_row_groups(vec![row_group]);
            for batch in builder.build().expect("parquet") {
                let batch = batch.expect("rows");
                let ids = batch.column_by_name("event_uid").expect("there").as_string::<i32>();
                expected.extend(ids.iter().flatten().map(|id| EventEntry::of_id(id, EventPlace::new(&file.partition, row_group))));
            }
        }
    }
    let mut found = encoded.event_ids;
    found.sort_unstable();
    expected.sort_unstable();
    assert!(row_groups > 3 && found.len() == 12_000, "{row_groups} {}", found.len());
    assert!(found == expected);
}

#[test]
fn an_object_of_many_days_is_cut_by_its_own_days_only() {
    let days = |from: u32, count: u32| -> Vec<String> {
        (from..from + count)
            .map(|n| record(&n.to_string(), "111122223333", &format!("20{:02}-{:02}-01T00:00:00Z", n / 12, n % 12 + 1)))
            .collect()
    };
    let encoded = encode(&[log(&days(120, 100)), log(&days(240, 128)), log(&days(120, 200))]);
    let landed: Vec<_> = encoded.reports.iter().map(|r| (r.landed, r.duplicates, r.quarantined)).collect();
    assert_eq!(landed, [(100, 0, 0), (128, 0, 0), (20, 108, 72)]);
    assert_eq!(encoded.reports[2].broken[0].reason, "too_many_event_days");
}

#[test]
fn a_flood_of_broken_records_is_told_as_one_range() {
    let flood = format!(r#"{{"Records":[{}{}]}}"#, "1,".repeat(50_000), record("1", "111122223333", "2026-01-15T00:00:00Z"));
    let encoded = encode(&[flood.into_bytes()]);
    let report = &encoded.reports[0];
    assert_eq!((report.records, report.landed, report.quarantined), (50_001, 1, 50_000));
    assert_eq!(report.broken.len(), crate::MAX_BROKEN_RECORDS + 1);
    let (last, range) = (report.broken.last().expect("there"), 12 + 2 * crate::MAX_BROKEN_RECORDS as u64);
    assert_eq!((last.reason, last.offset, last.offset + last.length), ("too_many_broken", range, 12 + 100_000 - 1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn records_in_are_landed_duplicates_or_quarantined(ids in prop::collection::vec((0_u8..20, 0_u8..3, any::<bool>()), 0..60), split in 1_usize..8) {
        let records: Vec<String> = ids.iter().map(|(id, day, broken)| {
            let text = record(&id.to_string(), "111122223333", &format!("2026-01-1{day}T00:00:00Z"));
            if *broken { text.replace("\"eventName\":", "\"eventName\"") } else { text }
        }).collect();
        let objects: Vec<Vec<u8>> = records.chunks(split).map(log).collect();
        let encoded = encode(&objects);
        let rows: u64 = encoded.files.iter().map(|f| f.rows).sum();
        let sum = |f: fn(&crate::ObjectReport) -> u64| encoded.reports.iter().map(f).sum::<u64>();
        prop_assert_eq!(sum(|r| r.records), records.len() as u64);
        prop_assert_eq!(sum(|r| r.landed), rows);
        prop_assert_eq!(sum(|r| r.landed + r.duplicates + r.quarantined), records.len() as u64);
        let distinct: std::collections::HashSet<&String> = records.iter().zip(&ids).filter(|(_, id)| !id.2).map(|(r, _)| r).collect();
        prop_assert_eq!(rows, distinct.len() as u64);
    }
}
