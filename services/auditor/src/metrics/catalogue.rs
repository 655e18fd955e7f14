//! Every metric of the auditor, declared once. `docs/metrics.md` shows this list; a test holds the two together.

use trailkeep_telemetry::Instrument;

/// Seconds from 1 s to 1 h: how long a round takes.
const ROUND_S: &[f64] = &[1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_200.0, 1_800.0, 3_600.0];

pub(super) const ROUNDS: Instrument = Instrument::counter(
    "trailkeep.auditor.rounds",
    "{round}",
    "Rounds by outcome: `done`; `failed` where a step failed, `aborted` where nothing of it was remembered.",
)
.by(&["outcome"]);
pub(super) const DURATION: Instrument = Instrument::histogram("trailkeep.auditor.round.duration", "s", ROUND_S, "Time of a round.");
pub(super) const STEPS_FAILED: Instrument = Instrument::counter(
    "trailkeep.auditor.steps.failed",
    "{step}",
    "Steps of rounds that failed: `keys`, `roster`, `verify`, `coverage`, `segments`, `settle`, `heal`, `acknowledge`, `tell`, `attest`, `heads`.",
)
.by(&["step"]);
pub(super) const LEADER: Instrument =
    Instrument::gauge("trailkeep.auditor.leader", "{auditor}", "1 while this auditor holds the lease, 0 while another does.");
pub(super) const CHANGES: Instrument = Instrument::counter(
    "trailkeep.auditor.findings.changes",
    "{change}",
    "Changes of findings by what happened: `opened`, `reopened`, `healing`, `healed`, `resolved`, `acknowledged`, `changed`.",
)
.by(&["name", "change"]);
pub(super) const OPEN: Instrument =
    Instrument::gauge("trailkeep.auditor.findings.open", "{finding}", "Findings that are open and not acknowledged.");
pub(super) const ACKNOWLEDGED: Instrument = Instrument::gauge(
    "trailkeep.auditor.findings.acknowledged",
    "{finding}",
    "Findings that are open and acknowledged: no other gauge counts them.",
);
pub(super) const FAILED: Instrument = Instrument::gauge(
    "trailkeep.auditor.verification.failed",
    "{finding}",
    "Open findings of verifications that are final: neither gaps nor what may still come.",
);
pub(super) const GAPS: Instrument =
    Instrument::gauge("trailkeep.auditor.gaps", "{gap}", "Open gaps: stretches in which an account delivered nothing in a Region.");
pub(super) const MISSING: Instrument =
    Instrument::gauge("trailkeep.auditor.missing", "{object}", "Log files and Digests that a signed Digest names and that did not land.");
pub(super) const MISSING_AT_SOURCE: Instrument = Instrument::gauge(
    "trailkeep.auditor.missing_at_source",
    "{object}",
    "Of them, those that are not in the log bucket either: nothing can heal them.",
);
pub(super) const HEAL_SENT: Instrument =
    Instrument::counter("trailkeep.auditor.heal.sent", "{object}", "Objects that the collector was asked for.");
pub(super) const TOLD: Instrument =
    Instrument::counter("trailkeep.auditor.messages.told", "{message}", "Messages of findings that were sent.");
pub(super) const DIGESTS: Instrument =
    Instrument::counter("trailkeep.auditor.digests.verified", "{digest}", "Digests that were verified, each time anew.");
pub(super) const FILES: Instrument =
    Instrument::counter("trailkeep.auditor.files.verified", "{object}", "Log files that were verified, each time anew.");
pub(super) const ATTESTATIONS: Instrument =
    Instrument::counter("trailkeep.auditor.attestations", "{attestation}", "Attestations that were made.").by(&["kind"]);
pub(super) const ATTESTATION_LATE: Instrument = Instrument::gauge(
    "trailkeep.auditor.attestation.late",
    "s",
    "Time since the oldest attestation that is due and not made became due, in whole hours; 0 for none.",
);
pub(super) const ROSTER_AGE: Instrument =
    Instrument::gauge("trailkeep.auditor.roster.age", "s", "Time since the organization was last asked for its accounts, in whole hours.");
pub(super) const LAGGING: Instrument = Instrument::gauge(
    "trailkeep.auditor.chains.lagging",
    "{chain}",
    "Chains that are verified from before something that is missing or refused.",
);

/// All of them, in the order of the page.
pub(super) const CATALOGUE: &[Instrument] = &[
    ROUNDS,
    DURATION,
    STEPS_FAILED,
    LEADER,
    CHANGES,
    OPEN,
    ACKNOWLEDGED,
    FAILED,
    GAPS,
    MISSING,
    MISSING_AT_SOURCE,
    HEAL_SENT,
    TOLD,
    DIGESTS,
    FILES,
    ATTESTATIONS,
    ATTESTATION_LATE,
    ROSTER_AGE,
    LAGGING,
];
