//! What the auditor concludes from what others have read: whether everything that CloudTrail signed is there, who is silent, and
//! the signed statement that says so.
//!
//! Three modules that stand alone, each with input types of its own:
//!
//! - [`completeness`] joins the log files that verified Digests list with rows of `sources/`: complete *against what CloudTrail
//!   signed*, and no more.
//! - [`coverage`] holds the hours that accounts and Regions should have delivered against the hours that they did.
//! - [`attestation`] makes, signs and checks the statement for a delivery day, and proofs that a source is in it.
//!
//! Pure: no clock, no files, no network. Times are arguments, milliseconds since 1970. Reading Digests and their chains is
//! `trailkeep-digests`' affair, `sources/` is `trailkeep-archive`'s; who calls this crate carries rows from them to here. The only
//! chance in it is inside a signature with a local key. `design.md` beside this crate has guarantees and limits.

pub mod attestation;
pub mod completeness;
pub mod coverage;
mod day;
mod sha256;

pub use day::{Day, DayError};
pub use sha256::{Sha256, Sha256Error};

/// How long CloudTrail retries to deliver a log file, in milliseconds: 30 days.
/// Source: CloudTrail User Guide, on trails whose bucket cannot be reached: CloudTrail tries to redeliver for 30 days.
pub const RETRY_MS: i64 = 30 * 86_400_000;
