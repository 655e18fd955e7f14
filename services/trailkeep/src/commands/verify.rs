//! `trailkeep verify`: an archive, or a log bucket itself, held against what CloudTrail signed.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Context as _;
use clap::{ArgGroup, Args, ValueEnum};
use trailkeep_keys::{AccountId, Region};
use trailkeep_pipeline::ingest::Surroundings as _;
use trailkeep_restore::Archive;
use trailkeep_verification::{Asked, Depth, KeptKeys, Marks, Options, Verdict};

use crate::{
    cli::Globals,
    exit::{CouldNotRun, Exit, Usage, check_window},
    location::{Location, bucket_name},
    output::print,
    outside::Machine,
};

mod from;
pub(crate) mod keys;
pub(crate) mod progress;
mod text;

/// Verify that an archive, or a log bucket, is complete against what CloudTrail signed.
///
/// Checks the signatures and chains of the Digests that landed, joins what they list with sources/, and asks whether the segments that hold it stand. No
/// log file is downloaded: their hashes were taken at landing; --deep reads them again. With --from a log bucket is judged itself, without an archive:
/// its log files are all read. Nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP, group = ArgGroup::new("place").args(["archive", "from"]).required(true).multiple(true))]
pub(crate) struct Verify {
    /// The archive.
    #[arg(long, short, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE")]
    archive: Option<Location>,
    /// Judge a log bucket itself, or a directory that holds a copy of one, instead of an archive. Needs --public-keys.
    #[arg(long, value_name = "DIR|S3-URL")]
    from: Option<Location>,
    /// The bucket that a directory in --from is a copy of [default: as its Digests say].
    #[arg(long, value_name = "NAME", value_parser = bucket_name, requires = "from")]
    bucket: Option<String>,
    /// CloudTrail's public keys: a file of ListPublicKeys [default: those that the archive keeps below keys/].
    #[arg(long, value_name = "FILE")]
    public_keys: Option<PathBuf>,
    /// The Region that keys without one were asked for in.
    #[arg(long, value_name = "REGION", requires = "public_keys")]
    keys_region: Option<Region>,
    /// Only what was delivered from this moment on: 2026-01-31 or 2026-01-31T10:00:00Z [default: where each chain begins].
    #[arg(long, value_name = "TIME", value_parser = crate::figures::moment_ms)]
    since: Option<i64>,
    /// Only what was delivered before this moment [default: four hours ago, as far as Digests are due].
    #[arg(long, value_name = "TIME", value_parser = crate::figures::moment_ms)]
    until: Option<i64>,
    /// Only these accounts, with commas between them.
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    accounts: Vec<AccountId>,
    /// Only these Regions, with commas between them.
    #[arg(long, value_name = "REGION,…", value_delimiter = ',')]
    regions: Vec<Region>,
    /// A bucket that holds copies, and the one that CloudTrail delivers to and signs; stated with the verdict. May be repeated.
    #[arg(long, value_name = "REPLICA=ORIGIN", value_parser = alias)]
    bucket_alias: Vec<(String, String)>,
    /// Read every log file that is asked for again, and hash it as stored and inflated.
    #[arg(long, conflicts_with = "sample")]
    deep: bool,
    /// Read this part of them again: 2%. The seed chooses which. With --from: no more than this part, and what is left out is a finding.
    #[arg(long, value_name = "N%", value_parser = percent)]
    sample: Option<f64>,
    /// Chooses the sample; the same seed gives the same one [default: drawn, and stated with the verdict].
    #[arg(long, value_name = "N", requires = "sample")]
    seed: Option<u64>,
    /// Judge as if it were this moment, which decides what is due [default: now].
    #[arg(long, value_name = "TIME", value_parser = crate::figures::moment_ms)]
    as_of: Option<i64>,
    /// Findings that are told one by one; all are counted.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    show: u32,
    /// How it is told; json is one object with everything.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const AFTER_HELP: &str = "\
What is proved is completeness against what CloudTrail signed: events that selectors leave out, stopped trails, Insights, network activity and aggregated \
events lie outside it.

CloudTrail's public keys, for each Region of the archive, over the time that is verified (kept with the archive they verify it years later and offline):
  aws cloudtrail list-public-keys --region eu-west-1 --start-time 2026-01-01 --end-time 2026-02-01 > keys.json
  trailkeep verify --archive s3://audit --public-keys keys.json --keys-region eu-west-1 --regions eu-west-1
A file of several Regions has a member \"Region\" beside each \"Fingerprint\".

Examples:
  trailkeep verify --archive audit --public-keys trail/public-keys.json --until 2026-01-15T06:00:00Z
  trailkeep verify --archive s3://audit --since 2026-01-01 --until 2026-02-01 --sample 1% --seed 20260201 --output json
  trailkeep verify --from s3://org-logs --public-keys keys.json --since 2026-01-01 --until 2026-02-01

Exit codes, other than for most commands: 0 everything that was asked is verified and proven; 1 findings, gaps included; 2 could not run, or wrong usage.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

impl Verify {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        check_window(self.since, self.until)?;
        if let Some(from) = &self.from {
            self.check_alone()?;
            from::check(from, self.bucket.as_deref(), self.public_keys.is_some())?;
        }
        let machine = Machine::new();
        let now_ms = machine.now().unix_ms;
        if self.asked(now_ms).is_empty() {
            return Err(
                Usage("there is no moment between --since and --until, or four hours ago without --until: nothing to verify").into()
            );
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("failed to start the runtime")?;
        let could_not = if self.from.is_some() { "the log bucket could not be verified" } else { "the archive could not be verified" };
        let verdict = runtime.block_on(self.verify(globals, &machine, now_ms)).context(CouldNotRun(could_not))?;
        print(&match self.output {
            Output::Text => text::told(&verdict),
            Output::Json => format!("{}\n", serde_json::to_string_pretty(&verdict)?),
        })?;
        Ok(if verdict.verified { Exit::Done } else { Exit::Findings })
    }

