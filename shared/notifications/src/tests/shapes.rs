//! Each shape as its sender writes it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{BUCKET, KEY, entries, entry_fault, event, in_envelope, message_fault, only, record};
use crate::{Confirmation, Entry, EntryFault, Envelope, Form, Ignored, Message, MessageFault, cloudtrail_message, parse, s3_event};

#[test]
fn an_s3_event_names_its_object_with_all_that_describes_it() {
    let (form, notice) = only(&event(&[record(KEY)]).to_string());
    assert_eq!((form, notice.bucket.as_str(), notice.key.as_str()), (Form::S3Event, BUCKET, KEY));
    assert_eq!((notice.version, notice.size_bytes, notice.event_time_ms), (None, Some(2_481), Some(1_768_467_961_123)));
    assert_eq!(notice.etag.as_deref(), Some("b57f9512698f4b09e608f4f2a65852e5"));
    assert_eq!(notice.sequencer.as_deref(), Some("0055AED6DCD90281E5"));
}

#[test]
fn keys_of_s3_events_are_form_decoded() {
    for (encoded, key) in [
        ("a+b.json.gz", "a b.json.gz"),
        ("a%20b", "a b"),
        ("a%2Bb", "a+b"),
        ("AWSLogs%2F111122223333%2Fx", "AWSLogs/111122223333/x"),
        ("%C3%BCber/100%25", "über/100%"),
        ("half%2", "half%2"),
        ("%zz", "%zz"),
    ] {
        assert_eq!(only(&event(&[record(encoded)]).to_string()).1.key, key);
    }
}

#[test]
fn versions_and_entity_tags_come_bare() {
    for (version, wanted) in [
        (json!("096fKKXTRTtl3on89fVO.nfljtsv6qko"), Some("096fKKXTRTtl3on89fVO.nfljtsv6qko")),
        (Value::Null, None),
        (json!("null"), None),
        (json!(""), None),
    ] {
        let mut record = record(KEY);
        record["s3"]["object"]["versionId"] = version;
        record["s3"]["object"]["eTag"] = json!("\"abc-3\"");
        let notice = only(&event(&[record]).to_string()).1;
        assert_eq!((notice.version.as_deref(), notice.etag.as_deref()), (wanted, Some("abc-3")));
    }
}

#[test]
fn a_time_without_a_zone_and_with_microseconds_is_read() {
    let mut record = record(KEY);
    record["eventTime"] = json!("2026-01-15T09:06:01.123456");
    assert_eq!(only(&event(&[record]).to_string()).1.event_time_ms, Some(1_768_467_961_123));
}

#[test]
fn events_of_version_2_with_any_minor_are_read_and_other_majors_are_not() {
    for (version, fault) in [("2.0", None), ("2.3", None), ("2.99", None), ("1.0", Some(())), ("3.0", Some(())), ("20.1", Some(()))] {
        let mut record = record(KEY);
        record["eventVersion"] = json!(version);
        let body = event(&[record]).to_string();
        match fault {
            None => assert_eq!(only(&body).1.key, KEY),
            Some(()) => assert_eq!(entry_fault(&body), EntryFault::OtherVersion),
        }
    }
}

#[test]
fn creations_are_objects_and_anything_else_has_its_name() {
    for name in
        ["ObjectCreated:Put", "ObjectCreated:Post", "ObjectCreated:Copy", "ObjectCreated:CompleteMultipartUpload", "s3:ObjectCreated:Put"]
    {
        let mut record = record(KEY);
        record["eventName"] = json!(name);
        assert_eq!(only(&event(&[record]).to_string()).1.key, KEY);
    }
    for name in
        ["ObjectRemoved:Delete", "s3:ObjectRemoved:DeleteMarkerCreated", "ObjectRestore:Completed", "LifecycleTransition", "ObjectCreated"]
    {
        let mut record = record(KEY);
        record["eventName"] = json!(name);
        let ignored = Entry::Ignored { event_name: name.to_owned() };
        assert_eq!(entries(&event(&[record]).to_string()).1, [ignored]);
    }
}

#[test]
fn one_bad_entry_among_nine_good_ones_suffers_alone() {
    let mut records: Vec<Value> = (0..9).map(|number| record(&format!("AWSLogs/{number}"))).collect();
    records.insert(4, record("AWSLogs/../../etc/passwd"));
    let (_, entries) = entries(&event(&records).to_string());
    let keys: Vec<&str> = entries.iter().filter_map(Entry::object).map(|notice| notice.key.as_str()).collect();
    assert_eq!(keys, (0..9).map(|number| format!("AWSLogs/{number}")).collect::<Vec<_>>());
    let bad = Entry::Rejected { reason: EntryFault::KeyDotDot, detail: "AWSLogs/../../etc/passwd".to_owned() };
    assert_eq!(entries.get(4), Some(&bad));
}

