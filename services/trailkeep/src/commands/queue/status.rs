//! `trailkeep queue status`: how full a queue is, how it is set up, and what of that will hurt.

use std::{fmt::Write as _, time::Duration};

use clap::Args;
use serde_json::{Value, json};
use trailkeep_aws::{Encrypted, QueueDescription, SqsQueue};
use trailkeep_pipeline::ports::queue::QueueError;

use super::{Output, open, queue_url};
use crate::{cli::Globals, exit::Exit, figures::grouped, output::print};

/// Messages that a standard queue lets be in flight (SQS Developer Guide, "Amazon SQS standard queue quotas").
const IN_FLIGHT_LIMIT: u64 = 120_000;
/// The same for a FIFO queue.
const FIFO_IN_FLIGHT_LIMIT: u64 = 20_000;
/// A message that is received again lands in a smaller Batch each time; fewer receives do not isolate one among thousands.
const FEWEST_RECEIVES: u32 = 10;
/// Longest that the collector keeps a Batch open with its defaults.
const SEAL_AGE: Duration = Duration::from_secs(300);
/// SQS's own default retention.
const USUAL_RETENTION: Duration = Duration::from_hours(96);

/// Tells how full a queue is, how it and its dead letter queue are set up, and warns of what will hurt. Changes nothing.
///
/// Needs sqs:GetQueueAttributes, and sqs:GetQueueUrl and sqs:GetQueueAttributes on the dead letter queue.
#[derive(Debug, Args)]
pub(super) struct Status {
    /// URL of the queue.
    #[arg(long, env = "TRAILKEEP_QUEUE", value_name = "URL", value_parser = queue_url)]
    queue: String,
    /// How it is told; json is one object, times in seconds.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// What is known of a dead letter queue.
#[derive(Debug)]
enum DeadLetters {
    /// None is set up.
    None,
    /// As it stands.
    Known { url: String, description: QueueDescription },
    /// It is set up and could not be asked.
    Unknown { arn: String, why: String },
}

impl Status {
    pub(super) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let queue = open(&self.queue, globals).await?;
        let description = queue.describe().await?;
        let dead_letters = dead_letters(&queue, &description).await;
        // Not everyone may ask, and for most queues the answer is "none".
        let sources = queue.dead_letter_sources().await.ok();
        let warnings = warnings(&description, &dead_letters, sources.as_deref());
        print(&match self.output {
            Output::Json => format!("{:#}\n", as_json(&self.queue, &description, &dead_letters, sources.as_deref(), &warnings)),
            Output::Text => as_text(&self.queue, &description, &dead_letters, sources.as_deref(), &warnings),
        })?;
        Ok(Exit::Done)
    }
}

async fn dead_letters(queue: &SqsQueue, description: &QueueDescription) -> DeadLetters {
    let Some(redrive) = &description.redrive else { return DeadLetters::None };
    let arn = redrive.dead_letter_arn.clone();
    let described = async {
        let Some(dead) = queue.by_arn(&arn).await? else { return Ok(None) };
        let description = dead.describe().await?;
        Ok::<_, QueueError>(Some((dead.url().to_owned(), description)))
    };
    match described.await {
        Ok(Some((url, description))) => DeadLetters::Known { url, description },
        Ok(None) => DeadLetters::Unknown { arn, why: "that is no ARN of a queue".to_owned() },
        Err(error) => DeadLetters::Unknown { arn, why: error.to_string() },
    }
}

fn in_flight_limit(description: &QueueDescription) -> u64 {
    if description.fifo { FIFO_IN_FLIGHT_LIMIT } else { IN_FLIGHT_LIMIT }
}

fn warnings(queue: &QueueDescription, dead_letters: &DeadLetters, sources: Option<&[String]>) -> Vec<String> {
    let mut warnings = Vec::new();
    let takes_notifications = sources.is_none_or(<[String]>::is_empty);
    if queue.fifo {
        warnings.push("it is a FIFO queue: S3 cannot notify one".to_owned());
    }
    if queue.depth.in_flight * 5 >= in_flight_limit(queue) * 4 {
        warnings
            .push("its messages in flight come close to the limit, at which receiving fails: give each worker a smaller share".to_owned());
    }
    if let Some(redrive) = &queue.redrive
        && redrive.max_receive_count < FEWEST_RECEIVES
    {
        warnings.push(format!(
            "maxReceiveCount is {}: with fewer than {FEWEST_RECEIVES} a restart or two send good messages to the dead letter queue, before the bad one is found",
            redrive.max_receive_count
        ));
    }
    if let Some(kept) = queue.retention {
        warnings.extend(short_retention(kept, takes_notifications));
    }
    if queue.encrypted == Encrypted::Not {
        warnings.push("it does not encrypt messages at rest".to_owned());
    }
    match dead_letters {
        DeadLetters::None if takes_notifications => {
            let unless = if sources.is_none() { ", unless it is one itself, which could not be asked" } else { "" };
            warnings.push(format!(
                "it has no dead letter queue{unless}: what cannot be landed comes again until its retention ends, and is then lost"
            ));
        }
        DeadLetters::None => {}
        DeadLetters::Unknown { arn, why } => warnings.push(format!("its dead letter queue {arn} cannot be asked: {why}")),
        DeadLetters::Known { url, description } => warnings.extend(about_dead_letters(queue, url, description)),
    }
    warnings
}

