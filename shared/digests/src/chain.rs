//! The chain: what the Digests of one trail, account and Region prove together.
//!
//! Each Digest names the one before it by place, hash and signature, so that neither can be taken out or exchanged unseen; it cannot
//! name the one after it, which is why the newest is missed only by the clock ([`Window::until_ms`]). Logging that stops breaks the chain:
//! CloudTrail delivers a last Digest and, when logging goes on, one that names none before it. What lies between is told as a
//! [`Break`], from when to when, and is never part of what is proven: that nothing was logged then is for the records of
//! `StopLogging` to say, not for the chain.

use serde::{Deserialize, Serialize};

use crate::{ChainId, Fingerprint, HashValue, Link, Location, Pointer, Reasons, Signature};

mod backfill;
mod slots;
mod walk;

pub use walk::walk;

/// How far a chain has been verified: the mark from which the next walk goes on. Serialised, it is kept in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Where the last verified Digest was delivered.
    #[serde(flatten)]
    pub location: Location,
    /// SHA-256 of its inflated bytes.
    pub hash: HashValue,
    /// Its signature.
    pub signature: Signature,
    /// The public key that verified it.
    pub fingerprint: Fingerprint,
    /// Start of its period, milliseconds since 1970.
    pub start_ms: i64,
    /// End of its period, milliseconds since 1970.
    pub end_ms: i64,
}

/// What a walk knows beside the Digests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Window<'a> {
    /// Where an earlier walk ended; none walks in full.
    pub head: Option<&'a Head>,
    /// Digests that end at or before this were not looked for, milliseconds since 1970; none if all were. Without meaning beside a head.
    pub since_ms: Option<i64>,
    /// A Digest of every hour that ended by then should be there, milliseconds since 1970: now, less the time that CloudTrail may take.
    /// Without it a missing newest Digest is not noticed.
    pub until_ms: Option<i64>,
}

/// A stretch of time, milliseconds since 1970; its start is in it, its end is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    /// Start.
    pub from_ms: i64,
    /// End.
    pub to_ms: i64,
}

/// What came of one Digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Why it is not verified; none: it is.
    pub reasons: Reasons,
    /// The replica's bucket that it was found in, to be stated with the outcome.
    pub alias: Option<String>,
    /// For a backfill Digest: the verified Digests whose periods it adds to, by their place among the Links of this walk. Empty where they are
    /// older than the walk or not there.
    pub adds_to: Vec<usize>,
}

impl Outcome {
    /// Whether CloudTrail signed it, for this place, and the chain does not contradict it.
    pub fn is_verified(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// What is wrong with a chain beside its Digests' own reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// `missing_digests`: a signed Digest names one before it that is not there.
    Missing {
        /// The end of the last Digest before the hole that is sound by itself; none if there is none.
        from_ms: Option<i64>,
        /// The start of the first Digest after it.
        to_ms: i64,
        /// How many are missing at least, by the hourly cadence; those that are there and not sound are not counted.
        at_least: u64,
        /// The last of the missing ones, which the Digest after the hole names with hash and signature.
        named: Box<Pointer>,
        /// The Digest that names it, by its place among the Links.
        named_by: usize,
    },
    /// `missing_newest`: nothing since then, though the clock says that there should be. Deleted, not delivered, or logging was stopped.
    MissingNewest {
        /// The end of the newest verified Digest.
        from_ms: i64,
        /// Until when Digests were expected.
        to_ms: i64,
        /// How many are missing by the hourly cadence.
        count: u64,
    },
    /// `no_digests`: none is verified, and there was none before.
    NoDigests,
    /// `missing_backfill`: a signed backfill Digest names one before it that is not there.
    MissingBackfill {
        /// The Digest that names it, by its place among the Links.
        named_by: usize,
        /// The missing one.
        named: Box<Pointer>,
    },
    /// `duplicated_stamp`: several Digests of one time.
    DuplicatedStamp {
        /// The time in their names, milliseconds since 1970.
        stamp_ms: i64,
        /// The one that was taken, by its place among the Links; the head's own Digest has none.
        taken: Option<usize>,
        /// The others.
        others: Vec<usize>,
    },
    /// `suspicious_start`: a Digest that names none before it, though logging does not look as if it had been stopped.
    SuspiciousStart {
        /// The starting Digest, by its place among the Links.
        digest: usize,
        /// Why.
        doubts: Vec<Doubt>,
    },
}

impl Finding {
    /// Its stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing_digests",
            Self::MissingNewest { .. } => "missing_newest",
            Self::NoDigests => "no_digests",
            Self::MissingBackfill { .. } => "missing_backfill",
            Self::DuplicatedStamp { .. } => "duplicated_stamp",
            Self::SuspiciousStart { .. } => "suspicious_start",
        }
    }
}

