//! Ports to object stores: where CloudTrail's files come from ([`LogBucket`]) and where the archive
//! is kept ([`AuditBucket`]). Adapters: memory (here), directories (`trailkeep-local`), S3 (`trailkeep-aws`).
//! One contract suite runs on all of them.

use std::{collections::BTreeMap, fmt::Debug};

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// One object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectSummary {
    /// Full key, below the bucket's or directory's configured root.
    pub key: String,
    /// Stored size in bytes.
    pub size_bytes: u64,
    /// Last modification, milliseconds since the Unix epoch, where the store knows it.
    pub modified_ms: Option<i64>,
    /// Entity tag without quotes, where the listing has one.
    pub etag: Option<String>,
}

/// One page of a listing, in ascending byte order of keys.
#[derive(Debug, Clone, Default)]
pub struct ListPage {
    /// The objects of this page.
    pub objects: Vec<ObjectSummary>,
    /// Token for the next page; `None` at the end.
    pub next: Option<String>,
}

/// One version of an object, or what hides its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVersion {
    /// Full key, below the archive's root.
    pub key: String,
    /// S3 version id; `None` for one from before the bucket kept versions.
    pub version: Option<String>,
    /// Whether it is the newest, so that it is what a plain read finds.
    pub is_latest: bool,
    /// It has no bytes: it hides the versions before it, as a delete does.
    pub is_delete_marker: bool,
    /// Stored size in bytes; 0 of a delete marker.
    pub size_bytes: u64,
    /// When it was written, milliseconds since the Unix epoch.
    pub modified_ms: Option<i64>,
}

/// One page of a listing of versions, keys in ascending byte order; in which order the versions of a key come is not said.
#[derive(Debug, Clone, Default)]
pub struct VersionPage {
    /// The versions of this page. Those of one key may go on in the next.
    pub versions: Vec<ObjectVersion>,
    /// Token for the next page; `None` at the end.
    pub next: Option<String>,
}

/// What a store says of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Stored size in bytes.
    pub size_bytes: u64,
    /// Entity tag without quotes.
    pub etag: Option<String>,
    /// S3 version id; `None` where unversioned.
    pub version: Option<String>,
    /// Last modification, milliseconds since the Unix epoch.
    pub modified_ms: Option<i64>,
    /// S3 storage class as S3 spells it (`STANDARD`, `GLACIER_IR`, `DEEP_ARCHIVE` …); `None` on directories.
    pub storage_class: Option<String>,
    /// S3 `x-amz-restore` as it stands, where the object lies in an archived tier.
    pub restore: Option<String>,
    /// User metadata (`x-amz-meta-*` without the prefix; on directories the sidecar `<file>.metadata.json`).
    pub metadata: BTreeMap<String, String>,
    /// Content-Type and Content-Encoding where the store keeps them.
    pub content_type: Option<String>,
    /// Content-Encoding as stored.
    pub content_encoding: Option<String>,
    /// Checksum of the whole as the store keeps it, written as [`StagedUpload::checksum`]: on S3 `crc32:` and base64, where S3 has one of the full
    /// object. `None` where the store tells none, as directories do: nothing is read to answer this.
    pub checksum: Option<String>,
}

/// An object's bytes with what the store says of it.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// What the store says of it.
    pub info: ObjectInfo,
    /// The stored bytes, never transport-inflated.
    pub body: Bytes,
}

