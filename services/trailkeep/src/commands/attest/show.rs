//! `trailkeep attest show`: what attestations say, whoever signed them.

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};
use trailkeep_attest::{Kept, Listing, read};
use trailkeep_audit::{Day, Sha256, attestation::Envelope};
use trailkeep_pipeline::ports::bucket::AuditBucket;

use super::{Output, day, text};
use crate::{cli::Globals, exit::Exit, location::Location, output::print};

/// Show attestations: a list of them, or all that one of them says.
///
/// No signature is checked, which is said with every answer: trailkeep attest verify does that.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Show {
    /// The archive.
    #[arg(long, short, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE")]
    archive: Location,
    /// The newest attestation of this delivery day, in full: 2026-01-31.
    #[arg(long, value_name = "DAY", value_parser = day)]
    day: Option<Day>,
    /// The attestation of this number, in full.
    #[arg(long, value_name = "N", conflicts_with = "day")]
    number: Option<u64>,
    /// How it is told; json of one day is the envelope as it is kept.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

const AFTER_HELP: &str = "\
Examples:
  trailkeep attest show --archive s3://audit
  trailkeep attest show --archive s3://audit --day 2026-01-15 --output json > attestation.json

Exit codes: 0 shown; 1 there is none, or it cannot be read.";

impl Show {
    pub(super) async fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        let bucket = self.archive.open_archive(globals).await?;
        let listing = Listing::of(bucket.as_ref()).await?;
        if self.day.is_none() && self.number.is_none() {
            return self.all(bucket.as_ref(), &listing).await;
        }
        let by_number = |number| listing.attestations.iter().find(|kept| kept.sequence == number).copied();
        let Some(kept) = self.day.map_or_else(|| self.number.and_then(by_number), |day| listing.newest_of(day)) else {
            bail!("{} has no such attestation: trailkeep attest show --archive … lists them", bucket.address());
        };
        let Some(bytes) = read(bucket.as_ref(), &kept.key()).await? else { bail!("{} is not there any more", kept.key()) };
        match self.output {
            // As it is kept, to the byte: what the script under docs/ takes.
            Output::Json => print(&String::from_utf8(bytes.to_vec())?)?,
            Output::Text => print(&text::shown(kept, &Envelope::parse(&bytes)?, Sha256::of(&bytes)))?,
        }
        Ok(Exit::Done)
    }

    async fn all(&self, bucket: &dyn AuditBucket, listing: &Listing) -> anyhow::Result<Exit> {
        let mut lines = Vec::new();
        for kept in &listing.attestations {
            let bytes = read(bucket, &kept.key()).await;
            let line = match bytes {
                Ok(Some(bytes)) => match Envelope::parse(&bytes) {
                    Ok(envelope) => line(*kept, &envelope, Sha256::of(&bytes)),
                    Err(error) => json!({ "sequence": kept.sequence, "key": kept.key(), "unreadable": error.to_string() }),
                },
                Ok(None) => json!({ "sequence": kept.sequence, "key": kept.key(), "unreadable": "it is not there any more" }),
                Err(error) => json!({ "sequence": kept.sequence, "key": kept.key(), "unreadable": error.to_string() }),
            };
            lines.push(line);
        }
        match self.output {
            Output::Json => print(&format!("{}\n", serde_json::to_string_pretty(&lines)?))?,
            Output::Text => print(&text::listed(&lines, &bucket.address()))?,
        }
        Ok(Exit::Done)
    }
}

fn line(kept: Kept, envelope: &Envelope, sha256: Sha256) -> Value {
    let statement = &envelope.statement;
    json!({
        "sequence": kept.sequence,
        "day": kept.day,
        "kind": kept.kind,
        "key": kept.key(),
        "sha256": sha256,
        "archive": statement.archive,
        "issued_at_ms": statement.issued_at_ms,
        "complete": statement.is_complete(),
        "sources": statement.sources.count,
        "outcomes": statement.sources.outcomes,
        "signer": statement.trust_root.signer,
        "fingerprint": envelope.fingerprint,
    })
}
