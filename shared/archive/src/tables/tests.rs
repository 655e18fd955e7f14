//! Tests of the tables: what is written reads back, and what is not ours is told apart.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{collections::BTreeMap, sync::Arc};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use parquet::{
    arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
    basic::{LogicalType, TimeUnit, TimestampType, Type},
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        reader::{FileReader, SerializedFileReader},
    },
};
use proptest::{collection, option, prelude::*};

use super::*;
use crate::BatchId;

mod findings;
mod outcomes;

const CAP: u64 = 64 << 20;

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,40}"
}

fn hash() -> impl Strategy<Value = String> {
    "[0-9a-f]{64}"
}

fn time() -> impl Strategy<Value = i64> {
    -1_000_000_000_000..4_000_000_000_000i64
}

fn count() -> impl Strategy<Value = u64> {
    0..u64::from(u32::MAX) * 1_000
}

fn batch() -> impl Strategy<Value = BatchId> {
    (0..4_000_000_000_000i64, any::<u64>()).prop_map(|(ms, random)| BatchId::new(ms, random))
}

fn metadata() -> impl Strategy<Value = BTreeMap<String, String>> {
    collection::btree_map("[a-z-]{1,12}", text(), 0..4)
}

fn kind() -> impl Strategy<Value = SourceKind> {
    prop::sample::select(vec![SourceKind::Log, SourceKind::Digest, SourceKind::Insight, SourceKind::Network, SourceKind::Aggregated])
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop::sample::select(vec![Outcome::Landed, Outcome::Partial, Outcome::Quarantined, Outcome::Kept, Outcome::Indexed])
}

prop_compose! {
    fn source()(
        (bucket, key, version, etag, revision, kind) in (text(), text(), option::of(text()), option::of(text()), 1..9u32, kind()),
        (organization, account, region) in (option::of(text()), option::of("[0-9]{12}"), option::of("[a-z]{2}-[a-z]{4}-1")),
        (delivered_at, modified_at, content_type, content_encoding) in (option::of(time()), option::of(time()), option::of(text()), option::of(text())),
        (metadata, stored_bytes, inflated_bytes, stored_sha256, inflated_sha256) in (metadata(), count(), option::of(count()), hash(), option::of(hash())),
        (outcome, reason, flags) in (outcome(), option::of(text()), collection::vec("[a-z_]{1,12}", 0..3)),
        (records, landed, duplicates, quarantined) in (count(), count(), count(), count()),
        (first_event_at, last_event_at, landed_at, batch) in (option::of(time()), option::of(time()), time(), batch()),
        (segment, segment_version, segment_checksum, segment_offset, segment_length) in (text(), option::of(text()), option::of(text()), count(), count()),
    ) -> SourceRow {
        SourceRow {
            bucket, key, version, etag, revision, kind, organization, account, region, delivered_at, modified_at, content_type,
            content_encoding, metadata, stored_bytes, inflated_bytes, stored_sha256, inflated_sha256, outcome, reason, flags, records,
            landed, duplicates, quarantined, first_event_at, last_event_at, segment, segment_version, segment_checksum,
            segment_offset, segment_length, batch, landed_at,
        }
    }
}

prop_compose! {
    fn quarantine_row()(
        (bucket, key, revision) in (text(), text(), 1..9u32),
        kind in prop::sample::select(vec![QuarantineKind::Object, QuarantineKind::Record]),
        (account, region) in (option::of(text()), option::of(text())),
        (record_index, record_offset, record_length) in (option::of(count()), option::of(count()), option::of(count())),
        (reason, detail, segment, segment_offset, segment_length) in (text(), text(), text(), count(), count()),
        (batch, landed_at) in (batch(), time()),
    ) -> QuarantineRow {
        QuarantineRow {
            bucket, key, revision, kind, account, region, record_index, record_offset, record_length, reason, detail, segment,
            segment_offset, segment_length, batch, landed_at,
        }
    }
}

