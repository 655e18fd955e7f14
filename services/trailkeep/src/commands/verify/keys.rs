//! Where CloudTrail's public keys come from: a file, or the archive's own.

use std::{fs::File, io::Read as _, path::Path};

use anyhow::{Context as _, bail};
use trailkeep_digests::{MAX_KEYS_BYTES, Origin, PublicKeys, RefusedKey};
use trailkeep_keys::Region;
use trailkeep_pipeline::ports::bucket::AuditBucket;
use trailkeep_verification::{KeptKeys, kept_keys};

const NO_KEYS: &str = "get them with `aws cloudtrail list-public-keys`, for each Region (trailkeep verify --help says how), and name the file with --public-keys";

/// The keys of a file: of ListPublicKeys, or as an archive keeps them.
pub(crate) fn of_a_file(path: &Path, region: Option<Region>, now_ms: i64) -> anyhow::Result<PublicKeys> {
    let shown = path.display();
    let mut json = Vec::new();
    let file = File::open(path).with_context(|| format!("failed to read the public keys in {shown}"))?;
    file.take(MAX_KEYS_BYTES as u64 + 1).read_to_end(&mut json).with_context(|| format!("failed to read the public keys in {shown}"))?;
    let mut keys = PublicKeys::new();
    let origin = Origin { source: format!("the file {shown}"), at_ms: now_ms };
    let refused = match keys.add_kept(&json) {
        Ok(refused) => refused,
        Err(_) => keys.add_list(&json, region, &origin).with_context(|| format!("{shown} is no list of public keys"))?,
    };
    taken(keys, &refused, &shown.to_string())
}

/// The keys that the archive keeps, with what of them was not taken.
pub(crate) async fn of_the_archive(bucket: &dyn AuditBucket, now_ms: i64) -> anyhow::Result<KeptKeys> {
    let kept = kept_keys(bucket, now_ms).await?;
    for refused in &kept.refused {
        let fingerprint = refused.fingerprint.as_deref().unwrap_or("-");
        tracing::warn!(
            file = refused.file,
            fingerprint,
            reason = refused.reason,
            "a public key was not taken as it is: {}",
            refused.detail
        );
    }
    if kept.keys.is_empty() {
        bail!(
            "the archive keeps no public keys that can be used, neither keys/<time>.json, which the auditor writes, nor keys/public-keys.json: {NO_KEYS}"
        );
    }
    Ok(kept)
}

fn taken(keys: PublicKeys, refused: &[RefusedKey], from: &str) -> anyhow::Result<PublicKeys> {
    for key in refused {
        let fingerprint = key.fingerprint.as_deref().unwrap_or("without a fingerprint");
        tracing::warn!(from, index = key.index, fingerprint, reason = key.reason.name(), "a public key was not taken");
    }
    match refused.first() {
        Some(first) if keys.is_empty() && first.reason.name() == "no_region" => {
            bail!("the keys in {from} name no Region: say with --keys-region which one they were asked for in")
        }
        _ if keys.is_empty() => bail!("{from} has no public key that can be used: {NO_KEYS}"),
        _ => Ok(keys),
    }
}
