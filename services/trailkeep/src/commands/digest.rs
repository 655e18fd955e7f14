//! `trailkeep digest`: Digests of our own, in CloudTrail's form, for what CloudTrail did not sign.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use trailkeep_digests::write::OWN_TRAILS;
use trailkeep_keys::{AccountId, Region};

use crate::{
    cli::Globals,
    commands::verify::alias,
    exit::{Exit, Usage, check_window},
    location::{Location, bucket_name},
    output::print,
};

mod destination;
mod files;
mod new_key;
mod put;
mod run;
mod serve;
mod signed;
mod signing_key;
mod summary;

/// Sign what CloudTrail did not: write digests in its form, which `aws cloudtrail validate-logs` validates.
///
/// For trees that `raw --all` restores, and for archives of trails that had no validation. Hourly digests for each account and Region, chained, empty ones
/// included, list what the archive holds by key and SHA-256, and only for the time that CloudTrail's own digests do not prove. They stand under a
/// prefix and a trail name of their own: they are your signature, not Amazon's.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Digest {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    write: Write,
}

#[derive(Debug, Subcommand)]
enum Action {
    NewKey(new_key::NewKey),
    Serve(serve::Serve),
}

#[derive(Debug, Args)]
struct Write {
    /// The archive.
    #[arg(long, short, required = true, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE")]
    archive: Option<Location>,
    /// Where the digests go: a directory (made if need be) that holds, or will hold, the restored tree, or s3://bucket/prefix.
    #[arg(long, required = true, value_name = "DIR|S3-URL")]
    out: Option<Location>,
    /// The RSA key that signs, PKCS#8 in PEM, of 2,048 bits or more: `trailkeep digest new-key FILE` makes one.
    #[arg(long, required = true, value_name = "FILE")]
    signing_key: Option<PathBuf>,
    /// The trail's name; it begins with trailkeep-, so that nobody takes it for CloudTrail's.
    #[arg(long, value_name = "NAME", default_value = "trailkeep-digests", value_parser = trail)]
    trail: String,
    /// The Region that the trail is said to be made in: that of the ARN.
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    home_region: Region,
    /// What stands before AWSLogs in the digests' keys, where --out does not say so.
    #[arg(long, value_name = "PREFIX", default_value = "trailkeep", value_parser = prefix)]
    prefix: String,
    /// The bucket where the log files stand [default: that of --out; for a directory, the one that the archive's files came from].
    #[arg(long, value_name = "NAME", value_parser = bucket_name)]
    bucket: Option<String>,
    /// What the restored tree stands below in that bucket, as `raw --all --to s3://bucket/PREFIX` puts it.
    #[arg(long, value_name = "PREFIX", default_value = "", value_parser = logs_prefix)]
    logs_prefix: String,
    /// Only files that came from this bucket: needed where the archive holds several.
    #[arg(long, value_name = "NAME", value_parser = bucket_name)]
    from_bucket: Option<String>,
    /// Only what was delivered from this moment on [default: the hour of the first file of each account and Region].
    #[arg(long, value_name = "TIME", value_parser = crate::figures::moment_ms)]
    since: Option<i64>,
    /// Only what was delivered before this moment [default: the end of the last file's hour, but not the last four hours].
    #[arg(long, value_name = "TIME", value_parser = crate::figures::moment_ms)]
    until: Option<i64>,
    /// Only these accounts, with commas between them.
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    accounts: Vec<AccountId>,
    /// Only these Regions, with commas between them.
    #[arg(long, value_name = "REGION,…", value_delimiter = ',')]
    regions: Vec<Region>,
    /// CloudTrail's public keys, which tell what it signed [default: those that the archive keeps; without any, every digest of CloudTrail's that is there counts].
    #[arg(long, value_name = "FILE")]
    public_keys: Option<PathBuf>,
    /// The Region that keys without one were asked for in.
    #[arg(long, value_name = "REGION", requires = "public_keys")]
    keys_region: Option<Region>,
    /// A bucket that holds copies, and the one that CloudTrail delivers to and signs. May be repeated.
    #[arg(long, value_name = "REPLICA=ORIGIN", value_parser = alias)]
    bucket_alias: Vec<(String, String)>,
    /// Where our public key is written to, as ListPublicKeys gives it, with an entry for each Region of the digests.
    #[arg(long, value_name = "FILE")]
    public_key_to: Option<PathBuf>,
    /// Say what would be signed; write nothing.
    #[arg(long)]
    dry_run: bool,
    /// How the outcome is told.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

const AFTER_HELP: &str = "\
A run that was interrupted is run again and goes on; the same archive and arguments give the same bytes. Where something else stands under a digest's key it
is left there, which is an error: files that landed since belong into a trail of another name.

Examples:
  trailkeep digest new-key signing-key.pem
  trailkeep raw --archive audit --all --to s3://restored
  trailkeep digest --archive audit --out s3://restored/trailkeep --signing-key signing-key.pem --public-key-to our-keys.json
  trailkeep digest serve --public-key our-keys.json --trail-arn arn:aws:cloudtrail:us-east-1:111122223333:trail/trailkeep-digests --s3-bucket restored --s3-prefix trailkeep
  aws cloudtrail validate-logs --endpoint-url http://127.0.0.1:8080 --region eu-west-1 --start-time 2026-01-01T00:00:00Z \\
    --trail-arn arn:aws:cloudtrail:us-east-1:111122223333:trail/trailkeep-digests

Exit codes: 0 every file of the unsigned time is listed; 1 some could not be listed, which is told, or it failed; 2 wrong usage.";

impl Digest {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self.action {
            Some(Action::NewKey(command)) => command.run(),
            Some(Action::Serve(command)) => command.run(),
            None => self.write.run(globals),
        }
    }
}

