//! Making an attestation: the day is verified, its sources are put in order, the statement is signed, and all of it is written, the envelope last.

use std::collections::BTreeMap;

use trailkeep_audit::{
    Day, Sha256,
    attestation::{
        ChainHead, CoverageStatement, DigestsStatement, Envelope, FindingsStatement, Kind, ReReading, SourcesStatement, Statement,
        TrailConfiguration, TrustRoot, VERSION, WORDS,
    },
};
use trailkeep_digests::PublicKeys;
use trailkeep_pipeline::ports::bucket::PutPolicy;
use trailkeep_restore::Archive;
use trailkeep_verification::{Finding, Progress, Verdict};

use crate::{
    due::due_at_ms,
    error::AttestError,
    issue::{self, Issued},
    kept::{Kept, Listing},
    outcomes::{Spooled, spool},
    signer::Signer,
    verified::{Verified, verified},
};

/// Other makers that may be faster, one after the other.
const TRIES: u32 = 16;
/// Largest part of a day's sources is all of them, in millionths.
pub(crate) const MILLION: f64 = 1_000_000.0;

/// What is stated beside what the archive's own sources and Digests say.
#[derive(Debug, Clone)]
pub struct Parts {
    /// What the archive is called, for good: 1 to 256 bytes without control characters.
    pub archive: String,
    /// Who delivered on that day, hour by hour; [`unknown_coverage`] where nobody looked.
    pub coverage: CoverageStatement,
    /// Trails and selectors as they were recorded.
    pub trails: Vec<TrailConfiguration>,
    /// SHA-256 of the object in `findings/` that tells what was found.
    pub findings_sha256: Option<Sha256>,
    /// Findings that verifying the day does not make, by stable names.
    pub further_findings: BTreeMap<String, u64>,
    /// SHA-256 of the file of CloudTrail's public keys.
    pub keys_sha256: Sha256,
    /// Where and when they were got.
    pub keys_origin: String,
}

/// How an attestation is made.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// Now, milliseconds since 1970.
    pub now_ms: i64,
    /// The part of the day's sources that is read again, from 0 to 1. Where it is any, ten log files of a day at least, or all that it has.
    pub sample: f64,
    /// Buckets that hold copies: a replica, and the bucket that CloudTrail delivers to.
    pub aliases: &'a BTreeMap<String, String>,
    /// How `attest/` and `outcomes/` are written: Object Lock, KMS key. The rest of it is set here.
    pub policy: &'a PutPolicy,
    /// Told whenever something was done.
    pub progress: &'a (dyn Fn(Progress) + Send + Sync),
}

impl std::fmt::Debug for Making<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Making").field("now_ms", &self.now_ms).field("sample", &self.sample).finish_non_exhaustive()
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub enum Made {
    /// An attestation was made.
    Attested {
        /// Which.
        kept: Kept,
        /// The whole of it.
        envelope: Box<Envelope>,
        /// Its SHA-256: the chain's new head.
        sha256: Sha256,
    },
    /// Another maker made one of the same day and kind meanwhile: nothing was written.
    ByAnother(Kept),
}

/// What is stated of coverage where nobody looked: it is unknown, and unknown is never complete.
pub fn unknown_coverage() -> CoverageStatement {
    CoverageStatement { unknown: 1, ..CoverageStatement::default() }
}

/// What chooses the sample of a day that is read again: the first four bytes of SHA-256(`trailkeep-sample-v1`, archive, day, with line feeds between
/// them), big end first. It stands in the statement.
pub fn sample_seed(archive: &str, day: Day) -> u64 {
    let Sha256(hash) = Sha256::of(format!("trailkeep-sample-v1\n{archive}\n{day}").as_bytes());
    hash.iter().take(4).fold(0, |seed, byte| seed << 8 | u64::from(*byte))
}

/// Makes the attestation of a day: [`judge`], and [`Judged::attest`].
///
/// # Errors
/// [`AttestError`]; then there is no new attestation, though objects that none names may have been left in `outcomes/`.
pub async fn make(
    archive: &Archive,
    keys: &PublicKeys,
    of: (Day, Kind),
    signer: &dyn Signer,
    parts: &Parts,
    making: &Making<'_>,
) -> Result<Made, AttestError> {
    Box::pin(judge(archive, keys, of, &parts.archive, 0, making)).await?.attest(archive, signer, parts, making).await
}

/// A day that was verified, and of which nothing is stated yet.
#[derive(Debug)]
pub struct Judged {
    of: (Day, Kind),
    /// The newest attestation of the day before it was verified.
    before: Option<Kept>,
    spooled: Spooled,
    verdict: Verdict,
    heads: Vec<ChainHead>,
    /// The part of the sources that was read again.
    sample: f64,
}

