//! Keys from several files, or kept ones and newly got ones, as one: what contradicts what is there is told and not taken.

use trailkeep_keys::Region;

use super::{Origin, PublicKey, PublicKeys};
use crate::Fingerprint;

/// How what two lists say of a key contradicts itself, by stable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyContradiction {
    /// `bytes_differ`: under one fingerprint they have different keys. Neither is taken.
    BytesDiffer,
    /// `region_differs`: they say it of different Regions. It is taken for none.
    RegionDiffers,
    /// `validity_differs`: they say that it was valid at different times. It is believed for the time that both name; where there is none, not at all.
    ValidityDiffers,
}

impl KeyContradiction {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BytesDiffer => "bytes_differ",
            Self::RegionDiffers => "region_differs",
            Self::ValidityDiffers => "validity_differs",
        }
    }
}

/// A key that two lists contradict each other about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyConflict {
    /// The fingerprint that both have.
    pub fingerprint: Fingerprint,
    /// The Region that the other one is said of.
    pub region: Region,
    /// How they differ.
    pub contradiction: KeyContradiction,
    /// Where and when the one that was there was got.
    pub kept: Origin,
    /// Where and when the other one was got.
    pub other: Origin,
}

impl PublicKeys {
    /// Takes the keys of others. What both say of a key is as good as said by one; where they agree on a Region and a time, what one of them says beside it is
    /// taken, too. Where they agree on nothing, neither is believed beyond what both say, and each such key is told. Without a fingerprint's keys here, nothing
    /// contradicts the others': whoever unites several lists keeps in mind what was told before.
    ///
    /// With [`PublicKeys::to_json`], newly got keys are put into the file in which an archive keeps them.
    pub fn unite(&mut self, others: &Self) -> Vec<KeyConflict> {
        let mut conflicts = Vec::new();
        for (fingerprint, theirs) in &others.keys {
            let Some(own) = self.keys.get(fingerprint) else {
                for key in theirs {
                    self.add(key.clone());
                }
                continue;
            };
            match contradiction(own, theirs) {
                None => {
                    for key in theirs {
                        self.add(key.clone());
                    }
                }
                Some(contradiction) => {
                    conflicts.extend(conflict(contradiction, own, theirs));
                    let common = common(own, theirs);
                    self.remove(*fingerprint);
                    for key in common {
                        self.add(key);
                    }
                }
            }
        }
        conflicts
    }

    /// Takes away all keys of a fingerprint.
    pub fn remove(&mut self, fingerprint: Fingerprint) {
        self.keys.remove(&fingerprint);
    }
}

/// How what two lists say of a fingerprint contradicts itself; none: it does not.
fn contradiction(own: &[PublicKey], theirs: &[PublicKey]) -> Option<KeyContradiction> {
    let pairs = || own.iter().flat_map(|own| theirs.iter().map(move |their| (own, their)));
    if pairs().any(|(own, their)| own.der != their.der) {
        Some(KeyContradiction::BytesDiffer)
    } else if pairs().any(|(own, their)| own.region == their.region && own.validity_ms() == their.validity_ms()) {
        None
    } else if pairs().any(|(own, their)| own.region == their.region) {
        Some(KeyContradiction::ValidityDiffers)
    } else {
        Some(KeyContradiction::RegionDiffers)
    }
}

/// What both say: the same key of the same Region, at times that both name.
fn common(own: &[PublicKey], theirs: &[PublicKey]) -> Vec<PublicKey> {
    if contradiction(own, theirs) == Some(KeyContradiction::BytesDiffer) {
        return Vec::new();
    }
    let pairs = own.iter().flat_map(|own| theirs.iter().map(move |their| (own, their)));
    let both = pairs.filter(|(own, their)| own.region == their.region).map(|(own, their)| PublicKey {
        valid_from_ms: own.valid_from_ms.max(their.valid_from_ms),
        valid_to_ms: own.valid_to_ms.min(their.valid_to_ms),
        ..own.clone()
    });
    both.filter(|key| key.valid_from_ms <= key.valid_to_ms).collect()
}

fn conflict(contradiction: KeyContradiction, own: &[PublicKey], theirs: &[PublicKey]) -> Option<KeyConflict> {
    let (own, their) = (own.first()?, theirs.first()?);
    let (kept, other) = (own.origin.clone(), their.origin.clone());
    Some(KeyConflict { fingerprint: their.fingerprint, region: their.region, contradiction, kept, other })
}
