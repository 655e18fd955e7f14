//! What the command line and the environment say. Every option has a `TRAILKEEP_…` variable; the option wins.

use std::{net::SocketAddr, time::Duration};

use clap::{Args, Parser, ValueEnum};
use trailkeep_archive::ClassLabel;

/// Lands what CloudTrail delivers: takes notifications from an SQS queue, reads the announced objects, and lands each of them once in the archive.
///
/// Run as many as the queue needs: the ledger arbitrates between them. SIGTERM drains: nothing more is received, what is open is published.
#[derive(Debug, Parser)]
#[command(name = "trailkeep-collector", version, about, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) places: Places,
    #[command(flatten)]
    pub(crate) admission: Admission,
    #[command(flatten)]
    pub(crate) protection: Protection,
    #[command(flatten)]
    pub(crate) batches: Batches,
    #[command(flatten)]
    pub(crate) rows: Rows,
    #[command(flatten)]
    pub(crate) bounds: Bounds,
    #[command(flatten)]
    pub(crate) times: Times,
    #[command(flatten)]
    pub(crate) operating: Operating,
}

const AFTER_HELP: &str = "\
Example:
  trailkeep-collector --queue https://sqs.eu-central-1.amazonaws.com/111122223333/trailkeep \\
    --bucket org-logs --organization o-a1b2c3d4e5 --archive s3://audit --ledger dynamodb://trailkeep \\
    --object-lock-mode governance --object-lock-days 2557

Traces, metrics and logs leave by OTLP where the standard OTEL_EXPORTER_OTLP_* variables say so; /metrics has the same metrics for Prometheus.
AWS credentials are found as the AWS SDK finds them. docs/operating.md: permissions, metrics, the four usual troubles.

Exit codes: 0 drained; 1 failed, or the drain's deadline came first (what was in hand comes back by itself); 2 wrong usage.";

/// Where things are.
#[derive(Debug, Args)]
#[command(next_help_heading = "Places")]
pub(crate) struct Places {
    /// URL of the SQS queue that notifications arrive on.
    #[arg(long = "queue", value_name = "URL", env = "TRAILKEEP_QUEUE")]
    pub(crate) queue: String,
    /// The archive: s3://bucket or s3://bucket/prefix.
    #[arg(long, value_name = "S3-URL", env = "TRAILKEEP_ARCHIVE")]
    pub(crate) archive: String,
    /// The ledger: dynamodb://TABLE.
    #[arg(long, value_name = "URL", env = "TRAILKEEP_LEDGER")]
    pub(crate) ledger: String,
    /// SNS topic that landed objects are announced to.
    #[arg(long, value_name = "ARN", env = "TRAILKEEP_TOPIC_ARN", value_parser = topic)]
    pub(crate) topic_arn: Option<String>,
    /// Announce Digests that landed there as well, in messages of kind `digest`: the auditor listens to them. Needs --topic-arn.
    #[arg(long, env = "TRAILKEEP_ANNOUNCE_DIGESTS", value_parser = clap::builder::BoolishValueParser::new(), num_args = 0..=1, default_value = "false", default_missing_value = "true")]
    pub(crate) announce_digests: bool,
    /// Endpoint instead of AWS's own, for emulators.
    #[arg(long, value_name = "URL", env = "TRAILKEEP_AWS_ENDPOINT")]
    pub(crate) aws_endpoint: Option<String>,
    /// AWS Region of queue, archive and ledger; default: as the AWS SDK finds it.
    #[arg(long, value_name = "REGION", env = "TRAILKEEP_AWS_REGION")]
    pub(crate) aws_region: Option<String>,
    /// Tries of each call to AWS; default: as the AWS SDK finds it (3).
    #[arg(long, value_name = "N", env = "TRAILKEEP_AWS_MAX_ATTEMPTS", value_parser = clap::value_parser!(u32).range(1..=20))]
    pub(crate) aws_max_attempts: Option<u32>,
}

