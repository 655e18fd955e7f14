//! Uploads that are being written: a multipart upload to the final key. One part fills while the one before it is on its way, so that an
//! upload holds at most two parts in memory. Small ones go this way too: only so are they invisible.

use async_trait::async_trait;
use aws_sdk_s3::{
    primitives::ByteStream,
    types::{ChecksumAlgorithm, ChecksumType, ServerSideEncryption},
};
use bytes::Bytes;
use crc32fast::Hasher;
use tokio::task::JoinHandle;
use trailkeep_pipeline::ports::bucket::{BucketError, PutPolicy, StagedPart, StagedUpload, StagedWriter};

use super::{
    S3Bucket,
    error::{Action, explain},
    write::{crc32_text, lock_of},
};

/// Size of a part: 8 MiB. S3 wants at least 5 MiB for all but the last and takes 10,000, so that an upload may reach 78 GiB; a Batch's
/// objects end at 4 GiB.
/// Source: S3 User Guide, "Amazon S3 multipart upload limits".
const PART_BYTES: usize = 8 * 1024 * 1024;

/// What stands before the base64 CRC32 of the full object in [`StagedUpload::checksum`].
pub(super) const CHECKSUM_PREFIX: &str = "crc32:";

/// An upload that is being written. Dropped unfinished, it is left to the bucket's lifecycle rule.
#[derive(Debug)]
pub(super) struct S3Upload {
    bucket: S3Bucket,
    key: String,
    upload_id: String,
    retain_until_ms: Option<i64>,
    filling: Vec<u8>,
    begun_parts: i32,
    under_way: Option<JoinHandle<Result<StagedPart, BucketError>>>,
    parts: Vec<StagedPart>,
    crc32: Hasher,
    written_bytes: u64,
}

impl S3Upload {
    pub(super) async fn begin(bucket: &S3Bucket, key: &str, policy: &PutPolicy) -> Result<Self, BucketError> {
        let (lock_mode, retain_until) = lock_of(policy);
        let metadata = policy.metadata.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        let call = bucket
            .client
            .create_multipart_upload()
            .bucket(&bucket.bucket)
            .key(bucket.full_key(key))
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .checksum_type(ChecksumType::FullObject)
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .set_ssekms_key_id(bucket.key_for(key, policy).await?)
            .bucket_key_enabled(true)
            .set_object_lock_mode(lock_mode)
            .set_object_lock_retain_until_date(retain_until)
            .set_content_type(policy.content_type.clone())
            .set_content_encoding(policy.content_encoding.clone())
            .set_metadata(Some(metadata));
        let answer = call.send().await.map_err(|error| explain(Action::PutObject, bucket.what(key), &error))?;
        let upload_id = answer.upload_id.ok_or_else(|| lacking(bucket, key, "an upload id"))?;
        Ok(Self {
            bucket: bucket.clone(),
            key: key.to_owned(),
            upload_id,
            retain_until_ms: policy.lock.map(|(_, until_ms)| until_ms),
            filling: Vec::new(),
            begun_parts: 0,
            under_way: None,
            parts: Vec::new(),
            crc32: Hasher::new(),
            written_bytes: 0,
        })
    }

    /// Sends the part that has filled, once the one before it has arrived.
    async fn send_part(&mut self) -> Result<(), BucketError> {
        self.await_part().await?;
        self.begun_parts += 1;
        let body = Bytes::from(std::mem::take(&mut self.filling));
        let mut part_crc32 = Hasher::new();
        part_crc32.update(&body);
        self.crc32.combine(&part_crc32);
        let part = Part { number: self.begun_parts, body, crc32: crc32_text(part_crc32.finalize()) };
        self.under_way = Some(tokio::spawn(upload_part(self.bucket.clone(), self.key.clone(), self.upload_id.clone(), part)));
        Ok(())
    }

    async fn await_part(&mut self) -> Result<(), BucketError> {
        if let Some(task) = self.under_way.take() {
            let stopped = |error: tokio::task::JoinError| BucketError::Failed {
                operation: Action::PutObject.iam().to_owned(),
                what: self.bucket.what(&self.key),
                source: error.into(),
            };
            let part = task.await.map_err(stopped)??;
            self.parts.push(part);
        }
        Ok(())
    }
}

impl Drop for S3Upload {
    fn drop(&mut self) {
        if let Some(task) = &self.under_way {
            task.abort();
        }
    }
}

struct Part {
    number: i32,
    body: Bytes,
    crc32: String,
}

async fn upload_part(bucket: S3Bucket, key: String, upload_id: String, part: Part) -> Result<StagedPart, BucketError> {
    let size_bytes = part.body.len() as u64;
    let call = bucket
        .client
        .upload_part()
        .bucket(&bucket.bucket)
        .key(bucket.full_key(&key))
        .upload_id(upload_id)
        .part_number(part.number)
        .checksum_algorithm(ChecksumAlgorithm::Crc32)
        .checksum_crc32(&part.crc32)
        .body(ByteStream::from(part.body));
    let answer = call.send().await.map_err(|error| explain(Action::PutObject, bucket.what(&key), &error))?;
    let etag = answer.e_tag.ok_or_else(|| lacking(&bucket, &key, "an etag of a part"))?;
    Ok(StagedPart { number: part.number, etag, size_bytes, checksum: Some(part.crc32) })
}

fn lacking(bucket: &S3Bucket, key: &str, thing: &str) -> BucketError {
    BucketError::Failed {
        operation: Action::PutObject.iam().to_owned(),
        what: bucket.what(key),
        source: format!("S3's answer lacks {thing}").into(),
    }
}

#[async_trait]
impl StagedWriter for S3Upload {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), BucketError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(PART_BYTES - self.filling.len()));
            self.filling.extend_from_slice(now);
            self.written_bytes += now.len() as u64;
            rest = later;
            if self.filling.len() == PART_BYTES {
                self.send_part().await?;
            }
        }
        Ok(())
    }

    fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    async fn finish(mut self: Box<Self>) -> Result<StagedUpload, BucketError> {
        // An upload has at least one part, be it empty.
        if !self.filling.is_empty() || self.begun_parts == 0 {
            self.send_part().await?;
        }
        self.await_part().await?;
        Ok(StagedUpload {
            key: std::mem::take(&mut self.key),
            upload_id: std::mem::take(&mut self.upload_id),
            parts: std::mem::take(&mut self.parts),
            size_bytes: self.written_bytes,
            checksum: format!("{CHECKSUM_PREFIX}{}", crc32_text(self.crc32.clone().finalize())),
            retain_until_ms: self.retain_until_ms,
        })
    }

    async fn abort(mut self: Box<Self>) -> Result<(), BucketError> {
        // A part that arrives after the abort would stay: wait for it. Whether it succeeded does not matter any more.
        let _ = self.await_part().await;
        self.bucket.abort(&self.key, &self.upload_id).await
    }
}
