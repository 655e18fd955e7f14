//! An S3 bucket, or a prefix in one, as log bucket and as audit bucket.
//!
//! Every write carries SSE-KMS with a bucket key, a CRC32 of its bytes, and Object Lock where the policy says so, in the request that creates
//! the object. Uploads are staged as multipart uploads to the final key, which S3 shows to nobody until they are completed; their
//! checksum is a CRC32 of the full object, which S3 verifies on completion and tells afterwards. (CRC64NVME would do as well, but
//! emulators answer it wrongly.) Retries and timeouts are the SDK's; a body that breaks off is fetched again here.

mod as_role;
mod encryption;
mod error;
mod open;
mod publish;
mod read;
#[cfg(test)]
pub(crate) mod scripted;
mod stage;
mod standing;
#[cfg(test)]
mod tests;
mod versions;
mod write;

use std::path::Path;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use bytes::Bytes;
use trailkeep_pipeline::ports::bucket::{
    AuditBucket, BucketError, Fetched, ListPage, LogBucket, ObjectInfo, Published, PutOutcome, PutPolicy, StagedUpload, StagedWriter,
    Standing, VersionPage,
};

use encryption::Encryption;
pub use encryption::{kms_key, kms_key_of_prefix};
pub use open::S3Config;

/// An S3 bucket, or a prefix in one. Keys of the ports are relative to the prefix.
#[derive(Debug, Clone)]
pub struct S3Bucket {
    client: Client,
    bucket: String,
    /// Empty, or ends with `/`.
    prefix: String,
    encryption: Encryption,
}

impl S3Bucket {
    /// The key in the bucket.
    fn full_key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The address of a key, for messages.
    fn what(&self, key: &str) -> String {
        format!("s3://{}/{}{key}", self.bucket, self.prefix)
    }
}

#[async_trait]
impl LogBucket for S3Bucket {
    fn address(&self) -> String {
        self.what("")
    }

    fn bucket_name(&self) -> Option<&str> {
        Some(&self.bucket)
    }

    async fn list(&self, prefix: &str, page: Option<String>) -> Result<ListPage, BucketError> {
        self.list_page(prefix, page).await
    }

    async fn list_folders(&self, folder: &str) -> Result<Vec<String>, BucketError> {
        self.folders(folder).await
    }

    async fn get(&self, key: &str, version: Option<&str>, cap_bytes: u64) -> Result<Fetched, BucketError> {
        self.fetch(key, version, cap_bytes).await
    }

    async fn head(&self, key: &str, version: Option<&str>) -> Result<ObjectInfo, BucketError> {
        self.describe(key, version).await
    }

    async fn standing(&self, key: &str) -> Result<Standing, BucketError> {
        self.standing_of(key).await
    }

    async fn get_range(&self, key: &str, info: &ObjectInfo, offset: u64, length: u64) -> Result<Bytes, BucketError> {
        self.fetch_range(key, Some(info), offset, length).await
    }
}

#[async_trait]
impl AuditBucket for S3Bucket {
    fn address(&self) -> String {
        self.what("")
    }

    fn local_path(&self) -> Option<&Path> {
        None
    }

    async fn list(&self, prefix: &str, page: Option<String>) -> Result<ListPage, BucketError> {
        self.list_page(prefix, page).await
    }

    async fn head(&self, key: &str) -> Result<Option<ObjectInfo>, BucketError> {
        absent_as_none(self.describe(key, None).await)
    }

    async fn versions(&self, prefix: &str, page: Option<String>) -> Result<Option<VersionPage>, BucketError> {
        self.version_page(prefix, page.as_deref()).await.map(Some)
    }

    async fn get(&self, key: &str, cap_bytes: u64) -> Result<Option<Bytes>, BucketError> {
        Ok(absent_as_none(self.fetch(key, None, cap_bytes).await)?.map(|fetched| fetched.body))
    }

    async fn get_range(&self, key: &str, offset: u64, length: u64) -> Result<Bytes, BucketError> {
        self.fetch_range(key, None, offset, length).await
    }

    async fn put(&self, key: &str, body: Bytes, policy: &PutPolicy) -> Result<PutOutcome, BucketError> {
        self.put_object(key, body, policy).await
    }

    async fn delete(&self, key: &str) -> Result<(), BucketError> {
        self.delete_object(key).await
    }

    async fn stage(&self, key: &str, policy: &PutPolicy) -> Result<Box<dyn StagedWriter>, BucketError> {
        Ok(Box::new(stage::S3Upload::begin(self, key, policy).await?))
    }

    async fn publish(&self, upload: &StagedUpload) -> Result<Published, BucketError> {
        self.complete(upload).await
    }

    async fn abandon(&self, upload: &StagedUpload) -> Result<(), BucketError> {
        self.abort(&upload.key, &upload.upload_id).await
    }

    async fn restore(&self, key: &str, days: u16, tier: &str) -> Result<(), BucketError> {
        self.restore_object(key, days, tier).await
    }
}

/// `Ok(None)` where nothing is there.
fn absent_as_none<T>(result: Result<T, BucketError>) -> Result<Option<T>, BucketError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(BucketError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
