//! The end of a Batch: sealed, committed, published, and its messages settled; or given up, and its Deliveries tried again.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tracing::Instrument as _;
use trailkeep_pipeline::{
    batch::{BatchError, Sealed},
    ports::{bucket::StagedUpload, causes, queue::TraceContext},
    protocol::{Announcement, Heartbeat, Manifest, OpenBatch, ProtocolError},
};
use trailkeep_telemetry::trace_context;

use super::{Gathering, Intake, Shared, Waiting, chunk::duplicate, thread::Writing};
use crate::{
    delivery::Work,
    message::Disposition,
    stages::{self, Publish, StageError},
};

/// How long to wait before the Deliveries of a Batch that failed are tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// Traces of messages that one Batch's span is linked to, at most.
/// Source: OpenTelemetry specification, `OTEL_SPAN_LINK_COUNT_LIMIT`, whose default is 128.
const MAX_LINKS: usize = 128;

/// Brings a Batch to its end.
pub(super) async fn finish(shared: &Shared, gathering: Gathering) {
    let Gathering { open, heartbeat, writing, intake, waiting, opened, reserved: _, released: _, forgotten: _ } = gathering;
    let waiting = waiting.into_inner();
    let is_empty = waiting.landed.is_empty() && waiting.noted.is_empty();
    if is_empty || writing.progress().is_broken() || heartbeat.is_lost() {
        let lost = heartbeat.is_lost();
        let blame = writing.progress().is_broken() && !writing.progress().archive_failed();
        drop(writing);
        give_up(shared, &open, heartbeat, &[]).await;
        if lost {
            shared.metrics.batch_lost();
        }
        return retry_all(shared, &intake, waiting, blame);
    }
    let sealed = match seal(shared, &open, writing).await {
        Ok(sealed) => sealed,
        Err(blame) => {
            give_up(shared, &open, heartbeat, &[]).await;
            return retry_all(shared, &intake, waiting, blame);
        }
    };
    let (landed, digests, summary) = (sealed.landed, sealed.digests, sealed.summary);
    let mut manifest = Manifest::new(open.batch, open.epoch, sealed.sources, sealed.uploads, |upload| &upload.key);
    if shared.protocol.announces() {
        manifest.landed.clone_from(&landed);
    }
    manifest.digests = digests.filter(|_| shared.protocol.announces_digests()).map(|digests| *digests);
    let manifest = Arc::new(manifest);
    let span = span_of(&open, &waiting);
    let (traceparent, tracestate) = trace_context::trace_of(&span);
    let trace = TraceContext { traceparent, tracestate };
    let asked = Publish { open: open.clone(), manifest: Arc::clone(&manifest), trace, now: shared.surroundings.now() };
    match stages::call(&shared.stages.publish, asked).instrument(span).await {
        Ok(announcement) => {
            drop(heartbeat);
            let age_ms = opened.elapsed().as_millis() as u64;
            tracing::info!(batch = %open.batch, objects = summary.landed, records = summary.records, age_ms, "a batch is published");
            shared.metrics.self_generated(sealed.own_records);
            shared.metrics.published(&summary, &landed, &manifest.uploads);
            count_announcement(shared, announcement, manifest.to_announce());
            settle_all(shared, waiting);
        }
        Err(error) => {
            tracing::error!(batch = %open.batch, error = error.told(), "a batch could not be published; if it was committed it is rolled forward");
            shared.fatal.check(&error);
            if error.outcome() == "denied" {
                shared.metrics.denied("publish");
            }
            if is_lost(&error) {
                shared.metrics.batch_lost();
            } else {
                give_up(shared, &open, heartbeat, &manifest.uploads).await;
            }
            retry_all(shared, &intake, waiting, false);
        }
    }
}

/// Makes everything durable. Where that failed what was staged is thrown away, and it is told whether an object may be why.
async fn seal(shared: &Shared, open: &OpenBatch, writing: Writing) -> Result<Sealed, bool> {
    let began = Instant::now();
    match writing.seal(shared.surroundings.now().unix_ms).await {
        Some(Ok(sealed)) => {
            shared.metrics.sealed(began.elapsed());
            Ok(sealed)
        }
        Some(Err(failure)) => {
            tracing::error!(batch = %open.batch, error = causes(&failure.error), "a batch could not be sealed; its objects are landed by the next one");
            for upload in &failure.staged {
                if let Err(error) = shared.protocol.bucket().abandon(upload).await {
                    tracing::debug!(key = upload.key, %error, "an upload stays until lifecycle sweeps it");
                }
            }
            Err(!matches!(failure.error, BatchError::Audit(_)))
        }
        None => {
            tracing::error!(batch = %open.batch, "the thread of a batch has failed; its objects are landed by the next one");
            Err(true)
        }
    }
}

fn count_announcement(shared: &Shared, announcement: Announcement, messages: u64) {
    match announcement {
        Announcement::None => {}
        Announcement::Done => shared.metrics.announced(messages, "ok"),
        Announcement::Later => shared.metrics.announced(messages, "later"),
    }
}

/// The span of a Batch's publication, linked to the traces of the messages that it settles: to some of them, since a Batch holds thousands.
fn span_of(open: &OpenBatch, waiting: &Waiting) -> tracing::Span {
    let span = tracing::info_span!("publish batch", batch = %open.batch, objects = waiting.landed.len());
    let traces = waiting.landed.iter().map(|delivery| &delivery.ticket.message().trace).filter(|trace| trace.traceparent.is_some());
    for trace in traces.take(MAX_LINKS) {
        if let Some(parent) = trace_context::parent_of(trace.traceparent.as_deref(), trace.tracestate.as_deref()) {
            trace_context::add_link(&span, &parent);
        }
    }
    span
}

fn is_lost(error: &StageError) -> bool {
    matches!(error, StageError::Protocol(error) if matches!(**error, ProtocolError::Lost { .. }))
}

/// Gives a Batch up, after its last heartbeat. What the ledger cannot be told now, recovery finds out.
pub(super) async fn give_up(shared: &Shared, open: &OpenBatch, heartbeat: Heartbeat, staged: &[StagedUpload]) {
    heartbeat.stop().await;
    match shared.protocol.abort(open, staged).await {
        Ok(state) => shared.metrics.batch_given_up(state.as_str()),
        Err(error) => tracing::warn!(batch = %open.batch, %error, "a batch could not be given up; recovery does it"),
    }
}

/// All of it is visible: the messages may be deleted.
fn settle_all(shared: &Shared, waiting: Waiting) {
    let now_ms = shared.surroundings.now().unix_ms;
    for delivery in waiting.landed {
        shared.metrics.landed(delivery.created_ms.map(|created| now_ms.saturating_sub(created)));
        delivery.ticket.settle(Disposition::Acknowledge);
    }
    for delivery in waiting.again {
        duplicate(shared, delivery);
    }
    for noted in waiting.noted {
        if let Some(ticket) = noted.ticket {
            ticket.settle(Disposition::Acknowledge);
        }
    }
}

/// Nothing of it is visible, or nobody knows: all of it is tried again. `blame`: one of the objects may be why.
fn retry_all(shared: &Shared, intake: &Intake, waiting: Waiting, blame: bool) {
    for delivery in waiting.landed.into_iter().chain(waiting.again) {
        if blame {
            shared.again(intake, delivery, AGAIN, "batch_failed");
        } else {
            shared.again_without_blame(intake, delivery, "batch_failed");
        }
    }
    for note in waiting.noted {
        shared.later.put(Arc::clone(&intake.lane), Work::Note(note), AGAIN);
    }
}
