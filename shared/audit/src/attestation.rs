//! Attestations: what is stated of a delivery day, signed, and how a third party checks it without us.
//!
//! A [`Statement`] counts a day's sources by outcome, names the Merkle root over them and the heads of the Digest chains, and says what is wrong; its
//! canonical JSON ([`canonical_json`]) has one hash. Signed is a short text that names that hash ([`Statement::signing_input`]), so that a KMS key
//! takes it as it is; an [`Envelope`] holds both. Envelopes name the one before them by hash ([`check_chain`]), and an
//! [`InclusionProof`] shows that one source is among those that were counted.
//!
//! It says "complete against what CloudTrail signed", and whose word that is: the trust root stands in it. Who administers the signing key can sign
//! another chain; what hinders that (a head kept elsewhere, a time-stamp) is not of this crate. The format is `docs/attestations.md`, normative.

mod canonical;
mod chain;
mod ecdsa;
mod envelope;
mod key;
mod merkle;
mod proof;
mod statement;
mod streaming;
#[cfg(test)]
mod tests;

pub use canonical::{NotCanonical, canonical_json};
pub use chain::{ChainProblem, ChainReport, ChainWalk, check_chain};
pub use envelope::{Envelope, EnvelopeError, MAX_ENVELOPE_BYTES};
pub use key::{Algorithm, KeyError, LocalKey, LocalSignature, MAX_KEY_BYTES, PublicKey, sign_with_pkcs8};
pub use merkle::{Leaf, OrderError, Tree};
pub use proof::{InclusionProof, MAX_PROOF_BYTES, ProofError};
pub use statement::{
    ChainHead, CoverageStatement, DigestsStatement, FindingsStatement, GapStatement, Kind, MAX_SIGNING_INPUT_BYTES, ReReading,
    SourcesStatement, Statement, TrailConfiguration, TrustRoot, VERSION, WORDS,
};
pub use streaming::TreeRoot;
