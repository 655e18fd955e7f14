//! `trailkeep coverage`: who delivered, hour by hour, of those who should have.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use trailkeep_audit::coverage::{Coverage as Hours, HOUR_MS};
use trailkeep_keys::{AccountId, Region};
use trailkeep_pipeline::ingest::Surroundings as _;
use trailkeep_restore::Archive;

use super::accounts::kept;
use crate::{
    cli::Globals,
    exit::{CouldNotRun, Exit, check_window},
    location::Location,
    output::print,
    outside::Machine,
    stack,
};

mod expected;
mod observed;
mod table;
mod text;
mod told;
mod trail_events;

use self::{expected::Expected, observed::Observed, told::Told};

/// Days that are looked at where --since does not say.
const DEFAULT_DAYS: i64 = 7;
/// CloudTrail delivers Digests some time after their hour: the last two hours are left out where --until does not say.
const NOT_DUE_MS: i64 = 2 * HOUR_MS;

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
    /// Every account and gap in the text, not only the first.
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

/// What is looked at.
#[derive(Debug)]
struct Window {
    since_ms: i64,
    until_ms: i64,
    accounts: BTreeSet<AccountId>,
    regions: BTreeSet<Region>,
}

impl Window {
    /// Whether an account in a Region was asked for.
    fn has(&self, account: AccountId, region: Region) -> bool {
        self.has_account(account) && (self.regions.is_empty() || self.regions.contains(&region))
    }

    fn has_account(&self, account: AccountId) -> bool {
        self.accounts.is_empty() || self.accounts.contains(&account)
    }
}

impl Coverage {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        check_window(self.since, self.until)?;
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let told = stack::block_on(threads, self.look(globals)).context(CouldNotRun("coverage could not be looked at"))?;
        print(&match self.output {
            Output::Text => text::told(&told, self.all),
            Output::Json => format!("{}\n", serde_json::to_string_pretty(&told)?),
            Output::Csv => table::csv(&told)?,
        })?;
        Ok(if told.complete { Exit::Done } else { Exit::Findings })
    }

    async fn look(&self, globals: &Globals) -> anyhow::Result<Told> {
        let window = self.window(Machine::new().now().unix_ms);
        let archive = Archive::open(self.archive.open_archive(globals).await?).await?;
        let bucket = archive.bucket().as_ref();
        let kept = match self.roster {
            Some(Roster::Observed) => None,
            _ => kept::newest(bucket).await?.map(|kept| kept.history),
        };
        if kept.is_none() && self.roster == Some(Roster::Archive) {
            bail!("{} keeps no accounts: run trailkeep accounts --refresh, or take --roster observed", bucket.address());
        }
        let observed = Observed::read(&archive, &window).await?;
        let expected = Expected::new(kept.as_ref(), &observed, &window, &self.assume_regions);
        let mut hours = Hours::new(window.since_ms, window.until_ms, &expected.scopes)?;
        let management = kept.as_ref().and_then(|kept| kept.current().find_map(|row| row.management_account.as_ref()?.parse().ok()));
        match trail_events::read(Arc::clone(archive.bucket()), &window, management).await {
            Ok(events) => {
                for event in events {
                    hours.trail_event(event);
                }
            }
            // Causes are guesses: without these events they are poorer, and gaps are the same.
            Err(error) => tracing::warn!("events that stopped or changed a trail cannot be read, and no gap is put down to one: {error:#}"),
        }
        observed.digests.iter().for_each(|digest| hours.digest(digest));
        observed.logs.iter().for_each(|log| hours.source(log));
        Ok(Told::new(bucket.address(), &window, &expected, &hours.finish()))
    }

    fn window(&self, now_ms: i64) -> Window {
        let until_ms = self.until.unwrap_or_else(|| (now_ms - NOT_DUE_MS).div_euclid(HOUR_MS) * HOUR_MS);
        Window {
            since_ms: self.since.unwrap_or(until_ms - DEFAULT_DAYS * 24 * HOUR_MS),
            until_ms,
            accounts: self.accounts.iter().copied().collect(),
            regions: self.regions.iter().copied().collect(),
        }
    }
}