impl Write {
    fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        check_window(self.since, self.until)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("failed to start the runtime")?;
        let summary = runtime.block_on(self.write(globals))?;
        print(&match self.output {
            Output::Text => summary.told(),
            Output::Json => format!("{}\n", serde_json::to_string_pretty(&summary)?),
        })?;
        Ok(if summary.left_out.is_empty() { Exit::Done } else { Exit::Findings })
    }

    /// The three that clap has made sure of.
    fn places(&self) -> Result<(&Location, &Location, &PathBuf), Usage> {
        match (&self.archive, &self.out, &self.signing_key) {
            (Some(archive), Some(out), Some(key)) => Ok((archive, out, key)),
            _ => Err(Usage("--archive, --out and --signing-key are needed")),
        }
    }
}

/// Names of trails: 3 to 128 letters, digits, `.`, `_` and `-`.
/// Source: CloudTrail API Reference, "CreateTrail", "Name".
fn trail(text: &str) -> Result<String, String> {
    let known = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    match text.strip_prefix(OWN_TRAILS) {
        Some(own) if known && !own.is_empty() && text.len() <= 128 => Ok(text.to_owned()),
        _ => Err(format!("a trail of ours is named {OWN_TRAILS}… with letters, digits, -, . and _, 128 at most")),
    }
}

fn prefix(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("digests of ours have a prefix of their own: it is not empty".to_owned()) } else { logs_prefix(text) }
}

/// A part of keys without slashes at its ends. `AWSLogs` in it would make keys ambiguous.
fn logs_prefix(text: &str) -> Result<String, String> {
    let trimmed = text.strip_suffix('/').unwrap_or(text);
    let odd = |segment: &str| matches!(segment, "" | "." | ".." | "AWSLogs") || segment.contains(|c: char| c.is_control());
    if trimmed.len() > 200 || (!text.is_empty() && trimmed.split('/').any(odd)) {
        return Err("a prefix has at most 200 bytes and no segment that is empty, `.`, `..` or `AWSLogs`".to_owned());
    }
    Ok(trimmed.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trails_of_ours_and_prefixes_cannot_be_taken_for_others() {
        assert_eq!(trail("trailkeep-a.b_c"), Ok("trailkeep-a.b_c".to_owned()));
        for name in ["management-events", "trailkeep-", "trailkeep-ä", "trailkeep-a/b", &format!("trailkeep-{}", "a".repeat(119))] {
            assert!(trail(name).is_err(), "{name}");
        }
        assert_eq!((prefix("own/digests/"), logs_prefix("")), (Ok("own/digests".to_owned()), Ok(String::new())));
        for name in ["", "/", "a//b", "../a", "a/AWSLogs", "a\nb"] {
            assert!(prefix(name).is_err(), "{name}");
        }
    }
}
