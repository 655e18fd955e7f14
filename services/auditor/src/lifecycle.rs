//! What becomes of findings from round to round: opened, resolved, opened again. Pure: what was open, what a round looked at and what it found come
//! in, what is open and what changed comes out.
//!
//! What a round did not look at is never resolved.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    finding::{Found, Origin},
    heal::Healing,
};

/// Most findings that are remembered as closed, for each account: what is found again is told as opened again.
const MAX_CLOSED: usize = 500;

/// A finding that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// [`Found::id`].
    pub id: String,
    /// What is found.
    pub found: Found,
    /// When it was found first, milliseconds since 1970.
    pub opened_ms: i64,
    /// When it was found last.
    pub seen_ms: i64,
    /// The stretch that was looked at when it was found; of all times together, milliseconds since 1970.
    pub within: (i64, i64),
    /// What was done about it.
    #[serde(default)]
    pub healing: Healing,
}

/// How a finding changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Found, and not open before; or found to be final, where it was provisional.
    Opened,
    /// Found again after it was resolved.
    Reopened,
    /// What is missing was asked for, for the first time; or it is asked for no more, and is still missing.
    Healing,
    /// It was asked for, and landed as it was signed.
    Healed,
    /// Looked for and not found any more.
    Resolved,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Opened, Self::Reopened, Self::Healing, Self::Healed, Self::Resolved];

    /// Its stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Healing => "healing",
            Self::Healed => "healed",
            Self::Resolved => "resolved",
        }
    }
}

/// One change of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// How.
    pub state: State,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// The finding as it is now.
    pub open: Open,
}

/// What a part of a round looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// Which part of the round.
    pub origin: Origin,
    /// These accounts; none: all.
    pub accounts: Option<BTreeSet<String>>,
    /// But not these: their part was cut.
    pub cut: BTreeSet<String>,
    /// From this moment on, milliseconds since 1970; none: from the beginning.
    pub since_ms: Option<i64>,
    /// Before this moment.
    pub until_ms: i64,
}

impl Looked {
    /// Whether it would have found this again, if it were still so.
    pub fn covers(&self, open: &Open) -> bool {
        let found = &open.found;
        if self.origin != found.origin {
            return false;
        }
        let wanted = match &found.account {
            Some(account) => self.accounts.as_ref().is_none_or(|accounts| accounts.contains(account)) && !self.cut.contains(account),
            // What is no account's is found by looking at all of them.
            None => self.accounts.is_none() && self.cut.is_empty(),
        };
        let (since_ms, until_ms) = (self.since_ms.unwrap_or(i64::MIN), self.until_ms);
        match found.span_ms() {
            // A stretch that began before the window is found again by what lies in it.
            Some((from_ms, to_ms)) if from_ms < to_ms => wanted && to_ms > since_ms && from_ms < until_ms,
            Some((at_ms, _)) => wanted && (since_ms..until_ms).contains(&at_ms),
            // What has no time of its own lies somewhere in what was looked at then.
            None => wanted && since_ms <= open.within.0 && open.within.1 <= until_ms,
        }
    }

    /// The stretch, milliseconds since 1970.
    fn window(&self) -> (i64, i64) {
        (self.since_ms.unwrap_or(i64::MIN), self.until_ms)
    }

    /// Whether a stretch that was found begins where the looking began: it may have begun earlier.
    fn may_cut(&self, found: &Found) -> bool {
        self.origin == found.origin && self.since_ms.zip(found.from_ms).is_some_and(|(since_ms, from_ms)| from_ms <= since_ms)
    }
}

/// The findings of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// Those that are open.
    #[serde(default)]
    pub open: Vec<Open>,
    /// Ids of those that were resolved, and when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub closed: BTreeMap<String, i64>,
}

