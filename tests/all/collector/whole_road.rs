//! The whole road: CloudTrail delivers an organization's trail, S3 announces it in four ways and CloudTrail in its own, three collectors land it,
//! subscribers hear of it.

use std::{collections::BTreeMap, fs, fs::File, path::Path};

use anyhow::{Context as _, Result, ensure};
use aws_sdk_s3::types::{
    Event, EventBridgeConfiguration, FilterRule, FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter,
    QueueConfiguration, S3KeyFilter, TopicConfiguration,
};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::{Value, json};
use trailkeep_tests::{
    chaos::{ARCHIVE, AUDIT, Delivered, LOGS, Shape, notification},
    command,
    recorder::Recorder,
    tree,
};

use super::{aws, process::Collector, until, world::World};

/// Accounts of `trailkeep synth`, by how their objects are announced.
const TO_QUEUE: &str = "111122220001";
const TO_TOPIC: &str = "111122220002";
const TO_RAW_TOPIC: &str = "111122220003";
const TO_EVENT_BRIDGE: &str = "111122220004";
const BY_CLOUDTRAIL: &str = "111122220005";

fn prefix(account: &str) -> String {
    format!("AWSLogs/o-exampleorg/{account}/")
}

/// A topic and a queue that hears of what is sent there. Answers the topic's ARN.
async fn topic(world: &World, name: &str, queue: &str, raw: bool) -> Result<String> {
    let sns = aws::sns(&world.moto);
    let topic = sns.create_topic().name(name).send().await?.topic_arn.context("no ARN")?;
    let subscribe = sns.subscribe().topic_arn(&topic).protocol("sqs").endpoint(aws::queue_arn(queue));
    subscribe.attributes("RawMessageDelivery", raw.to_string()).send().await?;
    Ok(topic)
}

/// Has S3 announce each account's objects in another way.
async fn announce_by_s3(world: &World) -> Result<()> {
    let (enveloped, raw) = (topic(world, "enveloped", "notifications", false).await?, topic(world, "raw", "notifications", true).await?);
    let created = || Event::from("s3:ObjectCreated:*");
    let only = |account: &str| {
        let rule = FilterRule::builder().name(FilterRuleName::Prefix).value(prefix(account)).build();
        NotificationConfigurationFilter::builder().key(S3KeyFilter::builder().filter_rules(rule).build()).build()
    };
    let queue = QueueConfiguration::builder().queue_arn(aws::queue_arn("notifications")).events(created()).filter(only(TO_QUEUE));
    let to = |topic: String, account| TopicConfiguration::builder().topic_arn(topic).events(created()).filter(only(account)).build();
    let all = NotificationConfiguration::builder()
        .queue_configurations(queue.build()?)
        .topic_configurations(to(enveloped, TO_TOPIC)?)
        .topic_configurations(to(raw, TO_RAW_TOPIC)?)
        .event_bridge_configuration(EventBridgeConfiguration::builder().build());
    world.moto.client().put_bucket_notification_configuration().bucket(LOGS).notification_configuration(all.build()).send().await?;
    let pattern = json!({
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": { "object": { "key": [{ "prefix": prefix(TO_EVENT_BRIDGE) }] } },
    });
    aws::ask(&world.moto, "events", "AWSEvents.PutRule", &json!({ "Name": "logs", "EventPattern": pattern.to_string() }))?;
    let target = json!({ "Rule": "logs", "Targets": [{ "Id": "queue", "Arn": aws::queue_arn("notifications") }] });
    aws::ask(&world.moto, "events", "AWSEvents.PutTargets", &target)?;
    Ok(())
}

/// Delivers the trail; what S3 does not announce, CloudTrail does, a few objects in a message.
async fn deliver(world: &World, files: &tree::Files) -> Result<()> {
    let mut own: Vec<Delivered> = Vec::new();
    for (key, body) in files {
        let delivered = world.cloud.deliver(key, body.clone()).await?;
        if key.starts_with(&prefix(BY_CLOUDTRAIL)) {
            own.push(delivered);
        }
    }
    ensure!(own.len() > 3, "CloudTrail has {} objects to announce", own.len());
    let messages: Vec<String> = own.chunks(3).map(|some| notification(Shape::CloudTrail, &some.iter().collect::<Vec<_>>())).collect();
    world.cloud.announce(&messages).await
}

