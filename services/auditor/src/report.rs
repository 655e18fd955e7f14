//! What a round came to, and the line in which it is told.

use trailkeep_verification::Marks;

use crate::{
    finding::Origin,
    heal::Presence,
    lifecycle::{Change, Open, State},
    notes::Account,
};

/// What a round came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoundReport {
    /// Steps that failed, by name.
    pub failed: Vec<&'static str>,
    /// The archive was verified.
    pub verified: bool,
    /// Findings that were opened or opened again.
    pub findings_opened: u64,
    /// Findings that are open.
    pub findings_open: u64,
    /// Open ones of a verification that are final.
    pub verification_failed: u64,
    /// Open gaps.
    pub gaps: u64,
    /// Open missing log files and Digests.
    pub missing: u64,
    /// Of them, those that are not in the log bucket any more.
    pub missing_at_source: u64,
    /// Found and not remembered one by one, for want of room.
    pub beyond: u64,
    /// Objects that the collector was asked for.
    pub heal_sent: u64,
    /// Findings that were healed.
    pub healed: u64,
    /// Findings that were resolved without having been asked for.
    pub resolved: u64,
    /// Messages that were told.
    pub told: u64,
    /// Digests that were verified.
    pub digests_verified: u64,
    /// Log files that were verified.
    pub files_verified: u64,
    /// Attestations that were made.
    pub attested: u64,
    /// Hours since the oldest attestation that is due and not made became due; 0: there is none. None: nobody could look.
    pub attestation_late_h: Option<i64>,
    /// Age of the roster in hours, or of the auditor where none was ever observed; none: nobody asks for one.
    pub roster_age_h: Option<i64>,
    /// Chains whose marks lag.
    pub lagging_chains: u64,
}

impl RoundReport {
    /// `done`, or `failed` where a step failed.
    pub fn outcome(&self) -> &'static str {
        if self.failed.is_empty() { "done" } else { "failed" }
    }

    /// Whether the round could not say what it was asked for.
    pub fn could_not_run(&self) -> bool {
        !self.verified
    }

    pub(crate) fn count<'a>(&mut self, accounts: impl Iterator<Item = &'a Account>, changes: &[Change]) {
        for account in accounts {
            let marks = Marks::from_json(account.marks.to_string().as_bytes());
            self.lagging_chains += marks.lagging() as u64;
            account.findings.open.iter().for_each(|open| self.count_open(open));
        }
        let of = |state: State| changes.iter().filter(|change| change.state == state).count() as u64;
        self.findings_opened = of(State::Opened) + of(State::Reopened);
        self.healed = of(State::Healed);
        self.resolved = of(State::Resolved);
    }

    fn count_open(&mut self, open: &Open) {
        let found = &open.found;
        self.findings_open += 1;
        if matches!(found.origin, Origin::Verification | Origin::Sample) && !found.provisional {
            self.verification_failed += 1;
        }
        if found.name == "gap" {
            self.gaps += 1;
        }
        if ["missing", "missing_digests", "missing_backfill"].contains(&found.family()) {
            self.missing += found.count.unwrap_or(1);
            let gone = matches!(open.healing.at_source, Some(Presence::NotThere | Presence::DeleteMarker));
            self.missing_at_source += u64::from(gone);
        }
    }

    /// Writes the line. Its name and its fields are part of what operators build on (`docs/auditor.md`). What is none is left out.
    pub(crate) fn tell(&self, duration_s: f64) {
        tracing::info!(
            outcome = self.outcome(),
            duration_s,
            steps_failed = self.failed.join(","),
            findings_opened = self.findings_opened,
            findings_open = self.findings_open,
            verification_failed = self.verification_failed,
            gaps = self.gaps,
            missing = self.missing,
            heal_sent = self.heal_sent,
            healed = self.healed,
            digests_verified = self.digests_verified,
            files_verified = self.files_verified,
            attestation_late_h = self.attestation_late_h,
            // A roster that nobody asks for has no age.
            roster_age_h = self.roster_age_h.unwrap_or(-1),
            lagging_chains = self.lagging_chains,
            "the last round"
        );
    }

    /// The line of a round that came to nothing: it says nothing of the archive.
    pub(crate) fn tell_nothing(duration_s: f64) {
        tracing::info!(outcome = "failed", duration_s, "the last round");
    }
}
