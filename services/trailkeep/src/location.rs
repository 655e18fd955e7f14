//! Where things are: `s3://bucket/prefix` or a directory, opened as the ports that the pipeline wants.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use trailkeep_aws::{S3Bucket, S3Config};
use trailkeep_local::DirectoryBucket;
use trailkeep_pipeline::ports::bucket::{AuditBucket, LogBucket};

use crate::cli::Globals;

/// Where a trail's files or an archive are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// An S3 bucket, or a prefix in one.
    S3 {
        /// The bucket's name.
        bucket: String,
        /// Without `/` at either end; may be empty.
        prefix: String,
    },
    /// A directory.
    Directory(PathBuf),
}

/// Why a text is no location, or two locations do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LocationError {
    #[error("a location is not empty: give a directory or s3://bucket/prefix")]
    Empty,
    #[error("{0:?} names no bucket: s3://bucket or s3://bucket/prefix")]
    NoBucket(String),
    #[error("{name:?} in {text:?} is no bucket name: 3 to 63 of a-z, 0-9, - and .")]
    BucketName { text: String, name: String },
    #[error("{0:?} has an empty segment, `.` or `..` in its prefix")]
    Prefix(String),
    #[error("{text:?}: {scheme}:// is not understood; give a directory or s3://bucket/prefix")]
    Scheme { text: String, scheme: String },
    #[error("the origin {origin} and the archive {archive} are the same place: give the archive a place of its own")]
    Same { origin: String, archive: String },
    #[error("the archive {archive} lies inside the origin {origin}, and would be read as part of it: give it a place of its own")]
    ArchiveInside { origin: String, archive: String },
    #[error("the origin {origin} lies inside the archive {archive}: give the archive a place of its own")]
    OriginInside { origin: String, archive: String },
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        if text.is_empty() {
            return Err(LocationError::Empty);
        }
        match text.split_once("://") {
            None => Ok(Self::Directory(PathBuf::from(text))),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("s3") => parse_s3(text, rest),
            Some((scheme, _)) => Err(LocationError::Scheme { text: text.to_owned(), scheme: scheme.to_owned() }),
        }
    }
}

fn parse_s3(text: &str, rest: &str) -> Result<Location, LocationError> {
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(LocationError::NoBucket(text.to_owned()));
    }
    // Source: S3 User Guide, "General purpose bucket naming rules".
    let known = bucket.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    if !known || !(3..=63).contains(&bucket.len()) {
        return Err(LocationError::BucketName { text: text.to_owned(), name: bucket.to_owned() });
    }
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    if !prefix.is_empty() && prefix.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return Err(LocationError::Prefix(text.to_owned()));
    }
    Ok(Location::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
}

impl fmt::Display for Location {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(out, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(out, "s3://{bucket}/{prefix}"),
            Self::Directory(path) => path.display().fmt(out),
        }
    }
}

/// How an archive is written. Only S3 heeds it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Writing<'a> {
    /// KMS key of everything that is written: ARN, id or alias; none = the bucket's own default key, else the account's `aws/s3`.
    pub(crate) kms_key: Option<&'a str>,
    /// KMS keys of some prefixes of the archive's keys, which go before it.
    pub(crate) kms_keys: &'a [(String, String)],
}

/// A trail's files. On S3 the port is the whole bucket, so that keys are what CloudTrail called them, and `prefix` is what is wanted of it.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The bucket or directory.
    pub(crate) bucket: Arc<dyn LogBucket>,
    /// Only keys that start so are wanted; empty on directories.
    pub(crate) prefix: String,
}

impl Location {
    /// Opens the place that a trail's files are read from.
    ///
    /// # Errors
    /// Where the directory is not there or may not be read, or no AWS Region is known.
    pub(crate) async fn open_origin(&self, globals: &Globals) -> anyhow::Result<Origin> {
        let opened = match self {
            Self::Directory(path) => {
                DirectoryBucket::open(path).map(|directory| Origin { bucket: Arc::new(directory), prefix: String::new() })
            }
            Self::S3 { bucket, prefix } => {
                let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
                S3Bucket::open(&s3_config(globals), bucket, "").await.map(|bucket| Origin { bucket: Arc::new(bucket), prefix })
            }
        };
        opened.with_context(|| format!("failed to open {self} to read a trail's files"))
    }

