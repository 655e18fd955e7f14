//! Reads an object of the origin piece by piece, so that one too large for memory can be landed.

use std::{
    io::{self, Read},
    sync::Arc,
};

use bytes::{Buf, Bytes};
use tokio::runtime::Handle;

use crate::ports::bucket::{BucketError, LogBucket, ObjectInfo};

/// Bytes of one request: 8 MiB.
const RANGE_BYTES: u64 = 8 << 20;

/// An object as [`Read`]. It is always the very object that `info` describes: one that changed is an error.
#[derive(Debug, Clone)]
pub struct RangeReader {
    origin: Arc<dyn LogBucket>,
    runtime: Handle,
    key: String,
    info: ObjectInfo,
    offset: u64,
    piece: Bytes,
}

impl RangeReader {
    /// A reader of the object that `info` described. Blocks on `runtime`, so not for its own threads.
    pub fn new(origin: Arc<dyn LogBucket>, runtime: Handle, key: String, info: ObjectInfo) -> Self {
        Self { origin, runtime, key, info, offset: 0, piece: Bytes::new() }
    }

    /// A reader of the same object from its beginning.
    pub fn again(&self) -> Box<dyn Read + Send> {
        Box::new(Self { offset: 0, piece: Bytes::new(), ..self.clone() })
    }

    /// The SHA-256 of what has not been read yet.
    ///
    /// # Errors
    /// [`BucketError`].
    pub fn sha256(&mut self) -> Result<[u8; 32], BucketError> {
        use sha2::Digest as _;
        let mut hasher = sha2::Sha256::new();
        while self.fill()? {
            hasher.update(&self.piece);
            self.piece.clear();
        }
        Ok(hasher.finalize().into())
    }

    /// Gets the next piece if the last one is used up; `false` at the end.
    fn fill(&mut self) -> Result<bool, BucketError> {
        let left = self.info.size_bytes.saturating_sub(self.offset);
        if !self.piece.is_empty() || left == 0 {
            return Ok(!self.piece.is_empty());
        }
        let getting = self.origin.get_range(&self.key, &self.info, self.offset, left.min(RANGE_BYTES));
        self.piece = self.runtime.block_on(getting)?;
        self.offset += self.piece.len() as u64;
        // The origin promises the very object that `info` describes: one that ends early has changed.
        if self.piece.is_empty() { Err(BucketError::Changed { what: self.key.clone() }) } else { Ok(true) }
    }
}

impl Read for RangeReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if !self.fill().map_err(io::Error::other)? {
            return Ok(0);
        }
        let length = self.piece.len().min(out.len());
        self.piece.copy_to_slice(out.get_mut(..length).unwrap_or_default());
        Ok(length)
    }
}
