//! Why no attestation was made or read. What is wrong with a chain that could be read is no error: that is in [`crate::Checked`].

use std::io;

use trailkeep_archive::TableError;
use trailkeep_audit::{
    Day, Sha256,
    attestation::{EnvelopeError, Kind, NotCanonical, OrderError, ProofError},
};
use trailkeep_pipeline::ports::bucket::BucketError;
use trailkeep_verification::VerifyError;

use crate::{outcomes::LeavesError, signer::SignError};

/// Why an attestation, a check or a proof was not made.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// A store failed, or may not be used.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The day could not be verified.
    #[error("the day could not be verified")]
    Verify(#[from] VerifyError),
    /// Nothing was signed.
    #[error("the attestation could not be signed")]
    Sign(#[from] SignError),
    /// The statement cannot be: a fault of the program, or of what it was given.
    #[error("the attestation cannot be made")]
    Envelope(#[from] EnvelopeError),
    /// Leaves that cannot be a tree.
    #[error("the sources of the day cannot be put in order")]
    Order(#[from] OrderError),
    /// A file of leaves is not what it should be.
    #[error("{key} cannot be read")]
    Table {
        /// Its key.
        key: String,
        /// The cause.
        #[source]
        source: TableError,
    },
    /// Leaves could not be read.
    #[error(transparent)]
    Leaves(LeavesError),
    /// The proof cannot be made.
    #[error("the proof cannot be made")]
    Proof(#[from] ProofError),
    /// The temporary directory failed.
    #[error("failed to {operation} a temporary file: TMPDIR must have room for some 300 bytes a source of the day")]
    Temporary {
        /// What was done.
        operation: &'static str,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// It is too early.
    #[error("a {} attestation of {day} cannot be made before {} has passed since the day ended", .kind.as_str(), waiting(*.kind))]
    TooEarly {
        /// The day.
        day: Day,
        /// The kind.
        kind: Kind,
    },
    /// The day is final.
    #[error("{day} has a final attestation already, number {sequence}: a provisional one cannot follow it")]
    AlreadyFinal {
        /// The day.
        day: Day,
        /// Its number.
        sequence: u64,
    },
    /// What is kept below `attest/` is not a chain that can be gone on with.
    #[error("{key} does not let the chain go on: {reason}; `trailkeep attest verify` tells more")]
    Broken {
        /// The object.
        key: String,
        /// Why.
        reason: String,
    },
    /// What the chain would be gone on from is not signed by a key that is known.
    #[error(
        "{key} is signed with key {fingerprint}, which is neither the signing key nor a former one that was named: nothing is put on top of it. If the key \
         was changed, name the former one with --former-public-key; if not, somebody put it there: note who did, remove it (a delete marker is enough, \
         locked or not), and run this again"
    )]
    UnknownSigner {
        /// The object.
        key: String,
        /// The fingerprint that it names.
        fingerprint: Sha256,
    },
    /// Others were faster, again and again.
    #[error("others took the next number {0} times in a row: run this again")]
    Outrun(u32),
    /// A thread ended early: a fault of the program.
    #[error("a thread ended early")]
    Thread(#[source] tokio::task::JoinError),
}

impl From<NotCanonical> for AttestError {
    fn from(error: NotCanonical) -> Self {
        Self::Envelope(error.into())
    }
}

fn waiting(kind: Kind) -> &'static str {
    match kind {
        Kind::Provisional => "24 hours",
        Kind::Final => "31 days",
    }
}
