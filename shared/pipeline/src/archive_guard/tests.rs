//! Who is let in to an archive, and who is not.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use super::*;
use crate::{
    memory::{MemoryBucket, MemoryLedger},
    ports::ledger::{Ledger, ManifestRef, WorkerId},
};

const NOW_MS: i64 = 1_760_000_000_000;

fn batch(days: i64) -> BatchId {
    BatchId::new(NOW_MS + days * DAY_MS, 7)
}

async fn publish(bucket: &MemoryBucket, ledger: Option<&MemoryLedger>, batch: BatchId) {
    bucket.insert(&layout::sources_key(&batch), "rows");
    let Some(ledger) = ledger else { return };
    let owner = WorkerId::new("process", 0);
    ledger.open(&batch, &owner, 1, NOW_MS).await.unwrap();
    let manifest = ManifestRef { key: layout::manifest_key(&batch), sha256: String::new() };
    ledger.commit(&batch, &owner, 1, &manifest, NOW_MS).await.unwrap();
    ledger.mark_published(&batch, &[], NOW_MS).await.unwrap();
}

#[tokio::test]
async fn a_new_archive_becomes_the_ledgers_and_stays_so() {
    let (bucket, ledger) = (MemoryBucket::new(), MemoryLedger::new("mine"));
    assert_eq!(read(&bucket).await.unwrap(), None);
    let made = join(&bucket, &ledger, NOW_MS).await.unwrap();
    assert_eq!((made.epoch, made.ledger.id.as_str()), (1, "mine"));
    assert!(ledger.identity().await.unwrap().ready);
    publish(&bucket, Some(&ledger), batch(0)).await;
    assert_eq!(join(&bucket, &ledger, NOW_MS + 1).await.unwrap(), made);
    assert_eq!(read(&bucket).await.unwrap(), Some(made));
}

#[tokio::test]
async fn another_archives_ledger_is_refused() {
    let (bucket, ledger) = (MemoryBucket::new(), MemoryLedger::new("mine"));
    join(&bucket, &ledger, NOW_MS).await.unwrap();
    let theirs = MemoryLedger::new("theirs");
    join(&MemoryBucket::new(), &theirs, NOW_MS).await.unwrap();
    let error = join(&bucket, &theirs, NOW_MS).await.unwrap_err();
    assert!(matches!(error, GuardError::OtherLedger { .. }), "{error}");
    assert!(error.to_string().contains("belongs to the Memory ledger mine and not to the Memory ledger theirs"), "{error}");
}

#[tokio::test]
async fn a_new_or_emptied_ledger_must_be_rebuilt_first() {
    let (bucket, ledger) = (MemoryBucket::new(), MemoryLedger::new("mine"));
    join(&bucket, &ledger, NOW_MS).await.unwrap();
    publish(&bucket, Some(&ledger), batch(0)).await;
    for lost in [MemoryLedger::new("new"), MemoryLedger::new("mine")] {
        let error = join(&bucket, &lost, NOW_MS).await.unwrap_err();
        assert!(matches!(error, GuardError::MustBeRebuilt { .. }), "{error}");
        let advice = rebuild_command(&AuditBucket::address(&bucket), &lost.address());
        assert!(error.to_string().ends_with(&format!("run: {advice}")), "{error}");
        assert!(!lost.identity().await.unwrap().ready);
    }
}

#[test]
fn the_command_that_rebuilds_can_be_pasted_into_a_shell() {
    assert_eq!(
        rebuild_command("s3://audit/org/", "/var/lib/o'neil's ledger.sqlite"),
        r"trailkeep ledger rebuild --archive s3://audit/org/ --ledger '/var/lib/o'\''neil'\''s ledger.sqlite'"
    );
}

#[tokio::test]
async fn a_ledger_of_an_older_epoch_is_refused() {
    let (bucket, ledger) = (MemoryBucket::new(), MemoryLedger::new("mine"));
    let mut descriptor = join(&bucket, &ledger, NOW_MS).await.unwrap();
    descriptor.epoch = 2;
    write(&bucket, &descriptor, false).await.unwrap();
    let error = join(&bucket, &ledger, NOW_MS).await.unwrap_err();
    assert!(matches!(error, GuardError::MustBeRebuilt { .. }), "{error}");
    assert!(error.to_string().contains("its epoch is 1 and the archive's is 2"), "{error}");
}

#[tokio::test]
async fn a_ledger_that_was_restored_to_an_older_state_is_found_out() {
    for days in [0, 1, 3, 100] {
        let (bucket, ledger) = (MemoryBucket::new(), MemoryLedger::new("mine"));
        join(&bucket, &ledger, NOW_MS).await.unwrap();
        publish(&bucket, Some(&ledger), BatchId::new(NOW_MS - 1, 1)).await;
        publish(&bucket, None, batch(days)).await;
        let error = join(&bucket, &ledger, NOW_MS + days * DAY_MS).await.unwrap_err();
        assert!(matches!(error, GuardError::MustBeRebuilt { .. }), "{days} days: {error}");
    }
}

