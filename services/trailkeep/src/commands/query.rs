//! `trailkeep query`: asks an archive in SQL and writes the answer for a person or a program.

use std::{
    fs::File,
    io::{IsTerminal, Read, Write},
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use trailkeep_pipeline::ports::bucket::AuditBucket;
use trailkeep_query::{
    Engine, EngineConfig, IoStats, QueryCost, QueryResult,
    render::{Layout, TextFormat, write_parquet, write_table, write_text},
};

use crate::{
    cli::Globals,
    exit::{Exit, Usage},
    location,
    output::print,
    stack,
    target::Target,
};

/// Width of the table where standard output is no terminal.
const PLAIN_WIDTH: u16 = 160;
/// Largest file of SQL, in bytes.
const MAX_SQL_BYTES: u64 = 1024 * 1024;

/// Asks an archive in SQL: events, sources, quarantine, and what the auditor knows; `--tables` lists all tables and views.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Query {
    /// The archive: a directory or s3://bucket/prefix.
    #[arg(long, short, env = "TRAILKEEP_ARCHIVE", value_name = "DIR|S3")]
    archive: String,
    /// The question; - reads it from standard input.
    #[arg(value_name = "SQL", required_unless_present_any = ["file", "tables"], conflicts_with_all = ["file", "tables"])]
    sql: Option<String>,
    /// Reads the question from a file.
    #[arg(long, short, value_name = "FILE.sql", conflicts_with = "tables")]
    file: Option<PathBuf>,
    /// Lists the tables and views, with a line on each.
    #[arg(long)]
    tables: bool,
    /// How the answer is written [default: table on a terminal and in a pipe alike].
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    output: Output,
    /// Writes the answer to this file instead of standard output; parquet needs it. The file must not be there yet, nor lie in the archive.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// Rows that a table shows at most; the other formats write all.
    #[arg(long, value_name = "N", default_value_t = 200)]
    max_rows: usize,
    /// Characters in a line of a table; 0 = as wide as it is [default: the terminal's].
    #[arg(long, value_name = "N")]
    width: Option<usize>,
    /// Says afterwards, on standard error, what was read and what was left out, in requests and bytes as they would be on S3.
    #[arg(long, visible_alias = "stats")]
    explain_io: bool,
    /// Says afterwards, on standard error, how long it took.
    #[arg(long)]
    timing: bool,
    /// Memory for sorting, grouping and joining, in MiB; beyond it they spill to disk.
    #[arg(long, value_name = "MiB", default_value_t = 1024)]
    memory_limit: usize,
    /// Threads [default: one a core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
}

const AFTER_HELP: &str = "\
Column names are lower case; upper case letters in a question do not matter.

Examples:
  trailkeep query --archive audit --tables
  trailkeep query --archive audit \"DESCRIBE cloudtrail\"
  trailkeep query --archive audit \"SELECT eventtime, eventname, sourceipaddress FROM cloudtrail WHERE useridentity.type = 'Root'\"
  trailkeep query --archive audit --explain-io \"SELECT * FROM events WHERE event_uid = '…'\"
  trailkeep query --archive audit --output json \"SELECT requestparameters['bucketName'] AS bucket FROM cloudtrail WHERE eventsource = 's3.amazonaws.com'\"
  trailkeep query --archive audit \"SELECT eventtime, eventname, verified, account_ou_path FROM cloudtrail WHERE verified <> 'verified'\"
  trailkeep query --archive audit \"SELECT severity, name, account, detail FROM open_findings\"
  trailkeep query --archive audit --output parquet --to root.parquet \"SELECT * FROM events WHERE eventday >= '20260101'\"";

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Aligned, for a person.
    Table,
    /// Comma-separated values with a header; nested values are JSON.
    Csv,
    /// One JSON object a line.
    Json,
    /// A Parquet file.
    Parquet,
}

