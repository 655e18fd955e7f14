//! Every metric of the collector, declared once. `docs/metrics.md` shows this list; a test holds the two together.

use trailkeep_telemetry::Instrument;

/// Seconds from 1 s to 6 h: how long an object takes from its creation to the archive. 330 s is a Batch that waited until its age sealed it.
const LAG_S: &[f64] =
    &[1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 330.0, 420.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 21_600.0];
/// Seconds from 5 ms to 5 min: calls and steps.
const CALL_S: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

pub(super) const MESSAGES: Instrument =
    Instrument::counter("trailkeep.collector.messages.received", "{message}", "Messages that were received.");
pub(super) const NOTIFICATIONS: Instrument = Instrument::counter(
    "trailkeep.collector.notifications",
    "{message}",
    "Messages by what they turned out to be; `rejected` for those that could not be understood.",
)
.by(&["form"]);
pub(super) const SETTLED: Instrument = Instrument::counter(
    "trailkeep.collector.messages.settled",
    "{message}",
    "Messages by what becomes of them: `acknowledge`, `ignore`, `retry` or `reject`; those to be rejected stay in the queue for its dead-letter queue.",
)
.by(&["disposition"]);
pub(super) const DELETED: Instrument =
    Instrument::counter("trailkeep.collector.messages.deleted", "{message}", "Messages that were deleted.");
pub(super) const DELIVERIES: Instrument = Instrument::counter(
    "trailkeep.collector.deliveries",
    "{object}",
    "Announced objects by outcome: `landed` (of these also `revision`, `unreadable`), `duplicate`, `ignored`, `filtered`, `missing`, `too_large`, `rejected`, `retried`; the last two with their reason. A message that could not be understood counts as one rejected object.",
)
.by(&["outcome", "error.type"]);
pub(super) const LEFT_OUT: Instrument =
    Instrument::counter("trailkeep.collector.left_out", "{object}", "Ignored and filtered objects by reason.").by(&["reason"]);
pub(super) const HELD: Instrument = Instrument::counter(
    "trailkeep.collector.held",
    "{look}",
    "Times that an object was found in another worker's open batch; it is looked at again.",
);
pub(super) const SELF_GENERATED: Instrument = Instrument::counter(
    "trailkeep.collector.self_generated",
    "{record}",
    "Records that the collector's own landing caused: if this grows with what is landed, the trail logs the archive itself.",
);
pub(super) const RECORDS: Instrument =
    Instrument::counter("trailkeep.collector.records", "{record}", "Records that were landed.").by(&["category"]);
pub(super) const DUPLICATE_RECORDS: Instrument = Instrument::counter(
    "trailkeep.collector.duplicate_records",
    "{record}",
    "Records that were left out because their batch has the same bytes already.",
);
pub(super) const QUARANTINED: Instrument = Instrument::counter(
    "trailkeep.collector.quarantined",
    "{finding}",
    "Objects, records and messages that were written down in `quarantine/`, by reason.",
)
.by(&["reason"]);
pub(super) const STORED: Instrument =
    Instrument::counter("trailkeep.collector.source.stored", "By", "Bytes of objects as they were delivered.");
pub(super) const INFLATED: Instrument = Instrument::counter("trailkeep.collector.source.inflated", "By", "The same bytes inflated.");
pub(super) const OUT: Instrument =
    Instrument::counter("trailkeep.collector.archive.written", "By", "Bytes that were published in the archive.").by(&["prefix"]);
pub(super) const OUT_OBJECTS: Instrument =
    Instrument::counter("trailkeep.collector.archive.objects", "{object}", "Objects that were published in the archive.").by(&["prefix"]);
pub(super) const BATCHES: Instrument = Instrument::counter(
    "trailkeep.collector.batches",
    "{batch}",
    "Batches by what happened to them: `opened`, `committed`, `published`, `aborted`, `rolled_forward` (committed by a worker that died), `lost` (the lease went to another).",
)
.by(&["event"]);
pub(super) const UNPUBLISHED: Instrument = Instrument::gauge(
    "trailkeep.collector.unpublished_batches",
    "{batch}",
    "Batches that are committed and could not be published: not 0 for minutes means that a person must look.",
);
pub(super) const LAG: Instrument =
    Instrument::histogram("trailkeep.collector.lag", "s", LAG_S, "Time from an object's creation to its publishing.");
