//! What the command line and the environment say. Every option has a `TRAILKEEP_…` variable; the option wins.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, ValueEnum, builder::BoolishValueParser};
use trailkeep_keys::{AccountId, Region};

use super::values::{alias, duration, fraction, topic};

/// Proves every hour that the archive is complete against what CloudTrail signed, has what is missing fetched, says who is silent, and signs once a day what the
/// archive holds.
///
/// Two may run: one works, the other waits for its lease. SIGTERM ends a round between two steps and gives the lease back.
#[derive(Debug, Parser)]
#[command(name = "trailkeep-auditor", version, about, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) places: Places,
    #[command(flatten)]
    pub(crate) healing: Healing,
    #[command(flatten)]
    pub(crate) knowing: Knowing,
    #[command(flatten)]
    pub(crate) attesting: Attesting,
    #[command(flatten)]
    pub(crate) protection: Protection,
    #[command(flatten)]
    pub(crate) rounds: Rounds,
    #[command(flatten)]
    pub(crate) operating: Operating,
}

const AFTER_HELP: &str = "\
Examples:
  trailkeep-auditor --archive s3://audit --ledger dynamodb://trailkeep \\
    --heal-queue https://sqs.eu-central-1.amazonaws.com/111122223333/trailkeep \\
    --findings-topic-arn arn:aws:sns:eu-central-1:111122223333:trailkeep-findings \\
    --signing-key kms:alias/trailkeep-attest --object-lock-mode governance --object-lock-days 2557
  trailkeep-auditor --archive ./audit --public-keys public-keys.json --without-organization --once

Traces, metrics and logs leave by OTLP where the standard OTEL_EXPORTER_OTLP_* variables say so; /metrics has the same metrics for Prometheus.
AWS credentials are found as the AWS SDK finds them. docs/auditor.md: findings and what to do about them, permissions, messages.

Exit codes: 0 asked to stop, or with --once nothing is open, which is not \"complete\" (trailkeep coverage says that); 1 with --once findings are open, whether or not a
step failed; 2 with --once a step failed and nothing is open; could not run, another auditor holds the lease, or wrong usage.";

/// Where things are.
#[derive(Debug, Args)]
#[command(next_help_heading = "Places")]
pub(crate) struct Places {
    /// The archive: s3://bucket, s3://bucket/prefix, or a directory.
    #[arg(long, short, value_name = "DIR|S3-URL", env = "TRAILKEEP_ARCHIVE")]
    pub(crate) archive: String,
    /// The ledger: dynamodb://TABLE, or a SQLite file; default for a directory: the one inside it.
    #[arg(long, value_name = "URL|FILE", env = "TRAILKEEP_LEDGER")]
    pub(crate) ledger: Option<String>,
    /// Role to reach archive, ledger and heal queue with, where they are another account's.
    #[arg(long, value_name = "ARN", env = "TRAILKEEP_ROLE_ARN")]
    pub(crate) role_arn: Option<String>,
    /// External id that this role's trust policy asks for.
    #[arg(long, value_name = "ID", env = "TRAILKEEP_EXTERNAL_ID", hide_env_values = true, requires = "role_arn")]
    pub(crate) external_id: Option<String>,
    /// SNS topic that findings are told to.
    #[arg(long, value_name = "ARN", env = "TRAILKEEP_FINDINGS_TOPIC_ARN", value_parser = topic)]
    pub(crate) findings_topic_arn: Option<String>,
    /// SQS queue of the auditor's own that is subscribed to the announcements: Digests that landed wake a round.
    #[arg(long, value_name = "URL", env = "TRAILKEEP_DIGEST_QUEUE")]
    pub(crate) digest_queue: Option<String>,
    /// Endpoint instead of AWS's own, for emulators.
    #[arg(long, value_name = "URL", env = "TRAILKEEP_AWS_ENDPOINT")]
    pub(crate) aws_endpoint: Option<String>,
    /// AWS Region of archive, ledger and queues; default: as the AWS SDK finds it.
    #[arg(long, value_name = "REGION", env = "TRAILKEEP_AWS_REGION")]
    pub(crate) aws_region: Option<String>,
    /// Tries of each call to AWS; default: as the AWS SDK finds it (3).
    #[arg(long, value_name = "N", env = "TRAILKEEP_AWS_MAX_ATTEMPTS", value_parser = clap::value_parser!(u32).range(1..=20))]
    pub(crate) aws_max_attempts: Option<u32>,
}

