//! Bodies that nobody should send, and somebody will.

use serde_json::{Value, json};

use super::{BUCKET, KEY, entries, entry_fault, event, in_envelope, message_fault, only, record};
use crate::{Entry, EntryFault, Ignored, MAX_BODY_BYTES, MAX_ENTRIES, Message, MessageFault, cloudtrail_message, parse};

#[test]
fn what_is_no_json_object_says_so() {
    for body in ["", " ", "hello", "{", "{\"Records\":[", "{\"Records\":[]}x", "{'a':1}", "\u{feff}{}", "<xml/>", "{\"Records\":[{]}"] {
        assert_eq!(message_fault(body), MessageFault::NotJson, "{body:?}");
        assert_eq!(message_fault(&in_envelope(body)), MessageFault::NotJson, "{body:?}");
    }
    for body in ["[]", "7", "\"text\"", "null", "true", "[{\"Records\":[]}]"] {
        assert_eq!(message_fault(body), MessageFault::NotAnObject, "{body}");
    }
    for body in
        ["{}", "{\"a\":1}", "{\"Type\":\"Notification\"}", "{\"Records\":null}", "{\"source\":\"aws.s3\"}", "{\"Event\":\"s3:Other\"}"]
    {
        assert_eq!(message_fault(body), MessageFault::UnknownForm, "{body}");
    }
    assert_eq!(message_fault("{\"Type\":\"Other\",\"Message\":\"m\"}"), MessageFault::UnknownForm);
    assert_eq!(message_fault("{\"Type\":\"Notification\",\"Message\":{\"Records\":[]}}"), MessageFault::BadEnvelope);
}

#[test]
fn a_body_that_is_cut_anywhere_is_rejected_or_read() {
    let body = in_envelope(&event(&[record("a+b")]).to_string());
    for end in 0..body.len() {
        let cut = body.get(..end).unwrap();
        assert_eq!(message_fault(cut), MessageFault::NotJson, "{cut}");
    }
}

#[test]
fn records_that_are_no_list_or_empty_have_their_names() {
    for records in ["{}", "7", "\"[]\"", "{\"0\":{}}"] {
        assert_eq!(message_fault(&format!("{{\"Records\":{records}}}")), MessageFault::RecordsNotAList);
    }
    assert_eq!(parse("{\"Records\":[]}").message, Message::Ignored(Ignored::NoEntries));
}

#[test]
fn entries_of_the_wrong_type_are_rejected_each_for_itself() {
    let (_, entries) = entries("{\"Records\":[1,null,\"x\",[],{},{\"eventSource\":\"aws:sns\"}]}");
    let reasons: Vec<EntryFault> = entries
        .iter()
        .map(|entry| match entry {
            Entry::Rejected { reason, .. } => *reason,
            other => panic!("{other:?}"),
        })
        .collect();
    let not = EntryFault::NotAnObject;
    assert_eq!(reasons, [not, not, not, not, EntryFault::BadField, EntryFault::OtherSource]);
}

#[test]
fn a_number_where_text_is_due_rejects_the_entry_only_where_it_names_the_object() {
    for (pointer, fault) in [
        ("/s3/object/key", Some(EntryFault::BadField)),
        ("/s3/object/versionId", Some(EntryFault::BadField)),
        ("/s3/bucket/name", Some(EntryFault::BadField)),
        ("/s3/bucket", Some(EntryFault::NotAnObject)),
        ("/s3/object", Some(EntryFault::NotAnObject)),
        ("/s3", Some(EntryFault::NotAnObject)),
        ("/eventName", Some(EntryFault::BadField)),
        ("/eventVersion", Some(EntryFault::BadField)),
        ("/eventSource", Some(EntryFault::BadField)),
        ("/eventTime", None),
        ("/s3/object/eTag", None),
        ("/s3/object/sequencer", None),
        ("/s3/object/size", None),
    ] {
        let mut record = record(KEY);
        record["s3"]["object"]["versionId"] = json!("v");
        *record.pointer_mut(pointer).unwrap() = json!(7.5);
        let body = event(&[record]).to_string();
        match fault {
            Some(fault) => assert_eq!(entry_fault(&body), fault, "{pointer}"),
            None => assert_eq!(only(&body).1.key, KEY, "{pointer}"),
        }
    }
}

