//! A stored object as what the Parquet reader wants: ranges of it, fetched as they are asked for.

use std::{
    io::{self, Read},
    sync::Arc,
};

use bytes::{Buf as _, Bytes};
use parquet::{
    errors::{ParquetError, Result},
    file::reader::{ChunkReader, Length},
};
use tokio::runtime::Handle;
use trailkeep_pipeline::ports::bucket::{LogBucket, ObjectInfo};

/// Bytes that a reader without a known end fetches at once: 64 KiB, enough for a page's header.
const PIECE_BYTES: u64 = 64 << 10;

/// One file of an inventory. Blocks on `runtime`, so not for its own threads.
#[derive(Debug, Clone)]
pub(super) struct InventoryFile {
    bucket: Arc<dyn LogBucket>,
    runtime: Handle,
    key: String,
    info: ObjectInfo,
}

impl InventoryFile {
    /// The file that `info` describes.
    pub(super) fn new(bucket: Arc<dyn LogBucket>, runtime: Handle, key: String, info: ObjectInfo) -> Self {
        Self { bucket, runtime, key, info }
    }

    fn fetch(&self, offset: u64, length: u64) -> io::Result<Bytes> {
        let left = self.info.size_bytes.saturating_sub(offset);
        self.runtime.block_on(self.bucket.get_range(&self.key, &self.info, offset, length.min(left))).map_err(io::Error::other)
    }
}

impl Length for InventoryFile {
    fn len(&self) -> u64 {
        self.info.size_bytes
    }
}

impl ChunkReader for InventoryFile {
    type T = Pieces;

    fn get_read(&self, start: u64) -> Result<Pieces> {
        Ok(Pieces { file: self.clone(), offset: start, piece: Bytes::new() })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.fetch(start, length as u64)?;
        if bytes.len() == length { Ok(bytes) } else { Err(ParquetError::EOF(format!("{} bytes of {length} at {start}", bytes.len()))) }
    }
}

/// The file from some place on.
#[derive(Debug)]
pub(super) struct Pieces {
    file: InventoryFile,
    offset: u64,
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() {
            self.piece = self.file.fetch(self.offset, PIECE_BYTES)?;
            self.offset += self.piece.len() as u64;
        }
        let length = self.piece.len().min(out.len());
        self.piece.copy_to_slice(out.get_mut(..length).unwrap_or_default());
        Ok(length)
    }
}
