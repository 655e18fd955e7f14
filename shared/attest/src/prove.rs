//! Proofs that a source is among those that an attestation counted.

use bytes::Bytes;
use trailkeep_audit::{
    Day,
    attestation::{Envelope, InclusionProof, Leaf, PublicKey, Tree},
};
use trailkeep_keys::{KeyKind, LogKey};
use trailkeep_pipeline::ports::bucket::AuditBucket;

use crate::{
    error::AttestError,
    kept::{self, Kept, Listing},
    outcomes::{self, LeavesError},
};

/// Most leaves whose tree is held in memory: 50 million, 1.6 GB.
const MAX_LEAVES: u64 = 50_000_000;
/// Most leaves of one key that are looked at: revisions, and buckets.
const MAX_FOUND: usize = 10_000;

/// Which source is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Its key, whole.
    pub key: String,
    /// Its canonical bucket; none: whichever has it.
    pub bucket: Option<String>,
    /// Its revision; none: the highest.
    pub revision: Option<u32>,
}

/// A proof, with the attestation that it is held against.
#[derive(Debug, Clone)]
pub struct Proved {
    /// The proof.
    pub proof: InclusionProof,
    /// Which attestation.
    pub kept: Kept,
    /// Its bytes, as they are kept.
    pub attestation: Bytes,
    /// The same, read.
    pub envelope: Box<Envelope>,
    /// Whether one of the given keys signed it; without keys it did not.
    pub trusted: bool,
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// CloudTrail writes no such key.
    #[error("{0} is no key of a file that CloudTrail delivers: it has no delivery day")]
    NoDay(String),
    /// The day has no attestation.
    #[error("{day} is not attested yet: run `trailkeep attest make --day {day}`, or wait for the auditor")]
    NotAttested {
        /// The day.
        day: Day,
    },
    /// The source is not among those that were attested.
    #[error("{key} is not among the {sources} sources of attestation {sequence} ({}) of {day}", .kind.as_str())]
    NotThere {
        /// Its key.
        key: String,
        /// The day.
        day: Day,
        /// Number of the attestation.
        sequence: u64,
        /// Its kind.
        kind: trailkeep_audit::attestation::Kind,
        /// How many it counts.
        sources: u64,
    },
    /// Several buckets have it.
    #[error("{key} landed from several buckets: name one of {}", .buckets.join(", "))]
    SeveralBuckets {
        /// Its key.
        key: String,
        /// The buckets.
        buckets: Vec<String>,
    },
    /// The attestation is not what was signed.
    #[error("{key} is not to be relied on: {reason}")]
    Attestation {
        /// Its key.
        key: String,
        /// Why.
        reason: String,
    },
    /// More than can be held.
    #[error("{sources} sources are more than the {MAX_LEAVES} whose tree is held in memory")]
    TooMany {
        /// How many there are.
        sources: u64,
    },
    /// The leaves are not those that were attested: nothing is proved.
    #[error(transparent)]
    Leaves(#[from] LeavesError),
    /// Anything else.
    #[error(transparent)]
    Attest(#[from] AttestError),
}

/// The day by which a source is attested: that in its name, or in its path where the name has no time.
pub fn delivery_day(key: &str) -> Option<Day> {
    let Ok(KeyKind::Log(parsed) | KeyKind::Digest(parsed)) = LogKey::parse(key) else { return None };
    let of_path = || format!("{:08}", parsed.delivery_day).parse().ok();
    parsed.delivered_ms().map(Day::of).or_else(of_path)
}

/// Proves that a source is among those of the newest attestation of its day: the final one, once there is one.
///
/// # Errors
/// [`ProveError`].
pub async fn prove(bucket: &dyn AuditBucket, wanted: &Wanted, keys: &[PublicKey]) -> Result<Proved, ProveError> {
    let day = delivery_day(&wanted.key).ok_or_else(|| ProveError::NoDay(wanted.key.clone()))?;
    let listing = Listing::of(bucket).await.map_err(AttestError::from)?;
    let kept = listing.newest_of(day).ok_or(ProveError::NotAttested { day })?;
    let (attestation, envelope) = attestation(bucket, kept, keys).await?;
    let sources = envelope.statement.sources.count;
    if sources > MAX_LEAVES {
        return Err(ProveError::TooMany { sources });
    }
    let outcomes = kept.outcomes_key(envelope.statement.sources.merkle_root);
    let looking = Looking { key: wanted.key.clone(), tree: Tree::default(), found: Vec::new() };
    let looked = outcomes::each(bucket, &outcomes, sources, looking, Looking::step).await?;
    if looked.tree.root() != envelope.statement.sources.merkle_root {
        return Err(LeavesError::Root { key: outcomes }.into());
    }
    let (index, leaf) = chosen(looked.found, wanted)?.ok_or_else(|| ProveError::NotThere {
        key: wanted.key.clone(),
        day,
        sequence: kept.sequence,
        kind: kept.kind,
        sources,
    })?;
    let proof = InclusionProof::make(day, &looked.tree, index, leaf).map_err(AttestError::from)?;
    proof.verify(&envelope.statement).map_err(AttestError::from)?;
    Ok(Proved { proof, kept, attestation, envelope: Box::new(envelope), trusted: !keys.is_empty() })
}

/// An attestation as it is kept, with whatever was to be checked of it by itself.
async fn attestation(bucket: &dyn AuditBucket, kept: Kept, keys: &[PublicKey]) -> Result<(Bytes, Envelope), ProveError> {
    let key = kept.key();
    let wrong = |reason: String| ProveError::Attestation { key: key.clone(), reason };
    let bytes = kept::read(bucket, &key).await.map_err(AttestError::from)?;
    let bytes = bytes.ok_or_else(|| wrong("it was listed, and is not there any more".to_owned()))?;
    let envelope = Envelope::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
    let signed = if keys.is_empty() { envelope.check_form() } else { envelope.verify_with(keys) };
    signed.map_err(|error| wrong(error.to_string()))?;
    let statement = &envelope.statement;
    if (statement.sequence, statement.day, statement.kind) != (kept.sequence, kept.day, kept.kind) {
        return Err(wrong("it is of another number, day or kind than its key".to_owned()));
    }
    Ok((bytes, envelope))
}

/// The tree so far, and the leaves of the key.
struct Looking {
    key: String,
    tree: Tree,
    found: Vec<(u64, Leaf)>,
}

impl Looking {
    fn step(&mut self, leaf: Leaf) -> Result<(), String> {
        if leaf.key == self.key {
            if self.found.len() == MAX_FOUND {
                return Err(format!("more than {MAX_FOUND} leaves have its key"));
            }
            self.found.push((self.tree.len(), leaf.clone()));
        }
        self.tree.push(leaf).map_err(|error| error.to_string())
    }
}

fn chosen(found: Vec<(u64, Leaf)>, wanted: &Wanted) -> Result<Option<(u64, Leaf)>, ProveError> {
    let fits = |leaf: &Leaf| {
        wanted.bucket.as_ref().is_none_or(|bucket| *bucket == leaf.bucket)
            && wanted.revision.is_none_or(|revision| revision == leaf.revision)
    };
    let mut found: Vec<(u64, Leaf)> = found.into_iter().filter(|(_, leaf)| fits(leaf)).collect();
    let mut buckets: Vec<String> = found.iter().map(|(_, leaf)| leaf.bucket.clone()).collect();
    buckets.dedup();
    if buckets.len() > 1 {
        return Err(ProveError::SeveralBuckets { key: wanted.key.clone(), buckets });
    }
    // Leaves are in their order: the highest revision is the last.
    Ok(found.pop())
}
