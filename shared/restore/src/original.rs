//! One original: its byte range of the segment, checked against the SHA-256 in its row.

use std::io;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use trailkeep_archive::SourceRow;
use trailkeep_pipeline::ports::bucket::BucketError;

use crate::archive::Archive;

/// Bytes that are fetched and held at once: 16 MiB. Originals up to this size are checked in memory before a byte of
/// them is given out; larger ones are fetched once to check them and once more to give them out.
pub const PIECE_BYTES: u64 = 16 << 20;

/// Bytes of an original, in order.
pub type Piece = Bytes;

/// An original that was found to be what its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    row: SourceRow,
    /// The bytes, where they fit into one piece.
    whole: Option<Bytes>,
}

/// Why an original was not given back.
#[derive(Debug, thiserror::Error)]
pub enum OriginalError {
    /// The store failed, or the segment must be restored first.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The segment ends before the original does.
    #[error("{segment} ends before the {length} bytes at {offset} that {key} takes")]
    Short {
        /// Key of the source.
        key: String,
        /// Key of the segment.
        segment: String,
        /// First byte of the original.
        offset: u64,
        /// Its length in bytes.
        length: u64,
    },
    /// The bytes are not those that were landed.
    #[error("{key} hashes to {found} in {segment}, but landed as {expected}: the segment is damaged")]
    OtherContent {
        /// Key of the source.
        key: String,
        /// Key of the segment.
        segment: String,
        /// SHA-256 that was found, lower hex.
        found: String,
        /// SHA-256 in `sources/`, lower hex.
        expected: String,
    },
    /// Where it was to be written to failed.
    #[error("failed to write {key}")]
    Output {
        /// Key of the source.
        key: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl Original {
    /// The row in `sources/`.
    pub fn row(&self) -> &SourceRow {
        &self.row
    }

    /// The bytes, where they fit into one piece of [`PIECE_BYTES`].
    pub fn whole(&self) -> Option<&Bytes> {
        self.whole.as_ref()
    }
}

impl Archive {
    /// Reads an original and checks it against its row.
    ///
    /// # Errors
    /// [`OriginalError`].
    pub async fn original(&self, row: &SourceRow) -> Result<Original, OriginalError> {
        let mut hasher = Sha256::new();
        let mut whole = None;
        let mut at = 0;
        while at < row.segment_length {
            let piece = self.piece(row, at).await?;
            at += piece.len() as u64;
            hasher.update(&piece);
            whole = Some(piece);
        }
        check(row, &hex::encode(hasher.finalize()))?;
        let fits = row.segment_length <= PIECE_BYTES;
        Ok(Original { row: row.clone(), whole: fits.then(|| whole.unwrap_or_default()) })
    }

    /// Gives out the bytes of a checked original, piece by piece. Those that do not fit into memory are checked again
    /// while they are given out.
    ///
    /// # Errors
    /// [`OriginalError`].
    pub async fn copy(&self, original: &Original, sink: &mut (dyn io::Write + Send)) -> Result<(), OriginalError> {
        let row = &original.row;
        let output = |source| OriginalError::Output { key: row.key.clone(), source };
        if let Some(whole) = &original.whole {
            return sink.write_all(whole).map_err(output);
        }
        let mut hasher = Sha256::new();
        let mut at = 0;
        while at < row.segment_length {
            let piece = self.piece(row, at).await?;
            at += piece.len() as u64;
            hasher.update(&piece);
            sink.write_all(&piece).map_err(output)?;
        }
        check(row, &hex::encode(hasher.finalize()))
    }

    /// The piece of an original that begins `at` bytes into it; never empty.
    pub(crate) async fn piece(&self, row: &SourceRow, at: u64) -> Result<Piece, OriginalError> {
        let length = (row.segment_length - at).min(PIECE_BYTES);
        let piece = self.bucket().get_range(&row.segment, row.segment_offset + at, length).await?;
        if piece.len() as u64 == length { Ok(piece) } else { Err(short(row)) }
    }
}

pub(crate) fn short(row: &SourceRow) -> OriginalError {
    OriginalError::Short { key: row.key.clone(), segment: row.segment.clone(), offset: row.segment_offset, length: row.segment_length }
}

/// Compares a SHA-256 in lower hex with the row's.
pub(crate) fn check(row: &SourceRow, found: &str) -> Result<(), OriginalError> {
    if found == row.stored_sha256 {
        return Ok(());
    }
    Err(OriginalError::OtherContent {
        key: row.key.clone(),
        segment: row.segment.clone(),
        found: found.to_owned(),
        expected: row.stored_sha256.clone(),
    })
}