/// Verifies what was delivered on a day, reads the day's sample again, and sorts the sources outside memory. `name` is what the archive is called: it chooses
/// the sample. At most `findings_kept` findings are kept one by one; all are counted. Needs some 300 bytes a source in `TMPDIR`, and memory as
/// [`trailkeep_verification::verify`] does. Nothing is written.
///
/// # Errors
/// [`AttestError`].
pub async fn judge(
    archive: &Archive,
    keys: &PublicKeys,
    (day, kind): (Day, Kind),
    name: &str,
    findings_kept: usize,
    making: &Making<'_>,
) -> Result<Judged, AttestError> {
    if making.now_ms < due_at_ms(day, kind) {
        return Err(AttestError::TooEarly { day, kind });
    }
    let before = Listing::of(archive.bucket().as_ref()).await?.newest_of(day);
    check_kind(before, kind)?;
    let seed = sample_seed(name, day);
    let Verified { leaves, verdict, heads, sample } = Box::pin(verified(archive, keys, day, seed, findings_kept, making)).await?;
    let spooled = tokio::task::spawn_blocking(move || spool(leaves.sorted()?)).await.map_err(AttestError::Thread)??;
    Ok(Judged { of: (day, kind), before, spooled, verdict, heads, sample })
}

impl Judged {
    /// The findings of the day's verification, as many as were to be kept.
    pub fn findings(&self) -> &[Finding] {
        &self.verdict.findings
    }

    /// How many more there are that were not kept.
    pub fn left_out(&self) -> u64 {
        self.verdict.finding_counts.values().sum::<u64>().saturating_sub(self.verdict.findings.len() as u64)
    }

    /// Files of `sources/` that contradict each other of one source, over all of the day.
    pub fn contradicted(&self) -> u64 {
        self.spooled.contradicted
    }

    /// States and signs it, and writes `outcomes/`, takes the next number, and writes `attest/` last. `making` and the archive's name are those that it was
    /// judged with.
    ///
    /// # Errors
    /// [`AttestError`]; then there is no new attestation, though objects that none names may have been left in `outcomes/`.
    pub async fn attest(&self, archive: &Archive, signer: &dyn Signer, parts: &Parts, making: &Making<'_>) -> Result<Made, AttestError> {
        let bucket = archive.bucket().as_ref();
        let statement = self.statement(signer, parts, making);
        let (_, kind) = self.of;
        let mut removed = 0;
        for _ in 0..TRIES {
            let next = issue::next(bucket, statement.clone(), signer, making, &mut removed).await?;
            let newest = next.newest_of_day;
            check_kind(newest, kind)?;
            if let Some(newest) = newest.filter(|newest| Some(*newest) != self.before && newest.kind == kind) {
                return Ok(Made::ByAnother(newest));
            }
            if let Issued::Written { kept, envelope, sha256 } = issue::issue(bucket, next, signer, &self.spooled, making).await? {
                return Ok(Made::Attested { kept, envelope, sha256 });
            }
        }
        Err(AttestError::Outrun(TRIES))
    }

    fn statement(&self, signer: &dyn Signer, parts: &Parts, making: &Making<'_>) -> Statement {
        let Self { spooled, verdict, .. } = self;
        let mut findings = parts.further_findings.clone();
        for (name, count) in &verdict.finding_counts {
            *findings.entry((*name).to_owned()).or_default() += count;
        }
        if spooled.contradicted > 0 {
            findings.insert("sources_contradicted".to_owned(), spooled.contradicted);
        }
        let (day, kind) = self.of;
        Statement {
            version: VERSION,
            claim: WORDS.to_owned(),
            archive: parts.archive.clone(),
            day,
            kind,
            sequence: 0,
            issued_at_ms: making.now_ms,
            sources: sources(spooled, self.sample, &verdict.read_again),
            digests: DigestsStatement { verified: verdict.digests.verified, refused: verdict.digests.refused, heads: self.heads.clone() },
            coverage: parts.coverage.clone(),
            findings: FindingsStatement { counts: findings, sha256: parts.findings_sha256 },
            trails: parts.trails.clone(),
            trust_root: TrustRoot {
                cloudtrail_keys_sha256: parts.keys_sha256,
                cloudtrail_keys_origin: parts.keys_origin.clone(),
                signer: signer.name().to_owned(),
                signer_fingerprint: signer.public_key().fingerprint(),
            },
            previous: None,
            supersedes: None,
        }
    }
}

/// No provisional one follows a final one.
fn check_kind(newest: Option<Kept>, kind: Kind) -> Result<(), AttestError> {
    match newest {
        Some(Kept { day, sequence, kind: Kind::Final }) if kind == Kind::Provisional => Err(AttestError::AlreadyFinal { day, sequence }),
        _ => Ok(()),
    }
}

fn sources(spooled: &Spooled, sample: f64, read_again: &trailkeep_verification::ReadAgain) -> SourcesStatement {
    let reread = ReReading {
        sources: read_again.sources,
        intact: read_again.sources.saturating_sub(read_again.damaged),
        millionths: (sample.clamp(0.0, 1.0) * MILLION).round() as u64,
        seed: read_again.seed,
    };
    SourcesStatement { count: spooled.count, merkle_root: spooled.root, outcomes: spooled.outcomes.clone(), reread }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn the_seed_of_a_sample_is_of_archive_and_day_alone() {
        let seed = |archive: &str, day: &str| sample_seed(archive, day.parse().unwrap());
        assert_eq!(seed("s3://audit", "20260115"), seed("s3://audit", "20260115"));
        assert_ne!(seed("s3://audit", "20260115"), seed("s3://audit", "20260116"));
        assert_ne!(seed("s3://audit", "20260115"), seed("s3://other", "20260115"));
        assert!(u32::try_from(seed("s3://audit", "20260115")).is_ok());
    }
}
