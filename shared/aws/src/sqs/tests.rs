//! What is asked of SQS, and what its answers become. The contract suite runs on emulators, in the tests of the whole.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::time::Duration;

use aws_sdk_sqs::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
};
use serde_json::{Value, json};
use trailkeep_pipeline::ports::queue::{EntryError, NotificationQueue, OutgoingMessage, QueueError, TraceContext};

use super::{MoveTaskError, SqsQueue};
use crate::s3::scripted::{Reply, Scripted};

const URL: &str = "https://sqs.eu-central-1.amazonaws.com/111122223333/trail";
const ARN: &str = "arn:aws:sqs:eu-central-1:111122223333:trail";
const MINUTE: Duration = Duration::from_secs(60);

fn queue(sqs: &Scripted) -> SqsQueue {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(sqs.endpoint())
        .retry_config(RetryConfig::standard().with_max_attempts(1))
        .credentials_provider(Credentials::new("AKIAEXAMPLE", "secret", None, None, "test"))
        .build();
    SqsQueue::with_client(Client::from_conf(config), URL)
}

fn answering(replies: Vec<Reply>) -> (Scripted, SqsQueue) {
    let sqs = Scripted::answering(replies);
    let queue = queue(&sqs);
    (sqs, queue)
}

fn ok(body: &Value) -> Reply {
    Reply::ok(&body.to_string()).with("content-type", "application/x-amz-json-1.0")
}

/// An error as SQS writes it in its JSON protocol, with the older protocol's code beside it.
fn error(status: u16, modeled: &str, older: &str, message: &str) -> Reply {
    let body = json!({"__type": format!("com.amazonaws.sqs#{modeled}"), "message": message});
    let reply = Reply::new(status, &body.to_string()).with("content-type", "application/x-amz-json-1.0");
    if older.is_empty() { reply } else { reply.with("x-amzn-query-error", format!("{older};Sender")) }
}

fn asked(sqs: &Scripted, position: usize) -> (String, Value) {
    let request = sqs.requests().remove(position);
    (request.header("x-amz-target").to_owned(), serde_json::from_str(&request.body).unwrap())
}

#[tokio::test]
async fn a_receive_asks_for_counts_times_and_traces() {
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let (sqs, queue) = answering(vec![ok(&json!({"Messages": [
        {"MessageId": "m1", "ReceiptHandle": "r1", "Body": "one",
         "Attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1760000000123"},
         "MessageAttributes": {"traceparent": {"DataType": "String", "StringValue": traceparent}}},
        {"MessageId": "m2", "ReceiptHandle": "r2", "Body": "two",
         "Attributes": {"AWSTraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"}},
        {"MessageId": "m3", "Body": "without a receipt"},
    ]}))]);
    let received = queue.receive(50, Duration::from_secs(90), Duration::from_millis(1_500)).await.unwrap();
    let told: Vec<_> = received.iter().map(|message| (message.id.as_str(), message.receipt.as_str(), message.receive_count)).collect();
    assert_eq!(told, [("m1", "r1", 3), ("m2", "r2", 1)]);
    assert_eq!((received[0].sent_ms, received[0].trace.traceparent.as_deref()), (Some(1_760_000_000_123), Some(traceparent)));
    let x_ray = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
    assert_eq!((received[1].sent_ms, received[1].trace.traceparent.as_deref()), (None, Some(x_ray)));
    let (target, body) = asked(&sqs, 0);
    assert_eq!(target, "AmazonSQS.ReceiveMessage");
    assert_eq!(body["QueueUrl"], URL);
    assert_eq!((&body["MaxNumberOfMessages"], &body["WaitTimeSeconds"], &body["VisibilityTimeout"]), (&json!(10), &json!(20), &json!(2)));
    assert_eq!(body["MessageSystemAttributeNames"], json!(["ApproximateReceiveCount", "SentTimestamp", "AWSTraceHeader"]));
    assert_eq!(body["MessageAttributeNames"], json!(["traceparent", "tracestate"]));
}