    /// Opens the bucket as a whole, whatever the prefix: keys are what their writer called them.
    ///
    /// # Errors
    /// Where it is a directory, or no AWS Region is known.
    pub(crate) async fn whole_bucket(&self, globals: &Globals) -> anyhow::Result<Arc<dyn LogBucket>> {
        let Self::S3 { bucket, .. } = self else { bail!("{self} is a directory, not a bucket") };
        let opened = S3Bucket::open(&s3_config(globals), bucket, "").await;
        Ok(Arc::new(opened.with_context(|| format!("failed to open the bucket {bucket}"))?))
    }

    /// Opens an archive, or any place that is written to.
    ///
    /// # Errors
    /// Where the directory is not there or may not be read, or no AWS Region is known.
    pub(crate) async fn open_archive(&self, globals: &Globals) -> anyhow::Result<Arc<dyn AuditBucket>> {
        self.open_to_write(globals, Writing::default()).await
    }

    /// As [`Location::open_archive`]; what is written there is written so.
    ///
    /// # Errors
    /// As [`Location::open_archive`].
    pub(crate) async fn open_to_write(&self, globals: &Globals, writing: Writing<'_>) -> anyhow::Result<Arc<dyn AuditBucket>> {
        let opened: Result<Arc<dyn AuditBucket>, _> = match self {
            Self::Directory(path) => DirectoryBucket::open(path).map(|directory| Arc::new(directory) as _),
            Self::S3 { bucket, prefix } => {
                let config = S3Config {
                    kms_key_arn: writing.kms_key.map(ToOwned::to_owned),
                    kms_keys: writing.kms_keys.to_vec(),
                    ..s3_config(globals)
                };
                S3Bucket::open(&config, bucket, prefix).await.map(|bucket| Arc::new(bucket) as _)
            }
        };
        opened.with_context(|| format!("failed to open the archive {self}"))
    }

    /// As [`Location::open_to_write`]; makes the directory where it is not there. Buckets are made by nobody here.
    ///
    /// # Errors
    /// Where the directory cannot be made or read, or no AWS Region is known.
    pub(crate) async fn create_archive(&self, globals: &Globals, writing: Writing<'_>) -> anyhow::Result<Arc<dyn AuditBucket>> {
        if let Self::Directory(path) = self {
            let made = DirectoryBucket::create(path).with_context(|| format!("failed to make the archive {self}"))?;
            made.enter();
            return Ok(Arc::new(made));
        }
        self.open_to_write(globals, writing).await
    }

    /// Whether a file lies, or would lie, in it. Never in a bucket.
    pub(crate) fn holds(&self, file: &Path) -> bool {
        match self {
            Self::Directory(root) => real_path(file).starts_with(real_path(root)),
            Self::S3 { .. } => false,
        }
    }

    /// Refuses an archive that lies in its origin, or the other way round. Directories that are not there yet are looked at where they will be.
    ///
    /// # Errors
    /// [`LocationError`] where one is the other or inside it.
    pub(crate) fn check_apart(origin: &Self, archive: &Self) -> Result<(), LocationError> {
        let (one, two) = match (origin, archive) {
            (Self::Directory(one), Self::Directory(two)) => (real_path(one), real_path(two)),
            (Self::S3 { bucket: one, prefix }, Self::S3 { bucket: two, prefix: other }) if one == two => {
                (PathBuf::from(prefix), PathBuf::from(other))
            }
            _ => return Ok(()),
        };
        let (origin, archive) = (origin.to_string(), archive.to_string());
        if one == two {
            return Err(LocationError::Same { origin, archive });
        }
        if two.starts_with(&one) {
            return Err(LocationError::ArchiveInside { origin, archive });
        }
        if one.starts_with(&two) {
            return Err(LocationError::OriginInside { origin, archive });
        }
        Ok(())
    }
}

