//! CloudTrail's public keys as an archive keeps them: the newest file below `keys/`, which has all that were got by then, and the one that people put
//! there.

use trailkeep_archive::layout::{self, parse_public_keys_key};
use trailkeep_digests::{MAX_KEYS_BYTES, PublicKeys, PublicKeysError};
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};
use trailkeep_records::hash::sha256;

/// The file that people put there.
const BY_HAND: &str = "keys/public-keys.json";
/// Files that are tried for the newest that can be read.
const MAX_TRIED: usize = 16;

/// The keys of an archive.
#[derive(Debug, Default)]
pub struct KeptKeys {
    /// The keys: none where the archive keeps none.
    pub keys: PublicKeys,
    /// The files that they are from: the newest of those that were got, and the one put there by hand, as far as they are there.
    pub files: Vec<KeptKeysFile>,
    /// What was not taken, or not as it is, and why.
    pub refused: Vec<RefusedKept>,
}

/// A file of public keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptKeysFile {
    /// Its key in the archive.
    pub key: String,
    /// SHA-256 of it, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// A key, or a whole file, that was not taken as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedKept {
    /// The file.
    pub file: String,
    /// The key's fingerprint; none where there is none, and for a whole file.
    pub fingerprint: Option<String>,
    /// A stable name: one of `KeyReason`, of `KeyContradiction`, or `unreadable` for a whole file.
    pub reason: &'static str,
    /// The same for a person.
    pub detail: String,
}

/// Why the kept keys could not be read.
#[derive(Debug, thiserror::Error)]
pub enum KeptKeysError {
    /// The archive's store failed, or may not be read.
    #[error("the public keys that the archive keeps could not be read")]
    Bucket(#[from] BucketError),
    /// There are files, and none of them can be read.
    #[error("{key} of the archive cannot be read, and no other file of public keys can: put one there, or name one")]
    Unreadable {
        /// The first of them.
        key: String,
        /// Why.
        #[source]
        source: PublicKeysError,
    },
}

/// Reads the public keys that an archive keeps: the newest `keys/<time>.json` that can be read, united with `keys/public-keys.json`. Where the two
/// contradict each other, the newest stays and the other is told.
///
/// # Errors
/// [`KeptKeysError`]; an archive without keys is none.
pub async fn kept_keys(bucket: &dyn AuditBucket) -> Result<KeptKeys, KeptKeysError> {
    let mut kept = KeptKeys::default();
    let mut failed = None;
    let mut got = got(bucket).await?;
    got.sort_unstable_by(|a, b| b.cmp(a));
    for key in got.into_iter().take(MAX_TRIED) {
        if kept.take(bucket, key, &mut failed).await? {
            break;
        }
    }
    kept.take(bucket, BY_HAND.to_owned(), &mut failed).await?;
    match failed {
        Some((key, source)) if kept.files.is_empty() => Err(KeptKeysError::Unreadable { key, source }),
        _ => Ok(kept),
    }
}

impl KeptKeys {
    /// Takes the keys of a file; tells whether it is there and can be read.
    async fn take(
        &mut self,
        bucket: &dyn AuditBucket,
        key: String,
        failed: &mut Option<(String, PublicKeysError)>,
    ) -> Result<bool, BucketError> {
        let json = match bucket.get(&key, MAX_KEYS_BYTES as u64).await {
            Ok(Some(json)) => json,
            Ok(None) => return Ok(false),
            Err(BucketError::TooLarge { size_bytes, .. }) => {
                self.unreadable(key, PublicKeysError::TooLarge { bytes: size_bytes as usize }, failed);
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let mut read = PublicKeys::new();
        let refused = match read.add_kept(&json) {
            Ok(refused) => refused,
            Err(error) => {
                self.unreadable(key, error, failed);
                return Ok(false);
            }
        };
        self.refused.extend(refused.into_iter().map(|refused| RefusedKept {
            file: key.clone(),
            fingerprint: refused.fingerprint,
            reason: refused.reason.name(),
            detail: format!("key {} of the file is none that can be used", refused.index),
        }));
        let conflicts = self.keys.unite(&read).into_iter().map(|conflict| RefusedKept {
            file: key.clone(),
            fingerprint: Some(conflict.fingerprint.to_string()),
            reason: conflict.contradiction.name(),
            detail: format!("{}: it contradicts what was got from {}", conflict.region, conflict.kept.source),
        });
        self.refused.extend(conflicts);
        self.files.push(KeptKeysFile { key, sha256: hex::encode(sha256(&json)) });
        Ok(true)
    }

    fn unreadable(&mut self, key: String, error: PublicKeysError, failed: &mut Option<(String, PublicKeysError)>) {
        let detail = format!("the file cannot be read: {error}");
        self.refused.push(RefusedKept { file: key.clone(), fingerprint: None, reason: "unreadable", detail });
        failed.get_or_insert((key, error));
    }
}

/// The files of keys that were got, by their keys.
async fn got(bucket: &dyn AuditBucket) -> Result<Vec<String>, BucketError> {
    let (mut keys, mut page) = (Vec::new(), None);
    loop {
        let listed = match bucket.list(layout::KEYS, page).await {
            // A directory has no folder for what it does not hold.
            Err(BucketError::NotFound { .. }) => return Ok(keys),
            listed => listed?,
        };
        keys.extend(listed.objects.into_iter().map(|object| object.key).filter(|key| parse_public_keys_key(key).is_some()));
        page = listed.next;
        if page.is_none() {
            return Ok(keys);
        }
    }
}
