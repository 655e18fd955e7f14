//! The walk along a chain, from its oldest Digest to the newest.

use std::collections::HashMap;

use super::{
    Break, BreakKind, Doubt, Finding, Head, Outcome, Period, Report, Rotation, Window, backfill,
    slots::{self, Slots},
};
use crate::{CADENCE_MS, ChainId, HashValue, Link, Location, Pointer, Reason, Signature, location::DigestKey};

/// Joins the Digests of one chain, given in any order, from a head or in full.
///
/// Every Link gets an outcome; those of other chains are refused with a reason. The work is linear in the Links but for sorting.
pub fn walk(chain: &ChainId, links: &[Link], window: &Window<'_>) -> Report {
    let mut outcomes: Vec<Outcome> =
        links.iter().map(|link| Outcome { reasons: link.reasons.clone(), alias: link.alias.clone(), adds_to: Vec::new() }).collect();
    let mut findings = Vec::new();
    let slots = slots::sort(chain, links, window.head, &mut outcomes, &mut findings);
    let mut walk = Walk { chain, links, window, slots, outcomes, findings, breaks: Vec::new(), trouble_ms: None, places: HashMap::new() };
    walk.index();
    for position in 0..walk.slots.standard.len() {
        walk.step(position);
    }
    backfill::join(links, &walk.slots.backfill, &walk.slots.standard, window, &mut walk.outcomes, &mut walk.findings);
    walk.finish()
}

/// A walk under way. Positions count slots of the chain in time; indexes count Links as given.
struct Walk<'a> {
    chain: &'a ChainId,
    links: &'a [Link],
    window: &'a Window<'a>,
    slots: Slots,
    outcomes: Vec<Outcome>,
    findings: Vec<Finding>,
    breaks: Vec<Break>,
    /// The first moment from which something is missing.
    trouble_ms: Option<i64>,
    places: HashMap<&'a Location, usize>,
}

/// What stands before a Digest.
struct Before<'a> {
    hash: Option<HashValue>,
    signature: Option<&'a Signature>,
}

impl<'a> Walk<'a> {
    fn index(&mut self) {
        let links = self.links;
        let places = self.slots.standard.iter().enumerate();
        self.places = places.filter_map(|(position, index)| links.get(*index).map(|link| (&link.location, position))).collect();
    }

    /// The Link in a slot and its index.
    fn at(&self, position: usize) -> Option<(usize, &'a Link)> {
        let index = *self.slots.standard.get(position)?;
        Some((index, self.links.get(index)?))
    }

    /// The end of what stands in a slot, by its name.
    fn stamp(&self, position: usize) -> Option<i64> {
        self.at(position)?.1.stamp_ms
    }

    fn refuse(&mut self, index: usize, reason: Reason) {
        slots::refuse(&mut self.outcomes, index, reason);
    }

    fn is_verified(&self, position: usize) -> bool {
        self.slots.standard.get(position).and_then(|index| self.outcomes.get(*index)).is_some_and(Outcome::is_verified)
    }

    fn step(&mut self, position: usize) {
        let Some((index, link)) = self.at(position) else { return };
        // What is not sound by itself says nothing about what was before it.
        let Some(claims) = link.claims.as_ref().filter(|_| link.reasons.is_empty()) else { return };
        match &claims.previous {
            None => self.starting(position, index, claims.start_ms),
            Some(pointer) => self.following(position, index, claims.start_ms, pointer),
        }
    }

    /// A Digest that names the one before it.
    fn following(&mut self, position: usize, index: usize, start_ms: i64, pointer: &'a Pointer) {
        let named = DigestKey::parse(&pointer.location.key);
        match named {
            Some(place) if place.chain == *self.chain && !place.backfill => self.follow(position, index, start_ms, pointer, place.stamp_ms),
            // The trail was made an organization's, or is one no more: the chain before stands elsewhere and is not of this walk.
            Some(place) if place.chain.is_same_trail(self.chain) && !place.backfill => {
                self.missing(position, index, pointer, start_ms + 1000);
            }
            _ => {
                self.refuse(index, Reason::PreviousOutsideChain);
                self.missing(position, index, pointer, start_ms + 1000);
            }
        }
    }

