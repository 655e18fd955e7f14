//! Which KMS key encrypts what is written: each class of an archive's objects may have a key of its own, by the prefix of its keys. A request that says `aws:kms` without a key gets the account's `aws/s3`, even where the bucket's
//! default is a key of its own, so that the bucket is asked once for its default.
//! Source: S3 API Reference, PutObject, `x-amz-server-side-encryption-aws-kms-key-id`.

use std::sync::Arc;

use aws_sdk_s3::{Client, error::ProvideErrorMetadata, types::ServerSideEncryption};
use tokio::sync::OnceCell;
use trailkeep_archive::layout;
use trailkeep_pipeline::ports::bucket::BucketError;

use super::error::{Action, explain};

/// What stands at the root of an archive, for the prefixes that a key can be given for.
const CLASSES: [&str; 14] = [
    layout::ACCOUNTS,
    layout::ARCHIVE_JSON,
    layout::ATTEST,
    layout::DIGESTS,
    layout::EVENTS,
    layout::FINDINGS,
    layout::INDEX,
    layout::KEYS,
    "lease/",
    layout::OUTCOMES,
    layout::QUARANTINE,
    layout::RAW,
    layout::SOURCES,
    layout::STAGING,
];

/// The KMS keys of a bucket's writes. Clones share what the bucket answered.
#[derive(Debug, Clone)]
pub(super) struct Encryption {
    configured: Option<String>,
    /// Prefix of keys below the root, and its key; longest first.
    by_prefix: Arc<[(String, String)]>,
    default: Arc<OnceCell<Option<String>>>,
}

impl Encryption {
    pub(super) fn with_key(arn: Option<&str>) -> Self {
        Self { configured: arn.map(ToOwned::to_owned), by_prefix: Arc::default(), default: Arc::default() }
    }

    /// The same, with keys for prefixes.
    pub(super) fn and_keys(self, mut by_prefix: Vec<(String, String)>) -> Self {
        // Of two keys for one prefix the last one given stands.
        by_prefix.reverse();
        by_prefix.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        Self { by_prefix: by_prefix.into(), ..self }
    }

    /// The KMS key for a write to `key`: the policy's, else that of the longest prefix, else the configured one, else the bucket's default;
    /// `None` = `aws/s3`.
    pub(super) async fn key(
        &self,
        client: &Client,
        bucket: &str,
        key: &str,
        of_policy: Option<&str>,
    ) -> Result<Option<String>, BucketError> {
        let of_prefix = || self.by_prefix.iter().find(|(prefix, _)| key.starts_with(prefix)).map(|(_, kms_key)| kms_key.as_str());
        if let Some(kms_key) = of_policy.or_else(of_prefix).or(self.configured.as_deref()) {
            return Ok(Some(kms_key.to_owned()));
        }
        self.default.get_or_try_init(|| default_key(client, bucket)).await.cloned()
    }
}

/// Reads a KMS key as S3 takes it: ARN, id, or `alias/NAME`.
/// Source: KMS Developer Guide, "Key identifiers (KeyId)".
///
/// # Errors
/// What to give instead.
pub fn kms_key(text: &str) -> Result<String, String> {
    let arn = text.strip_prefix("arn:").and_then(|rest| rest.split_once(":kms:"));
    let named =
        |resource: &str| resource.strip_prefix("key/").or_else(|| resource.strip_prefix("alias/")).is_some_and(|name| !name.is_empty());
    let of_arn = arn.and_then(|(_, rest)| rest.splitn(3, ':').nth(2)).is_some_and(named);
    let id = |letter: u8| letter.is_ascii_hexdigit() || letter == b'-';
    let of_id =
        text.len() == 36 && text.bytes().all(id) || text.strip_prefix("mrk-").is_some_and(|rest| rest.len() == 32 && rest.bytes().all(id));
    let of_alias = text.strip_prefix("alias/").is_some_and(|name| !name.is_empty());
    if (of_arn || of_id || of_alias) && !text.contains(char::is_whitespace) {
        return Ok(text.to_owned());
    }
    Err("give a key's ARN (arn:aws:kms:REGION:ACCOUNT:key/ID), its id, or alias/NAME".to_owned())
}

/// Reads `PREFIX=KEY`, parted at the last `=` (prefixes like `events/category=management/` hold some, keys none), for [`super::S3Config::kms_keys`].
///
/// # Errors
/// What to give instead: also for a prefix that no object of an archive has.
pub fn kms_key_of_prefix(text: &str) -> Result<(String, String), String> {
    let Some((prefix, key)) = text.rsplit_once('=').filter(|(prefix, _)| !prefix.is_empty()) else {
        return Err("give PREFIX=KEY, such as raw/=alias/raw or events/category=management/=alias/events".to_owned());
    };
    if !CLASSES.iter().any(|class| prefix.starts_with(class) || class.starts_with(prefix)) {
        return Err(format!("nothing in an archive has a key that begins with {prefix:?}: give one of {}", CLASSES.join(", ")));
    }
    Ok((prefix.to_owned(), kms_key(key)?))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_a_prefix_stands_behind_the_last_equals_sign() {
        let arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555";
        for (prefix, key) in
            [("raw/", "alias/raw"), ("events/category=management/", arn), ("events/category=data/eventday=2025", "alias/x")]
        {
            assert_eq!(kms_key_of_prefix(&format!("{prefix}={key}")), Ok((prefix.to_owned(), key.to_owned())));
        }
        for class in ["accounts/", "attest/", "findings/", "keys/", "outcomes/"] {
            assert_eq!(kms_key_of_prefix(&format!("{class}=alias/vouch")), Ok((class.to_owned(), "alias/vouch".to_owned())));
        }
        assert_eq!(kms_key_of_prefix("raw=alias/raw"), Ok(("raw".to_owned(), "alias/raw".to_owned())));
        for (text, word) in [
            ("", "PREFIX=KEY"),
            ("alias/raw", "PREFIX=KEY"),
            ("=alias/raw", "PREFIX=KEY"),
            ("raw/=", "alias/NAME"),
            ("raw/=my key", "alias/NAME"),
            ("/raw/=alias/raw", "nothing in an archive"),
            ("event/=alias/raw", "nothing in an archive"),
        ] {
            let refused = kms_key_of_prefix(text);
            assert!(refused.as_ref().is_err_and(|error| error.contains(word)), "{text}: {refused:?}");
        }
    }
}
