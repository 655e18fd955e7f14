//! What the command line takes. Each command keeps its own arguments in `commands/<name>.rs`.

use std::io::IsTerminal as _;

use clap::{Args, Parser, Subcommand};

use crate::{commands, exit::Exit};

/// Keeps CloudTrail: lands it once, normalised and provable; asks it in SQL; gives it back byte for byte.
#[derive(Debug, Parser)]
#[command(name = "trailkeep", version, about, long_about = None, propagate_version = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, but some objects must be tried again; 130 interrupted and drained.
Each command says with --help what they mean for it.

Example:
  trailkeep synth --out trail --accounts 5 --regions 4 --hours 6
  trailkeep ingest --from trail --archive audit
  trailkeep query --archive audit \"SELECT eventname, count(*) FROM cloudtrail GROUP BY 1 ORDER BY 2 DESC LIMIT 10\"";

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Globals {
    /// Endpoint of every AWS service instead of AWS's own, for emulators.
    #[arg(long, global = true, env = "TRAILKEEP_AWS_ENDPOINT", value_name = "URL")]
    pub(crate) aws_endpoint: Option<String>,
    /// S3 endpoint instead of AWS's own, for S3-compatible stores; goes before --aws-endpoint.
    #[arg(long, global = true, env = "TRAILKEEP_S3_ENDPOINT", value_name = "URL")]
    pub(crate) s3_endpoint: Option<String>,
    /// AWS Region of buckets and tables; default: as the AWS SDK finds it.
    #[arg(long, global = true, env = "TRAILKEEP_AWS_REGION", value_name = "REGION")]
    pub(crate) aws_region: Option<String>,
    /// More log lines on standard error (-v info, -vv debug).
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, made once")]
pub(crate) enum Command {
    Accounts(commands::accounts::Accounts),
    Attest(commands::attest::Attest),
    Backfill(commands::backfill::Backfill),
    Compare(commands::compare::Compare),
    Coverage(commands::coverage::Coverage),
    Digest(commands::digest::Digest),
    Estimate(commands::estimate::Estimate),
    Findings(commands::findings::Findings),
    Ingest(commands::ingest::Ingest),
    Ledger(commands::ledger::Ledger),
    Prove(commands::prove::Prove),
    Query(commands::query::Query),
    Queue(commands::queue::Queue),
    Raw(commands::raw::Raw),
    Stats(commands::stats::Stats),
    Synth(commands::synth::Synth),
    Verify(commands::verify::Verify),
}

impl Command {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self {
            Self::Accounts(command) => command.run(globals),
            Self::Attest(command) => command.run(globals),
            Self::Backfill(command) => command.run(globals),
            Self::Compare(command) => command.run(globals),
            Self::Coverage(command) => command.run(globals),
            Self::Digest(command) => command.run(globals),
            Self::Estimate(command) => command.run(globals),
            Self::Findings(command) => command.run(globals),
            Self::Ingest(command) => command.run(globals),
            Self::Ledger(command) => command.run(globals),
            Self::Prove(command) => command.run(globals),
            Self::Query(command) => command.run(globals),
            Self::Queue(command) => command.run(globals),
            Self::Raw(command) => command.run(globals),
            Self::Stats(command) => command.run(globals),
            Self::Synth(command) => command.run(globals),
            Self::Verify(command) => command.run(globals),
        }
    }
}

/// Log lines go to standard error; `RUST_LOG` overrides `-v`.
pub(crate) fn start_logging(globals: &Globals) {
    let default = match globals.verbose {
        // What goes wrong with AWS is told once, as an error of ours; the SDK's own warnings come with -v.
        0 => "warn,aws_config=error,aws_smithy=error,aws_sdk=error,aws_runtime=error,aws_credential=error",
        1 => "info",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(default));
    // A value that is not empty asks for no colours: https://no-color.org
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
}