/// What is let in.
#[derive(Debug, Args)]
#[command(next_help_heading = "Admission (what is not configured is rejected)")]
pub(crate) struct Admission {
    /// Log buckets, separated by commas. A notification that names another one is rejected.
    #[arg(long = "bucket", value_name = "NAME", env = "TRAILKEEP_BUCKETS", value_delimiter = ',', required = true, value_parser = bucket)]
    pub(crate) buckets: Vec<String>,
    /// REPLICA=ORIGIN: what is read in the replica lands under the name of the bucket that it replicates. The replica need not be named with --bucket.
    #[arg(long = "bucket-alias", value_name = "REPLICA=ORIGIN", env = "TRAILKEEP_BUCKET_ALIASES", value_delimiter = ',', value_parser = alias)]
    pub(crate) bucket_aliases: Vec<(String, String)>,
    /// Organizations whose trails are landed (o-…). With neither these nor --account, all that the buckets hold.
    #[arg(long = "organization", value_name = "ID", env = "TRAILKEEP_ORGANIZATIONS", value_delimiter = ',', value_parser = organization)]
    pub(crate) organizations: Vec<String>,
    /// Accounts whose own trails are landed, besides those of the organizations.
    #[arg(long = "account", value_name = "ID", env = "TRAILKEEP_ACCOUNTS", value_delimiter = ',', value_parser = account)]
    pub(crate) accounts: Vec<String>,
    /// Leave out, on purpose, all accounts but these.
    #[arg(long = "only-account", value_name = "ID", env = "TRAILKEEP_ONLY_ACCOUNTS", value_delimiter = ',', value_parser = account)]
    pub(crate) only_accounts: Vec<String>,
    /// Leave out these accounts.
    #[arg(long = "without-account", value_name = "ID", env = "TRAILKEEP_WITHOUT_ACCOUNTS", value_delimiter = ',', value_parser = account)]
    pub(crate) without_accounts: Vec<String>,
    /// Leave out all Regions but these, as where data must stay.
    #[arg(long = "only-region", value_name = "REGION", env = "TRAILKEEP_ONLY_REGIONS", value_delimiter = ',', value_parser = region)]
    pub(crate) only_regions: Vec<String>,
    /// Leave out these Regions.
    #[arg(long = "without-region", value_name = "REGION", env = "TRAILKEEP_WITHOUT_REGIONS", value_delimiter = ',', value_parser = region)]
    pub(crate) without_regions: Vec<String>,
    /// Role to read the log buckets with, as one in the log-archive account.
    #[arg(long, value_name = "ARN", env = "TRAILKEEP_SOURCE_ROLE_ARN")]
    pub(crate) source_role_arn: Option<String>,
    /// External id that this role's trust policy asks for.
    #[arg(long, value_name = "ID", env = "TRAILKEEP_SOURCE_EXTERNAL_ID", hide_env_values = true)]
    pub(crate) source_external_id: Option<String>,
    /// Region of the log buckets, if it is another one.
    #[arg(long, value_name = "REGION", env = "TRAILKEEP_SOURCE_REGION")]
    pub(crate) source_region: Option<String>,
}

