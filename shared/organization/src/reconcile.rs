//! The roster held against Organizations' own records in the archive, and against who delivers.
//!
//! An observation says how it stood at a time; events say when it became so. Where both agree, the event's time is the exact one. Where they
//! contradict each other, or the roster lacks somebody, that is a difference: nobody can say then who should deliver.

use std::collections::{BTreeMap, BTreeSet};

use trailkeep_archive::AccountRow;
use trailkeep_keys::AccountId;

use crate::{
    events::{EventKind, OrganizationEvent},
    history::History,
    roster::State,
};

#[cfg(test)]
mod tests;

/// Most differences that are told one by one. The rest is counted.
pub const MAX_DIFFERENCES: usize = 10_000;

/// How roster and records contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceKind {
    /// `joined_not_listed`: an event says that it joined, and the roster does not list it: it is older, or wrong.
    JoinedNotListed,
    /// `left_still_listed`: an event says that it left, and the roster lists it: it is older, or wrong.
    LeftStillListed,
    /// `delivers_not_listed`: the archive has files of it, and the roster never listed it.
    DeliversNotListed,
}

impl DifferenceKind {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::JoinedNotListed => "joined_not_listed",
            Self::LeftStillListed => "left_still_listed",
            Self::DeliversNotListed => "delivers_not_listed",
        }
    }
}

/// A contradiction between the roster and what the archive holds. One of them is enough for nothing to be called complete.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The account.
    pub account: AccountId,
    /// How they contradict each other.
    pub kind: DifferenceKind,
    /// When the event was, milliseconds since 1970.
    pub at_ms: Option<i64>,
    /// The event, as CloudTrail names it.
    pub event_name: Option<String>,
    /// Its event id.
    pub event_id: Option<String>,
}

/// A time that an event makes exact: an observation found only later that it was so. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Narrowed {
    /// The account.
    pub account: AccountId,
    /// What happened to it.
    pub kind: EventKind,
    /// When.
    pub at_ms: i64,
    /// The observation that found it: `valid_from` or `left_at` of its row.
    pub observed_ms: i64,
    /// The event's id.
    pub event_id: String,
}

/// What came of holding them against each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Contradictions, by account: the first [`MAX_DIFFERENCES`].
    pub differences: Vec<Difference>,
    /// Those that were counted and are not in the list.
    pub differences_left_out: u64,
    /// Times that events make exact, by account.
    pub narrowed: Vec<Narrowed>,
}

impl Reconciled {
    /// The last time that something happened to an account, where an event says so exactly.
    pub fn exactly(&self, account: AccountId, kind: EventKind) -> Option<i64> {
        self.narrowed.iter().filter(|narrowed| narrowed.account == account && narrowed.kind == kind).map(|narrowed| narrowed.at_ms).max()
    }
}

/// Holds a history against events of Organizations, in any order, and against the accounts that the archive has files of. Events that neither the
/// management account nor the account itself recorded say nothing of who is a member.
pub fn reconcile(history: &History, events: &[OrganizationEvent], delivering: &BTreeSet<AccountId>) -> Reconciled {
    let told = Told::by_account(history, events);
    let mut reconciled = Reconciled::default();
    let mut differences = Vec::new();
    for (account, told) in &told {
        let rows = history.rows_of(*account);
        differences.extend(told.contradiction(*account, rows));
        reconciled.narrowed.extend(told.narrowed(*account, rows));
    }
    let strangers = delivering.iter().filter(|account| history.rows_of(**account).is_empty());
    let met: BTreeSet<AccountId> = differences.iter().map(|difference| difference.account).collect();
    differences.extend(strangers.filter(|account| !met.contains(account)).map(|account| Difference {
        account: *account,
        kind: DifferenceKind::DeliversNotListed,
        at_ms: None,
        event_name: None,
        event_id: None,
    }));
    differences.sort();
    reconciled.differences_left_out = differences.len().saturating_sub(MAX_DIFFERENCES) as u64;
    differences.truncate(MAX_DIFFERENCES);
    reconciled.differences = differences;
    reconciled.narrowed.sort();
    reconciled
}

/// The events of one account that count, oldest first.
#[derive(Debug, Default)]
struct Told<'a>(Vec<(EventKind, &'a OrganizationEvent)>);

