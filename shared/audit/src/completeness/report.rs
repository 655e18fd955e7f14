//! What came of the join: counts for each account, Region and day, and what an investigator must look at.

use std::{collections::BTreeMap, ops::AddAssign};

use trailkeep_keys::{AccountId, LogClass, Region};

use super::{FileId, MAX_FINDINGS};
use crate::{Day, Sha256};

/// An account and Region on one day of delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// The day in the files' names.
    pub day: Day,
}

/// What came of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// As [`Counts::verified`].
    Verified,
    /// As [`Counts::missing`].
    Missing,
    /// As [`Counts::missing_within_grace`].
    MissingWithinGrace,
    /// As [`Counts::altered`].
    Altered,
    /// As [`Counts::listed_differently`].
    ListedDifferently,
    /// As [`Counts::quarantined`].
    Quarantined,
    /// As [`Counts::unlisted`].
    Unlisted,
    /// As [`Counts::unlisted_within_grace`].
    UnlistedWithinGrace,
    /// As [`Counts::no_digest`].
    NoDigest,
    /// It lies outside what CloudTrail signs.
    NotCovered(Uncovered),
}

/// Why a file lies outside what CloudTrail signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Uncovered {
    /// As [`Counts::digests`].
    Digest,
    /// As [`Counts::class_not_signed`].
    ClassNotSigned,
}

impl Outcome {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Missing => "missing",
            Self::MissingWithinGrace => "missing_within_grace",
            Self::Altered => "altered",
            Self::ListedDifferently => "listed_differently",
            Self::Quarantined => "quarantined",
            Self::Unlisted => "unlisted",
            Self::UnlistedWithinGrace => "unlisted_within_grace",
            Self::NoDigest => "no_digest",
            Self::NotCovered(_) => "not_covered",
        }
    }

    /// The kind of finding that it is told as, if it is.
    pub(super) const fn finding(self) -> Option<FindingKind> {
        match self {
            Self::Missing => Some(FindingKind::Missing),
            Self::MissingWithinGrace => Some(FindingKind::MissingWithinGrace),
            Self::Altered => Some(FindingKind::Altered),
            Self::ListedDifferently => Some(FindingKind::ListedDifferently),
            Self::Quarantined => Some(FindingKind::Quarantined),
            Self::Unlisted => Some(FindingKind::Unlisted),
            Self::Verified | Self::UnlistedWithinGrace | Self::NoDigest | Self::NotCovered(_) => None,
        }
    }
}

/// How many files came to which outcome. A file counts once, whatever its revisions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// `verified`: listed, and its first revision has the signed hash.
    pub verified: u64,
    /// `missing`: listed and not landed, 30 days after the Digest's end.
    pub missing: u64,
    /// `missing_within_grace`: the same, while CloudTrail may still deliver it.
    pub missing_within_grace: u64,
    /// `altered`: listed, and what landed first has another hash.
    pub altered: u64,
    /// `listed_differently`: verified Digests list it with different hashes.
    pub listed_differently: u64,
    /// `quarantined`: listed and landed; nothing of it could be read, and its hash is the signed one or could not be told.
    pub quarantined: u64,
    /// `unlisted`: landed, delivered while verified Digests speak of its account and Region, and in none of them after 30 days.
    pub unlisted: u64,
    /// `unlisted_within_grace`: the same, while a later Digest may still list it.
    pub unlisted_within_grace: u64,
    /// `not_covered`: a Digest itself.
    pub digests: u64,
    /// `not_covered`: of a class of which no Digest of this account and Region has listed a file by then.
    pub class_not_signed: u64,
    /// `no_digest`: of a class that is signed, and no verified Digest speaks of when it was delivered. Nothing vouches for it: whoever puts a file there
    /// and takes the hour's Digest away leaves this.
    pub no_digest: u64,
    /// Files of any outcome of which a later revision has other content. Not an outcome of its own.
    pub revision_differs: u64,
}