fn short_retention(kept: Duration, takes_notifications: bool) -> Option<String> {
    let told = duration(kept);
    if kept <= SEAL_AGE {
        return Some(format!("retention is {told}: messages are gone before their Batch is sealed ({})", duration(SEAL_AGE)));
    }
    let short = takes_notifications && kept < USUAL_RETENTION;
    short.then(|| format!("retention is {told}: after an outage longer than that, notifications are lost; 14 days are the most"))
}

fn about_dead_letters(queue: &QueueDescription, url: &str, dead: &QueueDescription) -> Vec<String> {
    let mut warnings = Vec::new();
    if let (Some(kept), Some(kept_dead)) = (queue.retention, dead.retention)
        && kept_dead <= kept
        && !queue.fifo
    {
        warnings.push(format!(
            "its dead letter queue keeps messages for {}, no longer than the queue: the time counts from when a message was first sent",
            duration(kept_dead)
        ));
    }
    let letters = dead.depth.visible + dead.depth.in_flight + dead.depth.delayed;
    if letters > 0 {
        warnings.push(format!(
            "{} in its dead letter queue; look at them with: trailkeep queue peek --queue {url}",
            crate::figures::many(letters, "message is", "messages are")
        ));
    }
    warnings
}

fn as_json(url: &str, queue: &QueueDescription, dead_letters: &DeadLetters, sources: Option<&[String]>, warnings: &[String]) -> Value {
    let mut told = figures(url, queue);
    told["in_flight_limit"] = json!(in_flight_limit(queue));
    // SQS does not tell; CloudWatch's metric ApproximateAgeOfOldestMessage does.
    told["oldest_message_age_secs"] = Value::Null;
    told["max_receive_count"] = json!(queue.redrive.as_ref().map(|redrive| redrive.max_receive_count));
    told["dead_letter_queue"] = match dead_letters {
        DeadLetters::None => Value::Null,
        DeadLetters::Known { url, description } => figures(url, description),
        DeadLetters::Unknown { arn, why } => json!({"queue": null, "arn": arn, "error": why}),
    };
    told["dead_letter_queue_of"] = json!(sources);
    told["warnings"] = json!(warnings);
    told
}

fn figures(url: &str, queue: &QueueDescription) -> Value {
    json!({
        "queue": url,
        "arn": queue.arn,
        "visible": queue.depth.visible,
        "in_flight": queue.depth.in_flight,
        "delayed": queue.depth.delayed,
        "retention_secs": queue.retention.map(|time| time.as_secs()),
        "visibility_timeout_secs": queue.visibility_timeout.map(|time| time.as_secs()),
        "max_message_bytes": queue.max_message_bytes,
        "encryption": match &queue.encrypted {
            Encrypted::Kms(_) => "kms",
            Encrypted::Sqs => "sqs",
            Encrypted::Not => "none",
        },
        "kms_key_id": match &queue.encrypted {
            Encrypted::Kms(key) => Some(key),
            Encrypted::Sqs | Encrypted::Not => None,
        },
        "fifo": queue.fifo,
    })
}

fn as_text(url: &str, queue: &QueueDescription, dead_letters: &DeadLetters, sources: Option<&[String]>, warnings: &[String]) -> String {
    let mut text = format!("{url}\n\n");
    lines(&mut text, queue, in_flight_limit(queue));
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{:<14}not told by SQS; CloudWatch has it as ApproximateAgeOfOldestMessage", "oldest age");
    match (dead_letters, &queue.redrive) {
        (DeadLetters::Known { url, description }, Some(redrive)) => {
            let _ = writeln!(text, "\nafter {} receives, to the dead letter queue {url}\n", redrive.max_receive_count);
            lines(&mut text, description, in_flight_limit(description));
        }
        (DeadLetters::Unknown { arn, .. }, Some(redrive)) => {
            let _ = writeln!(text, "\nafter {} receives, to the dead letter queue {arn}", redrive.max_receive_count);
        }
        _ => {}
    }
    for source in sources.unwrap_or_default() {
        let _ = writeln!(text, "\ndead letter queue of {source}");
    }
    for (at, warning) in warnings.iter().enumerate() {
        let _ = writeln!(text, "{}warning: {warning}", if at == 0 { "\n" } else { "" });
    }
    text
}

