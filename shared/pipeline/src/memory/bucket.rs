//! Object store in memory, for tests of what stands on the ports: both ports over one map, every operation counted, and failures on demand.
//! What the failures mean for a Batch is left to the tests that plan them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::ports::bucket::{
    AuditBucket, BucketError, Fetched, ListPage, LogBucket, ObjectInfo, ObjectSummary, Published, PutOutcome, PutPolicy, StagedUpload,
    StagedWriter,
};

/// Objects in one page of a listing, unless [`MemoryBucket::with_page_size`] says otherwise.
const PAGE_OBJECTS: usize = 10_000;

/// How a planned failure shows itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The operation does nothing and fails.
    Refused,
    /// The operation takes effect, and the caller is told that it failed.
    AnswerLost,
    /// The operation does nothing: the caller may not.
    Denied,
}

/// A visible object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryObject {
    /// Its bytes.
    pub body: Bytes,
    /// How it was written.
    pub policy: PutPolicy,
    /// S3's storage class where it must be restored first.
    pub archived: Option<String>,
}

/// An object store in memory. Clones share the objects, the counter and the planned failures.
#[derive(Debug, Clone)]
pub struct MemoryBucket {
    name: Option<String>,
    page_objects: usize,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, MemoryObject>,
    uploads: BTreeMap<String, Upload>,
    uploads_begun: u64,
    operations: u64,
    plan: Option<FaultPlan>,
}

#[derive(Debug)]
struct Upload {
    key: String,
    body: Vec<u8>,
    policy: PutPolicy,
    finished: bool,
}

#[derive(Debug, Clone, Copy)]
struct FaultPlan {
    at: u64,
    lasting: bool,
    fault: Fault,
}

impl Default for MemoryBucket {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryBucket {
    /// An empty store without a bucket name, as a directory would be.
    pub fn new() -> Self {
        Self { name: None, page_objects: PAGE_OBJECTS, state: Arc::default() }
    }

    /// An empty store that calls itself `name`, as an S3 bucket would.
    pub fn named(name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..Self::new() }
    }

    /// The same store with at most `objects` in a page of its listings.
    #[must_use]
    pub fn with_page_size(mut self, objects: usize) -> Self {
        self.page_objects = objects.max(1);
        self
    }

    /// Puts an object there, uncounted and never failing; replaces what is there.
    pub fn insert(&self, key: &str, body: impl Into<Bytes>) {
        self.insert_with(key, body, PutPolicy::default());
    }

    /// As [`MemoryBucket::insert`], with user metadata and the like.
    pub fn insert_with(&self, key: &str, body: impl Into<Bytes>, policy: PutPolicy) {
        let object = MemoryObject { body: body.into(), policy, archived: None };
        self.state().objects.insert(key.to_owned(), object);
    }

    /// Takes an object away, uncounted.
    pub fn remove(&self, key: &str) {
        self.state().objects.remove(key);
    }

    /// Moves an object to an archived storage class, as a lifecycle rule would.
    pub fn archive(&self, key: &str, storage_class: &str) {
        if let Some(object) = self.state().objects.get_mut(key) {
            object.archived = Some(storage_class.to_owned());
        }
    }

    /// All that is visible, by key.
    pub fn objects(&self) -> BTreeMap<String, MemoryObject> {
        self.state().objects.clone()
    }

    /// Keys of uploads that were begun and neither published nor thrown away.
    pub fn pending_uploads(&self) -> Vec<String> {
        self.state().uploads.values().map(|upload| upload.key.clone()).collect()
    }

    /// Operations so far: each call of a port, and each `write`, `finish` and `abort` of an upload, is one.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Lets the operation fail that comes after `skip` more operations; the next is `skip` = 0. Replaces the plan there is.
    pub fn fail_once(&self, skip: u64, fault: Fault) {
        self.plan(skip, false, fault);
    }

    /// As [`MemoryBucket::fail_once`], and every operation after it is refused: to its worker the store is gone, as in a crash.
    pub fn fail_from(&self, skip: u64, fault: Fault) {
        self.plan(skip, true, fault);
    }

    /// Forgets the planned failures.
    pub fn heal(&self) {
        self.state().plan = None;
    }

