//! What is stated of a delivery day.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, MapAccess, Visitor},
};

use super::canonical::{NotCanonical, canonical_json};
use crate::{Day, Sha256};

/// The version of statements, envelopes and proofs that this release writes and reads.
pub const VERSION: u32 = 1;
/// What is claimed, in the words that say no more than is proved.
pub const WORDS: &str = "complete against what CloudTrail signed";
/// Most bytes that KMS signs as they are (`MessageType=RAW`). Source: KMS API Reference, "Sign".
pub const MAX_SIGNING_INPUT_BYTES: usize = 4096;
/// Most outcomes, and most kinds of findings, that a statement counts. There are nine and some fifty by name: a statement that has more of them, millions
/// perhaps, does not fill the memory.
pub(super) const MAX_NAMES: usize = 1_024;
/// Longest name of an archive, in bytes.
pub(super) const MAX_ARCHIVE_BYTES: usize = 256;

/// Whether CloudTrail may still deliver what the day lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The day after: CloudTrail retries for 30 days.
    Provisional,
    /// After 31 days.
    Final,
}

impl Kind {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Provisional => "provisional",
            Self::Final => "final",
        }
    }
}

/// The statement for a delivery day. Never edited: a later one supersedes it. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The format: [`VERSION`].
    pub version: u32,
    /// What is claimed: [`WORDS`]. That all of it is so is for the counts, gaps and findings to say.
    pub claim: String,
    /// Which archive: what tells it from others for good.
    pub archive: String,
    /// The delivery day: files whose names have it.
    pub day: Day,
    /// Provisional or final.
    pub kind: Kind,
    /// Number in the archive's chain of attestations, from 1.
    pub sequence: u64,
    /// When it was made.
    pub issued_at_ms: i64,
    /// The sources of the day.
    pub sources: SourcesStatement,
    /// The Digests that were relied on.
    pub digests: DigestsStatement,
    /// Who delivered, hour by hour.
    pub coverage: CoverageStatement,
    /// What must be looked at.
    pub findings: FindingsStatement,
    /// What the trails recorded, as recorded.
    pub trails: Vec<TrailConfiguration>,
    /// Whose word it is.
    pub trust_root: TrustRoot,
    /// SHA-256 of the envelope that was issued before this one, whatever its day; none in the first.
    pub previous: Option<Sha256>,
    /// SHA-256 of the envelope for the same day that this one takes the place of.
    pub supersedes: Option<Sha256>,
}

/// The sources of the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourcesStatement {
    /// How many leaves the tree has.
    pub count: u64,
    /// Root of the [`super::Tree`] over them.
    pub merkle_root: Sha256,
    /// How many came to which outcome, by stable names.
    #[serde(deserialize_with = "few")]
    pub outcomes: BTreeMap<String, u64>,
    /// How many were read again from their raw segments.
    pub reread: ReReading,
}

/// How many sources were read again and hashed; of the others the hash is the one of when they landed. Which ones, the part and the seed say:
/// whoever has the archive takes the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReReading {
    /// That many were.
    pub sources: u64,
    /// That many of them were as they had landed.
    pub intact: u64,
    /// The part that was asked for, in millionths: 1,000 is 0.1 %.
    pub millionths: u64,
    /// What chose the sample; none where nothing or everything was read.
    pub seed: Option<u64>,
}

/// The Digests that were relied on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigestsStatement {
    /// How many were verified.
    pub verified: u64,
    /// How many were refused.
    pub refused: u64,
    /// The newest verified Digest of each chain.
    pub heads: Vec<ChainHead>,
}

/// The newest verified Digest of a chain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainHead {
    /// The organization, for an organization's trail.
    pub organization: Option<String>,
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The trail's name.
    pub trail: String,
    /// The Region that the trail was made in.
    pub home_region: String,
    /// Where the Digest was delivered: bucket.
    pub bucket: String,
    /// And key.
    pub key: String,
    /// SHA-256 of its inflated bytes.
    pub sha256: Sha256,
    /// End of its period.
    pub end_ms: i64,
}

/// Who delivered, hour by hour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverageStatement {
    /// Accounts × Regions × hours in which a Digest was expected.
    pub expected_hours: u64,
    /// Those that had one.
    pub covered_hours: u64,
    /// Accounts and Regions of which it is not known whether they should deliver. More than none forbids "complete".
    pub unknown: u64,
    /// Accounts and Regions that were expected only because the Region is on by default.
    pub assumed: u64,
    /// Gaps.
    pub gaps: Vec<GapStatement>,
    /// Gaps that were counted and are not told.
    pub gaps_left_out: u64,
}

/// Hours in which something was expected and not there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GapStatement {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Its start.
    pub since_ms: i64,
    /// Its end.
    pub until_ms: i64,
    /// What was not there: a stable name.
    pub lacks: String,
    /// Why, likely: a stable name.
    pub cause: String,
    /// The event that did it, where one is known.
    pub event_id: Option<String>,
}