impl Query {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        if self.tables {
            return list_tables();
        }
        match &self.to {
            None if self.output == Output::Parquet => return Err(Usage("--output parquet needs --to FILE").into()),
            None => {}
            Some(path) => Target::check(path, &self.archive)?,
        }
        let sql = self.question()?;
        let config = self.engine_config();
        stack::block_on(config.threads, self.answer(&sql, config, globals))
    }

    fn engine_config(&self) -> EngineConfig {
        let default = EngineConfig::default();
        EngineConfig {
            memory_limit_bytes: self.memory_limit.saturating_mul(1024 * 1024),
            threads: self.threads.map_or(default.threads, usize::from),
            ..default
        }
    }

    fn question(&self) -> anyhow::Result<String> {
        match (&self.file, self.sql.as_deref()) {
            (Some(path), _) => {
                let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
                read_sql(file).with_context(|| format!("cannot read {}", path.display()))
            }
            (None, Some("-")) => read_sql(std::io::stdin().lock()).context("cannot read standard input"),
            (None, sql) => Ok(sql.unwrap_or_default().to_owned()),
        }
    }

    async fn answer(&self, sql: &str, config: EngineConfig, globals: &Globals) -> anyhow::Result<Exit> {
        let started = Instant::now();
        let bucket: Arc<dyn AuditBucket> = location::open_archive(&self.archive, globals).await?;
        let engine = Engine::open(bucket, config).await?;
        let result = engine.query(sql).await?;
        let planned = started.elapsed();
        let (rows, cost) = self.write(result).await?;
        self.tell(rows, planned, started.elapsed(), &cost)?;
        Ok(Exit::Done)
    }

    async fn write(&self, result: QueryResult) -> anyhow::Result<(u64, QueryCost)> {
        let mut out = Target::open(self.to.clone())?;
        match self.write_rows(result, &mut out).await {
            Ok(written) => {
                out.finish()?;
                Ok(written)
            }
            Err(error) => {
                out.discard();
                Err(error)
            }
        }
    }

    async fn write_rows(&self, result: QueryResult, out: &mut Target) -> anyhow::Result<(u64, QueryCost)> {
        let (batches, cost) = result.into_parts();
        let rows = match self.output {
            Output::Table => {
                let shown = write_table(batches, Layout { width: self.table_width(), max_rows: self.max_rows }, out).await?;
                let note = if shown.more {
                    format!("first {} rows; there are more (--max-rows N, or --output csv|json|parquet for all)", shown.rows)
                } else {
                    count(shown.rows)
                };
                writeln!(out, "({note})")?;
                shown.rows
            }
            Output::Csv => write_text(batches, TextFormat::Csv, out).await?,
            Output::Json => write_text(batches, TextFormat::Json, out).await?,
            Output::Parquet => write_parquet(batches, out).await?,
        };
        Ok((rows, cost))
    }

    fn table_width(&self) -> usize {
        let terminal = || {
            let shown = self.to.is_none() && std::io::stdout().is_terminal();
            if shown { terminal_columns() } else { None }
        };
        self.width.unwrap_or_else(|| terminal().unwrap_or(PLAIN_WIDTH).into())
    }

    fn tell(&self, rows: u64, planned: Duration, total: Duration, cost: &QueryCost) -> std::io::Result<()> {
        let mut err = std::io::stderr().lock();
        if let Some(path) = &self.to {
            writeln!(err, "{} written to {}", count(rows), path.display())?;
        }
        if self.timing {
            let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
            writeln!(
                err,
                "{:.1} ms: {:.1} to open, list and plan, {:.1} to run",
                ms(total),
                ms(planned),
                ms(total.saturating_sub(planned))
            )?;
        }
        if self.explain_io {
            write!(err, "{}", explained(&cost.io()))?;
        }
        Ok(())
    }
}

fn list_tables() -> anyhow::Result<Exit> {
    let mut lines: Vec<String> = Engine::tables().iter().map(|(name, about)| format!("{name:<20}{about}")).collect();
    lines.push("\nColumns: DESCRIBE <table>\n".to_owned());
    print(&lines.join("\n"))?;
    Ok(Exit::Done)
}

fn read_sql(source: impl Read) -> anyhow::Result<String> {
    let mut sql = String::new();
    source.take(MAX_SQL_BYTES + 1).read_to_string(&mut sql)?;
    if sql.len() as u64 > MAX_SQL_BYTES {
        bail!("more than {MAX_SQL_BYTES} bytes of SQL");
    }
    Ok(sql)
}

fn count(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") }
}

fn explained(io: &IoStats) -> String {
    let pruned = io.files_pruned_by_partition + io.files_pruned_by_index;
    let mut lines = vec![
        format!("S3 requests: {} LIST, {} GET of {:.1} KiB together", io.lists, io.gets, io.bytes as f64 / 1024.0),
        format!(
            "files: {} listed, {} left out by partition and time, {} by the index, {} while scanning; {} scanned",
            io.files_listed,
            io.files_pruned_by_partition,
            io.files_pruned_by_index,
            io.files_pruned_by_scan,
            io.files_scanned.saturating_sub(io.files_pruned_by_scan)
        ),
        format!(
            "row groups: {} in them, {} left out by statistics, {} by bloom filters; {} rows left out by page indexes",
            io.row_groups, io.row_groups_pruned_by_statistics, io.row_groups_pruned_by_bloom, io.rows_pruned_by_page_index
        ),
    ];
    if io.outcome_days_read > 0 {
        lines.push(format!("outcomes: {} delivery days read to tell whether events are verified", io.outcome_days_read));
    }
    if io.files_unpublished > 0 {
        lines.push(format!("not shown: {} files of batches that are not published", io.files_unpublished));
    }
    if io.files_listed > 0 && pruned == io.files_listed {
        lines.push("nothing was left to scan".to_owned());
    }
    lines.join("\n") + "\n"
}

/// Columns of the terminal as the shell tells them; `None` where it does not.
fn terminal_columns() -> Option<u16> {
    std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok())
}
