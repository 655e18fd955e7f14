//! What wakes a round before its hour: messages that a Digest landed, or was delivered. They are deleted after the round that they woke.
//!
//! A message is believed in nothing but that something may have come: the round looks by itself.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};
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
    /// The address of the archive, as announcements have it.
    archive: String,
    receipts: Vec<String>,
}

impl Waker {
    /// Announcements of other archives than the one of this address wake nobody.
    pub(crate) fn new(queue: Arc<dyn NotificationQueue>, archive: &str) -> Self {
        Self { queue, archive: archive.to_owned(), receipts: Vec::new() }
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
        let (of_digests, others): (Vec<_>, Vec<_>) =
            messages.into_iter().partition(|message| speaks_of_digests(&message.body, &self.archive));
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
pub(crate) fn speaks_of_digests(body: &str, archive: &str) -> bool {
    if body.len() > MAX_BODY_BYTES {
        return false;
    }
    if let Some(announcement) = announcement(body, MAX_ENVELOPES) {
        // Who names none may mean this one.
        return announcement.get("archive").and_then(Value::as_str).is_none_or(|of| is_same(of, archive));
    }
    match parse(body).message {
        Message::Objects { entries, .. } => entries.iter().filter_map(|entry| entry.object()).any(|object| is_digest(&object.key)),
        _ => false,
    }
}

/// The announcement of Digests that a message is, or that stands in its envelopes.
fn announcement(body: &str, envelopes: usize) -> Option<Map<String, Value>> {
    let Ok(Value::Object(body)) = serde_json::from_str::<Value>(body) else { return None };
    if let Some(Value::String(inner)) = body.get("Message").filter(|_| envelopes > 0) {
        return announcement(inner, envelopes - 1);
    }
    (body.get("kind").and_then(Value::as_str) == Some("digest")).then_some(body)
}

/// Whether an announced address may be the archive's. What is no address in S3 is compared with none: directories are never announced.
fn is_same(announced: &str, archive: &str) -> bool {
    let of_s3 = |address: &str| address.strip_prefix("s3://").map(|rest| rest.trim_end_matches('/').to_owned());
    match (of_s3(announced), of_s3(archive)) {
        (Some(announced), Some(archive)) => announced == archive,
        (None, Some(_)) => false,
        (_, None) => true,
    }
}

/// Digests as CloudTrail delivers them, or as an archive packs them.
fn is_digest(key: &str) -> bool {
    matches!(LogKey::parse(key), Ok(KeyKind::Digest(_)))
        || key.split_once(layout::DIGESTS).is_some_and(|(_, rest)| rest.starts_with("day="))
}

#[cfg(test)]
mod tests;
