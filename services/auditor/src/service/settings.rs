//! From what was said to what is done: checked once, before anything is asked of AWS.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use anyhow::{Context as _, bail, ensure};
use trailkeep_auditor::{Admission, Settings};
use trailkeep_pipeline::{batch::Retention, ports::bucket};

use super::args::{Arguments, LockMode};

/// Where an archive is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// An S3 address taken apart: bucket, and prefix without `/` at either end.
    S3 { bucket: String, prefix: String },
    /// A directory.
    Directory(PathBuf),
}

/// Where a ledger is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LedgerPlace {
    /// A DynamoDB table.
    Table(String),
    /// A SQLite file.
    File(PathBuf),
}

/// Takes an archive's address apart.
pub(crate) fn place(text: &str) -> anyhow::Result<Place> {
    match text.split_once("://") {
        None => {
            ensure!(!text.is_empty(), "an archive is a directory or s3://bucket/prefix");
            Ok(Place::Directory(PathBuf::from(text)))
        }
        Some(("s3", rest)) => {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
            let sound = !bucket.is_empty() && (prefix.is_empty() || prefix.split('/').all(|segment| !matches!(segment, "" | "." | "..")));
            ensure!(sound, "{text:?} names no bucket, or has an empty segment, `.` or `..` in its prefix");
            Ok(Place::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
        }
        Some((scheme, _)) => bail!("{text:?}: {scheme}:// is not understood; give a directory or s3://bucket/prefix"),
    }
}

impl Arguments {
    /// Where the ledger is; a directory has its own inside.
    ///
    /// # Errors
    /// Where it does not go with the archive.
    pub(crate) fn ledger_place(&self) -> anyhow::Result<LedgerPlace> {
        let archive = place(&self.places.archive)?;
        match (self.places.ledger.as_deref(), archive) {
            (None, Place::Directory(path)) => Ok(LedgerPlace::File(path.join(trailkeep_local::LEDGER_IN_ARCHIVE))),
            (None, Place::S3 { .. }) => bail!("an archive on S3 needs its ledger: give --ledger dynamodb://TABLE"),
            (Some(given), archive) => match (given.split_once("://"), archive) {
                (None, Place::Directory(_)) => Ok(LedgerPlace::File(PathBuf::from(given))),
                (None, Place::S3 { .. }) => {
                    bail!("{given:?} is a file, and an archive on S3 that a fleet shares has its ledger in DynamoDB: give dynamodb://TABLE")
                }
                (Some(("dynamodb", table)), Place::S3 { .. }) if !table.is_empty() && !table.contains('/') => {
                    Ok(LedgerPlace::Table(table.to_owned()))
                }
                (Some(("dynamodb", _)), Place::Directory(_)) => {
                    bail!("a ledger in DynamoDB is for archives on S3; an archive in a directory keeps its ledger in a file")
                }
                _ => bail!("{given:?} is no ledger: give dynamodb://TABLE, or a file for an archive in a directory"),
            },
        }
    }

    /// What the auditor is told.
    ///
    /// # Errors
    /// Where options contradict each other.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        let second = std::time::Duration::from_secs(1);
        ensure!(self.rounds.lease >= second, "--lease is at least 1 s");
        ensure!(self.rounds.every >= second, "--every is at least 1 s");
        self.ledger_place()?;
        let s3 = matches!(place(&self.places.archive)?, Place::S3 { .. });
        let protection = &self.protection;
        let protected = protection.kms_key_id.is_some() || !protection.kms_keys.is_empty() || protection.object_lock_mode.is_some();
        ensure!(
            s3 || !protected,
            "--kms-key-id, --kms-key and --object-lock-mode are for archives on S3, and {} is a directory",
            self.places.archive
        );
        if let Some(heads) = &self.attesting.heads {
            ensure!(matches!(place(heads).context("--heads")?, Place::S3 { .. }) || !s3, "--heads is s3://bucket or s3://bucket/prefix");
            ensure!(*heads != self.places.archive, "--heads and --archive are the same place: whoever can change one can change both");
        }
        let texts = |all: &[String]| all.iter().cloned().collect::<BTreeSet<String>>();
        let names = |all: Vec<String>| texts(&all);
        let healing = &self.healing;
        Ok(Settings {
            every: self.rounds.every,
            lease: self.rounds.lease,
            settle: self.rounds.settle,
            distance: self.rounds.distance,
            aliases: self.aliases()?,
            assume_regions: self.knowing.assume_regions.clone(),
            admission: Admission {
                only_accounts: names(healing.only_accounts.iter().map(ToString::to_string).collect()),
                without_accounts: names(healing.without_accounts.iter().map(ToString::to_string).collect()),
                only_regions: names(healing.only_regions.iter().map(ToString::to_string).collect()),
                without_regions: names(healing.without_regions.iter().map(ToString::to_string).collect()),
            },
            archive_name: self.attesting.archive_name.clone(),
            sample: self.attesting.sample,
            retention: self.retention(),
            without_organization: self.knowing.without_organization,
            ..Settings::default()
        })
    }

    fn retention(&self) -> Option<Retention> {
        self.protection.object_lock_mode.zip(self.protection.object_lock_days).map(|(mode, days)| Retention {
            mode: match mode {
                LockMode::Governance => bucket::LockMode::Governance,
                LockMode::Compliance => bucket::LockMode::Compliance,
            },
            days,
        })
    }

    fn aliases(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let mut aliases = BTreeMap::new();
        for (replica, origin) in &self.healing.bucket_aliases {
            ensure!(aliases.insert(replica.clone(), origin.clone()).is_none(), "{replica} is given two origins with --bucket-alias");
        }
        for (replica, origin) in &aliases {
            ensure!(
                !aliases.contains_key(origin),
                "{replica} replicates {origin}, which is a replica itself: name the bucket at the beginning of the chain"
            );
        }
        Ok(aliases)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use clap::Parser as _;

    use super::*;

    fn parse(words: &[&str]) -> Arguments {
        Arguments::try_parse_from(["trailkeep-auditor"].iter().chain(words)).unwrap()
    }

    #[test]
    fn an_archive_on_s3_has_its_ledger_in_dynamodb_and_a_directory_its_own() {
        assert_eq!(parse(&["--archive", "audit"]).ledger_place().unwrap(), LedgerPlace::File("audit/.trailkeep/ledger.sqlite".into()));
        let table = parse(&["--archive", "s3://audit", "--ledger", "dynamodb://t"]).ledger_place().unwrap();
        assert_eq!(table, LedgerPlace::Table("t".to_owned()));
        for words in [
            &["--archive", "s3://audit"][..],
            &["--archive", "s3://audit", "--ledger", "file"],
            &["--archive", "s3://audit", "--ledger", "dynamodb://"],
            &["--archive", "audit", "--ledger", "dynamodb://t"],
            &["--archive", "gs://audit"],
            &["--archive", "s3://audit/../x"],
        ] {
            assert!(parse(words).ledger_place().is_err(), "{words:?}");
        }
    }

    #[test]
    fn defaults_are_the_library_s() {
        let settings = parse(&["--archive", "audit"]).settings().unwrap();
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let archive = ["--archive", "s3://audit", "--ledger", "dynamodb://t"];
        for more in [
            &["--bucket-alias", "a=b,a=c"][..],
            &["--bucket-alias", "a=b,b=c"],
            &["--lease", "10ms"],
            &["--signing-key", "key.pem", "--heads", "s3://audit"],
            &["--signing-key", "key.pem", "--heads", "heads"],
        ] {
            let words: Vec<&str> = archive.iter().chain(more).copied().collect();
            assert!(parse(&words).settings().is_err(), "{more:?}");
        }
        assert!(parse(&["--archive", "audit", "--object-lock-mode", "governance", "--object-lock-days", "1"]).settings().is_err());
    }
}
