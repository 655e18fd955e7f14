//! Attestations as an archive keeps them: found by their keys, read one at a time.
//!
//! Beside each object below `attest/day=…/` lies one under its number alone, `attest/numbers/<12 digits>.json`, with the same bytes. It is written
//! first and only if nothing is there: of two makers who want one number, whatever their days, one gets it. What a maker that died left there is
//! put into its place by the next one.

use std::collections::BTreeMap;

use bytes::Bytes;
use trailkeep_archive::layout::{ATTEST, ArchiveKey, AttestationKind, Attested, attest_key, outcomes_key};
use trailkeep_audit::{
    Day, Sha256,
    attestation::{Kind, MAX_ENVELOPE_BYTES},
};
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};

/// Where numbers are taken.
pub(crate) const NUMBERS: &str = "attest/numbers/";
/// Most keys without meaning that are told one by one.
pub(crate) const MAX_STRANGE: usize = 100;

/// One attestation, by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// Its number.
    pub sequence: u64,
    /// Its day.
    pub day: Day,
    /// Its kind.
    pub kind: Kind,
}

/// What lies below `attest/`.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Attestations by number; two of one number where somebody made it so.
    pub attestations: Vec<Kept>,
    /// Numbers that are taken, ascending.
    pub numbers: Vec<u64>,
    /// Keys that the format does not describe: the first hundred.
    pub strange: Vec<String>,
    /// How many there are.
    pub strange_count: u64,
}

impl Kept {
    /// Its key in the archive.
    pub fn key(&self) -> String {
        attest_key(self.attested())
    }

    /// The key of its leaves, which their root is in.
    pub fn outcomes_key(&self, root: Sha256) -> String {
        outcomes_key(self.attested(), root.first_eight())
    }

    fn attested(self) -> Attested {
        let day = self.day.to_string().parse().unwrap_or_default();
        let kind = match self.kind {
            Kind::Provisional => AttestationKind::Provisional,
            Kind::Final => AttestationKind::Final,
        };
        Attested { day, sequence: self.sequence, kind }
    }

    pub(crate) fn of(attested: Attested) -> Option<Self> {
        let kind = match attested.kind {
            AttestationKind::Provisional => Kind::Provisional,
            AttestationKind::Final => Kind::Final,
        };
        Some(Self { sequence: attested.sequence, day: format!("{:08}", attested.day).parse().ok()?, kind })
    }
}

impl Listing {
    /// Looks what there is.
    ///
    /// # Errors
    /// [`BucketError`].
    pub async fn of(bucket: &dyn AuditBucket) -> Result<Self, BucketError> {
        let mut all = Self::default();
        for key in keys(bucket, ATTEST).await? {
            let number = || number_of(key.strip_prefix(NUMBERS)?);
            if let Some(ArchiveKey::Attest(attested)) = ArchiveKey::parse(&key)
                && let Some(kept) = Kept::of(attested)
            {
                all.attestations.push(kept);
            } else if let Some(number) = number() {
                all.numbers.push(number);
            } else {
                all.strange_count += 1;
                if all.strange.len() < MAX_STRANGE {
                    all.strange.push(key);
                }
            }
        }
        all.attestations.sort_unstable();
        all.numbers.sort_unstable();
        Ok(all)
    }

    /// Attestations whose number nobody took: it was removed, or the attestation was put there without one.
    pub(crate) fn unnumbered(&self) -> impl Iterator<Item = Kept> {
        self.attestations.iter().filter(|kept| self.numbers.binary_search(&kept.sequence).is_err()).copied()
    }

    /// The newest attestation of each day, by its kind: what [`crate::due`] asks for.
    pub fn days(&self) -> BTreeMap<Day, Kind> {
        self.attestations.iter().map(|kept| (kept.day, kept.kind)).collect()
    }

    /// The newest attestation of a day: the one that counts.
    pub fn newest_of(&self, day: Day) -> Option<Kept> {
        self.attestations.iter().rev().find(|kept| kept.day == day).copied()
    }

    /// The newest attestation.
    pub fn newest(&self) -> Option<Kept> {
        self.attestations.last().copied()
    }
}

/// The key that a number is taken by.
pub(crate) fn number_key(sequence: u64) -> String {
    format!("{NUMBERS}{sequence:012}.json")
}

/// `<12 digits>.json`.
pub(crate) fn number_of(file: &str) -> Option<u64> {
    let digits = file.strip_suffix(".json").filter(|digits| digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|number| *number > 0)
}

/// The bytes of an attestation; none where it is not there any more.
///
/// # Errors
/// [`BucketError`]; `TooLarge` past 64 MiB.
pub async fn read(bucket: &dyn AuditBucket, key: &str) -> Result<Option<Bytes>, BucketError> {
    bucket.get(key, MAX_ENVELOPE_BYTES as u64).await
}

/// All keys below a prefix, ascending.
pub(crate) async fn keys(bucket: &dyn AuditBucket, prefix: &str) -> Result<Vec<String>, BucketError> {
    let (mut keys, mut page) = (Vec::new(), None);
    loop {
        let listed = match bucket.list(prefix, page).await {
            // A directory has no folder for what it does not hold.
            Err(BucketError::NotFound { .. }) => return Ok(keys),
            listed => listed?,
        };
        keys.extend(listed.objects.into_iter().map(|object| object.key));
        page = listed.next;
        if page.is_none() {
            return Ok(keys);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use trailkeep_pipeline::memory::MemoryBucket;

    use super::*;

    #[tokio::test]
    async fn attestations_are_found_by_their_keys_and_the_rest_is_strange() {
        let bucket = MemoryBucket::new().with_page_size(2);
        for key in [
            "attest/day=20260116/000000000002-final.json",
            "attest/day=20260115/000000000001-provisional.json",
            "attest/day=20260115/000000000003-final.json",
            "attest/numbers/000000000003.json",
            "attest/numbers/3.json",
            "attest/day=20260115/x.json",
            "attest/day=20260230/000000000003-final.json",
            "attestation",
        ] {
            bucket.insert(key, "x");
        }
        let listing = Listing::of(&bucket).await.unwrap();
        assert_eq!(listing.attestations.iter().map(|kept| kept.sequence).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((listing.numbers.as_slice(), listing.strange_count), (&[3][..], 3));
        let day = "20260115".parse().unwrap();
        assert_eq!(listing.newest_of(day).map(|kept| kept.key()).as_deref(), Some("attest/day=20260115/000000000003-final.json"));
        assert_eq!(listing.days().get(&day), Some(&Kind::Final));
        assert_eq!(Listing::of(&MemoryBucket::new()).await.unwrap().newest(), None);
    }
}