impl Findings {
    /// Takes in what a round found of this account. `room` says whether one more may be remembered: what may not is given back and told by nobody.
    pub fn take(&mut self, looked: &[Looked], found: Vec<Found>, now_ms: i64, mut room: impl FnMut(&Open) -> bool) -> Taken {
        let mut taken = Taken::default();
        let mut by_id: BTreeMap<String, usize> = self.open.iter().enumerate().map(|(place, open)| (open.id.clone(), place)).collect();
        let mut seen = BTreeSet::new();
        for found in found {
            let found = self.begun_earlier(looked, found.capped());
            let id = found.id();
            if !seen.insert(id.clone()) {
                continue;
            }
            let within = within(looked, found.origin);
            if let Some(open) = by_id.get(&id).and_then(|place| self.open.get_mut(*place)) {
                taken.changes.extend(open.found_again(found, within, now_ms));
                continue;
            }
            let open = Open { id: id.clone(), found, opened_ms: now_ms, seen_ms: now_ms, within, healing: Healing::default() };
            if !room(&open) {
                taken.beyond.push(open.found);
                continue;
            }
            let state = if self.closed.remove(&id).is_some() { State::Reopened } else { State::Opened };
            taken.changes.push(Change { state, at_ms: now_ms, open: open.clone() });
            by_id.insert(id, self.open.len());
            self.open.push(open);
        }
        let gone = |open: &Open| !seen.contains(&open.id) && looked.iter().any(|looked| looked.covers(open));
        taken.changes.extend(self.close(gone, now_ms));
        taken
    }

    /// Closes those that are not so any more.
    pub fn close(&mut self, gone: impl Fn(&Open) -> bool, now_ms: i64) -> Vec<Change> {
        let (closed, open): (Vec<Open>, Vec<Open>) = std::mem::take(&mut self.open).into_iter().partition(gone);
        self.open = open;
        self.closed.extend(closed.iter().map(|open| (open.id.clone(), now_ms)));
        while self.closed.len() > MAX_CLOSED {
            let Some(oldest) = self.closed.iter().min_by_key(|(_, at_ms)| **at_ms).map(|(id, _)| id.clone()) else { break };
            self.closed.remove(&oldest);
        }
        let state = |open: &Open| if open.healing.asked_ms.is_empty() { State::Resolved } else { State::Healed };
        closed.into_iter().map(|open| Change { state: state(&open), at_ms: now_ms, open }).collect()
    }

    /// Whether there is nothing to remember.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.closed.is_empty()
    }

    /// What begins with the window may be what is open since before: it keeps its beginning, and so its id.
    fn begun_earlier(&self, looked: &[Looked], found: Found) -> Found {
        if !looked.iter().any(|looked| looked.may_cut(&found)) {
            return found;
        }
        let Some(from_ms) = found.from_ms else { return found };
        let joins = |open: &&Open| {
            let to_ms = open.found.to_ms.unwrap_or(i64::MAX);
            open.found.is_about(&found) && open.found.from_ms.is_some_and(|began_ms| began_ms <= from_ms) && to_ms >= from_ms
        };
        let earlier = self.open.iter().filter(joins).filter_map(|open| open.found.from_ms).min();
        Found { from_ms: earlier.or(found.from_ms), ..found }
    }
}

/// What taking in a round's findings came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// What changed.
    pub changes: Vec<Change>,
    /// Found, and not remembered for want of room.
    pub beyond: Vec<Found>,
}

/// All that was looked at by a part of the round.
fn within(looked: &[Looked], origin: Origin) -> (i64, i64) {
    let windows = || looked.iter().filter(|looked| looked.origin == origin).map(Looked::window);
    let (since_ms, until_ms) = (windows().map(|(since_ms, _)| since_ms).min(), windows().map(|(_, until_ms)| until_ms).max());
    (since_ms.unwrap_or(i64::MIN), until_ms.unwrap_or(i64::MAX))
}

impl Open {
    /// It is still so. A change where it is final now.
    fn found_again(&mut self, found: Found, within: (i64, i64), now_ms: i64) -> Option<Change> {
        let became_final = self.found.provisional && !found.provisional;
        self.within = (self.within.0.min(within.0), self.within.1.max(within.1));
        (self.found, self.seen_ms) = (found, now_ms);
        became_final.then(|| Change { state: State::Opened, at_ms: now_ms, open: self.clone() })
    }
}

#[cfg(test)]
mod tests;