pub(super) const OLDEST: Instrument =
    Instrument::gauge("trailkeep.collector.queue.oldest_age", "s", "Age of the oldest message in hand; 0 for none.");
pub(super) const IN_FLIGHT: Instrument =
    Instrument::gauge("trailkeep.collector.queue.in_flight", "{message}", "Messages that this worker has received and not settled.");
pub(super) const SHARE: Instrument =
    Instrument::gauge("trailkeep.collector.queue.in_flight_share", "{message}", "Most messages that this worker may have in flight.");
pub(super) const LIMIT: Instrument = Instrument::gauge(
    "trailkeep.collector.queue.in_flight_limit",
    "{message}",
    "Most messages that SQS lets all workers have in flight: 120,000.",
);
pub(super) const DENIED: Instrument =
    Instrument::counter("trailkeep.collector.denied", "{call}", "Calls that were not permitted.").by(&["operation"]);
pub(super) const BREAKER: Instrument = Instrument::gauge(
    "trailkeep.collector.breaker.open",
    "{breaker}",
    "1 while receiving pauses because reading is not permitted, 0 otherwise.",
);
pub(super) const SEAL: Instrument =
    Instrument::histogram("trailkeep.collector.seal.duration", "s", CALL_S, "Time to finish and stage the files of a batch.");
pub(super) const PUBLISH: Instrument = Instrument::histogram(
    "trailkeep.collector.publish.duration",
    "s",
    CALL_S,
    "Time to commit a batch and make its files visible, where that succeeded.",
);
pub(super) const STAGE: Instrument =
    Instrument::histogram("trailkeep.collector.stage.duration", "s", CALL_S, "Time of a call of a stage, waiting for its turn included.")
        .by(&["stage", "outcome"]);
pub(super) const QUEUE_CALLS: Instrument =
    Instrument::counter("trailkeep.collector.queue.calls", "{call}", "Calls to the queue.").by(&["operation", "outcome"]);
pub(super) const LEDGER_CALLS: Instrument =
    Instrument::counter("trailkeep.collector.ledger.calls", "{call}", "Calls to the ledger.").by(&["operation", "outcome"]);
pub(super) const HEARTBEATS: Instrument = Instrument::counter(
    "trailkeep.collector.queue.heartbeats",
    "{message}",
    "Times that a message was hidden for longer while its batch was open.",
);
pub(super) const RECEIPTS_LOST: Instrument = Instrument::counter(
    "trailkeep.collector.queue.receipts_lost",
    "{message}",
    "Messages whose receipt expired before they were settled: they are received again and found to be duplicates.",
);
pub(super) const ANNOUNCEMENTS: Instrument = Instrument::counter(
    "trailkeep.collector.announcements",
    "{object}",
    "Landed objects, and batches of digests, that subscribers were told of, or could not be.",
)
.by(&["outcome"]);

/// All of them, in the order of the page.
pub(super) const CATALOGUE: &[Instrument] = &[
    LAG,
    OLDEST,
    IN_FLIGHT,
    SHARE,
    LIMIT,
    UNPUBLISHED,
    BREAKER,
    DENIED,
    SELF_GENERATED,
    MESSAGES,
    NOTIFICATIONS,
    SETTLED,
    DELETED,
    HEARTBEATS,
    RECEIPTS_LOST,
    DELIVERIES,
    LEFT_OUT,
    HELD,
    RECORDS,
    DUPLICATE_RECORDS,
    QUARANTINED,
    STORED,
    INFLATED,
    OUT,
    OUT_OBJECTS,
    BATCHES,
    SEAL,
    PUBLISH,
    STAGE,
    QUEUE_CALLS,
    LEDGER_CALLS,
    ANNOUNCEMENTS,
];
