//! The thread of one open Batch: decoding and encoding are its work, and it may block. The lander gives it orders and reads its progress.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};
use trailkeep_archive::BatchId;
use trailkeep_pipeline::{
    batch::{BatchError, BatchSettings, BatchWriter, Finding, Kind, SealFailure, Sealed, SourceFacts},
    ingest::RangeReader,
    ports::{
        bucket::{AuditBucket, BucketError},
        causes,
        ledger::SourceId,
    },
};

use crate::{delivery::Origin, settings::SealPolicy, stages::Piece};

/// Orders that wait for the thread at a time.
const ORDERS: usize = 64;
/// Broken Records with which a Batch is sealed: each may be a row of `quarantine/`, and all rows are held until then.
const MAX_BROKEN_RECORDS: u64 = 50_000;

/// An object for the Batch.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "moved once or twice; the large one is the usual one")]
pub(super) enum Bytes {
    /// Held whole.
    Whole(Piece),
    /// Too large for that: read in ranges, several times.
    Ranges { origin: Arc<Origin>, key: Arc<str>, version: Option<Box<str>>, cap_bytes: u64 },
}

/// What landing an object came to.
#[derive(Debug)]
pub(super) enum Landed {
    /// The Batch holds it.
    Yes {
        /// Its inflated size in bytes.
        inflated_bytes: u64,
        /// Its stored size in bytes.
        stored_bytes: u64,
    },
    /// The Batch is full.
    Full,
    /// It could not be read; the Batch is sound.
    Unread(BucketError),
    /// The Batch cannot go on.
    Broken,
}

#[derive(Debug)]
enum Order {
    Land { bytes: Box<Bytes>, source: SourceId, kind: Kind, reply: oneshot::Sender<Landed> },
    Sha256 { source: SourceId, reply: oneshot::Sender<Option<[u8; 32]>> },
    Note(Finding),
    Seal { now_ms: i64, reply: oneshot::Sender<Result<Sealed, SealFailure>> },
}

/// What the thread has done so far; read by the lander without asking.
#[derive(Debug, Default)]
pub(super) struct Progress {
    encoded_bytes: AtomicU64,
    partitions: AtomicUsize,
    broken_records: AtomicU64,
    broken: AtomicBool,
    archive_failed: AtomicBool,
}

impl Progress {
    pub(super) fn encoded_bytes(&self) -> u64 {
        self.encoded_bytes.load(Ordering::Acquire)
    }

    /// Whether the Batch can take no more.
    pub(super) fn is_full(&self, policy: &SealPolicy) -> bool {
        self.encoded_bytes() >= policy.encoded_bytes
            || self.partitions.load(Ordering::Acquire) >= policy.partitions
            || self.broken_records.load(Ordering::Acquire) >= MAX_BROKEN_RECORDS
            || self.is_broken()
    }

    /// Whether the Batch must be given up.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Whether that is because the archive could not be written, which is no object's fault.
    pub(super) fn archive_failed(&self) -> bool {
        self.archive_failed.load(Ordering::Acquire)
    }

    fn read(&self, writer: &BatchWriter) {
        self.encoded_bytes.store(writer.encoded_bytes(), Ordering::Release);
        self.partitions.store(writer.partitions(), Ordering::Release);
        self.broken_records.store(writer.broken_records(), Ordering::Release);
    }
}

/// A handle on the thread; dropped, the thread throws away what it has and ends.
#[derive(Debug)]
pub(super) struct Writing {
    orders: mpsc::Sender<Order>,
    progress: Arc<Progress>,
}

