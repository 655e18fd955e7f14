//! Calls to AWS that no client of the workspace makes: over plain HTTP, signed by nobody, which moto does not mind.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use anyhow::{Context as _, Result, ensure};
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use serde_json::Value;
use trailkeep_tests::emulator::{Emulator, REGION};

/// The account of moto's callers.
pub(super) const ACCOUNT: &str = "123456789012";

/// One call of a service that speaks JSON.
pub(super) fn ask(emulator: &Emulator, service: &str, target: &str, body: &Value) -> Result<Value> {
    let more = format!("content-type: application/x-amz-json-1.1\r\nx-amz-target: {target}\r\n");
    let answer = post(emulator, service, &more, &body.to_string())?;
    if answer.is_empty() { Ok(Value::Null) } else { serde_json::from_str(&answer).with_context(|| answer) }
}

fn post(emulator: &Emulator, service: &str, more: &str, body: &str) -> Result<String> {
    let host = emulator.endpoint().trim_start_matches("http://").trim_end_matches('/');
    let mut connection = TcpStream::connect(host)?;
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    );
    write!(connection, "POST / HTTP/1.0\r\nhost: {host}\r\nauthorization: {scope}\r\n{more}content-length: {}\r\n\r\n{body}", body.len())?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no body")?;
    ensure!(head.split(' ').nth(1) == Some("200"), "{service} answers: {answer}");
    Ok(body.to_owned())
}

/// A new KMS key's ARN.
pub(super) fn kms_key(emulator: &Emulator) -> Result<String> {
    let made = ask(emulator, "kms", "TrentService.CreateKey", &serde_json::json!({}))?;
    made.pointer("/KeyMetadata/Arn").and_then(Value::as_str).map(ToOwned::to_owned).with_context(|| format!("no key: {made}"))
}

/// A client of S3 that has assumed a role.
pub(super) fn s3_as(emulator: &Emulator, role: &str) -> Result<aws_sdk_s3::Client> {
    let body = format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=owner");
    let answer = post(emulator, "sts", "content-type: application/x-www-form-urlencoded\r\n", &body)?;
    let field = |name: &str| {
        let (_, rest) = answer.split_once(&format!("<{name}>")).with_context(|| answer.clone())?;
        rest.split('<').next().map(ToOwned::to_owned).context("an element ends")
    };
    let credentials = Credentials::new(field("AccessKeyId")?, field("SecretAccessKey")?, Some(field("SessionToken")?), None, "role");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(emulator.endpoint())
        .force_path_style(true)
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .credentials_provider(credentials);
    Ok(aws_sdk_s3::Client::from_conf(config.build()))
}

/// A client of SNS.
pub(super) fn sns(emulator: &Emulator) -> aws_sdk_sns::Client {
    use aws_sdk_sns::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
    let config = aws_sdk_sns::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(emulator.endpoint())
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .credentials_provider(Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "emulator"));
    aws_sdk_sns::Client::from_conf(config.build())
}

/// The ARN of a queue of moto's callers.
pub(super) fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
}
