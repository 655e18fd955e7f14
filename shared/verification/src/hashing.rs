//! Whether the bytes of one source are those that landed: as stored, inflated, and as a container. What is too large to be held is hashed as it
//! is fetched.

use std::io::Read;

use bytes::{Buf as _, Bytes};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use trailkeep_archive::SourceRow;
use trailkeep_keys::LogClass;
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};
use trailkeep_records::{
    Shape,
    hash::{Sha256Value, sha256},
    inflate::{GzipStream, InflateLimits, Inflation, inflate_into},
};

use crate::{
    error::{VerifyError, on_a_thread},
    named::Named,
    round::irregularities,
};

/// Bytes that are fetched at once of a source that is not fetched whole.
pub(crate) const PIECE_BYTES: u64 = 16 << 20;
/// Bytes that are inflated at once.
const CHUNK_BYTES: usize = 256 << 10;
/// What is inflated in memory; anything larger goes through a stream.
const LIMITS: InflateLimits =
    InflateLimits { inflated_bytes: 64 << 20, ratio: 1000, ratio_from_bytes: 16 << 20, whole_buffer_bytes: 64 << 20 };

/// What came of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Same,
    /// It differs, for this reason.
    Differs(&'static str),
    Archived,
}

/// What bytes inflate to.
pub(crate) type Inflated = (Sha256Value, Shape);

/// Judges bytes that are there whole.
pub(crate) fn judge(row: &SourceRow, stored: &[u8], buffer: &mut Vec<u8>) -> Reading {
    if hex::encode(sha256(stored)) != row.stored_sha256 {
        return Reading::Differs("stored_hash_differs");
    }
    judge_inflated(row, inflated_whole(stored, buffer))
}

/// What bytes that are there whole inflate to; none for what is over the caps under which sources land.
pub(crate) fn inflated_whole(stored: &[u8], buffer: &mut Vec<u8>) -> Option<Inflated> {
    buffer.clear();
    match inflate_into(stored, buffer, &LIMITS) {
        Inflation::Done { shape, .. } => Some((sha256(buffer), shape)),
        Inflation::TooLargeForMemory | Inflation::OverLimit { .. } => inflated_as_it_comes(&mut { stored }),
    }
}

/// Judges bytes piece by piece.
pub(crate) async fn judge_large(bucket: &dyn AuditBucket, row: &SourceRow) -> Result<Reading, VerifyError> {
    let (sender, receiver) = mpsc::channel(1);
    let hashing = on_a_thread(move || {
        let mut pieces = Pieces::new(receiver);
        let inflated = inflated_as_it_comes(&mut pieces);
        (pieces.finish(), inflated)
    });
    let (fed, hashed) = futures::join!(feed(bucket, row, sender), hashing);
    let (stored, inflated) = hashed?;
    Ok(match fed {
        Ok(()) if hex::encode(stored) != row.stored_sha256 => Reading::Differs("stored_hash_differs"),
        Ok(()) => judge_inflated(row, inflated),
        Err(Cut::Short) => Reading::Differs("segment_cut"),
        Err(Cut::Failed(BucketError::NotFound { .. })) => Reading::Differs("segment_missing"),
        Err(Cut::Failed(BucketError::Archived { .. })) => Reading::Archived,
        Err(Cut::Failed(error)) => return Err(error.into()),
    })
}

/// Why not all pieces came.
enum Cut {
    Short,
    Failed(BucketError),
}

async fn feed(bucket: &dyn AuditBucket, row: &SourceRow, sender: mpsc::Sender<Bytes>) -> Result<(), Cut> {
    let mut at = 0;
    while at < row.segment_length {
        let length = (row.segment_length - at).min(PIECE_BYTES);
        let piece = bucket.get_range(&row.segment, row.segment_offset.saturating_add(at), length).await.map_err(Cut::Failed)?;
        if piece.len() as u64 != length {
            return Err(Cut::Short);
        }
        at += length;
        if sender.send(piece).await.is_err() {
            // Who hashes has ended, and tells why.
            break;
        }
    }
    Ok(())
}

/// Pieces as they come, hashed as they are read.
pub(crate) struct Pieces {
    receiver: mpsc::Receiver<Bytes>,
    piece: Bytes,
    stored: Sha256,
}

impl Pieces {
    pub(crate) fn new(receiver: mpsc::Receiver<Bytes>) -> Self {
        Self { receiver, piece: Bytes::new(), stored: Sha256::new() }
    }

    fn next(&mut self) -> bool {
        let Some(piece) = self.receiver.blocking_recv() else { return false };
        self.stored.update(&piece);
        self.piece = piece;
        true
    }

    /// Takes what nobody read, too.
    fn finish(mut self) -> Sha256Value {
        while self.next() {}
        self.stored.finalize().into()
    }
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.piece.is_empty() {
            if !self.next() {
                return Ok(0);
            }
        }
        let length = self.piece.len().min(out.len());
        self.piece.split_to(length).copy_to_slice(out.get_mut(..length).unwrap_or_default());
        Ok(length)
    }
}

/// None for what is over the caps under which sources land.
pub(crate) fn inflated_as_it_comes(stored: &mut dyn Read) -> Option<Inflated> {
    let mut stream = GzipStream::new(stored, InflateLimits::default());
    let (mut hasher, mut chunk) = (Sha256::new(), vec![0; CHUNK_BYTES]);
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return Some((hasher.finalize().into(), stream.shape())),
            Ok(length) => hasher.update(chunk.get(..length).unwrap_or_default()),
            Err(_) => return None,
        }
    }
}

fn judge_inflated(row: &SourceRow, inflated: Option<Inflated>) -> Reading {
    // Where nothing could be inflated at landing, the outcome says so.
    let Some(expected) = &row.inflated_sha256 else { return Reading::Same };
    let Some((hash, shape)) = inflated else { return Reading::Differs("not_inflated") };
    if hex::encode(hash) != *expected {
        return Reading::Differs("inflated_hash_differs");
    }
    let class = Named::of(&row.key).map_or(LogClass::CloudTrail, |named| named.class);
    let flags: Vec<&str> = row.flags.iter().map(String::as_str).collect();
    let clean = class != LogClass::CloudTrail || shape == Shape::CleanMember || !irregularities(&flags, &row.segment).is_empty();
    if clean { Reading::Same } else { Reading::Differs("not_one_member") }
}
