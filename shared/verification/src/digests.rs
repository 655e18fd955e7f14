//! The Digests that are asked for: fetched from their segments, and read by threads that check signatures.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use trailkeep_audit::completeness::FileId;
use trailkeep_digests::{BucketAliases, Link, MAX_STORED_BYTES, Metadata, Period, PublicKeys, Reader, Reading, StoredDigest};
use trailkeep_keys::LogClass;
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};

use crate::{
    Progress,
    error::{VerifyError, on_a_thread},
    named::Named,
    ranges::{Fetched, Range, Run, runs},
    row::Lying,
    segments::Segments,
};

/// Runs of Digests that are fetched and read at once: 8 MiB each.
const RUNS_AT_ONCE: usize = 6;

/// Where a Digest lies, and what was beside it at the origin.
#[derive(Debug, Clone)]
pub(crate) struct DigestRow {
    pub(crate) bucket: Box<str>,
    pub(crate) key: Box<str>,
    metadata: Box<[(Box<str>, Box<str>)]>,
    segment: u32,
    offset: u64,
    length: u64,
}

/// A log file that a Digest lists.
#[derive(Debug)]
pub(crate) struct Listed {
    /// Its bucket, where it is not the Digest's own.
    pub(crate) bucket: Option<Box<str>>,
    pub(crate) key: Box<str>,
    pub(crate) hash: [u8; 32],
    /// The Digest, by its place among the rows.
    pub(crate) digest: usize,
}

/// A log file that a Digest lists, without its name: a third of what a name takes.
#[derive(Debug)]
pub(crate) struct ListedId {
    pub(crate) id: FileId,
    pub(crate) hash: [u8; 32],
    pub(crate) class: LogClass,
    /// The time in its name, milliseconds since 1970.
    pub(crate) delivered_ms: Option<i64>,
    /// The Digest, by its place among the rows.
    pub(crate) digest: u32,
}

/// From when to when the events of a Digest's files are, milliseconds since 1970.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Events {
    pub(crate) oldest_ms: Option<i64>,
    pub(crate) newest_ms: Option<i64>,
}

/// What came of reading Digests.
#[derive(Debug, Default)]
pub(crate) struct ReadDigests {
    /// What the chains need, each with its row's place.
    pub(crate) links: Vec<(usize, Link)>,
    /// What the sound ones list.
    pub(crate) listed: Vec<Listed>,
    /// What the sound ones list, where names are not asked for.
    pub(crate) ids: Vec<ListedId>,
    /// When the events are of those that have some, each with its row's place.
    pub(crate) events: Vec<(usize, Events)>,
    /// Rows whose bytes are not there.
    pub(crate) lost: Vec<usize>,
}

/// What threads that read Digests share.
#[derive(Debug, Clone)]
pub(crate) struct Trust {
    pub(crate) keys: Arc<PublicKeys>,
    pub(crate) aliases: Arc<BucketAliases>,
}

impl DigestRow {
    /// One whose segment has no number yet.
    pub(crate) fn new(bucket: &str, key: &str, metadata: &[(&str, &str)], lying: &Lying) -> Self {
        let metadata = metadata.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Self { bucket: bucket.into(), key: key.into(), metadata, segment: 0, offset: lying.offset, length: lying.length }
    }

    pub(crate) fn in_segment(self, segment: u32) -> Self {
        Self { segment, ..self }
    }

    /// One that is an object of a log bucket, and lies in no segment.
    pub(crate) fn of_an_object(bucket: &str, key: &str) -> Self {
        Self { bucket: bucket.into(), key: key.into(), metadata: Box::default(), segment: 0, offset: 0, length: 0 }
    }
}

impl ReadDigests {
    /// Takes what came of one Digest. Of what it lists only what `wants` takes is kept.
    pub(crate) fn take(&mut self, owner: usize, reading: Reading<'_>, wants: impl Fn(&str) -> bool) {
        let files = reading.sound().map(|digest| digest.log_files.as_slice()).unwrap_or_default();
        self.listed.extend(files.iter().filter(|file| wants(&file.key)).map(|file| Listed {
            bucket: (file.bucket != reading.link().location().bucket).then(|| (&*file.bucket).into()),
            key: (&*file.key).into(),
            hash: file.hash.0,
            digest: owner,
        }));
        if let Some(digest) = reading.sound().filter(|digest| digest.oldest_event_ms.is_some()) {
            self.events.push((owner, Events { oldest_ms: digest.oldest_event_ms, newest_ms: digest.newest_event_ms }));
        }
        self.links.push((owner, reading.into_link()));
    }

