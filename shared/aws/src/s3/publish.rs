//! Publishing: completes a staged upload if nothing is there, and tells "done by somebody" from "something else is there".

use aws_sdk_s3::types::{ChecksumType, CompletedMultipartUpload, CompletedPart};
use trailkeep_pipeline::ports::bucket::{BucketError, Published, StagedUpload};

use super::{
    S3Bucket, absent_as_none,
    error::{Action, Answer, Condition, explain},
    read::real_version,
    stage::CHECKSUM_PREFIX,
    write::{CONFLICT_ATTEMPTS, wait_after_conflict},
};

impl S3Bucket {
    /// Completes an upload with `If-None-Match: *`. Where that does not go through, what stands at the key decides.
    pub(super) async fn complete(&self, upload: &StagedUpload) -> Result<Published, BucketError> {
        let mut attempt = 1;
        loop {
            let answer = match self.complete_once(upload).await {
                Ok(version) => return Ok(Published::Now { version }),
                Err(answer) => answer,
            };
            let Some(condition) = answer.condition() else { return Err(answer.explain(Action::PutObject, self.what(&upload.key))) };
            let there = self.published_before(upload).await?;
            if let (Condition::Unreadable, Some(version)) = (condition, &there) {
                return Ok(Published::Now { version: version.clone() });
            }
            if let Some(version) = there {
                // Refused, the upload stays; completed by somebody else, it is gone. Lifecycle sweeps what is left.
                if let Err(error) = self.abort(&upload.key, &upload.upload_id).await {
                    tracing::debug!(key = upload.key, %error, "an upload that is not needed stays until lifecycle sweeps it");
                }
                return Ok(Published::Already { version });
            }
            match condition {
                Condition::NoUpload => {
                    let what = format!("{}, neither published nor as upload {},", self.what(&upload.key), upload.upload_id);
                    return Err(BucketError::NotFound { what });
                }
                Condition::Failed | Condition::Conflict if attempt < CONFLICT_ATTEMPTS => wait_after_conflict(attempt).await,
                Condition::Failed | Condition::Conflict | Condition::Unreadable => {
                    let (operation, what) = (Action::PutObject.iam().to_owned(), self.what(&upload.key));
                    return Err(BucketError::Failed { operation, what, source: Box::new(answer) });
                }
            }
            attempt += 1;
        }
    }

    async fn complete_once(&self, upload: &StagedUpload) -> Result<Option<String>, Answer> {
        let parts = upload.parts.iter().map(|part| {
            CompletedPart::builder().part_number(part.number).e_tag(&part.etag).set_checksum_crc32(part.checksum.clone()).build()
        });
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts.collect())).build();
        let call = self
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .key(self.full_key(&upload.key))
            .upload_id(&upload.upload_id)
            .multipart_upload(parts)
            .checksum_type(ChecksumType::FullObject)
            .set_checksum_crc32(upload.checksum.strip_prefix(CHECKSUM_PREFIX).map(ToOwned::to_owned))
            .mpu_object_size(upload.size_bytes.cast_signed())
            .if_none_match("*");
        let answer = call.send().await.map_err(|error| Answer::of(&error))?;
        Ok(real_version(answer.version_id))
    }

    /// `None` where nothing stands at the key; else its version, if it has one.
    async fn published_before(&self, upload: &StagedUpload) -> Result<Option<Option<String>>, BucketError> {
        let Some(there) = absent_as_none(self.describe(&upload.key, None).await)? else { return Ok(None) };
        let told = there.checksum;
        let same = there.size_bytes == upload.size_bytes && told.is_none_or(|told| told == upload.checksum);
        if same { Ok(Some(there.version)) } else { Err(BucketError::Changed { what: self.what(&upload.key) }) }
    }

    /// Aborts an upload; one that is gone is no error.
    pub(super) async fn abort(&self, key: &str, upload_id: &str) -> Result<(), BucketError> {
        let call = self.client.abort_multipart_upload().bucket(&self.bucket).key(self.full_key(key)).upload_id(upload_id);
        let aborted = call.send().await.map_err(|error| explain(Action::AbortMultipartUpload, self.what(key), &error)).map(|_| ());
        absent_as_none(aborted).map(|_| ())
    }
}
