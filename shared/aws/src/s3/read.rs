//! Listing and reading. Bodies come as they are stored: nothing here inflates by Content-Encoding, and neither does the SDK.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_s3::{
    error::SdkError,
    operation::get_object::{GetObjectError, GetObjectOutput, builders::GetObjectFluentBuilder},
    primitives::{ByteStream, DateTime},
    types::{ChecksumMode, Object},
};
use bytes::{Bytes, BytesMut};
use trailkeep_pipeline::ports::bucket::{BucketError, Fetched, ListPage, ObjectInfo, ObjectSummary};

use super::{
    S3Bucket,
    error::{Action, Answer, explain},
    stage::CHECKSUM_PREFIX,
};

/// Tries of a body that breaks off: the SDK's own retries end when the head of an answer is there.
const BODY_ATTEMPTS: u32 = 3;

impl S3Bucket {
    /// One page of at most 1,000 objects.
    pub(super) async fn list_page(&self, prefix: &str, page: Option<String>) -> Result<ListPage, BucketError> {
        let call = self.client.list_objects_v2().bucket(&self.bucket).prefix(self.full_key(prefix)).set_continuation_token(page);
        let answer = call.send().await.map_err(|error| explain(Action::ListBucket, self.what(prefix), &error))?;
        let next = answer.next_continuation_token.filter(|_| answer.is_truncated == Some(true));
        let objects = answer.contents.unwrap_or_default().into_iter().filter_map(|object| self.summary(object)).collect();
        Ok(ListPage { objects, next })
    }

    /// The folders directly below one, from S3's common prefixes: what lies deeper is not listed.
    pub(super) async fn folders(&self, folder: &str) -> Result<Vec<String>, BucketError> {
        let (mut folders, mut page) = (Vec::new(), None);
        loop {
            let call = self.client.list_objects_v2().bucket(&self.bucket).prefix(self.full_key(folder)).delimiter("/");
            let answer = call.set_continuation_token(page).send().await;
            let answer = answer.map_err(|error| explain(Action::ListBucket, self.what(folder), &error))?;
            let found = answer.common_prefixes.unwrap_or_default().into_iter().filter_map(|common| common.prefix);
            folders.extend(found.filter_map(|found| found.strip_prefix(&self.prefix).map(ToOwned::to_owned)));
            page = answer.next_continuation_token.filter(|_| answer.is_truncated == Some(true));
            if page.is_none() {
                return Ok(folders);
            }
        }
    }

    fn summary(&self, object: Object) -> Option<ObjectSummary> {
        let key = object.key?.strip_prefix(&self.prefix)?.to_owned();
        let size_bytes = object.size.unwrap_or_default().max(0).cast_unsigned();
        Some(ObjectSummary { key, size_bytes, modified_ms: unix_ms(object.last_modified), etag: bare_etag(object.e_tag) })
    }

    /// A whole object.
    pub(super) async fn fetch(&self, key: &str, version: Option<&str>, cap_bytes: u64) -> Result<Fetched, BucketError> {
        let mut attempt = 1;
        loop {
            let call = self.client.get_object().bucket(&self.bucket).key(self.full_key(key)).set_version_id(version.map(ToOwned::to_owned));
            let mut answer = self.begin_get(call, key).await?;
            let body = std::mem::take(&mut answer.body);
            let info = info_of_get(answer);
            self.within_cap(key, info.size_bytes, cap_bytes)?;
            match self.collect(key, body, info.size_bytes).await {
                Ok(body) => return Ok(Fetched { info, body }),
                Err(error) if attempt >= BODY_ATTEMPTS => return Err(error),
                Err(error) => tracing::debug!(key, attempt, %error, "a body broke off and is fetched again"),
            }
            attempt += 1;
        }
    }

    /// Part of an object; of the very one that `described` tells, where that is given.
    pub(super) async fn fetch_range(
        &self,
        key: &str,
        described: Option<&ObjectInfo>,
        offset: u64,
        length: u64,
    ) -> Result<Bytes, BucketError> {
        if length == 0 {
            return Ok(Bytes::new());
        }
        let range = format!("bytes={offset}-{}", offset.saturating_add(length - 1));
        let etag = described.and_then(|info| info.etag.as_deref()).map(|etag| format!("\"{etag}\""));
        let version = described.and_then(|info| info.version.clone());
        let mut attempt = 1;
        loop {
            let call = self.client.get_object().bucket(&self.bucket).key(self.full_key(key)).range(&range);
            let call = call.set_if_match(etag.clone()).set_version_id(version.clone());
            let answer = match call.clone().send().await {
                Err(error) if Answer::of(&error).status == Some(416) => return Ok(Bytes::new()),
                Err(error) => return Err(self.explain_get(key, &error)),
                Ok(answer) => answer,
            };
            let size_bytes = answer.content_length.unwrap_or_default().max(0).cast_unsigned();
            // A store that ignores ranges would answer with everything.
            self.within_cap(key, size_bytes, length)?;
            match self.collect(key, answer.body, size_bytes).await {
                Ok(body) => return Ok(body),
                Err(error) if attempt >= BODY_ATTEMPTS => return Err(error),
                Err(error) => tracing::debug!(key, attempt, %error, "a body broke off and is fetched again"),
            }
            attempt += 1;
        }
    }