/// An archive with a published Batch of now, and its ledger.
async fn with_a_batch() -> (MemoryBucket, MemoryLedger) {
    let (bucket, ledger) = (MemoryBucket::new(), MemoryLedger::new("mine"));
    join(&bucket, &ledger, NOW_MS).await.unwrap();
    publish(&bucket, Some(&ledger), BatchId::new(NOW_MS, 1)).await;
    (bucket, ledger)
}

#[tokio::test]
async fn a_restored_ledger_is_found_out_by_a_batch_that_was_opened_before_its_newest_and_published_after_it() {
    let (bucket, ledger) = with_a_batch().await;
    publish(&bucket, None, BatchId::new(NOW_MS - 20 * 60_000, 2)).await;
    let error = join(&bucket, &ledger, NOW_MS).await.unwrap_err();
    assert!(matches!(error, GuardError::MustBeRebuilt { .. }), "{error}");
}

#[tokio::test]
async fn a_restored_ledger_is_found_out_by_a_batch_that_it_has_as_open_and_the_archive_shows() {
    let (bucket, ledger) = with_a_batch().await;
    let long_open = batch(-3);
    ledger.open(&long_open, &WorkerId::new("process", 0), 1, NOW_MS).await.unwrap();
    join(&bucket, &ledger, NOW_MS).await.unwrap();
    bucket.insert(&layout::sources_key(&long_open), "rows");
    let error = join(&bucket, &ledger, NOW_MS).await.unwrap_err();
    assert!(matches!(error, GuardError::MustBeRebuilt { .. }), "{error}");
}

#[tokio::test]
async fn a_restored_ledger_is_found_out_by_a_batch_that_is_visible_in_part() {
    let (bucket, ledger) = with_a_batch().await;
    let staged = BatchId::new(NOW_MS + 5, 3);
    let key = format!("events/category=data/eventday=20251009/{staged}.parquet");
    let upload = |key: &str| crate::ports::bucket::StagedUpload {
        key: key.to_owned(),
        upload_id: "1".to_owned(),
        parts: Vec::new(),
        size_bytes: 4,
        checksum: "sha256:00".to_owned(),
        retain_until_ms: None,
    };
    let uploads = vec![upload(&key), upload(&layout::sources_key(&staged))];
    let manifest = Manifest::new(staged, 1, Vec::new(), uploads, |upload| &upload.key);
    let (bytes, sha256) = manifest.to_bytes().unwrap();
    bucket.insert(&layout::manifest_key(&staged), bytes);
    let owner = WorkerId::new("process", 0);
    ledger.open(&staged, &owner, 1, NOW_MS).await.unwrap();
    join(&bucket, &ledger, NOW_MS).await.expect("nothing of it is visible: a worker stages it");
    bucket.insert(&key, "rows");
    let error = join(&bucket, &ledger, NOW_MS).await.unwrap_err();
    assert!(matches!(error, GuardError::MustBeRebuilt { .. }), "{error}");
    let reference = ManifestRef { key: layout::manifest_key(&staged), sha256 };
    ledger.commit(&staged, &owner, 1, &reference, NOW_MS).await.unwrap();
    join(&bucket, &ledger, NOW_MS).await.expect("it is committed: a worker publishes it");
}

#[tokio::test]
async fn an_archive_of_a_newer_format_is_refused_by_name() {
    let (bucket, ledger) = (MemoryBucket::new(), MemoryLedger::new("mine"));
    bucket.insert(layout::ARCHIVE_JSON, r#"{"format": 2}"#);
    let error = join(&bucket, &ledger, NOW_MS).await.unwrap_err();
    assert!(matches!(&error, GuardError::Descriptor { source: DescriptorError::NewerFormat { found: 2 }, .. }), "{error}");
    assert!(matches!(read(&bucket).await, Err(GuardError::Descriptor { .. })));
}

#[tokio::test]
async fn content_without_a_descriptor_and_a_descriptor_less_ledger_with_content_are_refused() {
    let bucket = MemoryBucket::new();
    publish(&bucket, None, batch(0)).await;
    let error = join(&bucket, &MemoryLedger::new("mine"), NOW_MS).await.unwrap_err();
    assert!(matches!(error, GuardError::DescriptorMissing { .. }), "{error}");

    let (bucket, ledger) = (MemoryBucket::new(), MemoryLedger::new("mine"));
    join(&bucket, &ledger, NOW_MS).await.unwrap();
    publish(&bucket, Some(&ledger), batch(0)).await;
    let error = join(&MemoryBucket::new(), &ledger, NOW_MS).await.unwrap_err();
    assert!(matches!(error, GuardError::ArchiveEmpty { .. }), "{error}");
}

#[tokio::test]
async fn of_two_ledgers_that_join_a_new_archive_at_once_one_is_let_in() {
    let bucket = MemoryBucket::new();
    let (one, other) = (MemoryLedger::new("one"), MemoryLedger::new("other"));
    let (first, second) = tokio::join!(join(&bucket, &one, NOW_MS), join(&bucket, &other, NOW_MS));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
}
