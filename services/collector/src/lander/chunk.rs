//! A chunk of work for an open Batch: admitted together, then fetched and landed one beside the other.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use futures::{StreamExt as _, stream};
use trailkeep_archive::QuarantineKind;
use trailkeep_pipeline::{
    batch::Finding,
    ports::{
        bucket::BucketError,
        causes,
        ledger::{Landed, SourceId},
    },
    protocol::Admission,
};

use super::{
    Gathering, Shared,
    examine::examine,
    reserved::Reserved,
    thread::{self, Bytes},
};
use crate::{
    delivery::{Delivery, Note, Work},
    message::Disposition,
    stages::{self, Admit, Fetch, StageError},
};

/// Objects of one chunk that are fetched and landed at a time.
const AT_ONCE: usize = 64;

/// Takes a chunk into the Batch. What it has no room for goes back to the lane.
pub(super) async fn take_in(shared: Arc<Shared>, gathering: Arc<Gathering>, work: Vec<Work>) {
    let mut deliveries = Vec::with_capacity(work.len());
    for one in work {
        match one {
            Work::Land(delivery) => deliveries.push(delivery),
            Work::Note(one) => note(&gathering, one).await,
        }
    }
    let (reserved, deliveries) = Reserved::of(&gathering, &shared.later, shared.settings.look_again, deliveries);
    if deliveries.is_empty() {
        return;
    }
    let sources: Arc<[SourceId]> = deliveries.iter().map(Delivery::source).collect();
    let asked = Admit { open: gathering.open.clone(), sources: Arc::clone(&sources), now: shared.surroundings.now() };
    let answers = match stages::call(&shared.stages.admit, asked).await {
        Ok(answers) => answers,
        Err(error) => {
            not_admitted(&shared, &gathering, deliveries, &error);
            return;
        }
    };
    let known = if gathering.intake.old {
        landed_long_ago(&shared, &gathering, &deliveries, &sources, &answers).await
    } else {
        Some(HashMap::new())
    };
    let Some(mut known) = known else {
        // They go on pointing to this Batch: it, or whoever finds that it does not list them, takes them up again.
        for delivery in deliveries {
            shared.again_without_blame(&gathering.intake, delivery, "not_admitted");
        }
        return;
    };
    let mut admitted = Vec::with_capacity(deliveries.len());
    let mut let_go = Vec::new();
    let mut doubtful = Vec::new();
    for ((delivery, source), answer) in deliveries.into_iter().zip(sources.iter()).zip(answers) {
        match (answer, known.remove(source)) {
            // The ledger had forgotten it.
            (Admission::Admitted, Some(landed)) => {
                let_go.push(source.clone());
                doubtful.push((delivery, source.clone(), Some(landed)));
            }
            (Admission::Admitted, None) => admitted.push((delivery, source.clone())),
            (Admission::Already, _) => doubtful.push((delivery, source.clone(), None)),
            (Admission::Duplicate(landed), _) if delivery.looks_like(&landed) => duplicate(&shared, delivery),
            (Admission::Duplicate(landed), _) => doubtful.push((delivery, source.clone(), Some(landed))),
            (Admission::Held { .. }, _) => held(&shared, &gathering, delivery),
        }
    }
    release(&shared, &gathering, &let_go).await;
    land_all(&shared, &gathering, admitted).await;
    for (delivery, source, landed) in doubtful {
        examine(&shared, &gathering, delivery, source, landed).await;
    }
    drop(reserved);
}

/// A chunk could not be admitted. Some of it may point to this Batch now, which does not list it, so that whoever is asked next takes it over.
fn not_admitted(shared: &Shared, gathering: &Gathering, deliveries: Vec<Delivery>, error: &StageError) {
    tracing::warn!(batch = %gathering.open.batch, error = error.told(), objects = deliveries.len(), "objects could not be admitted");
    shared.fatal.check(error);
    for delivery in deliveries {
        if error.is_of_one_source() {
            // One of them stands in the way of all: tried often enough, each comes back in a smaller Batch.
            shared.again(&gathering.intake, delivery, shared.settings.look_again, "not_admitted");
        } else {
            shared.again_without_blame(&gathering.intake, delivery, "not_admitted");
        }
    }
}