#[tokio::test]
async fn each_entry_has_the_answer_that_sqs_gave_it() {
    let failed = |id: &str, code: &str| json!({"Id": id, "Code": code, "SenderFault": true, "Message": "said"});
    let (sqs, queue) = answering(vec![
        ok(&json!({"Successful": [{"Id": "3"}, {"Id": "0"}],
                   "Failed": [failed("1", "ReceiptHandleIsInvalid"), failed("2", "InternalError")]})),
        ok(&json!({"Successful": [{"Id": "1"}],
                   "Failed": [failed("0", "AWS.SimpleQueueService.MessageNotInflight"), failed("2", "InvalidParameterValue")]})),
    ]);
    let expired = |code: &str| Err(EntryError::Expired { code: code.to_owned() });
    let refused = |code: &str, detail: &str| Err(EntryError::Refused { code: code.to_owned(), detail: detail.to_owned() });
    let silent = "the answer does not mention it";
    let deleted = queue.delete(&["a", "b", "c", "d", "e"]).await.unwrap();
    assert_eq!(deleted, [Ok(()), expired("ReceiptHandleIsInvalid"), refused("InternalError", "said"), Ok(()), refused("NoAnswer", silent)]);
    let hidden = queue.hide(&[("a", MINUTE), ("b", Duration::ZERO), ("c", MINUTE * 60 * 13)]).await.unwrap();
    assert_eq!(hidden, [expired("MessageNotInflight"), Ok(()), expired("InvalidParameterValue")]);
    let (target, body) = asked(&sqs, 1);
    assert_eq!(target, "AmazonSQS.ChangeMessageVisibilityBatch");
    let timeouts: Vec<&Value> = body["Entries"].as_array().unwrap().iter().map(|entry| &entry["VisibilityTimeout"]).collect();
    assert_eq!(timeouts, [&json!(60), &json!(0), &json!(43_200)]);
}

#[tokio::test]
async fn a_call_of_nothing_or_of_too_much_is_not_made() {
    let (sqs, queue) = answering(Vec::new());
    assert_eq!(
        (queue.delete(&[]).await.unwrap(), queue.hide(&[]).await.unwrap(), queue.send(&[]).await.unwrap()),
        (vec![], vec![], vec![])
    );
    let refused = queue.delete(&["r"; 11]).await.unwrap_err();
    assert!(matches!(&refused, QueueError::Failed { operation, .. } if operation == "sqs:DeleteMessage"), "{refused}");
    assert_eq!(sqs.requests().len(), 0);
}

#[tokio::test]
async fn a_denial_names_action_queue_and_key() {
    let denied = error(400, "AccessDeniedException", "", "User: … is not authorized to perform: sqs:receivemessage");
    let (_sqs, queue) = answering(vec![denied.clone(), denied]);
    let said = queue.receive(10, Duration::ZERO, MINUTE).await.unwrap_err().to_string();
    for words in ["sqs:ReceiveMessage", URL, ARN, "kms:Decrypt"] {
        assert!(said.contains(words), "{words} is missing: {said}");
    }
    let said = queue.delete(&["r"]).await.unwrap_err().to_string();
    assert!(said.contains(&format!("allow sqs:DeleteMessage on {ARN}")) && !said.contains("kms"), "{said}");
}

#[tokio::test]
async fn a_refusal_by_the_key_names_what_the_key_must_allow() {
    let refused = error(400, "KmsAccessDenied", "KMS.AccessDeniedException", "The caller doesn't have the required KMS access.");
    let disabled = error(400, "KmsDisabled", "KMS.DisabledException", "key is disabled");
    let (_sqs, queue) = answering(vec![refused.clone(), refused, disabled]);
    let said = queue.receive(10, Duration::ZERO, MINUTE).await.unwrap_err();
    assert!(matches!(&said, QueueError::Denied { hint, .. } if hint.starts_with("allow kms:Decrypt on the KMS key")), "{said}");
    let said = queue.send(&[OutgoingMessage { body: "x".to_owned(), ..OutgoingMessage::default() }]).await.unwrap_err();
    assert!(matches!(&said, QueueError::Denied { hint, .. } if hint.contains("kms:GenerateDataKey and kms:Decrypt")), "{said}");
    let said = queue.receive(10, Duration::ZERO, MINUTE).await.unwrap_err();
    assert!(matches!(&said, QueueError::Denied { hint, .. } if hint.contains("disabled")), "{said}");
}