/// Why a call to a store failed. Every message names the operation and the object.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The object (or bucket, or directory) is not there.
    #[error("{what} is not there")]
    NotFound {
        /// Full address, `s3://bucket/key` or a path.
        what: String,
    },
    /// The caller may not.
    #[error("not permitted to {operation} {what}: {hint}")]
    Denied {
        /// Operation in words or as the IAM action (`s3:GetObject`).
        operation: String,
        /// Full address.
        what: String,
        /// What to do.
        hint: String,
    },
    /// The object is in an archived storage class and must be restored first.
    #[error("{what} lies in {storage_class} and must be restored before it can be read")]
    Archived {
        /// Full address.
        what: String,
        /// S3's storage class.
        storage_class: String,
    },
    /// Larger than the caller's cap.
    #[error("{what} holds {size_bytes} bytes, more than the cap of {cap_bytes}")]
    TooLarge {
        /// Full address.
        what: String,
        /// Its size in bytes.
        size_bytes: u64,
        /// The cap in bytes.
        cap_bytes: u64,
    },
    /// No room on the device, or a quota is used up.
    #[error("no space left while writing {what}")]
    NoSpace {
        /// Full address.
        what: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The object changed between two reads of it (etag or version differs).
    #[error("{what} changed while it was read")]
    Changed {
        /// Full address.
        what: String,
    },
    /// Anything else; may pass when tried again.
    #[error("failed to {operation} {what}")]
    Failed {
        /// Operation in words.
        operation: String,
        /// Full address.
        what: String,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Whether an object is in a log bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    There,
    /// It is not, and nothing says that it was.
    NotThere,
    /// It was deleted: a delete marker stands in its place.
    Deleted,
}

/// A log bucket: read only.
#[async_trait]
pub trait LogBucket: Debug + Send + Sync {
    /// Address for messages: `s3://bucket/prefix` or a path.
    fn address(&self) -> String;

    /// The S3 bucket's own name; `None` on directories.
    fn bucket_name(&self) -> Option<&str>;

    /// Lists objects whose key starts with `prefix`, ascending. A page holds at most 10,000 objects.
    /// Directories list files recursively, links are not followed, sidecars (`*.metadata.json`) are left out.
    ///
    /// # Errors
    /// [`BucketError`]; a missing root is an error that names it (`NotFound`, or S3's `Failed`).
    async fn list(&self, prefix: &str, page: Option<String>) -> Result<ListPage, BucketError>;

    /// The folders directly below `folder`, as keys that end with `/`, ascending. `folder` is empty or ends with `/`; one that is not there has
    /// none. Directories name empty ones too. All of them are held in memory: meant for folders of accounts, Regions and days.
    /// This one reads a listing of everything below; adapters that can skip what lies deeper do.
    ///
    /// # Errors
    /// [`BucketError`]; a missing root is an error that names it (`NotFound`, or S3's `Failed`).
    async fn list_folders(&self, folder: &str) -> Result<Vec<String>, BucketError> {
        let (mut folders, mut page) = (Vec::<String>::new(), None);
        loop {
            let listed = self.list(folder, page).await?;
            for object in listed.objects {
                let below = object.key.get(folder.len()..).unwrap_or_default();
                let Some(end) = below.find('/') else { continue };
                let found = object.key.get(..=folder.len() + end).unwrap_or_default();
                if folders.last().is_none_or(|last| last != found) {
                    folders.push(found.to_owned());
                }
            }
            page = listed.next;
            if page.is_none() {
                return Ok(folders);
            }
        }
    }

    /// Fetches a whole object, metadata included.
    ///
    /// # Errors
    /// [`BucketError`]; `TooLarge` past `cap_bytes`, before the body is read.
    async fn get(&self, key: &str, version: Option<&str>, cap_bytes: u64) -> Result<Fetched, BucketError>;

    /// What the store says of an object.
    ///
    /// # Errors
    /// [`BucketError`].
    async fn head(&self, key: &str, version: Option<&str>) -> Result<ObjectInfo, BucketError>;

    /// Whether an object is there; where the store keeps what was deleted, whether it was.
    ///
    /// # Errors
    /// [`BucketError`], but `NotFound`.
    async fn standing(&self, key: &str) -> Result<Standing, BucketError> {
        match self.head(key, None).await {
            Ok(_) => Ok(Standing::There),
            Err(BucketError::NotFound { .. }) => Ok(Standing::NotThere),
            Err(error) => Err(error),
        }
    }

    /// Fetches `length` bytes from `offset` (fewer at the end) of the very object that `info` described.
    ///
    /// # Errors
    /// [`BucketError`]; `Changed` where it is another object now.
    async fn get_range(&self, key: &str, info: &ObjectInfo, offset: u64, length: u64) -> Result<Bytes, BucketError>;
}

/// Object Lock mode to set at landing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LockMode {
    /// May be shortened by those who hold `s3:BypassGovernanceRetention`.
    Governance,
    /// May be shortened by nobody.
    Compliance,
}

/// How an object is written. All of it is in the request that creates the object, so that it is never without.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutPolicy {
    /// Object Lock mode and retain-until (milliseconds since the Unix epoch); `None` for prefixes that are not locked.
    pub lock: Option<(LockMode, i64)>,
    /// KMS key ARN for SSE-KMS with a bucket key; `None` = the adapter's default for the prefix.
    pub kms_key_arn: Option<String>,
    /// Content-Type.
    pub content_type: Option<String>,
    /// Content-Encoding; CloudTrail's own objects have `gzip`.
    #[serde(default)]
    pub content_encoding: Option<String>,
    /// User metadata. Staged uploads to directories carry none.
    pub metadata: BTreeMap<String, String>,
    /// Write only if nothing is there (`If-None-Match: *`).
    pub if_absent: bool,
}

/// What a put did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// Written.
    Written,
    /// `if_absent` was asked for and something is there already.
    AlreadyThere,
}

/// A finished but unpublished upload: everything that is needed to publish it later, by any worker. Kept in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedUpload {
    /// Final key, below the archive's root.
    pub key: String,
    /// S3 multipart upload id; on directories the temporary file's path below the archive's root.
    pub upload_id: String,
    /// Parts in order; empty on directories.
    pub parts: Vec<StagedPart>,
    /// Size of the whole in bytes.
    pub size_bytes: u64,
    /// Checksum of the whole with its algorithm in front: `crc32:` and base64 (full object) on S3, `sha256:` and lower hex elsewhere.
    pub checksum: String,
    /// Object Lock retain-until in milliseconds since the Unix epoch, where locked.
    pub retain_until_ms: Option<i64>,
}

