//! What the collector counts and measures. `catalogue` declares it; here is one cheap method for each thing that happens.
//!
//! Attributes are names that stand in this program's text, or are cut to a bounded number of them: never an account, a key or an id.

mod catalogue;
pub(crate) mod minute;

use std::{sync::Arc, time::Duration};

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, Meter},
};
use trailkeep_archive::LandedObject;
use trailkeep_pipeline::{ingest::IngestSummary, ports::bucket::StagedUpload};
use trailkeep_telemetry::{Bounded, Instrument};

use minute::Minute;

/// Most messages that all consumers of a standard queue may have in flight (SQS Developer Guide, "Amazon SQS message quotas"): about 120,000.
const QUEUE_IN_FLIGHT_LIMIT: u32 = 120_000;

/// The collector's metrics. Clones share them.
#[derive(Debug, Clone)]
pub struct CollectorMetrics {
    all: Arc<Instruments>,
    minute: Arc<Minute>,
}

/// Nobody reads them: for tests and measurements.
impl Default for CollectorMetrics {
    fn default() -> Self {
        Self::new(&opentelemetry::global::meter(Self::SCOPE))
    }
}

#[derive(Debug)]
struct Instruments {
    reasons: Bounded,
    messages: Counter<u64>,
    notifications: Counter<u64>,
    settled: Counter<u64>,
    deleted: Counter<u64>,
    deliveries: Counter<u64>,
    left_out: Counter<u64>,
    held: Counter<u64>,
    self_generated: Counter<u64>,
    records: Counter<u64>,
    duplicate_records: Counter<u64>,
    quarantined: Counter<u64>,
    stored: Counter<u64>,
    inflated: Counter<u64>,
    out: Counter<u64>,
    out_objects: Counter<u64>,
    batches: Counter<u64>,
    unpublished: Gauge<f64>,
    lag: Histogram<f64>,
    oldest: Gauge<f64>,
    in_flight: Gauge<f64>,
    share: Gauge<f64>,
    limit: Gauge<f64>,
    denied: Counter<u64>,
    breaker: Gauge<f64>,
    seal: Histogram<f64>,
    publish: Histogram<f64>,
    stage: Histogram<f64>,
    queue_calls: Counter<u64>,
    ledger_calls: Counter<u64>,
    heartbeats: Counter<u64>,
    receipts_lost: Counter<u64>,
    announcements: Counter<u64>,
}

impl Instruments {
    fn new(meter: &Meter) -> Self {
        use catalogue as of;
        Self {
            reasons: Bounded::default(),
            messages: of::MESSAGES.build_counter(meter),
            notifications: of::NOTIFICATIONS.build_counter(meter),
            settled: of::SETTLED.build_counter(meter),
            deleted: of::DELETED.build_counter(meter),
            deliveries: of::DELIVERIES.build_counter(meter),
            left_out: of::LEFT_OUT.build_counter(meter),
            held: of::HELD.build_counter(meter),
            self_generated: of::SELF_GENERATED.build_counter(meter),
            records: of::RECORDS.build_counter(meter),
            duplicate_records: of::DUPLICATE_RECORDS.build_counter(meter),
            quarantined: of::QUARANTINED.build_counter(meter),
            stored: of::STORED.build_counter(meter),
            inflated: of::INFLATED.build_counter(meter),
            out: of::OUT.build_counter(meter),
            out_objects: of::OUT_OBJECTS.build_counter(meter),
            batches: of::BATCHES.build_counter(meter),
            unpublished: of::UNPUBLISHED.build_gauge(meter),
            lag: of::LAG.build_histogram(meter),
            oldest: of::OLDEST.build_gauge(meter),
            in_flight: of::IN_FLIGHT.build_gauge(meter),
            share: of::SHARE.build_gauge(meter),
            limit: of::LIMIT.build_gauge(meter),
            denied: of::DENIED.build_counter(meter),
            breaker: of::BREAKER.build_gauge(meter),
            seal: of::SEAL.build_histogram(meter),
            publish: of::PUBLISH.build_histogram(meter),
            stage: of::STAGE.build_histogram(meter),
            queue_calls: of::QUEUE_CALLS.build_counter(meter),
            ledger_calls: of::LEDGER_CALLS.build_counter(meter),
            heartbeats: of::HEARTBEATS.build_counter(meter),
            receipts_lost: of::RECEIPTS_LOST.build_counter(meter),
            announcements: of::ANNOUNCEMENTS.build_counter(meter),
        }
    }
}

