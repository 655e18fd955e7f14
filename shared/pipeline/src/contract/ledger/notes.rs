//! Scenarios of notes: small documents that a service remembers.

use std::sync::Arc;

use futures::future::join_all;

use crate::ports::ledger::{Ledger, LedgerError, MAX_NOTE_BYTES, MAX_NOTE_NAME_BYTES, Note};

use super::TwoHandles;

const NAME: &str = "auditor/account/111122223333";

async fn there(ledger: &dyn Ledger, name: &str) -> Option<Note> {
    ledger.note(name).await.expect("a note is read")
}

async fn put(ledger: &dyn Ledger, over: Option<u64>, body: &[u8]) -> bool {
    ledger.put_note(NAME, over, body).await.expect("a put answers")
}

pub(super) async fn a_note_is_read_as_it_was_written(ledger: &TwoHandles) {
    assert_eq!(there(&**ledger, NAME).await, None);
    let largest = vec![7; MAX_NOTE_BYTES];
    let bodies = [&b""[..], b"{\"marks\":[]}", &[0, 0xff, 0x80, b'\n'], largest.as_slice()];
    let mut over = None;
    for body in bodies {
        assert!(put(&**ledger, over, body).await, "{} bytes over {over:?}", body.len());
        let note = there(ledger.other.as_ref(), NAME).await.expect("it is there");
        assert!(note.body == body, "{} bytes came back, not {}", note.body.len(), body.len());
        assert!(over.is_none_or(|over| note.version > over), "{} after {over:?}", note.version);
        over = Some(note.version);
    }
    let longest = "n".repeat(MAX_NOTE_NAME_BYTES);
    for name in ["auditor/account/-", "auditor/account/11112222333", "a#b/ \u{e4}\u{1f600}", longest.as_str()] {
        assert_eq!(there(&**ledger, name).await, None, "another name is another note");
        assert!(ledger.put_note(name, None, name.as_bytes()).await.expect("a put answers"));
        assert_eq!(there(ledger.other.as_ref(), name).await.expect("it is there").body, name.as_bytes());
    }
}

pub(super) async fn a_note_is_written_only_over_the_version_that_was_read(ledger: &TwoHandles) {
    assert!(!put(&**ledger, Some(1), b"over nothing").await);
    assert!(put(&**ledger, None, b"first").await);
    assert!(!put(ledger.other.as_ref(), None, b"late").await, "there is one already");
    let seen = there(ledger.other.as_ref(), NAME).await.expect("it is there");
    assert_eq!(seen.body, "first".as_bytes());
    assert!(put(&**ledger, Some(seen.version), b"second").await);
    assert!(!put(ledger.other.as_ref(), Some(seen.version), b"of what was read before").await);
    assert!(!put(ledger.other.as_ref(), Some(seen.version + 7), b"of a version to come").await);
    assert_eq!(there(&**ledger, NAME).await.expect("it is there").body, "second".as_bytes());
}

pub(super) async fn a_forgotten_note_is_gone_and_its_version_does_not_come_back(ledger: &TwoHandles) {
    ledger.forget_note(NAME).await.expect("forgetting what is not there is no error");
    assert!(put(&**ledger, None, b"first").await);
    let seen = there(&**ledger, NAME).await.expect("it is there");
    ledger.other.forget_note(NAME).await.expect("it is forgotten");
    ledger.other.forget_note(NAME).await.expect("forgetting again is no error");
    assert_eq!(there(&**ledger, NAME).await, None);
    assert!(!put(&**ledger, Some(seen.version), b"over what is gone").await);
    assert!(put(ledger.other.as_ref(), None, b"anew").await);
    assert!(!put(&**ledger, Some(seen.version), b"over another than was read").await);
    assert_eq!(there(&**ledger, NAME).await.expect("it is there").body, "anew".as_bytes());
}

pub(super) async fn a_note_over_the_cap_is_named_and_changes_nothing(ledger: &TwoHandles) {
    assert!(put(&**ledger, None, b"small").await);
    let seen = there(&**ledger, NAME).await.expect("it is there");
    let refused = ledger.put_note(NAME, Some(seen.version), &vec![7; MAX_NOTE_BYTES + 1]).await;
    let Err(error @ LedgerError::NoteTooLarge { .. }) = &refused else { panic!("{refused:?}") };
    assert!(error.to_string().contains(NAME) && error.to_string().contains("358400"), "{error}");
    assert_eq!(there(ledger.other.as_ref(), NAME).await, Some(seen));
    for name in [String::new(), "n".repeat(MAX_NOTE_NAME_BYTES + 1)] {
        let refused =
            [ledger.note(&name).await.err(), ledger.put_note(&name, None, b"x").await.err(), ledger.forget_note(&name).await.err()];
        assert!(refused.iter().all(|error| matches!(error, Some(LedgerError::NoteName { .. }))), "{refused:?}");
    }
}

pub(super) async fn a_rebuild_forgets_notes(ledger: &TwoHandles) {
    assert!(put(&**ledger, None, b"of before").await);
    let seen = there(&**ledger, NAME).await.expect("it is there");
    ledger.begin_rebuild(2).await.expect("a rebuild begins");
    assert_eq!(there(&**ledger, NAME).await, None);
    assert!(!put(&**ledger, Some(seen.version), b"over what is forgotten").await);
    assert_eq!(ledger.other.identity().await.expect("a ledger tells who it is").epoch, 2);
    assert_eq!(there(ledger.other.as_ref(), NAME).await, None);
    assert!(put(ledger.other.as_ref(), None, b"of after").await);
    assert_eq!(there(&**ledger, NAME).await.expect("it is there").body, "of after".as_bytes());
}

pub(super) async fn of_sixteen_tasks_that_count_in_a_note_none_is_lost(ledger: &TwoHandles) {
    let tasks = (0..16).map(|number| {
        let ledger = Arc::clone(if number % 2 == 0 { &ledger.one } else { &ledger.other });
        tokio::spawn(async move {
            for _ in 0..200 {
                let seen = there(ledger.as_ref(), NAME).await;
                let count: u64 = seen.as_ref().map_or(0, |note| String::from_utf8_lossy(&note.body).parse().expect("a number"));
                if put(ledger.as_ref(), seen.map(|note| note.version), (count + 1).to_string().as_bytes()).await {
                    return;
                }
            }
            panic!("a task never got to write");
        })
    });
    for task in join_all(tasks).await {
        task.expect("a task ends");
    }
    assert_eq!(there(&**ledger, NAME).await.expect("it is there").body, "16".as_bytes());
}
