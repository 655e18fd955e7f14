//! What the auditor counts and measures. `catalogue` declares it; here is one cheap method for each thing that happens.
//!
//! Attributes are names that stand in this program's text, or are cut to a bounded number of them: never an account, a key or an id.

mod catalogue;

use std::sync::Arc;

use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge, Histogram, Meter},
};
use trailkeep_telemetry::{Bounded, Instrument};

use self::catalogue as of;
use crate::{
    lifecycle::{Change, State},
    report::RoundReport,
};

/// Seconds of an hour.
const HOUR_S: f64 = 3_600.0;

/// The auditor's metrics. Clones share them.
#[derive(Debug, Clone)]
pub struct AuditorMetrics {
    all: Arc<Instruments>,
}

/// Nobody reads them: for tests.
impl Default for AuditorMetrics {
    fn default() -> Self {
        Self::new(&opentelemetry::global::meter(Self::SCOPE))
    }
}

#[derive(Debug)]
struct Instruments {
    names: Bounded,
    rounds: Counter<u64>,
    duration: Histogram<f64>,
    steps_failed: Counter<u64>,
    leader: Gauge<f64>,
    changes: Counter<u64>,
    open: Gauge<f64>,
    acknowledged: Gauge<f64>,
    failed: Gauge<f64>,
    gaps: Gauge<f64>,
    missing: Gauge<f64>,
    missing_at_source: Gauge<f64>,
    heal_sent: Counter<u64>,
    told: Counter<u64>,
    digests: Counter<u64>,
    files: Counter<u64>,
    attestations: Counter<u64>,
    attestation_late: Gauge<f64>,
    roster_age: Gauge<f64>,
    lagging: Gauge<f64>,
}

impl Instruments {
    fn new(meter: &Meter) -> Self {
        Self {
            names: Bounded::default(),
            rounds: of::ROUNDS.build_counter(meter),
            duration: of::DURATION.build_histogram(meter),
            steps_failed: of::STEPS_FAILED.build_counter(meter),
            leader: of::LEADER.build_gauge(meter),
            changes: of::CHANGES.build_counter(meter),
            open: of::OPEN.build_gauge(meter),
            acknowledged: of::ACKNOWLEDGED.build_gauge(meter),
            failed: of::FAILED.build_gauge(meter),
            gaps: of::GAPS.build_gauge(meter),
            missing: of::MISSING.build_gauge(meter),
            missing_at_source: of::MISSING_AT_SOURCE.build_gauge(meter),
            heal_sent: of::HEAL_SENT.build_counter(meter),
            told: of::TOLD.build_counter(meter),
            digests: of::DIGESTS.build_counter(meter),
            files: of::FILES.build_counter(meter),
            attestations: of::ATTESTATIONS.build_counter(meter),
            attestation_late: of::ATTESTATION_LATE.build_gauge(meter),
            roster_age: of::ROSTER_AGE.build_gauge(meter),
            lagging: of::LAGGING.build_gauge(meter),
        }
    }
}

impl AuditorMetrics {
    /// Name of the auditor's meter.
    pub const SCOPE: &'static str = "trailkeep.auditor";
    /// All of them, as `docs/metrics.md` shows them.
    pub const CATALOGUE: &'static [Instrument] = catalogue::CATALOGUE;

    /// On a meter. What an alarm may watch stands at zero from the start, so that its first step is seen.
    pub fn new(meter: &Meter) -> Self {
        let metrics = Self { all: Arc::new(Instruments::new(meter)) };
        for outcome in ["done", "failed", "aborted"] {
            metrics.all.rounds.add(0, &[KeyValue::new("outcome", outcome)]);
        }
        for counter in [&metrics.all.heal_sent, &metrics.all.told, &metrics.all.digests, &metrics.all.files] {
            counter.add(0, &[]);
        }
        metrics.leads(false);
        metrics
    }

    /// Whether this auditor holds the lease.
    pub fn leads(&self, leads: bool) {
        self.all.leader.record(f64::from(u8::from(leads)), &[]);
    }

    /// A step of a round failed.
    pub fn step_failed(&self, step: &'static str) {
        self.all.steps_failed.add(1, &[KeyValue::new("step", step)]);
    }

    /// An attestation was made.
    pub fn attested(&self, kind: &'static str) {
        self.all.attestations.add(1, &[KeyValue::new("kind", kind)]);
    }

    /// Findings changed.
    pub fn changed(&self, changes: &[Change]) {
        for state in State::ALL {
            for change in changes.iter().filter(|change| change.state == state) {
                let name = self.all.names.name(&change.open.found.name);
                self.all.changes.add(1, &[KeyValue::new("name", name), KeyValue::new("change", state.as_str())]);
            }
        }
    }

    /// A round came to nothing. What it knew by then stands.
    pub fn aborted(&self, report: &RoundReport, duration_s: f64) {
        self.all.rounds.add(1, &[KeyValue::new("outcome", "aborted")]);
        self.all.duration.record(duration_s, &[]);
        self.stands(report);
    }

    /// A round ended.
    pub fn round(&self, report: &RoundReport, duration_s: f64) {
        let all = &self.all;
        all.rounds.add(1, &[KeyValue::new("outcome", report.outcome())]);
        all.duration.record(duration_s, &[]);
        all.heal_sent.add(report.heal_sent, &[]);
        all.told.add(report.told, &[]);
        all.digests.add(report.digests_verified, &[]);
        all.files.add(report.files_verified, &[]);
        self.stands(report);
    }

    /// How everything stands, as far as somebody looked.
    fn stands(&self, report: &RoundReport) {
        let (all, known) = (&self.all, report.known());
        let gauges = [
            (&all.open, known.findings_open),
            (&all.acknowledged, known.findings_acknowledged),
            (&all.failed, known.verification_failed),
            (&all.gaps, known.gaps),
            (&all.missing, known.missing),
            (&all.missing_at_source, known.missing_at_source),
            (&all.lagging, known.lagging_chains),
        ];
        for (gauge, count) in gauges {
            if let Some(count) = count {
                gauge.record(count as f64, &[]);
            }
        }
        for (gauge, hours) in [(&all.attestation_late, report.attestation_late_h), (&all.roster_age, report.roster_age_h)] {
            if let Some(hours) = hours {
                gauge.record(hours as f64 * HOUR_S, &[]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
