//! Attestations: made, signed, kept, checked, and proofs out of them.
//!
//! [`make`] verifies a delivery day, puts its sources in order, signs the statement with a [`Signer`] and writes `outcomes/` and `attest/`, whose last
//! object is the attestation. [`due`] says which days want one. [`HeadStore`] puts the hash of each into a second account, so that a chain that was
//! rolled back or signed anew is noticed. [`check()`] checks the whole chain with nothing but the archive and a public key, [`prove()`] shows a third party
//! that one source is among those that were counted.
//!
//! What is stated, and its form, are `trailkeep-audit`'s; `docs/attestations.md` is normative. What the day came to is for `trailkeep-verification` to say.
//! The clock is an argument. Temporary files lie in `TMPDIR`.

mod archive;
mod check;
mod due;
mod error;
mod heads;
mod issue;
mod kept;
mod key_file;
mod make;
mod outcomes;
mod pem;
mod prove;
mod signer;
mod sort;
#[cfg(test)]
mod tests;
mod verified;

pub use archive::{address, archive_name, called, first_day};
pub use check::{Checked, CheckedDay, Checking, NamedSigner, Problem, TrustedKeys, check};
pub use due::{due, due_after_ms, due_at_ms, kind_now};
pub use error::AttestError;
pub use heads::{Head, HeadError, HeadStore};
pub use kept::{Kept, Listing, read};
pub use key_file::{KeyFile, KeyFileError, public_key_pem, read_public_key};
pub use make::{Judged, Made, Making, Parts, judge, make, sample_seed, unknown_coverage};
pub use outcomes::LeavesError;
pub use prove::{ProveError, Proved, Wanted, delivery_day, prove};
pub use signer::{SignError, Signer, Successor, sign};