    fn plan(&self, skip: u64, lasting: bool, fault: Fault) {
        let mut state = self.state();
        let at = state.operations + skip;
        state.plan = Some(FaultPlan { at, lasting, fault });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn what(&self, key: &str) -> String {
        what(self.name.as_deref(), key)
    }

    /// Counts an operation, and runs it unless it is planned to be refused.
    fn operate<T>(&self, operation: &str, key: &str, run: impl FnOnce(&mut State) -> Result<T, BucketError>) -> Result<T, BucketError> {
        let mut state = self.state();
        let number = state.operations;
        state.operations += 1;
        let denied = state.plan.is_some_and(|plan| plan.fault == Fault::Denied);
        let planned = || planned_failure(denied, operation, &self.what(key));
        match state.plan {
            Some(plan) if number == plan.at && plan.fault == Fault::AnswerLost => run(&mut state).and_then(|_| Err(planned())),
            Some(plan) if number == plan.at || (plan.lasting && number > plan.at) => Err(planned()),
            _ => run(&mut state),
        }
    }

    fn list_page(&self, prefix: &str, page: Option<&str>) -> Result<ListPage, BucketError> {
        self.operate("list", prefix, |state| {
            let from = page.map_or(prefix, |token| token.max(prefix));
            let mut keys = state
                .objects
                .range(from.to_owned()..)
                .filter(|(key, _)| page.is_none_or(|token| key.as_str() > token))
                .take_while(|(key, _)| key.starts_with(prefix));
            let objects: Vec<_> = keys.by_ref().take(self.page_objects).map(|(key, object)| summary(key, object)).collect();
            let next = keys.next().and_then(|_| objects.last()).map(|last| last.key.clone());
            Ok(ListPage { objects, next })
        })
    }

    /// The object, if it is there and need not be restored.
    fn readable<'a>(&self, state: &'a State, key: &str) -> Result<Option<&'a MemoryObject>, BucketError> {
        match state.objects.get(key) {
            Some(MemoryObject { archived: Some(class), .. }) => {
                Err(BucketError::Archived { what: self.what(key), storage_class: class.clone() })
            }
            other => Ok(other),
        }
    }

    fn not_found(&self, key: &str) -> BucketError {
        BucketError::NotFound { what: self.what(key) }
    }
}

fn what(name: Option<&str>, key: &str) -> String {
    format!("memory://{}/{key}", name.unwrap_or_default())
}