/// What must be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingsStatement {
    /// How many of which kind, by stable names.
    #[serde(deserialize_with = "few")]
    pub counts: BTreeMap<String, u64>,
    /// SHA-256 of the object in `findings/` that tells them, where there is one.
    pub sha256: Option<Sha256>,
}

/// What a trail recorded, as CloudTrail's own records or API told it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrailConfiguration {
    /// ARN of the trail.
    pub trail: String,
    /// When it was told so.
    pub recorded_at_ms: i64,
    /// Who told: the id of an event, or the name of an API.
    pub source: String,
    /// Trail and selectors as told: JSON kept as text, byte for byte.
    pub configuration: String,
}

/// Whose word it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustRoot {
    /// SHA-256 of the kept file of CloudTrail's public keys.
    pub cloudtrail_keys_sha256: Sha256,
    /// Where and when those keys were got.
    pub cloudtrail_keys_origin: String,
    /// Who holds the key that signs this statement: the ARN of a KMS key, or what a local key file is called.
    pub signer: String,
    /// SHA-256 of that key's public half, as `SubjectPublicKeyInfo` in DER.
    pub signer_fingerprint: Sha256,
}

impl Statement {
    /// SHA-256 of its canonical JSON.
    ///
    /// # Errors
    /// [`NotCanonical`]; a fault of the program.
    pub fn sha256(&self) -> Result<Sha256, NotCanonical> {
        Ok(Sha256::of(&canonical_json(self)?))
    }

    /// Whether all of the claim is so: every file that CloudTrail listed is verified, nothing was put there, nobody is silent or unknown, and nothing was
    /// found. Files that lie outside what CloudTrail signs do not make it false; those that no Digest speaks of do.
    pub fn is_complete(&self) -> bool {
        let sound = |(outcome, count): (&String, &u64)| *count == 0 || matches!(outcome.as_str(), "verified" | "not_covered");
        self.sources.outcomes.iter().all(sound)
            && self.sources.reread.intact == self.sources.reread.sources
            && self.digests.refused == 0
            && self.coverage.covered_hours == self.coverage.expected_hours
            && self.coverage.unknown == 0
            && self.coverage.gaps_left_out == 0
            && self.coverage.gaps.is_empty()
            && self.findings.counts.values().all(|count| *count == 0)
    }

    /// The bytes that are signed: seven lines of text, no line break at the end, always shorter than [`MAX_SIGNING_INPUT_BYTES`].
    ///
    /// # Errors
    /// [`NotCanonical`]; a fault of the program.
    pub fn signing_input(&self) -> Result<Vec<u8>, NotCanonical> {
        let previous = self.previous.map_or_else(|| "null".to_owned(), |hash| hash.to_string());
        let archive: String = self.archive.chars().take(MAX_ARCHIVE_BYTES).collect();
        let (version, day, kind, sequence, hash) = (self.version, self.day, self.kind.as_str(), self.sequence, self.sha256()?);
        Ok(format!("trailkeep-attestation-v{version}\n{archive}\n{day}\n{kind}\n{sequence}\n{hash}\n{previous}").into_bytes())
    }

    /// Why no such statement can be issued; none: it can.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let outcomes = self.sources.outcomes.values().try_fold(0_u64, |sum, count| sum.checked_add(*count));
        if self.version != VERSION {
            Some("a version that this release does not know")
        } else if self.claim != WORDS {
            Some("another claim than this version makes")
        } else if self.archive.is_empty() || self.archive.len() > MAX_ARCHIVE_BYTES || self.archive.chars().any(char::is_control) {
            Some("an archive without a name that fits one line")
        } else if self.sequence == 0 || (self.sequence == 1) != self.previous.is_none() {
            Some("only the first of a chain, number 1, has none before it")
        } else if outcomes != Some(self.sources.count) {
            Some("outcomes do not add up to the sources")
        } else if self.sources.reread.intact > self.sources.reread.sources || self.sources.reread.sources > self.sources.count {
            Some("more sources were read again than there are")
        } else if self.sources.reread.millionths > 1_000_000 {
            Some("more than all was to be read again")
        } else if self.coverage.covered_hours > self.coverage.expected_hours {
            Some("more hours are covered than were expected")
        } else {
            None
        }
    }
}

/// Counts by name, at most [`MAX_NAMES`].
fn few<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, u64>, D::Error> {
    struct Few;
    impl<'de> Visitor<'de> for Few {
        type Value = BTreeMap<String, u64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "counts by at most {MAX_NAMES} names")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut counts = BTreeMap::new();
            while let Some((name, count)) = members.next_entry()? {
                if counts.len() == MAX_NAMES {
                    return Err(A::Error::custom(format_args!("more than {MAX_NAMES} names are counted")));
                }
                counts.insert(name, count);
            }
            Ok(counts)
        }
    }
    deserializer.deserialize_map(Few)
}
