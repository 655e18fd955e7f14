//! How what lands in an S3 archive is protected: the KMS key that encrypts it, and Object Lock.

use anyhow::bail;
use clap::{Args, ValueEnum};
use trailkeep_aws::{kms_key, kms_key_of_prefix};
use trailkeep_pipeline::{batch::Retention, ports::bucket::LockMode};

use crate::location::{Location, Writing};

/// Most days that S3 keeps a lock.
/// Source: S3 User Guide, "Object Lock considerations" (100 years).
const MAX_LOCK_DAYS: i64 = 36_500;

/// The key of everything that is written.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Encryption {
    /// KMS key that encrypts what is written to an archive on S3: ARN, key id or alias/NAME. Default: the bucket's own default key, else aws/s3.
    #[arg(long, value_name = "ARN|ALIAS", value_parser = kms_key, help_heading = PROTECTION)]
    kms_key_id: Option<String>,
    /// KMS key of what is written below a prefix of the archive on S3, before --kms-key-id; may be given several times, and the longest prefix counts.
    /// Example: --kms-key raw/=alias/raw --kms-key events/category=management/=alias/events
    #[arg(long = "kms-key", value_name = "PREFIX=KEY", value_parser = kms_key_of_prefix, help_heading = PROTECTION)]
    kms_keys: Vec<(String, String)>,
}

/// How long what lands cannot be deleted.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ObjectLock {
    /// Object Lock in an archive on S3 of what must not change: raw/, digests/ and sources/, and accounts/, outcomes/ and attest/ where those are written; the bucket must have Object Lock switched on. Default: the bucket's own rule.
    #[arg(id = "object_lock_mode", long = "object-lock-mode", value_enum, value_name = "MODE", requires = "object_lock_for", help_heading = PROTECTION)]
    mode: Option<LockChoice>,
    /// Years for which they are locked, from the opening of their batch.
    #[arg(id = "object_lock_years", long = "object-lock-years", value_name = "N", group = "object_lock_for", requires = "object_lock_mode",
          help_heading = PROTECTION, value_parser = clap::value_parser!(u32).range(1..=99))]
    years: Option<u32>,
    /// Days for which they are locked, instead of years.
    #[arg(id = "object_lock_days", long = "object-lock-days", value_name = "N", group = "object_lock_for", requires = "object_lock_mode",
          help_heading = PROTECTION, value_parser = clap::value_parser!(u32).range(1..=MAX_LOCK_DAYS))]
    days: Option<u32>,
}

const PROTECTION: &str = "Protection (archives on S3)";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LockChoice {
    /// Who has s3:BypassGovernanceRetention may shorten it.
    Governance,
    /// Nobody may shorten it, the root user included.
    Compliance,
}

impl Encryption {
    /// How the archive is written.
    ///
    /// # Errors
    /// Where a key is given for a directory.
    pub(crate) fn of(&self, archive: &Location) -> anyhow::Result<Writing<'_>> {
        if self.kms_key_id.is_some() {
            only_on_s3("--kms-key-id", archive)?;
        }
        if !self.kms_keys.is_empty() {
            only_on_s3("--kms-key", archive)?;
        }
        Ok(Writing { kms_key: self.kms_key_id.as_deref(), kms_keys: &self.kms_keys })
    }
}

impl ObjectLock {
    /// The lock of what lands; none = the bucket's own rule.
    ///
    /// # Errors
    /// Where a lock is given for a directory.
    pub(crate) fn of(&self, archive: &Location) -> anyhow::Result<Option<Retention>> {
        let Some(mode) = self.mode else { return Ok(None) };
        only_on_s3("--object-lock-mode", archive)?;
        let days = match (self.years, self.days) {
            (Some(years), _) => days_of(years),
            (None, Some(days)) => days,
            (None, None) => bail!("--object-lock-mode needs --object-lock-years or --object-lock-days"),
        };
        let mode = match mode {
            LockChoice::Governance => LockMode::Governance,
            LockChoice::Compliance => LockMode::Compliance,
        };
        Ok(Some(Retention { mode, days }))
    }
}