    async fn begin_get(&self, call: GetObjectFluentBuilder, key: &str) -> Result<GetObjectOutput, BucketError> {
        call.send().await.map_err(|error| self.explain_get(key, &error))
    }

    fn explain_get(&self, key: &str, error: &SdkError<GetObjectError>) -> BucketError {
        if let Some(GetObjectError::InvalidObjectState(state)) = error.as_service_error() {
            let class = state.storage_class().map_or("an archived storage class", |class| class.as_str());
            return BucketError::Archived { what: self.what(key), storage_class: class.to_owned() };
        }
        explain(Action::GetObject, self.what(key), error)
    }

    fn within_cap(&self, key: &str, size_bytes: u64, cap_bytes: u64) -> Result<(), BucketError> {
        if size_bytes > cap_bytes { Err(BucketError::TooLarge { what: self.what(key), size_bytes, cap_bytes }) } else { Ok(()) }
    }

    /// Reads a body of `size_bytes`; one byte more or less is an error.
    async fn collect(&self, key: &str, mut body: ByteStream, size_bytes: u64) -> Result<Bytes, BucketError> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| BucketError::Failed {
            operation: "read the body of".to_owned(),
            what: self.what(key),
            source,
        };
        let mut bytes = BytesMut::with_capacity(size_bytes as usize);
        while let Some(chunk) = body.try_next().await.map_err(|error| failed(error.into()))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > size_bytes {
                break;
            }
        }
        if bytes.len() as u64 == size_bytes {
            Ok(bytes.freeze())
        } else {
            Err(failed(format!("it has {} bytes or more, and {size_bytes} were announced", bytes.len()).into()))
        }
    }

    /// What HEAD tells, the checksum included.
    pub(super) async fn describe(&self, key: &str, version: Option<&str>) -> Result<ObjectInfo, BucketError> {
        let call = self.client.head_object().bucket(&self.bucket).key(self.full_key(key)).checksum_mode(ChecksumMode::Enabled);
        let answer = call.set_version_id(version.map(ToOwned::to_owned)).send().await;
        let head = answer.map_err(|error| explain(Action::HeadObject, self.what(key), &error))?;
        // With a part count behind it, it is a checksum of the parts' checksums.
        let crc32 = head.checksum_crc32.filter(|checksum| !checksum.contains('-'));
        let info = ObjectInfo {
            size_bytes: head.content_length.unwrap_or_default().max(0).cast_unsigned(),
            etag: bare_etag(head.e_tag),
            version: real_version(head.version_id),
            modified_ms: unix_ms(head.last_modified),
            storage_class: Some(head.storage_class.map_or_else(standard, |class| class.as_str().to_owned())),
            restore: head.restore,
            metadata: sorted(head.metadata),
            content_type: head.content_type,
            content_encoding: head.content_encoding,
            checksum: crc32.map(|crc32| format!("{CHECKSUM_PREFIX}{crc32}")),
        };
        Ok(info)
    }
}

fn info_of_get(answer: GetObjectOutput) -> ObjectInfo {
    ObjectInfo {
        size_bytes: answer.content_length.unwrap_or_default().max(0).cast_unsigned(),
        etag: bare_etag(answer.e_tag),
        version: real_version(answer.version_id),
        modified_ms: unix_ms(answer.last_modified),
        storage_class: Some(answer.storage_class.map_or_else(standard, |class| class.as_str().to_owned())),
        restore: answer.restore,
        metadata: sorted(answer.metadata),
        content_type: answer.content_type,
        content_encoding: answer.content_encoding,
        checksum: None,
    }
}

/// S3 leaves the header out for objects in its Standard class.
fn standard() -> String {
    "STANDARD".to_owned()
}

fn sorted(metadata: Option<HashMap<String, String>>) -> BTreeMap<String, String> {
    metadata.unwrap_or_default().into_iter().collect()
}

fn bare_etag(etag: Option<String>) -> Option<String> {
    etag.map(|etag| etag.trim_matches('"').to_owned())
}

/// Objects that were written before a bucket had versions have the version `null`.
pub(super) fn real_version(version: Option<String>) -> Option<String> {
    version.filter(|version| version != "null")
}

pub(super) fn unix_ms(time: Option<DateTime>) -> Option<i64> {
    time.and_then(|time| time.to_millis().ok())
}
