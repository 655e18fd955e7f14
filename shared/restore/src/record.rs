//! One Record, verbatim: the byte range of its source, inflated as far as the Record's end, cut out, and checked
//! against its hash. Nothing of it is parsed.

use std::{
    io::{self, Read},
    sync::Arc,
};

use bytes::{Buf, Bytes};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};
use trailkeep_records::inflate::{GzipStream, InflateLimits, StreamError};

use crate::{archive::Archive, event::EventPointer};

/// Largest Record that is given back: 64 MiB. CloudTrail's own limit is 1 MB.
const MAX_RECORD_BYTES: u64 = 64 << 20;
/// Bytes of a segment that are fetched at once: 4 MiB.
const FETCH_BYTES: u64 = 4 << 20;

/// A Record as CloudTrail wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerbatimRecord {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where they were.
    pub pointer: EventPointer,
}

/// Why a Record was not given back.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The store failed, or the segment must be restored first.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The source's bytes cannot be inflated as far as the Record.
    #[error("record {index} of {key} cannot be inflated from {segment}")]
    Inflate {
        /// Key of the source.
        key: String,
        /// Key of the segment.
        segment: String,
        /// Number of the Record.
        index: u64,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The pointer leads past the end, or to more than a Record can be.
    #[error("record {index} of {key} should be {length} bytes at {offset}, which are not there")]
    OutOfBounds {
        /// Key of the source.
        key: String,
        /// Number of the Record.
        index: u64,
        /// First byte within the inflated bytes.
        offset: u64,
        /// Length in bytes.
        length: u64,
    },
    /// The bytes are not those that were landed.
    #[error("record {index} of {key} hashes to {found}, but landed as {expected}")]
    OtherContent {
        /// Key of the source.
        key: String,
        /// Number of the Record.
        index: u64,
        /// SHA-256 that was found, lower hex.
        found: String,
        /// SHA-256 in `events/`, lower hex.
        expected: String,
    },
}

impl Archive {
    /// Gives back a Record byte for byte.
    ///
    /// # Errors
    /// [`RecordError`].
    pub async fn record(&self, pointer: &EventPointer) -> Result<VerbatimRecord, RecordError> {
        let source = SegmentReader {
            bucket: Arc::clone(self.bucket()),
            runtime: Handle::current(),
            segment: pointer.segment.clone(),
            at: pointer.segment_offset,
            end: pointer.segment_offset.saturating_add(pointer.segment_length),
            held: Bytes::new(),
            failure: None,
        };
        let pointer = pointer.clone();
        let cut = tokio::task::spawn_blocking(move || cut(source, pointer)).await;
        cut.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }
}

/// Inflates up to the Record's end and cuts it out. On a thread that may block.
fn cut(source: SegmentReader, pointer: EventPointer) -> Result<VerbatimRecord, RecordError> {
    let out_of_bounds = || RecordError::OutOfBounds {
        key: pointer.key.clone(),
        index: pointer.record_index,
        offset: pointer.record_offset,
        length: pointer.record_length,
    };
    if pointer.record_length > MAX_RECORD_BYTES {
        return Err(out_of_bounds());
    }
    // The caps on inflation were held when the object landed; here the pointer bounds what is inflated.
    let limits = InflateLimits { inflated_bytes: u64::MAX, ratio: u64::MAX, ..InflateLimits::default() };
    let mut failure = None;
    let bytes = {
        let mut source = source;
        let mut stream = GzipStream::new(&mut source, limits);
        let bytes = slice(&mut stream, pointer.record_offset, pointer.record_length);
        failure = failure.or(source.failure.take());
        bytes
    };
    let bytes = match (bytes, failure) {
        (_, Some(error)) => return Err(RecordError::Bucket(error)),
        (Err(error), None) => {
            let source = io::Error::other(error);
            return Err(RecordError::Inflate { key: pointer.key, segment: pointer.segment, index: pointer.record_index, source });
        }
        (Ok(bytes), None) => bytes.ok_or_else(out_of_bounds)?,
    };
    let found = hex::encode(Sha256::digest(&bytes));
    if found != pointer.record_hash {
        return Err(RecordError::OtherContent { key: pointer.key, index: pointer.record_index, found, expected: pointer.record_hash });
    }
    Ok(VerbatimRecord { bytes, pointer })
}

/// The `length` bytes at `offset` of what the stream gives; `None` where it ends before.
fn slice<R: Read>(stream: &mut GzipStream<R>, offset: u64, length: u64) -> Result<Option<Vec<u8>>, StreamError> {
    let mut bytes = Vec::with_capacity(length as usize);
    let mut buffer = vec![0; 64 << 10];
    let mut at = 0u64;
    while (bytes.len() as u64) < length {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(None);
        }
        let skip = offset.saturating_sub(at).min(read as u64) as usize;
        let missing = length as usize - bytes.len();
        let piece = buffer.get(skip..read).unwrap_or_default();
        bytes.extend_from_slice(piece.get(..missing).unwrap_or(piece));
        at += read as u64;
    }
    Ok(Some(bytes))
}

/// A byte range of a segment as a blocking reader, fetched as it is read.
struct SegmentReader {
    bucket: Arc<dyn AuditBucket>,
    runtime: Handle,
    segment: String,
    at: u64,
    end: u64,
    held: Bytes,
    /// The store's own error, which `io::Error` would hide.
    failure: Option<BucketError>,
}

impl Read for SegmentReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.held.is_empty() && self.at < self.end {
            let length = (self.end - self.at).min(FETCH_BYTES);
            match self.runtime.block_on(self.bucket.get_range(&self.segment, self.at, length)) {
                Ok(bytes) => self.held = bytes,
                Err(error) => {
                    let told = io::Error::other(error.to_string());
                    self.failure = Some(error);
                    return Err(told);
                }
            }
            if self.held.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.at += self.held.len() as u64;
        }
        let length = self.held.len().min(out.len());
        let (Some(out), Some(held)) = (out.get_mut(..length), self.held.get(..length)) else {
            return Ok(0);
        };
        out.copy_from_slice(held);
        self.held.advance(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_slice_of_a_stream_is_the_slice_of_its_bytes(content: Vec<u8>, offset in 0..300u64, length in 0..300u64) {
            // The first byte keeps the content from looking like gzip.
            let content = [&b"{"[..], &content].concat();
            let mut stream = GzipStream::new(content.as_slice(), InflateLimits::default());
            let found = slice(&mut stream, offset, length).unwrap();
            let expected = content.get(offset as usize..(offset + length) as usize).map(<[u8]>::to_vec);
            if length > 0 {
                prop_assert_eq!(found, expected);
            }
        }
    }
}
