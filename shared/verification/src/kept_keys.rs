//! CloudTrail's public keys as an archive keeps them: the files below `keys/`, which the auditor writes, and the one that people put there.
//!
//! Whoever may write there can put junk, or keys of his own, beside them. One bad file must not keep the others from being used, and none of it may go
//! unsaid: every file that can be read is used, what cannot be or contradicts the others is told by name and makes a verdict of "verified" impossible, and
//! each key of a verdict names the file that it is from.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use trailkeep_archive::layout::{self, parse_public_keys_key};
use trailkeep_digests::{Fingerprint, MAX_KEYS_BYTES, PublicKeys, PublicKeysError};
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};
use trailkeep_records::hash::sha256;

use crate::verdict::{Finding, Verdict};

/// The file that people put there.
const BY_HAND: &str = "keys/public-keys.json";
/// Most files of the auditor's that are read: the newest 128. Each has all keys that were kept before it.
const MAX_FILES: usize = 128;
/// Most bytes of them that are read together: 64 MiB. A key takes some 900 bytes, ten years of 17 Regions 2 MB.
const MAX_BYTES: u64 = 64 << 20;
/// Files that are read at once.
const AT_ONCE: usize = 16;
/// What is not told one by one: the first hundred are.
const MAX_TOLD: usize = 100;
/// How far ahead a writer's clock may be, in milliseconds: a day.
const AHEAD_MS: i64 = 86_400_000;
/// The finding of what was refused.
const FINDING: &str = "kept_keys_refused";

/// The keys of an archive.
#[derive(Debug, Default)]
pub struct KeptKeys {
    /// The keys: none where the archive keeps none.
    pub keys: PublicKeys,
    /// The files that they are from, as far as they are there and can be read: those that were got, the newest first; then the one put there by hand.
    pub files: Vec<KeptKeysFile>,
    /// What was not taken, or not as it is, and why: the first hundred.
    pub refused: Vec<RefusedKept>,
    /// How much that is in all.
    pub refused_count: u64,
    /// The oldest file that has a key.
    held_in: BTreeMap<Fingerprint, String>,
}

/// A file of public keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptKeysFile {
    /// Its key in the archive.
    pub key: String,
    /// SHA-256 of it, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// A key, or a whole object, that was not taken as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedKept {
    /// The object.
    pub file: String,
    /// The key's fingerprint; none where there is none, and for a whole object.
    pub fingerprint: Option<String>,
    /// A stable name: one of `KeyReason`, of `KeyContradiction`, or, for a whole object, `unreadable`, `strange_name`, `name_from_the_future` (it is taken all the
    /// same), `not_read`.
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

/// What lies below `keys/`.
#[derive(Debug, Default)]
struct Listed {
    /// Files of the auditor's with their sizes, the newest first.
    got: Vec<(String, u64)>,
    by_hand: bool,
    /// The first hundred, and how many there are.
    strange: Vec<String>,
    strange_count: u64,
}

/// Reads the public keys that an archive keeps, as of `now_ms`, milliseconds since 1970: all files `keys/<time>.json` that can be read, up to the newest 128,
/// united with `keys/public-keys.json`. Where two contradict each other about a key it is believed for what both say, if that is anything, and told.
///
/// # Errors
/// [`KeptKeysError`]; an archive without keys is none.
pub async fn kept_keys(bucket: &dyn AuditBucket, now_ms: i64) -> Result<KeptKeys, KeptKeysError> {
    let listed = listed(bucket).await?;
    let mut kept = KeptKeys::default();
    for key in listed.strange {
        kept.refuse(key, None, "strange_name", "nothing below keys/ is called so: it is not read".to_owned());
    }
    kept.refused_count = listed.strange_count;
    let (mut wanted, mut left_out, mut bytes) = (Vec::new(), 0_usize, 0_u64);
    for (key, size_bytes) in listed.got {
        // One that is larger than any is not read, and takes no other one's place.
        if size_bytes > MAX_KEYS_BYTES as u64 {
            let error = PublicKeysError::TooLarge { bytes: size_bytes as usize };
            kept.refuse(key, None, "unreadable", format!("the file cannot be read: {error}"));
        } else if wanted.len() == MAX_FILES || bytes + size_bytes > MAX_BYTES {
            left_out += 1;
        } else {
            bytes += size_bytes;
            wanted.push(key);
        }
    }
    if listed.by_hand {
        wanted.push(BY_HAND.to_owned());
    }
    let read: Vec<(String, Result<Option<Bytes>, PublicKeysError>)> =
        stream::iter(wanted).map(|key| whole(bucket, key)).buffered(AT_ONCE).try_collect().await?;
    let failed = kept.unite(read, now_ms);
    if left_out > 0 && kept.refused_count > 0 {
        let detail = format!("{left_out} older files of public keys were not read: remove what is not the auditor's");
        kept.refuse(layout::KEYS.to_owned(), None, "not_read", detail);
    }
    match failed {
        Some((key, source)) if kept.files.is_empty() => Err(KeptKeysError::Unreadable { key, source }),
        _ => Ok(kept),
    }
}

