//! What every [`LogBucket`] and [`AuditBucket`] must do. An adapter's test calls [`log_bucket`] and [`audit_bucket`] with a
//! function that opens an empty store; what only one adapter can show (permissions, headers, full disks) is left to its own tests.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;

use crate::ports::bucket::{AuditBucket, BucketError, LogBucket, ObjectInfo, Published, PutOutcome, PutPolicy, StagedUpload};

/// More than any object of the suite holds.
const CAP_BYTES: u64 = 64 * 1024 * 1024;

/// Keys whose order differs between "by path segment" and "by byte", ascending by byte. None is the folder of another: directories cannot.
const KEYS_IN_ORDER: [&str; 9] = ["a-b/c", "a.json", "a/b-c", "a/b.json", "a/b/c", "a/c", "a0", "aa/b", "b"];

/// An object that a log bucket holds from the start.
#[derive(Debug, Clone)]
pub struct SeedObject {
    /// Key below the root.
    pub key: String,
    /// Stored bytes.
    pub body: Bytes,
    /// User metadata.
    pub metadata: BTreeMap<String, String>,
}

impl SeedObject {
    fn new(key: &str, body: &'static [u8]) -> Self {
        Self { key: key.to_owned(), body: Bytes::from_static(body), metadata: BTreeMap::new() }
    }
}

/// Runs the suite of log buckets; `open` gives a store that holds just the objects it is given.
///
/// # Panics
/// Where the adapter breaks the contract.
pub async fn log_bucket(open: impl AsyncFn(Vec<SeedObject>) -> Arc<dyn LogBucket>) {
    a_listing_is_ascending_by_byte_and_keeps_to_its_prefix(&open).await;
    folders_are_listed_one_level_at_a_time(&open).await;
    a_log_object_is_fetched_with_its_metadata(&open).await;
    a_log_object_over_the_cap_is_refused(&open).await;
    a_range_is_of_the_very_object_that_was_described(&open).await;
    an_absent_log_object_is_not_found(&open).await;
}

/// Runs the suite of audit buckets; `open` gives an empty store each time.
///
/// # Panics
/// Where the adapter breaks the contract.
pub async fn audit_bucket(open: impl AsyncFn() -> Arc<dyn AuditBucket>) {
    a_put_object_reads_back_whole_and_in_ranges(&*open().await).await;
    an_absent_object_is_none_and_its_range_is_not_found(&*open().await).await;
    a_put_if_absent_keeps_what_is_there(&*open().await).await;
    an_archive_listing_is_ascending_by_byte_and_keeps_to_its_prefix(&*open().await).await;
    deleting_twice_is_no_error(&*open().await).await;
    a_staged_upload_is_invisible_until_published(&*open().await).await;
    publishing_again_changes_nothing(&*open().await).await;
    publishing_over_another_object_changes_nothing(&*open().await).await;
    of_two_uploads_to_one_key_one_is_published(&*open().await).await;
    an_abandoned_upload_cannot_be_published(&*open().await).await;
    an_aborted_upload_leaves_nothing(&*open().await).await;
    an_empty_upload_publishes_an_empty_object(&*open().await).await;
    an_upload_of_many_parts_reads_back(&*open().await).await;
}

async fn seeded(open: &impl AsyncFn(Vec<SeedObject>) -> Arc<dyn LogBucket>) -> Arc<dyn LogBucket> {
    let described = SeedObject {
        metadata: BTreeMap::from([
            ("signature".to_owned(), "00ff".to_owned()),
            ("start-time".to_owned(), "2025-01-01T00:00:00Z".to_owned()),
        ]),
        ..SeedObject::new("logs/described.json.gz", b"0123456789")
    };
    open(vec![described, SeedObject::new("logs/plain.json", b"")]).await
}

async fn a_listing_is_ascending_by_byte_and_keeps_to_its_prefix(open: &impl AsyncFn(Vec<SeedObject>) -> Arc<dyn LogBucket>) {
    let seeds = KEYS_IN_ORDER.iter().rev().map(|key| SeedObject::new(key, b"x")).collect();
    let bucket = open(seeds).await;
    for prefix in ["", "a", "a/", "a/b", "aa/b", "b", "c", "a/b/c/d"] {
        let (mut keys, mut page) = (Vec::new(), None);
        loop {
            let listed = bucket.list(prefix, page).await.expect("a listing works");
            keys.extend(listed.objects.into_iter().map(|object| (object.key, object.size_bytes)));
            page = listed.next;
            if page.is_none() {
                break;
            }
        }
        assert_eq!(keys, expected(prefix, 1), "listing of prefix {prefix:?}");
    }
}

