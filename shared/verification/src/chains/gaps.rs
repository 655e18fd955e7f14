//! What of the window no verified Digest covers, and the likely cause.

use trailkeep_digests::{Break, BreakKind, Finding as ChainFinding, Period};

use super::Judging;
use crate::{
    asked::DIGEST_DUE_MS,
    verdict::{Finding, Gap, Span},
};

impl Judging<'_> {
    /// What of the window is not proven. An open window begins with the chain.
    pub(super) fn gaps(&self) -> Vec<Gap> {
        let first_ms = self.links.iter().filter_map(Self::period).map(|period| period.from_ms).min().unwrap_or(self.window.to_ms);
        let from_ms = if self.asked.since_ms.is_some() { self.window.from_ms } else { first_ms };
        let mut gaps = Vec::new();
        let mut at_ms = from_ms;
        for proven in self.report.proven.iter().filter(|proven| self.overlaps(**proven)) {
            if proven.from_ms > at_ms {
                gaps.push(self.gap(at_ms, proven.from_ms.min(self.window.to_ms), true));
            }
            at_ms = at_ms.max(proven.to_ms);
        }
        if at_ms < self.window.to_ms {
            let goes_on = self.report.proven.iter().any(|proven| proven.from_ms >= self.window.to_ms);
            gaps.push(self.gap(at_ms, self.window.to_ms, goes_on));
        }
        gaps
    }

    fn gap(&self, from_ms: i64, to_ms: i64, goes_on: bool) -> Gap {
        let span = Period { from_ms, to_ms };
        let overlaps = |from: i64, to: i64| from < to_ms && from_ms < to;
        let missing = self.report.findings.iter().find_map(|finding| match finding {
            ChainFinding::Missing { from_ms, to_ms, .. } if overlaps(from_ms.unwrap_or(i64::MIN), *to_ms) => Some(finding.name()),
            ChainFinding::MissingNewest { from_ms, to_ms, .. } if overlaps(*from_ms, *to_ms) => Some(finding.name()),
            _ => None,
        });
        let broken = |broken: &&Break| overlaps(broken.from_ms.unwrap_or(i64::MIN), broken.to_ms);
        let refused = self.links.iter().zip(&self.report.outcomes).filter(|(_, outcome)| !outcome.is_verified());
        let refused = refused.filter_map(|(link, _)| Self::period(link)).any(|period| overlaps(period.from_ms, period.to_ms));
        let cause = if let Some(missing) = missing {
            missing
        } else if refused {
            "digest_refused"
        } else if let Some(broken) = self.report.breaks.iter().find(broken) {
            match broken.kind {
                BreakKind::Begins => "not_begun",
                BreakKind::Restarts => "stopped",
                BreakKind::RestartsSuspiciously => "suspicious_start",
            }
        } else if !goes_on && to_ms > self.asked.as_of_ms - DIGEST_DUE_MS {
            "not_due"
        } else if goes_on {
            "unknown"
        } else {
            "ended"
        };
        Gap { span: Span::from(span), cause }
    }

    pub(super) fn not_proven(&self, gap: &Gap) -> Finding {
        let detail = match gap.cause {
            "not_begun" => "the chain begins later: nothing is proven before",
            "stopped" => "the chain stops and begins anew: logging or validation was stopped, which records of StopLogging would tell",
            "not_due" => "the Digest that covers this is not due yet",
            _ => "no verified Digest covers this",
        };
        Finding {
            name: "not_proven",
            from: gap.span.from,
            to: Some(gap.span.to),
            reasons: vec![gap.cause],
            provisional: gap.cause == "not_due",
            detail: detail.to_owned(),
            ..self.of_the_chain()
        }
    }
}

/// Whether a gap of this cause has a finding of its own.
pub(super) fn is_told(cause: &str) -> bool {
    matches!(cause, "missing_digests" | "missing_newest" | "digest_refused" | "suspicious_start")
}
