//! Backfill Digests: a series of its own, whose members add to the periods of the chain's.

use std::collections::HashMap;

use super::{Finding, Window, slots};
use crate::{Link, Location, Reason, chain::Outcome, location::DigestKey};

/// Judges the backfill Digests of a chain and says which periods they add to.
pub(super) fn join(
    links: &[Link],
    backfill: &[usize],
    standard: &[usize],
    window: &Window<'_>,
    outcomes: &mut [Outcome],
    findings: &mut Vec<Finding>,
) {
    let places: HashMap<&Location, usize> =
        backfill.iter().chain(standard).filter_map(|index| links.get(*index).map(|link| (&link.location, *index))).collect();
    for index in backfill.iter().copied() {
        let Some(link) = links.get(index).filter(|link| link.reasons.is_empty()) else { continue };
        if let Some(pointer) = link.previous() {
            match places.get(&pointer.location).and_then(|place| links.get(*place)) {
                Some(previous) if previous.reasons.is_empty() => {
                    if previous.hash != Some(pointer.hash) {
                        slots::refuse(outcomes, index, Reason::PreviousHashDiffers);
                    } else if !previous.is(pointer) {
                        slots::refuse(outcomes, index, Reason::PreviousSignatureDiffers);
                    }
                }
                // What is there and not sound has reasons of its own.
                Some(_) => {}
                None if is_known(&pointer.location, window) => {}
                None => findings.push(Finding::MissingBackfill { named_by: index, named: Box::new(pointer.clone()) }),
            }
        }
        let adds_to = overlapping(links, link, standard, outcomes);
        if let Some(outcome) = outcomes.get_mut(index) {
            outcome.adds_to = adds_to;
        }
    }
}

/// Whether a place lies before what this walk was given, or is the head's.
fn is_known(location: &Location, window: &Window<'_>) -> bool {
    let before_ms = window.head.map(slots::stamp_of).or(window.since_ms);
    let stamp_ms = DigestKey::parse(&location.key).map(|place| place.stamp_ms);
    stamp_ms.zip(before_ms).is_some_and(|(stamp_ms, before_ms)| stamp_ms <= before_ms)
}

/// The verified Digests whose periods a backfill Digest's overlaps.
fn overlapping(links: &[Link], backfill: &Link, standard: &[usize], outcomes: &[Outcome]) -> Vec<usize> {
    let Some((start_ms, end_ms)) = backfill.period_ms() else { return Vec::new() };
    let overlaps = |index: &usize| {
        let period = links.get(*index).and_then(Link::period_ms);
        let verified = outcomes.get(*index).is_some_and(Outcome::is_verified);
        verified && period.is_some_and(|(from_ms, to_ms)| from_ms < end_ms && start_ms < to_ms)
    };
    // Periods follow one another: those that end by the start of this one come first, those that start after its end last.
    let first = standard.partition_point(|index| links.get(*index).and_then(Link::stamp_ms).is_some_and(|stamp| stamp <= start_ms - 1000));
    standard
        .iter()
        .skip(first)
        .copied()
        .take_while(|index| links.get(*index).and_then(Link::stamp_ms).is_some_and(|stamp| stamp < end_ms + 86_400_000))
        .filter(overlaps)
        .collect()
}