impl CollectorMetrics {
    /// Name of the collector's meter.
    pub const SCOPE: &'static str = "trailkeep.collector";
    /// All of them, as `docs/metrics.md` shows them.
    pub const CATALOGUE: &'static [Instrument] = catalogue::CATALOGUE;

    /// On a meter. What an alarm may watch stands at zero from the start, so that its first step is seen.
    pub fn new(meter: &Meter) -> Self {
        let metrics = Self { all: Arc::new(Instruments::new(meter)), minute: Arc::default() };
        let all = &metrics.all;
        for counter in [&all.messages, &all.self_generated, &all.duplicate_records, &all.receipts_lost, &all.deleted, &all.heartbeats] {
            counter.add(0, &[]);
        }
        for event in ["opened", "committed", "published", "aborted", "rolled_forward", "lost"] {
            metrics.batch(event, 0);
        }
        metrics.breaker_open(false);
        metrics.unpublished(0);
        metrics.all.limit.record(f64::from(QUEUE_IN_FLIGHT_LIMIT), &[]);
        metrics
    }

    /// Writes what the last minute came to as a log line.
    pub(crate) fn tell_minute(&self) {
        self.minute.tell();
    }

    /// A message was received.
    pub fn received(&self) {
        self.all.messages.add(1, &[]);
    }

    /// What a message turned out to be.
    pub fn message(&self, form: &'static str) {
        self.all.notifications.add(1, &[KeyValue::new("form", form)]);
    }

    /// What becomes of a message.
    pub fn disposed(&self, disposition: &'static str) {
        self.all.settled.add(1, &[KeyValue::new("disposition", disposition)]);
    }

    /// A message was deleted.
    pub fn deleted(&self) {
        self.all.deleted.add(1, &[]);
    }

    /// What an announced object comes to.
    pub fn delivery(&self, outcome: &'static str) {
        let outcome = match outcome {
            "object_missing" => "missing",
            "object_too_large" => "too_large",
            outcome => outcome,
        };
        self.all.deliveries.add(1, &[KeyValue::new("outcome", outcome)]);
    }

    /// Why an object was ignored or filtered.
    pub fn ignored(&self, reason: &'static str) {
        self.all.left_out.add(1, &[KeyValue::new("reason", reason)]);
    }

    /// A message, or an object that it names, must not be here.
    pub fn rejected(&self, reason: &str) {
        Minute::add(&self.minute.rejected, 1);
        let reason = KeyValue::new("error.type", self.all.reasons.name(reason));
        self.all.deliveries.add(1, &[KeyValue::new("outcome", "rejected"), reason]);
    }

    /// An object is left to be received again.
    pub fn retried(&self, reason: &'static str) {
        self.all.deliveries.add(1, &[KeyValue::new("outcome", "retried"), KeyValue::new("error.type", reason)]);
    }

    /// Another worker's open Batch holds an object.
    pub fn held(&self) {
        self.all.held.add(1, &[]);
    }

    /// An object is visible in the archive, so long after it was created where that is known, in milliseconds.
    pub fn landed(&self, lag_ms: Option<i64>) {
        Minute::add(&self.minute.landed_objects, 1);
        self.delivery("landed");
        if let Some(lag_ms) = lag_ms {
            // Clocks differ: what was created in our future has no lag.
            self.all.lag.record(lag_ms.max(0) as f64 / 1_000.0, &[]);
        }
    }

    /// Bytes of an object went into a Batch.
    pub fn bytes_in(&self, stored_bytes: u64, inflated_bytes: u64) {
        self.all.stored.add(stored_bytes, &[]);
        self.all.inflated.add(inflated_bytes, &[]);
    }

    /// Records that our own landing caused.
    pub fn self_generated(&self, records: u64) {
        Minute::add(&self.minute.self_generated, records);
        self.all.self_generated.add(records, &[]);
    }

    fn batch(&self, event: &'static str, count: u64) {
        self.all.batches.add(count, &[KeyValue::new("event", event)]);
    }

    /// A Batch was opened.
    pub fn batch_opened(&self) {
        self.batch("opened", 1);
    }

    /// A Batch was given up; the ledger has it in this state now (`aborted`, or committed by whoever was faster).
    pub fn batch_given_up(&self, state: &'static str) {
        self.batch(state, 1);
    }

    /// A Batch's lease went to another worker.
    pub fn batch_lost(&self) {
        self.batch("lost", 1);
    }

    /// The files of a Batch are finished and staged.
    pub fn sealed(&self, took: Duration) {
        self.all.seal.record(took.as_secs_f64(), &[]);
    }