/// What of the admitted `sources/` lists from before the time that the ledger remembers. `None` where it could not be asked.
async fn landed_long_ago(
    shared: &Shared,
    gathering: &Gathering,
    deliveries: &[Delivery],
    sources: &[SourceId],
    answers: &[Admission],
) -> Option<HashMap<SourceId, Landed>> {
    let admitted = answers.iter().zip(sources).filter(|(answer, _)| matches!(answer, Admission::Admitted));
    let wanted: HashSet<&SourceId> = admitted.map(|(_, source)| source).collect();
    let first_day = deliveries.iter().map(|delivery| delivery.day).min().unwrap_or_default();
    match shared.horizon.landed_since(shared.protocol.bucket(), first_day, &wanted).await {
        Ok(known) => {
            gathering.forgotten.lock().await.extend(known.clone());
            Some(known)
        }
        Err(error) => {
            tracing::warn!(batch = %gathering.open.batch, error = causes(&error), "sources/ could not be asked what landed long ago; it is tried again");
            None
        }
    }
}

/// Writes a finding down; its message waits for the Batch.
async fn note(gathering: &Gathering, note: Note) {
    gathering.writing.note(note.finding.clone()).await;
    gathering.waiting.lock().await.noted.push(note);
}

/// It has landed before.
pub(super) fn duplicate(shared: &Shared, delivery: Delivery) {
    shared.metrics.delivery("duplicate");
    delivery.ticket.settle(Disposition::Acknowledge);
}

/// Another worker's open Batch holds it: its message stays hidden, and it is looked at again.
pub(super) fn held(shared: &Shared, gathering: &Gathering, mut delivery: Delivery) {
    shared.metrics.held();
    // Seldom and more seldom: each look is a request for each object, and Batches live for minutes.
    let wait = shared.settings.look_again.saturating_mul(1 << delivery.looks.min(3));
    delivery.looks = delivery.looks.saturating_add(1);
    // As often as it takes: the other worker ends, or is taken for dead after its lease.
    let lane = Arc::clone(&gathering.intake.lane);
    shared.later.put(lane, Work::Land(delivery), wait);
}

/// Fetches and lands what was admitted; lets go of what could not be.
pub(super) async fn land_all(shared: &Arc<Shared>, gathering: &Arc<Gathering>, admitted: Vec<(Delivery, SourceId)>) {
    let landing = stream::iter(admitted).map(|(delivery, source)| fetch_and_land(shared, gathering, delivery, source));
    let let_go: Vec<SourceId> = landing.buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
    release(shared, gathering, &let_go).await;
}

/// Lets go of sources that the Batch holds and has not landed.
pub(super) async fn release(shared: &Shared, gathering: &Gathering, sources: &[SourceId]) {
    if sources.is_empty() {
        return;
    }
    gathering.remember_released(sources);
    if let Err(error) = shared.protocol.release(&gathering.open, sources).await {
        // They point to a Batch that will not list them: the next one takes them over.
        tracing::warn!(batch = %gathering.open.batch, %error, objects = sources.len(), "objects could not be let go of");
    }
}

/// Answers the source if the Batch is to let go of it.
async fn fetch_and_land(shared: &Shared, gathering: &Gathering, delivery: Delivery, source: SourceId) -> Option<SourceId> {
    if gathering.is_full(shared, 0) {
        back(gathering, delivery).await;
        return Some(source);
    }
    let whole = delivery.size_bytes.is_none_or(|size| size <= shared.settings.bounds.whole_object_bytes);
    let bytes = if whole {
        match stages::call(&shared.stages.fetch, fetch_of(&delivery)).await {
            Ok(piece) => Bytes::Whole(piece),
            Err(StageError::Bucket(error)) if matches!(*error, BucketError::TooLarge { .. }) => ranges_of(shared, &delivery),
            Err(error) => return not_fetched(shared, gathering, delivery, source, &error).await,
        }
    } else {
        ranges_of(shared, &delivery)
    };
    land(shared, gathering, delivery, source, bytes).await
}

