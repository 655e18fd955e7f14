//! What becomes of findings from round to round: opened, resolved, opened again. Pure: what was open, what a round looked at and what it found come
//! in, what is open and what changed comes out.
//!
//! What a round did not look at is never resolved.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    finding::{Found, Origin},
    heal::{Healing, wanted},
};

/// How far back rounds look at most, in milliseconds: 40 days, less the one in which a round gets round to it. CloudTrail retries for 30.
const REACH_MS: i64 = 39 * 86_400_000;

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
    /// Since when it is acknowledged as it is, milliseconds since 1970; none: it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_ms: Option<i64>,
    /// When it was opened once more since it was found first, milliseconds since 1970: what was said of it before is not of what it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopened_ms: Option<i64>,
}

/// How a finding changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Found, and not open before; or found to be final, where it was provisional.
    Opened,
    /// Found again after it was resolved; or acknowledged, and found to be another than it was then.
    Reopened,
    /// What is missing was asked for, or looked for in the log bucket, for the first time; or it is asked for no more, and is still missing.
    Healing,
    /// It was asked for, and landed with the hash that CloudTrail signed.
    Healed,
    /// Looked for and not found any more.
    Resolved,
    /// It is still so, and somebody said why that is known.
    Acknowledged,
    /// It is still so, and how bad it is, why, or whether it lasts is not what was told.
    Changed,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Opened, Self::Reopened, Self::Healing, Self::Healed, Self::Resolved, Self::Acknowledged, Self::Changed];

    /// Its stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Healing => "healing",
            Self::Healed => "healed",
            Self::Resolved => "resolved",
            Self::Acknowledged => "acknowledged",
            Self::Changed => "changed",
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
    /// More was found than is named one by one: what is not among it may still be so.
    pub partial: bool,
}

impl Looked {
    /// Whether it would have found this again, if it were still so, as of this moment.
    pub fn covers(&self, open: &Open, now_ms: i64) -> bool {
        let found = &open.found;
        if self.origin != found.origin || self.partial {
            return false;
        }
        let wanted = match &found.account {
            Some(account) => self.accounts.as_ref().is_none_or(|accounts| accounts.contains(account)) && !self.cut.contains(account),
            // What is no account's is found by looking at all of them.
            None => self.accounts.is_none() && self.cut.is_empty(),
        };
        let (since_ms, until_ms) = (self.since_ms.unwrap_or(i64::MIN), self.until_ms);
        wanted
            && match found.span_ms() {
                // It was found by a clock that was ahead. Any look that is not of an old day says better.
                Some((from_ms, _)) if from_ms > now_ms => until_ms > now_ms - REACH_MS,
                // A stretch that began before the window is found again by what lies in it.
                Some((from_ms, to_ms)) if from_ms < to_ms => to_ms > since_ms && from_ms < until_ms,
                Some((at_ms, _)) => (since_ms..until_ms).contains(&at_ms),
                None => self.covers_without_times(open, now_ms),
            }
    }

    /// What has no time of its own lies somewhere in what was looked at then.
    fn covers_without_times(&self, open: &Open, now_ms: i64) -> bool {
        // Who is expected and what is known of it is asked as a whole, whatever the window.
        if open.found.origin == Origin::Coverage {
            return true;
        }
        let (from_ms, to_ms) = (open.within.0, open.within.1.min(now_ms));
        let reach_ms = self.until_ms.saturating_sub(REACH_MS);
        // What may still heal, and that there is more, is about what rounds look at. The rest is so until all of it was looked at, or no round looks at
        // it any more.
        let begins_ms = if open.is_of_late() { from_ms.max(reach_ms) } else { from_ms };
        self.since_ms.unwrap_or(i64::MIN) <= begins_ms && (to_ms <= self.until_ms || open.within.1 > now_ms) || to_ms <= reach_ms
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
    /// Takes in what a round found of this account. `landed` has the ids of what has landed with the hash that CloudTrail signed; none: nobody could
    /// look, and what an object would put right stays open. `room` says whether one more may be remembered: what may not is given back and told by
    /// nobody.
    pub fn take(
        &mut self,
        looked: &[Looked],
        found: Vec<Found>,
        landed: Option<&BTreeSet<String>>,
        now_ms: i64,
        mut room: impl FnMut(&Open) -> bool,
    ) -> Taken {
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
            let open = Open { within, ..Open::new(id.clone(), found, now_ms) };
            if !room(&open) {
                taken.beyond.push(open.found);
                continue;
            }
            let state = if self.closed.remove(&id).is_some() { State::Reopened } else { State::Opened };
            taken.changes.push(Change { state, at_ms: now_ms, open: open.clone() });
            by_id.insert(id, self.open.len());
            self.open.push(open);
        }
        // What was found again in this round landed after it was looked at, if at all: the next round says so.
        let gone = |open: &Open| {
            let covered = || (landed.is_some() || wanted(&open.found).is_none()) && looked.iter().any(|looked| looked.covers(open, now_ms));
            !seen.contains(&open.id) && (landed.is_some_and(|landed| landed.contains(&open.id)) || covered())
        };
        taken.changes.extend(self.close(gone, landed, now_ms));
        taken
    }