    /// A Batch is committed and visible.
    pub fn published(&self, summary: &IngestSummary, landed: &[LandedObject], uploads: &[StagedUpload]) {
        Minute::add(&self.minute.published_batches, 1);
        Minute::add(&self.minute.landed_records, summary.records_landed);
        self.batch("committed", 1);
        self.batch("published", 1);
        for object in landed {
            self.all.records.add(object.records, &[KeyValue::new("category", object.category.as_str())]);
        }
        self.all.duplicate_records.add(summary.records_duplicate, &[]);
        if summary.unreadable > 0 {
            self.all.deliveries.add(summary.unreadable, &[KeyValue::new("outcome", "unreadable")]);
        }
        for (reason, count) in &summary.quarantined {
            Minute::add(&self.minute.quarantined, *count);
            self.all.quarantined.add(*count, &[KeyValue::new("reason", self.all.reasons.name(reason))]);
        }
        for upload in uploads {
            let prefix = [KeyValue::new("prefix", prefix_of(&upload.key))];
            self.all.out.add(upload.size_bytes, &prefix);
            self.all.out_objects.add(1, &prefix);
        }
    }

    /// What dead workers had left was brought to an end.
    pub fn recovered(&self, rolled_forward: usize, aborted: usize) {
        self.batch("rolled_forward", rolled_forward as u64);
        self.batch("aborted", aborted as u64);
    }

    /// Batches that are committed and not published.
    pub fn unpublished(&self, batches: usize) {
        Minute::set(&self.minute.unpublished_batches, batches as u64);
        self.all.unpublished.record(batches as f64, &[]);
    }

    /// Messages in hand, how many may be, and the age of the oldest in milliseconds.
    pub fn in_hand(&self, messages: usize, limit: usize, oldest_ms: i64) {
        Minute::set(&self.minute.messages_in_hand, messages as u64);
        Minute::set(&self.minute.oldest_message_age_ms, u64::try_from(oldest_ms).unwrap_or_default());
        self.all.in_flight.record(messages as f64, &[]);
        self.all.share.record(limit as f64, &[]);
        self.all.oldest.record(oldest_ms.max(0) as f64 / 1_000.0, &[]);
    }

    /// A message is hidden for longer.
    pub fn renewed(&self) {
        self.all.heartbeats.add(1, &[]);
    }

    /// A receipt expired before its message was settled.
    pub fn receipt_lost(&self) {
        self.all.receipts_lost.add(1, &[]);
    }

    /// A call was not permitted.
    pub fn denied(&self, operation: &'static str) {
        Minute::add(&self.minute.denied, 1);
        self.all.denied.add(1, &[KeyValue::new("operation", operation)]);
    }

    /// Whether receiving pauses because reading is not permitted.
    pub fn breaker_open(&self, open: bool) {
        Minute::set(&self.minute.receiving_paused, u64::from(open));
        self.all.breaker.record(f64::from(u8::from(open)), &[]);
    }

    /// A call of a stage has ended.
    pub fn stage_done(&self, stage: &'static str, outcome: &'static str, took: Duration) {
        let seconds = took.as_secs_f64();
        self.all.stage.record(seconds, &[KeyValue::new("stage", stage), KeyValue::new("outcome", outcome)]);
        if stage == "publish" && outcome == "ok" {
            self.all.publish.record(seconds, &[]);
        }
    }

    /// A call to the queue has ended.
    pub fn queue_call(&self, operation: &'static str, outcome: &'static str) {
        self.all.queue_calls.add(1, &[KeyValue::new("operation", operation), KeyValue::new("outcome", outcome)]);
    }

    /// A call to the ledger has ended.
    pub fn ledger_call(&self, operation: &'static str, outcome: &'static str) {
        self.all.ledger_calls.add(1, &[KeyValue::new("operation", operation), KeyValue::new("outcome", outcome)]);
    }

    /// Subscribers were told of landed objects, or could not be.
    pub fn announced(&self, objects: u64, outcome: &'static str) {
        self.all.announcements.add(objects, &[KeyValue::new("outcome", outcome)]);
    }
}

/// The first folder of a key, by name.
fn prefix_of(key: &str) -> &'static str {
    let first = key.split('/').next().unwrap_or_default();
    let known = ["raw", "digests", "events", "index", "quarantine", "sources", "attest", "staging"];
    known.into_iter().find(|known| *known == first).unwrap_or("other")
}

#[cfg(test)]
mod tests;
