//! Heads of the chain in a second account: whoever administers the first one cannot take them back.
//!
//! For each attestation one small object, `heads/<16 hex of the archive's name>/<12 digits>.json`, written only if nothing is there. The chain is held
//! against them by [`crate::check`].

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use trailkeep_audit::{
    Day, Sha256,
    attestation::{Envelope, Kind, canonical_json},
};
use trailkeep_pipeline::{
    batch::Retention,
    ports::bucket::{AuditBucket, BucketError, PutOutcome, PutPolicy},
};

use crate::{
    error::AttestError,
    kept::{self, Listing, number_of},
};

/// The version of heads that this release writes and reads.
const VERSION: u32 = 1;
/// Largest head that is read: 16 KiB.
const MAX_HEAD_BYTES: u64 = 16 << 10;
const DAY_MS: i64 = 86_400_000;

/// One head: which attestation had a number, and when that was put down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The format: 1.
    pub version: u32,
    /// The archive's name.
    pub archive: String,
    /// Number of the attestation.
    pub sequence: u64,
    /// Its day.
    pub day: Day,
    /// Its kind.
    pub kind: Kind,
    /// SHA-256 of the envelope.
    pub envelope_sha256: Sha256,
    /// SHA-256 of its statement's canonical JSON.
    pub statement_sha256: Sha256,
    /// When the head was put here, milliseconds since 1970.
    pub made_at_ms: i64,
}

/// Why a head was not put.
#[derive(Debug, thiserror::Error)]
pub enum HeadError {
    /// The store failed, or may not be used.
    #[error("the head of attestation {sequence} could not be put into {store}")]
    Bucket {
        /// The number.
        sequence: u64,
        /// The store's address.
        store: String,
        /// The cause.
        #[source]
        source: BucketError,
    },
    /// Another head is there: somebody told another story before.
    #[error("{key} in {store} is the head of another attestation {sequence}: the chain here is not the one that was told there")]
    Differs {
        /// The number.
        sequence: u64,
        /// The store's address.
        store: String,
        /// The head's key.
        key: String,
    },
}

/// Where heads are put, with how they are protected there.
#[derive(Debug, Clone)]
pub struct HeadStore {
    bucket: Arc<dyn AuditBucket>,
    policy: PutPolicy,
    retention: Option<Retention>,
}

/// What is kept of heads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heads {
    /// The heads that can be read.
    pub(crate) heads: BTreeMap<u64, Head>,
    /// Keys of what cannot be, with why.
    pub(crate) unreadable: Vec<(String, String)>,
}

impl Head {
    /// The head of an envelope.
    ///
    /// # Errors
    /// [`AttestError::Envelope`]; a fault of the program.
    pub fn of(envelope: &Envelope, now_ms: i64) -> Result<Self, AttestError> {
        let statement = &envelope.statement;
        Ok(Self {
            version: VERSION,
            archive: statement.archive.clone(),
            sequence: statement.sequence,
            day: statement.day,
            kind: statement.kind,
            envelope_sha256: envelope.sha256()?,
            statement_sha256: statement.sha256()?,
            made_at_ms: now_ms,
        })
    }

    /// Whether it is the head of the same attestation, whenever it was put there.
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        self.clone() == Self { made_at_ms: self.made_at_ms, ..other.clone() }
    }
}

impl HeadStore {
    /// A store of heads. `policy` says how they are locked and encrypted there.
    pub fn new(bucket: Arc<dyn AuditBucket>, policy: PutPolicy) -> Self {
        Self { bucket, policy, retention: None }
    }

    /// Each head is locked from when it is put, in place of what the policy says: for processes that run for long.
    #[must_use]
    pub fn locked_for(self, retention: Option<Retention>) -> Self {
        Self { retention, ..self }
    }

    /// Its address.
    pub fn address(&self) -> String {
        self.bucket.address()
    }

    /// Puts a head; one that is there already is as good.
    ///
    /// # Errors
    /// [`HeadError`].
    pub async fn put(&self, head: &Head) -> Result<(), HeadError> {
        let (sequence, store) = (head.sequence, self.address());
        let failed = |source| HeadError::Bucket { sequence, store: store.clone(), source };
        let key = format!("{}{sequence:012}.json", folder(&head.archive));
        let body = canonical_json(head).unwrap_or_default();
        let from_now =
            |retention: Retention| (retention.mode, head.made_at_ms.saturating_add(i64::from(retention.days).saturating_mul(DAY_MS)));
        let lock = self.retention.map(from_now).or(self.policy.lock);
        let policy = PutPolicy { if_absent: true, content_type: Some("application/json".to_owned()), lock, ..self.policy.clone() };
        if self.bucket.put(&key, body.into(), &policy).await.map_err(failed)? == PutOutcome::Written {
            return Ok(());
        }
        let there = self.bucket.get(&key, MAX_HEAD_BYTES).await.map_err(failed)?.and_then(|bytes| parse(&bytes).ok());
        if there.is_some_and(|there| there.is_of(head)) { Ok(()) } else { Err(HeadError::Differs { sequence, store, key }) }
    }