#[tokio::test]
async fn what_else_a_receive_may_hear_is_told_apart() {
    let (_sqs, queue) = answering(vec![
        error(400, "OverLimit", "OverLimit", "Too many messages in flight"),
        error(400, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist."),
        error(400, "QueueDoesNotExist", "", "The specified queue does not exist."),
        error(403, "InvalidClientTokenId", "", "The security token included in the request is invalid."),
        error(400, "RequestThrottled", "RequestThrottled", "slow down"),
        Reply::new(500, "<html>Internal Server Error</html>"),
    ]);
    let mut told = Vec::new();
    for _ in 0..6 {
        told.push(queue.receive(10, Duration::ZERO, MINUTE).await.unwrap_err());
    }
    assert!(matches!(&told[0], QueueError::OverLimit { queue } if queue == URL), "{:?}", told[0]);
    assert!(matches!(&told[1], QueueError::NotFound { .. }), "{:?}", told[1]);
    assert!(matches!(&told[2], QueueError::NotFound { .. }), "{:?}", told[2]);
    assert!(matches!(&told[3], QueueError::Denied { hint, .. } if hint.contains("credentials")), "{:?}", told[3]);
    assert!(matches!(&told[4], QueueError::Failed { source, .. } if source.to_string().contains("slow down")), "{:?}", told[4]);
    assert!(matches!(&told[5], QueueError::Failed { source, .. } if source.to_string().contains("500")), "{:?}", told[5]);
}

#[tokio::test]
async fn messages_that_were_not_sent_are_told_apart_from_those_that_were() {
    let sent: Vec<Value> = (0..10).map(|id| json!({"Id": id.to_string(), "MessageId": "m", "MD5OfMessageBody": "x"})).collect();
    let (sqs, queue) = answering(vec![ok(&json!({"Successful": sent})), error(400, "RequestThrottled", "", "slow down")]);
    let trace = TraceContext { traceparent: Some("00-a-b-01".to_owned()), tracestate: Some(String::new()) };
    let messages: Vec<_> = (0..12).map(|number| OutgoingMessage { body: number.to_string(), trace: trace.clone() }).collect();
    let answers = queue.send(&messages).await.unwrap();
    assert_eq!(answers[..10], vec![Ok(()); 10]);
    for answer in &answers[10..] {
        assert!(
            matches!(answer, Err(EntryError::Refused { code, detail }) if code == "NotSent" && detail.contains("slow down")),
            "{answer:?}"
        );
    }
    let (target, body) = asked(&sqs, 0);
    assert_eq!(target, "AmazonSQS.SendMessageBatch");
    assert_eq!(body["Entries"][9]["MessageBody"], "9");
    assert_eq!(body["Entries"][9]["MessageAttributes"], json!({"traceparent": {"DataType": "String", "StringValue": "00-a-b-01"}}));
}

#[tokio::test]
async fn move_tasks_are_started_refused_and_unknown() {
    let (sqs, queue) = answering(vec![
        ok(&json!({"TaskHandle": "t1"})),
        error(400, "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", "There is already a task running."),
        Reply::new(500, "<html>Internal Server Error</html>"),
        ok(
            &json!({"Results": [{"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 7, "StartedTimestamp": 1_760_000_000_000_i64}]}),
        ),
    ]);
    assert_eq!(queue.start_move(ARN, None, Some(9_000)).await.unwrap().as_deref(), Some("t1"));
    assert_eq!(asked(&sqs, 0).1, json!({"SourceArn": ARN, "MaxNumberOfMessagesPerSecond": 500}));
    let refused = queue.start_move(ARN, None, None).await.unwrap_err();
    assert!(matches!(&refused, MoveTaskError::Refused { reason, .. } if reason.contains("already a task running")), "{refused}");
    let unknown = queue.start_move(ARN, None, None).await.unwrap_err();
    assert!(matches!(unknown, MoveTaskError::Unsupported { .. }), "{unknown}");
    let task = queue.move_tasks(ARN).await.unwrap().remove(0);
    assert_eq!((task.status.as_str(), task.moved, task.to_move), ("COMPLETED", 7, None));
}

#[tokio::test]
async fn a_relay_deletes_only_what_was_accepted() {
    let message = |id: &str| {
        let attributes = json!({"team": {"DataType": "String", "StringValue": "audit"}});
        json!({"MessageId": id, "ReceiptHandle": format!("r-{id}"), "Body": id, "MessageAttributes": attributes,
               "Attributes": {"AWSTraceHeader": "Root=1-x"}})
    };
    let (sqs, queue) = answering(vec![
        ok(&json!({"Messages": [message("a"), message("b"), message("c")]})),
        ok(
            &json!({"Successful": [{"Id": "0", "MessageId": "m", "MD5OfMessageBody": "x"}, {"Id": "2", "MessageId": "m", "MD5OfMessageBody": "x"}],
                   "Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": false}]}),
        ),
        ok(&json!({"Successful": [{"Id": "0"}], "Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": false}]})),
    ]);
    let other = queue.beside("https://sqs.eu-central-1.amazonaws.com/111122223333/other");
    let relayed = queue.relay(&other, 10, Duration::ZERO, MINUTE).await.unwrap();
    assert_eq!(relayed, super::Relayed { received: 3, sent: 2, deleted: 1 });
    let (target, sent) = asked(&sqs, 1);
    assert_eq!((target.as_str(), &sent["QueueUrl"]), ("AmazonSQS.SendMessageBatch", &json!(other.url())));
    assert_eq!(sent["Entries"][0]["MessageAttributes"]["team"]["StringValue"], "audit");
    assert_eq!(sent["Entries"][0]["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"], "Root=1-x");
    let (target, deleted) = asked(&sqs, 2);
    assert_eq!(target, "AmazonSQS.DeleteMessageBatch");
    assert_eq!(deleted["Entries"], json!([{"Id": "0", "ReceiptHandle": "r-a"}, {"Id": "1", "ReceiptHandle": "r-c"}]));
}