/// A directory's tree of log objects and Digests by key, without what lies beside them.
fn delivered_files(directory: &Path) -> Result<tree::Files> {
    let mut files = tree::read(directory)?;
    files.retain(|key, _| key.starts_with("AWSLogs/") && !key.ends_with(".metadata.json"));
    Ok(files)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_lands_once_however_it_is_announced_and_subscribers_hear_of_all_of_it() -> Result<()> {
    let Some(world) = World::new("the whole road").await? else { return Ok(()) };
    let trail = world.directory.path().join("trail").display().to_string();
    let scale = ["--accounts", "5", "--regions", "2", "--hours", "2", "--events-per-hour", "60", "--seed", "9", "--bucket", LOGS];
    let made = command::run(["synth", "--out", &trail, "--output", "json"].into_iter().chain(scale))?.ok()?.json()?;
    let files = delivered_files(Path::new(&trail))?;
    announce_by_s3(&world).await?;
    world.moto.sqs().create_queue().queue_name("heard").send().await?;
    let landed = topic(&world, "landed", "heard", true).await?;
    let keys = [aws::kms_key(&world.moto)?, aws::kms_key(&world.moto)?, aws::kms_key(&world.moto)?];
    let recorder = Recorder::before(world.moto.endpoint())?;
    let [rest, raw, events] = &keys;
    let (raw, events) = (format!("raw/={raw}"), format!("events/={events}"));
    let protection =
        ["--kms-key-id", rest, "--kms-key", &raw, "--kms-key", &events, "--object-lock-mode", "governance", "--object-lock-days", "30"];
    let mut fleet = Vec::new();
    for number in 0..3 {
        let mut command = world.command(&protection)?;
        command.args(["--organization", "o-exampleorg", "--topic-arn", &landed]).env("TRAILKEEP_AWS_ENDPOINT", recorder.endpoint());
        fleet.push(Collector::start(command, world.directory.path().join(format!("collector-{number}.log")))?);
    }
    deliver(&world, &files).await?;
    world.until_empty().await.with_context(|| fleet.iter().map(Collector::said).collect::<String>())?;
    for collector in fleet {
        collector.drained().await?;
    }
    ensure!(world.dead().await? == 0, "there are dead letters");
    same_archive(&world, &made, &files)?;
    encrypted_and_locked(&recorder, &keys)?;
    heard_of_everything(&world).await
}

/// The archive has what was delivered: each object once, every Record, every byte; as `trailkeep ingest` has it.
fn same_archive(world: &World, made: &Value, files: &tree::Files) -> Result<()> {
    let count = |name: &str| made.get(name).and_then(Value::as_u64).with_context(|| format!("no {name}: {made}"));
    ensure!(count("objects")? + count("digests")? == files.len() as u64, "{made}: {} files", files.len());
    let local = world.directory.path().join("local");
    let trail = world.directory.path().join("trail");
    command::run([Path::new("ingest"), "--from".as_ref(), &trail, "--archive".as_ref(), &local])?.ok()?;
    let sources = "SELECT key, revision, kind, outcome, records, quarantined, stored_sha256 FROM sources ORDER BY key";
    let (here, there) = (world.rows(sources)?, command::query(&local, sources)?);
    ensure!(here == there && here.len() == files.len(), "{} sources here, {} there: {here:#?}", here.len(), there.len());
    let records = world.number("SELECT sum(records) FROM sources")?;
    ensure!(records == count("records")?, "{records} records: {made}");
    let [rows, distinct] = ["count(*)", "count(DISTINCT record_hash)"].map(|what| world.number(&format!("SELECT {what} FROM events")));
    ensure!(rows? == world.number("SELECT sum(landed) FROM sources")?, "events/ and sources/ differ");
    ensure!(distinct? == count("records")? - count("duplicates")?, "not every record landed: {made}");
    for asked in [
        "SELECT category, eventday, count(DISTINCT record_hash) AS n, min(time) AS first, max(time) AS last FROM events GROUP BY ALL ORDER BY 1, 2",
        "SELECT accountid, region, count(DISTINCT record_hash) AS n FROM events GROUP BY ALL ORDER BY 1, 2",
        "SELECT DISTINCT record_hash FROM events ORDER BY 1",
    ] {
        ensure!(world.rows(asked)? == command::query(&local, asked)?, "the archives answer differently: {asked}");
    }
    let back = world.directory.path().join("back").display().to_string();
    world.cloud.trailkeep(["raw", "--archive", ARCHIVE, "--all", "--to", &back])?;
    let back = Path::new(&back);
    let inner = back.join(LOGS);
    tree::same(files, &delivered_files(if inner.is_dir() { &inner } else { back })?)
}

/// What was asked of S3: the key of each class of prefixes, bucket keys, checksums, and Object Lock where it is due.
fn encrypted_and_locked(recorder: &Recorder, [rest, raw, events]: &[String; 3]) -> Result<()> {
    let begun = recorder.heads("?uploads");
    for (prefix, key, locked) in
        [("raw/", raw, true), ("events/", events, false), ("sources/", rest, true), ("digests/", rest, true), ("index/", rest, false)]
    {
        let heads: Vec<&String> = begun.iter().filter(|head| head.contains(&format!("/{AUDIT}/{prefix}"))).collect();
        ensure!(!heads.is_empty(), "nothing was written below {prefix}");
        for head in heads {
            let encrypted = [
                "x-amz-server-side-encryption: aws:kms",
                &format!("x-amz-server-side-encryption-aws-kms-key-id: {}", key.to_ascii_lowercase()),
                "x-amz-server-side-encryption-bucket-key-enabled: true",
                "x-amz-checksum-algorithm: crc32",
            ];
            ensure!(encrypted.iter().all(|header| head.contains(header)), "{head}");
            let lock = head.contains("x-amz-object-lock-mode: governance") && head.contains("x-amz-object-lock-retain-until-date: ");
            ensure!(lock == locked && head.contains("x-amz-object-lock") == locked, "{head}");
        }
    }
    Ok(())
}

/// Every object below `events/` was announced, with its size, its rows and what they are of.
async fn heard_of_everything(world: &World) -> Result<()> {
    let heard = heard(world, world.cloud.archived("events/").await?).await?;
    let mut groups = BTreeMap::<(String, String), u64>::new();
    for (key, told) in &heard {
        ensure!(told["bucket"] == AUDIT && told["version"] == 1, "{told}");
        let path = world.directory.path().join("heard.parquet");
        let body = world.moto.client().get_object().bucket(AUDIT).key(key).send().await?.body.collect().await?.into_bytes();
        ensure!(told["bytes"] == body.len(), "{key} has {} bytes: {told}", body.len());
        fs::write(&path, body)?;
        let rows = SerializedFileReader::new(File::open(&path)?)?.metadata().file_metadata().num_rows();
        ensure!(told["records"] == rows, "{key} has {rows} rows: {told}");
        let group = (told["category"].as_str().unwrap_or_default().to_owned(), told["event_day"].to_string());
        *groups.entry(group).or_default() += u64::try_from(rows)?;
    }
    let mut asked = BTreeMap::new();
    for row in world.rows("SELECT category, eventday, count(*) AS n FROM events GROUP BY ALL")? {
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        asked.insert((text("category"), text("eventday")), row["n"].as_u64().unwrap_or_default());
    }
    ensure!(groups == asked, "announced {groups:?}, the archive has {asked:?}");
    let all = |name: &'static str| heard.values().flat_map(move |told| told[name].as_array().cloned().unwrap_or_default());
    for (name, column) in [("accounts", "accountid"), ("regions", "region")] {
        let rows = world.rows(&format!("SELECT DISTINCT {column} AS x FROM events WHERE {column} <> '' ORDER BY 1"))?;
        let mut told: Vec<String> = all(name).map(|one| one.as_str().unwrap_or_default().to_owned()).collect();
        told.sort();
        told.dedup();
        ensure!(rows.iter().map(|row| row["x"].as_str().unwrap_or_default()).eq(told.iter()), "{name}: {told:?} and {rows:?}");
    }
    let seconds = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().replace(".000Z", "Z");
    let times = world.rows("SELECT min(first_event_at) AS first, max(last_event_at) AS last FROM sources WHERE kind <> 'digest'")?;
    let first = heard.values().map(|told| seconds(told, "first_event_time")).min();
    let last = heard.values().map(|told| seconds(told, "last_event_time")).max();
    let times = times.first().context("no times")?;
    ensure!((first, last) == (Some(seconds(times, "first")), Some(seconds(times, "last"))), "{times}");
    Ok(())
}

/// What the subscriber heard, by key, once it has heard of all these objects.
async fn heard(world: &World, keys: Vec<String>) -> Result<BTreeMap<String, Value>> {
    let (sqs, mut heard) = (world.moto.sqs(), BTreeMap::new());
    let queue = sqs.get_queue_url().queue_name("heard").send().await?.queue_url.context("no URL")?;
    until("all objects are announced", async || {
        for message in sqs.receive_message().queue_url(&queue).max_number_of_messages(10).send().await?.messages.unwrap_or_default() {
            let told: Value = serde_json::from_str(message.body().unwrap_or_default())?;
            let key = told["key"].as_str().with_context(|| told.to_string())?.to_owned();
            ensure!(keys.contains(&key), "{key} was announced and is not there");
            heard.insert(key, told);
        }
        Ok(keys.iter().all(|key| heard.contains_key(key)))
    })
    .await?;
    Ok(heard)
}