    /// Closes those that are not so any more. Only what landed as it was signed is healed.
    fn close(&mut self, gone: impl Fn(&Open) -> bool, landed: Option<&BTreeSet<String>>, now_ms: i64) -> Vec<Change> {
        let (closed, open): (Vec<Open>, Vec<Open>) = std::mem::take(&mut self.open).into_iter().partition(gone);
        self.open = open;
        self.closed.extend(closed.iter().map(|open| (open.id.clone(), now_ms)));
        while self.closed.len() > MAX_CLOSED {
            self.forget_oldest();
        }
        let state = |open: &Open| {
            let healed = !open.healing.asked_ms.is_empty() && landed.is_some_and(|landed| landed.contains(&open.id));
            if healed { State::Healed } else { State::Resolved }
        };
        closed.into_iter().map(|open| Change { state: state(&open), at_ms: now_ms, open }).collect()
    }

    /// Forgets that the first of those that are closed ever was. Gives whether there was one.
    pub(crate) fn forget_oldest(&mut self) -> bool {
        let oldest = self.closed.iter().min_by_key(|(_, at_ms)| **at_ms).map(|(id, _)| id.clone());
        oldest.is_some_and(|id| self.closed.remove(&id).is_some())
    }

    /// What was found by looking from the beginning on lies after this moment, milliseconds since 1970: so that looking from there on can find that
    /// it is gone.
    pub(crate) fn begin_at(&mut self, first_ms: Option<i64>) {
        let Some(first_ms) = first_ms else { return };
        for open in self.open.iter_mut().filter(|open| open.within.0 == i64::MIN) {
            open.within.0 = first_ms;
        }
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
        match self.open.iter().filter(joins).min_by_key(|open| open.found.from_ms) {
            Some(open) => found.going_on(&open.found, open.found.from_ms.is_some_and(|from_ms| open.within.0 < from_ms)),
            None => found,
        }
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
    /// What is found now, and was not open before.
    pub(crate) fn new(id: String, found: Found, now_ms: i64) -> Self {
        let (within, healing) = ((now_ms, now_ms), Healing::default());
        Self { id, found, opened_ms: now_ms, seen_ms: now_ms, within, healing, acknowledged_ms: None, reopened_ms: None }
    }

    /// Since when it is told as it is, milliseconds since 1970: what was known earlier is not this.
    pub(crate) fn told_ms(&self) -> i64 {
        self.reopened_ms.unwrap_or(self.opened_ms).max(self.opened_ms)
    }

    /// From when on it is to be looked at again, milliseconds since 1970.
    pub(crate) fn begins_ms(&self, now_ms: i64) -> i64 {
        match self.found.span_ms() {
            Some((from_ms, _)) => from_ms,
            None if self.is_of_late() => self.within.0.max(now_ms.saturating_sub(REACH_MS)),
            None => self.within.0,
        }
    }

    /// It is about what rounds look at, and about nothing before.
    fn is_of_late(&self) -> bool {
        self.found.provisional || self.found.origin == Origin::Auditor
    }

    /// It is still so. A change where it is final now, or where something else is to be told of it.
    fn found_again(&mut self, found: Found, within: (i64, i64), now_ms: i64) -> Option<Change> {
        let became_final = self.found.provisional && !found.provisional;
        let (is_another, is_told_anew) = (self.found.is_another(&found), self.found.is_told_anew(&found));
        // What a clock wrote that was ahead is not believed any longer.
        let until_ms = if self.within.1 > now_ms { within.1 } else { self.within.1.max(within.1) };
        self.within = (self.within.0.min(within.0), until_ms);
        (self.found, self.seen_ms) = (found, now_ms);
        let state = if became_final {
            State::Opened
        } else if is_another && self.acknowledged_ms.is_some() {
            State::Reopened
        } else if is_told_anew {
            State::Changed
        } else {
            return None;
        };
        if became_final || is_another {
            // What was acknowledged, or is being acknowledged, was not this.
            (self.acknowledged_ms, self.reopened_ms) = (None, Some(now_ms));
        }
        Some(Change { state, at_ms: now_ms, open: self.clone() })
    }
}

#[cfg(test)]
mod tests;