impl Counts {
    pub(super) fn count(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Verified => &mut self.verified,
            Outcome::Missing => &mut self.missing,
            Outcome::MissingWithinGrace => &mut self.missing_within_grace,
            Outcome::Altered => &mut self.altered,
            Outcome::ListedDifferently => &mut self.listed_differently,
            Outcome::Quarantined => &mut self.quarantined,
            Outcome::Unlisted => &mut self.unlisted,
            Outcome::UnlistedWithinGrace => &mut self.unlisted_within_grace,
            Outcome::NotCovered(Uncovered::Digest) => &mut self.digests,
            Outcome::NotCovered(Uncovered::ClassNotSigned) => &mut self.class_not_signed,
            Outcome::NoDigest => &mut self.no_digest,
        } += 1;
    }

    /// Files that verified Digests list.
    pub fn listed(&self) -> u64 {
        self.verified + self.missing + self.missing_within_grace + self.altered + self.listed_differently + self.quarantined
    }

    /// Landed files that lie outside what CloudTrail signs.
    pub fn not_covered(&self) -> u64 {
        self.digests + self.class_not_signed
    }

    /// All files, listed or landed.
    pub fn files(&self) -> u64 {
        self.listed() + self.unlisted + self.unlisted_within_grace + self.no_digest + self.not_covered()
    }

    /// Whether these are complete against what CloudTrail signed: every file that is listed is verified, none was put there, and a Digest speaks of each. Files
    /// that wait for their grace to end make it false; files that are not covered do not, and hours in which nothing landed are not seen here at all.
    pub fn is_complete(&self) -> bool {
        self.verified == self.listed() && self.unlisted + self.unlisted_within_grace + self.no_digest + self.revision_differs == 0
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.verified += other.verified;
        self.missing += other.missing;
        self.missing_within_grace += other.missing_within_grace;
        self.altered += other.altered;
        self.listed_differently += other.listed_differently;
        self.quarantined += other.quarantined;
        self.unlisted += other.unlisted;
        self.unlisted_within_grace += other.unlisted_within_grace;
        self.digests += other.digests;
        self.class_not_signed += other.class_not_signed;
        self.no_digest += other.no_digest;
        self.revision_differs += other.revision_differs;
    }
}

/// What is told file by file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// As [`Counts::missing`].
    Missing,
    /// As [`Counts::missing_within_grace`]: no finding yet, told so that it can be asked for again.
    MissingWithinGrace,
    /// As [`Counts::altered`].
    Altered,
    /// As [`Counts::listed_differently`].
    ListedDifferently,
    /// As [`Counts::quarantined`].
    Quarantined,
    /// As [`Counts::unlisted`]: someone put it there.
    Unlisted,
    /// As [`Counts::revision_differs`].
    RevisionDiffers,
}

impl FindingKind {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::MissingWithinGrace => "missing_within_grace",
            Self::Altered => "altered",
            Self::ListedDifferently => "listed_differently",
            Self::Quarantined => "quarantined",
            Self::Unlisted => "unlisted",
            Self::RevisionDiffers => "revision_differs",
        }
    }
}

/// How a Digest lists a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// The signed hash.
    pub hash: Sha256,
    /// End of the earliest Digest that lists it with this hash, milliseconds since 1970.
    pub digest_end_ms: i64,
    /// The caller's number of that Digest.
    pub digest: u32,
}

/// How a revision of a file landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Landed {
    /// Its revision.
    pub revision: u32,
    /// SHA-256 of its inflated bytes; none where it could not be inflated.
    pub hash: Option<Sha256>,
    /// Nothing of it could be read.
    pub quarantined: bool,
    /// The caller's number of the `sources/` object.
    pub source: u32,
}

/// Bucket and key of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
}

/// One file that must be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is the matter.
    pub kind: FindingKind,
    /// The file.
    pub id: FileId,
    /// Its name, once [`Report::name`] has met it.
    pub name: Option<ObjectName>,
    /// Its account, Region and day.
    pub place: Place,
    /// Its class.
    pub class: LogClass,
    /// The minute in its name, milliseconds since 1970.
    pub delivered_ms: i64,
    /// How it is listed, one for each hash; at most 16 are told.
    pub listed: Vec<Listed>,
    /// How it landed, by revision; at most 16 are told.
    pub landed: Vec<Landed>,
}

/// What came of the join.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Counts for each account, Region and day.
    pub places: BTreeMap<Place, Counts>,
    /// Findings in the order of their files' ids: the first [`MAX_FINDINGS`] of each kind.
    pub findings: Vec<Finding>,
    /// How many there are of each kind, those left out of `findings` too.
    pub found: BTreeMap<FindingKind, u64>,
}

impl Report {
    /// The counts of all places together.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.places.values().for_each(|counts| total += *counts);
        total
    }

    /// How many findings of a kind were counted and not told.
    pub fn left_out(&self, kind: FindingKind) -> u64 {
        self.found.get(&kind).copied().unwrap_or_default().saturating_sub(MAX_FINDINGS as u64)
    }

    /// Gives findings of this object its name, and tells whether there are any. Names are in the Digests and `sources/` objects that findings
    /// point to by number; others need not be read again.
    pub fn name(&mut self, bucket: &str, key: &str) -> bool {
        let id = FileId::of(bucket, key);
        let first = self.findings.partition_point(|finding| finding.id < id);
        let mut known = false;
        for finding in self.findings.iter_mut().skip(first).take_while(|finding| finding.id == id) {
            known = true;
            finding.name.get_or_insert_with(|| ObjectName { bucket: bucket.to_owned(), key: key.to_owned() });
        }
        known
    }

    pub(super) fn find(&mut self, kind: FindingKind, finding: impl FnOnce() -> Finding) {
        let found = self.found.entry(kind).or_default();
        if *found < MAX_FINDINGS as u64 {
            self.findings.push(finding());
        }
        *found += 1;
    }
}
