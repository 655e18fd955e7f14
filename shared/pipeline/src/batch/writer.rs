//! Takes objects into an open Batch: each is hashed, inflated, appended verbatim to a raw segment, and its Records go to the encoder.

use std::{
    io::{self, Read},
    sync::Arc,
};

use bytes::Bytes;
use tokio::runtime::Handle;
use trailkeep_archive::BatchId;
use trailkeep_events::{Encoder, EncoderConfig, ObjectContext};
use trailkeep_keys::{KeyKind, LogKey, classify};
use trailkeep_records::{
    InflateLimits, Shape,
    inflate::{GzipStream, StreamError},
};

use super::{
    BatchError, BatchSettings, BatchWriter, Entry, Finding, Kind, SourceFacts,
    digest::{DigestRead, read_digest},
    own_requests::OwnRequests,
    segment::{Home, Place, Segments},
    sha256,
    stage::Stage,
};
use crate::ports::{
    bucket::{AuditBucket, BucketError},
    ledger::SourceId,
};

/// Bytes of one read while an object is streamed: 256 KiB.
const STREAM_BYTES: usize = 256 << 10;

/// Opens an object's stored bytes from their beginning, any number of times.
pub type Open<'a> = &'a mut dyn FnMut() -> io::Result<Box<dyn Read + Send>>;

impl BatchWriter {
    /// A writer for a Batch that is open in the ledger. `runtime` carries the store's calls; the writer blocks on them.
    pub fn new(settings: &BatchSettings, audit: Arc<dyn AuditBucket>, runtime: Handle, batch: BatchId) -> Self {
        let stage = Stage::new(audit, runtime, batch, settings.retention);
        let encoder_config = EncoderConfig {
            batch: batch.to_string(),
            classes: settings.encoding.classes,
            redaction: settings.encoding.redaction.clone(),
            raw_data_inline: settings.encoding.raw_data_inline,
            zstd_level: settings.encoding.zstd_level,
            budget_bytes: settings.builder_bytes,
            limits: settings.inflate,
        };
        Self {
            encoder: Encoder::new(encoder_config, stage.clone()),
            stage,
            limits: settings.inflate,
            raw: Segments::new(Home::Raw(settings.class.clone())),
            digests: Segments::new(Home::Digests),
            entries: Vec::new(),
            by_source: std::collections::HashMap::new(),
            findings: Vec::new(),
            buffer: Vec::new(),
            own: OwnRequests::of(settings.audit_bucket.as_deref()),
        }
    }

