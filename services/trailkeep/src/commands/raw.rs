//! `trailkeep raw`: gives back what CloudTrail wrote, byte for byte: an object, a Record, or the whole tree.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use clap::{ArgGroup, Args, ValueEnum};
use trailkeep_archive::{Category, Partition};
use trailkeep_keys::AccountId;
use trailkeep_restore::{Archive, RestoreTier};

use crate::{
    cli::Globals,
    exit::{self, Exit, Usage},
    location,
    target::Target,
};

mod archived;
mod object;
mod output;
mod record;
mod tree;

/// Gives back what CloudTrail wrote, byte for byte and checked against its hash: an object, a Record, or the whole tree.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP, group = ArgGroup::new("what").required(true).multiple(true))]
pub(crate) struct Raw {
    /// The archive: a directory or s3://bucket/prefix.
    #[arg(long, short, env = "TRAILKEEP_ARCHIVE", value_name = "DIR|S3")]
    archive: String,
    /// The original object with this key (or s3://bucket/key).
    #[arg(long, value_name = "KEY", group = "what", conflicts_with_all = ["event_id", "all"])]
    source: Option<String>,
    /// The Record with this eventID.
    #[arg(long, value_name = "ID", group = "what")]
    event_id: Option<String>,
    /// All: alone, every original under its own key, with its metadata; with --event-id, every Record that carries the id, one a line.
    #[arg(long, group = "what")]
    all: bool,
    /// Where to: a file; for the tree a directory or s3://bucket/prefix [default: standard output].
    #[arg(long, value_name = "FILE|DIR|S3")]
    to: Option<String>,
    /// Only this canonical bucket's: where a key or a tree stands in several.
    #[arg(long, value_name = "BUCKET", conflicts_with = "event_id", value_parser = location::bucket_name)]
    bucket: Option<String>,
    /// This revision of the object [default: the newest].
    #[arg(long, value_name = "N", requires = "source")]
    revision: Option<u32>,
    /// Look for the event on this UTC day only, 2026-01-31: faster.
    #[arg(long, value_name = "DAY", requires = "event_id", value_parser = parse_day)]
    day: Option<u32>,
    /// Look for the event in this category only: faster.
    #[arg(long, value_name = "CATEGORY", requires = "event_id", value_parser = str::parse::<Category>)]
    category: Option<Category>,
    /// Where several different Records carry the id: the N-th, from 1.
    #[arg(long, value_name = "N", requires = "event_id", conflicts_with = "all")]
    nth: Option<usize>,
    /// Of the tree, only what was delivered from this moment on: 2026-01-31 or 2026-01-31T10:00:00Z.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["source", "event_id"], value_parser = crate::figures::moment_ms)]
    since: Option<i64>,
    /// Of the tree, only what was delivered before this moment.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["source", "event_id"], value_parser = crate::figures::moment_ms)]
    until: Option<i64>,
    /// Of the tree, only this account's.
    #[arg(long, value_name = "ACCOUNT", conflicts_with_all = ["source", "event_id"], value_parser = str::parse::<AccountId>)]
    account: Option<AccountId>,
    /// Start the restore of segments that lie in an archived tier. Without it, hours and cost are only told.
    #[arg(long)]
    restore: bool,
    /// How fast.
    #[arg(long, value_enum, default_value_t = Tier::Standard, requires = "restore")]
    restore_tier: Tier,
    /// Days that restored copies stay.
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=365), requires = "restore")]
    restore_days: u16,
}

const AFTER_HELP: &str = "\
Exit codes: 0 given back; 1 not found, damaged or failed, or one original of a tree is; 3 in an archived tier: run again
once it is restored; 130 interrupted: run again to go on.

Examples:
  trailkeep raw --archive audit --source AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/15/111122223333_….json.gz | zcat
  trailkeep raw --archive audit --event-id 8f1c… --day 2026-01-15
  trailkeep raw --archive audit --all --to restored --since 2026-01-01 --until 2026-02-01 --account 111122223333
  trailkeep raw --archive s3://audit --all --to s3://restored --restore --restore-tier bulk";

/// What is said where the tree has no place.
const TREE_NEEDS_A_PLACE: &str = "--all needs --to, a directory or s3://bucket/prefix";

/// How fast an archived segment is restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tier {
    /// 5 hours from Glacier Flexible Retrieval, 12 from Deep Archive.
    Standard,
    /// 12 and 48 hours, cheapest.
    Bulk,
}

impl From<Tier> for RestoreTier {
    fn from(tier: Tier) -> Self {
        match tier {
            Tier::Standard => Self::Standard,
            Tier::Bulk => Self::Bulk,
        }
    }
}

impl Raw {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        exit::check_window(self.since, self.until)?;
        let tree = self.source.is_none() && self.event_id.is_none();
        match &self.to {
            None if tree => return Err(Usage(TREE_NEEDS_A_PLACE).into()),
            Some(to) if !tree => Target::check(Path::new(to), &self.archive)?,
            _ => {}
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(self.give_back(globals))
    }

    async fn give_back(&self, globals: &Globals) -> anyhow::Result<Exit> {
        let archive = Archive::open(location::open_archive(&self.archive, globals).await?).await?;
        match (&self.source, &self.event_id) {
            (Some(key), _) => self.give_object(&archive, key).await,
            (None, Some(id)) => self.give_records(&archive, id).await,
            (None, None) => match &self.to {
                Some(to) => self.give_tree(&archive, to, globals).await,
                None => Err(Usage(TREE_NEEDS_A_PLACE).into()),
            },
        }
    }

    fn file(&self) -> Option<PathBuf> {
        self.to.as_ref().map(PathBuf::from)
    }
}

/// Says a line on standard error. Nobody is left to tell where it is closed.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn parse_day(text: &str) -> Result<u32, String> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    Partition::parse_day(&digits).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_with_and_without_dashes() {
        assert_eq!(parse_day("2025-10-09"), Ok(20_251_009));
        assert_eq!(parse_day("20251009"), Ok(20_251_009));
        assert!(parse_day("2025-13-09").is_err());
    }
}
