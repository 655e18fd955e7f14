//! CloudTrail's public keys for an attestation, with what it states of them: the hash of the file, and where it is from. They are those that `trailkeep verify`
//! takes.

use std::{collections::BTreeMap, fs::File, io::Read as _, path::Path};

use anyhow::Context as _;
use trailkeep_audit::Sha256;
use trailkeep_digests::{MAX_KEYS_BYTES, PublicKeys};
use trailkeep_keys::Region;
use trailkeep_pipeline::ports::bucket::AuditBucket;

use crate::{commands::verify::keys, figures::moment};

/// Keys, and what is stated of them.
#[derive(Debug)]
pub(super) struct Stated {
    pub(super) keys: PublicKeys,
    pub(super) sha256: Sha256,
    pub(super) origin: String,
    /// What of the kept ones was not taken, by the name of its finding.
    pub(super) findings: BTreeMap<String, u64>,
}

/// Those of a file, or those that the archive keeps.
pub(super) async fn stated(bucket: &dyn AuditBucket, file: Option<&Path>, region: Option<Region>, now_ms: i64) -> anyhow::Result<Stated> {
    if let Some(file) = file {
        let keys = keys::of_a_file(file, region, now_ms)?;
        let mut bytes = Vec::new();
        let open = File::open(file).with_context(|| format!("failed to read the public keys in {}", file.display()))?;
        open.take(MAX_KEYS_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        let name = file.file_name().map_or_else(|| file.to_string_lossy(), |name| name.to_string_lossy());
        let origin = format!("the file {name}, read at {}", moment(now_ms));
        return Ok(Stated { keys, sha256: Sha256::of(&bytes), origin, findings: BTreeMap::new() });
    }
    let kept = keys::of_the_archive(bucket, now_ms).await?;
    let (sha256, origin) = kept.stated().context("the archive keeps no file of public keys that can be read")?;
    let findings = kept.finding_counts().map(|(name, count)| (name.to_owned(), count)).into_iter().collect();
    Ok(Stated { sha256: sha256.parse().context("no SHA-256")?, origin, findings, keys: kept.keys })
}
