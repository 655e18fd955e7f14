//! One object of the origin that a run means to land.

use std::{cmp::Ordering, sync::Arc};

/// An object as listed, under its canonical key. Kept small: a run may hold half a million of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// Key in the origin, below its root.
    pub(crate) path: String,
    /// Canonical bucket.
    pub(crate) bucket: Arc<str>,
    /// What stands before the tail in the canonical key, slash included; may be empty.
    pub(crate) prefix: Arc<str>,
    /// Where in `path` the canonical key's tail begins.
    pub(crate) tail_from: u32,
    /// Delivery day as `yyyymmdd`; 0 where the key states none.
    pub(crate) day: u32,
    /// What the key says it is.
    pub(crate) kind: DeliveryKind,
    /// Stored size in bytes, as listed.
    pub(crate) size_bytes: u64,
    /// Last modification as listed, milliseconds since the Unix epoch.
    pub(crate) modified_ms: Option<i64>,
    /// Entity tag as listed.
    pub(crate) etag: Option<Box<str>>,
}

/// What an object's key says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeliveryKind {
    /// A LogObject of one of CloudTrail's classes.
    Log,
    /// A Digest.
    Digest,
    /// A JSON file whose name CloudTrail did not make.
    Other,
}

impl Delivery {
    /// The key within the canonical bucket.
    pub(crate) fn canonical_key(&self) -> String {
        let tail = self.tail();
        let mut key = String::with_capacity(self.prefix.len() + tail.len());
        key.push_str(&self.prefix);
        key.push_str(tail);
        key
    }

    fn tail(&self) -> &str {
        self.path.get(self.tail_from as usize..).unwrap_or(&self.path)
    }

    /// Whether both are copies of one source.
    pub(crate) fn same_key(&self, other: &Self) -> bool {
        self.tail() == other.tail() && self.prefix == other.prefix && self.bucket == other.bucket
    }

    /// Delivery day first: a Batch then covers few event days, and keys of one account and Region stay together.
    pub(crate) fn landing_order(&self, other: &Self) -> Ordering {
        let ours = (self.day, &self.prefix, self.tail(), &self.bucket, &self.path);
        ours.cmp(&(other.day, &other.prefix, other.tail(), &other.bucket, &other.path))
    }

    #[cfg(test)]
    pub(crate) fn for_tests(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            bucket: Arc::from("example-logs"),
            prefix: Arc::from(""),
            tail_from: 0,
            day: 0,
            kind: DeliveryKind::Other,
            size_bytes: 1,
            modified_ms: None,
            etag: None,
        }
    }
}
