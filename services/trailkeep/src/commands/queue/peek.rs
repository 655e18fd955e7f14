//! `trailkeep queue peek`: shows messages and gives them back. SQS has no way to look without receiving.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::Args;
use serde_json::json;
use trailkeep_aws::SqsQueue;
use trailkeep_pipeline::ports::queue::{MAX_OF_A_CALL, NotificationQueue as _, QueueError, QueueMessage};

use super::{Output, open, queue_url, shown};
use crate::{cli::Globals, exit::Exit, output::print};

/// How long messages stay hidden should this process end before it gives them back.
const HIDDEN: Duration = Duration::from_secs(120);
/// How long a receive waits; SQS asks all of its servers only where it waits.
const WAIT: Duration = Duration::from_secs(1);

/// Shows messages without consuming them: each is received, shown, and visible again at once.
///
/// That raises its receive count by one, so that a message which was received as often as is allowed goes to the dead letter queue at its next receive.
/// Needs sqs:ReceiveMessage and sqs:ChangeMessageVisibility.
#[derive(Debug, Args)]
pub(super) struct Peek {
    /// URL of the queue.
    #[arg(long, env = "TRAILKEEP_QUEUE", value_name = "URL", value_parser = queue_url)]
    queue: String,
    /// Most messages to show, up to 100.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    count: u32,
    /// Whole bodies, not only their first 2 KiB, and all objects, not only the first 20.
    #[arg(long)]
    full: bool,
    /// How it is told; json is one object with all messages.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

impl Peek {
    pub(super) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let queue = open(&self.queue, globals).await?;
        let seen = look(&queue, self.count as usize).await?;
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_millis() as i64);
        print(&match self.output {
            Output::Json => {
                let messages: Vec<_> = seen.messages.iter().map(|message| shown::as_json(message, now_ms, self.full)).collect();
                let told =
                    json!({"queue": self.queue, "messages": messages, "receive_count_raised_by": 1, "still_hidden": seen.still_hidden});
                shown::escaped_json(&format!("{told:#}\n"))
            }
            Output::Text => self.as_text(&seen, now_ms),
        })?;
        Ok(if seen.still_hidden > 0 { Exit::TryAgain } else { Exit::Done })
    }

    fn as_text(&self, seen: &Seen, now_ms: i64) -> String {
        if seen.messages.is_empty() {
            return format!("{}: nothing to be received\n", self.queue);
        }
        let mut text: Vec<String> = seen.messages.iter().map(|message| shown::as_text(message, now_ms, self.full)).collect();
        text.push(format!("{} shown and given back; their receive counts rose by one\n", messages(seen.messages.len())));
        if seen.still_hidden > 0 {
            text.push(format!(
                "{} could not be given back at once: visible again within {} s\n",
                messages(seen.still_hidden),
                HIDDEN.as_secs()
            ));
        }
        text.join("\n")
    }
}

fn messages(count: usize) -> String {
    crate::figures::many(count as u64, "message", "messages")
}

/// Messages that were received and given back.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) messages: Vec<QueueMessage>,
    /// How many could not be given back.
    pub(super) still_hidden: usize,
}

/// Receives up to `count` messages and gives all of them back, whatever happens in between.
pub(super) async fn look(queue: &SqsQueue, count: usize) -> Result<Seen, QueueError> {
    let mut seen = BTreeMap::new();
    let mut order = Vec::new();
    let (mut failed, mut calls) = (None, 0);
    // A queue that hands out the same messages again and again ends it, too.
    while order.len() < count && calls < count + 10 {
        calls += 1;
        let left = count - order.len();
        match queue.receive(left.min(MAX_OF_A_CALL), WAIT, HIDDEN).await {
            Ok(received) if received.is_empty() => break,
            Ok(received) => {
                for message in received {
                    // A standard queue may hand out a message twice; its newest receipt gives it back.
                    if !seen.contains_key(&message.id) {
                        order.push(message.id.clone());
                    }
                    seen.insert(message.id.clone(), message);
                }
            }
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    let messages: Vec<QueueMessage> = order.iter().filter_map(|id| seen.remove(id)).collect();
    let still_hidden = give_back(queue, &messages).await;
    match failed {
        Some(error) if messages.is_empty() => Err(error),
        Some(error) => {
            tracing::warn!(queue = %queue.url(), %error, "no more messages could be received");
            Ok(Seen { messages, still_hidden })
        }
        None => Ok(Seen { messages, still_hidden }),
    }
}

async fn give_back(queue: &SqsQueue, messages: &[QueueMessage]) -> usize {
    let mut still_hidden = 0;
    for some in messages.chunks(MAX_OF_A_CALL) {
        let receipts: Vec<(&str, Duration)> = some.iter().map(|message| (message.receipt.as_str(), Duration::ZERO)).collect();
        still_hidden += match queue.hide(&receipts).await {
            Ok(answers) => answers.iter().filter(|answer| answer.is_err()).count(),
            Err(error) => {
                tracing::warn!(queue = %queue.url(), %error, "messages could not be given back; they are visible again by themselves");
                some.len()
            }
        };
    }
    still_hidden
}
