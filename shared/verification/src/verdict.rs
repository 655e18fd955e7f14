//! What a verification says. It serialises to JSON; names in it are stable.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use trailkeep_digests::{Head, Period, PublicKeys};
use trailkeep_keys::Region;
use trailkeep_records::time::to_rfc3339;

use crate::Marks;

/// What is claimed where nothing is found, in the words to be used for it everywhere.
pub const CLAIM: &str = "complete against what CloudTrail signed";

/// What no Digest says anything about, by stable names: events that selectors leave out, the time of stopped trails and of trails without
/// validation, and objects of the classes for which Digests are not documented.
pub const OUTSIDE: [&str; 5] = ["selectors", "stopped_trails", "insights", "network_activity", "aggregated"];

/// A moment, milliseconds since 1970; RFC 3339 in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        to_rfc3339(self.0).serialize(serializer)
    }
}

/// A stretch of time; its end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Start; none: open.
    pub from: Option<Moment>,
    /// End.
    pub to: Moment,
}

impl From<Period> for Span {
    fn from(period: Period) -> Self {
        Self { from: (period.from_ms != i64::MIN).then_some(Moment(period.from_ms)), to: Moment(period.to_ms) }
    }
}

/// What a verification says.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// [`CLAIM`], for the stretches that are proven.
    pub claim: &'static str,
    /// [`OUTSIDE`].
    pub outside: [&'static str; 5],
    /// Whether everything that was asked is verified and proven, and nothing was found.
    pub verified: bool,
    /// The address of what was judged: an archive, or a log bucket where [`Self::log_bucket`] is there.
    pub archive: String,
    /// A log bucket that was judged itself, without an archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_bucket: Option<LogBucketName>,
    /// What was judged.
    pub judged: Judged,
    /// The root of trust: the public keys that were given, and where they came from.
    pub trust: Vec<TrustedKey>,
    /// Replicas that were taken for the buckets that CloudTrail delivers to.
    pub aliases: BTreeMap<String, String>,
    /// Log files by outcome, all places together.
    pub log_files: Counts,
    /// Digests, all places together.
    pub digests: DigestCounts,
    /// The same for each account and Region, ascending.
    pub places: Vec<Place>,
    /// The chains, ascending.
    pub chains: Vec<Chain>,
    /// The segments that hold all this.
    pub segments: SegmentCounts,
    /// What was read again.
    pub read_again: ReadAgain,
    /// How often each finding was made, by name.
    pub finding_counts: BTreeMap<&'static str, u64>,
    /// The findings, as many as were to be kept.
    pub findings: Vec<Finding>,
    /// How far each chain is verified now: for [`crate::Asked::marks`] of the next run. Not in the JSON.
    #[serde(skip)]
    pub marks: Marks,
}

/// A log bucket that was judged itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogBucketName {
    /// The bucket's name; none where nothing of it was found.
    pub name: Option<String>,
    /// Who says so, a stable name: `s3`, the store; `option`, whoever asked; `digests`, the Digests of a copied tree, before they were verified.
    pub named_by: &'static str,
}

/// What was judged.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// The stretch of time, by delivery.
    pub window: Span,
    /// The clock's word for what was due.
    pub as_of: Moment,
    /// Only these accounts; empty: all.
    pub accounts: Vec<String>,
    /// Only these Regions; empty: all.
    pub regions: Vec<String>,
}

/// A public key that was trusted.
#[derive(Debug, Clone, Serialize)]
pub struct TrustedKey {
    /// MD5 of the key, as CloudTrail names it.
    pub fingerprint: String,
    /// Whose Digests it verifies.
    pub region: String,
    /// Start of its validity.
    pub valid_from: Moment,
    /// End of its validity.
    pub valid_to: Moment,
    /// Where it was got.
    pub obtained_from: String,
    /// When.
    pub obtained_at: Moment,
    /// Verified Digests that it signed.
    pub digests: u64,
}

/// Log files by outcome. A file counts once, whatever its revisions; `trailkeep-audit` decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// A verified Digest lists it, and it landed with that hash.
    pub verified: u64,
    /// Listed, and not landed 30 days after the Digest's end.
    pub missing: u64,
    /// Listed, and not landed, while CloudTrail may still deliver it.
    pub missing_within_grace: u64,
    /// Listed, and landed with another hash.
    pub altered: u64,
    /// Verified Digests list it with different hashes.
    pub listed_differently: u64,
    /// Listed and landed, and nothing of it could be read.
    pub quarantined: u64,
    /// Landed while verified Digests speak of its account and Region, and in none of them after 30 days.
    pub unlisted: u64,
    /// The same, while a later Digest may still list it.
    pub unlisted_within_grace: u64,
    /// Of a class of which no Digest has listed a file.
    pub class_not_signed: u64,
    /// No verified Digest speaks of when it was delivered.
    pub no_digest: u64,
    /// In a log bucket that is judged itself: a verified Digest lists it, it is there, and its bytes were not read.
    #[serde(skip_serializing_if = "is_zero")]
    pub not_read: u64,
    /// Of any outcome, with a later revision that has other content. Not an outcome of its own.
    pub revision_differs: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Digests by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DigestCounts {
    /// Signed by CloudTrail for this place, and not contradicted by the chain.
    pub verified: u64,
    /// Anything else.
    pub refused: u64,
}