async fn folders_are_listed_one_level_at_a_time(open: &impl AsyncFn(Vec<SeedObject>) -> Arc<dyn LogBucket>) {
    let seeds = KEYS_IN_ORDER.iter().map(|key| SeedObject::new(key, b"x")).collect();
    let bucket = open(seeds).await;
    for (folder, below) in
        [("", ["a-b/", "a/", "aa/"].as_slice()), ("a/", &["a/b/"]), ("a/b/", &[]), ("absent/", &[]), ("a/b/absent/", &[])]
    {
        let folders = bucket.list_folders(folder).await.expect("a listing of folders works");
        assert_eq!(folders, below, "folders below {folder:?}");
    }
}

fn expected(prefix: &str, size_bytes: u64) -> Vec<(String, u64)> {
    KEYS_IN_ORDER.iter().filter(|key| key.starts_with(prefix)).map(|key| ((*key).to_owned(), size_bytes)).collect()
}

async fn a_log_object_is_fetched_with_its_metadata(open: &impl AsyncFn(Vec<SeedObject>) -> Arc<dyn LogBucket>) {
    let bucket = seeded(open).await;
    let fetched = bucket.get("logs/described.json.gz", None, 10).await.expect("the object is there");
    assert_eq!(fetched.body, Bytes::from_static(b"0123456789"));
    assert_eq!(fetched.info.size_bytes, 10);
    assert_eq!(fetched.info.metadata.get("signature").map(String::as_str), Some("00ff"));
    assert_eq!(fetched.info.metadata.get("start-time").map(String::as_str), Some("2025-01-01T00:00:00Z"));
    let head = bucket.head("logs/described.json.gz", None).await.expect("the object is there");
    assert_eq!((&head.etag, head.size_bytes, &head.metadata), (&fetched.info.etag, 10, &fetched.info.metadata));
    let empty = bucket.get("logs/plain.json", None, CAP_BYTES).await.expect("an empty object is one too");
    assert!(empty.body.is_empty() && empty.info.metadata.is_empty());
}

async fn a_log_object_over_the_cap_is_refused(open: &impl AsyncFn(Vec<SeedObject>) -> Arc<dyn LogBucket>) {
    let refused = seeded(open).await.get("logs/described.json.gz", None, 9).await;
    assert!(matches!(refused, Err(BucketError::TooLarge { size_bytes: 10, cap_bytes: 9, .. })), "{refused:?}");
}

async fn a_range_is_of_the_very_object_that_was_described(open: &impl AsyncFn(Vec<SeedObject>) -> Arc<dyn LogBucket>) {
    let (bucket, key) = (seeded(open).await, "logs/described.json.gz");
    let info = bucket.head(key, None).await.expect("the object is there");
    for (offset, length, expected) in [(0, 4, "0123"), (4, 100, "456789"), (10, 5, ""), (11, 1, ""), (3, 0, "")] {
        let bytes = bucket.get_range(key, &info, offset, length).await.expect("the range is there");
        assert_eq!(bytes, Bytes::from_static(expected.as_bytes()), "range {offset}+{length}");
    }
    let other = ObjectInfo { etag: Some("00000000000000000000000000000000".to_owned()), version: None, ..info };
    let refused = bucket.get_range(key, &other, 0, 4).await;
    assert!(matches!(refused, Err(BucketError::Changed { .. })), "{refused:?}");
}

async fn an_absent_log_object_is_not_found(open: &impl AsyncFn(Vec<SeedObject>) -> Arc<dyn LogBucket>) {
    let bucket = seeded(open).await;
    for key in ["logs/absent", "logs/plain.json/below", "logs"] {
        let fetched = bucket.get(key, None, CAP_BYTES).await;
        assert!(matches!(&fetched, Err(BucketError::NotFound { what }) if what.contains(key)), "{fetched:?}");
        let head = bucket.head(key, None).await;
        assert!(matches!(head, Err(BucketError::NotFound { .. })), "{head:?}");
    }
}

async fn put(bucket: &dyn AuditBucket, key: &str, body: &'static [u8]) -> PutOutcome {
    bucket.put(key, Bytes::from_static(body), &PutPolicy::default()).await.expect("a put works")
}

async fn put_if_absent(bucket: &dyn AuditBucket, key: &str, body: &'static [u8]) -> PutOutcome {
    let policy = PutPolicy { if_absent: true, ..PutPolicy::default() };
    bucket.put(key, Bytes::from_static(body), &policy).await.expect("a conditional put works")
}

async fn read(bucket: &dyn AuditBucket, key: &str) -> Option<Bytes> {
    bucket.get(key, CAP_BYTES).await.expect("a get works")
}

async fn listed(bucket: &dyn AuditBucket, prefix: &str) -> Vec<(String, u64)> {
    let (mut keys, mut page) = (Vec::new(), None);
    loop {
        let listed = bucket.list(prefix, page).await.expect("a listing works");
        keys.extend(listed.objects.into_iter().map(|object| (object.key, object.size_bytes)));
        page = listed.next;
        if page.is_none() {
            return keys;
        }
    }
}