    /// Whether there is nothing to publish.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.findings.is_empty()
    }

    /// Whether it has taken this source.
    pub fn holds(&self, source: &SourceId) -> bool {
        self.by_source.contains_key(source)
    }

    /// SHA-256 of the stored bytes of a source that it has taken.
    pub fn stored_sha256(&self, source: &SourceId) -> Option<[u8; 32]> {
        self.by_source.get(source).and_then(|&row| self.entries.get(row)).map(|entry| entry.stored_sha256)
    }

    /// Encoded bytes so far, the larger of events (estimated) and verbatim bytes.
    pub fn encoded_bytes(&self) -> u64 {
        self.encoder.estimated_bytes().max(self.raw.written_bytes() + self.digests.written_bytes())
    }

    /// Broken Records so far.
    pub const fn broken_records(&self) -> u64 {
        self.encoder.broken_records()
    }

    /// Partitions of `events/` that it has rows of.
    pub fn partitions(&self) -> usize {
        self.encoder.partitions()
    }

    /// Writes down something of a source that has no bytes here.
    pub fn note(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Takes an object that is held whole. Answers its inflated size in bytes.
    ///
    /// # Errors
    /// [`BatchError`]; the Batch must be given up, unless it is [`BatchError::Origin`].
    pub fn land(&mut self, stored: &Bytes, facts: SourceFacts) -> Result<u64, BatchError> {
        if facts.kind == Kind::Digest {
            return self.land_digest(stored, facts);
        }
        let inflated = self.encoder.inflate(stored);
        if inflated.is_too_large() {
            return self.land_streamed(&mut || Ok(Box::new(io::Cursor::new(stored.clone()))), facts);
        }
        self.own.look(self.encoder.inflated(&inflated));
        let shape = inflated.shape();
        let inflated_bytes = inflated.inflated_bytes();
        let stored_sha256 = inflated.stored_sha256();
        let place = self.raw.append(&self.stage, shape == Shape::CleanMember, stored).map_err(BatchError::Audit)?;
        let key = log_key(&facts.source);
        let added = self.encoder.add(inflated, context(self.entries.len(), &facts, key.as_ref(), &place));
        added.map_err(|error| self.encode_error(error))?;
        self.enter(Entry { facts, key, place, stored_sha256, shape, digest: None });
        Ok(inflated_bytes)
    }

    fn land_digest(&mut self, stored: &[u8], facts: SourceFacts) -> Result<u64, BatchError> {
        let (shape, digest) = read_digest(stored, &mut self.buffer, &self.limits);
        let place = self.digests.append(&self.stage, shape == Shape::CleanMember, stored).map_err(BatchError::Audit)?;
        let (key, inflated_bytes) = (log_key(&facts.source), digest.inflated_bytes);
        self.enter(Entry { facts, key, place, stored_sha256: sha256(stored), shape, digest: Some(digest) });
        Ok(inflated_bytes)
    }

    /// Takes an object too large to be held whole, in bounded memory. Its bytes are read several times.
    ///
    /// # Errors
    /// As [`BatchWriter::land`].
    pub fn land_streamed(&mut self, open: Open<'_>, facts: SourceFacts) -> Result<u64, BatchError> {
        let (shape, stored_bytes) = shape_of(open, self.limits)?;
        let digest = (facts.kind == Kind::Digest).then(DigestRead::too_large);
        let (place, stored_sha256) = self.append_streamed(open, facts.kind, shape == Shape::CleanMember, stored_bytes)?;
        let key = log_key(&facts.source);
        let mut inflated_bytes = 0;
        if digest.is_none() {
            let added = self.encoder.add_streamed(open, context(self.entries.len(), &facts, key.as_ref(), &place));
            inflated_bytes = added.map_err(|error| self.encode_error(error))?;
        }
        self.enter(Entry { facts, key, place, stored_sha256, shape, digest });
        Ok(inflated_bytes)
    }

    fn append_streamed(&mut self, open: Open<'_>, kind: Kind, clean: bool, length: u64) -> Result<(Place, [u8; 32]), BatchError> {
        use sha2::Digest as _;
        let segments = if kind == Kind::Digest { &mut self.digests } else { &mut self.raw };
        let place = segments.next_place(&self.stage, clean, length).map_err(BatchError::Audit)?;
        let mut reader = open().map_err(origin_error)?;
        let (mut buffer, mut hasher, mut left) = (vec![0; STREAM_BYTES], sha2::Sha256::new(), length);
        while left > 0 {
            let read = reader.read(&mut buffer).map_err(origin_error)?;
            let piece = buffer.get(..read.min(left as usize)).unwrap_or_default();
            if piece.is_empty() {
                return Err(origin_error(io::Error::from(io::ErrorKind::UnexpectedEof)));
            }
            hasher.update(piece);
            segments.extend(&self.stage, clean, piece).map_err(BatchError::Audit)?;
            left -= piece.len() as u64;
        }
        Ok((place, hasher.finalize().into()))
    }

    fn enter(&mut self, entry: Entry) {
        self.by_source.insert(entry.facts.source.clone(), self.entries.len());
        self.entries.push(entry);
    }

    /// The store's own failure, where one is behind an encoder's error.
    fn encode_error(&self, error: trailkeep_events::EncodeError) -> BatchError {
        self.stage.failure().map_or(BatchError::Encode(error), BatchError::Audit)
    }
}

/// The source's key, where CloudTrail made it.
pub(super) fn log_key(source: &SourceId) -> Option<LogKey> {
    match classify(source.key(), None) {
        KeyKind::Log(key) | KeyKind::Digest(key) => Some(key),
        KeyKind::OtherService { .. } | KeyKind::FolderMarker | KeyKind::Unrecognised { .. } => None,
    }
}

fn context<'a>(row: usize, facts: &'a SourceFacts, key: Option<&'a LogKey>, place: &'a Place) -> ObjectContext<'a> {
    ObjectContext {
        source: row as u32,
        bucket: facts.source.bucket(),
        key: facts.source.key(),
        log_key: key,
        segment: &place.segment,
        segment_offset: place.offset,
        segment_length: place.length,
    }
}

/// Reads an object to its end: what its bytes are, and how many. Over a cap it is irregular.
fn shape_of(open: Open<'_>, limits: InflateLimits) -> Result<(Shape, u64), BatchError> {
    let mut stream = GzipStream::new(open().map_err(origin_error)?, limits);
    let mut buffer = vec![0; STREAM_BYTES];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok((stream.shape(), stream.stored_bytes())),
            Ok(_) => {}
            Err(StreamError::Source(error)) => return Err(origin_error(error)),
            Err(StreamError::OverLimit { .. }) => break,
        }
    }
    let mut reader = open().map_err(origin_error)?;
    let length = io::copy(&mut reader, &mut io::sink()).map_err(origin_error)?;
    Ok((Shape::Irregular(trailkeep_records::GzipFlags::default()), length))
}

/// The origin's own failure, where one is behind an I/O error.
fn origin_error(error: io::Error) -> BatchError {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| BucketError::Failed {
        operation: "read".to_owned(),
        what: "a log object".to_owned(),
        source,
    };
    BatchError::Origin(match error.into_inner() {
        Some(inner) => inner.downcast::<BucketError>().map_or_else(failed, |error| *error),
        None => failed("it ended early".into()),
    })
}
