//! `trailkeep ingest`: lands a trail's files in an archive, once.

mod progress;
mod report;

use std::{io::IsTerminal as _, sync::Arc, thread::available_parallelism};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use trailkeep_archive::ClassLabel;
use trailkeep_ocsf::{Classes, RedactPathError, Redaction};
use trailkeep_pipeline::ingest::{
    BatchLimits, DeliveryWindow, EncodingConfig, IngestConfig, IngestPorts, IngestSummary, OriginConfig, Shutdown, ingest, plan,
};

use self::{
    progress::Progress,
    report::{Plan, Report},
};
use crate::{
    cli::Globals,
    commands::protection::{Encryption, ObjectLock},
    exit::{Exit, check_window},
    ledger_address::LedgerAddress,
    location::{Location, Origin, bucket_name},
    output::print,
    outside::{self, Machine, Place},
    signals::asked_to_stop,
};

/// Land CloudTrail's files in an archive, each exactly once.
///
/// Takes a trail's files from a directory or bucket, normalises them to OCSF, packs the originals byte for byte, and publishes both. It may be
/// stopped and run again at any time: what has landed is recognised and not landed twice. Ctrl-C finishes what was begun; a second one leaves at
/// once.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Ingest {
    /// Where the trail's files are: a directory or s3://bucket/prefix.
    #[arg(long, value_name = "DIR|S3-URL")]
    from: Location,
    /// The archive: a directory (made if need be) or s3://bucket/prefix.
    #[arg(long, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE")]
    archive: Location,
    /// The ledger, needed for archives on S3: a SQLite file, or dynamodb://TABLE. Default: a file inside a directory archive.
    #[arg(long, value_name = "FILE|dynamodb://TABLE", env = "TRAILKEEP_LEDGER")]
    ledger: Option<LedgerAddress>,
    /// Worker threads; default: the machine's cores.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Say what would be done; write nothing.
    #[arg(long)]
    dry_run: bool,
    /// Only files delivered at or after this: 2026-01-31 or 2026-01-31T10:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = crate::figures::moment_ms)]
    since: Option<i64>,
    /// Only files delivered before this.
    #[arg(long, value_name = "TIME", value_parser = crate::figures::moment_ms)]
    until: Option<i64>,
    /// Only keys below the origin that start so.
    #[arg(long, value_name = "PREFIX", default_value = "")]
    prefix: String,
    /// The bucket that a copied tree (or replica) stands for. Default: the bucket itself, or what the tree's digests name.
    #[arg(long, value_name = "NAME", value_parser = bucket_name)]
    bucket: Option<String>,
    /// The trail's S3 key prefix, which a copied tree may have lost. Default: as the tree's digests say.
    #[arg(long, value_name = "PREFIX")]
    key_prefix: Option<String>,
    /// Also take *.json and *.json.gz files whose names CloudTrail did not make.
    #[arg(long)]
    all_files: bool,
    /// Retention class of the packed originals.
    #[arg(long, value_name = "LABEL", default_value = "standard")]
    class_label: ClassLabel,
    /// OCSF classes: Security Lake's, or finer ones.
    #[arg(long, value_enum, default_value_t = ClassChoice::Lake)]
    classes: ClassChoice,
    /// Keep each record's text in its row as well.
    #[arg(long)]
    raw_data: bool,
    /// Redact values at this path of a record in the events table, as requestParameters.password; may be given several times.
    #[arg(long, value_name = "PATH", value_parser = redact_path)]
    redact_path: Vec<String>,
    /// Do not redact credentials in responseElements. The originals are never redacted.
    #[arg(long)]
    no_redact: bool,
    /// zstd level of the events files.
    #[arg(long, value_name = "LEVEL", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..=22))]
    zstd_level: i32,
    /// How the outcome is told.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    encryption: Encryption,
    #[command(flatten)]
    lock: ObjectLock,
}

const AFTER_HELP: &str = "\
Examples:
  trailkeep ingest --from ./trail --archive ./audit
  trailkeep ingest --from s3://org-logs --archive ./audit --since 2026-01-01 --until 2026-02-01
  trailkeep ingest --from ./copy-of-bucket --bucket org-logs --archive ./audit --dry-run
  trailkeep ingest --from s3://org-logs --archive s3://audit --ledger ./ledger.sqlite --object-lock-mode governance --object-lock-years 7

Exit codes: 0 done (what was quarantined is told); 1 failed; 2 wrong usage; 3 some objects must be tried again; 130 interrupted and drained.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ClassChoice {
    /// Security Lake's: Account Change, Authentication, API Activity; Detection Finding for Insights.
    Lake,
    /// Besides those finer ones where they fit.
    Fine,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A few lines, and a progress bar on a terminal.
    #[value(alias = "human")]
    Text,
    /// One JSON object on standard output.
    Json,
}