    fn follow(&mut self, position: usize, index: usize, start_ms: i64, pointer: &'a Pointer, named_ms: i64) {
        let own_ms = self.stamp(position).unwrap_or(start_ms);
        if named_ms >= own_ms {
            return self.refuse(index, Reason::PreviousIsLater);
        }
        if start_ms.div_euclid(1000) * 1000 != named_ms {
            self.refuse(index, Reason::StartDiffersFromPreviousEnd);
        }
        let head = self.window.head;
        if let Some(previous) = self.places.get(&pointer.location).copied() {
            self.compare_with(previous, index, pointer);
            self.pass_over(previous + 1, position);
        } else if let Some(head) = head.filter(|head| head.location == pointer.location) {
            let before = Before { hash: Some(head.hash), signature: Some(&head.signature) };
            self.compare(&before, index, pointer);
            self.pass_over(0, position);
        } else if head.is_some_and(|head| named_ms <= slots::stamp_of(head)) {
            self.refuse(index, Reason::PreviousBeforeHead);
        } else if head.is_none() && self.window.since_ms.is_some_and(|since_ms| named_ms <= since_ms) {
            self.pass_over(0, position);
        } else {
            self.missing(position, index, pointer, named_ms);
        }
    }

    /// Compares a pointer with what stands in the slot that it names.
    fn compare_with(&mut self, previous: usize, index: usize, pointer: &Pointer) {
        let Some((previous_index, link)) = self.at(previous) else { return };
        if link.reasons.is_empty() {
            let before = Before { hash: link.hash, signature: link.signature.as_ref() };
            self.compare(&before, index, pointer);
        } else if !link.is(pointer) {
            // Of the two, this one has a good signature.
            self.refuse(previous_index, Reason::DiffersFromNext);
        }
    }

    fn compare(&mut self, before: &Before<'_>, index: usize, pointer: &Pointer) {
        if before.hash != Some(pointer.hash) {
            self.refuse(index, Reason::PreviousHashDiffers);
        }
        if before.signature != Some(&pointer.signature) {
            self.refuse(index, Reason::PreviousSignatureDiffers);
        }
    }

    /// Well-signed Digests between the one that is named and the one that names it.
    fn pass_over(&mut self, from: usize, to: usize) {
        for position in from..to {
            if let Some((index, link)) = self.at(position)
                && link.reasons.is_empty()
            {
                self.refuse(index, Reason::NotInChain);
            }
        }
    }

    /// The Digest that is named is not there. What stands between and is not sound by itself fills no hole.
    fn missing(&mut self, position: usize, named_by: usize, pointer: &Pointer, named_ms: i64) {
        let start_ms = self.links.get(named_by).and_then(Link::period_ms).map_or(named_ms, |(start_ms, _)| start_ms);
        let is_sound = |earlier: &usize| self.at(*earlier).is_some_and(|(_, link)| link.reasons.is_empty());
        let earlier = (0..position).rev().filter(is_sound).find(|earlier| self.stamp(*earlier).is_some_and(|stamp| stamp < named_ms));
        let next = earlier.map_or(0, |earlier| earlier + 1);
        let unsound = (next..position).filter(|between| !is_sound(between)).count() as u64;
        let head_ms = self.window.head.map(|head| head.end_ms);
        let from_ms = earlier.and_then(|earlier| self.stamp(earlier)).or(head_ms).or(self.window.since_ms);
        let at_least = from_ms.map_or(1, |from_ms| whole_hours_up(start_ms - from_ms)).saturating_sub(unsound).max(1);
        let trouble_ms = from_ms.unwrap_or(i64::MIN);
        self.trouble_ms = Some(self.trouble_ms.map_or(trouble_ms, |known| known.min(trouble_ms)));
        self.findings.push(Finding::Missing { from_ms, to_ms: start_ms, at_least, named: Box::new(pointer.clone()), named_by });
        self.pass_over(next, position);
    }

    /// A Digest that names none before it.
    fn starting(&mut self, position: usize, index: usize, start_ms: i64) {
        let before = (0..position).rev().find(|before| self.is_verified(*before)).and_then(|before| self.at(before)?.1.period_ms());
        let before = before.or_else(|| self.window.head.map(|head| (head.start_ms, head.end_ms)));
        let last_is_verified = position.checked_sub(1).is_none_or(|last| self.is_verified(last));
        let Some((before_start_ms, before_end_ms)) = before else {
            let kind = if last_is_verified { BreakKind::Begins } else { BreakKind::RestartsSuspiciously };
            if !last_is_verified {
                self.findings.push(Finding::SuspiciousStart { digest: index, doubts: vec![Doubt::LastDigestNotVerified] });
            }
            return self.breaks.push(Break { from_ms: None, to_ms: start_ms, kind, digest: index });
        };
        let passed_ms = start_ms - before_end_ms;
        let whole_hours = before_end_ms - before_start_ms >= CADENCE_MS && passed_ms % CADENCE_MS == 0;
        let doubts: Vec<Doubt> = [
            (passed_ms <= 0, Doubt::NoTimePassed),
            (passed_ms > 0 && whole_hours, Doubt::OnTheOldCadence),
            (!last_is_verified, Doubt::LastDigestNotVerified),
        ]
        .into_iter()
        .filter_map(|(holds, doubt)| holds.then_some(doubt))
        .collect();
        let kind = if doubts.is_empty() { BreakKind::Restarts } else { BreakKind::RestartsSuspiciously };
        self.breaks.push(Break { from_ms: Some(before_end_ms), to_ms: start_ms, kind, digest: index });
        if !doubts.is_empty() {
            self.findings.push(Finding::SuspiciousStart { digest: index, doubts });
        }
    }