/// How what lands is protected.
#[derive(Debug, Args)]
#[command(next_help_heading = "Protection")]
pub(crate) struct Protection {
    /// KMS key of all that is written: ARN, id or alias/NAME. Default: the bucket's own default key, else aws/s3.
    #[arg(long, value_name = "ARN|ALIAS", env = "TRAILKEEP_KMS_KEY_ID", value_parser = trailkeep_aws::kms_key)]
    pub(crate) kms_key_id: Option<String>,
    /// PREFIX=KEY: KMS key of what is written below a prefix, as raw/=alias/trailkeep-raw or events/category=data/=ARN. The longest prefix counts.
    #[arg(long = "kms-key", value_name = "PREFIX=KEY", env = "TRAILKEEP_KMS_KEYS", value_delimiter = ',', value_parser = trailkeep_aws::kms_key_of_prefix)]
    pub(crate) kms_keys: Vec<(String, String)>,
    /// Object Lock of raw/, digests/ and sources/. Default: the bucket's own rule.
    #[arg(long, value_enum, value_name = "MODE", env = "TRAILKEEP_OBJECT_LOCK_MODE", requires = "object_lock_days")]
    pub(crate) object_lock_mode: Option<LockMode>,
    /// Days for which they are locked, from the opening of their Batch.
    #[arg(long, value_name = "N", env = "TRAILKEEP_OBJECT_LOCK_DAYS", requires = "object_lock_mode", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) object_lock_days: Option<u32>,
    /// Retention class of the packed originals.
    #[arg(long, value_name = "LABEL", env = "TRAILKEEP_CLASS_LABEL", default_value = "standard")]
    pub(crate) class_label: ClassLabel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LockMode {
    /// Who has s3:BypassGovernanceRetention may shorten it.
    Governance,
    /// Nobody may shorten it, the root user included.
    Compliance,
}

/// When a Batch is sealed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Batches (sealed at whatever comes first)")]
pub(crate) struct Batches {
    /// Encoded output, as 128MiB.
    #[arg(long, value_name = "SIZE", env = "TRAILKEEP_SEAL_BYTES", default_value = "128MiB", value_parser = bytes)]
    pub(crate) seal_bytes: u64,
    /// Age of a Batch that holds --seal-small-bytes or more.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_SEAL_AGE", default_value = "300s", value_parser = duration)]
    pub(crate) seal_age: Duration,
    /// Encoded output below which a Batch may grow older: a small organization gets few files that are not tiny.
    #[arg(long, value_name = "SIZE", env = "TRAILKEEP_SEAL_SMALL_BYTES", default_value = "16MiB", value_parser = bytes)]
    pub(crate) seal_small_bytes: u64,
    /// Age of a Batch that holds less.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_SEAL_SMALL_AGE", default_value = "900s", value_parser = duration)]
    pub(crate) seal_small_age: Duration,
    /// LogObjects.
    #[arg(long, value_name = "N", env = "TRAILKEEP_SEAL_OBJECTS", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) seal_objects: u32,
    /// Seal every 15 s, whatever is in it: events are seen sooner, in more and smaller files.
    #[arg(long, env = "TRAILKEEP_LOW_LATENCY", value_parser = clap::builder::BoolishValueParser::new(), num_args = 0..=1, default_value = "false", default_missing_value = "true")]
    pub(crate) low_latency: bool,
}

/// How Records become rows.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rows")]
pub(crate) struct Rows {
    /// OCSF classes: Security Lake's, or finer ones.
    #[arg(long, value_enum, value_name = "CLASSES", env = "TRAILKEEP_CLASSES", default_value = "lake")]
    pub(crate) classes: Classes,
    /// Keep each record's text in its row as well.
    #[arg(long, env = "TRAILKEEP_RAW_DATA", value_parser = clap::builder::BoolishValueParser::new(), num_args = 0..=1, default_value = "false", default_missing_value = "true")]
    pub(crate) raw_data: bool,
    /// Redact values at this path of a record in the events table, as requestParameters.password.
    #[arg(long = "redact-path", value_name = "PATH", env = "TRAILKEEP_REDACT_PATHS", value_delimiter = ',')]
    pub(crate) redact_paths: Vec<String>,
    /// Do not redact credentials in responseElements. The originals are never redacted.
    #[arg(long, env = "TRAILKEEP_NO_REDACT", value_parser = clap::builder::BoolishValueParser::new(), num_args = 0..=1, default_value = "false", default_missing_value = "true")]
    pub(crate) no_redact: bool,
    /// zstd level of the events files.
    #[arg(long, value_name = "LEVEL", env = "TRAILKEEP_ZSTD_LEVEL", default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..=22))]
    pub(crate) zstd_level: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Classes {
    /// Security Lake's: Account Change, Authentication, API Activity; Detection Finding for Insights.
    Lake,
    /// Besides those finer ones where they fit.
    Fine,
}

/// Bounds of what is in hand at a time.
#[derive(Debug, Args)]
#[command(next_help_heading = "Bounds")]
pub(crate) struct Bounds {
    /// Messages received and not deleted. All workers of a queue together stay below the 120,000 that SQS allows.
    #[arg(long, value_name = "N", env = "TRAILKEEP_MAX_MESSAGES", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(10..=120_000))]
    pub(crate) max_messages: u32,
    /// Objects that these announce.
    #[arg(long, value_name = "N", env = "TRAILKEEP_MAX_DELIVERIES", default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    pub(crate) max_deliveries: u32,
    /// Stored bytes fetched and not decoded.
    #[arg(long, value_name = "SIZE", env = "TRAILKEEP_MAX_STORED_BYTES", default_value = "32MiB", value_parser = bytes)]
    pub(crate) max_stored_bytes: u64,
    /// Inflated bytes and columns that are not encoded yet, of all open Batches together.
    #[arg(long, value_name = "SIZE", env = "TRAILKEEP_MAX_INFLATED_BYTES", default_value = "128MiB", value_parser = bytes)]
    pub(crate) max_inflated_bytes: u64,
    /// Fetches at a time.
    #[arg(long, value_name = "N", env = "TRAILKEEP_FETCHES", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=1_024))]
    pub(crate) fetches: u16,
    /// Receives at a time.
    #[arg(long, value_name = "N", env = "TRAILKEEP_RECEIVERS", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) receivers: u16,
    /// Batches gathered at a time, each with a thread of its own; the second one begins when the first cannot keep up. Default: the processors.
    #[arg(long, value_name = "N", env = "TRAILKEEP_LANDERS", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) landers: Option<u16>,
    /// Largest stored object that is landed; a larger one is a finding.
    #[arg(long, value_name = "SIZE", env = "TRAILKEEP_MAX_OBJECT_BYTES", default_value = "4GiB", value_parser = bytes)]
    pub(crate) max_object_bytes: u64,
}

/// How long things take.
#[derive(Debug, Args)]
#[command(next_help_heading = "Times")]
pub(crate) struct Times {
    /// Longest wait of one receive, at most 20 s.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_RECEIVE_WAIT", default_value = "20s", value_parser = duration)]
    pub(crate) receive_wait: Duration,
    /// How long a received message is hidden; renewed after half of it. What a killed worker held comes back after so long.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_VISIBILITY", default_value = "600s", value_parser = duration)]
    pub(crate) visibility: Duration,
    /// First wait before a message is tried again; doubled each time.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_RETRY_FIRST", default_value = "10s", value_parser = duration)]
    pub(crate) retry_first: Duration,
    /// Longest such wait.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_RETRY_LONGEST", default_value = "15m", value_parser = duration)]
    pub(crate) retry_longest: Duration,
    /// Wait between the receives of a rejected message on its way to the dead-letter queue.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_REJECT_WAIT", default_value = "30s", value_parser = duration)]
    pub(crate) reject_wait: Duration,
    /// How long a Batch's heartbeat must stand still before its worker is taken for dead. The same for all workers of an archive.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_LEASE", default_value = "60s", value_parser = duration)]
    pub(crate) lease: Duration,
    /// How often what dead workers left is brought to an end.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_RECOVER_EVERY", default_value = "60s", value_parser = duration)]
    pub(crate) recover_every: Duration,
    /// Wait before an object that another worker holds is looked at again.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_LOOK_AGAIN", default_value = "15s", value_parser = duration)]
    pub(crate) look_again: Duration,
    /// How long draining may take after SIGTERM. ECS waits 30 s unless its stopTimeout says more, and at most 120 s.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_DRAIN", default_value = "100s", value_parser = duration)]
    pub(crate) drain: Duration,
    /// Distinct keys of a bucket denied in a row before it is probed whether reading is forbidden.
    #[arg(long, value_name = "N", env = "TRAILKEEP_BREAKER_KEYS", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub(crate) breaker_keys: u16,
    /// How often it is tried whether reading works again.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_BREAKER_PROBE", default_value = "30s", value_parser = duration)]
    pub(crate) breaker_probe: Duration,
    /// Moves this process's wall clock, for trials: milliseconds, with a sign.
    #[arg(long, value_name = "MS", env = "TRAILKEEP_CLOCK_OFFSET_MS", default_value_t = 0, hide = true, allow_hyphen_values = true)]
    pub(crate) clock_offset_ms: i64,
}

/// How it is watched.
#[derive(Debug, Args)]
#[command(next_help_heading = "Operating")]
pub(crate) struct Operating {
    /// Address of /live, /ready and /metrics.
    #[arg(long, value_name = "IP:PORT", env = "TRAILKEEP_LISTEN", default_value = "0.0.0.0:9464")]
    pub(crate) listen: SocketAddr,
    /// How log lines look: text or json.
    #[arg(long, value_name = "FORMAT", env = "TRAILKEEP_LOG_FORMAT", default_value = "json")]
    pub(crate) log_format: String,
    /// Which log lines: a level, or target=level pairs.
    #[arg(long, value_name = "FILTER", env = "TRAILKEEP_LOG", default_value = "info")]
    pub(crate) log: String,
    /// Print the configuration, redacted, and end.
    #[arg(long)]
    pub(crate) print_config: bool,
}

fn bucket(text: &str) -> Result<String, String> {
    let known = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if known && (3..=255).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("give the names of buckets, separated by commas".to_owned())
    }
}

fn alias(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((replica, origin)) if !replica.is_empty() && !origin.is_empty() && replica != origin => {
            Ok((replica.to_owned(), origin.to_owned()))
        }
        _ => Err("give REPLICA=ORIGIN, two bucket names".to_owned()),
    }
}

