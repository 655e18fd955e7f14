//! Answers that the service never gave: its errors, spelled as each service spells them, and partly failed batch calls.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use super::{Request, http::Message};

/// Too many requests, in general.
pub(super) fn slow_down(request: &Request) -> Message {
    match request.service() {
        "s3" => xml("503 Slow Down", "SlowDown", "Please reduce your request rate."),
        _ => other(request, "503 Service Unavailable", "ServiceUnavailable", "Service is unavailable."),
    }
}

/// Not permitted.
pub(super) fn denied(request: &Request) -> Message {
    match request.service() {
        "s3" => xml("403 Forbidden", "AccessDenied", "Access Denied"),
        "sns" => other(request, "403 Forbidden", "AuthorizationError", "Not permitted."),
        _ => other(request, "400 Bad Request", "AccessDeniedException", "Not permitted."),
    }
}

/// Not permitted to use the key that an object is encrypted with.
pub(super) fn key_denied() -> Message {
    let who = "User: arn:aws:sts::111122223333:assumed-role/auditor/one";
    let key = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555";
    let message = format!("{who} is not authorized to perform: kms:Decrypt on resource: {key} because no resource-based policy allows it");
    xml("403 Forbidden", "AccessDenied", &message)
}

/// Too many requests of this table, queue or topic.
pub(super) fn throttled(request: &Request) -> Message {
    match request.service() {
        "s3" => slow_down(request),
        "dynamodb" => other(request, "400 Bad Request", "ProvisionedThroughputExceededException", "The level of throughput was exceeded."),
        "sqs" => other(request, "403 Forbidden", "RequestThrottled", "Too many requests."),
        _ => other(request, "400 Bad Request", "Throttling", "Rate exceeded."),
    }
}

fn xml(status: &str, code: &str, message: &str) -> Message {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Message::answer(status, "application/xml", body)
}

fn other(request: &Request, status: &str, code: &str, message: &str) -> Message {
    let namespace = match request.service() {
        "dynamodb" => "com.amazonaws.dynamodb.v20120810",
        "sqs" => "com.amazonaws.sqs",
        "sns" | "sts" => {
            let body =
                format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>");
            return Message::answer(status, "text/xml", body);
        }
        _ => "com.amazonaws",
    };
    let kind = if request.service() == "dynamodb" { "application/x-amz-json-1.0" } else { "application/x-amz-json-1.1" };
    Message::answer(status, kind, json!({ "__type": format!("{namespace}#{code}"), "message": message }).to_string())
}

/// Takes some entries out of an SQS batch call. Answers their `Failed` entries, and whether any entry is left; `None` where it is no such call.
pub(super) fn take_out(message: &mut Message, code: &str, random: &mut ChaCha8Rng) -> Option<(Vec<Value>, bool)> {
    let mut body: Value = serde_json::from_slice(&message.body).ok()?;
    let entries = body.get_mut("Entries")?.as_array_mut()?;
    let (mut kept, mut failed) = (Vec::new(), Vec::new());
    for entry in entries.drain(..) {
        if random.gen_bool(0.5) { kept.push(entry) } else { failed.push(entry) }
    }
    if failed.is_empty() {
        failed.extend(kept.pop());
    }
    let any_left = !kept.is_empty();
    *entries = kept;
    message.set_body(body.to_string().into_bytes());
    let of = |entry: &Value| json!({ "Id": entry.get("Id"), "SenderFault": false, "Code": code, "Message": "The entry failed." });
    Some((failed.iter().map(of).collect(), any_left))
}

/// Puts `Failed` entries into an answer, or makes one of nothing else.
pub(super) fn with_failed(answer: Option<Message>, failed: Vec<Value>) -> Message {
    let empty = || Message::answer("200 OK", "application/x-amz-json-1.0", json!({ "Successful": [] }).to_string());
    let mut answer = answer.unwrap_or_else(empty);
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else { return answer };
    let Some(fields) = body.as_object_mut() else { return answer };
    match fields.get_mut("Failed").and_then(Value::as_array_mut) {
        Some(known) => known.extend(failed),
        None => {
            fields.insert("Failed".to_owned(), Value::Array(failed));
        }
    }
    answer.set_body(body.to_string().into_bytes());
    answer
}