impl KeptKeys {
    /// Keys that are from elsewhere: no archive keeps them, and nothing of them is told.
    pub fn of(keys: PublicKeys) -> Self {
        Self { keys, ..Self::default() }
    }

    /// Puts into a verdict what was refused here, each a finding, and with each key the file that it is from. At most `findings_kept` findings stand in a verdict;
    /// all are counted.
    pub fn tell(&self, verdict: &mut Verdict, findings_kept: usize) {
        if let Some((name, count)) = self.finding_counts() {
            verdict.verified = false;
            *verdict.finding_counts.entry(name).or_default() += count;
        }
        let room = findings_kept.saturating_sub(verdict.findings.len());
        verdict.findings.extend(self.findings().take(room));
        for key in &mut verdict.trust {
            let file = key.fingerprint.parse().ok().and_then(|fingerprint| self.held_in.get(&fingerprint));
            if let Some(file) = file {
                key.obtained_from = format!("{file} of the archive, which says: {}", key.obtained_from);
            }
        }
    }

    /// The name of these findings, and how many there are; none: none.
    pub fn finding_counts(&self) -> Option<(&'static str, u64)> {
        (self.refused_count > 0).then_some((FINDING, self.refused_count))
    }

    /// What was refused, as findings: the first hundred.
    pub fn findings(&self) -> impl Iterator<Item = Finding> {
        self.refused.iter().map(|refused| {
            let evidence = refused.fingerprint.iter().map(|fingerprint| ("fingerprint", fingerprint.clone()));
            Finding {
                name: FINDING,
                key: Some(refused.file.clone()),
                reasons: vec![refused.reason],
                detail: refused.detail.clone(),
                evidence: evidence.collect(),
                ..Finding::default()
            }
        })
    }

    /// What a statement says of them: SHA-256, lower hex, of the file that has exactly these keys, and which it is; where no file alone has them, of the file that
    /// would ([`PublicKeys::to_json`]), and the files that they are united from. None where no file can be read.
    pub fn stated(&self) -> Option<(String, String)> {
        let newest = self.files.first()?;
        let united = hex::encode(sha256(self.keys.to_json().as_bytes()));
        match self.files.iter().find(|file| file.sha256 == united) {
            Some(file) => Some((file.sha256.clone(), format!("{} of the archive", file.key))),
            None if self.files.len() == 1 && self.refused_count == 0 => {
                Some((newest.sha256.clone(), format!("{} of the archive", newest.key)))
            }
            None => {
                let names: Vec<&str> = self.files.iter().take(5).map(|file| file.key.as_str()).collect();
                let more = if self.files.len() > names.len() { " and older ones" } else { "" };
                Some((united, format!("united from {}{more} of the archive", names.join(", "))))
            }
        }
    }

