//! How an S3 bucket is opened: Region, endpoint, retries and timeouts. Credentials are the SDK's own default chain.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_s3::Client;
use trailkeep_pipeline::ports::bucket::BucketError;

use super::{Encryption, S3Bucket};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for the first byte of an answer.
const READ_TIMEOUT: Duration = Duration::from_mins(1);
/// Longest time for one try of a call, a part of 8 MiB over a slow line included.
const ATTEMPT_TIMEOUT: Duration = Duration::from_mins(5);
/// Region that emulators and S3-compatible stores are told, where none is configured.
const ANY_REGION: &str = "us-east-1";

/// How to reach S3.
#[derive(Debug, Clone, Default)]
pub struct S3Config {
    /// AWS Region of the bucket; `None` = as the AWS SDK finds it.
    pub region: Option<String>,
    /// Endpoint instead of AWS's own; the bucket then stands in the path.
    pub endpoint: Option<String>,
    /// Tries of each call; `None` = as the AWS SDK finds it (`AWS_MAX_ATTEMPTS`, else 3).
    pub max_attempts: Option<u32>,
    /// KMS key of what is written: ARN, key id or `alias/NAME`; `None` = the bucket's own default key, else the account's `aws/s3`.
    pub kms_key_arn: Option<String>,
    /// KMS keys of some of it: a prefix of keys below the archive's root (`raw/`, `events/category=management/`) and the key of what is
    /// written there. The longest prefix counts, before `kms_key_arn`.
    pub kms_keys: Vec<(String, String)>,
}

impl S3Bucket {
    /// Opens a bucket, or a prefix in it (with or without `/` at its end). Asks S3 nothing yet.
    ///
    /// # Errors
    /// [`BucketError::Failed`] where no Region is configured.
    pub async fn open(config: &S3Config, bucket: &str, prefix: &str) -> Result<Self, BucketError> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts);
        if let Some(region) = &config.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = &config.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        if let Some(attempts) = config.max_attempts {
            loader = loader.retry_config(RetryConfig::standard().with_max_attempts(attempts));
        }
        let shared = loader.load().await;
        let mut settings = aws_sdk_s3::config::Builder::from(&shared).force_path_style(config.endpoint.is_some());
        if shared.region().is_none() {
            if config.endpoint.is_none() {
                return Err(BucketError::Failed {
                    operation: "open".to_owned(),
                    what: format!("s3://{bucket}/{prefix}"),
                    source: "no AWS Region is configured: set AWS_REGION or give --aws-region".into(),
                });
            }
            settings = settings.region(Region::new(ANY_REGION));
        }
        let opened = Self::with_client(Client::from_conf(settings.build()), bucket, prefix, config.kms_key_arn.as_deref());
        Ok(opened.with_kms_keys(config.kms_keys.clone()))
    }

    /// The bucket behind a client that was made elsewhere.
    pub fn with_client(client: Client, bucket: &str, prefix: &str, kms_key_arn: Option<&str>) -> Self {
        let bare = prefix.trim_end_matches('/');
        let prefix = if bare.is_empty() { String::new() } else { format!("{bare}/") };
        Self { client, bucket: bucket.to_owned(), prefix, encryption: Encryption::with_key(kms_key_arn) }
    }

    /// The same bucket, with keys for some prefixes; see [`S3Config::kms_keys`].
    #[must_use]
    pub fn with_kms_keys(self, kms_keys: Vec<(String, String)>) -> Self {
        Self { encryption: self.encryption.and_keys(kms_keys), ..self }
    }
}
