//! CloudTrail's Digests: what was delivered, signed every hour for each account, Region and trail, and chained.
//!
//! The way through this crate: [`PublicKeys`] are kept with where and when they were got; a [`Reader`] looks at one stored
//! Digest by itself (one clean gzip member, every member of the JSON, where it stands, who signed it) and leaves a [`Link`];
//! [`walk`] joins the Links of one chain, from a [`Head`] or from the beginning, and says for each Digest whether it is verified
//! and for the chain what is missing, and from when to when it proves anything at all.
//!
//! What is proved is completeness *against what CloudTrail signed*: no more. `design.md` beside this crate has the guarantees and
//! what lies outside them. Whether the listed log files are in the archive is the auditor's affair.
//!
//! Pure: bytes, keys and times are arguments; nothing here reads a clock, a file or the network.
//!
//! Sources: CloudTrail User Guide, "Validating CloudTrail log file integrity", "CloudTrail digest file structure" and "Custom
//! implementations of CloudTrail log file integrity validation"; CloudTrail API Reference, "ListPublicKeys".

pub mod chain;
mod digest;
mod link;
mod location;
mod member;
mod metadata;
mod parse;
mod public_keys;
mod read;
mod reason;
mod signature;
mod values;
pub mod write;

pub use chain::{Break, BreakKind, Doubt, Finding, Head, Outcome, Period, Report, Rotation, Window, walk};
pub use digest::{Digest, LogFile, MAX_LOG_FILES, Previous};
pub use link::{Link, Pointer};
pub use location::{BucketAliases, ChainId, DigestKey, Location};
pub use member::Member;
pub use metadata::Metadata;
pub use public_keys::{
    KeyConflict, KeyContradiction, KeyReason, MAX_KEYS_BYTES, Origin, PublicKey, PublicKeys, PublicKeysError, RefusedKey,
};
pub use read::{MAX_INFLATED_BYTES, MAX_STORED_BYTES, Reader, Reading, StoredDigest};
pub use reason::{Reason, Reasons};
pub use signature::{SIGNATURE_ALGORITHM, SIGNING_LAG_MS, SignedText, verify_signature};
pub use values::{Fingerprint, HashValue, Hex, HexError, Signature};

/// CloudTrail makes a Digest each hour, also when nothing happened. Milliseconds.
/// Source: CloudTrail User Guide, "Validating CloudTrail log file integrity".
pub const CADENCE_MS: i64 = 3_600_000;
