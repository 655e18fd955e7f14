//! The open Batch of one worker, from its first admit to its publication: fetches what was admitted, gives it to the Batch's writer,
//! lets go of what could not be fetched.

use std::sync::Arc;

use trailkeep_archive::QuarantineKind;

use super::{
    delivery::{Delivery, DeliveryKind},
    error::IngestError,
    fetch::{Fetcher, Wanted},
    observer::Settled,
    ranges::RangeReader,
    summary::IngestSummary,
    worker::{Examined, Run, admissions, is_lost},
};
use crate::{
    batch::{BatchError, BatchWriter, Finding, Kind, SourceFacts, sha256},
    ports::{
        bucket::{BucketError, Fetched, ObjectInfo},
        ledger::{Landed, SourceId},
    },
    protocol::{Admission, Heartbeat, Manifest, Moment, OpenBatch},
};

/// Revisions of one key that are looked at before its delivery is put off.
const MAX_REVISIONS: u32 = 64;
/// Broken Records with which a Batch is sealed: each may be a row of `quarantine/`, and all rows are held until then.
const MAX_BROKEN_RECORDS: u64 = 50_000;

/// A worker's open Batch.
pub(crate) struct Landing {
    open: OpenBatch,
    heartbeat: Heartbeat,
    opened: Moment,
    writer: BatchWriter,
    /// What the Batch will settle, in case it is lost.
    deliveries: Vec<Delivery>,
    summary: IngestSummary,
}

/// How a Batch ended.
pub(crate) enum Outcome {
    /// All of it is visible.
    Published(Box<IngestSummary>),
    /// Another worker took it for dead: these must be admitted again.
    Lost(Vec<Delivery>),
}

impl Landing {
    pub(crate) fn new(run: &Run<'_>, open: OpenBatch, heartbeat: Heartbeat, opened: Moment) -> Self {
        let ports = run.ports;
        let audit = Arc::clone(ports.protocol.bucket());
        let writer = BatchWriter::new(&run.config.batch_settings(), audit, ports.runtime.clone(), open.batch);
        Self { open, heartbeat, opened, writer, deliveries: Vec::new(), summary: IngestSummary::default() }
    }

    pub(crate) fn open_batch(&self) -> &OpenBatch {
        &self.open
    }

    /// How many more objects the Batch may take.
    pub(crate) fn room(&self, run: &Run<'_>) -> usize {
        run.config.limits.objects.saturating_sub(self.deliveries.len())
    }

    pub(crate) fn is_full(&self, run: &Run<'_>) -> bool {
        let limits = &run.config.limits;
        let age_ms = run.ports.surroundings.now().monotonic_ms.saturating_sub(self.opened.monotonic_ms);
        self.room(run) == 0
            || self.writer.encoded_bytes() >= limits.encoded_bytes
            || self.writer.partitions() >= limits.partitions
            || self.writer.broken_records() >= MAX_BROKEN_RECORDS
            || u128::from(age_ms) >= limits.age.as_millis()
            || self.heartbeat.is_lost()
    }

    /// Fetches and lands what was admitted. Answers what the Batch had no room for any more; that is let go of in the ledger.
    pub(crate) fn land_all(
        &mut self,
        run: &Run<'_>,
        admitted: Vec<(Delivery, SourceId)>,
        summary: &mut IngestSummary,
    ) -> Result<Vec<Delivery>, IngestError> {
        let whole = run.config.limits.whole_object_bytes;
        let wanted: Vec<Wanted> = admitted.iter().filter(|(d, _)| d.size_bytes <= whole).map(|(d, _)| d.wanted()).collect();
        let mut fetcher = Fetcher::new(Arc::clone(&run.ports.origin), run.ports.runtime.clone(), whole, wanted);
        let (mut let_go, mut untouched) = (Vec::new(), Vec::new());
        for (delivery, source) in admitted {
            if self.is_full(run) || run.stops() {
                let_go.push(source);
                untouched.push(delivery);
                continue;
            }
            let fetched = if delivery.size_bytes <= whole { fetcher.next() } else { None };
            if !self.land(run, delivery, &source, fetched, summary)? {
                let_go.push(source);
            }
        }
        self.let_go(run, &let_go)?;
        Ok(untouched)
    }

    fn let_go(&self, run: &Run<'_>, sources: &[SourceId]) -> Result<(), IngestError> {
        if sources.is_empty() {
            return Ok(());
        }
        run.ports.runtime.block_on(run.ports.protocol.release(&self.open, sources)).map_err(IngestError::step("let go of log objects"))
    }