fn topic(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        ["arn", _, "sns", region, account, name] if ![region, account, name].contains(&"") => Ok(text.to_owned()),
        _ => Err("give a topic's ARN, as arn:aws:sns:eu-central-1:111122223333:landed".to_owned()),
    }
}

fn organization(text: &str) -> Result<String, String> {
    let id = text.strip_prefix("o-").unwrap_or_default();
    let known = (10..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if known { Ok(text.to_owned()) } else { Err("an organization is o- and 10 to 32 of a-z and 0-9".to_owned()) }
}

fn region(text: &str) -> Result<String, String> {
    let known: Result<trailkeep_keys::Region, _> = text.parse();
    known.map(|region| region.to_string()).map_err(|error| error.to_string())
}

fn account(text: &str) -> Result<String, String> {
    let known = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if known { Ok(text.to_owned()) } else { Err("an account is 12 digits".to_owned()) }
}

/// `90`, `90s`, `1500ms`, `15m`, `2h`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit_ms = match text.get(digits.len()..).unwrap_or_default() {
        "" | "s" => 1_000,
        "ms" => 1,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return Err("give a time as 300s, 1500ms, 15m or 2h".to_owned()),
    };
    let count: u64 = digits.parse().map_err(|_| "give a time as 300s, 1500ms, 15m or 2h".to_owned())?;
    match count.checked_mul(unit_ms) {
        Some(ms) if (1..=86_400_000).contains(&ms) => Ok(Duration::from_millis(ms)),
        _ => Err("give a time between 1 ms and 24 h".to_owned()),
    }
}

