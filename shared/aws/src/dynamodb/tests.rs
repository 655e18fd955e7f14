//! What emulators never answer: throttling, refusals, partial results, transactions that meet, answers that were lost.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use aws_sdk_dynamodb::{
    Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
};
use trailkeep_pipeline::ports::ledger::{Claim, Flip, Holder, Landed, LandedSource, Ledger, LedgerError, ManifestRef, SourceId, WorkerId};

use super::*;
use crate::s3::scripted::{Reply, Scripted};

const IDENTITY: &str = r#"{"Item":{"pk":{"S":"L"},"v":{"N":"1"},"id":{"S":"x"},"epoch":{"N":"1"},"ready":{"BOOL":true}}}"#;

fn ledger(server: &Scripted, attempts: u32) -> DynamoLedger {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(server.endpoint())
        .retry_config(RetryConfig::standard().with_max_attempts(attempts).with_initial_backoff(std::time::Duration::from_millis(1)))
        .credentials_provider(Credentials::new("AKIAEXAMPLE", "secret", None, None, "test"))
        .build();
    DynamoLedger::with_client(Client::from_conf(config), "fleet")
}

fn error(status: u16, code: &str, rest: &str) -> Reply {
    Reply::new(status, &format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}"{rest}}}"#))
}

fn refusal(message: &str) -> Reply {
    error(400, "AccessDeniedException", &format!(r#","message":"{message}""#))
}

fn batch() -> BatchId {
    BatchId::new(1_760_000_000_000, 1)
}

fn source() -> SourceId {
    SourceId::new("org-logs", "AWSLogs/1.json.gz")
}

fn manifest() -> ManifestRef {
    ManifestRef { key: "k".to_owned(), sha256: "s".to_owned() }
}

/// An error with its causes, as a person is told it.
fn told(error: &LedgerError) -> String {
    let mut text = error.to_string();
    let mut below = std::error::Error::source(error);
    while let Some(cause) = below {
        text = format!("{text}; {cause}");
        below = cause.source();
    }
    text
}

async fn identity_after(reply: Reply) -> LedgerError {
    ledger(&Scripted::answering(vec![reply]), 1).identity().await.unwrap_err()
}

#[tokio::test]
async fn throttling_is_busy_whatever_it_is_called() {
    for (status, code) in [
        (400, "ProvisionedThroughputExceededException"),
        (400, "ThrottlingException"),
        (400, "RequestLimitExceeded"),
        (400, "TransactionInProgressException"),
    ] {
        let error = identity_after(error(status, code, r#","message":"later""#)).await;
        assert!(matches!(error, LedgerError::Busy { operation: "read the identity", .. }), "{error:?}");
        assert!(told(&error).contains(code), "{error:?}");
    }
    let reasons = r#","CancellationReasons":[{"Code":"ThrottlingError","Message":"later"},{"Code":"None"}]"#;
    let server = Scripted::answering(vec![Reply::ok(IDENTITY), error(400, "TransactionCanceledException", reasons)]);
    let committed = ledger(&server, 1).commit(&batch(), &WorkerId::new("p", 0), 1, &manifest(), 6).await;
    assert!(matches!(committed, Err(LedgerError::Busy { operation: "commit a batch", .. })), "{committed:?}");
}

#[tokio::test]
async fn the_sdk_tries_throttled_calls_again_and_nobody_else_does() {
    let throttled = || error(400, "ThrottlingException", "");
    let server = Scripted::answering(vec![throttled(), Reply::ok(IDENTITY)]);
    assert_eq!(ledger(&server, 2).identity().await.unwrap().epoch, 1);
    assert_eq!(server.requests().len(), 2);
    let server = Scripted::answering(vec![throttled(), throttled(), Reply::ok(IDENTITY)]);
    assert!(ledger(&server, 2).identity().await.is_err());
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_refusal_names_action_resource_and_how_to_grant_it() {
    const ROLE: &str = "User: arn:aws:sts::111122223333:assumed-role/collector/i is not authorized to perform:";
    let table = "arn:aws:dynamodb:eu-central-1:111122223333:table/fleet";
    let error = identity_after(refusal(&format!(
        "{ROLE} dynamodb:GetItem on resource: {table} because no identity-based policy allows the dynamodb:GetItem action"
    )))
    .await;
    let text = told(&error);
    assert!(matches!(error, LedgerError::Denied { .. }), "{text}");
    for word in ["dynamodb://fleet", &format!("allow dynamodb:GetItem on {table}"), "Effect Allow in a policy of this role"] {
        assert!(text.contains(word), "{text}");
    }

    let text = told(
        &identity_after(refusal(&format!(
            "{ROLE} dynamodb:GetItem on resource: {table} with an explicit deny in a service control policy"
        )))
        .await,
    );
    assert!(text.contains("denies it explicitly"), "{text}");

    let text = told(&identity_after(refusal("no")).await);
    assert!(text.contains("allow dynamodb:GetItem on arn:aws:dynamodb:eu-central-1:ACCOUNT:table/fleet"), "{text}");

    let key = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555";
    let text =
        told(&identity_after(refusal(&format!("KMS key access denied error: {ROLE} kms:Decrypt on resource: {key} because no"))).await);
    assert!(text.contains(&format!("allow kms:Decrypt on {key}")) && text.contains("the policy of the key"), "{text}");

    let reply = super::tests::error(400, "ValidationException", r#","message":"KMS key disabled""#);
    let error = identity_after(reply).await;
    assert!(matches!(error, LedgerError::Denied { .. }) && told(&error).contains("it is disabled, gone"), "{}", told(&error));

    let error = identity_after(super::tests::error(400, "ExpiredTokenException", r#","message":"expired""#)).await;
    assert!(matches!(error, LedgerError::Denied { .. }) && told(&error).contains("check the AWS credentials"), "{}", told(&error));
}

#[tokio::test]
async fn a_missing_table_is_named_with_its_region_and_what_to_do() {
    let error = identity_after(error(400, "ResourceNotFoundException", r#","message":"Requested resource not found""#)).await;
    let text = told(&error);
    for word in ["no table fleet", "eu-central-1", "trailkeep ledger create --ledger dynamodb://fleet"] {
        assert!(text.contains(word), "{text}");
    }
    let error = identity_after(Reply::ok("{}")).await;
    assert!(matches!(&error, LedgerError::Damaged { detail, .. } if detail.contains("no item L")), "{error:?}");
}

#[tokio::test]
async fn an_admit_whose_answer_was_lost_is_still_an_admit() {
    // The first request arrives, and nothing comes back; the SDK sends it again, and finds what the first one wrote.
    let server = Scripted::answering(vec![Reply::ok(IDENTITY), Reply::ok("").announcing(9)]);
    let first = ledger(&server, 1).admit(&batch(), &[source()]).await;
    assert!(matches!(first, Err(LedgerError::Failed { .. })), "{first:?}");
    let body: serde_json::Value = serde_json::from_str(&server.requests()[1].body).unwrap();
    let item = &body["Item"];
    assert_eq!(item["pk"]["S"], "S#1#1#org-logs/AWSLogs/1.json.gz");
    assert_eq!(item["ttl"]["N"], (batch().unix_ms() / 1_000 + 400 * 86_400).to_string());
    assert_eq!(body["ConditionExpression"], "attribute_not_exists(#pk)");

    let held = |call: &str| {
        let item = format!(r#"{{"pk":{{"S":"x"}},"batch":{{"S":"{}"}},"call":{{"N":"{call}"}}}}"#, batch());
        error(400, "ConditionalCheckFailedException", &format!(r#","message":"failed","Item":{item}"#))
    };
    let server = Scripted::answering(vec![Reply::ok(IDENTITY), held("12")]);
    let ours = Holder { batch: batch(), landed: None };
    assert_eq!(ledger(&server, 1).admit(&batch(), &[source()]).await.unwrap(), [Claim::HeldBy(ours)], "from an earlier call");
}

#[tokio::test]
async fn a_commit_that_meets_another_transaction_is_tried_again_and_not_for_ever() {
    let conflict =
        || error(400, "TransactionCanceledException", r#","CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict"}]"#);
    let server = Scripted::answering(vec![Reply::ok(IDENTITY), conflict(), conflict(), Reply::ok("{}")]);
    let owner = WorkerId::new("p", 0);
    assert_eq!(ledger(&server, 1).commit(&batch(), &owner, 1, &manifest(), 6).await.unwrap(), Flip::Done);
    let server = Scripted::answering([vec![Reply::ok(IDENTITY)], vec![conflict(); 5]].concat());
    let committed = ledger(&server, 1).commit(&batch(), &owner, 1, &manifest(), 6).await;
    assert!(matches!(committed, Err(LedgerError::Busy { .. })), "{committed:?}");
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn partial_results_are_asked_for_again() {
    let key = "S#1#1#org-logs/AWSLogs/1.json.gz";
    let unread =
        format!(r#"{{"Responses":{{}},"UnprocessedKeys":{{"fleet":{{"Keys":[{{"pk":{{"S":"{key}"}}}}],"ConsistentRead":true}}}}}}"#);
    let read = format!(r#"{{"Responses":{{"fleet":[{{"pk":{{"S":"{key}"}},"batch":{{"S":"{}"}}}}]}},"UnprocessedKeys":{{}}}}"#, batch());
    let server = Scripted::answering(vec![Reply::ok(IDENTITY), Reply::ok(&unread), Reply::ok(&read)]);
    let looked = ledger(&server, 1).look(&[source(), source()]).await.unwrap();
    assert_eq!(looked, vec![Some(Holder { batch: batch(), landed: None }); 2], "one key is asked for once");

    let server = Scripted::answering([vec![Reply::ok(IDENTITY)], vec![Reply::ok(&unread); 5]].concat());
    let looked = ledger(&server, 1).look(&[source()]).await;
    assert!(matches!(looked, Err(LedgerError::Busy { .. })), "{looked:?}");

    let unwritten = format!(r#"{{"UnprocessedItems":{{"fleet":[{{"PutRequest":{{"Item":{{"pk":{{"S":"{key}"}}}}}}}}]}}}}"#);
    let replies = vec![Reply::ok(IDENTITY), Reply::ok(&unwritten), Reply::ok("{}"), Reply::ok("{}"), Reply::ok("{}")];
    let server = Scripted::answering(replies);
    let landed = Landed { version: None, etag: None, stored_bytes: 1, stored_sha256: [1; 32] };
    ledger(&server, 1).restore(&batch(), &[LandedSource { source: source(), landed }], batch().unix_ms()).await.unwrap();
    let asked: Vec<String> = server.requests().iter().map(|request| request.header("x-amz-target").to_owned()).collect();
    let expected = ["GetItem", "BatchWriteItem", "BatchWriteItem", "UpdateItem", "UpdateItem"];
    assert_eq!(asked, expected.map(|name| format!("DynamoDB_20120810.{name}")));
}

#[tokio::test]
async fn a_rebuild_leaves_out_what_would_have_expired() {
    let landed = Landed { version: None, etag: None, stored_bytes: 1, stored_sha256: [1; 32] };
    let landed = [LandedSource { source: source(), landed }];
    let day_ms = 86_400_000;
    for (days, expected) in [(399, 4), (401, 3), (431, 2)] {
        let server = Scripted::answering([vec![Reply::ok(IDENTITY)], vec![Reply::ok("{}"); 3]].concat());
        ledger(&server, 1).restore(&batch(), &landed, batch().unix_ms() + days * day_ms).await.unwrap();
        assert_eq!(server.requests().len(), expected, "after {days} days");
    }
}

#[tokio::test]
async fn unfinished_batches_are_queried_page_by_page_and_read_again() {
    let key = |number: u64| format!("B#1#{}", BatchId::new(1_760_000_000_000, number));
    let page = |number: u64, more: &str| Reply::ok(&format!(r#"{{"Items":[{{"pk":{{"S":"{}"}},"u":{{"S":"1"}}}}]{more}}}"#, key(number)));
    let item = |number: u64, state: &str| {
        format!(r#"{{"pk":{{"S":"{}"}},"state":{{"S":"{state}"}},"owner":{{"S":"p/0"}},"epoch":{{"N":"1"}}}}"#, key(number))
    };
    let last = format!(r#","LastEvaluatedKey":{{"pk":{{"S":"{}"}},"u":{{"S":"1"}}}}"#, key(2));
    // The index still names a Batch that was published meanwhile.
    let items = format!(r#"{{"Responses":{{"fleet":[{},{}]}}}}"#, item(2, "open"), item(1, "published"));
    let server = Scripted::answering(vec![Reply::ok(IDENTITY), page(2, &last), page(1, ""), Reply::ok(&items)]);
    let unfinished = ledger(&server, 1).unfinished().await.unwrap();
    assert_eq!(unfinished.iter().map(|item| item.batch).collect::<Vec<_>>(), [BatchId::new(1_760_000_000_000, 2)]);
    let requests = server.requests();
    assert!(requests[1].body.contains(r#""IndexName":"unfinished""#) && requests[2].body.contains("ExclusiveStartKey"));
    assert!(requests[3].body.contains(r#""ConsistentRead":true"#), "{}", requests[3].body);
}

#[tokio::test]
async fn statements_only_ever_say_yes_and_the_rest_is_read_or_put() {
    let sources: Vec<SourceId> = (0..4).map(|number| SourceId::new("org-logs", format!("{number}"))).collect();
    let other = BatchId::new(1_760_000_000_000, 2);
    let said = r#"{"Responses":[{"TableName":"fleet"},{"Error":{"Code":"DuplicateItem"}},{"Error":{"Code":"ThrottlingError"}},{}]}"#;
    let read = format!(r#"{{"Responses":{{"fleet":[{{"pk":{{"S":"S#1#1#org-logs/1"}},"batch":{{"S":"{other}"}}}}]}}}}"#);
    let server = Scripted::answering(vec![Reply::ok(IDENTITY), Reply::ok(said), Reply::ok(&read), Reply::ok("{}")]);
    let claims = ledger(&server, 1).admit(&batch(), &sources).await.unwrap();
    let held = Claim::HeldBy(Holder { batch: other, landed: None });
    assert_eq!(claims, [Claim::Admitted, held, Claim::Admitted, Claim::Admitted]);
    let requests = server.requests();
    let statement: serde_json::Value = serde_json::from_str(&requests[1].body).unwrap();
    let text = statement["Statements"][0]["Statement"].as_str().unwrap();
    assert!(text.starts_with("INSERT INTO \"fleet\" VALUE {'") && !text.contains("org-logs"), "{text}");
    assert_eq!(statement["Statements"][0]["Parameters"].as_array().map(Vec::len), Some(text.matches('?').count()));
    assert!(requests[3].body.contains("S#1#1#org-logs/2") && requests[3].body.contains("attribute_not_exists(#pk)"));
}

#[tokio::test]
async fn where_statements_are_refused_everything_is_put() {
    let sources: Vec<SourceId> = (0..4).map(|number| SourceId::new("org-logs", format!("{number}"))).collect();
    let refused = refusal("not authorized to perform: dynamodb:PartiQLInsert");
    let replies = [vec![Reply::ok(IDENTITY), refused], vec![Reply::ok("{}"); 8]];
    let server = Scripted::answering(replies.concat());
    let ledger = ledger(&server, 1);
    for _ in 0..2 {
        assert_eq!(ledger.admit(&batch(), &sources).await.unwrap(), vec![Claim::Admitted; 4]);
    }
    let asked: Vec<String> = server.requests().iter().map(|request| request.header("x-amz-target").to_owned()).collect();
    assert_eq!(asked.iter().filter(|target| target.ends_with("BatchExecuteStatement")).count(), 1, "{asked:?}");
    assert_eq!(asked.iter().filter(|target| target.ends_with("PutItem")).count(), 8, "{asked:?}");
}

#[tokio::test]
async fn a_note_whose_answer_was_lost_was_still_written() {
    // The first request arrives, and nothing comes back; the SDK sends it again, and its condition fails on what the first one wrote.
    let server = Scripted::answering(vec![Reply::ok(IDENTITY), Reply::ok("").announcing(9)]);
    let first = ledger(&server, 1).put_note("auditor/state", Some(4), b"{}").await;
    assert!(matches!(first, Err(LedgerError::Failed { operation: "write a note", .. })), "{first:?}");
    let body: serde_json::Value = serde_json::from_str(&server.requests()[1].body).unwrap();
    assert_eq!(body["Key"]["pk"]["S"], "M#1#auditor/state");
    let condition = body["ConditionExpression"].as_str().unwrap();
    assert!(condition.contains("#version = :over") && body["ExpressionAttributeValues"][":over"]["N"] == "4", "{body}");
    assert!(body["ExpressionAttributeValues"][":body"]["B"].is_string() && !body.to_string().contains("ttl"), "{body}");

    let held = |call: &str| {
        let item = format!(r#"{{"pk":{{"S":"x"}},"version":{{"N":"5"}},"body":{{"B":"e30="}},"call":{{"N":"{call}"}}}}"#);
        error(400, "ConditionalCheckFailedException", &format!(r#","message":"failed","Item":{item}"#))
    };
    let server = Scripted::answering(vec![Reply::ok(IDENTITY), held("12")]);
    assert!(!ledger(&server, 1).put_note("auditor/state", Some(4), b"{}").await.unwrap(), "another call wrote it");
    let read = r#"{"Item":{"pk":{"S":"x"},"version":{"N":"5"},"body":{"B":"e30="}}}"#;
    let server =
        Scripted::answering(vec![Reply::ok(IDENTITY), Reply::ok(read), Reply::ok(r#"{"Item":{"pk":{"S":"x"},"version":{"N":"6"}}}"#)]);
    let reading = ledger(&server, 1);
    let note = reading.note("auditor/state").await.unwrap().unwrap();
    assert_eq!((note.version, &note.body[..]), (5, &b"{}"[..]));
    assert_eq!(reading.note("auditor/state").await.unwrap(), None, "a forgotten one has no body");
    assert!(server.requests()[1].body.contains(r#""ConsistentRead":true"#));
}

#[tokio::test]
async fn a_note_of_a_newer_release_is_left_alone() {
    let newer = r#"{"Item":{"pk":{"S":"x"},"v":{"N":"2"},"version":{"N":"5"},"body":{"B":"e30="}}}"#;
    let server = Scripted::answering(vec![Reply::ok(IDENTITY), Reply::ok(newer)]);
    let told = ledger(&server, 1).note("auditor/state").await;
    assert!(matches!(told, Err(LedgerError::Newer { found: 2, .. })), "{told:?}");
}
