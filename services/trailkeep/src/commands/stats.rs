//! `trailkeep stats`: what an archive holds, in figures.

use clap::{Args, ValueEnum};
use trailkeep_restore::{Archive, stats::Stats as Figures};

use crate::{cli::Globals, exit::Exit, location, output::print};

mod text;

/// Tells what an archive holds: accounts, Regions and days, Records, duplicates, quarantine, bytes and compression.
#[derive(Debug, Args)]
pub(crate) struct Stats {
    /// The archive: a directory or s3://bucket/prefix.
    #[arg(long, short, env = "TRAILKEEP_ARCHIVE", value_name = "DIR|S3")]
    archive: String,
    /// How it is told; json is one object with every figure, those of each account, Region and day too; times in milliseconds since 1970.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Accounts in the table.
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// All accounts in the table.
    #[arg(long, conflicts_with = "top")]
    all: bool,
}

/// How the figures are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

impl Stats {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let figures = runtime.block_on(self.count(globals))?;
        print(&match self.output {
            Output::Json => format!("{}\n", serde_json::to_string_pretty(&figures)?),
            Output::Text => text::told(&figures, if self.all { usize::MAX } else { self.top }),
        })?;
        Ok(Exit::Done)
    }

    async fn count(&self, globals: &Globals) -> anyhow::Result<Figures> {
        let archive = Archive::open(location::open_archive(&self.archive, globals).await?).await?;
        Ok(archive.stats().await?)
    }
}
