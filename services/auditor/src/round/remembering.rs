//! What was found is held against what was open, account by account, as far as the notes have room.

use std::collections::{BTreeMap, BTreeSet};

use super::Round;
use crate::{
    finding::{Found, Origin},
    lifecycle::{Looked, Open},
    notes::{Account, NOBODY},
};

/// Most names of findings that were not remembered one by one.
const MOST_NAMES: usize = 16;
/// So long before the first file that was ever seen nothing was delivered: one day, milliseconds.
const BEFORE_MS: i64 = 86_400_000;

impl Round<'_> {
    /// Takes in what was found by looking there. `landed` has the ids of what landed as it was signed; none: nobody could look. `left_out` counts what was
    /// found and is not among `found`. Gives what there was no room for.
    pub(super) fn reconcile(
        &mut self,
        looked: &[Looked],
        found: Vec<Found>,
        landed: Option<&BTreeSet<String>>,
        left_out: u64,
    ) -> BTreeMap<String, Vec<Found>> {
        let mut by_account: BTreeMap<String, Vec<Found>> = self.accounts.keys().map(|account| (account.clone(), Vec::new())).collect();
        for found in found {
            by_account.entry(found.account.clone().unwrap_or_else(|| NOBODY.to_owned())).or_default().push(found);
        }
        if left_out > 0 {
            self.report.beyond += left_out;
            by_account.entry(NOBODY.to_owned()).or_default();
        }
        let first_ms = self.accounts.values().flat_map(|note| note.content.seen.values()).min().copied();
        let mut all = BTreeMap::new();
        let (auditors, own): (Vec<Looked>, Vec<Looked>) = looked.iter().cloned().partition(|looked| looked.origin == Origin::Auditor);
        for (account, mut found) in by_account {
            // What is certain goes before what may still heal by itself, where not all can be remembered.
            found.sort_by_key(|found| found.provisional);
            let note = &mut self.accounts.entry(account.clone()).or_default().content;
            let mut left = note.room_bytes(self.settings.bounds.note_bytes);
            let mut room = |open: &Open| {
                let fits = left.checked_sub(Account::needs_bytes(open));
                left = fits.unwrap_or(left);
                fits.is_some()
            };
            let mut taken = note.findings.take(&own, found, landed, self.now_ms, &mut room);
            note.findings.begin_at(note.seen.values().min().copied().or(first_ms).map(|first_ms| first_ms - BEFORE_MS));
            let nobodys = if account == NOBODY { left_out } else { 0 };
            let more: Vec<Found> = more(&account, &taken.beyond, nobodys).into_iter().collect();
            if taken.beyond.is_empty() {
                note.beyond = crate::heal::Healing::default();
            }
            // It is told that there is more, whatever the room.
            taken.changes.extend(note.findings.take(&auditors, more, landed, self.now_ms, |_| true).changes);
            self.changes.extend(taken.changes);
            if !taken.beyond.is_empty() {
                self.report.beyond += taken.beyond.len() as u64;
                all.insert(account, taken.beyond);
            }
        }
        all
    }

    /// Makes every note fit into the ledger. What has to be forgotten for that is counted and told.
    pub(super) fn fit(&mut self) {
        for (account, note) in &mut self.accounts {
            let forgotten = note.content.fit();
            if forgotten.is_empty() {
                continue;
            }
            tracing::warn!(account, forgotten = forgotten.len(), "an account's note is full: findings that are open are not remembered");
            self.report.beyond += forgotten.len() as u64;
            let told = |open: &&Open| open.found.origin == Origin::Auditor && open.seen_ms == self.now_ms;
            let before = note.content.findings.open.iter().find(told).and_then(|open| open.found.count).unwrap_or_default();
            let more = more(account, &forgotten, before).into_iter().collect();
            self.changes.extend(note.content.findings.take(&[], more, None, self.now_ms, |_| true).changes);
        }
    }
}

/// That there is more than is remembered: these, and so many that are not named.
fn more(account: &str, beyond: &[Found], left_out: u64) -> Option<Found> {
    let mut names: Vec<String> = beyond.iter().map(|found| found.name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(MOST_NAMES);
    let count = beyond.len() as u64 + left_out;
    (count > 0).then(|| Found {
        origin: Origin::Auditor,
        name: "more_findings".to_owned(),
        account: (account != NOBODY).then(|| account.to_owned()),
        count: Some(count),
        reasons: names,
        detail: "there are more findings than are remembered and told one by one; trailkeep verify tells all of them".to_owned(),
        ..Found::default()
    })
}