    /// Lands one object; `fetched` = none for objects too large to be held whole. Answers whether the Batch holds it now.
    fn land(
        &mut self,
        run: &Run<'_>,
        delivery: Delivery,
        source: &SourceId,
        fetched: Option<Result<Fetched, BucketError>>,
        summary: &mut IngestSummary,
    ) -> Result<bool, IngestError> {
        let outcome = match fetched {
            Some(Ok(fetched)) => {
                let facts = facts(&delivery, source, fetched.info);
                self.writer.land(&fetched.body, facts)
            }
            None | Some(Err(BucketError::TooLarge { .. })) => self.land_streamed(run, &delivery, source),
            Some(Err(error)) => Err(BatchError::Origin(error)),
        };
        match outcome {
            Ok(inflated_bytes) => {
                run.observer.settled(Settled { stored_bytes: delivery.size_bytes, inflated_bytes });
                self.deliveries.push(delivery);
                Ok(true)
            }
            Err(BatchError::Origin(error)) => {
                self.not_fetched(run, delivery, source, &error, summary);
                Ok(false)
            }
            Err(error) => Err(IngestError::Batch { batch: self.open.batch.to_string(), source: error }),
        }
    }

    fn land_streamed(&mut self, run: &Run<'_>, delivery: &Delivery, source: &SourceId) -> Result<u64, BatchError> {
        let origin = &run.ports.origin;
        let info = run.ports.runtime.block_on(origin.head(&delivery.path, None)).map_err(BatchError::Origin)?;
        if info.size_bytes > run.config.limits.object_bytes {
            let (what, size_bytes) = (delivery.path.clone(), info.size_bytes);
            return Err(BatchError::Origin(BucketError::TooLarge { what, size_bytes, cap_bytes: run.config.limits.object_bytes }));
        }
        let facts = facts(delivery, source, info.clone());
        let reader = RangeReader::new(Arc::clone(origin), run.ports.runtime.clone(), delivery.path.clone(), info);
        self.writer.land_streamed(&mut || Ok(reader.again()), facts)
    }

    /// What could not be fetched leaves the Batch: a finding where it is gone or over the cap for good, to be tried again otherwise.
    fn not_fetched(&mut self, run: &Run<'_>, delivery: Delivery, source: &SourceId, error: &BucketError, summary: &mut IngestSummary) {
        let reason = match error {
            BucketError::NotFound { .. } => "object_missing",
            BucketError::TooLarge { .. } => "object_too_large",
            BucketError::Denied { .. } => return summary.put_off(run.observer, &delivery, "not permitted", error),
            BucketError::Archived { .. } => return summary.put_off(run.observer, &delivery, "in an archived storage class", error),
            BucketError::Changed { .. } => return summary.put_off(run.observer, &delivery, "changed while it was read", error),
            BucketError::NoSpace { .. } | BucketError::Failed { .. } => {
                return summary.put_off(run.observer, &delivery, "could not be read", error);
            }
        };
        self.writer.note(Finding { kind: QuarantineKind::Object, source: source.clone(), reason, detail: error.to_string() });
        self.summary.missing += 1;
        run.observer.settled(Settled { stored_bytes: delivery.size_bytes, ..Settled::default() });
        self.deliveries.push(delivery);
    }

    /// A delivery whose key is known but whose listing does not show that the content is: reads it and compares.
    pub(crate) fn examine(
        &mut self,
        run: &Run<'_>,
        delivery: &Delivery,
        source: SourceId,
        landed: Option<Landed>,
        summary: &mut IngestSummary,
    ) -> Result<Examined, IngestError> {
        if landed.is_none() && !self.writer.holds(&source) {
            // An earlier copy was let go of, or an earlier answer was lost.
            return self.examine_admission(run, delivery, source, summary);
        }
        let (sha256, fetched) = match read_whole(run, delivery) {
            Ok(read) => read,
            Err(error) => {
                self.not_fetched(run, delivery.clone(), &source, &error, summary);
                return Ok(Examined::Settled);
            }
        };
        let mut known = landed.map_or_else(|| self.writer.stored_sha256(&source), |landed| Some(landed.stored_sha256));
        let mut source = source;
        while let Some(theirs) = known {
            if theirs == sha256 {
                summary.settle_duplicate(run.observer, delivery);
                return Ok(Examined::Settled);
            }
            if source.revision() >= MAX_REVISIONS {
                summary.settle_try_again(run.observer, delivery, "too many revisions of its key");
                return Ok(Examined::Settled);
            }
            source = source.at_revision(source.revision() + 1);
            known = match admissions(run, &self.open, std::slice::from_ref(&source))?.pop() {
                Some(Admission::Duplicate(landed)) => Some(landed.stored_sha256),
                Some(Admission::Held { .. }) => return Ok(Examined::Held),
                Some(Admission::Already) => self.writer.stored_sha256(&source),
                Some(Admission::Admitted) | None => None,
            };
        }
        if !self.land(run, delivery.clone(), &source, fetched.map(Ok), summary)? {
            self.let_go(run, std::slice::from_ref(&source))?;
        }
        Ok(Examined::Settled)
    }

