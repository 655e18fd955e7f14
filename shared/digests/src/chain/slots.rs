//! Sorting the Digests of a chain into places in time: one for each stamp, whoever claims it.

use std::collections::{BTreeMap, HashSet};

use super::{Finding, Head, Outcome};
use crate::{ChainId, HashValue, Link, Location, Reason};

/// Digests in the order of their stamps, by their places among the Links.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// The chain.
    pub(super) standard: Vec<usize>,
    /// The backfill Digests.
    pub(super) backfill: Vec<usize>,
    /// Another look at an object: its place and that of the one that was taken.
    pub(super) twins: Vec<(usize, usize)>,
}

/// Gives each Digest its slot. What has none has a reason.
pub(super) fn sort(chain: &ChainId, links: &[Link], head: Option<&Head>, outcomes: &mut [Outcome], findings: &mut Vec<Finding>) -> Slots {
    let named = named_by_others(links);
    let mut by_stamp: BTreeMap<(bool, i64), Vec<usize>> = BTreeMap::new();
    for (index, link) in links.iter().enumerate() {
        match (&link.chain, link.stamp_ms) {
            (Some(of), Some(stamp_ms)) if of == chain => by_stamp.entry((link.backfill, stamp_ms)).or_default().push(index),
            // A key that is no Digest's has its reason already.
            (None, _) | (_, None) => {}
            (Some(_), Some(_)) => refuse(outcomes, index, Reason::OfAnotherChain),
        }
    }
    let mut slots = Slots::default();
    for ((backfill, stamp_ms), claimants) in by_stamp {
        match head {
            Some(head) if !backfill && stamp_ms <= stamp_of(head) => {
                older(head, stamp_ms, claimants, links, outcomes, findings);
            }
            _ => {
                let taken = choose(&claimants, links, &named);
                if backfill {
                    slots.backfill.push(taken);
                } else {
                    slots.standard.push(taken);
                }
                let (same, others): (Vec<usize>, Vec<usize>) =
                    claimants.into_iter().filter(|index| *index != taken).partition(|index| is_same(links, *index, taken));
                slots.twins.extend(same.into_iter().map(|index| (index, taken)));
                duplicated(stamp_ms, Some(taken), others, outcomes, findings);
            }
        }
    }
    slots
}

/// The stamp of a head's key: its end, to the second.
pub(super) fn stamp_of(head: &Head) -> i64 {
    head.end_ms.div_euclid(1000) * 1000
}

/// Digests at or before the head.
fn older(head: &Head, stamp_ms: i64, claimants: Vec<usize>, links: &[Link], outcomes: &mut [Outcome], findings: &mut Vec<Finding>) {
    if stamp_ms < stamp_of(head) {
        for index in claimants {
            refuse(outcomes, index, Reason::BeforeHead);
        }
        return;
    }
    let is_head = |index: &usize| {
        links.get(*index).is_some_and(|link| {
            link.location == head.location && link.hash == Some(head.hash) && link.signature.as_ref() == Some(&head.signature)
        })
    };
    duplicated(stamp_ms, None, claimants.into_iter().filter(|index| !is_head(index)).collect(), outcomes, findings);
}

fn duplicated(stamp_ms: i64, taken: Option<usize>, others: Vec<usize>, outcomes: &mut [Outcome], findings: &mut Vec<Finding>) {
    if others.is_empty() {
        return;
    }
    for index in &others {
        refuse(outcomes, *index, Reason::DuplicatedStamp);
    }
    findings.push(Finding::DuplicatedStamp { stamp_ms, taken, others });
}

pub(super) fn refuse(outcomes: &mut [Outcome], index: usize, reason: Reason) {
    if let Some(outcome) = outcomes.get_mut(index) {
        outcome.reasons.add(reason);
    }
}

fn is_same(links: &[Link], one: usize, other: usize) -> bool {
    links.get(one).zip(links.get(other)).is_some_and(|(one, other)| one.is_same_as(other))
}

/// What well-signed Digests name as the one before them.
fn named_by_others(links: &[Link]) -> HashSet<(&Location, HashValue)> {
    let sound = links.iter().filter(|link| link.reasons.is_empty());
    sound.filter_map(|link| link.previous()).map(|pointer| (&pointer.location, pointer.hash)).collect()
}

/// Of several Digests with one stamp: one that is sound by itself, of these one that the next Digest names, of these the first by place.
fn choose(claimants: &[usize], links: &[Link], named: &HashSet<(&Location, HashValue)>) -> usize {
    let rank = |index: &usize| {
        let link = links.get(*index);
        let sound = link.is_some_and(|link| link.reasons.is_empty());
        let is_named = link.is_some_and(|link| link.hash.is_some_and(|hash| named.contains(&(&link.location, hash))));
        (!sound, !is_named, link.map(|link| &link.location), *index)
    };
    claimants.iter().copied().min_by_key(|index| rank(index)).unwrap_or_default()
}
