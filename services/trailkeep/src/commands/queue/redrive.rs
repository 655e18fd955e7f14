//! `trailkeep queue redrive`: moves dead letters back, by SQS's own task where it can, message by message otherwise.

mod copy;
mod task;

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;
use trailkeep_aws::{MoveTaskError, QueueDescription, SqsQueue};

use super::{Output, open, peek, queue_url, shown};
use crate::{
    cli::Globals,
    exit::{Exit, Usage},
    figures::{grouped, many},
    output::print,
};

/// Messages that a dry run looks at.
const DRY_RUN_MESSAGES: u64 = 1_000;

/// Moves the messages of a dead letter queue back to the queue that they came from.
///
/// SQS does it itself (StartMessageMoveTask) unless --max is given, the queue is no dead letter queue, or the endpoint knows no such tasks: then each
/// message is received, sent, and deleted once it was accepted, so that a crash leaves it in both queues and never in none. All attributes are kept.
/// Exit code 3: some messages were not moved. Interrupted, a task of SQS's goes on by itself.
#[derive(Debug, Args)]
pub(super) struct Redrive {
    /// URL of the dead letter queue.
    #[arg(long, value_name = "URL", value_parser = queue_url)]
    queue: String,
    /// URL of the queue to move to; default: where the messages came from.
    #[arg(long, value_name = "URL", value_parser = queue_url)]
    to: Option<String>,
    /// Most messages to move.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,
    /// Most messages a second; SQS itself takes up to 500.
    #[arg(long, value_name = "N[/s]", value_parser = per_second)]
    rate: Option<u32>,
    /// Only tells what would be moved: receives messages, counts their forms, and gives them back. Their receive counts rise by one.
    #[arg(long)]
    dry_run: bool,
    /// How it is told.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Moved {
    /// `task` or `copy`.
    by: &'static str,
    /// Messages that the other queue has accepted.
    moved: u64,
    /// Messages that were deleted where they were; as many as were moved, unless told otherwise.
    deleted: u64,
    /// Messages that were received and neither moved nor deleted.
    refused: u64,
    interrupted: bool,
    /// What else there is to say.
    note: Option<String>,
}

/// Where messages are and where they go.
#[derive(Debug)]
struct Road {
    from: SqsQueue,
    description: QueueDescription,
    /// `None` = to each message's own source, which only SQS knows.
    to: Option<SqsQueue>,
    /// Queues whose dead letter queue `from` is.
    sources: Vec<String>,
}

