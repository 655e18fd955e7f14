//! What the walk of a chain found, as findings with what an investigator needs.

use std::collections::BTreeMap;

use trailkeep_digests::{CADENCE_MS, Finding as ChainFinding, Link, Location, Period, Pointer};

use super::Judging;
use crate::verdict::{Evidence, Finding, Moment};

/// A Digest as another one names it: the pointer, and the key of the one that has it.
pub(super) type Named<'a> = (&'a Pointer, &'a str);

impl Judging<'_> {
    /// A finding of the walk, where it is about the window.
    pub(super) fn finding(&self, finding: &ChainFinding) -> Option<Finding> {
        let mut told = Finding { name: finding.name(), evidence: self.evidence(finding), ..self.of_the_chain() };
        let (about, detail) = match finding {
            ChainFinding::Missing { from_ms, to_ms, at_least, named, .. } => {
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
        // What is missing right after the window may have listed what was delivered at its end.
        let follows = matches!(finding, ChainFinding::Missing { .. }) && self.follows(about);
        if follows {
            told.reasons.push("follows_the_window");
        }
        let from = (about.from_ms != i64::MIN).then_some(Moment(about.from_ms));
        let found = Finding { from, to: Some(Moment(about.to_ms)), detail: detail.to_owned(), ..told };
        (follows || self.overlaps(about)).then_some(found)
    }

    fn evidence(&self, finding: &ChainFinding) -> Evidence {
        match finding {
            ChainFinding::Missing { named, named_by, .. } | ChainFinding::MissingBackfill { named, named_by } => {
                let mut evidence = named_digest((named, self.links.get(*named_by).map_or("", |link| link.location().key.as_str())));
                if let Some(hash) = self.links.get(*named_by).and_then(Link::hash) {
                    evidence.insert("digest_hash", hash.to_string());
                }
                evidence
            }
            ChainFinding::MissingNewest { .. } => self.report.head.as_ref().map_or_else(Evidence::new, |head| {
                Evidence::from([
                    ("last_digest", head.location.key.clone()),
                    ("last_digest_bucket", head.location.bucket.clone()),
                    ("last_digest_hash", head.hash.to_string()),
                    ("digest_signed_by", head.fingerprint.to_string()),
                ])
            }),
            ChainFinding::DuplicatedStamp { taken, .. } => {
                let taken = taken.and_then(|taken| self.links.get(taken));
                taken.map_or_else(Evidence::new, |link| Evidence::from([("taken", link.location().key.clone())]))
            }
            ChainFinding::SuspiciousStart { digest, .. } => self.links.get(*digest).map(of_a_digest).unwrap_or_default(),
            ChainFinding::NoDigests => Evidence::new(),
        }
    }

    /// What sound Digests name as the one before them.
    pub(super) fn named_by_others(&self) -> BTreeMap<&Location, Named<'_>> {
        let sound = self.links.iter().filter(|link| link.reasons().is_empty());
        let named = sound.filter_map(|link| Some((link.previous()?, link.location().key.as_str())));
        named.map(|(pointer, by)| (&pointer.location, (pointer, by))).collect()
    }

    /// The hole before a starting Digest, and its own period.
    fn before(&self, start: usize) -> Option<Period> {
        let from_ms = self.report.breaks.iter().find(|broken| broken.digest == start).and_then(|broken| broken.from_ms);
        Some(Period { from_ms: from_ms.unwrap_or(i64::MIN), ..self.period_of(start)? })
    }

    pub(super) fn of_the_chain(&self) -> Finding {
        let chain = &self.report.chain;
        Finding {
            account: Some(chain.account.to_string()),
            region: Some(chain.region.to_string()),
            trail: Some(chain.trail.clone()),
            ..Finding::default()
        }
    }
}

/// A Digest that is refused, and what a sound one names in its place.
pub(super) fn refused(link: &Link, reasons: Vec<&'static str>, named: Option<Named<'_>>) -> Finding {
    let (chain, location) = (link.chain(), link.location());
    let period = link.period_ms();
    let mut evidence = named.map(named_digest).unwrap_or_default();
    evidence.extend(of_a_digest(link));
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
        evidence,
        ..Finding::default()
    }
}

fn named_digest((pointer, by): Named<'_>) -> Evidence {
    Evidence::from([
        ("named_bucket", pointer.location.bucket.clone()),
        ("named_key", pointer.location.key.clone()),
        ("named_hash", pointer.hash.to_string()),
        ("named_by", by.to_owned()),
    ])
}

/// What was found of a Digest, whoever wrote it.
fn of_a_digest(link: &Link) -> Evidence {
    let hash = link.hash().map(|hash| ("digest_hash", hash.to_string()));
    let key = link.fingerprint().map(|fingerprint| ("digest_signed_by", fingerprint.to_string()));
    let alias = link.alias().map(|alias| ("found_in", alias.to_owned()));
    hash.into_iter().chain(key).chain(alias).collect()
}
