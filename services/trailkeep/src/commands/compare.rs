//! `trailkeep compare`: what a log bucket and an archive each hold of a trail.

mod sides;
mod text;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use trailkeep_pipeline::ingest::Surroundings as _;

use self::sides::{Sides, look_again};
use crate::{
    cli::Globals,
    commands::backfill::{backlog::Backlog, landed, selection::Asked},
    exit::Exit,
    location::{Location, bucket_name},
    output::print,
    outside::Machine,
};

/// Tell what a log bucket and an archive each hold of a trail, and where they differ.
///
/// Lists the bucket, or reads an S3 Inventory of it, and reads the archive's sources/; fetches no log and changes nothing. Where the bucket still fills,
/// its newest files are on their way for a quarter of an hour: those of the last 30 minutes are told apart, and --until leaves them out.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Compare {
    #[command(flatten)]
    asked: Asked,
    /// The archive.
    #[arg(long, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE")]
    archive: Location,
    /// The bucket that the archive knows these files by, where --from is a replica of it.
    #[arg(long, value_name = "NAME", value_parser = bucket_name)]
    bucket: Option<String>,
    /// Keys that are told of each kind of difference.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    show: u32,
    /// How it is told; json is one object with the figures of each day that differs.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  trailkeep compare --from s3://org-logs --archive s3://audit --since 2026-01-01 --until 2026-02-01
  trailkeep compare --from s3://org-logs-replica --bucket org-logs --archive s3://audit --output json

What only the bucket holds is landed by: trailkeep backfill. What only the archive holds was deleted in the bucket, or expired there.

Exit codes: 0 the archive holds all that the bucket holds; 1 failed; 2 wrong usage; 3 it does not, or holds it with another size.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

impl Compare {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        Location::check_apart(&self.asked.from, &self.archive)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("failed to start the runtime")?;
        runtime.block_on(self.compare(globals))
    }

    async fn compare(&self, globals: &Globals) -> anyhow::Result<Exit> {
        let backlog = Backlog::open(&self.asked, globals).await?;
        let archive = self.archive.open_archive(globals).await?;
        let known_as = self.bucket.as_deref().unwrap_or(&backlog.bucket);
        let mut sides = Sides::default();
        landed::for_each(&archive, known_as, &backlog.selection, |source| sides.archived(&source)).await?;
        let mut sides = sides.sorted();
        let mut objects = backlog.objects().await?;
        while let Some(found) = objects.next().await? {
            for object in found {
                sides.listed(object);
            }
        }
        // What landed while the bucket was listed is found now; so are the names of what only the archive holds.
        let mut looking = look_again(&mut sides, self.show as usize);
        landed::for_each(&archive, known_as, &backlog.selection, |source| {
            looking.archived(source);
            Ok(())
        })
        .await?;
        let told = looking.end(&backlog.bucket, &self.archive.to_string(), Machine::new().now().unix_ms);
        print(&match self.output {
            Output::Text => text::told(&told),
            Output::Json => format!("{}\n", serde_json::to_string_pretty(&told)?),
        })?;
        Ok(if told.archive_is_whole() { Exit::Done } else { Exit::Differs })
    }
}