/// `1048576`, `512KiB`, `128MiB`, `4GiB`.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err("give a size as 512KiB, 128MiB or 4GiB".to_owned()),
    };
    let count: u64 = digits.parse().map_err(|_| "give a size as 512KiB, 128MiB or 4GiB".to_owned())?;
    match count.checked_mul(unit) {
        Some(bytes) if (1..=1 << 40).contains(&bytes) => Ok(bytes),
        _ => Err("give a size between 1 B and 1024 GiB".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_option_has_a_variable_of_its_own() {
        let command = Arguments::command();
        let own = |argument: &&clap::Arg| !["help", "version", "print_config"].contains(&argument.get_id().as_str());
        let variables: Vec<_> =
            command.get_arguments().filter(own).map(|argument| argument.get_env().map(std::ffi::OsStr::to_os_string)).collect();
        assert!(variables.iter().all(|variable| variable.as_ref().is_some_and(|name| name.to_str().unwrap().starts_with("TRAILKEEP_"))));
        let distinct: std::collections::HashSet<_> = variables.iter().collect();
        assert_eq!(distinct.len(), variables.len());
    }

    #[test]
    fn times_and_sizes_have_units() {
        assert_eq!(duration("90").unwrap(), Duration::from_secs(90));
        assert_eq!(duration("1500ms").unwrap(), Duration::from_millis(1500));
        assert_eq!(duration("15m").unwrap(), Duration::from_mins(15));
        assert!(["", "0", "1d", "-1s", "99999h", "s"].iter().all(|text| duration(text).is_err()));
        assert_eq!((bytes("1").unwrap(), bytes("128MiB").unwrap(), bytes("4GiB").unwrap()), (1, 128 << 20, 4 << 30));
        assert!(["", "0", "1MB", "9999999GiB", "-1"].iter().all(|text| bytes(text).is_err()));
    }

    #[test]
    fn names_are_checked_where_they_are_given() {
        assert!(organization("o-a1b2c3d4e5").is_ok() && organization("o-A").is_err() && organization("a1b2c3d4e5").is_err());
        assert!(account("111122223333").is_ok() && account("1111").is_err());
        assert!(alias("a=b").is_ok() && alias("a=a").is_err() && alias("a").is_err());
    }
}