    /// Takes what came of one Digest, and of what it lists what was delivered in a window, without names.
    fn take_ids(&mut self, owner: usize, reading: Reading<'_>, window: Period) {
        let files = reading.sound().map(|digest| digest.log_files.as_slice()).unwrap_or_default();
        let wanted = |key: &str| Named::of(key).filter(|named| named.class != LogClass::Digest && named.delivered_in(window).is_some());
        self.ids.extend(files.iter().filter_map(|file| Some((file, wanted(&file.key)?))).map(|(file, named)| ListedId {
            id: FileId::of(&file.bucket, &file.key),
            hash: file.hash.0,
            class: named.class,
            delivered_ms: named.stamp_ms(),
            digest: owner as u32,
        }));
        self.links.push((owner, reading.into_link()));
    }

    /// Takes what came of others.
    pub(crate) fn extend(&mut self, others: Self) {
        self.ids.extend(others.ids);
        self.links.extend(others.links);
        self.listed.extend(others.listed);
        self.events.extend(others.events);
        self.lost.extend(others.lost);
    }
}

/// Fetches and reads Digests. Of what they list only what `wants` takes is kept.
pub(crate) async fn read(
    bucket: &dyn AuditBucket,
    rows: &Arc<Vec<DigestRow>>,
    segments: &Segments,
    trust: &Trust,
    wants: impl Fn(&str) -> bool + Clone + Send + 'static,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<ReadDigests, VerifyError> {
    let take = move |read: &mut ReadDigests, owner: usize, reading: Reading<'_>| read.take(owner, reading, &wants);
    read_with(bucket, rows, segments, trust, take, progress).await
}

/// Fetches and reads Digests. Of what they list what was delivered in a window is kept, without names.
pub(crate) async fn read_ids(
    bucket: &dyn AuditBucket,
    rows: &Arc<Vec<DigestRow>>,
    segments: &Segments,
    trust: &Trust,
    window: Period,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<ReadDigests, VerifyError> {
    let take = move |read: &mut ReadDigests, owner: usize, reading: Reading<'_>| read.take_ids(owner, reading, window);
    read_with(bucket, rows, segments, trust, take, progress).await
}

async fn read_with(
    bucket: &dyn AuditBucket,
    rows: &Arc<Vec<DigestRow>>,
    segments: &Segments,
    trust: &Trust,
    take: impl Fn(&mut ReadDigests, usize, Reading<'_>) + Clone + Send + 'static,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<ReadDigests, VerifyError> {
    let (fits, mut too_large): (Vec<_>, Vec<_>) = rows.iter().enumerate().partition(|(_, row)| row.length <= MAX_STORED_BYTES as u64);
    let range = |(owner, row): (usize, &DigestRow)| Range { segment: row.segment, offset: row.offset, length: row.length, owner };
    let step = |run: Run| {
        let (rows, trust, take) = (Arc::clone(rows), trust.clone(), take.clone());
        async move {
            match run.fetch(bucket, segments.key(run.segment)).await? {
                Fetched::Bytes(bytes) => on_a_thread(move || read_run(&run, &bytes, &rows, &trust, take)).await,
                Fetched::Missing => Ok(ReadDigests { lost: run.owners().collect(), ..ReadDigests::default() }),
                Fetched::Archived => {
                    let what = format!("{}/{}", bucket.address(), segments.key(run.segment));
                    Err(BucketError::Archived { what, storage_class: "an archived tier".to_owned() }.into())
                }
            }
        }
    };
    let mut all = ReadDigests::default();
    all.lost.extend(too_large.drain(..).map(|(owner, _)| owner));
    let mut reading = stream::iter(runs(fits.into_iter().map(range).collect())).map(step).buffer_unordered(RUNS_AT_ONCE);
    while let Some(read) = reading.next().await {
        let read = read?;
        progress(Progress::DigestsRead((read.links.len() + read.lost.len()) as u64));
        all.extend(read);
    }
    Ok(all)
}

fn read_run(
    run: &Run,
    bytes: &Bytes,
    rows: &[DigestRow],
    trust: &Trust,
    take: impl Fn(&mut ReadDigests, usize, Reading<'_>),
) -> ReadDigests {
    let mut reader = Reader::new(&trust.keys, &trust.aliases);
    let mut read = ReadDigests::default();
    for (owner, part) in run.parts(bytes) {
        let (Some(row), Some(part)) = (rows.get(owner), part) else {
            read.lost.push(owner);
            continue;
        };
        let metadata = Metadata::from_pairs(row.metadata.iter().map(|(name, value)| (&**name, &**value)));
        let reading = reader.read(&StoredDigest { bucket: &row.bucket, key: &row.key, bytes: &part, metadata });
        take(&mut read, owner, reading);
    }
    read
}