/// One account in one Region.
#[derive(Debug, Clone, Serialize)]
pub struct Place {
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Its log files.
    pub log_files: Counts,
    /// Its Digests.
    pub digests: DigestCounts,
}

/// One chain.
#[derive(Debug, Clone, Serialize)]
pub struct Chain {
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
    /// What verified Digests cover of the window without a hole.
    pub proven: Vec<Span>,
    /// What they do not.
    pub gaps: Vec<Gap>,
    /// When CloudTrail went on with another key.
    pub rotations: Vec<Moment>,
    /// The newest verified Digest's key; none where there is none.
    pub head: Option<String>,
    /// The same Digest, with hash and period. Not in the JSON.
    #[serde(skip)]
    pub newest: Option<Head>,
    /// The mark from which it was walked: the key of a Digest that an earlier run verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_mark: Option<String>,
    /// A hole or a refused Digest holds its new mark back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lags: bool,
}

/// A stretch that is not proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// When.
    #[serde(flatten)]
    pub span: Span,
    /// The likely cause, a stable name.
    pub cause: &'static str,
}

/// Segments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SegmentCounts {
    /// That were asked for.
    pub asked: u64,
    /// Of them, that do not stand.
    pub fallen: u64,
}

/// What was read again and hashed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct ReadAgain {
    /// The part of all sources that was asked for, from 0 to 1.
    pub fraction: f64,
    /// The sample's seed.
    pub seed: Option<u64>,
    /// Sources that were read.
    pub sources: u64,
    /// Their stored bytes.
    pub bytes: u64,
    /// Sources whose bytes are not those that landed.
    pub damaged: u64,
    /// Sources that lie in an archived tier and were not read.
    pub archived: u64,
}

/// Facts about a finding, by stable names: `docs/integrity.md` has them.
pub type Evidence = BTreeMap<&'static str, String>;

/// One finding, with what an investigator needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its stable name.
    pub name: &'static str,
    /// The account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The trail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trail: Option<String>,
    /// The object's bucket; none for objects of the archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The object's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// From when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// To when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Moment>,
    /// How many, where it is about several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Why, by stable names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<&'static str>,
    /// It may heal by itself: CloudTrail tries to deliver for 30 days.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    /// One sentence for a person.
    pub detail: String,
    /// What an investigator needs, by stable names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: Evidence,
}

impl From<&trailkeep_audit::completeness::Counts> for Counts {
    fn from(counts: &trailkeep_audit::completeness::Counts) -> Self {
        Self {
            verified: counts.verified,
            missing: counts.missing,
            missing_within_grace: counts.missing_within_grace,
            altered: counts.altered,
            listed_differently: counts.listed_differently,
            quarantined: counts.quarantined,
            unlisted: counts.unlisted,
            unlisted_within_grace: counts.unlisted_within_grace,
            class_not_signed: counts.class_not_signed,
            no_digest: counts.no_digest,
            not_read: 0,
            revision_differs: counts.revision_differs,
        }
    }
}

impl Counts {
    /// Adds another place's.
    pub(crate) fn plus(&mut self, other: &Self) {
        self.verified += other.verified;
        self.missing += other.missing;
        self.missing_within_grace += other.missing_within_grace;
        self.altered += other.altered;
        self.listed_differently += other.listed_differently;
        self.quarantined += other.quarantined;
        self.unlisted += other.unlisted;
        self.unlisted_within_grace += other.unlisted_within_grace;
        self.class_not_signed += other.class_not_signed;
        self.no_digest += other.no_digest;
        self.not_read += other.not_read;
        self.revision_differs += other.revision_differs;
    }

    /// Each outcome with its stable name.
    pub fn named(&self) -> [(&'static str, u64); 11] {
        [
            ("verified", self.verified),
            ("missing", self.missing),
            ("missing_within_grace", self.missing_within_grace),
            ("altered", self.altered),
            ("listed_differently", self.listed_differently),
            ("quarantined", self.quarantined),
            ("unlisted", self.unlisted),
            ("unlisted_within_grace", self.unlisted_within_grace),
            ("class_not_signed", self.class_not_signed),
            ("no_digest", self.no_digest),
            ("not_read", self.not_read),
        ]
    }
}

/// The root of trust, with how many verified Digests each key signed.
pub(crate) fn trusted(keys: &PublicKeys, signed: &BTreeMap<(Region, String), u64>) -> Vec<TrustedKey> {
    let told = |key: &trailkeep_digests::PublicKey| {
        let (fingerprint, (valid_from_ms, valid_to_ms)) = (key.fingerprint().to_string(), key.validity_ms());
        TrustedKey {
            digests: signed.get(&(key.region(), fingerprint.clone())).copied().unwrap_or_default(),
            fingerprint,
            region: key.region().to_string(),
            valid_from: Moment(valid_from_ms),
            valid_to: Moment(valid_to_ms),
            obtained_from: key.origin().source.clone(),
            obtained_at: Moment(key.origin().at_ms),
        }
    };
    keys.iter().map(told).collect()
}
