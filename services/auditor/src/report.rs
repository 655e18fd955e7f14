//! What a round came to, and the line in which it is told. What nobody looked at is not told to be none: alarms keep what they heard last.

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
    /// It was counted what is open: a round that ended before knows nothing of it.
    pub counted: bool,
    /// Nothing of it was remembered.
    pub aborted: bool,
    /// Findings that were opened or opened again.
    pub findings_opened: u64,
    /// Findings that are open and that nobody has acknowledged; so are the counts below.
    pub findings_open: u64,
    /// Findings that are open and acknowledged.
    pub findings_acknowledged: u64,
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
    /// `done`, or `failed` where a step failed or the round came to nothing.
    pub fn outcome(&self) -> &'static str {
        if self.failed.is_empty() && !self.aborted { "done" } else { "failed" }
    }

    /// Whether the round could not say what it was asked for.
    pub fn could_not_run(&self) -> bool {
        !self.verified
    }

    /// The same of a round that came to nothing.
    #[must_use]
    pub(crate) fn aborted(self) -> Self {
        Self { aborted: true, ..self }
    }

    /// Counts anew what is open and what changed.
    pub(crate) fn count<'a>(&mut self, accounts: impl Iterator<Item = &'a Account>, changes: &[Change]) {
        self.counted = true;
        (self.findings_open, self.findings_acknowledged, self.verification_failed, self.gaps) = (0, 0, 0, 0);
        (self.missing, self.missing_at_source, self.lagging_chains) = (0, 0, 0);
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
        if open.acknowledged_ms.is_some() {
            self.findings_acknowledged += 1;
            return;
        }
        self.findings_open += 1;
        if matches!(found.origin, Origin::Verification | Origin::Sample | Origin::Segments | Origin::Keys) && !found.provisional {
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

    /// What is known by now: what its own step looked at, and what is open whether or not anybody looked again.
    pub(crate) fn known(&self) -> Known {
        let counted = |count: u64| self.counted.then_some(count);
        // That nothing is found can be said by looking only.
        let looked = |looked: bool, count: u64| counted(count).filter(|count| looked || *count > 0);
        let covered = !self.failed.contains(&"coverage");
        Known {
            findings_opened: counted(self.findings_opened),
            findings_open: counted(self.findings_open),
            findings_acknowledged: counted(self.findings_acknowledged),
            verification_failed: looked(self.verified, self.verification_failed),
            gaps: looked(covered, self.gaps),
            missing: looked(self.verified, self.missing),
            missing_at_source: looked(self.verified, self.missing_at_source),
            heal_sent: counted(self.heal_sent),
            healed: counted(self.healed),
            digests_verified: self.verified.then_some(self.digests_verified),
            files_verified: self.verified.then_some(self.files_verified),
            lagging_chains: counted(self.lagging_chains),
        }
    }

    /// Writes the line. Its name and its fields are part of what operators build on (`docs/metrics.md`). What is not known is left out.
    pub(crate) fn tell(&self, duration_s: f64) {
        let known = self.known();
        tracing::info!(
            outcome = self.outcome(),
            duration_s,
            steps_failed = self.failed.join(","),
            findings_opened = known.findings_opened,
            findings_open = known.findings_open,
            findings_acknowledged = known.findings_acknowledged,
            verification_failed = known.verification_failed,
            gaps = known.gaps,
            missing = known.missing,
            heal_sent = known.heal_sent,
            healed = known.healed,
            digests_verified = known.digests_verified,
            files_verified = known.files_verified,
            attestation_late_h = self.attestation_late_h,
            // A roster that nobody asks for has no age.
            roster_age_h = self.counted.then(|| self.roster_age_h.unwrap_or(-1)),
            lagging_chains = known.lagging_chains,
            "the last round"
        );
    }
}

/// What is known of a round's counts; none: nobody looked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) findings_opened: Option<u64>,
    pub(crate) findings_open: Option<u64>,
    pub(crate) findings_acknowledged: Option<u64>,
    pub(crate) verification_failed: Option<u64>,
    pub(crate) gaps: Option<u64>,
    pub(crate) missing: Option<u64>,
    pub(crate) missing_at_source: Option<u64>,
    pub(crate) heal_sent: Option<u64>,
    pub(crate) healed: Option<u64>,
    pub(crate) digests_verified: Option<u64>,
    pub(crate) files_verified: Option<u64>,
    pub(crate) lagging_chains: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_failed_silences_no_other_and_what_nobody_looked_at_is_not_told_to_be_none() {
        let heads = RoundReport { verified: true, counted: true, failed: vec!["heads", "tell"], ..RoundReport::default() };
        assert_eq!(heads.outcome(), "failed");
        let known = heads.known();
        assert_eq!((known.verification_failed, known.gaps, known.missing), (Some(0), Some(0), Some(0)));

        let unverified = RoundReport { verified: false, failed: vec!["keys"], ..heads.clone() };
        let known = unverified.known();
        assert_eq!((known.verification_failed, known.missing, known.files_verified), (None, None, None), "nobody looked");
        assert_eq!((known.gaps, known.findings_open), (Some(0), Some(0)), "another step did");
        let open = RoundReport { verification_failed: 2, missing: 1, ..unverified }.known();
        assert_eq!((open.verification_failed, open.missing), (Some(2), Some(1)), "what is open is open");

        assert_eq!(RoundReport { failed: vec!["coverage"], ..heads.clone() }.known().gaps, None);
        assert_eq!(RoundReport { gaps: 3, failed: vec!["coverage"], ..heads }.known().gaps, Some(3));
    }

    #[test]
    fn a_round_that_came_to_nothing_tells_what_it_knew_by_then() {
        let early = RoundReport::default().aborted();
        assert_eq!((early.outcome(), early.known()), ("failed", Known::default()));
        let late = RoundReport { counted: true, verified: true, verification_failed: 1, ..RoundReport::default() }.aborted();
        assert_eq!((late.outcome(), late.known().verification_failed), ("failed", Some(1)));
    }
}