    /// Takes files, of the auditor's the newest first. Gives the first that cannot be read.
    fn unite(&mut self, read: Vec<(String, Result<Option<Bytes>, PublicKeysError>)>, now_ms: i64) -> Option<(String, PublicKeysError)> {
        let mut failed = None;
        let mut parsed = Vec::new();
        for (key, bytes) in read {
            let one = match bytes {
                Ok(None) => continue,
                Ok(Some(json)) => {
                    let mut keys = PublicKeys::new();
                    keys.add_kept(&json).map(|refused| (keys, refused, hex::encode(sha256(&json))))
                }
                Err(error) => Err(error),
            };
            match one {
                Ok((keys, refused, sha256)) => {
                    for refused in refused {
                        let detail = format!("key {} of the file is none that can be used", refused.index);
                        self.refuse(key.clone(), refused.fingerprint, refused.reason.name(), detail);
                    }
                    if parse_public_keys_key(&key).is_some_and(|got_ms| got_ms > now_ms.saturating_add(AHEAD_MS)) {
                        let detail = "it says that it was got later than now: the auditor does not write such a name".to_owned();
                        self.refuse(key.clone(), None, "name_from_the_future", detail);
                    }
                    self.files.push(KeptKeysFile { key: key.clone(), sha256 });
                    parsed.push((key, keys));
                }
                Err(error) => {
                    self.refuse(key.clone(), None, "unreadable", format!("the file cannot be read: {error}"));
                    failed.get_or_insert((key, error));
                }
            }
        }
        let mut disputed = BTreeSet::new();
        // The oldest first: the file that has had a key for longest is named with it.
        for (key, keys) in parsed.into_iter().rev() {
            self.take(&key, keys, &mut disputed);
        }
        failed
    }

    /// Takes the keys of a file. What was disputed stays so: it is only believed for less.
    fn take(&mut self, file: &str, mut keys: PublicKeys, disputed: &mut BTreeSet<Fingerprint>) {
        let own: BTreeSet<Fingerprint> = self.keys.iter().map(trailkeep_digests::PublicKey::fingerprint).collect();
        // What nothing is left of is not taken up again by the next file that has it.
        disputed.iter().filter(|fingerprint| !own.contains(fingerprint)).for_each(|fingerprint| keys.remove(*fingerprint));
        for fingerprint in keys.iter().map(trailkeep_digests::PublicKey::fingerprint) {
            self.held_in.entry(fingerprint).or_insert_with(|| file.to_owned());
        }
        for conflict in self.keys.unite(&keys) {
            disputed.insert(conflict.fingerprint);
            let first = self.held_in.get(&conflict.fingerprint).map_or("another file", String::as_str);
            let detail = format!(
                "it contradicts {first} about a key of {}, which is believed for what both say, if that is anything: remove the one that is wrong",
                conflict.region
            );
            self.refuse(file.to_owned(), Some(conflict.fingerprint.to_string()), conflict.contradiction.name(), detail);
        }
    }

    fn refuse(&mut self, file: String, fingerprint: Option<String>, reason: &'static str, detail: String) {
        self.refused_count += 1;
        if self.refused.len() < MAX_TOLD {
            self.refused.push(RefusedKept { file, fingerprint, reason, detail });
        }
    }
}

/// A file; none where it is not there any more.
async fn whole(bucket: &dyn AuditBucket, key: String) -> Result<(String, Result<Option<Bytes>, PublicKeysError>), BucketError> {
    let json = match bucket.get(&key, MAX_KEYS_BYTES as u64).await {
        Ok(json) => Ok(json),
        Err(BucketError::TooLarge { size_bytes, .. }) => Err(PublicKeysError::TooLarge { bytes: size_bytes as usize }),
        Err(error) => return Err(error),
    };
    Ok((key, json))
}

/// What lies below `keys/`.
async fn listed(bucket: &dyn AuditBucket) -> Result<Listed, BucketError> {
    let (mut all, mut page) = (Listed::default(), None);
    loop {
        let listed = match bucket.list(layout::KEYS, page).await {
            // A directory has no folder for what it does not hold.
            Err(BucketError::NotFound { .. }) => break,
            listed => listed?,
        };
        for object in listed.objects {
            if parse_public_keys_key(&object.key).is_some() {
                all.got.push((object.key, object.size_bytes));
            } else if object.key == BY_HAND {
                all.by_hand = true;
            } else if object.key != layout::KEYS {
                all.strange_count += 1;
                if all.strange.len() < MAX_TOLD {
                    all.strange.push(object.key);
                }
            }
        }
        page = listed.next;
        if page.is_none() {
            break;
        }
    }
    all.got.sort_unstable_by(|a, b| b.cmp(a));
    Ok(all)
}