fn planned_failure(denied: bool, operation: &str, what: &str) -> BucketError {
    let (operation, what) = (operation.to_owned(), what.to_owned());
    if denied {
        return BucketError::Denied { operation, what, hint: "planned by a test".to_owned() };
    }
    BucketError::Failed { operation, what, source: "failure planned by a test".into() }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

fn summary(key: &str, object: &MemoryObject) -> ObjectSummary {
    ObjectSummary { key: key.to_owned(), size_bytes: object.body.len() as u64, modified_ms: None, etag: Some(sha256(&object.body)) }
}

fn info(object: &MemoryObject) -> ObjectInfo {
    ObjectInfo {
        size_bytes: object.body.len() as u64,
        etag: Some(sha256(&object.body)),
        storage_class: object.archived.clone(),
        metadata: object.policy.metadata.clone(),
        content_type: object.policy.content_type.clone(),
        content_encoding: object.policy.content_encoding.clone(),
        ..ObjectInfo::default()
    }
}

fn within_cap(what: String, size_bytes: u64, cap_bytes: u64) -> Result<(), BucketError> {
    if size_bytes > cap_bytes { Err(BucketError::TooLarge { what, size_bytes, cap_bytes }) } else { Ok(()) }
}

fn slice(body: &Bytes, offset: u64, length: u64) -> Bytes {
    let size = body.len() as u64;
    let from = offset.min(size);
    let to = offset.saturating_add(length).min(size);
    body.slice(from as usize..to as usize)
}

#[async_trait]
impl LogBucket for MemoryBucket {
    fn address(&self) -> String {
        self.what("")
    }

    fn bucket_name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    async fn list(&self, prefix: &str, page: Option<String>) -> Result<ListPage, BucketError> {
        self.list_page(prefix, page.as_deref())
    }

    async fn get(&self, key: &str, version: Option<&str>, cap_bytes: u64) -> Result<Fetched, BucketError> {
        self.operate("get", key, |state| {
            let object = self.readable(state, key)?.filter(|_| version.is_none()).ok_or_else(|| self.not_found(key))?;
            within_cap(self.what(key), object.body.len() as u64, cap_bytes)?;
            Ok(Fetched { info: info(object), body: object.body.clone() })
        })
    }

    async fn head(&self, key: &str, version: Option<&str>) -> Result<ObjectInfo, BucketError> {
        self.operate("head", key, |state| state.objects.get(key).filter(|_| version.is_none()).map(info).ok_or_else(|| self.not_found(key)))
    }

    async fn get_range(&self, key: &str, described: &ObjectInfo, offset: u64, length: u64) -> Result<Bytes, BucketError> {
        self.operate("get a range of", key, |state| {
            let object = self.readable(state, key)?.ok_or_else(|| self.not_found(key))?;
            if info(object).etag != described.etag {
                return Err(BucketError::Changed { what: self.what(key) });
            }
            Ok(slice(&object.body, offset, length))
        })
    }
}

#[async_trait]
impl AuditBucket for MemoryBucket {
    fn address(&self) -> String {
        self.what("")
    }

    fn local_path(&self) -> Option<&std::path::Path> {
        None
    }

    async fn list(&self, prefix: &str, page: Option<String>) -> Result<ListPage, BucketError> {
        self.list_page(prefix, page.as_deref())
    }

    async fn head(&self, key: &str) -> Result<Option<ObjectInfo>, BucketError> {
        self.operate("head", key, |state| Ok(state.objects.get(key).map(info)))
    }

    async fn get(&self, key: &str, cap_bytes: u64) -> Result<Option<Bytes>, BucketError> {
        self.operate("get", key, |state| {
            let Some(object) = self.readable(state, key)? else { return Ok(None) };
            within_cap(self.what(key), object.body.len() as u64, cap_bytes)?;
            Ok(Some(object.body.clone()))
        })
    }

    async fn get_range(&self, key: &str, offset: u64, length: u64) -> Result<Bytes, BucketError> {
        self.operate("get a range of", key, |state| {
            let object = self.readable(state, key)?.ok_or_else(|| self.not_found(key))?;
            Ok(slice(&object.body, offset, length))
        })
    }

    async fn put(&self, key: &str, body: Bytes, policy: &PutPolicy) -> Result<PutOutcome, BucketError> {
        self.operate("put", key, |state| {
            if policy.if_absent && state.objects.contains_key(key) {
                return Ok(PutOutcome::AlreadyThere);
            }
            state.objects.insert(key.to_owned(), MemoryObject { body, policy: policy.clone(), archived: None });
            Ok(PutOutcome::Written)
        })
    }

    async fn delete(&self, key: &str) -> Result<(), BucketError> {
        self.operate("delete", key, |state| {
            state.objects.remove(key);
            Ok(())
        })
    }

    async fn stage(&self, key: &str, policy: &PutPolicy) -> Result<Box<dyn StagedWriter>, BucketError> {
        self.operate("stage", key, |state| {
            state.uploads_begun += 1;
            let upload_id = format!("upload-{}", state.uploads_begun);
            let upload = Upload { key: key.to_owned(), body: Vec::new(), policy: policy.clone(), finished: false };
            state.uploads.insert(upload_id.clone(), upload);
            let writer = MemoryUpload { bucket: self.clone(), key: key.to_owned(), upload_id, written_bytes: 0 };
            Ok(Box::new(writer) as Box<dyn StagedWriter>)
        })
    }

    async fn publish(&self, staged: &StagedUpload) -> Result<Published, BucketError> {
        self.operate("publish", &staged.key, |state| {
            if let Some(there) = state.objects.get(&staged.key) {
                let same = there.body.len() as u64 == staged.size_bytes && checksum(&there.body) == staged.checksum;
                if !same {
                    return Err(BucketError::Changed { what: self.what(&staged.key) });
                }
                state.uploads.remove(&staged.upload_id);
                return Ok(Published::Already { version: None });
            }
            let finished = state.uploads.get(&staged.upload_id).is_some_and(|upload| upload.finished && upload.key == staged.key);
            let upload = finished.then(|| state.uploads.remove(&staged.upload_id)).flatten();
            let upload = upload.ok_or_else(|| BucketError::NotFound {
                what: format!("{}, neither published nor as upload {}", self.what(&staged.key), staged.upload_id),
            })?;
            let object = MemoryObject { body: upload.body.into(), policy: upload.policy, archived: None };
            state.objects.insert(upload.key, object);
            Ok(Published::Now { version: None })
        })
    }

    async fn abandon(&self, staged: &StagedUpload) -> Result<(), BucketError> {
        self.operate("abandon", &staged.key, |state| {
            state.uploads.remove(&staged.upload_id);
            Ok(())
        })
    }

    async fn restore(&self, key: &str, _days: u16, _tier: &str) -> Result<(), BucketError> {
        self.operate("restore", key, |state| {
            let object = state.objects.get_mut(key).ok_or_else(|| self.not_found(key))?;
            object.archived = None;
            Ok(())
        })
    }
}

fn checksum(body: &[u8]) -> String {
    format!("sha256:{}", sha256(body))
}

#[derive(Debug)]
struct MemoryUpload {
    bucket: MemoryBucket,
    key: String,
    upload_id: String,
    written_bytes: u64,
}

impl MemoryUpload {
    fn gone(&self) -> BucketError {
        BucketError::NotFound { what: format!("upload {} of {}", self.upload_id, self.bucket.what(&self.key)) }
    }
}

#[async_trait]
impl StagedWriter for MemoryUpload {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), BucketError> {
        self.bucket.operate("write", &self.key, |state| {
            let upload = state.uploads.get_mut(&self.upload_id).ok_or_else(|| self.gone())?;
            upload.body.extend_from_slice(bytes);
            Ok(())
        })?;
        self.written_bytes += bytes.len() as u64;
        Ok(())
    }

    fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    async fn finish(self: Box<Self>) -> Result<StagedUpload, BucketError> {
        self.bucket.operate("finish", &self.key, |state| {
            let upload = state.uploads.get_mut(&self.upload_id).ok_or_else(|| self.gone())?;
            upload.finished = true;
            Ok(StagedUpload {
                key: self.key.clone(),
                upload_id: self.upload_id.clone(),
                parts: Vec::new(),
                size_bytes: upload.body.len() as u64,
                checksum: checksum(&upload.body),
                retain_until_ms: upload.policy.lock.map(|(_, until_ms)| until_ms),
            })
        })
    }

    async fn abort(self: Box<Self>) -> Result<(), BucketError> {
        self.bucket.operate("abort", &self.key, |state| {
            state.uploads.remove(&self.upload_id);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::contract;

    #[tokio::test]
    async fn memory_keeps_the_contract_of_log_buckets() {
        contract::bucket::log_bucket(async |seeds| {
            let bucket = MemoryBucket::named("logs").with_page_size(2);
            for seed in seeds {
                bucket.insert_with(&seed.key, seed.body, PutPolicy { metadata: seed.metadata, ..PutPolicy::default() });
            }
            Arc::new(bucket) as Arc<dyn LogBucket>
        })
        .await;
    }

    #[tokio::test]
    async fn memory_keeps_the_contract_of_audit_buckets() {
        contract::bucket::audit_bucket(async || Arc::new(MemoryBucket::new().with_page_size(3)) as Arc<dyn AuditBucket>).await;
    }

    #[tokio::test]
    async fn a_refused_operation_leaves_no_trace_and_a_lost_answer_does() {
        let bucket = MemoryBucket::new();
        let put = async |key: &str| bucket.put(key, Bytes::new(), &PutPolicy::default()).await;
        bucket.fail_once(1, Fault::Refused);
        assert!(put("first").await.is_ok());
        assert!(put("second").await.is_err());
        assert!(put("third").await.is_ok());
        bucket.fail_from(0, Fault::AnswerLost);
        assert!(put("fourth").await.is_err());
        assert!(put("fifth").await.is_err());
        bucket.heal();
        assert!(put("sixth").await.is_ok());
        assert_eq!(bucket.objects().keys().collect::<Vec<_>>(), ["first", "fourth", "sixth", "third"]);
        assert_eq!(bucket.operations(), 6);
    }
}
