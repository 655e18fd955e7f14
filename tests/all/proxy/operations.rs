//! What the AWS SDKs send, told apart: on a real emulator, so that the names are those of calls that work.

use anyhow::{Context, Result, ensure};
use aws_sdk_s3::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart},
};
use trailkeep_tests::{
    emulator::{Ministack, REGION},
    proxy::Proxy,
};

fn s3(endpoint: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .credentials_provider(Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "emulator"))
        .build();
    Client::from_conf(config)
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_the_sdks_are_told_apart() -> Result<()> {
    let Some(ministack) = Ministack::start("the fault proxy on an emulator")? else { return Ok(()) };
    let proxy = Proxy::before(ministack.endpoint(), 1)?;
    let door = proxy.door("one")?;
    let client = s3(&door.endpoint());
    client.create_bucket().bucket("audit").send().await?;
    let body = ByteStream::from(vec![7; 3 << 20]);
    client.put_object().bucket("audit").key("raw/a b=c").body(body).send().await?;
    let got = client.get_object().bucket("audit").key("raw/a b=c").send().await?.body.collect().await?;
    ensure!(got.to_vec() == vec![7; 3 << 20], "large bodies pass as they are");
    client.head_object().bucket("audit").key("raw/a b=c").send().await?;
    ensure!(client.head_object().bucket("audit").key("none").send().await.is_err(), "404 without a body");
    client.list_objects_v2().bucket("audit").send().await?;
    let begun = client.create_multipart_upload().bucket("audit").key("events/x").send().await?;
    let upload = begun.upload_id().context("no upload id")?;
    let part = client.upload_part().bucket("audit").key("events/x").upload_id(upload).part_number(1);
    let tag = part.body(ByteStream::from_static(b"part")).send().await?.e_tag.context("no tag")?;
    let parts = CompletedMultipartUpload::builder().parts(CompletedPart::builder().part_number(1).e_tag(tag).build()).build();
    client.complete_multipart_upload().bucket("audit").key("events/x").upload_id(upload).multipart_upload(parts).send().await?;
    let begun = client.create_multipart_upload().bucket("audit").key("events/y").send().await?;
    let upload = begun.upload_id().context("no upload id")?;
    client.abort_multipart_upload().bucket("audit").key("events/y").upload_id(upload).send().await?;
    client.delete_object().bucket("audit").key("raw/a b=c").send().await?;

    let expected = [
        ("s3:AbortMultipartUpload", 1),
        ("s3:CompleteMultipartUpload", 1),
        ("s3:CreateBucket", 1),
        ("s3:CreateMultipartUpload", 2),
        ("s3:DeleteObject", 1),
        ("s3:GetObject", 1),
        ("s3:HeadObject", 2),
        ("s3:ListObjectsV2", 1),
        ("s3:PutObject", 1),
        ("s3:UploadPart", 1),
    ];
    let counts: Vec<(String, u64)> = proxy.counts().into_iter().collect();
    ensure!(counts == expected.map(|(name, count)| (name.to_owned(), count)), "{counts:?}");
    ensure!(proxy.seen().iter().any(|seen| seen.request.operation == "s3:PutObject" && seen.request.subject == "audit/raw/a b=c"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_services_that_speak_json_or_forms_are_told_apart() -> Result<()> {
    let Some(ministack) = Ministack::start("the fault proxy on an emulator")? else { return Ok(()) };
    let proxy = Proxy::before(ministack.endpoint(), 1)?;
    let endpoint = proxy.door("one")?.endpoint();
    let keys = || aws_sdk_sqs::config::Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "emulator");
    let latest = aws_sdk_sqs::config::BehaviorVersion::latest;
    let region = || aws_sdk_sqs::config::Region::new(REGION);
    let sqs =
        aws_sdk_sqs::Config::builder().behavior_version(latest()).region(region()).endpoint_url(&endpoint).credentials_provider(keys());
    let sqs = aws_sdk_sqs::Client::from_conf(sqs.build());
    let queue = sqs.create_queue().queue_name("q").send().await?.queue_url.context("no queue")?;
    sqs.send_message().queue_url(&queue).message_body("x").send().await?;
    let sns =
        aws_sdk_sns::Config::builder().behavior_version(latest()).region(region()).endpoint_url(&endpoint).credentials_provider(keys());
    let sns = aws_sdk_sns::Client::from_conf(sns.build());
    let topic = sns.create_topic().name("t").send().await?.topic_arn.context("no topic")?;
    sns.publish().topic_arn(topic).message("x").send().await?;
    let dynamodb = aws_sdk_dynamodb::Config::builder().behavior_version(latest()).region(region()).endpoint_url(&endpoint);
    let dynamodb = aws_sdk_dynamodb::Client::from_conf(dynamodb.credentials_provider(keys()).build());
    dynamodb.list_tables().send().await?;
    let counts: Vec<String> = proxy.counts().into_keys().collect();
    ensure!(counts == ["dynamodb:ListTables", "sns:CreateTopic", "sns:Publish", "sqs:CreateQueue", "sqs:SendMessage"], "{counts:?}");
    Ok(())
}
