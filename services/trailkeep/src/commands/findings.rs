//! `trailkeep findings`: what the auditor found, and how it stands; `findings acknowledge` says why something is left so.

mod acknowledge;

use std::{io::IsTerminal as _, io::Write as _, sync::Arc};

use clap::{Args, Subcommand, ValueEnum};
use trailkeep_pipeline::ports::bucket::AuditBucket;
use trailkeep_query::{
    Engine, EngineConfig, QueryResult,
    render::{Layout, TextFormat, write_table, write_text},
};

use crate::{
    cli::Globals,
    exit::{Exit, Usage},
    location::Location,
    output::Standard,
    stack,
};

/// Width of the table where standard output is no terminal, or the shell does not tell the terminal's.
const WIDTH: u16 = 200;
/// What a person reads.
const FOR_A_PERSON: &str = "id, change AS state, severity, name, account, region, since, until, how_many, first_seen, detail";
/// All that is known.
const FOR_A_PROGRAM: &str = "id, change AS state, at AS changed_at, severity, name, provisional, organization, account, region, trail, bucket, key, since, \
                             until, how_many, reasons, detail, evidence, first_seen, attempts, last_attempt, round";
/// How each finding stands: as in the view `open_findings`, with those that are settled.
const LATEST: &str = "(SELECT * FROM (SELECT findings.*, row_number() OVER (PARTITION BY id ORDER BY at DESC, \
                      CASE WHEN change IN ('resolved', 'healed') THEN 1 ELSE 0 END, attempts DESC) AS latest FROM findings) AS changes WHERE latest = 1)";
/// What is grave first, then what is oldest.
const ORDER: &str = "CASE severity WHEN 'high' THEN 0 WHEN 'medium' THEN 1 ELSE 2 END, first_seen, id";

/// Show what the auditor found, and how it stands; or acknowledge what stays as it is.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Findings {
    /// The archive.
    #[arg(long, short, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE", required = true)]
    archive: Option<Location>,
    /// Only what is open, acknowledged or not.
    #[arg(long)]
    open: bool,
    /// How it is told; json is one object a line, and it and csv have every column.
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
    #[command(subcommand)]
    action: Option<Action>,
}

const AFTER_HELP: &str = "\
The state is the newest change of each finding: opened, reopened, healing and acknowledged ones are open, healed and resolved ones are not.
Any other question: trailkeep query --archive … \"SELECT … FROM findings\".

Examples:
  trailkeep findings --archive s3://audit --open
  trailkeep findings acknowledge --archive s3://audit 5f1d0000000000000000000000000000 --reason \"the log bucket's lifecycle rule deleted it, ticket 1234\"

Exit codes: 0 shown, or acknowledged; 1 failed.";

#[derive(Debug, Subcommand)]
enum Action {
    Acknowledge(acknowledge::Acknowledge),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Aligned, for a person.
    Table,
    /// One JSON object a line.
    Json,
    /// Comma-separated values with a header; nested values are JSON.
    Csv,
}

impl Findings {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match (&self.action, &self.archive) {
            (Some(Action::Acknowledge(command)), _) => command.run(globals),
            (None, Some(archive)) => stack::block_on(EngineConfig::default().threads, self.show(archive, globals)),
            (None, None) => Err(Usage("give the archive with --archive").into()),
        }
    }

    async fn show(&self, archive: &Location, globals: &Globals) -> anyhow::Result<Exit> {
        let bucket: Arc<dyn AuditBucket> = archive.open_archive(globals).await?;
        let engine = Engine::open(bucket, EngineConfig::default()).await?;
        let columns = if self.output == Output::Table { FOR_A_PERSON } else { FOR_A_PROGRAM };
        let from = if self.open { "open_findings" } else { LATEST };
        let result = engine.query(&format!("SELECT {columns} FROM {from} AS found ORDER BY {ORDER}")).await?;
        self.write(result).await?;
        Ok(Exit::Done)
    }

    async fn write(&self, result: QueryResult) -> anyhow::Result<()> {
        let (batches, _) = result.into_parts();
        let mut out = Standard::new();
        match self.output {
            Output::Json => {
                write_text(batches, TextFormat::Json, &mut out).await?;
            }
            Output::Csv => {
                write_text(batches, TextFormat::Csv, &mut out).await?;
            }
            Output::Table => {
                let shown = write_table(batches, Layout { width: width().into(), max_rows: usize::MAX }, &mut out).await?;
                writeln!(out, "({} findings)", shown.rows)?;
            }
        }
        Ok(out.flush()?)
    }
}

fn width() -> u16 {
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    std::io::stdout().is_terminal().then(columns).flatten().unwrap_or(WIDTH)
}
