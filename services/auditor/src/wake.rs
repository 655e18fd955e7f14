//! What wakes a round before its hour: messages that a Digest landed, or was delivered. They are deleted after the round that they woke.
//!
//! A message is believed in nothing but that something may have come: the round looks by itself.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use trailkeep_archive::layout;
use trailkeep_keys::{KeyKind, LogKey};
use trailkeep_notifications::{Message, parse};
use trailkeep_pipeline::ports::{
    causes,
    queue::{MAX_OF_A_CALL, MAX_WAIT, NotificationQueue},
};

/// How long received messages are hidden: as long as a round may take. A round that dies lets them come back.
const HIDDEN: Duration = Duration::from_hours(1);
/// Most messages in hand: more wait in the queue.
const MAX_IN_HAND: usize = 10_000;
/// Largest body that is looked into: 1 MiB, SQS's own cap.
const MAX_BODY_BYTES: usize = 1 << 20;
/// Most SNS envelopes around a message.
const MAX_ENVELOPES: usize = 2;
/// Wait after a failed call.
const PAUSE: Duration = Duration::from_secs(30);

/// The queue, with what was received of it and not deleted yet.
#[derive(Debug)]
pub(crate) struct Waker {
    queue: Arc<dyn NotificationQueue>,
    receipts: Vec<String>,
}

impl Waker {
    pub(crate) fn new(queue: Arc<dyn NotificationQueue>) -> Self {
        Self { queue, receipts: Vec::new() }
    }

    /// Waits until a Digest is announced. What announces something else is deleted at once.
    pub(crate) async fn digests(&mut self) {
        while !self.receive(MAX_WAIT).await {}
    }

    /// Receives what else there is, for the same round.
    pub(crate) async fn more(&mut self) {
        while self.receipts.len() < MAX_IN_HAND && self.receive(Duration::ZERO).await {}
    }

    /// Whether something about Digests came. A call that fails is waited for.
    async fn receive(&mut self, wait: Duration) -> bool {
        let messages = match self.queue.receive(MAX_OF_A_CALL, wait, HIDDEN).await {
            Ok(messages) => messages,
            Err(error) => {
                tracing::warn!(error = causes(&error), "the queue of Digests cannot be received from; rounds come every hour all the same");
                tokio::time::sleep(PAUSE).await;
                return false;
            }
        };
        let (of_digests, others): (Vec<_>, Vec<_>) = messages.into_iter().partition(|message| speaks_of_digests(&message.body));
        self.delete(others.into_iter().map(|message| message.receipt).collect()).await;
        let came = !of_digests.is_empty();
        self.receipts.extend(of_digests.into_iter().map(|message| message.receipt));
        came
    }

    /// Deletes what woke the round that is over.
    pub(crate) async fn done(&mut self) {
        let receipts = std::mem::take(&mut self.receipts);
        self.delete(receipts).await;
    }

    async fn delete(&self, receipts: Vec<String>) {
        for some in receipts.chunks(MAX_OF_A_CALL) {
            let some: Vec<&str> = some.iter().map(String::as_str).collect();
            if let Err(error) = self.queue.delete(&some).await {
                tracing::warn!(error = causes(&error), "messages of the queue of Digests cannot be deleted: they come back");
                return;
            }
        }
    }
}

/// Whether a message says that Digests landed (an announcement), or were delivered (a notification of S3's or CloudTrail's).
pub(crate) fn speaks_of_digests(body: &str) -> bool {
    if body.len() > MAX_BODY_BYTES {
        return false;
    }
    if announces_digests(body, MAX_ENVELOPES) {
        return true;
    }
    match parse(body).message {
        Message::Objects { entries, .. } => entries.iter().filter_map(|entry| entry.object()).any(|object| is_digest(&object.key)),
        _ => false,
    }
}

fn announces_digests(body: &str, envelopes: usize) -> bool {
    let Ok(Value::Object(body)) = serde_json::from_str::<Value>(body) else { return false };
    if let Some(Value::String(inner)) = body.get("Message").filter(|_| envelopes > 0) {
        return announces_digests(inner, envelopes - 1);
    }
    body.get("kind").and_then(Value::as_str) == Some("digest")
}

/// Digests as CloudTrail delivers them, or as an archive packs them.
fn is_digest(key: &str) -> bool {
    matches!(LogKey::parse(key), Ok(KeyKind::Digest(_)))
        || key.split_once(layout::DIGESTS).is_some_and(|(_, rest)| rest.starts_with("day="))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trailkeep_notifications::cloudtrail_message;

    use super::*;

    const DIGEST: &str = "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/15/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20260115T010000Z.json.gz";

    #[test]
    fn what_speaks_of_digests_is_known_in_each_form() {
        let announced = json!({ "version": 1, "kind": "digest", "key": "digests/day=20260115/x.gz" }).to_string();
        let wrapped = json!({ "Type": "Notification", "Message": announced }).to_string();
        let raw = cloudtrail_message("logs", &[DIGEST]);
        let packed = cloudtrail_message("audit", &["org/digests/day=20260115/x.gz"]);
        for body in [announced, wrapped, raw, packed] {
            assert!(speaks_of_digests(&body), "{body}");
        }
    }

    #[test]
    fn anything_else_wakes_nobody() {
        let events = json!({ "version": 1, "category": "management", "key": "events/x.parquet" }).to_string();
        let deep = (0..9).fold(json!({ "kind": "digest" }).to_string(), |inner, _| json!({ "Message": inner }).to_string());
        for body in ["", "{", "[]", "null", &events, &deep, &cloudtrail_message("logs", &["x/y.json.gz"]), &"[".repeat(100_000)] {
            assert!(!speaks_of_digests(body));
        }
    }
}
