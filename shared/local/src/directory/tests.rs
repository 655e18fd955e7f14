//! What only directories can show; the rest is the contract suite.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::{
    os::unix::fs::{PermissionsExt, symlink},
    sync::Mutex,
};

use tempfile::TempDir;
use trailkeep_pipeline::contract;

use super::*;

/// Directories that live as long as the test.
#[derive(Debug, Default)]
struct Scratch(Mutex<Vec<TempDir>>);

impl Scratch {
    fn directory(&self) -> PathBuf {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        self.0.lock().unwrap().push(directory);
        path
    }
}

fn files_below(root: &Path) -> Vec<String> {
    let mut walk = Walk::begin(root, "", None, false).unwrap();
    walk.page(usize::MAX).unwrap().0.into_iter().map(|object| object.key).collect()
}

async fn put(bucket: &DirectoryBucket, key: &str, policy: PutPolicy) -> Result<PutOutcome, BucketError> {
    AuditBucket::put(bucket, key, Bytes::from_static(b"body"), &policy).await
}

#[tokio::test]
async fn directories_keep_the_contract_of_log_buckets() {
    let scratch = Scratch::default();
    contract::bucket::log_bucket(async |seeds| {
        let root = scratch.directory();
        for seed in seeds {
            let path = root.join(&seed.key);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &seed.body).unwrap();
            if !seed.metadata.is_empty() {
                fs::write(sidecar::path_of(&path), sidecar::text(&seed.metadata)).unwrap();
            }
        }
        Arc::new(DirectoryBucket::open(&root).unwrap().with_page_size(2)) as Arc<dyn LogBucket>
    })
    .await;
}

#[tokio::test]
async fn directories_keep_the_contract_of_audit_buckets() {
    let scratch = Scratch::default();
    contract::bucket::audit_bucket(async || {
        Arc::new(DirectoryBucket::open(&scratch.directory()).unwrap().with_page_size(3)) as Arc<dyn AuditBucket>
    })
    .await;
}

#[tokio::test]
async fn a_bucket_that_is_closed_leaves_no_staging_directories() {
    let scratch = Scratch::default();
    let root = scratch.directory();
    let bucket = DirectoryBucket::open(&root).unwrap();
    put(&bucket, "a/b", PutPolicy::default()).await.unwrap();
    assert!(root.join("staging").is_dir());
    drop(bucket);
    assert!(!root.join("staging").exists());
    assert_eq!(files_below(&root), ["a/b"]);
}

#[tokio::test]
async fn another_process_publishes_what_this_one_finished() {
    let scratch = Scratch::default();
    let root = scratch.directory();
    let first = DirectoryBucket::open(&root).unwrap();
    let mut writer = first.stage("raw/x.gz", &PutPolicy::default()).await.unwrap();
    writer.write(b"bytes").await.unwrap();
    let upload = writer.finish().await.unwrap();
    drop(first);
    let second = DirectoryBucket::open(&root).unwrap();
    assert!(matches!(second.publish(&upload).await, Ok(Published::Now { .. })));
    drop(second);
    assert_eq!(files_below(&root), ["raw/x.gz"]);
    assert!(!root.join("staging").exists());
}

#[tokio::test]
async fn a_staged_file_that_lost_bytes_is_not_published() {
    let scratch = Scratch::default();
    let root = scratch.directory();
    let bucket = DirectoryBucket::open(&root).unwrap();
    let mut writer = bucket.stage("raw/x.gz", &PutPolicy::default()).await.unwrap();
    writer.write(b"bytes").await.unwrap();
    let upload = writer.finish().await.unwrap();
    fs::write(root.join(&upload.upload_id), b"byte").unwrap();
    assert!(matches!(bucket.publish(&upload).await, Err(BucketError::Failed { .. })));
    assert!(!root.join("raw/x.gz").exists());
}

#[tokio::test]
async fn an_upload_id_from_elsewhere_is_refused() {
    let scratch = Scratch::default();
    let root = scratch.directory();
    let bucket = DirectoryBucket::open(&root).unwrap();
    put(&bucket, "raw/kept", PutPolicy::default()).await.unwrap();
    for upload_id in ["raw/kept", "staging/uploads/../../raw/kept", "../outside", ""] {
        let upload = StagedUpload {
            key: "events/x".to_owned(),
            upload_id: upload_id.to_owned(),
            parts: Vec::new(),
            size_bytes: 4,
            checksum: String::new(),
            retain_until_ms: None,
        };
        assert!(bucket.publish(&upload).await.is_err(), "{upload_id}");
        assert!(bucket.abandon(&upload).await.is_err(), "{upload_id}");
    }
    assert!(root.join("raw/kept").exists());
}

#[tokio::test]
async fn files_are_made_for_owner_and_group_alone() {
    let scratch = Scratch::default();
    let root = scratch.directory();
    put(&DirectoryBucket::open(&root).unwrap(), "a/b", PutPolicy::default()).await.unwrap();
    let mode = |path: &str| fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("a/b") & !0o640, mode("a") & !0o750), (0, 0));
}

