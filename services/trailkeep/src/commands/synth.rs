//! `trailkeep synth`: makes an organization-like trail tree. What is in it is decided in `trailkeep-synth`.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use trailkeep_synth::{DEFAULT_BUCKET, PUBLIC_KEYS_FILE, Scale, Summary, SynthConfig, generate};

use crate::{cli::Globals, exit::Exit, output::print};

/// Makes an organization-like trail tree for demos, tests and benchmarks; every id and name in it is invented.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Synth {
    /// The directory to fill; it must not exist or be empty.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Accounts of the organization.
    #[arg(long, value_name = "N", default_value_t = 5)]
    accounts: u32,
    /// Regions, at most 17; each gets a signing key of its own, which takes about a second.
    #[arg(long, value_name = "N", default_value_t = 4)]
    regions: u32,
    /// Hours of logging; each account and Region gets a Digest for every hour.
    #[arg(long, value_name = "N", default_value_t = 6)]
    hours: u32,
    /// Chooses among all trees of these sizes; the same seed and options give the same bytes.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// When the first hour begins.
    #[arg(long, value_name = "TIME", default_value = "2026-01-15T00:00:00Z")]
    start: jiff::Timestamp,
    /// Mean number of events in an hour of one account and Region.
    #[arg(long, value_name = "N", default_value_t = 250, conflicts_with_all = ["target_inflated_bytes", "tiny"])]
    events_per_hour: u32,
    /// As many events as make about this much JSON before compression: 300MB, 1GB, …
    #[arg(long, value_name = "SIZE", value_parser = parse_bytes, conflicts_with = "tiny")]
    target_inflated_bytes: Option<u64>,
    /// Exactly this many log objects of 1 to 20 records, about 20 KB of JSON each.
    #[arg(long, value_name = "N")]
    tiny: Option<u32>,
    /// The bucket that the Digests name.
    #[arg(long, value_name = "NAME", default_value = DEFAULT_BUCKET)]
    bucket: String,
    /// How the summary is written.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const AFTER_HELP: &str = "\
The tree has what an organization's trail delivers: log objects of management, data, Insights and network activity events and of Aggregated \
ones (summaries of data events), some of them late, some Records delivered twice, and hourly signed Digests in complete chains. S3 metadata (a Digest's signature) lies \
beside each as FILE.metadata.json, the public keys in public-keys.json.

Examples:
  trailkeep synth --out trail
  trailkeep synth --out trail --accounts 40 --regions 8 --hours 24 --events-per-hour 100
  trailkeep synth --out bench --accounts 10 --regions 4 --hours 24 --target-inflated-bytes 1GB
  trailkeep synth --out tiny --accounts 10 --regions 4 --hours 24 --tiny 20000";

/// How the summary is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A few lines for a person.
    Text,
    /// One JSON object.
    Json,
}

impl Synth {
    pub(crate) fn run(self, _globals: &Globals) -> anyhow::Result<Exit> {
        let config = self.config();
        let started = Instant::now();
        let summary = generate(&config, &self.out).with_context(|| format!("no trail was made in {}", self.out.display()))?;
        let text = match self.output {
            Output::Text => self.text(&summary, started.elapsed()),
            Output::Json => self.json(&summary, started.elapsed()),
        };
        print(&text)?;
        Ok(Exit::Done)
    }

    fn config(&self) -> SynthConfig {
        let scale = match (self.target_inflated_bytes, self.tiny) {
            (Some(bytes), _) => Scale::InflatedBytes(bytes),
            (None, Some(objects)) => Scale::TinyObjects(objects),
            (None, None) => Scale::EventsPerHour(self.events_per_hour),
        };
        SynthConfig {
            accounts: self.accounts,
            regions: self.regions,
            hours: self.hours,
            seed: self.seed,
            start_ms: self.start.as_millisecond(),
            scale,
            bucket: self.bucket.clone(),
        }
    }

    fn text(&self, summary: &Summary, took: Duration) -> String {
        let Summary { objects, digests, records, duplicates, .. } = summary;
        let (inflated, stored) = (megabytes(summary.inflated_bytes), megabytes(summary.stored_bytes));
        let out = self.out.display();
        format!(
            "An organization's trail in {out}, made in {:.1} s (seed {}):\n\
             \x20 {} accounts × {} Regions × {} hours: {objects} log objects, {digests} signed Digests\n\
             \x20 {records} records ({duplicates} of them delivered twice), {inflated} MB of JSON in {stored} MB of gzip\n\
             Next:\n\
             \x20 trailkeep ingest --from {out} --archive audit\n",
            took.as_secs_f64(),
            self.seed,
            summary.accounts,
            summary.regions,
            self.hours,
        )
    }

    fn json(&self, summary: &Summary, took: Duration) -> String {
        let value = serde_json::json!({
            "out": self.out,
            "seed": self.seed,
            "accounts": summary.accounts,
            "regions": summary.regions,
            "hours": self.hours,
            "bucket": self.bucket,
            "public_keys": self.out.join(PUBLIC_KEYS_FILE),
            "objects": summary.objects,
            "digests": summary.digests,
            "records": summary.records,
            "duplicates": summary.duplicates,
            "inflated_bytes": summary.inflated_bytes,
            "stored_bytes": summary.stored_bytes,
            "seconds": took.as_secs_f64(),
        });
        format!("{value}\n")
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

/// Reads `1GB`, `300 MB`, `20kb` (powers of ten), `1GiB` (powers of two) or a plain number of bytes.
fn parse_bytes(text: &str) -> anyhow::Result<u64> {
    let text = text.trim().to_ascii_lowercase();
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let number: u64 = text.strip_suffix(unit).unwrap_or_default().parse().context("a size begins with a whole number, like 1GB")?;
    let factor = match unit.trim() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        unit => bail!("no unit of bytes is called {unit:?}; try kB, MB, GB, KiB, MiB or GiB"),
    };
    number.checked_mul(factor).context("that is more bytes than there are")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        for (text, bytes) in [("1GB", 1_000_000_000), ("300 MB", 300_000_000), ("20kb", 20_000), ("1GiB", 1 << 30), ("12345", 12_345)] {
            assert_eq!(parse_bytes(text).ok(), Some(bytes), "{text}");
        }
        for text in ["", "GB", "1.5GB", "-1", "1XB", "99999999999999999999", "99999999999GB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }
}