fn lines(text: &mut String, queue: &QueueDescription, limit: u64) {
    let known = |time: Option<Duration>| time.map_or_else(|| "not told".to_owned(), duration);
    let encryption = match &queue.encrypted {
        Encrypted::Kms(key) => format!("KMS key {key}"),
        Encrypted::Sqs => "a key of SQS's own".to_owned(),
        Encrypted::Not => "none".to_owned(),
    };
    for (name, value) in [
        ("visible", grouped(queue.depth.visible)),
        ("in flight", format!("{} of {}", grouped(queue.depth.in_flight), grouped(limit))),
        ("delayed", grouped(queue.depth.delayed)),
        ("retention", known(queue.retention)),
        ("visibility", known(queue.visibility_timeout)),
        ("encryption", encryption),
    ] {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<14}{value}");
    }
}

/// `90061 s` as `1 d 1 h 1 min 1 s`.
pub(super) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let told: Vec<String> = parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count} {unit}")).collect();
    if told.is_empty() { "0 s".to_owned() } else { told.join(" ") }
}

#[cfg(test)]
mod tests {
    use trailkeep_aws::Redrive;
    use trailkeep_pipeline::ports::queue::QueueDepth;

    use super::*;

    fn queue() -> QueueDescription {
        QueueDescription {
            arn: None,
            depth: QueueDepth::default(),
            redrive: Some(Redrive { dead_letter_arn: "arn:aws:sqs:eu-central-1:111122223333:dead".to_owned(), max_receive_count: 10 }),
            retention: Some(USUAL_RETENTION),
            visibility_timeout: None,
            max_message_bytes: None,
            encrypted: Encrypted::Sqs,
            fifo: false,
        }
    }

    fn dead(days: u64, visible: u64) -> DeadLetters {
        let depth = QueueDepth { visible, ..QueueDepth::default() };
        let description = QueueDescription { redrive: None, depth, retention: Some(Duration::from_hours(24 * days)), ..queue() };
        DeadLetters::Known { url: "https://example/1/dead".to_owned(), description }
    }

    #[test]
    fn a_queue_as_it_should_be_has_no_warnings() {
        assert_eq!(warnings(&queue(), &dead(14, 0), Some(&[])), [] as [&str; 0]);
    }

    #[test]
    fn each_danger_is_told() {
        let told = |queue: QueueDescription, dead_letters: DeadLetters, words: &str| {
            let warnings = warnings(&queue, &dead_letters, Some(&[]));
            assert!(warnings.len() == 1 && warnings.iter().all(|warning| warning.contains(words)), "{words}: {warnings:?}");
        };
        told(queue(), dead(4, 0), "no longer than the queue");
        told(queue(), dead(14, 3), "3 messages are in its dead letter queue");
        told(QueueDescription { encrypted: Encrypted::Not, ..queue() }, dead(14, 0), "encrypt");
        told(QueueDescription { retention: Some(SEAL_AGE), ..queue() }, dead(14, 0), "before their Batch is sealed (5 min)");
        told(QueueDescription { retention: Some(SEAL_AGE * 12), ..queue() }, dead(14, 0), "retention is 1 h");
        told(QueueDescription { redrive: None, ..queue() }, DeadLetters::None, "no dead letter queue");
        let few = queue().redrive.map(|redrive| Redrive { max_receive_count: 9, ..redrive });
        told(QueueDescription { redrive: few, ..queue() }, dead(14, 0), "maxReceiveCount is 9");
        let full = QueueDepth { in_flight: 96_000, ..QueueDepth::default() };
        told(QueueDescription { depth: full, ..queue() }, dead(14, 0), "close to the limit");
    }

    #[test]
    fn times_are_told_in_their_units() {
        let told = [0, 59, 300, 90_061].map(|seconds| duration(Duration::from_secs(seconds)));
        assert_eq!(told, ["0 s", "59 s", "5 min", "1 d 1 h 1 min 1 s"]);
    }
}