/// One uploaded part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedPart {
    /// From 1.
    pub number: i32,
    /// As S3 answered.
    pub etag: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// The part's checksum, base64, in the upload's algorithm.
    pub checksum: Option<String>,
}

/// What publishing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// It became visible now.
    Now {
        /// Version id, where the bucket is versioned.
        version: Option<String>,
    },
    /// It was visible already, with the same size (and checksum, where the store tells it).
    Already {
        /// Version id, where the bucket is versioned.
        version: Option<String>,
    },
}

/// An upload that is being written. Invisible until published.
#[async_trait]
pub trait StagedWriter: Debug + Send {
    /// Appends bytes. Buffers to the store's part size; memory is bounded by that size.
    ///
    /// # Errors
    /// [`BucketError`].
    async fn write(&mut self, bytes: &[u8]) -> Result<(), BucketError>;

    /// Bytes written so far.
    fn written_bytes(&self) -> u64;

    /// Makes it durable (parts uploaded, or file and directory fsynced), still invisible.
    ///
    /// # Errors
    /// [`BucketError`].
    async fn finish(self: Box<Self>) -> Result<StagedUpload, BucketError>;

    /// Throws it away.
    ///
    /// # Errors
    /// [`BucketError`].
    async fn abort(self: Box<Self>) -> Result<(), BucketError>;
}

/// The audit bucket: an archive's root.
#[async_trait]
pub trait AuditBucket: Debug + Send + Sync {
    /// Address for messages: `s3://bucket/prefix` or a path.
    fn address(&self) -> String;

    /// The local directory behind it; `None` on S3. A SQLite ledger lies beside a directory archive.
    fn local_path(&self) -> Option<&std::path::Path>;

    /// Lists objects whose key starts with `prefix`, ascending.
    ///
    /// # Errors
    /// [`BucketError`].
    async fn list(&self, prefix: &str, page: Option<String>) -> Result<ListPage, BucketError>;

    /// What the store says of an object; `None` if it is not there.
    ///
    /// # Errors
    /// [`BucketError`].
    async fn head(&self, key: &str) -> Result<Option<ObjectInfo>, BucketError>;

    /// Lists all versions and delete markers of the objects whose key starts with `prefix`. `None`: this store keeps no versions.
    ///
    /// # Errors
    /// [`BucketError`].
    async fn versions(&self, prefix: &str, page: Option<String>) -> Result<Option<VersionPage>, BucketError> {
        let _ = (prefix, page);
        Ok(None)
    }

    /// A whole object; `None` if it is not there.
    ///
    /// # Errors
    /// [`BucketError`]; `TooLarge` past `cap_bytes`, `Archived` where it must be restored first.
    async fn get(&self, key: &str, cap_bytes: u64) -> Result<Option<Bytes>, BucketError>;

    /// `length` bytes from `offset` (fewer at the end).
    ///
    /// # Errors
    /// [`BucketError`]; `Archived` where it must be restored first.
    async fn get_range(&self, key: &str, offset: u64, length: u64) -> Result<Bytes, BucketError>;

    /// Writes a small object whole, durably and atomically. With `if_absent`, `AlreadyThere` may be what this very call wrote, where S3's
    /// first answer was lost: who must know reads what is there.
    ///
    /// # Errors
    /// [`BucketError`].
    async fn put(&self, key: &str, body: Bytes, policy: &PutPolicy) -> Result<PutOutcome, BucketError>;

    /// Deletes an object; one that is not there is no error. Used for `staging/` and leases only.
    ///
    /// # Errors
    /// [`BucketError`].
    async fn delete(&self, key: &str) -> Result<(), BucketError>;

    /// Begins an upload to the final key, invisible until [`AuditBucket::publish`].
    ///
    /// # Errors
    /// [`BucketError`].
    async fn stage(&self, key: &str, policy: &PutPolicy) -> Result<Box<dyn StagedWriter>, BucketError>;

    /// Makes a finished upload visible, if nothing is there. Idempotent: by any process, any number of times.
    ///
    /// # Errors
    /// [`BucketError`]; `Changed` where another object stands at the key.
    async fn publish(&self, upload: &StagedUpload) -> Result<Published, BucketError>;

    /// Throws a finished but unpublished upload away; one that is gone is no error.
    ///
    /// # Errors
    /// [`BucketError`].
    async fn abandon(&self, upload: &StagedUpload) -> Result<(), BucketError>;

    /// Starts a restore from an archived tier. `days` = how long the copy stays.
    ///
    /// # Errors
    /// [`BucketError`]; directories answer `Failed`.
    async fn restore(&self, key: &str, days: u16, tier: &str) -> Result<(), BucketError>;
}