/// Opens the archive that a command was given.
///
/// # Errors
/// As [`Location::from_str`] and [`Location::open_archive`].
pub(crate) async fn open_archive(text: &str, globals: &Globals) -> anyhow::Result<Arc<dyn AuditBucket>> {
    text.parse::<Location>()?.open_archive(globals).await
}

fn s3_config(globals: &Globals) -> S3Config {
    let endpoint = globals.s3_endpoint.clone().or_else(|| globals.aws_endpoint.clone());
    S3Config { region: globals.aws_region.clone(), endpoint, ..S3Config::default() }
}

/// Reads the name of a bucket that a tree stands for. Old buckets in us-east-1 have names that new ones may not have.
/// Source: S3 User Guide, "General purpose bucket naming rules" and "Former Amazon S3 naming convention".
///
/// # Errors
/// Where no bucket can have that name.
pub(crate) fn bucket_name(text: &str) -> Result<String, String> {
    let known = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    if known && (3..=255).contains(&text.len()) {
        Ok(text.to_owned())
    } else {
        Err("a bucket's name is 3 to 255 of a-z, A-Z, 0-9, -, . and _".to_owned())
    }
}

/// The path with links resolved, as far as it is there.
fn real_path(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut missing = Vec::new();
    for above in absolute.ancestors() {
        if let Ok(real) = above.canonicalize() {
            return missing.iter().rev().fold(real, |path, name| path.join(name));
        }
        missing.extend(above.file_name());
    }
    absolute
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn s3(bucket: &str, prefix: &str) -> Location {
        Location::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() }
    }

    #[test]
    fn buckets_prefixes_and_directories_are_told_apart() {
        assert_eq!("s3://logs".parse(), Ok(s3("logs", "")));
        assert_eq!("s3://logs/".parse(), Ok(s3("logs", "")));
        assert_eq!("S3://logs.example/org/AWSLogs/".parse(), Ok(s3("logs.example", "org/AWSLogs")));
        assert_eq!("./s3/logs".parse(), Ok(Location::Directory("./s3/logs".into())));
        assert_eq!(s3("logs", "org").to_string(), "s3://logs/org");
    }

    #[test]
    fn what_is_no_location_is_refused_with_a_reason() {
        let reason = |text: &str| text.parse::<Location>().unwrap_err().to_string();
        assert!(reason("").contains("a directory or s3://bucket/prefix"));
        assert!(reason("s3://").contains("names no bucket"));
        assert!(reason("s3:///prefix").contains("names no bucket"));
        assert!(reason("s3://Logs/x").contains("\"Logs\""));
        assert!(reason("s3://ab").contains("no bucket name"));
        assert!(reason("s3://logs//x").contains("empty segment"));
        assert!(reason("s3://logs/../x").contains("empty segment"));
        assert!(reason("gs://logs").contains("gs:// is not understood"));
    }

    #[test]
    fn an_archive_and_its_origin_do_not_lie_in_one_another() {
        let root = tempfile::tempdir().unwrap();
        let directory = |path: &str| Location::Directory(root.path().join(path));
        std::fs::create_dir_all(root.path().join("trail/below")).unwrap();
        std::os::unix::fs::symlink(root.path().join("trail"), root.path().join("link")).unwrap();
        let refused = |origin: &str, archive: &str| Location::check_apart(&directory(origin), &directory(archive)).unwrap_err();
        assert!(matches!(refused("trail", "trail/below/.."), LocationError::Same { .. }));
        assert!(matches!(refused("trail", "link"), LocationError::Same { .. }));
        assert!(matches!(refused("trail", "link/new/archive"), LocationError::ArchiveInside { .. }));
        assert!(matches!(refused("trail/below", "link"), LocationError::OriginInside { .. }));
        assert_eq!(Location::check_apart(&directory("trail"), &directory("trail2")), Ok(()));
        assert!(Location::check_apart(&s3("logs", "a"), &s3("logs", "a/b")).is_err());
        assert_eq!(Location::check_apart(&s3("logs", "a"), &s3("logs", "ab")), Ok(()));
        assert_eq!(Location::check_apart(&s3("logs", ""), &s3("audit", "")), Ok(()));
    }
}
