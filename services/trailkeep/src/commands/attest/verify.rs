//! `trailkeep attest verify`: the chain, checked with nothing but the archive and a public key.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use trailkeep_attest::{Checking, HeadStore, check, read_public_key};
use trailkeep_audit::Day;
use trailkeep_pipeline::ports::bucket::PutPolicy;

use super::{Output, could_not_run, day, text};
use crate::{
    cli::Globals,
    exit::{CouldNotRun, Exit, Usage},
    location::Location,
    output::print,
};

/// Verify the chain of attestations: needs nothing but the archive and the signer's public key.
///
/// Checks numbers, hashes, signatures and what supersedes what, of the whole chain; with --leaves also that outcomes/ has the attested roots; with --heads also
/// that the chain was not rolled back or signed anew since. The trust root and the head stand with every verdict.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Verify {
    /// The archive.
    #[arg(long, short, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE")]
    archive: Location,
    /// The signer's public key (PEM or DER), from someone whom you trust. May be repeated: keys change. Without it nothing is verified.
    #[arg(long, value_name = "FILE")]
    public_key: Vec<PathBuf>,
    /// Each day from this one on must be attested: 2026-01-31.
    #[arg(long, value_name = "DAY", value_parser = day, requires = "until_day")]
    since_day: Option<Day>,
    /// Each day up to this one, which is among them.
    #[arg(long, value_name = "DAY", value_parser = day, requires = "since_day")]
    until_day: Option<Day>,
    /// Where heads were put, to compare them.
    #[arg(long, value_name = "DIR|S3-URL")]
    heads: Option<Location>,
    /// Read the leaves in outcomes/ and compute their roots.
    #[arg(long)]
    leaves: bool,
    /// How it is told; json is one object with everything.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const AFTER_HELP: &str = "\
VERIFIED means: the key signed all of this, and nothing was taken out of it or changed. Whether the days are complete is what the attestations say, and is told \
beside it. Whoever administers the signing key can sign another chain: --heads, or a head that you noted before, shows that.

The public key, with KMS, in the account that signs:
  aws kms get-public-key --key-id alias/trailkeep-attest --query PublicKey --output text | base64 -d > attest.der

Examples:
  trailkeep attest verify --archive s3://audit --public-key attest.der
  trailkeep attest verify --archive s3://audit --public-key attest.der --leaves --heads s3://heads --since-day 2026-01-01 --until-day 2026-01-31

Exit codes, other than for most commands: 0 verified; 1 findings, or no key was given; 2 could not run, or wrong usage.";

impl Verify {
    pub(super) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let days = self.since_day.zip(self.until_day);
        if days.is_some_and(|(since, until)| since > until) {
            return Err(Usage("--since-day is later than --until-day").into());
        }
        let keys: Result<Vec<_>, _> = self.public_key.iter().map(|file| read_public_key(file)).collect();
        let keys = keys.context(CouldNotRun("the public key could not be read"))?;
        let open = CouldNotRun("the attestations could not be read");
        let bucket = self.archive.open_archive(globals).await.context(open)?;
        let heads = match &self.heads {
            Some(heads) => {
                let opened = heads.open_archive(globals).await.context(CouldNotRun("the heads could not be read"))?;
                Some(HeadStore::new(opened, PutPolicy::default()))
            }
            None => None,
        };
        let checking = Checking { keys: &keys, days, leaves: self.leaves, heads: heads.as_ref() };
        let checked = check(bucket.as_ref(), &checking).await.map_err(could_not_run)?;
        print(&match self.output {
            Output::Text => text::checked(&checked, &bucket.address()),
            Output::Json => format!("{}\n", serde_json::to_string_pretty(&text::checked_json(&checked, &bucket.address()))?),
        })?;
        Ok(if checked.is_verified() { Exit::Done } else { Exit::Findings })
    }
}
