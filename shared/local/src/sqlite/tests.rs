//! What only a file can show: the contract over two connections, processes that end, files that are not ours.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::Arc;

use tempfile::TempDir;
use trailkeep_archive::BatchId;
use trailkeep_pipeline::{
    contract::ledger::{TwoHandles, ledger},
    ports::ledger::{BatchState, Claim, Landed, LandedSource, Ledger, LedgerError, ManifestRef, SourceId, WorkerId},
};

use super::*;

fn options(process: &str) -> SqliteOptions {
    SqliteOptions { process: process.to_owned(), new_id: format!("made by {process}") }
}

fn opened(directory: &TempDir, process: &str) -> Result<SqliteLedger, LedgerError> {
    SqliteLedger::in_archive(directory.path(), &options(process))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_keeps_the_contract() {
    let root = tempfile::tempdir().unwrap();
    let made = std::sync::atomic::AtomicUsize::new(0);
    ledger(async || {
        let number = made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = root.path().join(format!("{number}/ledger.sqlite"));
        let open = |process| Arc::new(SqliteLedger::open(&path, &options(process)).unwrap());
        TwoHandles { one: open("one"), other: open("other") }
    })
    .await;
}

#[tokio::test]
async fn what_was_answered_is_there_when_it_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let (batch, owner) = (BatchId::new(1_760_000_000_000, 1), WorkerId::new("first", 0));
    let source = SourceId::new("example-logs", "AWSLogs/1");
    let landed = Landed { version: None, etag: Some("e".to_owned()), stored_bytes: 9, stored_sha256: [9; 32] };
    {
        let ledger = opened(&directory, "first").unwrap();
        ledger.set_ready(1).await.unwrap();
        ledger.open(&batch, &owner, 1, 5).await.unwrap();
        ledger.admit(&batch, std::slice::from_ref(&source)).await.unwrap();
        let manifest = ManifestRef { key: "k".to_owned(), sha256: "s".to_owned() };
        ledger.commit(&batch, &owner, 1, &manifest, 6).await.unwrap();
        ledger.mark_published(&batch, &[LandedSource { source: source.clone(), landed: landed.clone() }], 7).await.unwrap();
    }
    let ledger = opened(&directory, "second").unwrap();
    let identity = ledger.identity().await.unwrap();
    assert_eq!((identity.id.as_str(), identity.ready), ("made by first", true), "it is the ledger that was made first");
    assert_eq!(ledger.batch(&batch).await.unwrap().unwrap().state, BatchState::Published);
    let holder = ledger.look(&[source]).await.unwrap().remove(0).unwrap();
    assert_eq!((holder.batch, holder.landed), (batch, Some(landed)));
}

#[tokio::test]
async fn the_batches_of_an_ended_process_are_free_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let (one, other) = (opened(&directory, "one").unwrap(), opened(&directory, "other").unwrap());
    assert!(!other.is_gone(&WorkerId::new("one", 3)).await.unwrap());
    assert!(!other.is_gone(&WorkerId::new("other", 0)).await.unwrap(), "we are not gone");
    assert!(other.is_gone(&WorkerId::new("never seen", 0)).await.unwrap());
    drop(one);
    assert!(other.is_gone(&WorkerId::new("one", 3)).await.unwrap());
}

#[tokio::test]
async fn the_entry_of_a_killed_process_is_swept_away() {
    let directory = tempfile::tempdir().unwrap();
    let killed = directory.path().join(".trailkeep/ledger.sqlite-workers/killed");
    std::fs::create_dir_all(killed.parent().unwrap()).unwrap();
    std::fs::write(&killed, "").unwrap();
    let ledger = opened(&directory, "next").unwrap();
    assert!(!killed.exists());
    assert!(ledger.is_gone(&WorkerId::new("killed", 0)).await.unwrap());
}

