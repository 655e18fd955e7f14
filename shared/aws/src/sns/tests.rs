//! What is asked of SNS, and what its answers become. The round trip runs on an emulator, in the tests of the whole.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::collections::BTreeMap;

use aws_sdk_sns::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
};
use serde_json::{Value, json};
use trailkeep_archive::{BatchId, Category, LandedDigests, LandedObject};
use trailkeep_pipeline::ports::{
    announcer::{AnnounceError, Announcer},
    queue::TraceContext,
};

use super::{MAX_CALL_BYTES, SnsAnnouncer, region_of};
use crate::{
    config::AwsSettings,
    s3::scripted::{Reply, Request, Scripted},
};

const TOPIC: &str = "arn:aws:sns:eu-central-1:111122223333:landed";
const TRACE_PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn batch() -> BatchId {
    BatchId::new(1_760_000_000_123, 7)
}

fn object(number: usize) -> LandedObject {
    LandedObject {
        key: format!("events/category=management/eventday=20251009/{number}.parquet"),
        category: Category::Management,
        event_day: 20_251_009,
        accounts: vec!["111122223333".to_owned(), "444455556666".to_owned()],
        account_count: 2,
        regions: vec!["eu-central-1".to_owned()],
        first_event_ms: Some(1_760_000_000_000),
        last_event_ms: Some(1_760_000_059_250),
        records: 12,
        bytes: 3_456,
    }
}

fn announcer(sns: &Scripted, topic: &str) -> SnsAnnouncer {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(sns.endpoint())
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .credentials_provider(Credentials::new("AKIAEXAMPLE", "secret", None, None, "test"))
        .build();
    SnsAnnouncer::with_client(Client::from_conf(config), topic, "audit", "org/")
}

async fn announce(replies: Vec<Reply>, topic: &str, objects: &[LandedObject]) -> (Vec<Form>, Result<(), AnnounceError>) {
    let sns = Scripted::answering(replies);
    let trace = TraceContext { traceparent: Some(TRACE_PARENT.to_owned()), tracestate: None };
    let told = announcer(&sns, topic).announce(&batch(), objects, &trace).await;
    (sns.requests().iter().map(Form::of).collect(), told)
}

fn taken() -> Reply {
    Reply::ok("<PublishBatchResponse><PublishBatchResult><Successful/><Failed/></PublishBatchResult></PublishBatchResponse>")
}

fn refusing(code: &str) -> Reply {
    let failed =
        format!("<Failed><member><Id>1</Id><Code>{code}</Code><Message>sorry</Message><SenderFault>false</SenderFault></member></Failed>");
    Reply::ok(&format!("<PublishBatchResponse><PublishBatchResult><Successful/>{failed}</PublishBatchResult></PublishBatchResponse>"))
}

fn error(status: u16, code: &str) -> Reply {
    Reply::new(
        status,
        &format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"),
    )
}

/// A request's form, decoded.
struct Form(BTreeMap<String, String>);

impl Form {
    fn of(request: &Request) -> Self {
        let pairs = request.body.split('&').filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(name, value)| (decoded(name), decoded(value))).collect())
    }

    fn entries(&self) -> usize {
        (1..=10).take_while(|number| self.0.contains_key(&format!("PublishBatchRequestEntries.member.{number}.Id"))).count()
    }

    fn field(&self, number: usize, name: &str) -> Option<&str> {
        self.0.get(&format!("PublishBatchRequestEntries.member.{number}.{name}")).map(String::as_str)
    }

    fn body(&self, number: usize) -> Value {
        serde_json::from_str(self.field(number, "Message").unwrap()).unwrap()
    }

    /// Name to type and value.
    fn attributes(&self, number: usize) -> BTreeMap<String, (String, String)> {
        let part = |entry: usize, name: &str| self.field(number, &format!("MessageAttributes.entry.{entry}.{name}")).map(str::to_owned);
        let entry = |entry| Some((part(entry, "Name")?, (part(entry, "Value.DataType")?, part(entry, "Value.StringValue")?)));
        (1..=10).map_while(entry).collect()
    }
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        if bytes[at] == b'%' {
            out.push(u8::from_str_radix(std::str::from_utf8(&bytes[at + 1..at + 3]).unwrap(), 16).unwrap());
            at += 3;
        } else {
            out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
            at += 1;
        }
    }
    String::from_utf8(out).unwrap()
}

