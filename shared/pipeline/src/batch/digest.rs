//! Reads of a Digest what its `sources` row says. The Digest itself is landed verbatim, whatever it holds; verifying it is the auditor's.

use trailkeep_records::{InflateLimits, Inflation, Shape, digest::DigestHead, inflate_into, time::parse_iso};

use super::sha256;

/// What a Digest's bytes say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DigestRead {
    /// SHA-256 of the inflated bytes; `None` where they could not be inflated.
    pub(crate) inflated_sha256: Option<[u8; 32]>,
    /// Inflated size in bytes.
    pub(crate) inflated_bytes: u64,
    /// Oldest event in the files it lists, milliseconds since the Unix epoch.
    pub(crate) first_event_ms: Option<i64>,
    /// Newest event in the files it lists.
    pub(crate) last_event_ms: Option<i64>,
    /// End of the period that it says it is of.
    pub(crate) period_end_ms: Option<i64>,
    /// Stable name and words, where it could not be read.
    pub(crate) failure: Option<(&'static str, String)>,
}

/// Inflates and reads a Digest.
pub(crate) fn read_digest(stored: &[u8], buffer: &mut Vec<u8>, limits: &InflateLimits) -> (Shape, DigestRead) {
    buffer.clear();
    let (shape, inflated_bytes) = match inflate_into(stored, buffer, limits) {
        Inflation::Done { shape, inflated_bytes } => (shape, inflated_bytes),
        Inflation::TooLargeForMemory => return (Shape::Plain, DigestRead::too_large()),
        Inflation::OverLimit { reason } => return (Shape::Plain, DigestRead::failed(reason, "it inflates past the cap")),
    };
    let mut read = DigestRead { inflated_sha256: Some(sha256(buffer)), inflated_bytes, ..DigestRead::default() };
    match DigestHead::parse(buffer) {
        Ok(head) => {
            read.first_event_ms = head.oldest_event_time.as_deref().and_then(parse_iso);
            read.period_end_ms = parse_iso(&head.digest_end_time);
            read.last_event_ms = head.newest_event_time.as_deref().and_then(parse_iso);
        }
        Err(error) => read.failure = Some(("not_a_digest", error.to_string())),
    }
    (shape, read)
}

impl DigestRead {
    /// Of a Digest that no CloudTrail wrote: it is landed unread.
    pub(crate) fn too_large() -> Self {
        Self::failed("digest_too_large", "larger than any digest")
    }

    fn failed(reason: &'static str, detail: &str) -> Self {
        Self { failure: Some((reason, detail.to_owned())), ..Self::default() }
    }
}
