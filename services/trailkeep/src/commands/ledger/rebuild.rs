//! `trailkeep ledger rebuild`: a lost, emptied or older ledger is made from its archive again.

use std::{
    fmt::{self, Display},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;
use trailkeep_local::DirectoryBucket;
use trailkeep_pipeline::{
    ingest::{Shutdown, Surroundings as _},
    ports::ledger::WorkerId,
    protocol::{self, RebuildOptions, Rebuilt},
};

use super::rebuild_lease::RebuildLease;
use crate::{
    cli::Globals,
    commands::protection::{Encryption, ObjectLock},
    exit::Exit,
    figures::{grouped, many},
    ledger_address::LedgerAddress,
    location::Location,
    output::print,
    outside::{self, Machine, OpenedLedger, Place, Tenancy},
    signals::asked_to_stop,
};

/// Make an archive's ledger from the archive again, after it was lost, emptied, damaged or restored to an older state.
///
/// Reads every file of sources/, and the indexes beside the packed originals where one of those files was lost. Finishes what had been committed,
/// throws away what had not, and raises the epoch, so that no process that holds the old ledger can commit. Nothing in the archive is changed but
/// archive.json and lost files of sources/. Stop every ingest first: while one works on the archive, this refuses. It may be run again at any time.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Rebuild {
    /// The archive: a directory or s3://bucket/prefix.
    #[arg(long, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE")]
    archive: Location,
    /// The ledger, needed for archives on S3: a SQLite file, made if it is not there, or dynamodb://TABLE. Default: a file inside a directory archive.
    #[arg(long, value_name = "FILE|dynamodb://TABLE", env = "TRAILKEEP_LEDGER")]
    ledger: Option<LedgerAddress>,
    /// Every collector and ingest of this archive is stopped. Where the ledger is a table, nothing else can tell whether the worker of a batch that
    /// is open still lives; without this such batches stop the rebuild.
    #[arg(long)]
    writers_stopped: bool,
    #[command(flatten)]
    encryption: Encryption,
    #[command(flatten)]
    lock: ObjectLock,
    /// How the outcome is told.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  trailkeep ledger rebuild --archive ./audit
  trailkeep ledger rebuild --archive s3://my-audit-archive --ledger /var/lib/trailkeep/ledger.sqlite
  trailkeep ledger rebuild --archive s3://my-audit-archive --ledger dynamodb://trailkeep-ledger --writers-stopped

Exit codes: 0 rebuilt; 1 refused or failed; 2 wrong usage; 130 interrupted.
A damaged file of the archive is named before anything is changed, with what to do. After another failure or 130 run it again:
the ledger may admit nothing until a rebuild has come to its end.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For a person.
    Text,
    /// For a program: one JSON object.
    Json,
}

impl Rebuild {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("failed to start the runtime")?;
        let began = Instant::now();
        let rebuilt = runtime.block_on(async {
            tokio::select! {
                rebuilt = self.rebuild(globals) => rebuilt.map(Some),
                true = asked_to_stop() => Ok(None),
            }
        })?;
        let Some(rebuilt) = rebuilt else {
            tracing::warn!("interrupted: the ledger admits nothing until a rebuild comes to its end; run it again");
            return Ok(Exit::Interrupted);
        };
        self.tell(&rebuilt, began.elapsed())?;
        Ok(Exit::Done)
    }

    async fn rebuild(&self, globals: &Globals) -> anyhow::Result<Rebuilt> {
        let options = RebuildOptions { writers_stopped: self.writers_stopped, retention: self.lock.of(&self.archive)? };
        let (machine, shutdown) = (Machine::new(), Shutdown::default());
        let process = outside::process_name("rebuild", &machine);
        let place = Place { archive: &self.archive, ledger: self.ledger.as_ref(), writing: self.encryption.of(&self.archive)? };
        place.check()?;
        self.refuse_a_writer()?;
        let opened = outside::open(place, &process, &machine, globals).await?;
        let others = opened.ledger.other_processes()?;
        if !others.is_empty() {
            bail!(
                "another process works with the ledger of {} ({}): wait for its end or stop it, then run this again",
                self.archive,
                others.join(", ")
            );
        }
        let tenancy = Tenancy::take(&opened, &process, &machine, &shutdown).await?;
        let (holder, ledger) = (WorkerId::new(&process, 0), opened.ledger.port());
        let lease = match opened.ledger {
            OpenedLedger::Sqlite(_) => None,
            OpenedLedger::DynamoDb(_) => Some(RebuildLease::take(&ledger, &holder, &machine, &shutdown).await?),
        };
        let rebuilt = protocol::rebuild(opened.bucket, ledger, &holder, options, machine.now()).await;
        let lost = shutdown.is_requested();
        drop(lease);
        tenancy.leave().await;
        let rebuilt = rebuilt.with_context(|| format!("failed to rebuild the ledger of {}", self.archive))?;
        if lost {
            bail!("another process took the lease of {} over while its ledger was rebuilt: run this again", self.archive);
        }
        Ok(rebuilt)
    }

    /// A process whose ledger was deleted under it has an entry beside the ledger, unless that went too: then its lock on the archive shows it.
    fn refuse_a_writer(&self) -> anyhow::Result<()> {
        let Location::Directory(path) = &self.archive else { return Ok(()) };
        let directory = DirectoryBucket::open(path).with_context(|| format!("failed to open the archive {}", self.archive))?;
        if directory.has_writer() {
            bail!("another process writes to {}: wait for its end or stop it, then run this again", self.archive);
        }
        Ok(())
    }

    fn tell(&self, rebuilt: &Rebuilt, took: Duration) -> anyhow::Result<()> {
        let report = Report::new(rebuilt, self.archive.to_string(), took);
        let text = match self.output {
            Output::Text => report.to_string(),
            Output::Json => format!("{}\n", serde_json::to_string(&report).context("failed to write the outcome as json")?),
        };
        print(&text)
    }
}

