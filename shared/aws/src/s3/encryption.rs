//! Which KMS key encrypts what is written. A request that says `aws:kms` without a key gets the account's `aws/s3`, even where the bucket's
//! default is a key of its own, so that the bucket is asked once for its default.
//! Source: S3 API Reference, PutObject, `x-amz-server-side-encryption-aws-kms-key-id`.

use std::sync::Arc;

use aws_sdk_s3::{Client, error::ProvideErrorMetadata, types::ServerSideEncryption};
use tokio::sync::OnceCell;
use trailkeep_pipeline::ports::bucket::BucketError;

use super::error::{Action, explain};

/// The KMS key of a bucket's writes. Clones share what the bucket answered.
#[derive(Debug, Clone)]
pub(super) struct Encryption {
    configured: Option<String>,
    default: Arc<OnceCell<Option<String>>>,
}

impl Encryption {
    pub(super) fn with_key(arn: Option<&str>) -> Self {
        Self { configured: arn.map(ToOwned::to_owned), default: Arc::default() }
    }

    /// The key for a write: the policy's, else the configured one, else the bucket's default; `None` = `aws/s3`.
    pub(super) async fn key(&self, client: &Client, bucket: &str, of_policy: Option<&str>) -> Result<Option<String>, BucketError> {
        if let Some(key) = of_policy.or(self.configured.as_deref()) {
            return Ok(Some(key.to_owned()));
        }
        self.default.get_or_try_init(|| default_key(client, bucket)).await.cloned()
    }
}

/// The bucket's own default key. Who may not ask writes with `aws/s3`, which a bucket policy that wants another key refuses visibly.
async fn default_key(client: &Client, bucket: &str) -> Result<Option<String>, BucketError> {
    let answer = match client.get_bucket_encryption().bucket(bucket).send().await {
        Ok(answer) => answer,
        Err(error) if error.code() == Some("ServerSideEncryptionConfigurationNotFoundError") => return Ok(None),
        Err(error) => {
            let what = format!("s3://{bucket}");
            return match explain(Action::GetEncryptionConfiguration, what.as_str(), &error) {
                denied @ BucketError::Denied { .. } => {
                    tracing::warn!(bucket, reason = %denied, "the bucket's default key is not known: writing with the account's aws/s3 key");
                    Ok(None)
                }
                other => Err(other),
            };
        }
    };
    let rules = answer.server_side_encryption_configuration.map(|configuration| configuration.rules).unwrap_or_default();
    let defaults = rules.into_iter().filter_map(|rule| rule.apply_server_side_encryption_by_default);
    let kms = |algorithm: &ServerSideEncryption| matches!(algorithm, ServerSideEncryption::AwsKms | ServerSideEncryption::AwsKmsDsse);
    Ok(defaults.filter(|default| kms(&default.sse_algorithm)).find_map(|default| default.kms_master_key_id))
}