async fn staged(bucket: &dyn AuditBucket, key: &str, body: &[u8]) -> StagedUpload {
    let mut writer = bucket.stage(key, &PutPolicy::default()).await.expect("an upload begins");
    writer.write(body).await.expect("an upload takes bytes");
    assert_eq!(writer.written_bytes(), body.len() as u64);
    let upload = writer.finish().await.expect("an upload finishes");
    assert_eq!((upload.key.as_str(), upload.size_bytes), (key, body.len() as u64));
    // As another process would find it in the manifest.
    let manifest = serde_json::to_vec(&upload).expect("an upload is written as JSON");
    serde_json::from_slice(&manifest).expect("an upload is read from JSON")
}

async fn assert_published_now(bucket: &dyn AuditBucket, upload: &StagedUpload) {
    let published = bucket.publish(upload).await;
    assert!(matches!(published, Ok(Published::Now { .. })), "{published:?}");
}

async fn assert_already_published(bucket: &dyn AuditBucket, upload: &StagedUpload) {
    let published = bucket.publish(upload).await;
    assert!(matches!(published, Ok(Published::Already { .. })), "{published:?}");
}

async fn a_put_object_reads_back_whole_and_in_ranges(bucket: &dyn AuditBucket) {
    assert_eq!(put(bucket, "deep/er/archive.json", b"0123456789").await, PutOutcome::Written);
    assert_eq!(read(bucket, "deep/er/archive.json").await, Some(Bytes::from_static(b"0123456789")));
    for (offset, length, expected) in [(0, 10, "0123456789"), (2, 3, "234"), (8, 100, "89"), (10, 1, ""), (5, 0, "")] {
        let bytes = bucket.get_range("deep/er/archive.json", offset, length).await.expect("the range is there");
        assert_eq!(bytes, Bytes::from_static(expected.as_bytes()), "range {offset}+{length}");
    }
    let head = bucket.head("deep/er/archive.json").await.expect("a head works").expect("the object is there");
    assert_eq!(head.size_bytes, 10);
    let refused = bucket.get("deep/er/archive.json", 9).await;
    assert!(matches!(refused, Err(BucketError::TooLarge { size_bytes: 10, cap_bytes: 9, .. })), "{refused:?}");
    let metadata = BTreeMap::from([("signature".to_owned(), "00ff".to_owned())]);
    let policy = PutPolicy { metadata: metadata.clone(), content_type: Some("application/json".to_owned()), ..PutPolicy::default() };
    bucket.put("described", Bytes::new(), &policy).await.expect("a put with metadata works");
    let head = bucket.head("described").await.expect("a head works").expect("the object is there");
    assert_eq!((head.size_bytes, head.metadata), (0, metadata));
}

async fn an_absent_object_is_none_and_its_range_is_not_found(bucket: &dyn AuditBucket) {
    put(bucket, "there", b"x").await;
    for key in ["absent", "there/below", "a/b/c"] {
        assert_eq!(read(bucket, key).await, None);
        assert_eq!(bucket.head(key).await.expect("a head works"), None);
        let range = bucket.get_range(key, 0, 1).await;
        assert!(matches!(&range, Err(BucketError::NotFound { what }) if what.contains(key)), "{range:?}");
    }
}

async fn a_put_if_absent_keeps_what_is_there(bucket: &dyn AuditBucket) {
    assert_eq!(put_if_absent(bucket, "archive.json", b"first").await, PutOutcome::Written);
    assert_eq!(put_if_absent(bucket, "archive.json", b"second").await, PutOutcome::AlreadyThere);
    assert_eq!(read(bucket, "archive.json").await, Some(Bytes::from_static(b"first")));
    assert_eq!(put(bucket, "archive.json", b"third").await, PutOutcome::Written);
    assert_eq!(read(bucket, "archive.json").await, Some(Bytes::from_static(b"third")));
}

async fn an_archive_listing_is_ascending_by_byte_and_keeps_to_its_prefix(bucket: &dyn AuditBucket) {
    for key in KEYS_IN_ORDER.iter().rev() {
        put(bucket, key, b"xy").await;
    }
    for prefix in ["", "a", "a/", "a/b", "aa/b", "b", "c"] {
        assert_eq!(listed(bucket, prefix).await, expected(prefix, 2), "listing of prefix {prefix:?}");
    }
}

async fn deleting_twice_is_no_error(bucket: &dyn AuditBucket) {
    put(bucket, "staging/x/manifest.json", b"x").await;
    bucket.delete("staging/x/manifest.json").await.expect("a delete works");
    assert_eq!(read(bucket, "staging/x/manifest.json").await, None);
    bucket.delete("staging/x/manifest.json").await.expect("a second delete is no error");
}