/// What a rebuild came to. Amounts are counts.
#[derive(Debug, Serialize)]
struct Report {
    archive: String,
    epoch: u64,
    batches: u64,
    sources: u64,
    reindexed: u64,
    without_bytes: u64,
    rolled_forward: u64,
    discarded: u64,
    twice: u64,
    seconds: f64,
    /// What a million sources would take at this rate; none where there were too few to tell.
    seconds_per_million: Option<f64>,
}

/// Fewest sources whose time says something about a million.
const ENOUGH_SOURCES: u64 = 1_000;

impl Report {
    fn new(rebuilt: &Rebuilt, archive: String, took: Duration) -> Self {
        let Rebuilt { epoch, batches, sources, twice, rolled_forward, discarded, reindexed, without_bytes } = *rebuilt;
        let seconds = took.as_secs_f64();
        let seconds_per_million = (sources >= ENOUGH_SOURCES).then(|| seconds * 1e6 / sources as f64);
        Self { archive, epoch, batches, sources, reindexed, without_bytes, rolled_forward, discarded, twice, seconds, seconds_per_million }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sources, batches) = (many(self.sources, "source", "sources"), many(self.batches, "batch", "batches"));
        write!(f, "Rebuilt the ledger of {}: {sources} in {batches}, epoch {}, in {:.1} s.", self.archive, self.epoch, self.seconds)?;
        match self.seconds_per_million {
            Some(seconds) => writeln!(f, " At this rate a million sources take {:.1} min.", seconds / 60.0)?,
            None => writeln!(f)?,
        }
        let lines = [
            ("finished", self.rolled_forward, "had been committed and not published"),
            ("thrown away", self.discarded, "had not been committed: their objects land with the next ingest"),
            ("reindexed", self.reindexed, "lacked their file of sources/: written again from their index, without counts of records"),
        ];
        for (name, count, what) in lines {
            if count > 0 {
                writeln!(f, "  {name:<12} {} {what}", many(count, "batch", "batches"))?;
            }
        }
        if self.without_bytes > 0 {
            let count = many(self.without_bytes, "source", "sources");
            writeln!(f, "  NO BYTES     {count} that only an index lists, with no packed original: land them again from the log bucket")?;
        }
        if self.twice > 0 {
            let twice = grouped(self.twice);
            writeln!(
                f,
                "  TWICE        {twice} sources are in two batches each (SELECT bucket, key FROM sources GROUP BY 1, 2 HAVING count(*) > 1)"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_as_it_should_be_is_one_line() {
        let rebuilt = Rebuilt { epoch: 2, batches: 1, sources: 341, ..Rebuilt::default() };
        let text = Report::new(&rebuilt, "audit".to_owned(), Duration::from_millis(1_240)).to_string();
        assert_eq!(text, "Rebuilt the ledger of audit: 341 sources in 1 batch, epoch 2, in 1.2 s.\n");
    }

    #[test]
    fn what_a_million_would_take_is_told_once_there_were_enough() {
        let rebuilt = Rebuilt { epoch: 2, batches: 3, sources: 10_000, ..Rebuilt::default() };
        let report = Report::new(&rebuilt, "audit".to_owned(), Duration::from_secs(6));
        assert_eq!(report.seconds_per_million, Some(600.0));
        assert!(report.to_string().ends_with("in 6.0 s. At this rate a million sources take 10.0 min.\n"), "{report}");
    }

    #[test]
    fn findings_have_lines_of_their_own() {
        let rebuilt = Rebuilt { epoch: 3, twice: 2, reindexed: 1, without_bytes: 4, ..Rebuilt::default() };
        let text = Report::new(&rebuilt, "audit".to_owned(), Duration::ZERO).to_string();
        for line in ["  reindexed    1 batch lacked", "  NO BYTES     4 sources that", "  TWICE        2 sources are"] {
            assert!(text.contains(line), "{text}");
        }
    }
}
