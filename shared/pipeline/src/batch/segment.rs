//! Packs objects verbatim, one after the other: each original is a byte range of its segment.

use std::sync::Arc;

use trailkeep_archive::{
    BatchId, ClassLabel,
    layout::{self, RawKind},
};

use super::{stage::Stage, staged::StagedFile};
use crate::ports::bucket::{BucketError, StagedUpload};

/// Below which prefix a segment lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Home {
    /// `raw/class=<label>/`.
    Raw(ClassLabel),
    /// `digests/`.
    Digests,
}

impl Home {
    pub(crate) fn key(&self, batch: &BatchId, kind: RawKind) -> String {
        match self {
            Self::Raw(class) => layout::raw_key(class, batch, kind),
            Self::Digests => layout::digests_key(batch, kind),
        }
    }
}

/// Where an object's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Key of the segment.
    pub(crate) segment: Arc<str>,
    /// First byte.
    pub(crate) offset: u64,
    /// Stored length in bytes.
    pub(crate) length: u64,
}

/// The segments of one Batch below one prefix. Files are begun when the first byte comes.
#[derive(Debug)]
pub(crate) struct Segments {
    home: Home,
    gz: Option<Packed>,
    bin: Option<Packed>,
}

#[derive(Debug)]
struct Packed {
    key: Arc<str>,
    file: StagedFile,
}

impl Segments {
    pub(crate) fn new(home: Home) -> Self {
        Self { home, gz: None, bin: None }
    }

    /// Where they lie.
    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// Appends one object. `clean` = it is exactly one clean gzip member.
    pub(crate) fn append(&mut self, stage: &Stage, clean: bool, stored: &[u8]) -> Result<Place, BucketError> {
        let packed = self.begin(stage, clean)?;
        let place = Place { segment: Arc::clone(&packed.key), offset: packed.file.written_bytes(), length: stored.len() as u64 };
        packed.file.append(stored)?;
        Ok(place)
    }

    /// Where the next object will begin, for objects that are appended piece by piece with [`Segments::extend`].
    pub(crate) fn next_place(&mut self, stage: &Stage, clean: bool, length: u64) -> Result<Place, BucketError> {
        let packed = self.begin(stage, clean)?;
        Ok(Place { segment: Arc::clone(&packed.key), offset: packed.file.written_bytes(), length })
    }

    /// Appends a piece of the object that [`Segments::next_place`] announced.
    pub(crate) fn extend(&mut self, stage: &Stage, clean: bool, piece: &[u8]) -> Result<(), BucketError> {
        self.begin(stage, clean)?.file.append(piece)
    }

    /// Bytes appended so far.
    pub(crate) fn written_bytes(&self) -> u64 {
        [&self.gz, &self.bin].into_iter().flatten().map(|packed| packed.file.written_bytes()).sum()
    }

    /// Makes the files durable.
    pub(crate) fn finish(self, done: &mut Vec<StagedUpload>) -> Result<(), BucketError> {
        for packed in [self.gz, self.bin].into_iter().flatten() {
            done.push(packed.file.finish()?);
        }
        Ok(())
    }

    fn begin(&mut self, stage: &Stage, clean: bool) -> Result<&mut Packed, BucketError> {
        let (slot, kind) = if clean { (&mut self.gz, RawKind::Gz) } else { (&mut self.bin, RawKind::Bin) };
        if let Some(packed) = slot {
            Ok(packed)
        } else {
            let key = self.home.key(stage.batch(), kind);
            let file = stage.segment(key.clone())?;
            Ok(slot.insert(Packed { key: key.into(), file }))
        }
    }
}