    fn examine_admission(
        &mut self,
        run: &Run<'_>,
        delivery: &Delivery,
        source: SourceId,
        summary: &mut IngestSummary,
    ) -> Result<Examined, IngestError> {
        match admissions(run, &self.open, std::slice::from_ref(&source))?.pop() {
            Some(Admission::Held { .. }) => return Ok(Examined::Held),
            Some(Admission::Duplicate(landed)) => return self.examine(run, delivery, source, Some(landed), summary),
            Some(Admission::Admitted | Admission::Already) | None => {}
        }
        let untouched = self.land_all(run, vec![(delivery.clone(), source)], summary)?;
        Ok(if untouched.is_empty() { Examined::Settled } else { Examined::Untouched })
    }

    /// Seals, commits and publishes.
    pub(crate) fn publish(self, run: &Run<'_>) -> Result<Outcome, IngestError> {
        let Self { open, heartbeat, writer, deliveries, mut summary, .. } = self;
        let batch = open.batch;
        if writer.is_empty() {
            abort(run, &open, heartbeat, &[]);
            return Ok(Outcome::Published(Box::new(summary)));
        }
        let sealed = match writer.seal(run.ports.surroundings.now().unix_ms) {
            Ok(sealed) => sealed,
            Err(failure) => {
                abort(run, &open, heartbeat, &failure.staged);
                return Err(IngestError::Batch { batch: batch.to_string(), source: failure.error });
            }
        };
        let mut manifest = Manifest::new(batch, open.epoch, sealed.sources, sealed.uploads, |upload| &upload.key);
        if run.ports.protocol.announces() {
            manifest.landed = sealed.landed;
        }
        manifest.digests = sealed.digests.filter(|_| run.ports.protocol.announces_digests()).map(|digests| *digests);
        let now = run.ports.surroundings.now();
        let publishing = run.ports.protocol.commit_and_publish(&open, &manifest, now);
        let published = run.ports.runtime.block_on(publishing);
        match published {
            Ok(_) => {
                summary.add(&sealed.summary);
                summary.batches += 1;
                run.observer.published(&batch.to_string(), sealed.summary.landed, sealed.summary.records);
                Ok(Outcome::Published(Box::new(summary)))
            }
            Err(error) if is_lost(&error) => Ok(Outcome::Lost(deliveries)),
            Err(error) => {
                abort(run, &open, heartbeat, &manifest.uploads);
                Err(IngestError::Protocol { step: "publish a batch", source: error })
            }
        }
    }

    /// Gives the Batch up after a failure. Its uploads are thrown away when the writer is dropped.
    pub(crate) fn give_up(self, run: &Run<'_>) {
        drop(self.writer);
        abort(run, &self.open, self.heartbeat, &[]);
    }
}

fn facts(delivery: &Delivery, source: &SourceId, info: ObjectInfo) -> SourceFacts {
    let kind = match delivery.kind {
        DeliveryKind::Digest => Kind::Digest,
        DeliveryKind::Log | DeliveryKind::Other => Kind::Log,
    };
    SourceFacts { source: source.clone(), kind, info }
}

/// The SHA-256 of a delivery's stored bytes, and the bytes unless they are too large to be held.
fn read_whole(run: &Run<'_>, delivery: &Delivery) -> Result<([u8; 32], Option<Fetched>), BucketError> {
    let (origin, runtime) = (&run.ports.origin, &run.ports.runtime);
    match runtime.block_on(origin.get(&delivery.path, None, run.config.limits.whole_object_bytes)) {
        Ok(fetched) => Ok((sha256(&fetched.body), Some(fetched))),
        Err(BucketError::TooLarge { .. }) => {
            let info = runtime.block_on(origin.head(&delivery.path, None))?;
            let mut reader = RangeReader::new(Arc::clone(origin), runtime.clone(), delivery.path.clone(), info);
            Ok((reader.sha256()?, None))
        }
        Err(error) => Err(error),
    }
}

/// Gives a Batch up, after its last heartbeat. What the ledger cannot be told now, the next run finds out.
fn abort(run: &Run<'_>, open: &OpenBatch, heartbeat: Heartbeat, staged: &[crate::ports::bucket::StagedUpload]) {
    let aborting = async {
        heartbeat.stop().await;
        run.ports.protocol.abort(open, staged).await
    };
    if let Err(error) = run.ports.runtime.block_on(aborting) {
        tracing::warn!(batch = %open.batch, error = %error, "the batch could not be given up; the next run does it");
    }
}

impl Delivery {
    fn wanted(&self) -> Wanted {
        Wanted { path: self.path.clone(), size_bytes: self.size_bytes }
    }
}

impl IngestSummary {
    fn put_off(&mut self, observer: &dyn super::observer::Observer, delivery: &Delivery, reason: &str, error: &BucketError) {
        tracing::debug!(key = delivery.path, error = %error, "a log object must be tried again");
        if self.try_again_example.is_none() {
            self.try_again_example = Some(error.to_string());
        }
        self.settle_try_again(observer, delivery, reason);
    }
}
