//! Puts a digest where it belongs, unless it is there. What else stands there is never written over.

use std::{collections::BTreeMap, io::Write as _};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use trailkeep_digests::{MAX_INFLATED_BYTES, MAX_STORED_BYTES, SIGNATURE_ALGORITHM, write::Written};
use trailkeep_pipeline::ports::bucket::{AuditBucket, PutOutcome, PutPolicy};
use trailkeep_records::inflate::{InflateLimits, Inflation, Shape, inflate_into};

/// Writes it; `false` where it was there already.
///
/// # Errors
/// Where the store fails, or something else stands under its key.
pub(super) async fn put(target: &dyn AuditBucket, written: &Written) -> anyhow::Result<bool> {
    let metadata = BTreeMap::from([
        ("signature".to_owned(), written.signature.to_string()),
        ("signature-algorithm".to_owned(), SIGNATURE_ALGORITHM.to_owned()),
    ]);
    // As CloudTrail's own.
    let policy = PutPolicy {
        content_type: Some("application/json".to_owned()),
        content_encoding: Some("gzip".to_owned()),
        metadata,
        if_absent: true,
        ..PutPolicy::default()
    };
    let stored = gzip(&written.json).context("failed to compress a digest")?;
    match target.put(&written.key, Bytes::from(stored), &policy).await? {
        PutOutcome::Written => Ok(true),
        PutOutcome::AlreadyThere if is_same(target, written, &policy.metadata).await? => Ok(false),
        PutOutcome::AlreadyThere => bail!(
            "another object stands at {}/{} and was left as it is: files that landed since it was written, or another key, make other digests; \
             give them a --trail or --prefix of their own",
            target.address(),
            written.key
        ),
    }
}

/// Whether what stands there has this content and signature, however it is compressed.
async fn is_same(target: &dyn AuditBucket, written: &Written, metadata: &BTreeMap<String, String>) -> anyhow::Result<bool> {
    let (Some(info), Some(bytes)) = (target.head(&written.key).await?, target.get(&written.key, MAX_STORED_BYTES as u64).await?) else {
        return Ok(false);
    };
    let mut inflated = Vec::new();
    let limits =
        InflateLimits { inflated_bytes: MAX_INFLATED_BYTES as u64, whole_buffer_bytes: MAX_INFLATED_BYTES, ..InflateLimits::default() };
    let whole = inflate_into(&bytes, &mut inflated, &limits);
    let clean = matches!(whole, Inflation::Done { shape: Shape::CleanMember, .. });
    Ok(clean && inflated == written.json && metadata.iter().all(|(name, value)| info.metadata.get(name) == Some(value)))
}

/// One member, without a time.
fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}
