//! Which bucket and which key an object of the origin really is: a copied tree and the bucket it was copied from are the same sources.
//!
//! A *root* is what stands before the `AWSLogs` segment in the origin's keys. On S3 it is the trail's key prefix. In a directory it is
//! wherever somebody copied to, and the Digests below it say which bucket and key they were delivered to.

use std::{collections::BTreeMap, sync::Arc};

use trailkeep_keys::LogKey;
use trailkeep_records::{InflateLimits, Inflation, digest::DigestHead, inflate_into};

use super::{config::OriginConfig, error::IngestError};
use crate::ports::bucket::LogBucket;

/// Digests that are read of one root.
const MAX_DIGESTS_READ: usize = 3;
/// Largest stored Digest that is read for its bucket: 16 MiB.
const MAX_DIGEST_BYTES: u64 = 16 << 20;

/// What is known of the origin's roots.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    by_path: BTreeMap<String, usize>,
    roots: Vec<Root>,
}

#[derive(Debug)]
struct Root {
    path: String,
    usual_prefix: String,
    digests: Vec<String>,
    told: Option<Told>,
}

/// What a Digest tells of the root it lies below.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    bucket: String,
    prefix: String,
}

/// The canonical names of one root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RootName {
    /// Canonical bucket.
    pub(crate) bucket: Arc<str>,
    /// What stands before `AWSLogs` in the canonical keys, slash included; may be empty.
    pub(crate) prefix: Arc<str>,
}

/// The canonical names of all roots, and the bucket of files that lie below none.
#[derive(Debug)]
pub(crate) struct RootNames {
    /// By root number.
    pub(crate) roots: Vec<RootName>,
    /// Bucket of files whose names CloudTrail did not make; `None` where nothing tells.
    pub(crate) bucket: Option<Arc<str>>,
}

impl Roots {
    /// The number of the root that the key lies below.
    pub(crate) fn number(&mut self, key: &LogKey) -> usize {
        if let Some(&number) = self.by_path.get(&key.prefix) {
            return number;
        }
        let number = self.roots.len();
        self.roots.push(Root { path: key.prefix.clone(), usual_prefix: usual_prefix(key), digests: Vec::new(), told: None });
        self.by_path.insert(key.prefix.clone(), number);
        number
    }

    /// Remembers a Digest to be asked later.
    pub(crate) fn saw_digest(&mut self, root: usize, key: &str) {
        if let Some(root) = self.roots.get_mut(root)
            && root.told.is_none()
            && root.digests.len() < MAX_DIGESTS_READ
        {
            root.digests.push(key.to_owned());
        }
    }

    /// Names all roots: by option, else by the bucket's own name, else by what its Digests say.
    ///
    /// # Errors
    /// [`IngestError::BucketUnknown`] where nothing tells, [`IngestError::BucketAmbiguous`] where Digests tell different things.
    pub(crate) async fn name(&mut self, origin: &dyn LogBucket, config: &OriginConfig) -> Result<RootNames, IngestError> {
        let given = config.bucket.as_deref().or(origin.bucket_name());
        if origin.bucket_name().is_none() {
            self.ask_digests(origin).await;
        }
        let told = match given {
            Some(_) => None,
            None => self.told_bucket(&origin.address())?,
        };
        let bucket: Option<Arc<str>> = given.map(Arc::from).or(told);
        let mut roots = Vec::with_capacity(self.roots.len());
        for root in &self.roots {
            let bucket = bucket.clone().ok_or_else(|| IngestError::BucketUnknown { origin: origin.address() })?;
            roots.push(RootName { bucket, prefix: root.canonical_prefix(origin, config) });
        }
        Ok(RootNames { roots, bucket })
    }

    /// A Digest that cannot be read tells nothing here; it is landed all the same.
    async fn ask_digests(&mut self, origin: &dyn LogBucket) {
        for root in &mut self.roots {
            for key in std::mem::take(&mut root.digests) {
                if root.told.is_none()
                    && let Ok(fetched) = origin.get(&key, None, MAX_DIGEST_BYTES).await
                {
                    root.told = told_by(&fetched.body);
                }
            }
        }
    }

    fn told_bucket(&self, address: &str) -> Result<Option<Arc<str>>, IngestError> {
        let mut buckets = self.roots.iter().filter_map(|root| root.told.as_ref()).map(|told| &told.bucket);
        let Some(first) = buckets.next() else { return Ok(None) };
        match buckets.find(|other| *other != first) {
            Some(other) => Err(IngestError::BucketAmbiguous { origin: address.to_owned(), first: first.clone(), other: other.clone() }),
            None => Ok(Some(Arc::from(first.as_str()))),
        }
    }
}

impl Root {
    fn canonical_prefix(&self, origin: &dyn LogBucket, config: &OriginConfig) -> Arc<str> {
        let bare = match (&config.key_prefix, origin.bucket_name(), &self.told) {
            (Some(prefix), _, _) => prefix.trim_end_matches('/'),
            (None, Some(_), _) => &self.path,
            (None, None, Some(told)) => &told.prefix,
            (None, None, None) => &self.usual_prefix,
        };
        if bare.is_empty() { Arc::from("") } else { Arc::from(format!("{bare}/")) }
    }
}

/// The prefix of a copied tree where nobody tells: none, or the organization's id as Control Tower sets it (`o-x/AWSLogs/o-x/…`).
fn usual_prefix(key: &LogKey) -> String {
    let last = key.prefix.rsplit('/').next().unwrap_or_default();
    let control_tower = key.organization.is_some_and(|organization| organization.as_str() == last);
    if control_tower { last.to_owned() } else { String::new() }
}

/// Reads a Digest's own account of where it was delivered to.
fn told_by(stored: &[u8]) -> Option<Told> {
    let mut inflated = Vec::new();
    let Inflation::Done { .. } = inflate_into(stored, &mut inflated, &InflateLimits::default()) else { return None };
    let head = DigestHead::parse(&inflated).ok()?;
    let trailkeep_keys::KeyKind::Digest(key) = trailkeep_keys::classify(&head.digest_s3_object, None) else { return None };
    (!head.digest_s3_bucket.is_empty()).then_some(Told { bucket: head.digest_s3_bucket, prefix: key.prefix })
}