impl Writing {
    /// Starts the thread of a Batch that is open in the ledger.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn start(settings: BatchSettings, policy: SealPolicy, audit: Arc<dyn AuditBucket>, batch: BatchId) -> std::io::Result<Self> {
        let (orders, taken) = mpsc::channel(ORDERS);
        let progress = Arc::new(Progress::default());
        let (runtime, shown) = (Handle::current(), Arc::clone(&progress));
        thread::Builder::new().name("lander".to_owned()).spawn(move || {
            let writer = BatchWriter::new(&settings, audit, runtime.clone(), batch);
            Worker { writer, policy, progress: shown, runtime }.work(taken);
        })?;
        Ok(Self { orders, progress })
    }

    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Lands an object.
    pub(super) async fn land(&self, bytes: Bytes, source: SourceId, kind: Kind) -> Landed {
        let (reply, answer) = oneshot::channel();
        let _ = self.orders.send(Order::Land { bytes: Box::new(bytes), source, kind, reply }).await;
        // The thread has panicked: the Batch must not take anything more.
        answer.await.unwrap_or_else(|_| {
            self.progress.broken.store(true, Ordering::Release);
            Landed::Broken
        })
    }

    /// SHA-256 of the stored bytes of a source that the Batch holds.
    pub(super) async fn stored_sha256(&self, source: SourceId) -> Option<[u8; 32]> {
        let (reply, answer) = oneshot::channel();
        let _ = self.orders.send(Order::Sha256 { source, reply }).await;
        answer.await.ok().flatten()
    }

    /// Writes a finding down.
    pub(super) async fn note(&self, finding: Finding) {
        let _ = self.orders.send(Order::Note(finding)).await;
    }

    /// Makes everything durable. `None`: the thread has failed.
    pub(super) async fn seal(self, now_ms: i64) -> Option<Result<Sealed, SealFailure>> {
        let (reply, answer) = oneshot::channel();
        let _ = self.orders.send(Order::Seal { now_ms, reply }).await;
        answer.await.ok()
    }
}

struct Worker {
    writer: BatchWriter,
    policy: SealPolicy,
    progress: Arc<Progress>,
    runtime: Handle,
}

impl Worker {
    fn work(mut self, mut orders: mpsc::Receiver<Order>) {
        // Replies go to landers that may have given up: then nobody needs them.
        while let Some(order) = orders.blocking_recv() {
            match order {
                Order::Land { bytes, source, kind, reply } => {
                    let landed = self.land(*bytes, source, kind);
                    let _ = reply.send(landed);
                }
                Order::Sha256 { source, reply } => {
                    let _ = reply.send(self.writer.stored_sha256(&source));
                }
                Order::Note(finding) => self.writer.note(finding),
                Order::Seal { now_ms, reply } => {
                    let _ = reply.send(self.writer.seal(now_ms));
                    return;
                }
            }
        }
    }

    fn land(&mut self, bytes: Bytes, source: SourceId, kind: Kind) -> Landed {
        if self.progress.is_broken() {
            return Landed::Broken;
        }
        if self.progress.is_full(&self.policy) {
            return Landed::Full;
        }
        let mut stored_bytes = 0;
        let landed = match bytes {
            Bytes::Whole(piece) => {
                stored_bytes = piece.fetched.body.len() as u64;
                let facts = SourceFacts { source, kind, info: piece.fetched.info };
                self.writer.land(&piece.fetched.body, facts)
            }
            Bytes::Ranges { origin, key, version, cap_bytes } => {
                self.land_ranges(&origin, &key, version.as_deref(), cap_bytes, source, kind, &mut stored_bytes)
            }
        };
        self.progress.read(&self.writer);
        match landed {
            Ok(inflated_bytes) => Landed::Yes { inflated_bytes, stored_bytes },
            Err(BatchError::Origin(error)) => Landed::Unread(error),
            Err(error) => {
                tracing::error!(error = %causes(&error), "a batch could not be written and is given up");
                self.progress.archive_failed.store(matches!(error, BatchError::Audit(_)), Ordering::Release);
                self.progress.broken.store(true, Ordering::Release);
                Landed::Broken
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "an object in ranges, and what is to be told of it")]
    fn land_ranges(
        &mut self,
        origin: &Origin,
        key: &str,
        version: Option<&str>,
        cap_bytes: u64,
        source: SourceId,
        kind: Kind,
        stored_bytes: &mut u64,
    ) -> Result<u64, BatchError> {
        let info = self.runtime.block_on(origin.store.head(key, version)).map_err(BatchError::Origin)?;
        if info.size_bytes > cap_bytes {
            let (what, size_bytes) = (format!("{}{key}", origin.store.address()), info.size_bytes);
            return Err(BatchError::Origin(BucketError::TooLarge { what, size_bytes, cap_bytes }));
        }
        *stored_bytes = info.size_bytes;
        let facts = SourceFacts { source, kind, info: info.clone() };
        let reader = RangeReader::new(Arc::clone(&origin.store), self.runtime.clone(), key.to_owned(), info);
        self.writer.land_streamed(&mut || Ok(reader.again()), facts)
    }
}