fn text(kind: &str, value: &str) -> (String, String) {
    (kind.to_owned(), value.to_owned())
}

#[tokio::test]
async fn a_message_says_what_landed_and_can_be_filtered() {
    let (asked, told) = announce(vec![taken()], TOPIC, &[object(0)]).await;
    told.unwrap();
    assert_eq!((asked.len(), asked[0].entries()), (1, 1));
    assert_eq!((asked[0].0["Action"].as_str(), asked[0].0["TopicArn"].as_str()), ("PublishBatch", TOPIC));
    let expected = json!({
        "version": 1,
        "batch": "20251009T085320123Z-0000000000000007",
        "bucket": "audit",
        "key": "org/events/category=management/eventday=20251009/0.parquet",
        "category": "management",
        "event_day": 20_251_009,
        "accounts": ["111122223333", "444455556666"],
        "account_count": 2,
        "regions": ["eu-central-1"],
        "first_event_time": "2025-10-09T08:53:20Z",
        "last_event_time": "2025-10-09T08:54:19.25Z",
        "records": 12,
        "bytes": 3_456,
    });
    assert_eq!(asked[0].body(1), expected);
    let attributes = BTreeMap::from(
        [
            ("accounts", text("String.Array", r#"["111122223333","444455556666"]"#)),
            ("batch", text("String", "20251009T085320123Z-0000000000000007")),
            ("category", text("String", "management")),
            ("regions", text("String.Array", r#"["eu-central-1"]"#)),
            ("traceparent", text("String", TRACE_PARENT)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    assert_eq!(asked[0].attributes(1), attributes);
    assert_eq!((asked[0].field(1, "MessageGroupId"), asked[0].field(1, "MessageDeduplicationId")), (None, None));
}

fn digests() -> LandedDigests {
    LandedDigests {
        keys: ["bin", "gz"].map(|end| format!("digests/day=20251009/x.{end}")).to_vec(),
        accounts: vec!["111122223333".to_owned(), "444455556666".to_owned()],
        account_count: 2,
        regions: vec!["eu-central-1".to_owned()],
        digests: 3,
        first_period_end_ms: Some(1_760_000_000_000),
        last_period_end_ms: None,
        bytes: 3_456,
    }
}

async fn announce_digests(replies: Vec<Reply>, topic: &str, digests: &LandedDigests) -> (Vec<Form>, Result<(), AnnounceError>) {
    let sns = Scripted::answering(replies);
    let trace = TraceContext { traceparent: Some(TRACE_PARENT.to_owned()), tracestate: None };
    let told = announcer(&sns, topic).announce_digests(&batch(), digests, &trace).await;
    (sns.requests().iter().map(Form::of).collect(), told)
}

#[tokio::test]
async fn digests_of_a_batch_are_one_message_of_their_own_kind() {
    let (asked, told) = announce_digests(vec![taken()], TOPIC, &digests()).await;
    told.unwrap();
    assert_eq!((asked.len(), asked[0].entries()), (1, 1));
    let expected = json!({
        "version": 1,
        "kind": "digest",
        "batch": "20251009T085320123Z-0000000000000007",
        "archive": "s3://audit/org",
        "bucket": "audit",
        "key": "org/digests/day=20251009/x.bin",
        "keys": ["org/digests/day=20251009/x.bin", "org/digests/day=20251009/x.gz"],
        "accounts": ["111122223333", "444455556666"],
        "account_count": 2,
        "regions": ["eu-central-1"],
        "digests": 3,
        "first_period_end": "2025-10-09T08:53:20Z",
        "last_period_end": null,
        "bytes": 3_456,
    });
    assert_eq!(asked[0].body(1), expected);
    let attributes = asked[0].attributes(1);
    assert_eq!(attributes["kind"], text("String", "digest"));
    let names: Vec<&str> = attributes.keys().map(String::as_str).collect();
    assert_eq!(names, ["accounts", "batch", "kind", "regions", "traceparent"], "no category: who filters by one is not told");

    let accounts: Vec<String> = (0..1_000).map(|number| format!("{number:0128}")).collect();
    let many = LandedDigests { regions: accounts.clone(), accounts, account_count: 1_001, ..digests() };
    let (asked, _) = announce_digests(vec![taken()], &format!("{TOPIC}.fifo"), &many).await;
    assert_eq!((asked[0].body(1)["accounts"].as_array().unwrap().len(), &asked[0].body(1)["account_count"]), (100, &json!(1_001)));
    assert_eq!(asked[0].attributes(1)["accounts_truncated"], text("String", "true"));
    assert!(asked[0].field(1, "MessageDeduplicationId").unwrap().starts_with(&batch().to_string()));

    let (_, refused) = announce_digests(vec![error(403, "AuthorizationError")], TOPIC, &digests()).await;
    assert!(matches!(refused, Err(AnnounceError::Denied { .. })), "{refused:?}");
}

#[tokio::test]
async fn ten_messages_go_into_a_request() {
    let objects: Vec<LandedObject> = (0..23).map(object).collect();
    let (asked, told) = announce(vec![taken(), taken(), taken()], TOPIC, &objects).await;
    told.unwrap();
    assert_eq!(asked.iter().map(Form::entries).collect::<Vec<_>>(), [10, 10, 3]);
    let keys: Vec<Value> = asked.iter().flat_map(|form| (1..=form.entries()).map(|number| form.body(number)["key"].clone())).collect();
    let expected: Vec<Value> = objects.iter().map(|object| Value::from(format!("org/{}", object.key))).collect();
    assert_eq!(keys, expected);
}

#[tokio::test]
async fn nothing_to_announce_asks_nothing() {
    let (asked, told) = announce(vec![], TOPIC, &[]).await;
    told.unwrap();
    assert!(asked.is_empty());
}

#[tokio::test]
async fn a_request_stays_below_the_limit_and_a_list_that_is_not_whole_is_no_attribute() {
    // 1,000 accounts and as many Regions of 64 bytes each, in body and attributes: about 260 kB a message.
    let long: Vec<String> = (0..1_000).map(|number| format!("{number:062}")).collect();
    let full = LandedObject { accounts: long.clone(), account_count: 1_000, regions: long.clone(), ..object(0) };
    let cut = LandedObject { account_count: 1_001, regions: vec![], ..full.clone() };
    let longer: Vec<String> = (0..1_000).map(|number| format!("{number:080}")).collect();
    let over = LandedObject { accounts: longer.clone(), account_count: 1_000, regions: longer, ..object(0) };
    let (asked, told) = announce(vec![taken(), taken()], TOPIC, &[full, cut, over]).await;
    told.unwrap();
    assert_eq!(asked.iter().map(Form::entries).collect::<Vec<_>>(), [1, 2]);
    for form in &asked {
        let texts = form.0.iter().filter(|(name, _)| name.ends_with(".Message") || name.ends_with(".StringValue"));
        assert!(texts.map(|(_, value)| value.len()).sum::<usize>() <= MAX_CALL_BYTES);
    }
    assert!(asked[0].attributes(1).contains_key("accounts"));
    let attributes = asked[1].attributes(1);
    assert_eq!(attributes["accounts_truncated"], text("String", "true"));
    assert!(!attributes.contains_key("accounts") && !attributes.contains_key("regions"), "an attribute is never empty");
    let (body, attributes) = (asked[1].body(2), asked[1].attributes(2));
    assert_eq!((body["accounts"].as_array().unwrap().len(), &body["account_count"]), (100, &json!(1_000)));
    assert!(attributes.contains_key("accounts_truncated") && !attributes.contains_key("accounts") && !attributes.contains_key("regions"));
}

#[tokio::test]
async fn on_a_fifo_topic_a_repetition_has_the_same_deduplication_id() {
    let topic = format!("{TOPIC}.fifo");
    let objects = [object(0), object(1)];
    let (first, _) = announce(vec![taken()], &topic, &objects).await;
    let (again, _) = announce(vec![taken()], &topic, &objects).await;
    let ids = |form: &Form| [1, 2].map(|number| form.field(number, "MessageDeduplicationId").unwrap().to_owned());
    assert_eq!(ids(&first[0]), ids(&again[0]));
    let [one, two] = ids(&first[0]);
    assert_ne!(one, two);
    assert!(one.starts_with(&batch().to_string()) && one.len() <= 128, "{one}");
    assert_eq!(first[0].field(1, "MessageGroupId"), Some(batch().to_string().as_str()));
}

#[tokio::test]
async fn what_some_messages_were_refused_for_is_said_and_the_others_are_sent() {
    let objects: Vec<LandedObject> = (0..12).map(object).collect();
    let (asked, told) = announce(vec![refusing("InternalError"), taken()], TOPIC, &objects).await;
    assert_eq!(asked.len(), 2);
    let Err(AnnounceError::Failed { topic, source }) = told else { panic!("{told:?}") };
    assert_eq!(topic, TOPIC);
    assert_eq!(source.to_string(), "SNS refused 1 of 12 messages, InternalError: sorry");

    let (_, told) = announce(vec![refusing("KMSAccessDenied")], TOPIC, &[object(0)]).await;
    assert!(matches!(&told, Err(AnnounceError::Denied { hint, .. }) if hint.contains("kms:GenerateDataKey")), "{told:?}");
}

#[tokio::test]
async fn a_refusal_names_what_to_allow_and_where() {
    for (reply, words) in [
        (error(403, "AuthorizationError"), &["allow sns:Publish on", TOPIC, "kms:GenerateDataKey and kms:Decrypt"][..]),
        (error(400, "KMSAccessDenied"), &["KMS key of", TOPIC, "kms:GenerateDataKey"]),
        (error(400, "KMSDisabled"), &["look at the KMS key of", TOPIC]),
        (error(403, "InvalidClientTokenId"), &["check the AWS credentials"]),
    ] {
        let (_, told) = announce(vec![reply], TOPIC, &[object(0)]).await;
        let Err(error @ AnnounceError::Denied { .. }) = told else { panic!("{told:?}") };
        assert!(words.iter().all(|word| error.to_string().contains(word)), "{error}");
    }
}

#[tokio::test]
async fn a_topic_that_is_not_there_and_any_other_trouble_may_pass() {
    let (_, told) = announce(vec![error(404, "NotFound")], TOPIC, &[object(0)]).await;
    let Err(AnnounceError::Failed { source, .. }) = told else { panic!("{told:?}") };
    assert!(source.to_string().contains("the topic is not there"), "{source}");
    for reply in [error(500, "InternalError"), error(400, "KMSThrottling"), error(400, "Throttling")] {
        let (_, told) = announce(vec![reply], TOPIC, &[object(0)]).await;
        assert!(matches!(told, Err(AnnounceError::Failed { .. })), "{told:?}");
    }
}

#[tokio::test]
async fn what_is_no_topic_is_refused_before_anything_is_asked() {
    assert_eq!(region_of("arn:aws-us-gov:sns:us-gov-west-1:111122223333:landed.fifo"), Some("us-gov-west-1"));
    for topic in ["", "landed", "arn:aws:sqs:eu-central-1:111122223333:q", "arn:aws:sns::111122223333:x", &format!("{TOPIC}:subscription")]
    {
        let opened = SnsAnnouncer::open(&AwsSettings::default(), topic, "audit", "").await;
        assert!(matches!(opened, Err(AnnounceError::Failed { .. })), "{topic}");
    }
    let opened = SnsAnnouncer::open(&AwsSettings::default(), TOPIC, "audit", "").await.unwrap();
    assert_eq!(opened.address(), TOPIC);
    assert_eq!(opened.client.config().region().map(Region::as_ref), Some("eu-central-1"));
}
