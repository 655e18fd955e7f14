//! `trailkeep queue`: what operators do with the queue that notifications arrive on.

mod peek;
mod redrive;
mod shown;
mod status;

use std::future::Future;

use clap::{Args, Subcommand, ValueEnum};
use trailkeep_aws::{AwsSettings, SqsQueue};

use crate::{cli::Globals, exit::Exit};

/// Look into the queue that notifications arrive on, and move dead letters back.
#[derive(Debug, Args)]
pub(crate) struct Queue {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Status(status::Status),
    Peek(peek::Peek),
    Redrive(redrive::Redrive),
}

/// How it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

impl Queue {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self.action {
            Action::Status(command) => block_on(command.run(globals)),
            Action::Peek(command) => block_on(command.run(globals)),
            Action::Redrive(command) => block_on(command.run(globals)),
        }
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?.block_on(work)
}

async fn open(url: &str, globals: &Globals) -> anyhow::Result<SqsQueue> {
    let settings = AwsSettings { region: globals.aws_region.clone(), endpoint: globals.aws_endpoint.clone(), ..AwsSettings::default() };
    Ok(SqsQueue::open(&settings, url).await?)
}

/// Reads a queue's URL. An ARN or a bare name is told apart, since that is what people have at hand.
fn queue_url(text: &str) -> Result<String, String> {
    if text.starts_with("arn:") {
        return Err("give the queue's URL, not its ARN: aws sqs get-queue-url --queue-name NAME tells it".to_owned());
    }
    let known = text.split_once("://").is_some_and(|(scheme, rest)| matches!(scheme, "https" | "http") && rest.contains('/'));
    if known { Ok(text.to_owned()) } else { Err("a queue's URL looks like https://sqs.REGION.amazonaws.com/ACCOUNT/NAME".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::queue_url;

    #[test]
    fn a_queue_is_named_by_its_url() {
        for url in ["https://sqs.eu-central-1.amazonaws.com/111122223333/trail", "http://127.0.0.1:4566/111122223333/trail"] {
            assert_eq!(queue_url(url).as_deref(), Ok(url));
        }
        assert!(queue_url("arn:aws:sqs:eu-central-1:111122223333:trail").is_err_and(|why| why.contains("not its ARN")));
        assert!(queue_url("trail").is_err() && queue_url("s3://trail/x").is_err() && queue_url("https://trail").is_err());
    }
}
