//! `trailkeep backfill`: announces what lies in a log bucket to the collector's queue, so that the fleet lands it.

pub(crate) mod backlog;
mod inventory;
pub(crate) mod landed;
pub(crate) mod listing;
mod report;
pub(crate) mod selection;
mod sending;

use std::{
    io::{BufRead as _, IsTerminal as _, Write as _},
    sync::atomic::Ordering,
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use tokio::sync::watch;
use trailkeep_aws::{AwsSettings, SqsQueue};
use trailkeep_pipeline::ports::queue::NotificationQueue;

use self::{
    backlog::Backlog,
    landed::Landed,
    report::{Outcome, go_on},
    selection::{Asked, day_text},
    sending::{OBJECTS_OF_A_MESSAGE, Pace, Sending, Sent},
};
use crate::{
    cli::Globals,
    commands::estimate::{costs::Costs, tally::Tally, text},
    exit::{Exit, Usage},
    location::{Location, bucket_name},
    output::print,
    signals::asked_to_stop,
};

/// Announce what a log bucket holds to the collector's queue, so that the collector lands it.
///
/// Lists the bucket by day of delivery, or reads an S3 Inventory of it; prints how much it is and what it costs; skips what the archive holds; sends
/// the rest as S3 events, a hundred objects a message, no faster than --rate and only while the queue is no deeper than --max-depth, so that live
/// traffic keeps its place. The collector's configuration decides what is landed. Ctrl-C stops it between two messages.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Backfill {
    #[command(flatten)]
    asked: Asked,
    /// URL of the collector's SQS queue.
    #[arg(long, value_name = "URL")]
    queue: String,
    /// The archive that the collector lands in: what it holds is skipped.
    #[arg(long, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE")]
    archive: Location,
    /// The bucket that the archive knows these files by, where --from is a replica of it.
    #[arg(long, value_name = "NAME", value_parser = bucket_name)]
    bucket: Option<String>,
    /// Objects that are announced a second.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// Messages that may wait in the queue, others' included; while there are more, nothing is sent.
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    max_depth: u64,
    /// Print the estimate and how many objects would be announced; send nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before sending.
    #[arg(long, short)]
    yes: bool,
    /// How the outcome is told.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

/// Wait before the queue's depth is asked again.
const DEPTH_WAIT: Duration = Duration::from_secs(5);

const AFTER_HELP: &str = "\
Examples:
  trailkeep backfill --from s3://org-logs --queue https://sqs.us-east-1.amazonaws.com/111122223333/trailkeep --archive s3://audit --since 2025-01-01 --dry-run
  trailkeep backfill --from s3://org-logs --queue https://sqs.us-east-1.amazonaws.com/111122223333/trailkeep --archive s3://audit --accounts 111122223333 --yes
  trailkeep backfill --from s3://org-logs --inventory s3://inventories/org-logs/all/2026-01-31T01-00Z/manifest.json --queue URL --archive s3://audit --rate 500

Exit codes: 0 done; 1 failed; 2 wrong usage; 130 interrupted, with what was sent told.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// The estimate and a few lines.
    Text,
    /// One JSON object on standard output.
    Json,
}

impl Backfill {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        Location::check_apart(&self.asked.from, &self.archive)?;
        if !self.yes && !self.dry_run && !std::io::stdin().is_terminal() {
            return Err(Usage("nobody can be asked whether to send: give --yes, or --dry-run to see what would be sent").into());
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("failed to start the runtime")?;
        runtime.block_on(self.fill(globals))
    }

    async fn fill(&self, globals: &Globals) -> anyhow::Result<Exit> {
        let backlog = Backlog::open(&self.asked, globals).await?;
        let queue = open_queue(&self.queue, globals).await?;
        // A queue that is not there or not ours is told before anything long begins.
        queue.depth().await.context("failed to ask how deep the collector's queue is")?;
        let archive = self.archive.open_archive(globals).await?;
        let (give, mut stop) = watch::channel(false);
        tokio::spawn(async move {
            if asked_to_stop().await {
                give.send_replace(true);
                tracing::warn!("stopping");
            }
            give.closed().await;
        });
        let known_as = self.bucket.as_deref().unwrap_or(&backlog.bucket);
        let counting = async {
            let landed = Landed::read(&archive, known_as, &backlog.selection).await?;
            tracing::info!(landed = landed.len(), "read what the archive holds of what is asked for");
            let tally = Tally::count(&mut backlog.objects().await?, &landed).await?;
            Ok::<_, anyhow::Error>((landed, tally))
        };
        let (landed, tally) = tokio::select! {
            counted = counting => counted?,
            _ = stop.wait_for(|stop| *stop) => {
                self.tell(&Outcome::new(&Sent { interrupted: true, ..Sent::default() }, &self.queue, 0))?;
                return Ok(Exit::Interrupted);
            }
        };
        let costs = Costs::of(&tally, backlog.counted.requests.load(Ordering::Relaxed));
        if self.output == Output::Text {
            print(&text::told(&tally, &costs, &backlog.bucket))?;
        }
        let (objects_to_send, estimate) = (tally.total.objects, Some(text::json(&tally, &costs, &backlog.bucket)));
        let passed_over = backlog.counted.passed_over.load(Ordering::Relaxed);
        if self.dry_run || tally.total.objects == 0 || !self.may_send(&tally)? {
            let sent = Sent { landed: tally.landed, ..Sent::default() };
            self.tell(&Outcome { dry_run: true, objects_to_send, estimate, ..Outcome::new(&sent, &self.queue, passed_over) })?;
            return Ok(Exit::Done);
        }
        let pace = Pace { objects_per_second: self.rate, max_depth: self.max_depth, depth_wait: DEPTH_WAIT };
        let mut sending = Sending { queue: &queue, bucket: &backlog.bucket, landed: &landed, pace, stop, sent: Sent::default() };
        let mut objects = backlog.objects_by_day(tally.by_day.iter().map(|(day, objects)| (*day, *objects))).await?;
        let ended = sending.run(&mut objects).await;
        let sent = sending.sent;
        ended.with_context(|| {
            let since = sent.goes_on_at.map(day_text);
            format!("the backfill stopped after {} objects in {} messages. {}", sent.objects, sent.messages, go_on(since.as_deref()))
        })?;
        self.tell(&Outcome { objects_to_send, estimate, ..Outcome::new(&sent, &self.queue, passed_over) })?;
        Ok(if sent.interrupted { Exit::Interrupted } else { Exit::Done })
    }

    fn tell(&self, outcome: &Outcome<'_>) -> anyhow::Result<()> {
        match self.output {
            Output::Text => print(&format!("\n{outcome}")),
            Output::Json => print(&format!("{}\n", serde_json::to_string(outcome)?)),
        }
    }

    /// Asks a person, unless `--yes` was given.
    fn may_send(&self, tally: &Tally) -> anyhow::Result<bool> {
        if self.yes {
            return Ok(true);
        }
        let messages = tally.total.objects.div_ceil(OBJECTS_OF_A_MESSAGE as u64);
        let mut err = std::io::stderr().lock();
        write!(err, "\nSend {messages} messages to {}? [y/N] ", self.queue)?;
        err.flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer).context("failed to read the answer")?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}

async fn open_queue(url: &str, globals: &Globals) -> anyhow::Result<SqsQueue> {
    let settings = AwsSettings { region: globals.aws_region.clone(), endpoint: globals.aws_endpoint.clone(), ..AwsSettings::default() };
    Ok(SqsQueue::open(&settings, url).await?)
}
