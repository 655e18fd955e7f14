//! One round: what is looked at, what is found, what changed, what is done about it. In the order in which `design.md` has it; what is remembered is written
//! once everything else is.

mod attesting;
mod coverage;
mod error;
mod healing;
mod keys;
mod roster;
mod settling;
mod silence;
mod telling;
mod verification;

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use trailkeep_archive::BatchId;
use trailkeep_pipeline::ports::causes;
use trailkeep_restore::Archive;

pub use self::error::{RoundError, StepError};
use self::{coverage::Covered, keys::Trusted, verification::Verified};
use crate::{
    finding::{Found, Origin},
    lease::{Lease, LeaseError},
    lifecycle::{Change, Looked},
    metrics::AuditorMetrics,
    notes::{self, Account, Kept, Memory, NOBODY, STATE},
    ports::Ports,
    report::RoundReport,
    settings::Settings,
    stop::Stop,
};

/// Notes that are read or written at once.
const NOTES_AT_ONCE: usize = 16;
/// What a note's own members take beside its findings, in bytes.
const NOTE_FRAME_BYTES: usize = 1_024;
/// Most names of findings that were not remembered one by one.
const MOST_NAMES: usize = 16;

/// A round under way.
pub(crate) struct Round<'a> {
    ports: &'a Ports,
    settings: &'a Settings,
    lease: &'a Lease,
    stop: &'a Stop,
    metrics: &'a AuditorMetrics,
    archive: Archive,
    /// When it began, milliseconds since 1970: nothing in it happens at another time.
    now_ms: i64,
    /// What its rows say of it.
    id: String,
    memory: Kept<Memory>,
    /// By account's id, or `-`.
    accounts: BTreeMap<String, Kept<Account>>,
    /// An account's note that should be there is not.
    notes_lost: bool,
    changes: Vec<Change>,
    report: RoundReport,
}

/// Runs a round.
///
/// # Errors
/// [`RoundError`]: nothing that was remembered has changed. A step that failed is in the report.
pub(crate) async fn run(
    ports: &Ports,
    settings: &Settings,
    lease: &Lease,
    stop: &Stop,
    metrics: &AuditorMetrics,
) -> Result<RoundReport, RoundError> {
    let archive = Archive::open(ports.archive.clone()).await?;
    let now_ms = ports.surroundings.now().unix_ms;
    let mut round = Round {
        ports,
        settings,
        lease,
        stop,
        metrics,
        archive,
        now_ms,
        id: BatchId::new(now_ms, ports.surroundings.random()).to_string(),
        memory: Kept::default(),
        accounts: BTreeMap::new(),
        notes_lost: false,
        changes: Vec::new(),
        report: RoundReport::default(),
    };
    round.remember().await?;
    round.steps().await?;
    Ok(round.report)
}

