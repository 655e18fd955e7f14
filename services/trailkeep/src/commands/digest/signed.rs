//! What CloudTrail signed: stretches that its verified Digests prove, or, without its public keys, the hours of the Digests that are there.

use std::collections::BTreeMap;

use anyhow::Context as _;
use trailkeep_digests::{CADENCE_MS, Period, PublicKeys, write::OWN_TRAILS};
use trailkeep_keys::{AccountId, Region};
use trailkeep_restore::Archive;
use trailkeep_verification::{Asked, Depth, Options};

use super::Write;
use crate::commands::verify::keys;

/// Where an archive keeps CloudTrail's keys.
const KEPT: &str = "keys/";

/// Signed stretches of each account and Region.
pub(super) type Stretches = BTreeMap<(AccountId, Region), Vec<Period>>;

/// How it is told what CloudTrail signed.
#[derive(Debug)]
pub(super) enum Signed {
    /// By verified Digests.
    Proven(Stretches),
    /// By the Digests that are there, each for the hour before the time in its name. They are found while `sources/` is read.
    Claimed,
}

impl Signed {
    /// Verifies the Digests of what is asked, if CloudTrail's keys are known.
    ///
    /// # Errors
    /// Where keys or archive cannot be read.
    pub(super) async fn find(write: &Write, archive: &Archive, until_ms: i64, now_ms: i64) -> anyhow::Result<Self> {
        let Some(keys) = public_keys(write, archive, now_ms).await? else { return Ok(Self::Claimed) };
        let asked = Asked {
            since_ms: write.since,
            until_ms: Some(until_ms),
            accounts: write.accounts.iter().copied().collect(),
            regions: write.regions.iter().copied().collect(),
            aliases: write.bucket_alias.iter().cloned().collect(),
            as_of_ms: now_ms,
            ..Asked::default()
        };
        let mut proven = Stretches::new();
        if asked.is_empty() {
            return Ok(Self::Proven(proven));
        }
        let options = Options { depth: Depth::Hashes, findings_kept: 0, progress: &|_| {} };
        let verdict = trailkeep_verification::verify(archive, &keys, &asked, options)
            .await
            .context("CloudTrail's own digests could not be verified")?;
        for chain in verdict.chains.iter().filter(|chain| !chain.trail.starts_with(OWN_TRAILS)) {
            let place = (chain.account.parse()?, chain.region.parse()?);
            let periods =
                chain.proven.iter().map(|span| Period { from_ms: span.from.map_or(i64::MIN / 2, |from| from.0), to_ms: span.to.0 });
            proven.entry(place).or_default().extend(periods);
        }
        Ok(Self::Proven(proven))
    }

    /// What was signed there.
    pub(super) fn of<'s>(&'s self, claimed: &'s Stretches, place: &(AccountId, Region)) -> &'s [Period] {
        let stretches = match self {
            Self::Proven(proven) => proven,
            Self::Claimed => claimed,
        };
        stretches.get(place).map_or(&[], Vec::as_slice)
    }
}

/// The hour that a Digest counts for where its signature cannot be verified.
pub(super) fn claimed(stamp_ms: i64) -> Period {
    Period { from_ms: stamp_ms - CADENCE_MS, to_ms: stamp_ms }
}

async fn public_keys(write: &Write, archive: &Archive, now_ms: i64) -> anyhow::Result<Option<PublicKeys>> {
    if let Some(file) = &write.public_keys {
        return keys::of_a_file(file, write.keys_region, now_ms).map(Some);
    }
    let bucket = archive.bucket().as_ref();
    let kept = match bucket.list(KEPT, None).await {
        Ok(listed) => !listed.objects.is_empty(),
        // A directory has no folder for what it does not hold.
        Err(trailkeep_pipeline::ports::bucket::BucketError::NotFound { .. }) => false,
        Err(error) => return Err(error.into()),
    };
    if kept { Ok(Some(keys::of_the_archive(bucket, now_ms).await?.keys)) } else { Ok(None) }
}