impl<'a> Told<'a> {
    fn by_account(history: &History, events: &'a [OrganizationEvent]) -> BTreeMap<AccountId, Self> {
        let management: BTreeSet<&str> = history.rows().filter_map(|row| row.management_account.as_deref()).collect();
        let mut told: BTreeMap<AccountId, Self> = BTreeMap::new();
        for event in events {
            let Some(account) = event.account else { continue };
            let Some(kind) = kind_here(event, history) else { continue };
            let by = event.recorded_by;
            let by_management = by.is_some_and(|by| management.contains(by.as_str()));
            let heard = match kind {
                EventKind::Joined | EventKind::Left => management.is_empty() || by_management || by == Some(account),
                // A delegated administrator may do these.
                _ => management.is_empty() || by_management || by.is_some_and(|by| !history.rows_of(by).is_empty()),
            };
            if heard {
                told.entry(account).or_default().0.push((kind, event));
            }
        }
        for told in told.values_mut() {
            told.0.sort_by(|a, b| (a.1.at_ms, &a.1.event_id).cmp(&(b.1.at_ms, &b.1.event_id)));
        }
        told
    }

    /// Whether the last that is told of its membership contradicts what was observed.
    fn contradiction(&self, account: AccountId, rows: &[AccountRow]) -> Option<Difference> {
        let (kind, event) = self.0.iter().rev().find(|(kind, _)| matches!(kind, EventKind::Joined | EventKind::Left))?;
        let last = rows.last();
        let listed = last.filter(|row| row.valid_to.is_none());
        let kind = match (kind, listed, last) {
            // Found after it had joined; what was found later may be so although no event was delivered.
            (EventKind::Joined, None, Some(row)) if row.observed_at >= event.at_ms => return None,
            (EventKind::Joined, None, _) => DifferenceKind::JoinedNotListed,
            (EventKind::Left, Some(row), _) if !came_back(row, rows, event.at_ms) => DifferenceKind::LeftStillListed,
            _ => return None,
        };
        let (at_ms, event_name, event_id) = (Some(event.at_ms), Some(event.name.clone()), Some(event.event_id.clone()));
        Some(Difference { account, kind, at_ms, event_name, event_id })
    }

    /// The times that its events make exact.
    fn narrowed(&self, account: AccountId, rows: &[AccountRow]) -> Vec<Narrowed> {
        let mut narrowed = Vec::new();
        let mut take = |kind: EventKind, after_ms: i64, observed_ms: i64| {
            let within = |event: &OrganizationEvent| event.at_ms > after_ms && event.at_ms <= observed_ms;
            if let Some((_, event)) = self.0.iter().rev().find(|(told, event)| *told == kind && within(event)) {
                narrowed.push(Narrowed { account, kind, at_ms: event.at_ms, observed_ms, event_id: event.event_id.clone() });
            }
        };
        if let Some(first) = rows.first() {
            begun(first, i64::MIN, &mut take);
            if !active(first) {
                take(EventKind::Closed, i64::MIN, first.valid_from);
            }
        }
        for pair in rows.windows(2) {
            let [before, row] = pair else { continue };
            if before.left_at.is_some() {
                begun(row, before.observed_at, &mut take);
            } else {
                if before.ou_ids != row.ou_ids {
                    take(EventKind::Moved, before.observed_at, row.valid_from);
                }
                if before.tags != row.tags {
                    take(EventKind::Tagged, before.observed_at, row.valid_from);
                }
            }
            if active(before) && !active(row) {
                take(EventKind::Closed, before.observed_at, row.valid_from);
            }
        }
        for row in rows {
            if let Some(left_at) = row.left_at {
                take(EventKind::Left, row.observed_at, left_at);
            }
        }
        narrowed
    }
}

/// When it joined, where Organizations itself does not say.
fn begun(row: &AccountRow, after_ms: i64, take: &mut impl FnMut(EventKind, i64, i64)) {
    if row.joined_at.is_none() {
        take(EventKind::Joined, after_ms, row.valid_from);
    }
}

fn active(row: &AccountRow) -> bool {
    row.state == State::Active.as_str()
}

/// What an event did to this organization: joining another one is leaving it.
fn kind_here(event: &OrganizationEvent, history: &History) -> Option<EventKind> {
    let bare = |id: &str| id.strip_prefix("o-").unwrap_or(id).to_owned();
    let ours = match (&event.organization, history.organization()) {
        (Some(told), Some(ours)) => bare(told) == bare(ours),
        _ => true,
    };
    match (event.kind, ours) {
        (kind, true) => Some(kind),
        (EventKind::Joined, false) => Some(EventKind::Left),
        (_, false) => None,
    }
}

/// Whether an account that left at a time was found to have come back since.
fn came_back(listed: &AccountRow, rows: &[AccountRow], left_ms: i64) -> bool {
    let joined = listed.joined_at.is_some_and(|joined_at| joined_at > left_ms);
    joined || rows.iter().any(|row| row.left_at.is_some_and(|left_at| left_at >= left_ms))
}
