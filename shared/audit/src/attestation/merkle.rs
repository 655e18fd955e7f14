//! The Merkle tree over a day's sources, as in RFC 6962, 2.1: who knows the root can be shown that one source is in it.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::canonical::{NotCanonical, canonical_json};
use crate::Sha256;

/// What is stated of one source: a leaf of the tree. Its canonical JSON is what is hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// Canonical bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// 1; higher for other content under a key that had landed.
    pub revision: u32,
    /// S3 version id that was fetched.
    pub version: Option<String>,
    /// SHA-256 of its inflated bytes; none where it could not be inflated, or is not there.
    pub inflated_sha256: Option<Sha256>,
    /// What came of it: a stable name.
    pub outcome: String,
}

impl Leaf {
    /// SHA-256(0x00 ‖ canonical JSON).
    ///
    /// # Errors
    /// [`NotCanonical`]; a fault of the program.
    pub fn hash(&self) -> Result<Sha256, NotCanonical> {
        Ok(Sha256::of_parts(&[&[0], &canonical_json(self)?]))
    }

    /// The order of leaves: by the bytes of bucket and key, then by revision.
    pub fn order(&self, other: &Self) -> Ordering {
        (&self.bucket, &self.key, self.revision).cmp(&(&other.bucket, &other.key, other.revision))
    }
}

/// A leaf that does not come after the one before it, or cannot be hashed.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// It is the same source as the one before it, or comes before it.
    #[error("revision {revision} of {key} in {bucket} does not come after the source before it")]
    NotAscending {
        /// Its bucket.
        bucket: String,
        /// Its key.
        key: String,
        /// Its revision.
        revision: u32,
    },
    /// It cannot be hashed.
    #[error("failed to write a source as canonical JSON")]
    NotCanonical(#[from] NotCanonical),
}

/// The hashes of a day's leaves, 32 bytes each.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    hashes: Vec<Sha256>,
    last: Option<Leaf>,
}

impl Tree {
    /// The tree of these leaves, in whatever order they are.
    ///
    /// # Errors
    /// [`OrderError`] where two are of one source and revision.
    pub fn of(mut leaves: Vec<Leaf>) -> Result<Self, OrderError> {
        leaves.sort_by(Leaf::order);
        let mut tree = Self::default();
        leaves.into_iter().try_for_each(|leaf| tree.push(leaf))?;
        Ok(tree)
    }

    /// Takes the next leaf, in the order of [`Leaf::order`].
    ///
    /// # Errors
    /// [`OrderError`]; the leaf is not taken.
    pub fn push(&mut self, leaf: Leaf) -> Result<(), OrderError> {
        if self.last.as_ref().is_some_and(|last| last.order(&leaf) != Ordering::Less) {
            return Err(OrderError::NotAscending { bucket: leaf.bucket, key: leaf.key, revision: leaf.revision });
        }
        self.hashes.push(leaf.hash()?);
        self.last = Some(leaf);
        Ok(())
    }

    /// How many leaves.
    pub fn len(&self) -> u64 {
        self.hashes.len() as u64
    }

    /// Whether there is no leaf.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// The root; of no leaves SHA-256 of nothing.
    pub fn root(&self) -> Sha256 {
        root(&self.hashes)
    }

    /// The hashes beside the way from a leaf to the root, from the leaf up; none if there is no such leaf.
    pub fn path(&self, index: u64) -> Option<Vec<Sha256>> {
        let mut at = usize::try_from(index).ok().filter(|index| *index < self.hashes.len())?;
        let mut hashes = self.hashes.as_slice();
        let mut path = Vec::new();
        while hashes.len() > 1 {
            let (left, right) = hashes.split_at(split(hashes.len()));
            if at < left.len() {
                path.push(root(right));
                hashes = left;
            } else {
                path.push(root(left));
                at -= left.len();
                hashes = right;
            }
        }
        path.reverse();
        Some(path)
    }
}

/// SHA-256(0x01 ‖ left ‖ right).
pub(super) fn node(Sha256(left): Sha256, Sha256(right): Sha256) -> Sha256 {
    Sha256::of_parts(&[&[1], &left, &right])
}

/// The largest power of two below `leaves`, which are two or more.
fn split(leaves: usize) -> usize {
    leaves.next_power_of_two() / 2
}

fn root(hashes: &[Sha256]) -> Sha256 {
    match hashes {
        [] => Sha256::of(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = hashes.split_at(split(hashes.len()));
            node(root(left), root(right))
        }
    }
}

/// The root that a leaf and its path lead to in a tree of `size` leaves; none if the path is not of that length (RFC 9162, 2.1.3.2).
pub(super) fn root_by_path(leaf: Sha256, index: u64, size: u64, path: &[Sha256]) -> Option<Sha256> {
    let (mut at, mut last) = (index, size.checked_sub(1).filter(|last| index <= *last)?);
    let mut hash = leaf;
    for beside in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            hash = node(*beside, hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(hash, *beside);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}