/// Where a chain begins, or begins again. Nothing is proven between the two times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The end of the last Digest before it; none at the chain's beginning.
    pub from_ms: Option<i64>,
    /// The start of the starting Digest.
    pub to_ms: i64,
    /// Which of the two.
    pub kind: BreakKind,
    /// The starting Digest, by its place among the Links.
    pub digest: usize,
}

/// Why a chain has a starting Digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BreakKind {
    /// `begins`: no Digest is known before it.
    Begins,
    /// `restarts`: logging or validation was stopped and started again, by the look of it: the last Digest before is verified, time passed,
    /// and the hours begin anew.
    Restarts,
    /// `restarts_suspiciously`: a finding says why.
    RestartsSuspiciously,
}

impl BreakKind {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Begins => "begins",
            Self::Restarts => "restarts",
            Self::RestartsSuspiciously => "restarts_suspiciously",
        }
    }
}

/// Why a starting Digest does not look like one after stopped logging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// `no_time_passed`: it starts at or before the end of the one before.
    NoTimePassed,
    /// `on_the_old_cadence`: whole hours after a whole hour, as if Digests had been taken out from between.
    OnTheOldCadence,
    /// `last_digest_not_verified`: what stands before it is not verified, so that nothing says when logging stopped.
    LastDigestNotVerified,
}

impl Doubt {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoTimePassed => "no_time_passed",
            Self::OnTheOldCadence => "on_the_old_cadence",
            Self::LastDigestNotVerified => "last_digest_not_verified",
        }
    }
}

/// From one Digest to the next CloudTrail signed with another key. No fault: keys change every month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// The end of the first Digest that the new key signed, milliseconds since 1970.
    pub at_ms: i64,
    /// The key before.
    pub from: Fingerprint,
    /// The key since.
    pub to: Fingerprint,
}

/// What a walk found.
#[derive(Debug, Clone)]
pub struct Report {
    /// The chain.
    pub chain: ChainId,
    /// One for each Link, in the order in which they were given.
    pub outcomes: Vec<Outcome>,
    /// What is wrong beside the Digests' own reasons.
    pub findings: Vec<Finding>,
    /// Where the chain begins and begins again.
    pub breaks: Vec<Break>,
    /// Where the key changes.
    pub rotations: Vec<Rotation>,
    /// The stretches for which verified Digests follow one another: complete against what CloudTrail signed, then and only then. A head's own
    /// period is not among them, as an earlier walk has told it.
    pub proven: Vec<Period>,
    /// The newest verified Digest, the old head if there is no newer one.
    pub head: Option<Head>,
    /// The newest verified Digest before anything that is missing or not verified: walk from here again to let late Digests fill a hole.
    pub settled: Option<Head>,
}

impl Report {
    /// Whether every Digest is verified and nothing is missing. Breaks are no fault, but [`Self::proves`] is the question to ask for a time.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.outcomes.iter().all(Outcome::is_verified)
    }

    /// Whether the Digests of this walk prove the whole of a stretch of time: complete against what CloudTrail signed.
    pub fn proves(&self, period: Period) -> bool {
        self.proven.iter().any(|proven| proven.from_ms <= period.from_ms && period.to_ms <= proven.to_ms)
    }
}

impl Head {
    /// The end of its period as its key has it: to the second, milliseconds since 1970.
    pub fn stamp_ms(&self) -> i64 {
        slots::stamp_of(self)
    }

    /// The head that a Digest makes, if it could be read. Only that of a verified one is a mark.
    pub fn of(link: &Link) -> Option<Self> {
        let claims = link.claims.as_ref()?;
        Some(Self {
            location: link.location.clone(),
            hash: link.hash?,
            signature: link.signature.clone()?,
            fingerprint: claims.fingerprint,
            start_ms: claims.start_ms,
            end_ms: claims.end_ms,
        })
    }
}
