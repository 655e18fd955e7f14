//! A day, verified: what came of each of its sources, and the heads of its chains.

use trailkeep_audit::{
    Day, Sha256,
    attestation::{ChainHead, Leaf},
};
use trailkeep_digests::{Hex, PublicKeys};
use trailkeep_restore::Archive;
use trailkeep_verification::{Asked, Chain, Depth, FileOutcome, Options, Verdict, verify_each};

use crate::{due::DAY_MS, error::AttestError, make::Making, sort::Sorter};

/// What verifying a day came to.
#[derive(Debug)]
pub(crate) struct Verified {
    /// A leaf for each source, and for each that should be one.
    pub(crate) leaves: Sorter,
    pub(crate) verdict: Verdict,
    pub(crate) heads: Vec<ChainHead>,
}

/// Verifies a day in full, and reads its sample again.
pub(crate) async fn verified(
    archive: &Archive,
    keys: &PublicKeys,
    day: Day,
    seed: u64,
    findings_kept: usize,
    making: &Making<'_>,
) -> Result<Verified, AttestError> {
    let asked = Asked {
        since_ms: Some(day.start_ms()),
        until_ms: Some(day.start_ms() + DAY_MS),
        aliases: making.aliases.clone(),
        as_of_ms: making.now_ms,
        ..Asked::default()
    };
    let depth = if making.sample > 0.0 { Depth::Sample { fraction: making.sample.min(1.0), seed } } else { Depth::Hashes };
    let options = Options { depth, findings_kept, progress: making.progress };
    let (mut leaves, mut full) = (Sorter::default(), None);
    let mut tell = |file: FileOutcome| {
        if full.is_none() {
            full = leaves.push(leaf(file)).err();
        }
    };
    let verdict = Box::pin(verify_each(archive, keys, &asked, options, &mut tell)).await?;
    if let Some(error) = full {
        return Err(error);
    }
    let mut heads: Vec<ChainHead> = verdict.chains.iter().filter_map(head).collect();
    heads.sort_unstable();
    Ok(Verified { leaves, verdict, heads })
}

fn leaf(file: FileOutcome) -> Leaf {
    Leaf {
        bucket: file.bucket,
        key: file.key,
        revision: file.revision,
        version: file.version,
        inflated_sha256: file.inflated_sha256,
        outcome: file.outcome.name().to_owned(),
    }
}

fn head(chain: &Chain) -> Option<ChainHead> {
    let newest = chain.newest.as_ref()?;
    let Hex(hash) = newest.hash;
    Some(ChainHead {
        organization: chain.organization.clone(),
        account: chain.account.clone(),
        region: chain.region.clone(),
        trail: chain.trail.clone(),
        home_region: chain.home_region.clone(),
        bucket: newest.location.bucket.clone(),
        key: newest.location.key.clone(),
        sha256: Sha256(hash),
        end_ms: newest.end_ms,
    })
}