async fn a_staged_upload_is_invisible_until_published(bucket: &dyn AuditBucket) {
    let upload = staged(bucket, "raw/day=1/x.gz", b"staged").await;
    assert_eq!(read(bucket, "raw/day=1/x.gz").await, None);
    assert_eq!(listed(bucket, "").await, []);
    assert_published_now(bucket, &upload).await;
    assert_eq!(read(bucket, "raw/day=1/x.gz").await, Some(Bytes::from_static(b"staged")));
    assert_eq!(listed(bucket, "").await, [("raw/day=1/x.gz".to_owned(), 6)]);
}

/// S3 may answer the second completion of an upload as it answered the first; either way nothing changes.
async fn publishing_again_changes_nothing(bucket: &dyn AuditBucket) {
    let upload = staged(bucket, "sources/day=1/x.parquet", b"once").await;
    let first = bucket.publish(&upload).await.expect("a first publish works");
    let Published::Now { version } = first.clone() else { panic!("first publish said {first:?}") };
    for _ in 0..2 {
        let again = bucket.publish(&upload).await.expect("a second publish is no error");
        assert!([Published::Already { version: version.clone() }, first.clone()].contains(&again), "{again:?} after {first:?}");
    }
    bucket.abandon(&upload).await.expect("abandoning what is published is no error");
    assert_eq!(read(bucket, "sources/day=1/x.parquet").await, Some(Bytes::from_static(b"once")));
}

async fn publishing_over_another_object_changes_nothing(bucket: &dyn AuditBucket) {
    let upload = staged(bucket, "taken", b"mine!").await;
    put(bucket, "taken", b"other").await;
    let refused = bucket.publish(&upload).await;
    assert!(matches!(&refused, Err(BucketError::Changed { what }) if what.contains("taken")), "{refused:?}");
    assert_eq!(read(bucket, "taken").await, Some(Bytes::from_static(b"other")));
}

async fn of_two_uploads_to_one_key_one_is_published(bucket: &dyn AuditBucket) {
    let one = staged(bucket, "raced", b"same bytes").await;
    let two = staged(bucket, "raced", b"same bytes").await;
    assert_ne!(one.upload_id, two.upload_id);
    assert_published_now(bucket, &two).await;
    assert_already_published(bucket, &one).await;
    assert_eq!(listed(bucket, "").await, [("raced".to_owned(), 10)]);
}

async fn an_abandoned_upload_cannot_be_published(bucket: &dyn AuditBucket) {
    let upload = staged(bucket, "events/x.parquet", b"never").await;
    bucket.abandon(&upload).await.expect("abandoning works");
    bucket.abandon(&upload).await.expect("abandoning twice is no error");
    let refused = bucket.publish(&upload).await;
    // S3 says that the upload is not there; emulators fail without a word.
    let named = |what: &String| what.contains("events/x.parquet");
    assert!(matches!(&refused, Err(BucketError::NotFound { what } | BucketError::Failed { what, .. }) if named(what)), "{refused:?}");
    assert_eq!(listed(bucket, "").await, []);
}

async fn an_aborted_upload_leaves_nothing(bucket: &dyn AuditBucket) {
    let mut writer = bucket.stage("raw/y.gz", &PutPolicy::default()).await.expect("an upload begins");
    writer.write(b"half").await.expect("an upload takes bytes");
    writer.abort().await.expect("aborting works");
    assert_eq!(listed(bucket, "").await, []);
    assert_eq!(read(bucket, "raw/y.gz").await, None);
}

async fn an_empty_upload_publishes_an_empty_object(bucket: &dyn AuditBucket) {
    let upload = staged(bucket, "empty", b"").await;
    assert_published_now(bucket, &upload).await;
    assert_eq!(read(bucket, "empty").await, Some(Bytes::new()));
}

async fn an_upload_of_many_parts_reads_back(bucket: &dyn AuditBucket) {
    // 18 MiB and a bit, in writes that no part size is a multiple of.
    let chunk: Vec<u8> = (0..1_234_567_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut writer = bucket.stage("raw/large.gz", &PutPolicy::default()).await.expect("an upload begins");
    for _ in 0..16 {
        writer.write(&chunk).await.expect("an upload takes bytes");
    }
    let upload = writer.finish().await.expect("an upload finishes");
    assert_eq!(upload.size_bytes, chunk.len() as u64 * 16);
    assert_published_now(bucket, &upload).await;
    let whole = read(bucket, "raw/large.gz").await.expect("the object is there");
    assert!(whole == chunk.repeat(16), "the parts came back in another order or with other bytes");
    let middle = bucket.get_range("raw/large.gz", 9_000_000, 64).await.expect("the range is there");
    assert_eq!(middle, whole.slice(9_000_000..9_000_064));
}