/// How what is missing is fetched.
#[derive(Debug, Args)]
#[command(next_help_heading = "Healing")]
pub(crate) struct Healing {
    /// The collector's SQS queue: what is missing is asked for there. Without it nothing is healed.
    #[arg(long, value_name = "URL", env = "TRAILKEEP_HEAL_QUEUE")]
    pub(crate) heal_queue: Option<String>,
    /// REPLICA=ORIGIN: as the collector's. Notifications name the replica.
    #[arg(long = "bucket-alias", value_name = "REPLICA=ORIGIN", env = "TRAILKEEP_BUCKET_ALIASES", value_delimiter = ',', value_parser = alias)]
    pub(crate) bucket_aliases: Vec<(String, String)>,
    /// Look into the log buckets: whether what is missing is there, and which Digests of silent hours were delivered and never announced.
    #[arg(long, env = "TRAILKEEP_LOOK_INTO_LOG_BUCKETS", value_parser = BoolishValueParser::new(), num_args = 0..=1, default_value = "false", default_missing_value = "true")]
    pub(crate) look_into_log_buckets: bool,
    /// Role to look into the log buckets with.
    #[arg(long, value_name = "ARN", env = "TRAILKEEP_SOURCE_ROLE_ARN")]
    pub(crate) source_role_arn: Option<String>,
    /// External id that this role's trust policy asks for.
    #[arg(long, value_name = "ID", env = "TRAILKEEP_SOURCE_EXTERNAL_ID", hide_env_values = true)]
    pub(crate) source_external_id: Option<String>,
    /// Region of the log buckets, if it is another one.
    #[arg(long, value_name = "REGION", env = "TRAILKEEP_SOURCE_REGION")]
    pub(crate) source_region: Option<String>,
    /// The collector leaves out all accounts but these: nothing of others is asked of it. As the collector's, and so the next three.
    #[arg(long = "only-account", value_name = "ID", env = "TRAILKEEP_ONLY_ACCOUNTS", value_delimiter = ',')]
    pub(crate) only_accounts: Vec<AccountId>,
    /// The collector leaves out these accounts.
    #[arg(long = "without-account", value_name = "ID", env = "TRAILKEEP_WITHOUT_ACCOUNTS", value_delimiter = ',')]
    pub(crate) without_accounts: Vec<AccountId>,
    /// The collector leaves out all Regions but these.
    #[arg(long = "only-region", value_name = "REGION", env = "TRAILKEEP_ONLY_REGIONS", value_delimiter = ',')]
    pub(crate) only_regions: Vec<Region>,
    /// The collector leaves out these Regions.
    #[arg(long = "without-region", value_name = "REGION", env = "TRAILKEEP_WITHOUT_REGIONS", value_delimiter = ',')]
    pub(crate) without_regions: Vec<Region>,
}

/// What is known beside the archive.
#[derive(Debug, Args)]
#[command(next_help_heading = "Keys and accounts")]
pub(crate) struct Knowing {
    /// File of CloudTrail's public keys, as ListPublicKeys answers or the archive keeps them, instead of asking CloudTrail.
    #[arg(long, value_name = "FILE", env = "TRAILKEEP_PUBLIC_KEYS")]
    pub(crate) public_keys: Option<PathBuf>,
    /// Role to ask AWS Organizations with, in the management account or a delegated administrator's.
    #[arg(long, value_name = "ARN", env = "TRAILKEEP_ORGANIZATIONS_ROLE_ARN")]
    pub(crate) organizations_role_arn: Option<String>,
    /// External id that this role's trust policy asks for.
    #[arg(
        long,
        value_name = "ID",
        env = "TRAILKEEP_ORGANIZATIONS_EXTERNAL_ID",
        hide_env_values = true,
        requires = "organizations_role_arn"
    )]
    pub(crate) organizations_external_id: Option<String>,
    /// Do not ask AWS Organizations: accounts are those that the archive keeps, or has seen.
    #[arg(long, env = "TRAILKEEP_WITHOUT_ORGANIZATION", value_parser = BoolishValueParser::new(), num_args = 0..=1, default_value = "false", default_missing_value = "true", conflicts_with = "organizations_role_arn")]
    pub(crate) without_organization: bool,
    /// Regions that are expected of every account; default: those that are on by default in the partition.
    #[arg(long = "assume-regions", value_name = "REGION,…", env = "TRAILKEEP_ASSUME_REGIONS", value_delimiter = ',')]
    pub(crate) assume_regions: Vec<Region>,
}

