//! What landed, from the announcer through SNS to SQS, as moto emulates both: enveloped and raw, whole and filtered.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_sqs::types::Message;
use serde_json::{Value, json};
use trailkeep_archive::{BatchId, Category, LandedDigests, LandedObject};
use trailkeep_aws::SnsAnnouncer;
use trailkeep_pipeline::ports::{
    announcer::{AnnounceError, Announcer},
    queue::TraceContext,
};
use trailkeep_tests::emulator::{Moto, REGION};

const TRACE_PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const DEADLINE: Duration = Duration::from_secs(30);

struct Clients {
    sns: aws_sdk_sns::Client,
    sqs: aws_sdk_sqs::Client,
}

impl Clients {
    fn of(moto: &Moto) -> Self {
        let credentials = || Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "emulator");
        let sns = aws_sdk_sns::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(moto.endpoint())
            .retry_config(RetryConfig::standard().with_max_attempts(1))
            .credentials_provider(credentials());
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(moto.endpoint())
            .retry_config(RetryConfig::standard().with_max_attempts(1))
            .credentials_provider(credentials());
        Self { sns: aws_sdk_sns::Client::from_conf(sns.build()), sqs: aws_sdk_sqs::Client::from_conf(sqs.build()) }
    }

    async fn topic(&self, name: &str) -> Result<String> {
        self.sns.create_topic().name(name).send().await?.topic_arn.context("the topic has no ARN")
    }

    /// A queue that is subscribed to a topic; its URL.
    async fn subscribed(&self, topic: &str, queue: &str, raw: bool, filter: Option<Value>) -> Result<String> {
        let url = self.sqs.create_queue().queue_name(queue).send().await?.queue_url.context("the queue has no URL")?;
        let subscribe =
            self.sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(format!("arn:aws:sqs:{REGION}:123456789012:{queue}"));
        let subscribe = subscribe.attributes("RawMessageDelivery", raw.to_string());
        let subscribe = filter.into_iter().fold(subscribe, |subscribe, filter| subscribe.attributes("FilterPolicy", filter.to_string()));
        subscribe.send().await?;
        Ok(url)
    }

    /// Waits until a queue has so many messages.
    async fn received(&self, url: &str, wanted: usize) -> Result<Vec<Message>> {
        let (mut messages, began) = (Vec::new(), Instant::now());
        while messages.len() < wanted {
            ensure!(began.elapsed() < DEADLINE, "{} of {wanted} messages came", messages.len());
            let receive = self.sqs.receive_message().queue_url(url).max_number_of_messages(10).message_attribute_names("All");
            messages.extend(receive.wait_time_seconds(1).send().await?.messages.unwrap_or_default());
        }
        Ok(messages)
    }
}

fn object(category: Category, number: usize) -> LandedObject {
    LandedObject {
        key: format!("events/category={category}/eventday=20251009/{number}.parquet"),
        category,
        event_day: 20_251_009,
        accounts: vec!["111122223333".to_owned(), "444455556666".to_owned()],
        account_count: 2,
        regions: vec!["eu-central-1".to_owned()],
        first_event_ms: Some(1_760_000_000_000),
        last_event_ms: Some(1_760_000_060_000),
        records: 7,
        bytes: 4_096,
    }
}

