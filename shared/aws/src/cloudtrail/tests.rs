//! Answers that emulators never give.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use aws_config::BehaviorVersion;
use aws_sdk_cloudtrail::config::{Credentials, SharedCredentialsProvider, retry::RetryConfig};

use super::*;
use crate::s3::scripted::{Reply, Scripted};

/// A 2,048-bit RSA key in PKCS#1, made for this test.
const KEY: &str = include_str!("key.b64");

fn json(status: u16, body: &str) -> Reply {
    Reply::new(status, body).with("content-type", "application/x-amz-json-1.1")
}

fn page(values: &[&str], next: Option<&str>) -> Reply {
    let keys: Vec<serde_json::Value> = values
        .iter()
        .map(|value| serde_json::json!({ "Value": value.trim(), "ValidityStartTime": 1_768_000_000.0, "ValidityEndTime": 1_770_000_000.0 }))
        .collect();
    json(200, &serde_json::json!({ "PublicKeyList": keys, "NextToken": next }).to_string())
}

async fn listed(replies: Vec<Reply>) -> (Result<ListedKeys, CloudTrailError>, Vec<String>) {
    let server = Scripted::answering(replies);
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(SdkRegion::new("us-east-1"))
        .endpoint_url(server.endpoint())
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("AKIAEXAMPLE", "secret", None, None, "test")))
        .build();
    let keys = CloudTrailKeys::with_config(config);
    let listed = keys.list("eu-central-1".parse().unwrap(), 1_768_000_000_000, 1_769_000_000_000, 1_769_500_000_000).await;
    let requests = server.requests();
    (listed, requests.iter().map(|request| request.header("authorization").to_owned()).collect())
}

#[tokio::test]
async fn every_page_is_asked_for_in_the_region_that_signs() {
    let (listed, asked) = listed(vec![page(&[], Some("more")), page(&[KEY], None)]).await;
    let listed = listed.unwrap();
    let key = listed.keys.iter().next().unwrap();
    assert_eq!((listed.keys.len(), key.region().as_str()), (1, "eu-central-1"));
    assert_eq!(key.validity_ms(), (1_768_000_000_000, 1_770_000_000_000));
    assert_eq!((key.origin().source.as_str(), key.origin().at_ms), ("cloudtrail:ListPublicKeys in eu-central-1", 1_769_500_000_000));
    assert!(asked.len() == 2 && asked.iter().all(|scope| scope.contains("/eu-central-1/cloudtrail/")), "{asked:?}");
}

#[tokio::test]
async fn keys_that_cannot_be_used_are_told_and_the_others_taken() {
    let (listed, _) = listed(vec![page(&[KEY, "AAAA"], None)]).await;
    let listed = listed.unwrap();
    assert_eq!((listed.keys.len(), listed.refused.len()), (1, 1));
}

#[tokio::test]
async fn being_denied_says_what_to_allow_and_where() {
    let denied = json(400, r#"{"__type":"AccessDeniedException","Message":"not authorized"}"#);
    let (listed, _) = listed(vec![page(&[KEY], Some("more")), denied]).await;
    let told = listed.unwrap_err().to_string();
    assert!(told.contains("cloudtrail:ListPublicKeys") && told.contains("eu-central-1") && told.contains("allow"), "{told}");
}

#[tokio::test]
async fn a_list_that_does_not_end_is_an_error() {
    let (listed, asked) = listed(vec![page(&[], Some("same")), page(&[], Some("same"))]).await;
    assert!(matches!(listed, Err(CloudTrailError::Endless { .. })), "{listed:?}");
    assert_eq!(asked.len(), 2);
}
