//! The chains: walked one at a time, and judged for the window that was asked.

use std::collections::BTreeMap;

use trailkeep_digests::{Break, BreakKind, CADENCE_MS, ChainId, Finding as ChainFinding, Link, Period, Report, Window, walk};
use trailkeep_keys::{AccountId, Region};

use crate::{
    asked::{Asked, DIGEST_DUE_MS},
    findings::Findings,
    verdict::{Chain, DigestCounts, Finding, Gap, Moment, Span},
};

/// What came of the chains of a round.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    pub(crate) chains: Vec<Chain>,
    pub(crate) counts: BTreeMap<(AccountId, Region), DigestCounts>,
    /// The stretches that verified Digests speak of, in the window and around it.
    pub(crate) proven: Vec<(AccountId, Region, Period)>,
    /// Whether a Digest is verified, by its row, and the end of its period.
    pub(crate) verified: Vec<Option<i64>>,
    /// Verified Digests by the fingerprint of their key.
    pub(crate) signed: BTreeMap<String, u64>,
}

/// Walks all chains of these Links, each with the place of its row among `rows`.
pub(crate) fn judge(links: Vec<(usize, Link)>, rows: usize, asked: &Asked, findings: &mut Findings) -> Chains {
    let mut by_chain: BTreeMap<ChainId, (Vec<usize>, Vec<Link>)> = BTreeMap::new();
    let mut all = Chains { verified: vec![None; rows], ..Chains::default() };
    for (row, link) in links {
        match link.chain().cloned() {
            Some(chain) => {
                let (of, links) = by_chain.entry(chain).or_default();
                of.push(row);
                links.push(link);
            }
            None => findings.add(refused(&link, link.reasons().names())),
        }
    }
    for (chain, (of, links)) in by_chain {
        let window = Window { head: None, since_ms: asked.since_ms, until_ms: Some(asked.due_ms()) };
        let report = walk(&chain, &links, &window);
        Judging { asked, window: asked.window(), links: &links, report: &report }.judge(&of, &mut all, findings);
    }
    all
}

/// One chain after its walk.
struct Judging<'a> {
    asked: &'a Asked,
    window: Period,
    links: &'a [Link],
    report: &'a Report,
}

