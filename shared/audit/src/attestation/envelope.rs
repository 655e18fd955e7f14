//! A statement and its signature: the object below `attest/`.

use serde::{Deserialize, Serialize};

use super::{
    canonical::{NotCanonical, canonical_json},
    key::{Algorithm, PublicKey},
    statement::{Statement, VERSION},
};
use crate::Sha256;

/// Largest envelope that is read and written: 64 MiB. A chain's head takes some 520 bytes: 5,000 accounts × 17 Regions have 85,000 of them in 44 MB, and 20 MB are
/// left for gaps and trails.
pub const MAX_ENVELOPE_BYTES: usize = 64 << 20;

/// Why an envelope is not what a key signed.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// More than [`MAX_ENVELOPE_BYTES`].
    #[error("an attestation of {0} bytes is larger than any can be")]
    TooLarge(usize),
    /// Not the JSON of an envelope.
    #[error("not an attestation")]
    Json(#[from] serde_json::Error),
    /// Not canonical: members twice, in another order, white space.
    #[error("an attestation that is not in canonical form")]
    NotCanonical,
    /// A statement that contradicts itself, or is of another version.
    #[error("an attestation that cannot be: {0}")]
    Impossible(&'static str),
    /// A signature that is no hexadecimal text.
    #[error("the signature is not in lower-case hexadecimal digits")]
    SignatureForm,
    /// Another key than the one that was given signed it, or says so.
    #[error("signed with key {stated}, not with {given}")]
    OtherKey {
        /// The fingerprint in the attestation.
        stated: Sha256,
        /// The fingerprint of the key that was given.
        given: Sha256,
    },
    /// The algorithm is not the key's.
    #[error("the algorithm is not that of the key")]
    OtherAlgorithm,
    /// The key did not sign this statement.
    #[error("the signature is not of this statement")]
    SignatureInvalid,
}

impl From<NotCanonical> for EnvelopeError {
    fn from(_: NotCanonical) -> Self {
        Self::NotCanonical
    }
}

/// A signed statement. Its canonical JSON is the object; the object's SHA-256 is what the next one names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The format: [`VERSION`].
    pub version: u32,
    /// What is stated.
    pub statement: Statement,
    /// How it is signed.
    pub algorithm: Algorithm,
    /// SHA-256 of the public key as `SubjectPublicKeyInfo` in DER.
    pub fingerprint: Sha256,
    /// The signature of [`Statement::signing_input`], in lower-case hexadecimal digits.
    pub signature: String,
}

impl Envelope {
    /// Joins a statement with its signature, and verifies it: what does not verify is never written.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn new(statement: Statement, signature: &[u8], key: &PublicKey) -> Result<Self, EnvelopeError> {
        let (algorithm, fingerprint) = (key.algorithm(), key.fingerprint());
        let envelope = Self { version: VERSION, statement, algorithm, fingerprint, signature: hex::encode(signature) };
        envelope.verify(key)?;
        Ok(envelope)
    }

    /// Reads an envelope. Its form is checked, its signature is not.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > MAX_ENVELOPE_BYTES {
            return Err(EnvelopeError::TooLarge(bytes.len()));
        }
        let envelope: Self = serde_json::from_slice(bytes)?;
        if envelope.to_json()? == bytes { Ok(envelope) } else { Err(EnvelopeError::NotCanonical) }
    }

    /// As it is written: canonical JSON.
    ///
    /// # Errors
    /// [`NotCanonical`]; a fault of the program.
    pub fn to_json(&self) -> Result<Vec<u8>, NotCanonical> {
        canonical_json(self)
    }

    /// SHA-256 of its canonical JSON: what the next attestation names.
    ///
    /// # Errors
    /// [`NotCanonical`]; a fault of the program.
    pub fn sha256(&self) -> Result<Sha256, NotCanonical> {
        Ok(Sha256::of(&self.to_json()?))
    }

    /// Checks that this is an envelope that can be, whoever signed it.
    ///
    /// # Errors
    /// [`EnvelopeError::Impossible`].
    pub fn check_form(&self) -> Result<(), EnvelopeError> {
        if self.version != VERSION {
            return Err(EnvelopeError::Impossible("a version that this release does not know"));
        }
        self.statement.fault().map_or(Ok(()), |fault| Err(EnvelopeError::Impossible(fault)))
    }

    /// As [`Envelope::verify`], with that of the keys which it names.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn verify_with(&self, keys: &[PublicKey]) -> Result<(), EnvelopeError> {
        match keys.iter().find(|key| key.fingerprint() == self.fingerprint).or_else(|| keys.first()) {
            Some(key) => self.verify(key),
            None => Err(EnvelopeError::Impossible("there is no key to verify it with")),
        }
    }

    /// Checks that this key signed this statement, and that the statement can be.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), EnvelopeError> {
        self.check_form()?;
        for stated in [self.fingerprint, self.statement.trust_root.signer_fingerprint] {
            if stated != key.fingerprint() {
                return Err(EnvelopeError::OtherKey { stated, given: key.fingerprint() });
            }
        }
        if self.algorithm != key.algorithm() {
            return Err(EnvelopeError::OtherAlgorithm);
        }
        let signature = hex::decode(&self.signature).map_err(|_| EnvelopeError::SignatureForm)?;
        if hex::encode(&signature) != self.signature {
            return Err(EnvelopeError::SignatureForm);
        }
        if key.verifies(&self.statement.signing_input()?, &signature) { Ok(()) } else { Err(EnvelopeError::SignatureInvalid) }
    }
}