#[test]
fn envelopes_are_taken_off_and_remembered() {
    let bare = event(&[record("a+b")]).to_string();
    let envelope = Envelope {
        topic: Some("arn:aws:sns:us-east-1:111122223333:trail-objects".to_owned()),
        message_id: Some("165545c9-2a5c-472c-8df2-7ff2be2b3b1b".to_owned()),
    };
    let mut body = bare.clone();
    for depth in 1..=3 {
        body = in_envelope(&body);
        let parsed = parse(&body);
        assert_eq!(parsed.message, parse(&bare).message);
        assert_eq!(parsed.envelopes, vec![envelope.clone(); depth]);
    }
    assert_eq!(message_fault(&in_envelope(&body)), MessageFault::TooManyEnvelopes);
    assert_eq!(parse(&bare).envelopes, []);
}

#[test]
fn cloudtrails_own_notification_names_one_key_or_many_as_they_are() {
    let one = format!(r#"{{"s3Bucket":"{BUCKET}","s3ObjectKey":"{KEY}"}}"#);
    assert_eq!(only(&one).0, Form::CloudTrail);
    assert_eq!(only(&in_envelope(&one)).1.key, KEY);
    let (_, entries) = entries(&cloudtrail_message(BUCKET, &[KEY, "a+b%20c", "x/../y"]));
    let keys: Vec<&str> = entries.iter().filter_map(Entry::object).map(|notice| notice.key.as_str()).collect();
    assert_eq!(keys, [KEY, "a+b%20c"]);
    assert!(matches!(entries.get(2), Some(Entry::Rejected { reason: EntryFault::KeyDotDot, .. })));
    assert_eq!(parse(&cloudtrail_message::<&str>(BUCKET, &[])).message, Message::Ignored(Ignored::NoEntries));
    for half in [
        r#"{"s3Bucket":"abc"}"#,
        r#"{"s3ObjectKey":["a"]}"#,
        r#"{"s3Bucket":7,"s3ObjectKey":["a"]}"#,
        r#"{"s3Bucket":"abc","s3ObjectKey":7}"#,
    ] {
        assert_eq!(message_fault(half), MessageFault::BadCloudTrail, "{half}");
    }
}

fn event_bridge() -> Value {
    json!({
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2026-01-15T09:06:02Z",
        "region": "us-east-1",
        "resources": [format!("arn:aws:s3:::{BUCKET}")],
        "detail": {
            "version": "0",
            "bucket": { "name": BUCKET },
            "object": { "key": "a+b%20c.json.gz", "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184", "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", "sequencer": "617f08299329d189" },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "111122223333",
            "source-ip-address": "192.0.2.3",
            "reason": "PutObject",
        },
    })
}

#[test]
fn event_bridges_keys_are_left_as_they_are() {
    let (form, notice) = only(&event_bridge().to_string());
    assert_eq!((form, notice.key.as_str(), notice.bucket.as_str()), (Form::EventBridge, "a+b%20c.json.gz", BUCKET));
    assert_eq!((notice.size_bytes, notice.event_time_ms), (Some(5), Some(1_768_467_962_000)));
    assert_eq!(notice.etag.as_deref(), Some("b1946ac92492d2347c6235b4d2611184"));
    assert_eq!(notice.version.as_deref(), Some("IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"));
    assert_eq!(notice.sequencer.as_deref(), Some("617f08299329d189"));

    let mut emulated = event_bridge();
    let object = emulated["detail"]["object"].as_object_mut().unwrap();
    let etag = object.remove("etag").unwrap();
    object.insert("eTag".to_owned(), etag);
    assert_eq!(only(&emulated.to_string()).1.etag.as_deref(), Some("b1946ac92492d2347c6235b4d2611184"));
}

#[test]
fn other_events_by_event_bridge_are_ignored_or_unknown() {
    let mut body = event_bridge();
    body["detail-type"] = json!("Object Deleted");
    assert_eq!(entries(&body.to_string()).1, [Entry::Ignored { event_name: "Object Deleted".to_owned() }]);
    body["detail-type"] = json!("AWS API Call via CloudTrail");
    assert_eq!(message_fault(&body.to_string()), MessageFault::UnknownForm);
    body["source"] = json!("aws.ec2");
    assert_eq!(message_fault(&body.to_string()), MessageFault::UnknownForm);
}

/// The sample of the Security Lake User Guide, "Sample object notification message", with another account and bucket.
#[test]
fn security_lakes_notification_has_no_detail_type() {
    let body = json!({
        "source": "aws.s3",
        "time": "2021-11-12T00:00:00Z",
        "account": "111122223333",
        "region": "ca-central-1",
        "resources": ["arn:aws:s3:::example-lake"],
        "detail": {
            "bucket": { "name": "example-lake" },
            "object": { "key": "aws/CLOUD_TRAIL_MGMT/2.0/region=ca-central-1/accountId=111122223333/eventDay=20211112/a.gz.parquet", "size": 5, "etag": "b57f9512698f4b09e608f4f2a65852e5" },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "securitylake.amazonaws.com",
        },
    });
    let (form, notice) = only(&body.to_string());
    assert_eq!(form, Form::SecurityLake);
    assert!(notice.key.contains("/region=ca-central-1/"), "{}", notice.key);
    assert_eq!((notice.size_bytes, notice.version, notice.event_time_ms), (Some(5), None, Some(1_636_675_200_000)));
}

#[test]
fn tests_of_senders_are_well_and_need_nothing() {
    let test = r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-01-15T09:00:00.000Z","Bucket":"example-org-trail","RequestId":"5582815E1AEA5ADF","HostId":"8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE"}"#;
    for body in [test.to_owned(), in_envelope(test)] {
        assert_eq!(parse(&body).message, Message::Ignored(Ignored::S3TestEvent));
    }
    for body in ["CloudTrail validation message.", "CloudTrail validation message.\n", "\"CloudTrail validation message.\""] {
        assert_eq!(parse(body).message, Message::Ignored(Ignored::CloudTrailValidation));
        assert_eq!(parse(&in_envelope(body)).message, Message::Ignored(Ignored::CloudTrailValidation));
    }
}

#[test]
fn confirmations_are_reported_without_their_links() {
    for (kind, wanted) in [("SubscriptionConfirmation", Confirmation::Subscription), ("UnsubscribeConfirmation", Confirmation::Unsubscribe)]
    {
        let body = json!({
            "Type": kind,
            "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
            "Token": "2336412f37EXAMPLE",
            "TopicArn": "arn:aws:sns:us-east-1:444455556666:of-somebody",
            "Message": "You have chosen to subscribe to the topic.\nTo confirm the subscription, visit the SubscribeURL included in this message.",
            "SubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37EXAMPLE",
            "Timestamp": "2026-01-15T09:00:00.000Z",
        });
        let parsed = parse(&body.to_string());
        let topic = Some("arn:aws:sns:us-east-1:444455556666:of-somebody".to_owned());
        assert_eq!(parsed.message, Message::Confirmation { kind: wanted, topic });
        assert!(!format!("{parsed:?}").contains("2336412f37EXAMPLE"));
    }
}

#[test]
fn what_is_written_reads_back_as_it_was() {
    let mut notice = only(&event(&[record("a+b/%C3%BC%25%26%3D%22/c")]).to_string()).1;
    notice.version = Some("3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo".to_owned());
    let mut bare = notice.clone();
    (bare.version, bare.etag, bare.size_bytes, bare.event_time_ms, bare.sequencer) = (None, None, None, None, None);
    let (form, entries) = entries(&s3_event(&[notice.clone(), bare.clone()]));
    assert_eq!((form, entries), (Form::S3Event, vec![Entry::Object(notice), Entry::Object(bare)]));
}

#[test]
fn a_hundred_of_the_longest_keys_fit_half_a_body() {
    let mut notice = only(&event(&[record(KEY)]).to_string()).1;
    notice.key = "ÿ".repeat(512);
    notice.version = Some("v".repeat(32));
    let body = s3_event(&vec![notice.clone(); 100]);
    assert!(body.len() < crate::MAX_BODY_BYTES / 2, "{}", body.len());
    assert_eq!(entries(&body).1.len(), 100);
}

#[test]
fn names_are_snake_case_and_told_apart() {
    let names: Vec<&str> = Form::ALL
        .map(Form::as_str)
        .into_iter()
        .chain(Ignored::ALL.map(Ignored::as_str))
        .chain(MessageFault::ALL.map(MessageFault::as_str))
        .chain([Confirmation::Subscription.as_str(), Confirmation::Unsubscribe.as_str()])
        .collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    let of_entries: BTreeSet<&str> = EntryFault::ALL.map(EntryFault::as_str).into_iter().collect();
    assert_eq!(of_entries.len(), EntryFault::ALL.len());
    for name in names.iter().chain(of_entries.iter()) {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'), "{name}");
    }
}
