//! The proof that one source is among those that an attestation counted.

use serde::{Deserialize, Serialize};

use super::{
    canonical::{NotCanonical, canonical_json},
    merkle::{Leaf, Tree, root_by_path},
    statement::{Statement, VERSION},
};
use crate::{Day, Sha256};

/// Largest proof that is read: 64 KiB. A leaf takes at most some 2 KiB, a path 70 bytes for each doubling.
pub const MAX_PROOF_BYTES: usize = 64 << 10;

/// Why a proof proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// More than [`MAX_PROOF_BYTES`].
    #[error("a proof of {0} bytes is larger than any can be")]
    TooLarge(usize),
    /// Not the JSON of a proof.
    #[error("not an inclusion proof")]
    Json(#[from] serde_json::Error),
    /// Not canonical: members twice, in another order, white space.
    #[error("an inclusion proof that is not in canonical form")]
    NotCanonical,
    /// A version that this release does not know.
    #[error("an inclusion proof of version {0}, which this release does not know")]
    Version(u32),
    /// There is no such source in the tree, or the one there is another.
    #[error("the source is not at place {0} of the tree")]
    NoSuchLeaf(u64),
    /// The statement is of another day, or counts another number of sources.
    #[error("the proof is for {proof_day} with {proof_size} sources, the statement for {day} with {size}")]
    OtherStatement {
        /// Day of the proof.
        proof_day: Day,
        /// Sources of the proof.
        proof_size: u64,
        /// Day of the statement.
        day: Day,
        /// Sources of the statement.
        size: u64,
    },
    /// It leads to another root.
    #[error("the source is not among those that the statement counts: the proof leads to another root")]
    OtherRoot,
}

impl From<NotCanonical> for ProofError {
    fn from(_: NotCanonical) -> Self {
        Self::NotCanonical
    }
}

/// That a source is among those of a day's statement. By itself it says nothing: it is checked against a statement whose signature is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InclusionProof {
    /// The format: [`VERSION`].
    pub version: u32,
    /// The delivery day of the statement.
    pub day: Day,
    /// What is stated of the source.
    pub leaf: Leaf,
    /// Its place among the day's sources, from 0.
    pub index: u64,
    /// How many sources the day has.
    pub size: u64,
    /// The hashes beside the way to the root, from the leaf up.
    pub path: Vec<Sha256>,
}

impl InclusionProof {
    /// The proof for the leaf at this place of a day's tree.
    ///
    /// # Errors
    /// [`ProofError::NoSuchLeaf`].
    pub fn make(day: Day, tree: &Tree, index: u64, leaf: Leaf) -> Result<Self, ProofError> {
        let path = tree.path(index).ok_or(ProofError::NoSuchLeaf(index))?;
        let proof = Self { version: VERSION, day, leaf, index, size: tree.len(), path };
        if proof.root()? == Some(tree.root()) { Ok(proof) } else { Err(ProofError::NoSuchLeaf(index)) }
    }

    /// Reads a proof. Nothing is checked but its form.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(ProofError::TooLarge(bytes.len()));
        }
        let proof: Self = serde_json::from_slice(bytes)?;
        if proof.version != VERSION {
            return Err(ProofError::Version(proof.version));
        }
        if proof.to_json()? == bytes { Ok(proof) } else { Err(ProofError::NotCanonical) }
    }

    /// As it is written: canonical JSON.
    ///
    /// # Errors
    /// [`NotCanonical`]; a fault of the program.
    pub fn to_json(&self) -> Result<Vec<u8>, NotCanonical> {
        canonical_json(self)
    }

    /// Checks that the source is among those that this statement counts. That the statement is signed is for
    /// [`super::Envelope::verify`] to say.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn verify(&self, statement: &Statement) -> Result<(), ProofError> {
        if self.version != VERSION {
            return Err(ProofError::Version(self.version));
        }
        let (day, size) = (statement.day, statement.sources.count);
        if (self.day, self.size) != (day, size) {
            return Err(ProofError::OtherStatement { proof_day: self.day, proof_size: self.size, day, size });
        }
        if self.root()? == Some(statement.sources.merkle_root) { Ok(()) } else { Err(ProofError::OtherRoot) }
    }

    fn root(&self) -> Result<Option<Sha256>, NotCanonical> {
        Ok(root_by_path(self.leaf.hash()?, self.index, self.size, &self.path))
    }
}