impl Judging<'_> {
    fn judge(&self, rows: &[usize], all: &mut Chains, findings: &mut Findings) {
        let chain = &self.report.chain;
        let place = (chain.account, chain.region);
        for ((row, link), outcome) in rows.iter().zip(self.links).zip(&self.report.outcomes) {
            if outcome.is_verified()
                && let (Some(verified), Some((_, end_ms))) = (all.verified.get_mut(*row), link.period_ms())
            {
                *verified = Some(end_ms);
            }
            if !self.is_of_the_window(link) {
                continue;
            }
            let counts = all.counts.entry(place).or_default();
            if outcome.is_verified() {
                counts.verified += 1;
                let key = link.fingerprint().map(|fingerprint| fingerprint.to_string()).unwrap_or_default();
                *all.signed.entry(key).or_default() += 1;
            } else {
                counts.refused += 1;
                findings.add(refused(link, outcome.reasons.names()));
            }
        }
        all.proven.extend(self.report.proven.iter().map(|period| (chain.account, chain.region, *period)));
        let found: Vec<Finding> = self.report.findings.iter().filter_map(|finding| self.finding(finding)).collect();
        if found.is_empty() && !self.links.iter().any(|link| self.is_of_the_window(link)) {
            // It begins after the window.
            return;
        }
        for finding in found {
            findings.add(finding);
        }
        let gaps = self.gaps();
        for gap in gaps.iter().filter(|gap| !is_told(gap.cause)) {
            findings.add(self.not_proven(gap));
        }
        all.chains.push(self.told(gaps));
    }

    /// A Digest's period, as its key tells it where nothing else does.
    fn period(link: &Link) -> Option<Period> {
        link.period_ms().map(|(from_ms, to_ms)| Period { from_ms, to_ms }).or_else(|| Self::named_period(link))
    }

    /// The period that its name stands for.
    fn named_period(link: &Link) -> Option<Period> {
        link.stamp_ms().map(|stamp_ms| Period { from_ms: stamp_ms - CADENCE_MS, to_ms: stamp_ms })
    }

    fn overlaps(&self, period: Period) -> bool {
        period.from_ms < self.window.to_ms && self.window.from_ms < period.to_ms
    }

    /// What is read of the days after the window is read for what it lists late, and not judged. A Digest is of the window by its name or
    /// by what it claims: a forged one may say anything.
    fn is_of_the_window(&self, link: &Link) -> bool {
        let (claimed, named) = (Self::period(link), Self::named_period(link));
        claimed.is_none() || claimed.into_iter().chain(named).any(|period| self.overlaps(period))
    }

    /// A finding of the walk, where it is about the window.
    fn finding(&self, finding: &ChainFinding) -> Option<Finding> {
        let mut told = Finding { name: finding.name(), ..self.of_the_chain() };
        let (about, detail) = match finding {
            ChainFinding::Missing { from_ms, to_ms, at_least, named } => {
                told.count = Some(*at_least);
                (told.bucket, told.key) = (Some(named.location.bucket.clone()), Some(named.location.key.clone()));
                let about = Period { from_ms: from_ms.unwrap_or(i64::MIN), to_ms: *to_ms };
                (about, "a signed Digest names the one before it, and that one is not there")
            }
            ChainFinding::MissingNewest { from_ms, to_ms, count } => {
                told.count = Some(*count);
                let about = Period { from_ms: *from_ms, to_ms: (*to_ms).min(self.window.to_ms) };
                (about, "no Digest since then: deleted, not delivered, or logging was stopped")
            }
            ChainFinding::NoDigests if self.links.iter().any(|link| self.is_of_the_window(link)) => {
                (self.window, "not one Digest of this chain is verified")
            }
            ChainFinding::NoDigests => return None,
            ChainFinding::MissingBackfill { named_by, named } => {
                (told.bucket, told.key) = (Some(named.location.bucket.clone()), Some(named.location.key.clone()));
                (self.period_of(*named_by)?, "a signed backfill Digest names one before it, and that one is not there")
            }
            ChainFinding::DuplicatedStamp { stamp_ms, others, .. } => {
                told.count = Some(others.len() as u64 + 1);
                told.key = others.first().and_then(|other| self.links.get(*other)).map(|link| link.location().key.clone());
                let about = Period { from_ms: stamp_ms - CADENCE_MS, to_ms: *stamp_ms };
                (about, "several Digests of one time; one was taken, the others are refused")
            }
            ChainFinding::SuspiciousStart { digest, doubts } => {
                told.reasons = doubts.iter().map(|doubt| doubt.name()).collect();
                told.key = self.links.get(*digest).map(|link| link.location().key.clone());
                (self.before(*digest)?, "a Digest that names none before it, though logging does not look as if it had been stopped")
            }
        };
        let from_ms = (about.from_ms != i64::MIN).then_some(Moment(about.from_ms));
        let found = Finding { from: from_ms, to: Some(Moment(about.to_ms)), detail: detail.to_owned(), ..told };
        self.overlaps(about).then_some(found)
    }

    /// The hole before a starting Digest, and its own period.
    fn before(&self, start: usize) -> Option<Period> {
        let from_ms = self.report.breaks.iter().find(|broken| broken.digest == start).and_then(|broken| broken.from_ms);
        Some(Period { from_ms: from_ms.unwrap_or(i64::MIN), ..self.period_of(start)? })
    }

    fn period_of(&self, link: usize) -> Option<Period> {
        self.links.get(link).and_then(Self::period)
    }

    /// What of the window is not proven. An open window begins with the chain.
    fn gaps(&self) -> Vec<Gap> {
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

    fn not_proven(&self, gap: &Gap) -> Finding {
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

    fn of_the_chain(&self) -> Finding {
        let chain = &self.report.chain;
        Finding {
            account: Some(chain.account.to_string()),
            region: Some(chain.region.to_string()),
            trail: Some(chain.trail.clone()),
            ..Finding::default()
        }
    }

    fn told(&self, gaps: Vec<Gap>) -> Chain {
        let chain = &self.report.chain;
        let clipped =
            |period: &Period| Period { from_ms: period.from_ms.max(self.window.from_ms), to_ms: period.to_ms.min(self.window.to_ms) };
        Chain {
            organization: chain.organization.map(|organization| organization.to_string()),
            account: chain.account.to_string(),
            region: chain.region.to_string(),
            trail: chain.trail.clone(),
            home_region: chain.home_region.to_string(),
            proven: self.report.proven.iter().filter(|period| self.overlaps(**period)).map(|period| clipped(period).into()).collect(),
            gaps,
            rotations: self.report.rotations.iter().map(|rotation| Moment(rotation.at_ms)).collect(),
            head: self.report.head.as_ref().map(|head| head.location.key.clone()),
        }
    }
}

/// Whether a gap of this cause has a finding of its own.
fn is_told(cause: &str) -> bool {
    matches!(cause, "missing_digests" | "missing_newest" | "digest_refused" | "suspicious_start")
}

fn refused(link: &Link, reasons: Vec<&'static str>) -> Finding {
    let (chain, location) = (link.chain(), link.location());
    let period = link.period_ms();
    Finding {
        name: "digest_refused",
        account: chain.map(|chain| chain.account.to_string()),
        region: chain.map(|chain| chain.region.to_string()),
        trail: chain.map(|chain| chain.trail.clone()),
        bucket: Some(location.bucket.clone()),
        key: Some(location.key.clone()),
        from: period.map(|(from_ms, _)| Moment(from_ms)),
        to: period.map(|(_, to_ms)| Moment(to_ms)),
        reasons,
        detail: "this Digest is not one that CloudTrail signed for this place and time; what it lists is not believed".to_owned(),
        ..Finding::default()
    }
}
