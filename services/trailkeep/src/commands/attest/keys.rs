//! CloudTrail's public keys for an attestation, with what it states of them: the hash of the file, and where it is from.

use std::{fs::File, io::Read as _, path::Path};

use anyhow::{Context as _, bail};
use trailkeep_archive::layout::{self, parse_public_keys_key};
use trailkeep_audit::Sha256;
use trailkeep_digests::{MAX_KEYS_BYTES, PublicKeys};
use trailkeep_keys::Region;
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};

use crate::{commands::verify::keys, figures::moment};

/// Where archives of earlier releases keep them.
const EARLIER: &str = "keys/public-keys.json";

/// Keys, and what is stated of them.
#[derive(Debug)]
pub(super) struct Stated {
    pub(super) keys: PublicKeys,
    pub(super) sha256: Sha256,
    pub(super) origin: String,
}

/// Those of a file, or the newest that the archive keeps.
pub(super) async fn stated(bucket: &dyn AuditBucket, file: Option<&Path>, region: Option<Region>, now_ms: i64) -> anyhow::Result<Stated> {
    if let Some(file) = file {
        let keys = keys::of_a_file(file, region, now_ms)?;
        let mut bytes = Vec::new();
        let open = File::open(file).with_context(|| format!("failed to read the public keys in {}", file.display()))?;
        open.take(MAX_KEYS_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        let name = file.file_name().map_or_else(|| file.to_string_lossy(), |name| name.to_string_lossy());
        return Ok(Stated { keys, sha256: Sha256::of(&bytes), origin: format!("the file {name}, read at {}", moment(now_ms)) });
    }
    let key = newest(bucket).await?;
    let Some(bytes) = bucket.get(&key, MAX_KEYS_BYTES as u64).await? else {
        bail!(
            "the archive keeps no public keys of CloudTrail: name a file with --public-keys (trailkeep verify --help says how to get one)"
        );
    };
    let mut keys = PublicKeys::new();
    let refused = keys.add_kept(&bytes).with_context(|| format!("{key} of the archive cannot be read"))?;
    if keys.is_empty() {
        bail!("{key} of the archive has no public key that can be used");
    }
    for key in refused {
        tracing::warn!(index = key.index, reason = key.reason.name(), "a public key was not taken");
    }
    let sources: std::collections::BTreeSet<&str> = keys.iter().map(|key| key.origin().source.as_str()).collect();
    let from: Vec<&str> = sources.into_iter().take(5).collect();
    let origin = format!("{key} of the archive, from {}", from.join("; "));
    Ok(Stated { sha256: Sha256::of(&bytes), origin, keys })
}

async fn newest(bucket: &dyn AuditBucket) -> anyhow::Result<String> {
    let (mut newest, mut page) = (None, None);
    loop {
        let listed = match bucket.list(layout::KEYS, page).await {
            // A directory has no folder for what it does not hold.
            Err(BucketError::NotFound { .. }) => break,
            listed => listed?,
        };
        newest = newest.max(listed.objects.into_iter().map(|object| object.key).filter(|key| parse_public_keys_key(key).is_some()).max());
        page = listed.next;
        if page.is_none() {
            break;
        }
    }
    Ok(newest.unwrap_or_else(|| EARLIER.to_owned()))
}