impl Redrive {
    pub(super) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        if self.to.as_deref() == Some(self.queue.as_str()) {
            return Err(Usage("--to is the queue itself").into());
        }
        let road = self.road(globals).await?;
        if self.dry_run {
            return self.look(&road).await;
        }
        let moved = self.move_all(&road).await?;
        let left = road.from.describe().await.map(|now| now.depth.visible).ok();
        print(&match self.output {
            Output::Json => format!("{:#}\n", told_as_json(&self.queue, &moved, left)),
            Output::Text => told_as_text(&moved, left),
        })?;
        Ok(match moved {
            Moved { interrupted: true, .. } => Exit::Interrupted,
            Moved { refused, moved, deleted, .. } if refused > 0 || deleted < moved => Exit::TryAgain,
            Moved { .. } => Exit::Done,
        })
    }

    async fn road(&self, globals: &Globals) -> anyhow::Result<Road> {
        let from = open(&self.queue, globals).await?;
        let description = from.describe().await?;
        let sources = match (from.dead_letter_sources().await, &self.to) {
            (Ok(sources), _) => sources,
            (Err(error), Some(_)) => {
                tracing::info!(queue = self.queue, %error, "whose dead letter queue it is could not be asked");
                Vec::new()
            }
            (Err(error), None) => return Err(error).context("whose dead letter queue it is must be known, unless --to names a queue"),
        };
        let to = match &self.to {
            Some(url) => {
                let to = from.beside(url);
                // Asked for before anything is received: a wrong URL is told at once.
                let fifo = to.describe().await.with_context(|| format!("cannot move messages to {url}"))?.fifo;
                if fifo {
                    bail!("{url} is a FIFO queue: messages without a group cannot be sent there");
                }
                Some(to)
            }
            None if sources.is_empty() => {
                bail!("{} is nobody's dead letter queue; to move its messages all the same, name a queue with --to", self.queue);
            }
            None => None,
        };
        Ok(Road { from, description, to, sources })
    }

    async fn move_all(&self, road: &Road) -> anyhow::Result<Moved> {
        // SQS's task moves everything, and from dead letter queues only.
        if self.max.is_none() && !road.sources.is_empty() {
            match task::run(road, self.rate).await {
                Err(error) if matches!(error.downcast_ref(), Some(MoveTaskError::Unsupported { .. })) => {
                    tracing::info!(%error, "messages are moved one by one");
                }
                done => return done,
            }
        }
        copy::run(road, self.max, self.rate).await
    }

    async fn look(&self, road: &Road) -> anyhow::Result<Exit> {
        let visible = road.description.depth.visible;
        let most = self.max.unwrap_or(u64::MAX).min(DRY_RUN_MESSAGES);
        let seen = peek::look(&road.from, most as usize).await?;
        let mut forms: BTreeMap<&str, u64> = BTreeMap::new();
        for message in &seen.messages {
            *forms.entry(shown::form(&message.body)).or_default() += 1;
        }
        let looked = seen.messages.len() as u64;
        let to = road.to.as_ref().map_or_else(|| road.sources.clone(), |queue| vec![queue.url().to_owned()]);
        print(&match self.output {
            Output::Json => {
                let told = json!({"queue": self.queue, "to": to, "visible": visible, "looked_at": looked, "forms": forms,
                    "still_hidden": seen.still_hidden, "dry_run": true});
                format!("{told:#}\n")
            }
            Output::Text => {
                let forms: Vec<String> = forms.iter().map(|(form, count)| format!("  {form:<28}{}\n", grouped(*count))).collect();
                let forms = forms.concat();
                format!(
                    "would move {} from {} to {}\n{forms}looked at {} and gave them back; receive counts rose by one; nothing was moved\n",
                    many(visible.min(self.max.unwrap_or(u64::MAX)).max(looked), "message", "messages"),
                    self.queue,
                    to.join(", "),
                    many(looked, "message", "messages")
                )
            }
        })?;
        Ok(if seen.still_hidden > 0 { Exit::TryAgain } else { Exit::Done })
    }
}

fn told_as_json(queue: &str, moved: &Moved, left: Option<u64>) -> serde_json::Value {
    json!({"queue": queue, "by": moved.by, "moved": moved.moved, "deleted": moved.deleted, "refused": moved.refused,
        "interrupted": moved.interrupted, "left_visible": left, "note": moved.note})
}

fn told_as_text(moved: &Moved, left: Option<u64>) -> String {
    let how = if moved.by == "task" { "by SQS itself" } else { "one by one" };
    let mut lines = vec![format!("{} moved {how}", many(moved.moved, "message", "messages"))];
    if moved.refused > 0 {
        lines.push(format!("{} not accepted; they stay where they are", many(moved.refused, "message was", "messages were")));
    }
    if moved.deleted < moved.moved {
        lines.push(format!("{} could not be deleted and stand in both queues", grouped(moved.moved - moved.deleted)));
    }
    lines.extend(moved.note.clone());
    if let Some(left) = left {
        lines.push(format!("{} left to be received, as SQS counts", grouped(left)));
    }
    lines.join("\n") + "\n"
}

/// `50` or `50/s`.
fn per_second(text: &str) -> Result<u32, String> {
    let rate = text.strip_suffix("/s").unwrap_or(text).parse::<u32>().ok().filter(|rate| *rate > 0);
    rate.ok_or_else(|| "give messages a second, such as 50 or 50/s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_of_messages_a_second() {
        assert_eq!((per_second("50"), per_second("7/s")), (Ok(50), Ok(7)));
        for text in ["0", "", "/s", "5/min", "-1", "1.5"] {
            assert!(per_second(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_stands_in_both_queues_is_told() {
        let moved = Moved { by: "copy", moved: 5, deleted: 3, refused: 1, interrupted: false, note: None };
        let told = told_as_text(&moved, Some(1));
        let expected = ["5 messages moved one by one", "1 message was not accepted", "2 could not be deleted", "1 left"];
        assert!(expected.iter().all(|words| told.contains(words)), "{told}");
    }
}