impl Round<'_> {
    async fn steps(&mut self) -> Result<(), RoundError> {
        let step = self.keys(&BTreeSet::new()).await;
        let mut trusted = self.done("keys", step)?;
        let step = self.roster().await;
        self.done("roster", step)?;
        let verified = self.verify_with(&mut trusted).await?;
        let thoroughly = verified.as_ref().is_some_and(|verified| verified.lagging);
        let step = Box::pin(self.cover(thoroughly)).await;
        let covered = self.done("coverage", step)?;
        self.go_on()?;
        let beyond = self.take_in(verified, covered);
        let step = self.settle().await;
        self.done("settle", step)?;
        let step = self.heal(&beyond).await;
        self.done("heal", step)?;
        let rows = self.write_rows().await?;
        self.tell().await?;
        self.keep().await?;
        self.count();
        self.go_on()?;
        let step = Box::pin(self.attest(trusted.as_ref(), rows)).await;
        self.done("attest", step)?;
        self.hold().await?;
        Ok(notes::write(self.ports.ledger.as_ref(), STATE, &mut self.memory).await?)
    }

    /// Verifies; where Digests name keys that are not kept, once more with those that CloudTrail has.
    async fn verify_with(&mut self, trusted: &mut Option<Trusted>) -> Result<Option<Verified>, RoundError> {
        let Some(known) = trusted.as_ref() else { return Ok(None) };
        self.go_on()?;
        let step = Box::pin(self.verify(&known.keys)).await.map_err(StepError::from);
        let mut verified = self.done("verify", step)?;
        let unknown = verified.as_ref().map(|verified| verified.unknown_keys.clone()).unwrap_or_default();
        if unknown.is_empty() || self.ports.keys.is_none() {
            return Ok(verified);
        }
        let before = known.keys.len();
        let step = self.keys(&unknown).await;
        match self.done("keys", step)? {
            Some(more) if more.keys.len() > before => {
                let step = Box::pin(self.verify(&more.keys)).await.map_err(StepError::from);
                verified = self.done("verify", step)?;
                *trusted = Some(more);
            }
            _ => {}
        }
        Ok(verified.map(|verified| self.without_unasked(verified)))
    }

    /// A Digest whose key could not be asked for is no finding yet: its account is left alone.
    fn without_unasked(&self, mut verified: Verified) -> Verified {
        let unasked: BTreeSet<&String> =
            verified.unknown_keys.iter().filter(|region| self.memory.content.keys_ms.get(*region) != Some(&self.now_ms)).collect();
        let (left, found): (Vec<Found>, Vec<Found>) = std::mem::take(&mut verified.found)
            .into_iter()
            .partition(|found| found.region.as_ref().is_some_and(|region| unasked.contains(region)));
        let accounts: BTreeSet<String> = left.into_iter().filter_map(|found| found.account).collect();
        verified.looked.iter_mut().for_each(|looked| looked.cut.extend(accounts.iter().cloned()));
        Verified { found, ..verified }
    }

    /// Reads what was remembered.
    async fn remember(&mut self) -> Result<(), RoundError> {
        let ledger = self.ports.ledger.as_ref();
        self.memory = notes::read(ledger, STATE).await?;
        self.memory.content.first_ms.get_or_insert(self.now_ms);
        let names = self.memory.content.accounts.clone();
        let read = |account: String| async move {
            let note: Kept<Account> = notes::read(ledger, &notes::of_account(&account)).await?;
            Ok::<_, RoundError>((account, note))
        };
        self.accounts = stream::iter(names).map(read).buffer_unordered(NOTES_AT_ONCE).try_collect().await?;
        self.notes_lost = self.accounts.values().any(|note| note.version.is_none() || note.lost);
        if self.notes_lost {
            tracing::warn!("notes of accounts are lost: everything is verified in full, and what is open is told again");
            self.memory.content.verified_ms = None;
        }
        Ok(())
    }

    /// Writes what is remembered: accounts first, so that the state names no note that is not there.
    async fn keep(&mut self) -> Result<(), RoundError> {
        self.hold().await?;
        let ledger = self.ports.ledger.as_ref();
        for (account, note) in &mut self.accounts {
            if note.version.is_none() && note.content != Account::default() {
                // A state that was lost may have left the account's note.
                let there: Kept<Account> = notes::read(ledger, &notes::of_account(account)).await?;
                note.version = there.version;
            }
        }
        let mut writes = Vec::new();
        for (account, note) in &mut self.accounts {
            let name = notes::of_account(account);
            writes.push(async move { notes::write(ledger, &name, note).await });
        }
        stream::iter(writes).buffer_unordered(NOTES_AT_ONCE).try_collect::<()>().await?;
        let kept = self.accounts.iter().filter(|(_, note)| note.content != Account::default() || note.version.is_some());
        self.memory.content.accounts = kept.map(|(account, _)| account.clone()).collect();
        notes::write(ledger, STATE, &mut self.memory).await?;
        // The version that was just written is read, so that it can be written over once more.
        let content = std::mem::take(&mut self.memory.content);
        self.memory = notes::read(ledger, STATE).await?;
        self.memory.content = content;
        Ok(())
    }

    /// Takes in what was found, account by account. Gives what there was no room for.
    fn take_in(&mut self, verified: Option<Verified>, covered: Option<Covered>) -> BTreeMap<String, Vec<Found>> {
        let (mut looked, mut found): (Vec<Looked>, Vec<Found>) = (Vec::new(), Vec::new());
        let mut roster_ms = None;
        if let Some(verified) = verified {
            self.report.digests_verified = verified.digests_verified;
            self.report.files_verified = verified.files_verified;
            self.report.verified = true;
            self.memory.content.verified_ms = Some(verified.until_ms);
            if verified.lagging {
                self.memory.content.lagging_ms = Some(self.now_ms);
            }
            // What there was no room for is found, and gone, by looking at the same.
            looked.extend(verified.looked.iter().cloned().map(|looked| Looked { origin: Origin::Auditor, ..looked }));
            looked.extend(verified.looked);
            found.extend(verified.found);
            for (account, marks) in verified.marks.by_account() {
                let note = &mut self.accounts.entry(account.to_string()).or_default().content;
                note.marks = serde_json::to_value(&marks).unwrap_or_default();
            }
        }
        if let Some(covered) = covered {
            self.memory.content.seen_through = covered.seen.through.map(|day| day.to_string());
            for (account, regions) in &covered.seen.accounts {
                let seen = regions.iter().map(|(region, first_ms)| (region.to_string(), *first_ms)).collect();
                self.accounts.entry(account.to_string()).or_default().content.seen = seen;
            }
            roster_ms = covered.told.roster_observed_ms;
            looked.push(covered.looked);
            found.extend(covered.found);
        }
        self.report.roster_age_h = self.roster_age_h(roster_ms);
        self.reconcile(&looked, found)
    }

    fn reconcile(&mut self, looked: &[Looked], found: Vec<Found>) -> BTreeMap<String, Vec<Found>> {
        let mut by_account: BTreeMap<String, Vec<Found>> = self.accounts.keys().map(|account| (account.clone(), Vec::new())).collect();
        for found in found {
            by_account.entry(found.account.clone().unwrap_or_else(|| NOBODY.to_owned())).or_default().push(found);
        }
        let mut beyond = BTreeMap::new();
        let (auditors, own): (Vec<Looked>, Vec<Looked>) = looked.iter().cloned().partition(|looked| looked.origin == Origin::Auditor);
        for (account, mut found) in by_account {
            // What is certain goes before what may still heal by itself, where not all can be remembered.
            found.sort_by_key(|found| found.provisional);
            let note = &mut self.accounts.entry(account.clone()).or_default().content;
            let mut left = self.settings.bounds.note_bytes.saturating_sub(notes::size_bytes(note) + NOTE_FRAME_BYTES);
            let mut room = |open: &crate::lifecycle::Open| {
                let fits = left.checked_sub(notes::size_bytes(open).saturating_mul(2).min(notes::size_bytes(open) + 512));
                left = fits.unwrap_or(left);
                fits.is_some()
            };
            let mut taken = note.findings.take(&own, found, self.now_ms, &mut room);
            let more: Vec<Found> = (!taken.beyond.is_empty()).then(|| more(&account, &taken.beyond)).into_iter().collect();
            if more.is_empty() {
                note.beyond = crate::heal::Healing::default();
            }
            // It is told that there is more, whatever the room.
            taken.changes.extend(note.findings.take(&auditors, more, self.now_ms, |_| true).changes);
            self.changes.extend(taken.changes);
            if !taken.beyond.is_empty() {
                self.report.beyond += taken.beyond.len() as u64;
                beyond.insert(account, taken.beyond);
            }
        }
        beyond
    }

    /// Moves the lease: before anything is written or sent.
    async fn hold(&self) -> Result<(), LeaseError> {
        self.lease.hold().await
    }

    /// Whether nobody asked to stop.
    fn go_on(&self) -> Result<(), RoundError> {
        if self.stop.is_asked() { Err(RoundError::Stopped) } else { Ok(()) }
    }

    /// What a step came to. A lost lease ends the round; anything else is told, and the others go on.
    fn done<T>(&mut self, step: &'static str, outcome: Result<T, StepError>) -> Result<Option<T>, RoundError> {
        match outcome {
            Ok(done) => Ok(Some(done)),
            Err(StepError::Lease(error)) => Err(error.into()),
            Err(error) => {
                self.step_failed(step, &error);
                Ok(None)
            }
        }
    }

    fn step_failed(&mut self, step: &'static str, error: &StepError) {
        tracing::error!(
            step,
            error = causes(error),
            "a step of the round failed; the others go on, and nothing that it looks at is resolved"
        );
        self.metrics.step_failed(step);
        self.report.failed.push(step);
    }

    /// How everything stands now.
    fn count(&mut self) {
        self.metrics.changed(&self.changes);
        self.report.count(self.accounts.values().map(|note| &note.content), &self.changes);
    }
}

/// That there is more than is remembered.
fn more(account: &str, beyond: &[Found]) -> Found {
    let mut names: Vec<String> = beyond.iter().map(|found| found.name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names.truncate(MOST_NAMES);
    Found {
        origin: Origin::Auditor,
        name: "more_findings".to_owned(),
        account: (account != NOBODY).then(|| account.to_owned()),
        count: Some(beyond.len() as u64),
        reasons: names,
        detail: "there are more findings than are remembered and told one by one; trailkeep verify tells all of them".to_owned(),
        ..Found::default()
    }
}