impl Ingest {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        check_window(self.since, self.until)?;
        Location::check_apart(&self.from, &self.archive)?;
        // Before anything is asked of S3.
        self.place()?.check()?;
        self.lock.of(&self.archive)?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("failed to start the runtime")?;
        let origin = runtime.block_on(self.from.open_origin(globals))?;
        let config = self.config(&origin)?;
        let progress = Progress::new(self.output == Output::Text && std::io::stderr().is_terminal());
        if self.dry_run {
            self.plan(&config, &origin, &runtime, &progress, globals)
        } else {
            self.ingest(&config, &origin, &runtime, &progress, globals)
        }
    }

    fn place(&self) -> anyhow::Result<Place<'_>> {
        Ok(Place { archive: &self.archive, ledger: self.ledger.as_ref(), writing: self.encryption.of(&self.archive)? })
    }

    fn config(&self, origin: &Origin) -> anyhow::Result<IngestConfig> {
        let mut redaction = if self.no_redact { Redaction::none() } else { Redaction::default() };
        for path in &self.redact_path {
            redaction = redaction.with_path(path)?;
        }
        Ok(IngestConfig {
            origin: OriginConfig {
                prefix: format!("{}{}", origin.prefix, self.prefix),
                key_prefix: self.key_prefix.clone(),
                bucket: self.bucket.clone(),
                all_files: self.all_files,
                window: DeliveryWindow { since_ms: self.since, until_ms: self.until },
            },
            threads: self.threads.map_or_else(|| available_parallelism().map_or(1, usize::from), usize::from),
            encoding: EncodingConfig {
                classes: match self.classes {
                    ClassChoice::Lake => Classes::Lake,
                    ClassChoice::Fine => Classes::Fine,
                },
                redaction,
                raw_data_inline: self.raw_data,
                zstd_level: self.zstd_level,
            },
            class: self.class_label.clone(),
            retention: self.lock.of(&self.archive)?,
            limits: BatchLimits::default(),
        })
    }

    fn ingest(
        &self,
        config: &IngestConfig,
        origin: &Origin,
        runtime: &tokio::runtime::Runtime,
        progress: &Progress,
        globals: &Globals,
    ) -> anyhow::Result<Exit> {
        let (machine, shutdown) = (Machine::new(), Shutdown::default());
        let process = outside::process_name("ingest", &machine);
        let joining = outside::join(self.place()?, &process, &machine, globals, &shutdown);
        runtime.spawn(stop_when_asked(shutdown.clone()));
        let joined = runtime.block_on(joining)?;
        let ports = IngestPorts {
            origin: Arc::clone(&origin.bucket),
            protocol: Arc::clone(&joined.protocol),
            process,
            surroundings: Arc::new(machine),
            runtime: runtime.handle().clone(),
        };
        let outcome = ingest(config, &ports, &shutdown, progress);
        runtime.block_on(joined.tenancy.leave());
        progress.clear();
        let summary = outcome?;
        self.tell(&summary, &Report { summary: &summary, archive: &self.archive.to_string() })?;
        Ok(exit_of(&summary))
    }

    fn plan(
        &self,
        config: &IngestConfig,
        origin: &Origin,
        runtime: &tokio::runtime::Runtime,
        progress: &Progress,
        globals: &Globals,
    ) -> anyhow::Result<Exit> {
        let machine = Machine::new();
        let process = outside::process_name("ingest", &machine);
        let looking = outside::look(&self.archive, self.ledger.as_ref(), &process, &machine, globals);
        let protocol = runtime.block_on(looking)?;
        let plan = plan(&config.origin, &*origin.bucket, protocol.as_ref(), runtime.handle(), progress)?;
        progress.clear();
        self.tell(&plan, &Plan(&plan))?;
        Ok(Exit::Done)
    }

    fn tell(&self, machine: &impl serde::Serialize, human: &impl std::fmt::Display) -> anyhow::Result<()> {
        let text = match self.output {
            Output::Text => human.to_string(),
            Output::Json => format!("{}\n", serde_json::to_string(machine).context("failed to write the outcome as json")?),
        };
        print(&text)
    }
}

/// Reads a path of a Record, as the redaction itself does.
fn redact_path(text: &str) -> Result<String, RedactPathError> {
    Redaction::none().with_path(text).map(|_| text.to_owned())
}

fn exit_of(summary: &IngestSummary) -> Exit {
    if summary.interrupted {
        Exit::Interrupted
    } else if summary.try_again > 0 {
        Exit::TryAgain
    } else {
        Exit::Done
    }
}

/// The first Ctrl-C or SIGTERM lets the run land what it has begun; the second leaves at once, which the Batch protocol makes safe.
#[expect(clippy::disallowed_methods, reason = "the person asked twice, and what was staged is thrown away by the next run")]
async fn stop_when_asked(shutdown: Shutdown) {
    if !asked_to_stop().await {
        return;
    }
    shutdown.request();
    tracing::warn!("stopping: landing what was begun; press ctrl-c again to leave at once");
    if asked_to_stop().await {
        std::process::exit(130);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_tried_again_has_an_exit_code_of_its_own() {
        let summary = |try_again, interrupted| IngestSummary { try_again, interrupted, ..IngestSummary::default() };
        assert_eq!(exit_of(&summary(0, false)), Exit::Done);
        assert_eq!(exit_of(&summary(1, false)), Exit::TryAgain);
        assert_eq!(exit_of(&summary(1, true)), Exit::Interrupted);
    }
}