fn sorted_keys(bodies: &[Value]) -> Vec<String> {
    let mut keys: Vec<String> = bodies.iter().filter_map(|body| body["key"].as_str().map(ToOwned::to_owned)).collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn what_landed_is_heard_of_in_queues_enveloped_raw_and_filtered() -> Result<()> {
    let Some(moto) = Moto::start("announcements from SNS to SQS")? else { return Ok(()) };
    let clients = Clients::of(&moto);
    let topic = clients.topic("landed").await?;
    let enveloped = clients.subscribed(&topic, "enveloped", false, None).await?;
    let raw = clients.subscribed(&topic, "raw", true, None).await?;
    let data = clients.subscribed(&topic, "data", true, Some(json!({"category": ["data"], "accounts": ["444455556666"]}))).await?;

    let announcer = SnsAnnouncer::with_client(clients.sns.clone(), &topic, "audit", "org");
    let objects: Vec<LandedObject> =
        (0..12).map(|number| object(if number < 3 { Category::Data } else { Category::Management }, number)).collect();
    let batch = BatchId::new(1_760_000_000_123, 7);
    let trace = TraceContext { traceparent: Some(TRACE_PARENT.to_owned()), tracestate: Some("vendor=1".to_owned()) };
    announcer.announce(&batch, &objects, &trace).await?;
    let mut expected: Vec<String> = objects.iter().map(|object| format!("org/{}", object.key)).collect();
    expected.sort();

    let messages = clients.received(&raw, 12).await?;
    let bodies =
        messages.iter().map(|message| serde_json::from_str(message.body().unwrap_or_default())).collect::<Result<Vec<Value>, _>>()?;
    ensure!(sorted_keys(&bodies) == expected, "{bodies:?}");
    let one = bodies.first().context("there are twelve")?;
    ensure!((&one["version"], &one["batch"], &one["bucket"]) == (&json!(1), &json!(batch.to_string()), &json!("audit")), "{one}");
    ensure!((&one["first_event_time"], &one["records"]) == (&json!("2025-10-09T08:53:20Z"), &json!(7)), "{one}");
    for message in &messages {
        let attributes = message.message_attributes().context("raw messages keep their attributes")?;
        let text = |name: &str| attributes.get(name).and_then(|value| value.string_value());
        ensure!((text("traceparent"), text("tracestate")) == (Some(TRACE_PARENT), Some("vendor=1")), "{attributes:?}");
        ensure!(text("batch") == Some(batch.to_string().as_str()), "{attributes:?}");
    }

    let messages = clients.received(&enveloped, 12).await?;
    let envelopes =
        messages.iter().map(|message| serde_json::from_str(message.body().unwrap_or_default())).collect::<Result<Vec<Value>, _>>()?;
    let bodies = envelopes
        .iter()
        .map(|envelope| serde_json::from_str(envelope["Message"].as_str().unwrap_or_default()))
        .collect::<Result<Vec<Value>, _>>()?;
    ensure!(sorted_keys(&bodies) == expected, "{bodies:?}");
    let envelope = envelopes.first().context("there are twelve")?;
    ensure!(envelope["MessageAttributes"]["traceparent"]["Value"] == TRACE_PARENT && envelope["TopicArn"] == json!(topic), "{envelope}");

    let messages = clients.received(&data, 3).await?;
    let bodies =
        messages.iter().map(|message| serde_json::from_str(message.body().unwrap_or_default())).collect::<Result<Vec<Value>, _>>()?;
    ensure!(bodies.len() == 3 && bodies.iter().all(|body| body["category"] == "data"), "{bodies:?}");
    Ok(())
}

#[tokio::test]
async fn digests_are_heard_of_by_who_filters_for_their_kind() -> Result<()> {
    let Some(moto) = Moto::start("announcements of Digests from SNS to SQS")? else { return Ok(()) };
    let clients = Clients::of(&moto);
    let topic = clients.topic("landed").await?;
    let digests = clients.subscribed(&topic, "digests", true, Some(json!({"kind": ["digest"]}))).await?;
    let categories = clients.subscribed(&topic, "categories", true, Some(json!({"category": ["management", "data"]}))).await?;
    let announcer = SnsAnnouncer::with_client(clients.sns.clone(), &topic, "audit", "org");
    let (batch, trace) = (BatchId::new(1_760_000_000_123, 7), TraceContext::default());
    let landed = LandedDigests {
        keys: vec!["digests/day=20251009/x.gz".to_owned()],
        accounts: vec!["111122223333".to_owned()],
        account_count: 1,
        regions: vec!["eu-central-1".to_owned()],
        digests: 24,
        first_period_end_ms: Some(1_760_000_000_000),
        last_period_end_ms: Some(1_760_000_060_000),
        bytes: 4_096,
    };
    announcer.announce_digests(&batch, &landed, &trace).await?;
    announcer.announce(&batch, &[object(Category::Data, 1)], &trace).await?;
    let heard = async |queue: &str| -> Result<Value> {
        let messages = clients.received(queue, 1).await?;
        ensure!(messages.len() == 1, "{messages:?}");
        Ok(serde_json::from_str(messages.first().and_then(Message::body).unwrap_or_default())?)
    };
    let (told, other) = (heard(&digests).await?, heard(&categories).await?);
    ensure!(told["kind"] == "digest" && told["digests"] == 24 && told["key"] == "org/digests/day=20251009/x.gz", "{told}");
    ensure!(other["category"] == "data" && other.get("kind").is_none(), "{other}");
    Ok(())
}

#[tokio::test]
async fn a_topic_that_is_not_there_is_said() -> Result<()> {
    let Some(moto) = Moto::start("announcements to a topic that is not there")? else { return Ok(()) };
    let clients = Clients::of(&moto);
    let topic = format!("arn:aws:sns:{REGION}:123456789012:nowhere");
    let announcer = SnsAnnouncer::with_client(clients.sns, &topic, "audit", "");
    let refused = announcer.announce(&BatchId::new(1, 1), &[object(Category::Data, 1)], &TraceContext::default()).await;
    let Err(AnnounceError::Failed { source, .. }) = refused else { anyhow::bail!("{refused:?}") };
    ensure!(source.to_string().contains("the topic is not there"), "{source}");
    Ok(())
}