/// Lands fetched bytes. Answers the source if the Batch is to let go of it.
pub(super) async fn land(shared: &Shared, gathering: &Gathering, delivery: Delivery, source: SourceId, bytes: Bytes) -> Option<SourceId> {
    match gathering.writing.land(bytes, source.clone(), delivery.kind).await {
        thread::Landed::Yes { inflated_bytes, stored_bytes } => {
            shared.metrics.bytes_in(stored_bytes, inflated_bytes);
            shared.breaker.read(&delivery.origin, &delivery.key, delivery.version.as_deref());
            gathering.waiting.lock().await.landed.push(delivery);
            None
        }
        thread::Landed::Full => {
            back(gathering, delivery).await;
            Some(source)
        }
        thread::Landed::Unread(error) => not_fetched(shared, gathering, delivery, source, &StageError::from(error)).await,
        thread::Landed::Broken => {
            if gathering.writing.progress().archive_failed() {
                shared.again_without_blame(&gathering.intake, delivery, "archive_failed");
            } else {
                shared.again(&gathering.intake, delivery, super::OPEN_AGAIN, "batch_failed");
            }
            Some(source)
        }
    }
}

/// The Batch has no room for it any more: the next one takes it, once this one has let go of it in the ledger. Sooner it would be found held.
pub(super) async fn back(gathering: &Gathering, delivery: Delivery) {
    gathering.waiting.lock().await.left.push(delivery);
}

pub(super) fn fetch_of(delivery: &Delivery) -> Fetch {
    Fetch {
        origin: Arc::clone(&delivery.origin),
        key: Arc::clone(&delivery.key),
        version: delivery.version.clone(),
        size_bytes: delivery.size_bytes,
    }
}

pub(super) fn ranges_of(shared: &Shared, delivery: &Delivery) -> Bytes {
    Bytes::Ranges {
        origin: Arc::clone(&delivery.origin),
        key: Arc::clone(&delivery.key),
        version: delivery.version.clone(),
        cap_bytes: shared.settings.bounds.object_bytes,
    }
}

/// What could not be fetched leaves the Batch: a finding where it is gone or too large for good, to be tried again otherwise.
pub(super) async fn not_fetched(
    shared: &Shared,
    gathering: &Gathering,
    delivery: Delivery,
    source: SourceId,
    error: &StageError,
) -> Option<SourceId> {
    let reason = match error {
        StageError::Bucket(bucket) => match &**bucket {
            BucketError::NotFound { .. } => "object_missing",
            BucketError::TooLarge { .. } => "object_too_large",
            denied @ BucketError::Denied { .. } => {
                let worth_telling = shared.breaker.denied(&delivery.origin, &delivery.key, delivery.version.as_deref(), denied);
                if worth_telling {
                    tracing::warn!(key = %delivery.key, error = error.told(), "an object could not be read");
                }
                // Whoever is denied while all are comes back as late as may be: each receive counts.
                let wait = shared.breaker.is_open().then_some(shared.settings.times.retry_longest);
                shared.retry(delivery, "denied", wait);
                return Some(source);
            }
            BucketError::Archived { .. } => {
                tracing::warn!(key = %delivery.key, error = error.told(), "an object must be restored before it can be landed");
                shared.retry(delivery, "archived", Some(shared.settings.times.retry_longest));
                return Some(source);
            }
            BucketError::Changed { .. } | BucketError::NoSpace { .. } | BucketError::Failed { .. } => {
                try_again(shared, gathering, delivery, error);
                return None;
            }
        },
        _ => {
            try_again(shared, gathering, delivery, error);
            return None;
        }
    };
    shared.metrics.delivery(reason);
    if shared.talk.may("missing") {
        tracing::warn!(key = %delivery.key, error = error.told(), reason, "an object that was announced cannot be landed: a finding");
    }
    let finding = Finding { kind: QuarantineKind::Object, source: source.clone(), reason, detail: error.told() };
    note(gathering, Note { finding, ticket: Some(delivery.ticket), room: delivery.room }).await;
    Some(source)
}

/// It goes on pointing to this Batch, which may land it yet: what was released could not be.
fn try_again(shared: &Shared, gathering: &Gathering, delivery: Delivery, error: &StageError) {
    if shared.talk.may("unreadable") {
        tracing::warn!(key = %delivery.key, error = error.told(), "an object could not be read; it is tried again");
    }
    shared.again(&gathering.intake, delivery, shared.settings.times.retry_first, error.outcome());
}