#[test]
fn a_newer_ledger_and_files_of_others_are_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(LEDGER_IN_ARCHIVE);
    drop(opened(&directory, "first").unwrap());
    let file = Connection::open(&path).unwrap();
    file.pragma_update(None, "user_version", schema::VERSION + 1).unwrap();
    drop(file);
    let error = opened(&directory, "second").unwrap_err();
    assert!(matches!(error, LedgerError::Newer { found: 2, known: 1, .. }), "{error}");

    let other = directory.path().join("other.sqlite");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    let before = std::fs::read(&other).unwrap();
    let error = SqliteLedger::open(&other, &options("third")).unwrap_err();
    assert!(matches!(&error, LedgerError::Damaged { detail, .. } if detail.contains("another program's")), "{error}");
    assert_eq!(std::fs::read(&other).unwrap(), before);

    let garbage = directory.path().join("garbage.sqlite");
    std::fs::write(&garbage, "not a database at all, but long enough to be looked at".repeat(100)).unwrap();
    let error = SqliteLedger::open(&garbage, &options("fourth")).unwrap_err();
    assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_source_of_a_batch_that_is_not_there_is_named_as_damage() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = opened(&directory, "first").unwrap();
    ledger.set_ready(1).await.unwrap();
    let batch = BatchId::new(1_760_000_000_000, 1);
    ledger.open(&batch, &WorkerId::new("first", 0), 1, 5).await.unwrap();
    let sources = [SourceId::new("b", "k")];
    assert_eq!(ledger.admit(&batch, &sources).await.unwrap(), [Claim::Admitted]);
    Connection::open(directory.path().join(LEDGER_IN_ARCHIVE)).unwrap().execute("DELETE FROM batches", []).unwrap();
    let error = ledger.look(&sources).await.unwrap_err();
    assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_key_that_was_changed_behind_its_back_is_named_as_damage() {
    let directory = tempfile::tempdir().unwrap();
    {
        let ledger = opened(&directory, "first").unwrap();
        ledger.set_ready(1).await.unwrap();
        let batch = BatchId::new(1_760_000_000_000, 1);
        ledger.open(&batch, &WorkerId::new("first", 0), 1, 5).await.unwrap();
        let sources: Vec<SourceId> = (0..1000).map(|n| SourceId::new("b", format!("AWSLogs/key-{n:06}"))).collect();
        ledger.admit(&batch, &sources).await.unwrap();
    }
    let path = directory.path().join(LEDGER_IN_ARCHIVE);
    let mut bytes = std::fs::read(&path).unwrap();
    let key = b"AWSLogs/key-000500";
    let at = bytes.windows(key.len()).position(|window| window == key).unwrap();
    bytes[at..at + 7].copy_from_slice(b"zzzzzzz");
    std::fs::write(&path, bytes).unwrap();
    let error = opened(&directory, "second").unwrap_err();
    assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
}

#[test]
fn a_ledger_where_nobody_may_write_says_what_is_wanted() {
    let directory = tempfile::tempdir().unwrap();
    // A file where the directory should be: refused for every user, root included.
    std::fs::write(directory.path().join(".trailkeep"), "").unwrap();
    let error = opened(&directory, "first").unwrap_err();
    assert!(matches!(error, LedgerError::Failed { operation: "make the directory of", .. }), "{error}");
}

#[tokio::test]
async fn a_ledger_of_an_earlier_release_gets_its_notes_and_forgets_them_with_a_rebuild_of_that_release() {
    let directory = tempfile::tempdir().unwrap();
    drop(opened(&directory, "first").unwrap());
    let behind = Connection::open(directory.path().join(LEDGER_IN_ARCHIVE)).unwrap();
    behind.execute_batch("DROP TABLE notes").unwrap();
    let ledger = opened(&directory, "second").unwrap();
    assert_eq!(ledger.note("auditor/state").await.unwrap(), None);
    assert!(ledger.put_note("auditor/state", None, b"{}").await.unwrap());
    drop(ledger);
    let ledger = opened(&directory, "third").unwrap();
    let note = ledger.note("auditor/state").await.unwrap().unwrap();
    assert_eq!((note.version, &note.body[..]), (1, &b"{}"[..]));
    // An earlier release raises the epoch, and knows of no notes.
    behind.execute("UPDATE ledger SET epoch = 2", []).unwrap();
    assert_eq!(ledger.note("auditor/state").await.unwrap(), None);
    assert!(!ledger.put_note("auditor/state", Some(1), b"late").await.unwrap());
    assert!(ledger.put_note("auditor/state", None, b"anew").await.unwrap());
    assert_eq!(ledger.note("auditor/state").await.unwrap().unwrap().version, 2, "it goes on counting");
}
