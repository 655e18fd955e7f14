//! What the auditor talks to, as moto emulates it: a topic with a subscription that filters, and log buckets that tell a deletion.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use serde_json::json;
use trailkeep_aws::{S3Bucket, SnsTopic, TopicMessage};
use trailkeep_pipeline::ports::bucket::{LogBucket as _, Standing};
use trailkeep_tests::emulator::{Moto, REGION};

use super::whole_run::sns;

const DEADLINE: Duration = Duration::from_secs(30);

fn message(number: usize) -> TopicMessage {
    let severity = if number.is_multiple_of(10) { "high" } else { "low" };
    TopicMessage {
        body: json!({ "number": number }).to_string(),
        attributes: vec![("severity".to_owned(), severity.to_owned()), ("trail".to_owned(), String::new())],
        group: "one".to_owned(),
        deduplication: number.to_string(),
    }
}

/// Bodies of a queue's messages, once so many have come.
async fn received(moto: &Moto, url: &str, wanted: usize) -> Result<Vec<String>> {
    let (mut bodies, began) = (Vec::new(), Instant::now());
    while bodies.len() < wanted {
        ensure!(began.elapsed() < DEADLINE, "{} of {wanted} messages came", bodies.len());
        let got = moto.sqs().receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(1).send().await?;
        bodies.extend(got.messages.unwrap_or_default().into_iter().filter_map(|message| message.body));
    }
    bodies.sort();
    Ok(bodies)
}

#[tokio::test]
async fn findings_reach_who_subscribed_to_them_and_a_filter_lets_only_the_grave_ones_through() -> Result<()> {
    let Some(moto) = Moto::start("findings from SNS to SQS")? else { return Ok(()) };
    let sns = sns(&moto);
    let arn = sns.create_topic().name("findings").send().await?.topic_arn.context("an ARN")?;
    let mut queues = Vec::new();
    for (name, filter) in [("all", None), ("grave", Some(json!({ "severity": ["high"] }).to_string()))] {
        queues.push(moto.sqs().create_queue().queue_name(name).send().await?.queue_url.context("a URL")?);
        let subscribe = sns.subscribe().topic_arn(&arn).protocol("sqs").endpoint(format!("arn:aws:sqs:{REGION}:123456789012:{name}"));
        let subscribe = subscribe.attributes("RawMessageDelivery", "true");
        filter.into_iter().fold(subscribe, |subscribe, filter| subscribe.attributes("FilterPolicy", filter)).send().await?;
    }
    let messages: Vec<TopicMessage> = (0..25).map(message).collect();
    let told = SnsTopic::with_client(sns.clone(), &arn).publish(&messages).await;
    ensure!(told.error.is_none() && told.left.is_empty() && told.refused.is_empty(), "{told:?}");
    let mut bodies: Vec<String> = messages.into_iter().map(|message| message.body).collect();
    bodies.sort();
    ensure!(received(&moto, &queues[0], 25).await? == bodies, "all of them, once");
    let grave = received(&moto, &queues[1], 3).await?;
    ensure!(grave == [r#"{"number":0}"#, r#"{"number":10}"#, r#"{"number":20}"#], "{grave:?}");

    let gone = SnsTopic::with_client(sns, &format!("arn:aws:sns:{REGION}:123456789012:none")).publish(&[message(0)]).await;
    let error = gone.error.context("nobody hears it")?;
    ensure!(gone.left.len() == 1 && format!("{error:?}").contains("look at its name, account and Region"), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_log_bucket_tells_what_was_deleted_from_what_never_was() -> Result<()> {
    let Some(moto) = Moto::start("what stands in a log bucket")? else { return Ok(()) };
    let client = moto.client();
    for name in ["versioned", "plain"] {
        moto.create_bucket(name).await?;
        for key in ["there", "deleted"] {
            client.put_object().bucket(name).key(key).body(b"x".to_vec().into()).send().await?;
        }
    }
    let enabled = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    client.put_bucket_versioning().bucket("versioned").versioning_configuration(enabled).send().await?;
    for (name, deleted) in [("versioned", Standing::Deleted), ("plain", Standing::NotThere)] {
        client.delete_object().bucket(name).key("deleted").send().await?;
        let bucket = S3Bucket::with_client(client.clone(), name, "", None);
        let found = [bucket.standing("there").await?, bucket.standing("deleted").await?, bucket.standing("never").await?];
        ensure!(found == [Standing::There, deleted, Standing::NotThere], "{name}: {found:?}");
    }
    let none = S3Bucket::with_client(client, "nobodys-bucket", "", None).standing("there").await;
    ensure!(!matches!(none, Ok(Standing::There)), "{none:?}");
    Ok(())
}
