//! What was found is held against what was open, account by account, as far as the notes have room.

use std::collections::{BTreeMap, BTreeSet};

use super::Round;
use crate::{
    finding::{Found, Origin},
    lifecycle::{Looked, Open},
    notes::NOBODY,
};

/// Most names of findings that were not remembered one by one.
const MOST_NAMES: usize = 16;
/// So long before the first file that was ever seen nothing was delivered: one day, milliseconds.
const BEFORE_MS: i64 = 86_400_000;

impl Round<'_> {
    /// Takes in what was found by looking there. `landed` has the ids of what landed as it was signed; none: nobody could look. `left_out` counts what was
    /// found and is not among `found`, by name. Gives what there was no room for.
    pub(super) fn reconcile(
        &mut self,
        looked: &[Looked],
        found: Vec<Found>,
        landed: Option<&BTreeSet<String>>,
        left_out: &BTreeMap<String, u64>,
    ) -> BTreeMap<String, Vec<Found>> {
        let mut by_account: BTreeMap<String, Vec<Found>> = self.accounts.keys().map(|account| (account.clone(), Vec::new())).collect();
        for found in found {
            by_account.entry(found.account.clone().unwrap_or_else(|| NOBODY.to_owned())).or_default().push(found);
        }
        if !left_out.is_empty() {
            self.report.beyond += left_out.values().sum::<u64>();
            by_account.entry(NOBODY.to_owned()).or_default();
        }
        let first_ms = self.accounts.values().flat_map(|note| note.content.seen.values()).min().copied();
        let mut all = BTreeMap::new();
        let (auditors, own): (Vec<Looked>, Vec<Looked>) = looked.iter().cloned().partition(|looked| looked.origin == Origin::Auditor);
        for (account, mut found) in by_account {
            // What is certain goes before what may still heal by itself, where not all can be remembered.
            found.sort_by_key(|found| found.provisional);
            let note = &mut self.accounts.entry(account.clone()).or_default().content;
            let mut taken = note.take(&own, found, landed, self.now_ms, self.settings.bounds.note_bytes);
            note.findings.begin_at(note.seen.values().min().copied().or(first_ms).map(|first_ms| first_ms - BEFORE_MS));
            let mut beyond = counts(&taken.beyond);
            if account == NOBODY {
                add(&mut beyond, left_out);
            }
            if taken.beyond.is_empty() {
                note.beyond = crate::heal::Healing::default();
            }
            // It is told that there is more, whatever the room.
            let more: Vec<Found> = more(&account, &beyond).into_iter().collect();
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
        let mut all = Vec::new();
        for (account, note) in &mut self.accounts {
            let forgotten = note.content.fit();
            if !forgotten.is_empty() {
                tracing::warn!(
                    account,
                    forgotten = forgotten.len(),
                    "an account's note is full: findings that are open are not remembered"
                );
                all.push((account.clone(), counts(&forgotten)));
            }
        }
        for (account, forgotten) in all {
            self.add_more(&account, &forgotten);
        }
    }

    /// Tells that there are these, too, beside what is remembered of an account.
    pub(super) fn add_more(&mut self, account: &str, further: &BTreeMap<String, u64>) {
        self.report.beyond += further.values().sum::<u64>();
        let findings = &mut self.accounts.entry(account.to_owned()).or_default().content.findings;
        // What this round has told already still counts.
        let told = |open: &&Open| open.found.origin == Origin::Auditor && open.seen_ms == self.now_ms;
        let before = findings.open.iter().find(told).map(|open| open.found.clone());
        let Some(more) = more(account, further) else { return };
        let more = match before {
            Some(before) => {
                let reasons = names(before.reasons.iter().chain(&more.reasons));
                Found { count: Some(before.count.unwrap_or_default() + more.count.unwrap_or_default()), reasons, ..more }
            }
            None => more,
        };
        self.changes.extend(findings.take(&[], vec![more], None, self.now_ms, |_| true).changes);
    }
}

/// How many there are of each name.
pub(super) fn counts(all: &[Found]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for found in all {
        *counts.entry(found.name.clone()).or_default() += 1;
    }
    counts
}

fn add(counts: &mut BTreeMap<String, u64>, others: &BTreeMap<String, u64>) {
    for (name, count) in others {
        *counts.entry(name.clone()).or_default() += count;
    }
}

fn names<'a>(all: impl Iterator<Item = &'a String>) -> Vec<String> {
    all.collect::<BTreeSet<&String>>().into_iter().take(MOST_NAMES).cloned().collect()
}

/// That there is more than is remembered: so many, by name.
fn more(account: &str, beyond: &BTreeMap<String, u64>) -> Option<Found> {
    let count = beyond.values().sum::<u64>();
    (count > 0).then(|| Found {
        origin: Origin::Auditor,
        name: "more_findings".to_owned(),
        account: (account != NOBODY).then(|| account.to_owned()),
        count: Some(count),
        reasons: names(beyond.keys()),
        detail: "there are more findings than are remembered and told one by one; trailkeep verify tells all of them".to_owned(),
        ..Found::default()
    })
}
