//! `trailkeep coverage`: who delivered, hour by hour, of those who should have.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use trailkeep_audit::coverage::HOUR_MS;
use trailkeep_coverage::{Asked, Recorded, Seen, Told, kept};
use trailkeep_keys::{AccountId, Region};
use trailkeep_organization::History;
use trailkeep_pipeline::{ingest::Surroundings as _, ports::bucket::AuditBucket};
use trailkeep_query::recorded;
use trailkeep_restore::Archive;

use crate::{
    cli::Globals,
    exit::{CouldNotRun, Exit, check_window},
    location::Location,
    output::print,
    outside::Machine,
    stack,
};

mod matrix;
mod shown;
mod table;
mod text;

use self::shown::Shown;

/// How long before the window events are read: what stopped a trail, or made an account join, explains what begins with it.
const BEFORE_MS: i64 = 30 * 24 * HOUR_MS;

/// Show which accounts and Regions delivered, hour by hour, and who is silent.
///
/// Expected is a Digest for each hour of each account in each Region, since CloudTrail delivers one even when nothing happened. Whether Digests are genuine,
/// and whether the log files they list are there, is for trailkeep verify. Nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Coverage {
    /// The archive.
    #[arg(long, short, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE")]
    archive: Location,
    /// From this hour on: 2026-01-31 or 2026-01-31T10:00:00Z [default: seven days before --until].
    #[arg(long, value_name = "TIME", value_parser = crate::figures::moment_ms)]
    since: Option<i64>,
    /// Up to this hour [default: two hours ago, as far as Digests are due].
    #[arg(long, value_name = "TIME", value_parser = crate::figures::moment_ms)]
    until: Option<i64>,
    /// Only these accounts, with commas between them.
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    accounts: Vec<AccountId>,
    /// Only these Regions, with commas between them.
    #[arg(long, value_name = "REGION,…", value_delimiter = ',')]
    regions: Vec<Region>,
    /// Who is expected: the organization's accounts as the archive keeps them, or whoever was ever seen in it [default: archive where it keeps them].
    #[arg(long, value_enum)]
    roster: Option<Roster>,
    /// Regions that are expected of every account, with commas between them [default: those that are on by default in the partition].
    #[arg(long, value_name = "REGION,…", value_delimiter = ',')]
    assume_regions: Vec<Region>,
    /// How it is told; json is one object with everything, csv one line for each account and Region.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Every account and every gap by itself in the text: not only the first accounts, and gaps of one time and cause together.
    #[arg(long)]
    all: bool,
}

const AFTER_HELP: &str = "\
Periods are taken from the Digests' keys: the end is in the name, and an hour before it the period begins, as CloudTrail's hourly cadence has it. The bytes \
say exactly when; trailkeep verify reads them.

Accounts that were only observed are not the organization's roster: one that never delivered is not among them, and the answer is never complete. Keep the \
roster with trailkeep accounts --refresh.

Examples:
  trailkeep coverage --archive s3://audit
  trailkeep coverage --archive s3://audit --since 2026-01-01 --until 2026-02-01 --output csv > january.csv

Exit codes, other than for most commands: 0 every expected hour is covered, and what was expected is known; 1 gaps, or something is unknown; 2 could not run, \
or wrong usage.";

/// Who is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Roster {
    /// The organization's accounts, as `accounts/` has them.
    Archive,
    /// Whoever was ever seen in the archive.
    Observed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For a person.
    Text,
    /// For a program.
    Json,
    /// For a spreadsheet.
    Csv,
}

impl Coverage {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        check_window(self.since, self.until)?;
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let told = stack::block_on(threads, self.look(globals)).context(CouldNotRun("coverage could not be looked at"))?;
        let shown = Shown::of(&told);
        print(&match self.output {
            Output::Text => text::told(&shown, self.all),
            Output::Json => format!("{}\n", serde_json::to_string_pretty(&shown)?),
            Output::Csv => table::csv(&shown)?,
        })?;
        Ok(if told.complete { Exit::Done } else { Exit::Findings })
    }

    async fn look(&self, globals: &Globals) -> anyhow::Result<Told> {
        let asked = self.asked(Machine::new().now().unix_ms);
        let archive = Archive::open(self.archive.open_archive(globals).await?).await?;
        let bucket = archive.bucket();
        let kept = match self.roster {
            Some(Roster::Observed) => None,
            _ => kept::newest(bucket.as_ref()).await?.map(|kept| kept.history),
        };
        if kept.is_none() && self.roster == Some(Roster::Archive) {
            bail!("{} keeps no accounts: run trailkeep accounts --refresh, or take --roster observed", bucket.address());
        }
        let recorded = recorded(bucket, kept.as_ref(), &asked).await;
        let (told, _) = trailkeep_coverage::look(&archive, kept.as_ref(), recorded, &asked, Seen::default()).await?;
        Ok(told)
    }

    fn asked(&self, now_ms: i64) -> Asked {
        Asked {
            accounts: self.accounts.iter().copied().collect(),
            regions: self.regions.iter().copied().collect(),
            assumed: self.assume_regions.clone(),
            ..Asked::of(self.since, self.until, now_ms)
        }
    }
}

/// What the archive's own events say. Causes are guesses: without events they are poorer, and gaps are the same.
pub(super) async fn recorded(bucket: &Arc<dyn AuditBucket>, kept: Option<&History>, asked: &Asked) -> Recorded {
    let since_ms = asked.since_ms.saturating_sub(BEFORE_MS);
    let mut recorded = Recorded::default();
    let management = kept.and_then(History::management);
    match recorded::trail_events(Arc::clone(bucket), since_ms, asked.until_ms, management).await {
        Ok(events) => recorded.trails = events,
        Err(error) => tracing::warn!("no gap is put down to a trail that was stopped or changed: {:#}", anyhow::Error::from(error)),
    }
    if let Some(kept) = kept {
        // What happened after the window, and before the roster was observed, explains what the roster says.
        let until_ms = kept.observed_ms().map_or(asked.until_ms, |observed_ms| observed_ms.max(asked.until_ms));
        match recorded::organization_events(Arc::clone(bucket), since_ms, until_ms).await {
            Ok(events) => recorded.organization = events,
            Err(error) => recorded.incomplete = Some(format!("{:#}", anyhow::Error::from(error))),
        }
    }
    recorded
}
