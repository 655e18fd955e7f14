//! The chains: walked one at a time, from their marks or from the window's beginning, and judged for the window that was asked.

use std::collections::BTreeMap;

use trailkeep_digests::{ChainId, Fingerprint, Link, Period, Report, Window, walk};
use trailkeep_keys::{AccountId, Region};

use crate::{
    Marks,
    asked::Asked,
    findings::Findings,
    verdict::{Chain, DigestCounts, Finding, Gap, Moment},
};

mod gaps;
mod settled;
mod told;

/// What came of the chains of a round.
#[derive(Debug, Default)]
pub(crate) struct Chains {
    pub(crate) chains: Vec<Chain>,
    pub(crate) counts: BTreeMap<(AccountId, Region), DigestCounts>,
    /// The stretches that verified Digests speak of, in the window and around it.
    pub(crate) proven: Vec<(AccountId, Region, Period)>,
    /// Verified Digests, by their rows.
    pub(crate) verified: Vec<Option<Signed>>,
    /// Verified Digests by the fingerprint of their key.
    pub(crate) signed: BTreeMap<(Region, String), u64>,
    /// How far each chain is verified now.
    pub(crate) marks: Marks,
}

/// A verified Digest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    pub(crate) fingerprint: Option<Fingerprint>,
}

/// Walks all chains of these Links, each with the place of its row among `rows`, and those of `marked`, of which there may be none.
pub(crate) fn judge(
    links: Vec<(usize, Link)>,
    rows: usize,
    marked: impl IntoIterator<Item = ChainId>,
    asked: &Asked,
    findings: &mut Findings,
) -> Chains {
    let mut by_chain: BTreeMap<ChainId, (Vec<usize>, Vec<Link>)> =
        marked.into_iter().map(|chain| (chain, (Vec::new(), Vec::new()))).collect();
    let mut all = Chains { verified: vec![None; rows], ..Chains::default() };
    for (row, link) in links {
        match link.chain().cloned() {
            Some(chain) => {
                let (of, links) = by_chain.entry(chain).or_default();
                of.push(row);
                links.push(link);
            }
            None => findings.add(told::refused(&link, link.reasons().names(), None)),
        }
    }
    for (chain, (of, links)) in by_chain {
        let head = asked.mark(&chain);
        let report = walk(&chain, &links, &Window { head, since_ms: asked.since_ms, until_ms: Some(asked.due_ms()) });
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
                && let (Some(verified), Some((start_ms, end_ms))) = (all.verified.get_mut(*row), link.period_ms())
            {
                *verified = Some(Signed { start_ms, end_ms, fingerprint: link.fingerprint() });
            }
        }
        self.digests(all, findings);
        all.proven.extend(self.report.proven.iter().map(|period| (place.0, place.1, *period)));
        let lags = self.mark(&mut all.marks);
        let found: Vec<Finding> = self.report.findings.iter().filter_map(|finding| self.finding(finding)).collect();
        if found.is_empty() && !self.links.iter().any(|link| self.is_of_the_window(link)) && self.asked.mark(chain).is_none() {
            // It begins after the window.
            return;
        }
        for finding in found {
            findings.add(finding);
        }
        let gaps = self.gaps();
        for gap in gaps.iter().filter(|gap| !gaps::is_told(gap.cause)) {
            findings.add(self.not_proven(gap));
        }
        all.chains.push(self.told(gaps, lags));
    }

    /// Counts the Digests of the window, and tells those that are refused.
    fn digests(&self, all: &mut Chains, findings: &mut Findings) {
        let chain = &self.report.chain;
        let named = self.named_by_others();
        for (link, outcome) in self.links.iter().zip(&self.report.outcomes) {
            if outcome.is_verified() && self.is_of_the_window(link) {
                all.counts.entry((chain.account, chain.region)).or_default().verified += 1;
                let key = link.fingerprint().map(|fingerprint| fingerprint.to_string()).unwrap_or_default();
                *all.signed.entry((chain.region, key)).or_default() += 1;
            } else if !outcome.is_verified() && self.is_of_the_window_or_follows_it(link) {
                all.counts.entry((chain.account, chain.region)).or_default().refused += 1;
                findings.add(told::refused(link, outcome.reasons.names(), named.get(link.location()).copied()));
            }
        }
    }

    /// A Digest's period, as its key tells it where nothing else does.
    fn period(link: &Link) -> Option<Period> {
        link.period_ms().map(|(from_ms, to_ms)| Period { from_ms, to_ms }).or_else(|| Self::named_period(link))
    }

    /// The period that its name stands for.
    fn named_period(link: &Link) -> Option<Period> {
        link.stamp_ms().map(|stamp_ms| Period { from_ms: stamp_ms - trailkeep_digests::CADENCE_MS, to_ms: stamp_ms })
    }

    fn overlaps(&self, period: Period) -> bool {
        period.from_ms < self.window.to_ms && self.window.from_ms < period.to_ms
    }

    /// Whether a stretch begins so soon after the window that it may list what was delivered in its last minutes.
    fn follows(&self, period: Period) -> bool {
        (self.window.to_ms..self.window.to_ms.saturating_add(LISTED_LATE_MS)).contains(&period.from_ms)
    }

    /// What is read of the days after the window is read for what it lists late, and not judged. A Digest is of the window by its name or
    /// by what it claims: a forged one may say anything.
    fn is_of_the_window(&self, link: &Link) -> bool {
        let (claimed, named) = (Self::period(link), Self::named_period(link));
        claimed.is_none() || claimed.into_iter().chain(named).any(|period| self.overlaps(period))
    }

    fn is_of_the_window_or_follows_it(&self, link: &Link) -> bool {
        let periods = Self::period(link).into_iter().chain(Self::named_period(link));
        self.is_of_the_window(link) || periods.into_iter().any(|period| self.follows(period))
    }

    fn period_of(&self, link: usize) -> Option<Period> {
        self.links.get(link).and_then(Self::period)
    }

    fn told(&self, gaps: Vec<Gap>, lags: bool) -> Chain {
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
            newest: self.report.head.clone(),
            from_mark: self.asked.mark(chain).map(|head| head.location.key.clone()),
            lags,
        }
    }
}

/// How late after the end of its hour a file may still be listed by the next hour's Digest, as far as holes right after a window go, in milliseconds:
/// 15 min. CloudTrail delivers every five.
const LISTED_LATE_MS: i64 = 15 * 60_000;
