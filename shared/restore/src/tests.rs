//! Lands a tiny archive by hand in memory and reads it back.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use flate2::{Compression, write::GzEncoder};
use parquet::{arrow::ArrowWriter, file::properties::WriterProperties};
use sha2::{Digest, Sha256};
use trailkeep_archive::{
    ArchiveDescriptor, BatchId, Category, ClassLabel, LedgerKind, LedgerRef, Outcome, Partition, QuarantineKind, QuarantineRow, SourceKind,
    SourceRow,
    layout::{self, RawKind},
    write_quarantine, write_sources,
};
use trailkeep_pipeline::{memory::MemoryBucket, ports::bucket::AuditBucket};

use crate::{
    Archive, EventFilter, FindSourceError, OpenError, OriginalError, RecordError, RestoreState, SourceFilter,
    tree::{Progress, TreeError, TreeFilter, TreeReport},
};

mod event_ids;

const FIRST_MS: i64 = 1_760_000_000_123;
const EVENT: &str = "11112222-3333-4444-5555-666677778888";
const OTHER_EVENT: &str = "11112222-3333-4444-5555-666677779999";

fn sha(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn log_key(account: &str, day: &str, minute: &str) -> String {
    let compact = day.replace('/', "");
    format!("AWSLogs/{account}/CloudTrail/eu-west-1/{day}/{account}_CloudTrail_eu-west-1_{compact}T{minute}Z_AbCdEfGhIjKlMnOp.json.gz")
}

/// Records of one object: event ids and a word that makes them differ.
struct Object {
    key: String,
    records: Vec<(String, String)>,
    revision: u32,
}

impl Object {
    fn new(key: String, ids: &[&str]) -> Self {
        let records = ids.iter().map(|id| ((*id).to_owned(), format!(r#"{{ "eventID" : "{id}",  "eventName":"Über" }}"#))).collect();
        Self { key, records, revision: 1 }
    }

    fn inflated(&self) -> String {
        let records: Vec<&str> = self.records.iter().map(|(_, text)| text.as_str()).collect();
        format!(r#"{{"Records":[{}]}}"#, records.join(", "))
    }

    fn stored(&self) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(self.inflated().as_bytes()).unwrap();
        gzip.finish().unwrap()
    }
}

/// A store with an `archive.json` and what is landed in it.
struct Hand {
    bucket: MemoryBucket,
    originals: BTreeMap<String, Vec<u8>>,
}

impl Hand {
    fn new() -> Self {
        let bucket = MemoryBucket::named("audit");
        let descriptor = ArchiveDescriptor::new(LedgerRef { kind: LedgerKind::Memory, id: "0f".to_owned() }, FIRST_MS);
        bucket.insert(layout::ARCHIVE_JSON, descriptor.to_bytes());
        Self { bucket, originals: BTreeMap::new() }
    }

    /// Publishes the objects as one Batch, opened `minutes` after the first.
    fn land(&mut self, minutes: i64, objects: &[Object]) -> BatchId {
        let batch = BatchId::new(FIRST_MS + minutes * 60_000, 7);
        let segment = layout::raw_key(&ClassLabel::default(), &batch, RawKind::Gz);
        let (mut packed, mut rows) = (Vec::new(), Vec::new());
        for object in objects {
            let stored = object.stored();
            rows.push(row(object, &stored, batch, &segment, packed.len() as u64));
            packed.extend_from_slice(&stored);
            self.originals.insert(object.key.clone(), stored);
        }
        self.bucket.insert(&segment, packed);
        self.bucket.insert(&layout::events_key(&partition(), &batch), events(objects, &rows));
        self.bucket.insert(&layout::sources_key(&batch), write_sources(&rows).unwrap());
        batch
    }

    async fn open(&self) -> Archive {
        Archive::open(Arc::new(self.bucket.clone())).await.unwrap()
    }
}

fn partition() -> Partition {
    Partition { category: Category::Management, eventday: 20_251_009 }
}

fn row(object: &Object, stored: &[u8], batch: BatchId, segment: &str, offset: u64) -> SourceRow {
    let key = match trailkeep_keys::classify(&object.key, None) {
        trailkeep_keys::KeyKind::Log(key) => key,
        other => panic!("no log: {other:?}"),
    };
    SourceRow {
        bucket: "org-trail".to_owned(),
        key: object.key.clone(),
        version: None,
        etag: None,
        revision: object.revision,
        kind: SourceKind::Log,
        organization: None,
        account: Some(key.account.to_string()),
        region: Some(key.region.to_string()),
        delivered_at: key.delivered_ms(),
        modified_at: None,
        content_type: Some("application/json".to_owned()),
        content_encoding: Some("gzip".to_owned()),
        metadata: BTreeMap::from([("origin".to_owned(), "trail".to_owned())]),
        stored_bytes: stored.len() as u64,
        inflated_bytes: Some(object.inflated().len() as u64),
        stored_sha256: sha(stored),
        inflated_sha256: Some(sha(object.inflated().as_bytes())),
        outcome: Outcome::Landed,
        reason: None,
        flags: vec![],
        records: object.records.len() as u64,
        landed: object.records.len() as u64,
        duplicates: 0,
        quarantined: 0,
        first_event_at: Some(FIRST_MS),
        last_event_at: Some(FIRST_MS + 1_000),
        segment: segment.to_owned(),
        segment_version: None,
        segment_checksum: None,
        segment_offset: offset,
        segment_length: stored.len() as u64,
        batch,
        landed_at: batch.unix_ms() + 1_000,
    }
}

/// One row of `events/`: id, text, source, number and offset of the Record.
type Row<'a> = (&'a str, &'a str, &'a SourceRow, usize, usize);

/// The columns of `events/` that point to bytes, with a bloom filter on the id.
fn events(objects: &[Object], rows: &[SourceRow]) -> Vec<u8> {
    let mut table: Vec<Row<'_>> = Vec::new();
    for (object, row) in objects.iter().zip(rows) {
        for (index, (id, text)) in object.records.iter().enumerate() {
            let before: usize = object.records.iter().take(index).map(|(_, text)| text.len() + 2).sum();
            table.push((id, text, row, index, r#"{"Records":["#.len() + before));
        }
    }
    let texts = |value: &dyn Fn(&Row<'_>) -> String| -> ArrayRef { Arc::new(StringArray::from_iter_values(table.iter().map(value))) };
    let longs = |value: &dyn Fn(&Row<'_>) -> u64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(table.iter().map(|entry| value(entry) as i64)))
    };
    let ints = |value: &dyn Fn(&Row<'_>) -> usize| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(table.iter().map(|entry| value(entry) as i32)))
    };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("event_uid", texts(&|entry| entry.0.to_owned())),
        ("event_time", Arc::new(TimestampMicrosecondArray::from_iter_values(table.iter().map(|_| FIRST_MS * 1_000)))),
        ("record_hash", texts(&|entry| sha(entry.1.as_bytes()))),
        ("source_bucket", texts(&|entry| entry.2.bucket.clone())),
        ("source_key", texts(&|entry| entry.2.key.clone())),
        ("raw_segment", texts(&|entry| entry.2.segment.clone())),
        ("raw_offset", longs(&|entry| entry.2.segment_offset)),
        ("raw_length", longs(&|entry| entry.2.segment_length)),
        ("record_offset", longs(&|entry| entry.4 as u64)),
        ("record_length", ints(&|entry| entry.1.len())),
        ("record_index", ints(&|entry| entry.3)),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let properties = WriterProperties::builder().set_column_bloom_filter_enabled("event_uid".into(), true).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn three_objects() -> [Object; 3] {
    [
        Object::new(log_key("111122223333", "2025/10/09", "0850"), &[EVENT, OTHER_EVENT]),
        Object::new(log_key("111122223333", "2025/10/10", "0000"), &["a", "b", "c"]),
        Object::new(log_key("444455556666", "2025/10/09", "0855"), &["d"]),
    ]
}

fn source(key: &str) -> SourceFilter {
    SourceFilter { key: key.to_owned(), ..SourceFilter::default() }
}

async fn restore(archive: &Archive, filter: TreeFilter, target: &MemoryBucket) -> TreeReport {
    let plan = archive.plan_tree(filter).await.unwrap();
    let archived = archive.archived(plan.segments()).await.unwrap();
    let done = AtomicU64::new(0);
    let progress = |progress: Progress| {
        done.fetch_add(progress.objects, Ordering::Relaxed);
    };
    let target: Arc<dyn AuditBucket> = Arc::new(target.clone());
    let report = archive.restore_tree(&plan, &archived, &target, &progress, &|| false).await.unwrap();
    assert_eq!(done.into_inner(), plan.objects, "every original is told once");
    report
}

#[tokio::test]
async fn a_place_without_archive_json_is_no_archive() {
    let error = Archive::open(Arc::new(MemoryBucket::new())).await.unwrap_err();
    assert!(matches!(error, OpenError::NotAnArchive { .. }), "{error}");
}

#[tokio::test]
async fn a_source_comes_back_byte_for_byte() {
    let mut hand = Hand::new();
    hand.land(0, &three_objects());
    let archive = hand.open().await;
    for (key, original) in &hand.originals {
        let row = archive.find_source(&source(key)).await.unwrap();
        let found = archive.original(&row).await.unwrap();
        let mut copied = Vec::new();
        archive.copy(&found, &mut copied).await.unwrap();
        assert_eq!(&copied, original);
    }
}

#[tokio::test]
async fn the_newest_revision_comes_back_unless_another_is_named() {
    let mut hand = Hand::new();
    let key = log_key("111122223333", "2025/10/09", "0850");
    hand.land(0, &[Object::new(key.clone(), &["first"])]);
    hand.land(5, &[Object { revision: 2, ..Object::new(key.clone(), &["second"]) }]);
    let archive = hand.open().await;
    assert_eq!(archive.find_source(&source(&key)).await.unwrap().revision, 2);
    let first = archive.find_source(&SourceFilter { revision: Some(1), ..source(&key) }).await.unwrap();
    assert_ne!(archive.original(&first).await.unwrap().whole().unwrap(), hand.originals.get(&key).unwrap());
    let error = archive.find_source(&SourceFilter { bucket: Some("another".to_owned()), ..source(&key) }).await.unwrap_err();
    assert!(matches!(error, FindSourceError::NotFound { .. }), "{error}");
}

#[tokio::test]
async fn a_damaged_segment_is_told_and_nothing_is_given_out() {
    let mut hand = Hand::new();
    let objects = three_objects();
    let batch = hand.land(0, &objects);
    let segment = layout::raw_key(&ClassLabel::default(), &batch, RawKind::Gz);
    let mut bytes = hand.bucket.objects().get(&segment).unwrap().body.to_vec();
    *bytes.get_mut(12).unwrap() ^= 1;
    hand.bucket.insert(&segment, bytes);
    let archive = hand.open().await;
    let row = archive.find_source(&source(&objects[0].key)).await.unwrap();
    assert!(matches!(archive.original(&row).await, Err(OriginalError::OtherContent { .. })));

    hand.bucket.insert(&segment, vec![0; 3]);
    let row = archive.find_source(&source(&objects[2].key)).await.unwrap();
    let error = archive.original(&row).await.unwrap_err();
    assert!(matches!(error, OriginalError::Short { .. } | OriginalError::Bucket(_)), "{error}");
}

#[tokio::test]
async fn a_record_comes_back_with_its_own_spaces() {
    let mut hand = Hand::new();
    let objects = three_objects();
    hand.land(0, &objects);
    let archive = hand.open().await;
    for (id, text) in objects.iter().flat_map(|object| &object.records) {
        let found = archive.find_event(&EventFilter { event_id: id.clone(), ..EventFilter::default() }).await.unwrap();
        assert_eq!(found.len(), 1, "{id}");
        assert_eq!(archive.record(&found[0]).await.unwrap().bytes, text.as_bytes());
    }
}

#[tokio::test]
async fn an_event_is_looked_for_on_its_day_and_in_its_category_only() {
    let mut hand = Hand::new();
    hand.land(0, &three_objects());
    let archive = hand.open().await;
    let filter = |day, category| EventFilter { event_id: EVENT.to_owned(), day, category };
    let count = async |filter| archive.find_event(&filter).await.unwrap().len();
    assert_eq!(count(filter(Some(20_251_009), None)).await, 1);
    assert_eq!(count(filter(Some(20_251_009), Some(Category::Management))).await, 1);
    assert_eq!(count(filter(Some(20_251_008), None)).await, 0);
    assert_eq!(count(filter(None, Some(Category::Data))).await, 0);
}

#[tokio::test]
async fn records_of_a_batch_that_is_not_published_are_not_seen() {
    let mut hand = Hand::new();
    let batch = hand.land(0, &three_objects());
    hand.bucket.remove(&layout::sources_key(&batch));
    let archive = hand.open().await;
    let found = archive.find_event(&EventFilter { event_id: EVENT.to_owned(), ..EventFilter::default() }).await.unwrap();
    assert_eq!(found, []);
}

#[tokio::test]
async fn a_pointer_that_leads_elsewhere_is_an_error() {
    let mut hand = Hand::new();
    hand.land(0, &three_objects());
    let archive = hand.open().await;
    let found = archive.find_event(&EventFilter { event_id: EVENT.to_owned(), ..EventFilter::default() }).await.unwrap();
    let pointer = found.first().unwrap();
    let mut shifted = pointer.clone();
    shifted.record_offset += 1;
    assert!(matches!(archive.record(&shifted).await, Err(RecordError::OtherContent { .. })));
    let mut far = pointer.clone();
    far.record_offset = 1 << 40;
    assert!(matches!(archive.record(&far).await, Err(RecordError::OutOfBounds { .. })));
    let mut huge = pointer.clone();
    huge.record_length = u64::MAX;
    assert!(matches!(archive.record(&huge).await, Err(RecordError::OutOfBounds { .. })));
}

#[tokio::test]
async fn the_tree_comes_back_with_its_metadata_and_a_second_run_writes_nothing() {
    let mut hand = Hand::new();
    let [first, second, third] = three_objects();
    hand.land(0, &[first, second]);
    hand.land(5, &[third]);
    let (archive, target) = (hand.open().await, MemoryBucket::new());
    let report = restore(&archive, TreeFilter::default(), &target).await;
    assert_eq!((report.restored, report.already_there, report.failed), (3, 0, 0), "{report:?}");
    let restored = target.objects();
    let bodies: BTreeMap<String, Vec<u8>> = restored.iter().map(|(key, object)| (key.clone(), object.body.to_vec())).collect();
    assert_eq!(bodies, hand.originals);
    assert!(restored.values().all(|object| object.policy.metadata.get("origin").is_some_and(|origin| origin == "trail")));

    target.remove(hand.originals.keys().next().unwrap());
    let again = restore(&archive, TreeFilter::default(), &target).await;
    assert_eq!((again.restored, again.already_there, again.failed), (1, 2, 0), "{again:?}");
}

#[tokio::test]
async fn what_is_there_with_other_bytes_is_left_as_it_is() {
    let mut hand = Hand::new();
    let objects = three_objects();
    hand.land(0, &objects);
    let (archive, target) = (hand.open().await, MemoryBucket::new());
    let same_length = vec![b'x'; objects[0].stored().len()];
    target.insert(&objects[0].key, same_length.clone());
    target.insert(&objects[1].key, "short");
    let report = restore(&archive, TreeFilter::default(), &target).await;
    assert_eq!((report.restored, report.failed, report.failures.len()), (1, 2, 2), "{report:?}");
    assert_eq!(target.objects().get(&objects[0].key).unwrap().body, same_length);
}

#[tokio::test]
async fn filters_narrow_the_tree() {
    let mut hand = Hand::new();
    hand.land(0, &three_objects());
    let archive = hand.open().await;
    let midnight = 1_760_054_400_000;
    for (filter, expected) in [
        (TreeFilter { since_ms: Some(midnight), ..TreeFilter::default() }, 1),
        (TreeFilter { until_ms: Some(midnight), ..TreeFilter::default() }, 2),
        (TreeFilter { account: Some("444455556666".parse().unwrap()), ..TreeFilter::default() }, 1),
        (TreeFilter { bucket: Some("another".to_owned()), ..TreeFilter::default() }, 0),
    ] {
        let report = restore(&archive, filter.clone(), &MemoryBucket::new()).await;
        assert_eq!(report.restored, expected, "{filter:?}");
    }
}

#[tokio::test]
async fn only_the_newest_revision_stands_in_the_tree() {
    let mut hand = Hand::new();
    let key = log_key("111122223333", "2025/10/09", "0850");
    hand.land(0, &[Object::new(key.clone(), &["first"])]);
    hand.land(5, &[Object { revision: 2, ..Object::new(key.clone(), &["second"]) }]);
    let (archive, target) = (hand.open().await, MemoryBucket::new());
    let plan = archive.plan_tree(TreeFilter::default()).await.unwrap();
    assert_eq!((plan.objects, plan.older_revisions), (1, 1));
    let report = restore(&archive, TreeFilter::default(), &target).await;
    assert_eq!((report.restored, report.failed), (1, 0), "{report:?}");
    assert_eq!(target.objects().get(&key).unwrap().body, hand.originals.get(&key).unwrap());
}

#[tokio::test]
async fn two_buckets_are_not_mixed_into_one_tree() {
    let mut hand = Hand::new();
    let batch = hand.land(0, &three_objects());
    let archive = hand.open().await;
    let mut rows = archive.sources(&layout::sources_key(&batch)).await.unwrap();
    rows[0].bucket = "another".to_owned();
    hand.bucket.insert(&layout::sources_key(&batch), write_sources(&rows).unwrap());
    let error = archive.plan_tree(TreeFilter::default()).await.unwrap_err();
    assert!(matches!(&error, TreeError::SeveralBuckets { buckets } if buckets == &["another", "org-trail"]), "{error}");
    let one = TreeFilter { bucket: Some("another".to_owned()), ..TreeFilter::default() };
    assert_eq!(restore(&archive, one, &MemoryBucket::new()).await.restored, 1);
}

#[tokio::test]
async fn a_key_that_leads_out_of_a_directory_is_not_written() {
    let mut hand = Hand::new();
    let key = log_key("111122223333", "2025/10/09", "0850");
    hand.land(0, &[Object::new(format!("../up/{key}"), &["a"]), Object::new(key, &["b"])]);
    let report = restore(&hand.open().await, TreeFilter::default(), &MemoryBucket::new()).await;
    assert_eq!((report.restored, report.failed), (1, 1), "{report:?}");
}

#[tokio::test]
async fn an_archived_segment_is_counted_and_its_restore_is_started_when_asked() {
    let mut hand = Hand::new();
    let [first, second, third] = three_objects();
    let batch = hand.land(0, &[first, second]);
    hand.land(5, &[third]);
    let segment = layout::raw_key(&ClassLabel::default(), &batch, RawKind::Gz);
    hand.bucket.archive(&segment, "DEEP_ARCHIVE");
    let archive = hand.open().await;
    let report = restore(&archive, TreeFilter::default(), &MemoryBucket::new()).await;
    assert_eq!((report.restored, report.in_archived_tier, report.failed), (1, 2, 0), "{report:?}");

    let archived = archive.archived(vec![segment.clone()]).await.unwrap();
    assert_eq!(
        archived.iter().map(|found| (found.key.as_str(), &found.state)).collect::<Vec<_>>(),
        [(segment.as_str(), &RestoreState::Archived)]
    );
    archive.start_restore(&archived[0], 7, crate::RestoreTier::Standard).await.unwrap();
    let after = restore(&archive, TreeFilter::default(), &MemoryBucket::new()).await;
    assert_eq!((after.restored, after.in_archived_tier), (3, 0), "{after:?}");
}

#[tokio::test]
async fn stats_add_up() {
    let mut hand = Hand::new();
    let [first, second, third] = three_objects();
    hand.land(0, &[first, second]);
    let batch = hand.land(5, &[third]);
    hand.bucket.insert(&layout::quarantine_key(&batch), write_quarantine(&[quarantined(batch)]).unwrap());
    let stats = hand.open().await.stats().await.unwrap();
    let total = &stats.total;
    assert_eq!((stats.batches, total.accounts, total.regions, total.days, total.account_region_days), (2, 2, 1, 2, 3));
    assert_eq!((total.log_objects, total.records, total.landed), (3, 6, 6));
    assert_eq!((total.first_day, total.last_day), (Some(20_251_009), Some(20_251_010)));
    assert_eq!(
        stats.accounts.iter().map(|account| (account.account.as_str(), account.total.records)).collect::<Vec<_>>(),
        [("111122223333", 5), ("444455556666", 1)]
    );
    assert_eq!(stats.quarantine_reasons, BTreeMap::from([("record_not_json".to_owned(), 1)]));
    assert_eq!(stats.bytes_below(&[layout::RAW]), total.stored_bytes);
    assert_eq!(stats.segments_per_stored, Some(1.0));
}

fn quarantined(batch: BatchId) -> QuarantineRow {
    QuarantineRow {
        bucket: "org-trail".to_owned(),
        key: log_key("444455556666", "2025/10/09", "0855"),
        revision: 1,
        kind: QuarantineKind::Record,
        account: None,
        region: None,
        record_index: Some(1),
        record_offset: Some(40),
        record_length: Some(2),
        reason: "record_not_json".to_owned(),
        detail: "the record is not json".to_owned(),
        segment: String::new(),
        segment_offset: 0,
        segment_length: 0,
        batch,
        landed_at: FIRST_MS,
    }
}