/// What is signed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Attestations")]
pub(crate) struct Attesting {
    /// Key that signs attestations: kms:ARN, kms:alias/NAME, or a file with a private key in PKCS#8 (PEM). Without it nothing is attested.
    #[arg(long, value_name = "kms:KEY|FILE", env = "TRAILKEEP_SIGNING_KEY")]
    pub(crate) signing_key: Option<String>,
    /// Public halves of keys that signed before this one, where it was changed: kms:ARN, kms:alias/NAME, or files (PEM or DER). Nothing is put on top of what
    /// neither they nor the signing key signed.
    #[arg(long, value_name = "kms:KEY|FILE,…", env = "TRAILKEEP_FORMER_PUBLIC_KEYS", value_delimiter = ',', requires = "signing_key")]
    pub(crate) former_public_keys: Vec<String>,
    /// What attestations call the archive, for good; default: as its newest one does; in the first its address.
    #[arg(long, value_name = "NAME", env = "TRAILKEEP_ARCHIVE_NAME")]
    pub(crate) archive_name: Option<String>,
    /// Where the hash of each attestation is also put, in an account whose administrators are others: s3://bucket or s3://bucket/prefix.
    #[arg(long, value_name = "S3-URL", env = "TRAILKEEP_HEADS", requires = "signing_key")]
    pub(crate) heads: Option<String>,
    /// Role to put them there with.
    #[arg(long, value_name = "ARN", env = "TRAILKEEP_HEADS_ROLE_ARN", requires = "heads")]
    pub(crate) heads_role_arn: Option<String>,
    /// External id that this role's trust policy asks for.
    #[arg(long, value_name = "ID", env = "TRAILKEEP_HEADS_EXTERNAL_ID", hide_env_values = true, requires = "heads_role_arn")]
    pub(crate) heads_external_id: Option<String>,
    /// Part of a day's files that is read again and hashed for each of its attestations, as 0.1%; of a small day ten log files at least; 0% for none.
    #[arg(long, value_name = "N%", env = "TRAILKEEP_SAMPLE", default_value = "0.1%", value_parser = fraction)]
    pub(crate) sample: f64,
}

/// How what is written is protected.
#[derive(Debug, Args)]
#[command(next_help_heading = "Protection (archives on S3)")]
pub(crate) struct Protection {
    /// KMS key of all that is written: ARN, id or alias/NAME. Default: the bucket's own default key, else aws/s3.
    #[arg(long, value_name = "ARN|ALIAS", env = "TRAILKEEP_KMS_KEY_ID", value_parser = trailkeep_aws::kms_key)]
    pub(crate) kms_key_id: Option<String>,
    /// PREFIX=KEY: KMS key of what is written below a prefix, as attest/=alias/trailkeep. The longest prefix counts.
    #[arg(long = "kms-key", value_name = "PREFIX=KEY", env = "TRAILKEEP_KMS_KEYS", value_delimiter = ',', value_parser = trailkeep_aws::kms_key_of_prefix)]
    pub(crate) kms_keys: Vec<(String, String)>,
    /// Object Lock of accounts/, attest/, findings/, keys/ and outcomes/. Default: the bucket's own rule.
    #[arg(long, value_enum, value_name = "MODE", env = "TRAILKEEP_OBJECT_LOCK_MODE", requires = "object_lock_days")]
    pub(crate) object_lock_mode: Option<LockMode>,
    /// Days for which they are locked, from when they are written.
    #[arg(long, value_name = "N", env = "TRAILKEEP_OBJECT_LOCK_DAYS", requires = "object_lock_mode", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) object_lock_days: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LockMode {
    /// Who has s3:BypassGovernanceRetention may shorten it.
    Governance,
    /// Nobody may shorten it, the root user included.
    Compliance,
}

/// When it works.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rounds")]
pub(crate) struct Rounds {
    /// From the beginning of one round to that of the next.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_EVERY", default_value = "1h", value_parser = duration)]
    pub(crate) every: Duration,
    /// One round, then end: 0 if nothing is open, 1 if findings are, 2 if it could not run.
    #[arg(long)]
    pub(crate) once: bool,
    /// How long another auditor's lease must stand still before it is taken over. The same for all auditors of an archive.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_AUDITOR_LEASE", default_value = "60s", value_parser = duration)]
    pub(crate) lease: Duration,
    /// After a message about a landed Digest, how long others are waited for before a round begins.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_SETTLE", default_value = "2m", value_parser = duration)]
    pub(crate) settle: Duration,
    /// From the beginning of one round to that of one that Digests wake, at least.
    #[arg(long, value_name = "TIME", env = "TRAILKEEP_DISTANCE", default_value = "10m", value_parser = duration)]
    pub(crate) distance: Duration,
    /// Moves this process's wall clock, for trials: milliseconds, with a sign.
    #[arg(long, value_name = "MS", env = "TRAILKEEP_CLOCK_OFFSET_MS", default_value_t = 0, hide = true, allow_hyphen_values = true)]
    pub(crate) clock_offset_ms: i64,
}

/// How it is watched.
#[derive(Debug, Args)]
#[command(next_help_heading = "Operating")]
pub(crate) struct Operating {
    /// Address of /live, /ready and /metrics. With --once they are not served unless this is given.
    #[arg(long, value_name = "IP:PORT", env = "TRAILKEEP_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
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
        let own = |argument: &&clap::Arg| !["help", "version", "print_config", "once"].contains(&argument.get_id().as_str());
        let variables: Vec<_> =
            command.get_arguments().filter(own).map(|argument| argument.get_env().map(std::ffi::OsStr::to_os_string)).collect();
        assert!(variables.iter().all(|variable| variable.as_ref().is_some_and(|name| name.to_str().unwrap().starts_with("TRAILKEEP_"))));
        let distinct: std::collections::HashSet<_> = variables.iter().collect();
        assert_eq!(distinct.len(), variables.len());
    }
}
