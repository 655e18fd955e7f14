//! A bucket as reached with common settings, a role to take on among them: log buckets of other accounts are read so.

use std::time::Duration;

use aws_sdk_s3::Client;

use super::S3Bucket;
use crate::config::{AwsSettings, AwsTimeouts, NoRegion};

/// Longest wait for the first byte of an answer, and for one try of a call, a range of 8 MiB over a slow line included.
const TIMEOUTS: AwsTimeouts = AwsTimeouts { read: Duration::from_mins(1), attempt: Duration::from_mins(5) };

impl S3Bucket {
    /// Opens a bucket, or a prefix in it, to read. Asks S3 nothing yet.
    ///
    /// # Errors
    /// [`NoRegion`].
    pub async fn open_with(settings: &AwsSettings, bucket: &str, prefix: &str) -> Result<Self, NoRegion> {
        let shared = settings.load(TIMEOUTS).await?;
        let config = aws_sdk_s3::config::Builder::from(&shared).force_path_style(settings.endpoint.is_some()).build();
        Ok(Self::with_client(Client::from_conf(config), bucket, prefix, None))
    }

    /// As [`S3Bucket::open_with`], to write: everything with this KMS key, and what is below some prefixes with theirs; see
    /// [`super::S3Config::kms_keys`].
    ///
    /// # Errors
    /// [`NoRegion`].
    pub async fn open_to_write_with(
        settings: &AwsSettings,
        bucket: &str,
        prefix: &str,
        kms_key: Option<&str>,
        kms_keys: &[(String, String)],
    ) -> Result<Self, NoRegion> {
        let shared = settings.load(TIMEOUTS).await?;
        let config = aws_sdk_s3::config::Builder::from(&shared).force_path_style(settings.endpoint.is_some()).build();
        Ok(Self::with_client(Client::from_conf(config), bucket, prefix, kms_key).with_kms_keys(kms_keys.to_vec()))
    }
}