#[test]
fn keys_that_could_do_harm_have_their_reason() {
    for (encoded, fault) in [
        ("", EntryFault::KeyEmpty),
        ("a%00b", EntryFault::KeyControlCharacters),
        ("a%0Ab", EntryFault::KeyControlCharacters),
        ("a%C2%85b", EntryFault::KeyControlCharacters),
        ("..", EntryFault::KeyDotDot),
        ("a/../b", EntryFault::KeyDotDot),
        ("a%2F..%2Fb", EntryFault::KeyDotDot),
        ("a%2F%2E%2E", EntryFault::KeyDotDot),
        ("%FF", EntryFault::KeyNotUtf8),
        ("%ED%A0%80", EntryFault::KeyNotUtf8),
        (&"k".repeat(1_025), EntryFault::KeyTooLong),
        (&"%C3%BC".repeat(513), EntryFault::KeyTooLong),
    ] {
        assert_eq!(entry_fault(&event(&[record(encoded)]).to_string()), fault, "{encoded}");
    }
    for fits in ["a..b", "...", "a/...", &"k".repeat(1_024), &"%C3%BC".repeat(512)] {
        only(&event(&[record(fits)]).to_string());
    }
    let lone_surrogate = event(&[record(KEY)]).to_string().replace(KEY, "\\ud800");
    assert_eq!(entry_fault(&lone_surrogate), EntryFault::BadField);
}

#[test]
fn buckets_that_could_be_none_are_rejected() {
    for bucket in ["", "a/b", "a b", "..\u{0}", "bücket", &"b".repeat(256), "arn:aws:s3:::x"] {
        let mut record = record(KEY);
        record["s3"]["bucket"]["name"] = json!(bucket);
        assert_eq!(entry_fault(&event(&[record]).to_string()), EntryFault::BadBucket, "{bucket}");
    }
}

#[test]
fn hostile_text_is_escaped_and_cut_before_it_is_repeated() {
    let (_, entries) = entries(&event(&[record(&format!("%1B[31m{}", "x".repeat(5_000)))]).to_string());
    let Some(Entry::Rejected { detail, .. }) = entries.first() else { panic!("{entries:?}") };
    assert!(detail.len() < 300 && !detail.chars().any(char::is_control), "{detail}");
    let mut removed = record(KEY);
    removed["eventName"] = json!(format!("ObjectRemoved:\u{7}{}", "y".repeat(5_000)));
    let (_, ignored) = super::entries(&event(&[removed]).to_string());
    let Some(Entry::Ignored { event_name }) = ignored.first() else { panic!("{ignored:?}") };
    assert!(event_name.len() < 200 && !event_name.chars().any(char::is_control), "{event_name}");
}

#[test]
fn the_last_of_repeated_json_keys_counts() {
    let body = format!(r#"{{"s3Bucket":"first","s3ObjectKey":["a"],"s3Bucket":"{BUCKET}","s3ObjectKey":["b"]}}"#);
    let notice = only(&body).1;
    assert_eq!((notice.bucket.as_str(), notice.key.as_str()), (BUCKET, "b"));
    let record = record(KEY).to_string();
    let twice = format!(r#"{{"Records":7,"Records":[{record}]}}"#);
    assert_eq!(only(&twice).1.key, KEY);
}

#[test]
fn nesting_of_any_depth_is_skipped_where_nothing_is_asked_of_it() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    assert_eq!(message_fault(&format!("{{\"x\":{deep}}}")), MessageFault::UnknownForm);
    assert_eq!(entry_fault(&format!("{{\"Records\":[{deep}]}}")), EntryFault::NotAnObject);
    assert_eq!(message_fault(&deep), MessageFault::NotAnObject);
    assert_eq!(message_fault(&"[".repeat(400_000)), MessageFault::NotJson);
    assert_eq!(message_fault(&"{\"a\":".repeat(100_000)), MessageFault::NotJson);
}

#[test]
fn a_mebibyte_is_read_and_more_is_not() {
    let record = record(KEY).to_string();
    let padded = |bytes: usize| {
        let padding = " ".repeat(bytes - record.len() - "{\"Records\":[]}".len());
        format!("{{\"Records\":[{record}{padding}]}}")
    };
    assert_eq!(only(&padded(MAX_BODY_BYTES)).1.key, KEY);
    assert_eq!(message_fault(&padded(MAX_BODY_BYTES + 1)), MessageFault::TooLarge);
    assert_eq!(message_fault(&"x".repeat(MAX_BODY_BYTES)), MessageFault::NotJson);
    assert_eq!(message_fault(&"\"".repeat(MAX_BODY_BYTES)), MessageFault::NotJson);
}

#[test]
fn ten_thousand_entries_are_read_and_one_more_rejects_the_message() {
    let keys: Vec<String> = (0..=MAX_ENTRIES).map(|number| format!("AWSLogs/{number}")).collect();
    let (_, entries) = entries(&cloudtrail_message(BUCKET, keys.get(..MAX_ENTRIES).unwrap()));
    assert_eq!(entries.len(), MAX_ENTRIES);
    assert_eq!(entries.last().and_then(Entry::object).map(|notice| notice.key.as_str()), Some("AWSLogs/9999"));
    assert_eq!(message_fault(&cloudtrail_message(BUCKET, &keys)), MessageFault::TooManyObjects);
    let records = vec![Value::Null; MAX_ENTRIES + 1];
    assert_eq!(message_fault(&event(&records).to_string()), MessageFault::TooManyObjects);
    let (_, rejected) = super::entries(&event(&records[..MAX_ENTRIES]).to_string());
    assert_eq!(rejected.len(), MAX_ENTRIES);
}