fn one_source() -> SourceRow {
    SourceRow {
        bucket: "org-trail".to_owned(),
        key: "AWSLogs/o-abcdefghij/111122223333/CloudTrail/eu-west-1/2025/10/09/111122223333_CloudTrail_eu-west-1_20251009T0850Z_AbCdEfGhIjKlMnOp.json.gz".to_owned(),
        version: None,
        etag: Some("d41d8cd98f00b204e9800998ecf8427e".to_owned()),
        revision: 1,
        kind: SourceKind::Log,
        organization: Some("o-abcdefghij".to_owned()),
        account: Some("111122223333".to_owned()),
        region: Some("eu-west-1".to_owned()),
        delivered_at: Some(1_759_999_800_000),
        modified_at: Some(1_759_999_812_345),
        content_type: Some("application/json".to_owned()),
        content_encoding: Some("gzip".to_owned()),
        metadata: BTreeMap::from([("signature-algorithm".to_owned(), "SHA256withRSA".to_owned())]),
        stored_bytes: 4_096,
        inflated_bytes: Some(40_960),
        stored_sha256: "ab".repeat(32),
        inflated_sha256: Some("cd".repeat(32)),
        outcome: Outcome::Landed,
        reason: None,
        flags: vec![],
        records: 19,
        landed: 18,
        duplicates: 1,
        quarantined: 0,
        first_event_at: Some(1_759_999_500_000),
        last_event_at: Some(1_759_999_790_000),
        segment: "raw/class=standard/day=20251009/20251009T085320123Z-00000000deadbeef.gz".to_owned(),
        segment_version: None,
        segment_checksum: Some("sha256:00".to_owned()),
        segment_offset: 8_192,
        segment_length: 4_096,
        batch: BatchId::new(1_760_000_000_123, 0xdead_beef),
        landed_at: 1_760_000_001_000,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn sources_read_back_equal_and_sorted(rows in collection::vec(source(), 0..40)) {
        let read = read_sources(write_sources(&rows).unwrap().into(), CAP).unwrap();
        let mut expected = rows;
        expected.sort_by(|a, b| (&a.account, &a.region, &a.key, a.revision).cmp(&(&b.account, &b.region, &b.key, b.revision)));
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn an_index_reads_back_equal_in_the_order_of_the_bytes(rows in collection::vec(source(), 0..40)) {
        let mut rows: Vec<IdxRow> = rows.iter().map(IdxRow::of).collect();
        let read = read_idx(write_idx(&rows).unwrap().into(), CAP).unwrap();
        rows.sort_by(|a, b| (&a.segment, a.offset).cmp(&(&b.segment, b.offset)));
        prop_assert_eq!(read, rows);
    }

    #[test]
    fn quarantine_reads_back_equal(rows in collection::vec(quarantine_row(), 0..40)) {
        let read = read_quarantine(write_quarantine(&rows).unwrap().into(), CAP).unwrap();
        let mut expected = rows;
        expected.sort_by(|a, b| (&a.account, &a.region, &a.key, a.record_index).cmp(&(&b.account, &b.region, &b.key, b.record_index)));
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn a_file_that_was_cut_is_an_error(cut in 0..2_000usize) {
        let bytes = write_sources(&[one_source()]).unwrap();
        let kept = bytes.len().saturating_sub(1 + cut);
        let error = read_sources(Bytes::from(bytes).slice(..kept), CAP).unwrap_err();
        prop_assert!(matches!(error, TableError::NotParquet { .. }), "{error}");
    }
}

#[test]
fn an_index_rebuilds_the_raw_level_facts_of_its_source() {
    let source = one_source();
    let rebuilt = IdxRow::of(&source).to_source();
    let expected =
        SourceRow { outcome: Outcome::Indexed, records: 0, landed: 0, duplicates: 0, first_event_at: None, last_event_at: None, ..source };
    assert_eq!(rebuilt, SourceRow { delivered_at: Some(1_759_999_800_000), ..expected });
}

#[test]
fn an_index_of_an_earlier_release_has_no_checksum_of_its_segment() {
    let row = IdxRow::of(&one_source());
    assert_eq!(row.segment_checksum.as_deref(), Some("sha256:00"));
    let bytes = Bytes::from(write_idx(std::slice::from_ref(&row)).unwrap());
    let batch = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap().next().unwrap().unwrap();
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, array)| (field.name().as_str(), Arc::clone(array)));
    let earlier = foreign(columns.filter(|(name, _)| *name != "segment_checksum").collect(), vec![]);
    assert_eq!(read_idx(earlier, CAP).unwrap(), [IdxRow { segment_checksum: None, ..row }]);
}

#[test]
fn columns_are_plain_parquet_for_any_engine() {
    let reader = SerializedFileReader::new(Bytes::from(write_sources(&[one_source()]).unwrap())).unwrap();
    let file = reader.metadata().file_metadata();
    assert_eq!(file.created_by(), Some(crate::CREATED_BY));
    let names: Vec<&str> = file.key_value_metadata().unwrap().iter().map(|pair| pair.key.as_str()).collect();
    assert_eq!(names, [FORMAT_KEY, TABLE_KEY], "no Arrow schema inside");
    let column = |name: &str| file.schema_descr().columns().iter().find(|column| column.path().string() == name).unwrap().clone();
    assert_eq!(column("key").physical_type(), Type::BYTE_ARRAY);
    assert_eq!(column("key").logical_type_ref(), Some(&LogicalType::String));
    assert_eq!(column("revision").physical_type(), Type::INT32);
    assert_eq!(column("stored_bytes").physical_type(), Type::INT64);
    let zoneless = LogicalType::Timestamp(TimestampType { is_adjusted_to_u_t_c: false, unit: TimeUnit::MICROS });
    assert_eq!(column("landed_at").logical_type_ref(), Some(&zoneless));
    assert_eq!(column("metadata.key_value.key").physical_type(), Type::BYTE_ARRAY);
}

#[test]
fn a_row_group_tells_its_order_and_has_a_bloom_filter_on_key() {
    let bytes = Bytes::from(write_sources(&[one_source()]).unwrap());
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
    let group = builder.metadata().row_group(0);
    let leaf = |name: &str| group.columns().iter().position(|column| column.column_path().string() == name).unwrap();
    let order: Vec<i32> = group.sorting_columns().unwrap().iter().map(|column| column.column_idx).collect();
    assert_eq!(order, ["account", "region", "key"].map(|name| leaf(name) as i32));
    assert!(group.column(leaf("account")).statistics().is_some());
    let bloom = builder.get_row_group_column_bloom_filter(0, leaf("key")).unwrap().unwrap();
    assert!(bloom.check(&one_source().key.as_str()));
    assert!(!bloom.check(&"AWSLogs/111122223333/CloudTrail/other"));
}

/// A file with the given columns, written by another tool.
fn foreign(columns: Vec<(&str, ArrayRef)>, metadata: Vec<KeyValue>) -> Bytes {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_key_value_metadata(Some(metadata)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap().into()
}

fn columns_of(rows: &[SourceRow]) -> Vec<(String, ArrayRef)> {
    let bytes = Bytes::from(write_sources(rows).unwrap());
    let batch = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap().next().unwrap().unwrap();
    batch.schema().fields().iter().map(|field| field.name().clone()).zip(batch.columns().iter().cloned()).collect()
}

#[test]
fn columns_that_were_added_later_are_left_out() {
    let mut columns = columns_of(&[one_source()]);
    columns.reverse();
    columns.push(("mood".to_owned(), Arc::new(StringArray::from(vec!["good"]))));
    let file = foreign(columns.iter().map(|(name, array)| (name.as_str(), Arc::clone(array))).collect(), vec![]);
    assert_eq!(read_sources(file, CAP).unwrap(), [one_source()]);
}

#[test]
fn a_missing_column_and_a_wrong_type_are_named() {
    let columns = columns_of(&[one_source()]);
    let without = columns.iter().filter(|(name, _)| name != "etag").map(|(name, array)| (name.as_str(), Arc::clone(array)));
    let error = read_sources(foreign(without.collect(), vec![]), CAP).unwrap_err();
    assert_eq!(error.to_string(), "the sources table has no column etag");

    let number: ArrayRef = Arc::new(Int64Array::from(vec![7]));
    let wrong = columns.iter().map(|(name, array)| (name.as_str(), if name == "etag" { Arc::clone(&number) } else { Arc::clone(array) }));
    let error = read_sources(foreign(wrong.collect(), vec![]), CAP).unwrap_err();
    assert_eq!(error.to_string(), "column etag of the sources table is Int64, not Utf8");
}

#[test]
fn a_value_that_format_1_does_not_have_is_named_with_its_row() {
    let odd: ArrayRef = Arc::new(StringArray::from(vec!["lost"]));
    let columns = columns_of(&[one_source()]);
    let wrong = columns.iter().map(|(name, array)| (name.as_str(), if name == "outcome" { Arc::clone(&odd) } else { Arc::clone(array) }));
    let error = read_sources(foreign(wrong.collect(), vec![]), CAP).unwrap_err();
    assert_eq!(error.to_string(), "column outcome of the sources table holds \"lost\" in row 0");
}

#[test]
fn another_table_a_newer_format_and_no_parquet_are_told_apart() {
    let idx = write_idx(&[IdxRow::of(&one_source())]).unwrap();
    assert!(matches!(read_sources(idx.into(), CAP), Err(TableError::OtherTable { found, .. }) if found == "idx"));

    let newer = vec![KeyValue::new(FORMAT_KEY.to_owned(), "2".to_owned()), KeyValue::new(TABLE_KEY.to_owned(), "sources".to_owned())];
    let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    assert!(matches!(read_sources(foreign(vec![("a", one)], newer), CAP), Err(TableError::NewerFormat { found, .. }) if found == "2"));

    for bytes in [&b""[..], b"PAR1", b"not parquet at all", b"PAR1\xff\xff\xff\xffPAR1"] {
        assert!(matches!(read_sources(Bytes::from_static(bytes), CAP), Err(TableError::NotParquet { .. })));
    }
}

#[test]
fn more_than_the_cap_is_an_error() {
    let bytes = Bytes::from(write_sources(&vec![one_source(); 3_000]).unwrap());
    assert!(matches!(read_sources(bytes.clone(), 100_000), Err(TableError::TooLarge { cap_bytes: 100_000, .. })));
    assert_eq!(read_sources(bytes, CAP).unwrap().len(), 3_000);
}
