//! A chain's new mark.

use trailkeep_digests::{Finding as ChainFinding, Head, Reason};

use super::Judging;
use crate::marks::{MARK_BEHIND_MS, MARK_HELD_MS, Mark, Marks};

impl Judging<'_> {
    /// Sets the chain's new mark, if it has one: the newest verified Digest before anything that is missing or refused. Tells whether it lags.
    ///
    /// What is missing or refused for longer than CloudTrail retries holds no mark back: it stays told in the windows that it is in.
    pub(super) fn mark(&self, marks: &mut Marks) -> bool {
        let behind_ms = self.window.to_ms.saturating_sub(MARK_BEHIND_MS);
        let held_from_ms = self.asked.as_of_ms.saturating_sub(MARK_HELD_MS);
        let troubles = self.missing().chain(self.refused()).filter(|(_, to_ms)| *to_ms > held_from_ms);
        let trouble_ms = troubles.map(|(from_ms, _)| from_ms).min().unwrap_or(i64::MAX);
        let lags = trouble_ms < behind_ms;
        let verified = self.links.iter().zip(&self.report.outcomes).filter(|(link, outcome)| outcome.is_verified() && !link.is_backfill());
        let ended = verified.filter_map(|(link, _)| Some((link.period_ms()?.1, link)));
        let newest = ended.filter(|(end_ms, _)| *end_ms <= behind_ms.min(trouble_ms)).max_by_key(|(end_ms, _)| *end_ms);
        let head = newest.and_then(|(_, link)| Head::of(link)).or_else(|| self.asked.mark(&self.report.chain).cloned());
        // Without one the next walk begins where its window does.
        if let Some(head) = head {
            marks.insert(Mark { head, lags });
        }
        lags
    }

    /// From when to when something is missing.
    fn missing(&self) -> impl Iterator<Item = (i64, i64)> {
        self.report.findings.iter().filter_map(|finding| match finding {
            ChainFinding::Missing { from_ms, to_ms, .. } => Some((from_ms.unwrap_or(i64::MIN), *to_ms)),
            _ => None,
        })
    }

    /// When Digests stand that are not verified. Of several of one time the one that was taken counts.
    fn refused(&self) -> impl Iterator<Item = (i64, i64)> {
        let refused =
            self.links.iter().zip(&self.report.outcomes).filter(|(link, outcome)| {
                !outcome.is_verified() && !link.is_backfill() && !outcome.reasons.contains(Reason::DuplicatedStamp)
            });
        refused.filter_map(|(link, _)| link.stamp_ms()).map(|stamp_ms| (stamp_ms - 1, stamp_ms))
    }
}