    /// The clock's word about the newest, and everything that follows from which Digests are verified.
    fn finish(mut self) -> Report {
        for (twin, taken) in std::mem::take(&mut self.slots.twins) {
            let same = self.outcomes.get(taken).map(|outcome| (outcome.reasons.clone(), outcome.adds_to.clone()));
            if let Some((outcome, (reasons, adds_to))) = self.outcomes.get_mut(twin).zip(same) {
                (outcome.reasons, outcome.adds_to) = (reasons, adds_to);
            }
        }
        let verified: Vec<&Link> =
            (0..self.slots.standard.len()).filter(|position| self.is_verified(*position)).filter_map(|p| Some(self.at(p)?.1)).collect();
        let newest_ms = verified.last().and_then(|link| link.period_ms()).map(|(_, end_ms)| end_ms);
        self.newest(newest_ms.or(self.window.head.map(|head| head.end_ms)));
        let first_bad_ms = (0..self.slots.standard.len())
            .filter(|position| !self.is_verified(*position))
            .filter_map(|position| self.stamp(position))
            .min()
            .map(|stamp_ms| stamp_ms - 1);
        let trouble_ms = self.trouble_ms.into_iter().chain(first_bad_ms).min().unwrap_or(i64::MAX);
        let settled = verified.iter().take_while(|link| link.period_ms().is_some_and(|(_, end_ms)| end_ms <= trouble_ms)).last();
        let older = || self.window.head.cloned();
        Report {
            chain: self.chain.clone(),
            rotations: rotations(self.window.head, &verified),
            proven: proven(&verified),
            head: verified.last().and_then(|link| Head::of(link)).or_else(older),
            settled: settled.and_then(|link| Head::of(link)).or_else(older),
            outcomes: self.outcomes,
            findings: self.findings,
            breaks: self.breaks,
        }
    }

    /// Whether the newest Digest is as new as it should be.
    fn newest(&mut self, newest_ms: Option<i64>) {
        let Some(from_ms) = newest_ms else {
            // What has been looked at and holds nothing proves nothing.
            return self.findings.push(Finding::NoDigests);
        };
        let Some(to_ms) = self.window.until_ms else { return };
        // Those that stand there and are not verified have reasons of their own.
        let there = (0..self.slots.standard.len()).filter_map(|position| self.stamp(position)).filter(|stamp| *stamp > from_ms).count();
        let count = ((to_ms - from_ms) / CADENCE_MS).max(0) as u64;
        if count > there as u64 {
            self.findings.push(Finding::MissingNewest { from_ms, to_ms, count: count - there as u64 });
        }
    }
}

/// Hours that a stretch of time takes, at least one.
fn whole_hours_up(milliseconds: i64) -> u64 {
    (milliseconds.max(1) as u64).div_ceil(CADENCE_MS as u64)
}

fn rotations(head: Option<&Head>, verified: &[&Link]) -> Vec<Rotation> {
    let mut before = head.map(|head| head.fingerprint);
    let mut rotations = Vec::new();
    for claims in verified.iter().filter_map(|link| link.claims.as_ref()) {
        if let Some(from) = before.replace(claims.fingerprint).filter(|from| *from != claims.fingerprint) {
            rotations.push(Rotation { at_ms: claims.end_ms, from, to: claims.fingerprint });
        }
    }
    rotations
}

/// The periods of verified Digests, joined where one starts when the other ends.
fn proven(verified: &[&Link]) -> Vec<Period> {
    let mut proven: Vec<Period> = Vec::new();
    for (from_ms, to_ms) in verified.iter().filter_map(|link| link.period_ms()) {
        match proven.last_mut() {
            Some(last) if last.to_ms == from_ms => last.to_ms = to_ms,
            _ => proven.push(Period { from_ms, to_ms }),
        }
    }
    proven
}