    async fn verify(&self, globals: &Globals, machine: &Machine, now_ms: i64) -> anyhow::Result<Verdict> {
        let given = self.public_keys.as_ref().map(|file| keys::of_a_file(file, self.keys_region, now_ms)).transpose()?;
        let asked = self.asked(now_ms);
        if let Some(from) = &self.from {
            let bar = progress::Bar::of_places();
            let options = Options { depth: self.depth(machine), findings_kept: self.show as usize, progress: &|done| bar.tell(done) };
            let verdict = from::verify(from, self.bucket.as_deref(), &given.ok_or(from::NO_KEYS)?, &asked, options, globals).await;
            bar.end();
            return verdict;
        }
        let archive = self.archive.as_ref().ok_or(Usage("give --archive or --from"))?;
        let archive = Archive::open(archive.open_archive(globals).await?).await?;
        let kept = match given {
            // Keys from elsewhere are all that is trusted then: what the archive keeps is not looked at.
            Some(keys) => KeptKeys::of(keys),
            None => keys::of_the_archive(archive.bucket().as_ref(), now_ms).await?,
        };
        let bar = progress::Bar::new();
        let options = Options { depth: self.depth(machine), findings_kept: self.show as usize, progress: &|done| bar.tell(done) };
        let verdict = trailkeep_verification::verify(&archive, &kept.keys, &asked, options).await;
        bar.end();
        let mut verdict = verdict?;
        kept.tell(&mut verdict, self.show as usize);
        Ok(verdict)
    }

    /// Refuses an archive beside a log bucket, but not one that only the environment names.
    fn check_alone(&self) -> Result<(), Usage> {
        let Some(archive) = &self.archive else { return Ok(()) };
        let everyday = std::env::var("TRAILKEEP_ARCHIVE").ok().and_then(|text| text.parse().ok());
        if everyday.as_ref() == Some(archive) {
            return Ok(());
        }
        Err(Usage("--from judges a log bucket without an archive: leave out --archive, or ingest the bucket and leave out --from"))
    }

    fn asked(&self, now_ms: i64) -> Asked {
        Asked {
            since_ms: self.since,
            until_ms: self.until,
            accounts: self.accounts.iter().copied().collect(),
            regions: self.regions.iter().copied().collect(),
            aliases: self.bucket_alias.iter().cloned().collect::<BTreeMap<_, _>>(),
            as_of_ms: self.as_of.unwrap_or(now_ms),
            // Asked by a person, everything is verified in full.
            marks: Marks::new(),
        }
    }

    fn depth(&self, machine: &Machine) -> Depth {
        match self.sample {
            Some(fraction) => Depth::Sample { fraction, seed: self.seed.unwrap_or_else(|| drawn(machine)) },
            None if self.deep => Depth::Everything,
            None => Depth::Hashes,
        }
    }
}

/// A seed that nobody could know before, short enough to be typed again.
fn drawn(machine: &Machine) -> u64 {
    machine.random() >> 32
}

pub(crate) fn alias(text: &str) -> Result<(String, String), String> {
    let (replica, origin) = text.split_once('=').ok_or_else(|| "give REPLICA=ORIGIN, two names of buckets".to_owned())?;
    Ok((bucket_name(replica)?, bucket_name(origin)?))
}

pub(super) fn percent(text: &str) -> Result<f64, String> {
    let percent: Option<f64> = text.strip_suffix('%').and_then(|number| number.parse().ok());
    match percent.filter(|percent| (0.0..=100.0).contains(percent)) {
        Some(percent) => Ok(percent / 100.0),
        None => Err("give a part in percent, from 0% to 100%: 2.5%".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_percent_and_aliases_two_names() {
        assert_eq!((percent("2.5%"), percent("100%")), (Ok(0.025), Ok(1.0)));
        for text in ["2", "101%", "-1%", "%", "NaN%", ""] {
            assert!(percent(text).is_err(), "{text}");
        }
        assert_eq!(alias("org-logs-copy=org-logs"), Ok(("org-logs-copy".to_owned(), "org-logs".to_owned())));
        assert!(alias("org-logs").is_err() && alias("=org-logs").is_err());
    }
}
