//! What verifying a day for its attestation found: damaged bytes of its sample, and what rounds have not found. It is taken in before anything is signed, so
//! that it is told whatever becomes of the attestation.

use std::collections::{BTreeMap, BTreeSet};

use trailkeep_attest::Judged;
use trailkeep_audit::{Day, Sha256};
use trailkeep_verification::Finding;

use super::{Round, RoundError, remembering::counts, verification::found};
use crate::{
    finding::{Found, Origin},
    lifecycle::Looked,
    notes::{self, NOBODY},
};

const DAY_MS: i64 = 86_400_000;
/// What only reading the bytes again finds, by stable names. Nothing but reading them once more finds that it is not so.
const READ_AGAIN: [&str; 3] = ["damaged", "archived_not_read", "not_read"];

/// What `more_findings` says of findings of a day's verification that are not told one by one.
const OF_A_DAY: &str = "day";

impl Round<'_> {
    /// Takes in what verifying a day found, writes it down, tells and remembers it. Gives the hash of the object with the rows; none: nothing changed.
    pub(super) async fn take_in_day(&mut self, day: Day, judged: &Judged) -> Result<Option<Sha256>, RoundError> {
        let mut found: Vec<Found> = judged.findings().iter().filter_map(|finding| found_of(day, finding)).collect();
        found.extend(contradicted(day, judged.contradicted()));
        let (since_ms, until_ms) = (day.start_ms(), day.start_ms() + DAY_MS);
        let window = Looked { since_ms: Some(since_ms), until_ms, partial: judged.left_out() > 0, ..Looked::default() };
        // Rounds look at the same, and know what lies before the day: they say what is not so any more.
        let mut looked = vec![Looked { origin: Origin::Verification, accounts: Some(BTreeSet::new()), ..window.clone() }];
        if self.settings.sample > 0.0 {
            looked.push(Looked { origin: Origin::Sample, ..window });
        }
        let told = std::mem::take(&mut self.changes);
        self.held_against_open(&looked, found);
        if judged.left_out() > 0 {
            self.add_more(NOBODY, &BTreeMap::from([(OF_A_DAY.to_owned(), judged.left_out())]));
        }
        // What was found again may be longer than it was.
        self.fit();
        let written = self.told_of_day().await;
        let more = std::mem::replace(&mut self.changes, told);
        self.changes.extend(more);
        self.count();
        written
    }

    fn held_against_open(&mut self, looked: &[Looked], found: Vec<Found>) {
        let sampled =
            |note: &&notes::Kept<notes::Account>| note.content.findings.open.iter().any(|open| open.found.origin == Origin::Sample);
        let accounts = self.accounts.iter().filter(|(_, note)| sampled(note)).map(|(account, _)| (account.clone(), Vec::new()));
        let mut by_account: BTreeMap<String, Vec<Found>> = accounts.collect();
        for found in found {
            by_account.entry(found.account.clone().unwrap_or_else(|| NOBODY.to_owned())).or_default().push(found);
        }
        for (account, found) in by_account {
            let note = &mut self.accounts.entry(account.clone()).or_default().content;
            // What may have landed since is for rounds to say.
            let taken = note.take(looked, found, None, self.now_ms, self.settings.bounds.note_bytes);
            self.changes.extend(taken.changes);
            if !taken.beyond.is_empty() {
                self.add_more(&account, &counts(&taken.beyond));
            }
        }
    }

    async fn told_of_day(&mut self) -> Result<Option<Sha256>, RoundError> {
        if self.changes.is_empty() {
            return Ok(None);
        }
        // What was written earlier in this round has another version now.
        let of = |found: &Found| found.account.clone().unwrap_or_else(|| NOBODY.to_owned());
        let accounts: BTreeSet<String> = self.changes.iter().map(|change| of(&change.open.found)).collect();
        for account in accounts {
            let note = self.accounts.entry(account.clone()).or_default();
            let content = std::mem::take(&mut note.content);
            *note = notes::read(self.ports.ledger.as_ref(), &notes::of_account(&account)).await?;
            note.content = content;
        }
        let rows = self.write_rows().await?;
        self.tell().await?;
        self.keep().await?;
        self.metrics.changed(&self.changes);
        Ok(rows)
    }
}

/// A finding of the day's verification as it is remembered; none: it is for rounds alone. Stretches are, since rounds know what lies before the day.
fn found_of(day: Day, finding: &Finding) -> Option<Found> {
    let read_again = READ_AGAIN.contains(&finding.name);
    if finding.key.is_none() && !read_again {
        return None;
    }
    let mut found = found(finding);
    if read_again {
        found.origin = Origin::Sample;
        if found.span_ms().is_none() {
            (found.from_ms, found.to_ms) = (Some(day.start_ms()), Some(day.start_ms() + DAY_MS));
        }
    }
    Some(found)
}

/// Sources that the archive tells in two ways.
fn contradicted(day: Day, count: u64) -> Option<Found> {
    (count > 0).then(|| Found {
        origin: Origin::Sample,
        name: "sources_contradicted".to_owned(),
        from_ms: Some(day.start_ms()),
        to_ms: Some(day.start_ms() + DAY_MS),
        count: Some(count),
        detail: "files of sources/ tell one source in two ways: its hash, version or outcome".to_owned(),
        ..Found::default()
    })
}
