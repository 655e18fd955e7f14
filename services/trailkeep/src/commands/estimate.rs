//! `trailkeep estimate`: how much a log bucket holds, what it costs to collect it, and what the archive of it costs a year.

pub(crate) mod costs;
pub(crate) mod prices;
pub(crate) mod tally;
pub(crate) mod text;

use std::sync::atomic::Ordering;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use self::{costs::Costs, tally::Tally};
use crate::{
    cli::Globals,
    commands::backfill::{backlog::Backlog, landed::Landed, selection::Asked},
    exit::Exit,
    output::print,
};

/// Tell how much a log bucket holds, what collecting it costs once, and what the archive of it costs a year, by tier.
///
/// Lists the bucket, or reads an S3 Inventory of it; fetches no log. Every price has its year and source, and every assumption is told.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Estimate {
    #[command(flatten)]
    asked: Asked,
    /// How it is told; json is one object with the figures of each account and Region, all prices and all assumptions.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  trailkeep estimate --from s3://org-logs
  trailkeep estimate --from s3://org-logs/org --accounts 111122223333,444455556666 --since 2025-01-01 --until 2026-01-01
  trailkeep estimate --from s3://org-logs --inventory s3://inventories/org-logs/all/2026-01-31T01-00Z/manifest.json --output json";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

impl Estimate {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("failed to start the runtime")?;
        let (backlog, tally) = runtime.block_on(async {
            let backlog = Backlog::open(&self.asked, globals).await?;
            let tally = Tally::count(&mut backlog.objects().await?, &Landed::default()).await?;
            Ok::<_, anyhow::Error>((backlog, tally))
        })?;
        let costs = Costs::of(&tally, backlog.counted.requests.load(Ordering::Relaxed));
        print(&match self.output {
            Output::Text => text::told(&tally, &costs, &backlog.bucket),
            Output::Json => format!("{}\n", serde_json::to_string_pretty(&text::json(&tally, &costs, &backlog.bucket))?),
        })?;
        Ok(Exit::Done)
    }
}
