//! A day, verified: what came of each of its sources, and the heads of its chains.

use std::collections::BTreeSet;

use trailkeep_audit::{
    Day, Sha256,
    attestation::{ChainHead, Leaf},
};
use trailkeep_digests::{Hex, PublicKeys};
use trailkeep_keys::LogClass;
use trailkeep_restore::Archive;
use trailkeep_verification::{Asked, Chain, Depth, FileOutcome, Options, Verdict, verify_each};

use crate::{
    due::DAY_MS,
    error::AttestError,
    make::{MILLION, Making},
    sort::Sorter,
};

/// Fewest log files of a day that are read again, where a sample is asked for and the day has so many: a thousandth of a small day is none.
pub(crate) const LEAST_FILES: usize = 10;

/// What verifying a day came to.
#[derive(Debug)]
pub(crate) struct Verified {
    /// A leaf for each source, and for each that should be one.
    pub(crate) leaves: Sorter,
    pub(crate) verdict: Verdict,
    pub(crate) heads: Vec<ChainHead>,
    /// The part of its sources that was read again: more than was asked for, where that would have been too few.
    pub(crate) sample: f64,
}

/// Verifies a day in full, and reads its sample again. A day that is too small for its sample is verified once more with a larger one.
pub(crate) async fn verified(
    archive: &Archive,
    keys: &PublicKeys,
    day: Day,
    seed: u64,
    findings_kept: usize,
    making: &Making<'_>,
) -> Result<Verified, AttestError> {
    let asked_for = making.sample.clamp(0.0, 1.0);
    let (first, least) = Box::pin(verified_with(archive, keys, day, (asked_for, seed), findings_kept, making)).await?;
    match least.map(|millionths| millionths as f64 / MILLION) {
        Some(least) if asked_for > 0.0 && asked_for < least => {
            drop(first);
            let (again, _) = Box::pin(verified_with(archive, keys, day, (least, seed), findings_kept, making)).await?;
            Ok(again)
        }
        _ => Ok(first),
    }
}

/// With one sample; tells also the least part, in millionths, that has [`LEAST_FILES`] of the day's log files, or all of them.
async fn verified_with(
    archive: &Archive,
    keys: &PublicKeys,
    day: Day,
    (sample, seed): (f64, u64),
    findings_kept: usize,
    making: &Making<'_>,
) -> Result<(Verified, Option<u64>), AttestError> {
    let asked = Asked {
        since_ms: Some(day.start_ms()),
        until_ms: Some(day.start_ms() + DAY_MS),
        aliases: making.aliases.clone(),
        as_of_ms: making.now_ms,
        ..Asked::default()
    };
    let depth = if sample > 0.0 { Depth::Sample { fraction: sample, seed } } else { Depth::Hashes };
    let options = Options { depth, findings_kept, progress: making.progress };
    let (mut leaves, mut full, mut nearest) = (Sorter::default(), None, BTreeSet::<(u64, String, String)>::new());
    let mut tell = |file: FileOutcome| {
        if sample > 0.0 && file.class != LogClass::Digest && file.revision > 0 {
            let bucket = making.aliases.get(&file.bucket).unwrap_or(&file.bucket);
            let least = Depth::least_millionths(seed, bucket, &file.key);
            if nearest.len() < LEAST_FILES || nearest.last().is_some_and(|(most, ..)| least < *most) {
                nearest.insert((least, file.bucket.clone(), file.key.clone()));
                if nearest.len() > LEAST_FILES {
                    nearest.pop_last();
                }
            }
        }
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
    Ok((Verified { leaves, verdict, heads, sample }, nearest.last().map(|(most, ..)| *most)))
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