    /// Puts the heads that are not there yet, of all attestations of the archive: some may have failed when they were made. Gives how many.
    ///
    /// # Errors
    /// [`HeadError`]; an attestation that cannot be read has no head and is passed over: [`crate::check`] tells it.
    pub async fn catch_up(&self, archive: &dyn AuditBucket, name: &str, now_ms: i64) -> Result<u64, HeadError> {
        let failed = |source| HeadError::Bucket { sequence: 0, store: self.address(), source };
        let listing = Listing::of(archive).await.map_err(failed)?;
        let there: std::collections::BTreeSet<u64> =
            self.keys(name).await.map_err(failed)?.iter().filter_map(|key| number_of(key.rsplit('/').next()?)).collect();
        let mut put = 0;
        for kept in listing.attestations.iter().filter(|kept| !there.contains(&kept.sequence)) {
            let Some(bytes) = kept::read(archive, &kept.key()).await.map_err(failed)? else { continue };
            let Ok(envelope) = Envelope::parse(&bytes) else { continue };
            let Ok(head) = Head::of(&envelope, now_ms) else { continue };
            if head.sequence == kept.sequence && head.archive == name {
                self.put(&head).await?;
                put += 1;
            }
        }
        Ok(put)
    }

    /// All heads of an archive.
    pub(crate) async fn read(&self, archive: &str) -> Result<Heads, BucketError> {
        let mut all = Heads::default();
        for key in self.keys(archive).await? {
            let bytes = match self.bucket.get(&key, MAX_HEAD_BYTES).await {
                Ok(Some(bytes)) => bytes,
                Ok(None) => continue,
                Err(error @ BucketError::TooLarge { .. }) => {
                    all.unreadable.push((key, error.to_string()));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let number = key.rsplit('/').next().and_then(number_of);
            match parse(&bytes) {
                Ok(head) if Some(head.sequence) == number && head.archive == archive => {
                    all.heads.insert(head.sequence, head);
                }
                Ok(_) => all.unreadable.push((key, "it is of another number or archive than its key".to_owned())),
                Err(reason) => all.unreadable.push((key, reason)),
            }
        }
        Ok(all)
    }

    async fn keys(&self, archive: &str) -> Result<Vec<String>, BucketError> {
        kept::keys(self.bucket.as_ref(), &folder(archive)).await
    }
}

fn parse(bytes: &[u8]) -> Result<Head, String> {
    let head: Head = serde_json::from_slice(bytes).map_err(|error| format!("it is no head: {error}"))?;
    let canonical = canonical_json(&head).is_ok_and(|canonical| canonical == bytes);
    if head.version == VERSION && canonical { Ok(head) } else { Err("it is not canonical, or of another version".to_owned()) }
}

/// Where the heads of an archive lie. Names may hold anything, so that their hash stands for them.
fn folder(archive: &str) -> String {
    let hash = Sha256::of(archive.as_bytes()).to_string();
    format!("heads/{}/", hash.get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use trailkeep_pipeline::{memory::MemoryBucket, ports::bucket::LockMode};

    use super::*;

    fn head(sequence: u64, made_at_ms: i64) -> Head {
        let (day, hash) = (Day::of(0), Sha256::of(b"x"));
        let archive = "s3://audit".to_owned();
        Head { version: 1, archive, sequence, day, kind: Kind::Final, envelope_sha256: hash, statement_sha256: hash, made_at_ms }
    }

    #[tokio::test]
    async fn a_head_is_put_once_and_another_one_is_refused() {
        let bucket = MemoryBucket::new();
        let store = HeadStore::new(Arc::new(bucket.clone()), PutPolicy::default());
        store.put(&head(7, 1)).await.unwrap();
        store.put(&head(7, 2)).await.unwrap();
        let other = Head { envelope_sha256: Sha256::of(b"y"), ..head(7, 1) };
        assert!(matches!(store.put(&other).await, Err(HeadError::Differs { sequence: 7, .. })));
        assert_eq!(bucket.objects().keys().map(String::as_str).collect::<Vec<_>>(), ["heads/c06ef0206ab0d367/000000000007.json"]);
        let heads = store.read("s3://audit").await.unwrap();
        assert_eq!((heads.heads.get(&7), heads.unreadable.len()), (Some(&head(7, 1)), 0));
    }

    #[tokio::test]
    async fn each_head_is_locked_from_when_it_is_put() {
        let bucket = MemoryBucket::new();
        let retention = Retention { mode: LockMode::Compliance, days: 2 };
        let store = HeadStore::new(Arc::new(bucket.clone()), PutPolicy::default()).locked_for(Some(retention));
        store.put(&head(1, 5)).await.unwrap();
        store.put(&head(2, 5 + DAY_MS)).await.unwrap();
        let locks: Vec<_> = bucket.objects().into_values().map(|object| object.policy.lock).collect();
        assert_eq!(locks, [Some((LockMode::Compliance, 5 + 2 * DAY_MS)), Some((LockMode::Compliance, 5 + 3 * DAY_MS))]);
    }

    #[tokio::test]
    async fn what_is_no_head_is_told_with_a_reason() {
        let bucket = MemoryBucket::new();
        let folder = folder("s3://audit");
        let written = canonical_json(&head(1, 1)).unwrap();
        bucket.insert(&format!("{folder}000000000001.json"), written.clone());
        bucket.insert(&format!("{folder}000000000002.json"), written.clone());
        bucket.insert(&format!("{folder}000000000003.json"), [b" ", written.as_slice()].concat());
        bucket.insert(&format!("{folder}000000000004.json"), vec![b'['; 1 << 20]);
        bucket.insert(&format!("{folder}x"), "{}");
        let heads = HeadStore::new(Arc::new(bucket), PutPolicy::default()).read("s3://audit").await.unwrap();
        assert_eq!((heads.heads.len(), heads.unreadable.len()), (1, 4), "{heads:?}");
    }
}
