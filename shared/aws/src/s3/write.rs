//! Small objects: written whole, deleted, restored.

use std::time::Duration;

use aws_sdk_s3::{
    operation::put_object::builders::PutObjectFluentBuilder,
    primitives::{ByteStream, DateTime},
    types::{ChecksumAlgorithm, GlacierJobParameters, ObjectLockMode, RestoreRequest, ServerSideEncryption, Tier},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use trailkeep_pipeline::ports::bucket::{BucketError, LockMode, PutOutcome, PutPolicy};

use super::{
    S3Bucket, absent_as_none,
    error::{Action, Answer, Condition, explain},
};

/// Tries of a write whose key another write is busy with.
pub(super) const CONFLICT_ATTEMPTS: u32 = 4;

/// Wait before the next of them: 0.2 s, then twice as long each time.
pub(super) async fn wait_after_conflict(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(100 << attempt.min(6))).await;
}

/// Base64 of a CRC32 as S3 writes it, big-endian.
pub(super) fn crc32_text(crc32: u32) -> String {
    STANDARD.encode(crc32.to_be_bytes())
}

/// Object Lock mode and retain-until as the SDK takes them.
pub(super) fn lock_of(policy: &PutPolicy) -> (Option<ObjectLockMode>, Option<DateTime>) {
    let mode = policy.lock.map(|(mode, _)| match mode {
        LockMode::Governance => ObjectLockMode::Governance,
        LockMode::Compliance => ObjectLockMode::Compliance,
    });
    (mode, policy.lock.map(|(_, until_ms)| DateTime::from_millis(until_ms)))
}

impl S3Bucket {
    /// The KMS key for a write to a key (relative to the prefix) under a policy.
    pub(super) async fn key_for(&self, key: &str, policy: &PutPolicy) -> Result<Option<String>, BucketError> {
        self.encryption.key(&self.client, &self.bucket, key, policy.kms_key_arn.as_deref()).await
    }

    /// A conditional write whose first answer was lost, and which the SDK tried again, says `AlreadyThere` to its own bytes: who must know
    /// reads what is there.
    pub(super) async fn put_object(&self, key: &str, body: Bytes, policy: &PutPolicy) -> Result<PutOutcome, BucketError> {
        let kms_key = self.key_for(key, policy).await?;
        let mut attempt = 1;
        loop {
            let call = self.put_call(key, &body, policy, kms_key.clone());
            let Err(error) = call.send().await else { return Ok(PutOutcome::Written) };
            let answer = Answer::of(&error);
            match answer.condition() {
                Some(Condition::Failed) if policy.if_absent => return Ok(PutOutcome::AlreadyThere),
                Some(Condition::Conflict) if attempt < CONFLICT_ATTEMPTS => {}
                _ => return Err(answer.explain(Action::PutObject, self.what(key))),
            }
            if policy.if_absent && absent_as_none(self.describe(key, None).await)?.is_some() {
                return Ok(PutOutcome::AlreadyThere);
            }
            wait_after_conflict(attempt).await;
            attempt += 1;
        }
    }

    fn put_call(&self, key: &str, body: &Bytes, policy: &PutPolicy, kms_key: Option<String>) -> PutObjectFluentBuilder {
        let (lock_mode, retain_until) = lock_of(policy);
        let metadata = policy.metadata.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(self.full_key(key))
            .body(ByteStream::from(body.clone()))
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .checksum_crc32(crc32_text(crc32fast::hash(body)))
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .set_ssekms_key_id(kms_key)
            .bucket_key_enabled(true)
            .set_object_lock_mode(lock_mode)
            .set_object_lock_retain_until_date(retain_until)
            .set_content_type(policy.content_type.clone())
            .set_metadata(Some(metadata))
            .set_if_none_match(policy.if_absent.then(|| "*".to_owned()))
    }

    pub(super) async fn delete_object(&self, key: &str) -> Result<(), BucketError> {
        let deleted = self.client.delete_object().bucket(&self.bucket).key(self.full_key(key)).send().await;
        let deleted = deleted.map_err(|error| explain(Action::DeleteObject, self.what(key), &error)).map(|_| ());
        absent_as_none(deleted).map(|_| ())
    }

    /// One that is under way already is no error.
    pub(super) async fn restore_object(&self, key: &str, days: u16, tier: &str) -> Result<(), BucketError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| BucketError::Failed {
            operation: Action::RestoreObject.iam().to_owned(),
            what: self.what(key),
            source,
        };
        let tier =
            Tier::try_parse(tier).map_err(|_| failed(format!("{tier:?} is no retrieval tier: Standard, Bulk or Expedited").into()))?;
        let job = GlacierJobParameters::builder().tier(tier).build().map_err(|error| failed(error.into()))?;
        let request = RestoreRequest::builder().days(i32::from(days)).glacier_job_parameters(job).build();
        let restored = self.client.restore_object().bucket(&self.bucket).key(self.full_key(key)).restore_request(request).send().await;
        match restored {
            Ok(_) => Ok(()),
            Err(error) => match Answer::of(&error) {
                answer if answer.code == "RestoreAlreadyInProgress" => Ok(()),
                answer => Err(answer.explain(Action::RestoreObject, self.what(key))),
            },
        }
    }
}
