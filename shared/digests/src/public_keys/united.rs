//! Keys from several files, or kept ones and newly got ones, as one: what contradicts what is there is told and not taken.

use trailkeep_keys::Region;

use super::{Origin, PublicKey, PublicKeys};
use crate::Fingerprint;

/// How a key contradicts one that is there under the same fingerprint, by stable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyContradiction {
    /// `bytes_differ`: it is another key. It is not taken.
    BytesDiffer,
    /// `region_differs`: it is of another Region. It is not taken.
    RegionDiffers,
    /// `validity_differs`: it was valid at other times. The key that is there is believed for the time that both name; if there is none, as before.
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

/// A key that contradicts one that was there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyConflict {
    /// The fingerprint that both have.
    pub fingerprint: Fingerprint,
    /// The Region of the one that was not taken as it is.
    pub region: Region,
    /// How they differ.
    pub contradiction: KeyContradiction,
    /// Where and when the one that was there was got.
    pub kept: Origin,
    /// Where and when the other one was got.
    pub other: Origin,
}

impl PublicKeys {
    /// Takes the keys of others that do not contradict those that are there, which stay, with their first origin. Says what contradicts them: no key is
    /// believed for longer, or for another Region, because a second file says so.
    ///
    /// With [`PublicKeys::to_json`], newly got keys are put into the file in which an archive keeps them.
    pub fn unite(&mut self, others: &Self) -> Vec<KeyConflict> {
        let known: Vec<Fingerprint> = self.keys.keys().copied().collect();
        let mut conflicts = Vec::new();
        for other in others.iter() {
            // What the others themselves say several times of one key is no contradiction.
            if known.binary_search(&other.fingerprint).is_err() {
                self.add(other.clone());
            } else if let Some(same) = self.keys.get_mut(&other.fingerprint) {
                conflicts.extend(contradicted(same, other));
            }
        }
        conflicts
    }
}

fn contradicted(same: &mut [PublicKey], other: &PublicKey) -> Option<KeyConflict> {
    let first = same.first()?.origin.clone();
    let conflict = |contradiction, kept| {
        Some(KeyConflict { fingerprint: other.fingerprint, region: other.region, contradiction, kept, other: other.origin.clone() })
    };
    if same.iter().all(|key| key.der != other.der) {
        return conflict(KeyContradiction::BytesDiffer, first);
    }
    if same.iter().all(|key| key.region != other.region) {
        return conflict(KeyContradiction::RegionDiffers, first);
    }
    let is_other = |key: &&mut PublicKey| key.region == other.region && key.der == other.der;
    if same.iter().any(|key| key.region == other.region && key.der == other.der && key.validity_ms() == other.validity_ms()) {
        return None;
    }
    for key in same.iter_mut().filter(is_other) {
        let (from_ms, to_ms) = (key.valid_from_ms.max(other.valid_from_ms), key.valid_to_ms.min(other.valid_to_ms));
        if from_ms <= to_ms {
            (key.valid_from_ms, key.valid_to_ms) = (from_ms, to_ms);
        }
    }
    conflict(KeyContradiction::ValidityDiffers, first)
}
