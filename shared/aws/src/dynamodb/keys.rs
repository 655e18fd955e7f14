//! The partition keys of the table, and the names of its attributes. The table has no sort key.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use trailkeep_archive::BatchId;
use trailkeep_pipeline::ports::ledger::SourceId;

/// Longest partition key, in bytes. Source: DynamoDB Developer Guide, "Constraints in Amazon DynamoDB".
const MAX_KEY_BYTES: usize = 2_048;

/// The partition key's attribute.
pub(super) const PK: &str = "pk";
/// The index that only unfinished Batches are in.
pub(super) const UNFINISHED_INDEX: &str = "unfinished";
/// Its partition key's attribute, which only unfinished Batches have.
pub(super) const U: &str = "u";
/// When DynamoDB may delete an item, in seconds since the Unix epoch.
pub(super) const TTL: &str = "ttl";
/// The ledger's own item.
pub(super) const IDENTITY: &str = "L";

/// The key of a lease, which outlives epochs.
pub(super) fn lease(name: &str) -> String {
    format!("X#{name}")
}

/// Keys of one epoch: a rebuild raises the epoch, and what the older one had is out of sight without being touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Keys {
    epoch: u64,
}

impl Keys {
    pub(super) fn of(epoch: u64) -> Self {
        Self { epoch }
    }

    pub(super) fn epoch(self) -> u64 {
        self.epoch
    }

    /// A Batch's own item.
    pub(super) fn batch(self, batch: &BatchId) -> String {
        format!("B#{}#{batch}", self.epoch)
    }

    /// The Batch that a key of [`Keys::batch`] names.
    pub(super) fn batch_in(key: &str) -> Option<BatchId> {
        key.strip_prefix("B#")?.split_once('#')?.1.parse().ok()
    }

    /// The newest published Batch.
    pub(super) fn newest(self) -> String {
        format!("N#{}", self.epoch)
    }

    /// A note. Its name is never longer than the key may be ([`MAX_NOTE_NAME_BYTES`](trailkeep_pipeline::ports::ledger::MAX_NOTE_NAME_BYTES)).
    pub(super) fn note(self, name: &str) -> String {
        format!("M#{}#{name}", self.epoch)
    }

    /// What unfinished Batches of this epoch have as `u`.
    pub(super) fn unfinished(self) -> String {
        format!("{}", self.epoch)
    }

    /// A source: `S#<epoch>#<revision>#<bucket>/<key>`. No real bucket name holds `/`; where one does, or the whole is longer than a partition
    /// key may be (buckets and keys of S3 together never are), the key is `H#<epoch>#<SHA-256 of what the other would have been>`.
    pub(super) fn source(self, source: &SourceId) -> String {
        let (bucket, key) = (source.bucket(), source.key());
        let text = format!("S#{}#{}#{bucket}/{key}", self.epoch, source.revision());
        if text.len() <= MAX_KEY_BYTES && !bucket.contains('/') {
            return text;
        }
        // The bucket's length tells ("a", "b/c") from ("a/b", "c").
        let hash = Sha256::digest(format!("{}#{}#{bucket}/{key}", source.revision(), bucket.len()));
        let mut hashed = format!("H#{}#", self.epoch);
        for byte in hash {
            // Writing into a String cannot fail.
            let _ = write!(hashed, "{byte:02x}");
        }
        hashed
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_sources_share_a_key() {
        let long = "k".repeat(3_000);
        let sources = [
            SourceId::new("a", "b/c"),
            SourceId::new("a/b", "c"),
            SourceId::new("a/", "b/c"),
            SourceId::new("a", "b/c").at_revision(2),
            SourceId::new("a", "b/c#2"),
            SourceId::new("a", "2#b/c"),
            SourceId::new("a", "b/c "),
            SourceId::new("a", ""),
            SourceId::new("a", long.as_str()),
            SourceId::new("a", format!("{long}k")),
            SourceId::new("a", long.as_str()).at_revision(2),
        ];
        let keys: HashSet<String> = sources.iter().map(|source| Keys::of(3).source(source)).collect();
        assert_eq!(keys.len(), sources.len(), "{keys:?}");
        assert!(keys.iter().all(|key| key.len() <= MAX_KEY_BYTES));
        assert!(keys.is_disjoint(&sources.iter().map(|source| Keys::of(4).source(source)).collect()), "epochs share nothing");
    }

    #[test]
    fn what_s3_allows_stays_readable() {
        let source = SourceId::new("b".repeat(63), "k".repeat(1_024));
        let key = Keys::of(u64::MAX).source(&source.at_revision(u32::MAX));
        assert!(key.starts_with("S#") && key.ends_with("kkk"));
        assert_eq!(Keys::of(1).source(&SourceId::new("logs", "AWSLogs/1.json.gz")), "S#1#1#logs/AWSLogs/1.json.gz");
    }

    #[test]
    fn a_batch_is_read_back_from_its_key() {
        let batch = BatchId::new(1_760_000_000_000, 7);
        assert_eq!(Keys::batch_in(&Keys::of(12).batch(&batch)), Some(batch));
        assert_eq!(Keys::batch_in("B#12#yesterday"), None);
        assert_eq!(Keys::batch_in("L"), None);
    }
}
