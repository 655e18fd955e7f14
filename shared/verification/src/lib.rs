//! Holds an archive against what CloudTrail signed, and says what came of it in a [`Verdict`].
//!
//! [`verify`] reads rows of `sources/` and the packed Digests below `digests/`, has `trailkeep-digests` check signatures and walk the chains, and
//! `trailkeep-audit` join what verified Digests list with what landed. Log files are not downloaded: their hashes were taken at landing. It
//! asks whether the segments that hold them stand, and reads them again as deep as [`Depth`] says.
//!
//! What is proved is completeness *against what CloudTrail signed*, and no more. `docs/integrity.md` has outcomes and findings by name.
//!
//! Works on any archive through the ports: directories and S3 alike. The clock is an argument.

mod asked;
mod chains;
mod deep;
mod digests;
mod each;
mod error;
mod evidence;
mod findings;
mod from;
mod hashing;
mod kept_keys;
mod marks;
mod named;
mod ranges;
mod revisions;
mod round;
mod row;
mod rows;
mod segments;
mod sources;
mod standing;
mod verdict;
mod verify;

pub use asked::{Asked, DIGEST_DUE_MS, Depth, OPEN_END_MS, Options, Progress};
pub use each::FileOutcome;
pub use error::VerifyError;
pub use from::{FromError, LogSource, verify_log_bucket};
pub use kept_keys::{KeptKeys, KeptKeysError, KeptKeysFile, RefusedKept, kept_keys};
pub use marks::{MARK_BEHIND_MS, MARK_HELD_MS, Mark, Marks};
pub use standing::{Standing, standing};
pub use verdict::{
    CLAIM, Chain, Counts, DigestCounts, Evidence, Finding, Gap, Judged, LogBucketName, Moment, OUTSIDE, Place, ReadAgain, SegmentCounts,
    Span, TrustedKey, Verdict,
};
#[doc(hidden)]
pub use verify::verify_in_rounds_of;
pub use verify::{verify, verify_each};