#[tokio::test]
async fn metadata_of_a_put_lies_beside_the_file_and_goes_with_it() {
    let scratch = Scratch::default();
    let root = scratch.directory();
    let bucket = DirectoryBucket::open(&root).unwrap();
    let metadata = std::collections::BTreeMap::from([("signature".to_owned(), "00ff".to_owned())]);
    put(&bucket, "digest.json.gz", PutPolicy { metadata, ..PutPolicy::default() }).await.unwrap();
    assert_eq!(fs::read_to_string(root.join("digest.json.gz.metadata.json")).unwrap(), r#"{"signature":"00ff"}"#);
    put(&bucket, "digest.json.gz", PutPolicy::default()).await.unwrap();
    assert!(!root.join("digest.json.gz.metadata.json").exists());
}

#[tokio::test]
async fn a_metadata_file_that_makes_no_sense_does_not_hide_the_object() {
    let scratch = Scratch::default();
    let root = scratch.directory();
    fs::write(root.join("x.json"), "{}").unwrap();
    for text in ["[1]".to_owned(), "{\"a\":1}".to_owned(), "{".to_owned(), format!("\"{}\"", "x".repeat(70_000))] {
        fs::write(root.join("x.json.metadata.json"), &text).unwrap();
        let fetched = LogBucket::get(&DirectoryBucket::open(&root).unwrap(), "x.json", None, 10).await.unwrap();
        assert!(fetched.info.metadata.is_empty());
    }
}

#[tokio::test]
async fn a_metadata_file_that_is_a_pipe_or_a_folder_is_passed_over_and_a_prefix_is_taken_off() {
    let scratch = Scratch::default();
    let root = scratch.directory();
    for name in ["piped.json", "folder.json", "saved.json"] {
        fs::write(root.join(name), "{}").unwrap();
    }
    assert!(std::process::Command::new("mkfifo").arg(root.join("piped.json.metadata.json")).status().unwrap().success());
    fs::create_dir(root.join("folder.json.metadata.json")).unwrap();
    fs::write(root.join("saved.json.metadata.json"), r#"{"x-amz-meta-signature":"00ff"}"#).unwrap();
    let bucket = DirectoryBucket::open(&root).unwrap();
    for name in ["piped.json", "folder.json"] {
        assert!(LogBucket::get(&bucket, name, None, 10).await.unwrap().info.metadata.is_empty(), "{name}");
    }
    let saved = LogBucket::get(&bucket, "saved.json", None, 10).await.unwrap().info.metadata;
    assert_eq!(saved.get("signature").map(String::as_str), Some("00ff"));
}

#[tokio::test]
async fn links_are_neither_listed_nor_read() {
    let scratch = Scratch::default();
    let (root, outside) = (scratch.directory(), scratch.directory());
    fs::write(outside.join("secret"), "secret").unwrap();
    fs::write(root.join("plain"), "plain").unwrap();
    symlink(outside.join("secret"), root.join("link")).unwrap();
    symlink(&outside, root.join("folder")).unwrap();
    let bucket = DirectoryBucket::open(&root).unwrap();
    assert_eq!(files_below(&root), ["plain"]);
    assert_eq!(LogBucket::list(&bucket, "folder/", None).await.unwrap().objects, []);
    assert!(matches!(LogBucket::get(&bucket, "link", None, 100).await, Err(BucketError::Denied { .. })));
    assert!(matches!(LogBucket::head(&bucket, "link", None).await, Err(BucketError::NotFound { .. })));
}

#[tokio::test]
async fn names_that_are_not_utf8_leave_the_others_listed() {
    use std::os::unix::ffi::OsStrExt;
    let scratch = Scratch::default();
    let root = scratch.directory();
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"bad\xff.json")), "x").unwrap();
    fs::write(root.join("good.json"), "x").unwrap();
    assert_eq!(files_below(&root), ["good.json"]);
}

#[tokio::test]
async fn a_range_of_a_replaced_file_is_changed() {
    let scratch = Scratch::default();
    let root = scratch.directory();
    fs::write(root.join("x"), "first").unwrap();
    let bucket = DirectoryBucket::open(&root).unwrap();
    let info = LogBucket::head(&bucket, "x", None).await.unwrap();
    fs::write(root.join("y"), "other").unwrap();
    fs::rename(root.join("y"), root.join("x")).unwrap();
    let refused = LogBucket::get_range(&bucket, "x", &info, 0, 1).await;
    assert!(matches!(refused, Err(BucketError::Changed { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_page_token_is_good_for_another_process_and_for_later() {
    let scratch = Scratch::default();
    let root = scratch.directory();
    for key in ["a/1", "a/2", "b/1", "b.x", "c"] {
        fs::create_dir_all(root.join(key).parent().unwrap()).unwrap();
        fs::write(root.join(key), "x").unwrap();
    }
    let page = LogBucket::list(&DirectoryBucket::open(&root).unwrap().with_page_size(2), "", None).await.unwrap();
    fs::remove_file(root.join("a/2")).unwrap();
    let rest = LogBucket::list(&DirectoryBucket::open(&root).unwrap(), "", page.next).await.unwrap();
    assert_eq!(rest.objects.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["b.x", "b/1", "c"]);
}

#[test]
fn what_is_missing_or_no_directory_is_said() {
    let scratch = Scratch::default();
    let root = scratch.directory();
    fs::write(root.join("file"), "x").unwrap();
    assert!(matches!(DirectoryBucket::open(&root.join("absent")), Err(BucketError::NotFound { .. })));
    assert!(matches!(DirectoryBucket::open(&root.join("file")), Err(BucketError::Failed { .. })));
    assert!(DirectoryBucket::create(&root.join("new/archive")).is_ok());
    assert!(root.join("new/archive").is_dir());
}

#[test]
fn a_full_disk_and_a_quota_are_named() {
    for kind in [std::io::ErrorKind::StorageFull, std::io::ErrorKind::QuotaExceeded] {
        assert!(matches!(explain("write", Path::new("x"), kind.into()), BucketError::NoSpace { .. }));
    }
    let denied = explain("write", Path::new("x"), std::io::ErrorKind::PermissionDenied.into());
    assert!(denied.to_string().contains("owner and the mode"), "{denied}");
}