/// Days that are never fewer than so many years, leap days included.
fn days_of(years: u32) -> u32 {
    years * 365 + years.div_ceil(4)
}

fn only_on_s3(option: &str, archive: &Location) -> anyhow::Result<()> {
    match archive {
        Location::S3 { .. } => Ok(()),
        Location::Directory(_) => {
            bail!("{option} is for archives on S3, and {archive} is a directory: leave it out, or give --archive s3://bucket/prefix")
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        encryption: Encryption,
        #[command(flatten)]
        lock: ObjectLock,
    }

    fn parse(words: &[&str]) -> Result<Line, clap::Error> {
        Line::try_parse_from(std::iter::once("ingest").chain(words.iter().copied()))
    }

    fn s3() -> Location {
        Location::S3 { bucket: "audit".to_owned(), prefix: String::new() }
    }

    #[test]
    fn a_lock_has_a_mode_and_a_length_or_neither() {
        let lock = |words: &[&str]| parse(words).unwrap().lock.of(&s3()).unwrap();
        assert_eq!(lock(&[]), None);
        let seven = lock(&["--object-lock-mode", "compliance", "--object-lock-years", "7"]);
        assert_eq!(seven, Some(Retention { mode: LockMode::Compliance, days: 2_557 }));
        let ninety = lock(&["--object-lock-mode", "governance", "--object-lock-days", "90"]);
        assert_eq!(ninety, Some(Retention { mode: LockMode::Governance, days: 90 }));
        for words in [
            &["--object-lock-mode", "compliance"][..],
            &["--object-lock-years", "7"],
            &["--object-lock-days", "7"],
            &["--object-lock-mode", "governance", "--object-lock-years", "1", "--object-lock-days", "1"],
            &["--object-lock-mode", "forever", "--object-lock-years", "1"],
            &["--object-lock-mode", "governance", "--object-lock-years", "0"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn years_are_never_short_of_a_leap_day() {
        assert_eq!([1, 3, 4, 5, 99].map(days_of), [366, 1_096, 1_461, 1_827, 36_160]);
    }

    #[test]
    fn keys_are_arns_ids_or_aliases() {
        let arn = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/11111111-2222-3333-4444-555555555555";
        for key in [arn, "arn:aws:kms:eu-central-1:111122223333:alias/audit", "alias/audit", "11111111-2222-3333-4444-555555555555"] {
            assert_eq!(parse(&["--kms-key-id", key]).unwrap().encryption.of(&s3()).unwrap().kms_key, Some(key));
        }
        assert!(kms_key("mrk-1234abcd12ab34cd56ef1234567890ab").is_ok());
        for key in ["", "audit", "alias/", "arn:aws:iam::111122223333:role/x", "arn:aws:kms:eu-central-1:111122223333:key/", "alias/a b"] {
            assert!(parse(&["--kms-key-id", key]).is_err(), "{key}");
        }
    }

    #[test]
    fn keys_of_prefixes_may_be_several() {
        let words = ["--kms-key", "raw/=alias/raw", "--kms-key", "events/category=management/=alias/events"];
        let line = parse(&words).unwrap();
        let expected = [("raw/", "alias/raw"), ("events/category=management/", "alias/events")];
        assert_eq!(line.encryption.of(&s3()).unwrap().kms_keys, expected.map(|(prefix, key)| (prefix.to_owned(), key.to_owned())));
        let error = line.encryption.of(&Location::Directory("audit".into())).unwrap_err();
        assert!(error.to_string().contains("--kms-key is for archives on S3"), "{error}");
        for words in [["--kms-key", "alias/raw"], ["--kms-key", "logs/=alias/raw"]] {
            assert!(parse(&words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn a_directory_has_neither() {
        let directory = Location::Directory("audit".into());
        let line = parse(&["--kms-key-id", "alias/audit", "--object-lock-mode", "governance", "--object-lock-days", "1"]).unwrap();
        for error in [line.encryption.of(&directory).unwrap_err(), line.lock.of(&directory).unwrap_err()] {
            assert!(error.to_string().contains("audit is a directory"), "{error}");
        }
    }
}
