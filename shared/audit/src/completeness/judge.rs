//! The outcome of one file, from all that is known of it.

use std::collections::BTreeMap;

use trailkeep_keys::{AccountId, LogClass, Region};

use super::{
    facts::Fact,
    periods::Periods,
    report::{Finding, FindingKind, Landed, Listed, Outcome, Place, Report, Uncovered},
};
use crate::{RETRY_MS, Sha256};

/// Most Digests and revisions that one finding tells.
const MAX_TOLD: usize = 16;

pub(super) struct Judge<'a> {
    pub(super) places: &'a [Place],
    pub(super) periods: &'a BTreeMap<(AccountId, Region), Periods>,
    pub(super) classes: &'a BTreeMap<(AccountId, Region, LogClass), i64>,
    pub(super) now_ms: i64,
}

/// What is known of one file, without regard to the order in which it came.
struct File {
    place: Place,
    class: LogClass,
    delivered_ms: i64,
    listed: Vec<Listed>,
    landed: Vec<Landed>,
}

/// How a file is listed; where Digests differ about it, the one with the smallest hash.
pub(super) fn first_listed(facts: &[Fact]) -> Option<Listed> {
    let listed = |fact: &Fact| {
        let ((end_s, digest), hash) = fact.listed().zip(fact.hash())?;
        Some(Listed { hash, digest_end_ms: i64::from(end_s) * 1000, digest })
    };
    facts.iter().filter_map(listed).min()
}

impl Judge<'_> {
    /// Adds one file to the report and tells its outcome.
    pub(super) fn judge(&self, facts: &[Fact], report: &mut Report) -> Option<Outcome> {
        let first = facts.first()?;
        if let ([only], Some(place)) = (facts, self.places.get(first.place()))
            && only.listed().is_some()
            && only.landed().is_some_and(|(_, quarantined, _)| !quarantined)
        {
            // The everyday case: one entry, so that listed and landed agree.
            report.places.entry(*place).or_default().count(Outcome::Verified);
            return Some(Outcome::Verified);
        }
        let file = self.gather(facts)?;
        let outcome = self.outcome(&file);
        let counts = report.places.entry(file.place).or_default();
        counts.count(outcome);
        let differs = file.revision_differs();
        counts.revision_differs += u64::from(differs);
        for kind in [outcome.finding(), differs.then_some(FindingKind::RevisionDiffers)].into_iter().flatten() {
            report.find(kind, || Finding {
                kind,
                id: first.id(),
                name: None,
                place: file.place,
                class: file.class,
                delivered_ms: file.delivered_ms,
                listed: file.listed.iter().take(MAX_TOLD).copied().collect(),
                landed: file.landed.iter().take(MAX_TOLD).copied().collect(),
            });
        }
        Some(outcome)
    }

    fn gather(&self, facts: &[Fact]) -> Option<File> {
        let mut listed = Vec::new();
        let mut landed = Vec::new();
        for fact in facts {
            if let (Some((end_s, digest)), Some(hash)) = (fact.listed(), fact.hash()) {
                listed.push(Listed { hash, digest_end_ms: i64::from(end_s) * 1000, digest });
            }
            if let Some((revision, quarantined, source)) = fact.landed() {
                landed.push(Landed { revision, hash: fact.hash(), quarantined, source });
            }
        }
        // Of one hash the earliest listing counts, of one revision and content the first row.
        listed.sort_unstable();
        listed.dedup_by_key(|listed| listed.hash);
        landed.sort_unstable();
        landed.dedup_by_key(|landed| (landed.revision, landed.hash, landed.quarantined));
        // Callers whose rows contradict each other about a name get the least of what they said.
        let named = |fact: &Fact| self.places.get(fact.place()).map(|place| (*place, fact.class(), fact.minute()));
        let (place, class, minute) = facts.iter().filter_map(named).min()?;
        Some(File { place, class, delivered_ms: place.day.start_ms() + i64::from(minute) * 60_000, listed, landed })
    }

    fn outcome(&self, file: &File) -> Outcome {
        let listed = match file.listed.as_slice() {
            [] => return self.outcome_unlisted(file),
            [one] => one,
            _ => return Outcome::ListedDifferently,
        };
        if file.landed.is_empty() {
            let grace = self.now_ms < listed.digest_end_ms.saturating_add(RETRY_MS);
            return if grace { Outcome::MissingWithinGrace } else { Outcome::Missing };
        }
        if file.first_revision().any(|landed| landed.hash.is_some_and(|hash| hash != listed.hash)) {
            Outcome::Altered
        } else if file.first_revision().any(|landed| landed.quarantined || landed.hash.is_none()) {
            Outcome::Quarantined
        } else {
            Outcome::Verified
        }
    }

    fn outcome_unlisted(&self, file: &File) -> Outcome {
        let Place { account, region, .. } = file.place;
        let signed_class = match file.class {
            LogClass::CloudTrail => true,
            LogClass::Digest => return Outcome::NotCovered(Uncovered::Digest),
            class => self.classes.get(&(account, region, class)).is_some_and(|since| *since <= file.delivered_ms),
        };
        // A name has minutes; somewhere in that minute the file was delivered.
        let within = |periods: &Periods| periods.cover(file.delivered_ms, file.delivered_ms.saturating_add(60_000));
        if !signed_class {
            Outcome::NotCovered(Uncovered::ClassNotSigned)
        } else if !self.periods.get(&(account, region)).is_some_and(within) {
            Outcome::NoDigest
        } else if self.now_ms < file.delivered_ms.saturating_add(RETRY_MS) {
            Outcome::UnlistedWithinGrace
        } else {
            Outcome::Unlisted
        }
    }
}

impl File {
    /// What landed first. More than one only where rows contradict each other.
    fn first_revision(&self) -> impl Iterator<Item = &Landed> {
        let first = self.landed.first().map(|landed| landed.revision);
        self.landed.iter().take_while(move |landed| Some(landed.revision) == first)
    }

    /// Whether anything after the first row has other content than was signed, or than the first row where nothing was.
    fn revision_differs(&self) -> bool {
        let Some((first, others)) = self.landed.split_first() else { return false };
        let signed: Option<Sha256> = if let [listed] = self.listed.as_slice() { Some(listed.hash) } else { first.hash };
        others.iter().any(|landed| landed.hash != signed)
    }
}
