//! One round: what is looked at, what is found, what changed, what is done about it. In the order in which `design.md` has it; what is remembered is written
//! once everything else is.

mod acknowledging;
mod attesting;
mod coverage;
mod days;
mod error;
mod healing;
mod keys;
mod remembering;
mod roster;
mod segments;
mod settling;
mod silence;
mod telling;
mod verification;

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use trailkeep_archive::BatchId;
use trailkeep_coverage::Seen;
use trailkeep_pipeline::ports::causes;
use trailkeep_restore::Archive;

pub use self::error::{NoKeys, RoundError, StepError};
use self::{coverage::Covered, keys::Trusted, segments::Watched, verification::Verified};
use crate::{
    finding::{Found, Origin},
    lease::{Lease, LeaseError},
    lifecycle::{Change, Looked},
    metrics::AuditorMetrics,
    notes::{self, Account, Kept, Memory, NoteError, STATE},
    ports::Ports,
    report::RoundReport,
    settings::Settings,
    stop::Stop,
};

/// Notes that are read or written at once.
const NOTES_AT_ONCE: usize = 16;

/// What `more_findings` says of segments that do not stand and are not told one by one.
const SEGMENTS: &str = "segments";

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
    /// What was refused of the public keys that the archive keeps; none: nobody could look.
    kept_keys: Option<(Looked, Vec<Found>)>,
    report: RoundReport,
}

/// Runs a round. Gives what it came to, as far as it came, and why it came to nothing: then nothing that was remembered has changed. A step that failed is in
/// the report.
pub(crate) async fn run(
    ports: &Ports,
    settings: &Settings,
    lease: &Lease,
    stop: &Stop,
    metrics: &AuditorMetrics,
) -> (RoundReport, Result<(), RoundError>) {
    let archive = match Archive::open(ports.archive.clone()).await {
        Ok(archive) => archive,
        Err(error) => return (RoundReport::default(), Err(error.into())),
    };
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
        kept_keys: None,
        report: RoundReport::default(),
    };
    let ended = round.all().await;
    (round.report, ended)
}

impl Round<'_> {
    async fn all(&mut self) -> Result<(), RoundError> {
        self.remember().await?;
        self.steps().await
    }

    async fn steps(&mut self) -> Result<(), RoundError> {
        let step = self.keys(&BTreeSet::new()).await;
        let mut trusted = self.done("keys", step)?;
        let step = self.roster().await;
        self.done("roster", step)?;
        let verified = self.verify_with(&mut trusted).await?;
        let thoroughly = verified.as_ref().is_some_and(|verified| verified.lagging);
        let step = Box::pin(self.cover(thoroughly)).await;
        let covered = self.done("coverage", step)?.flatten();
        let step = self.watch_segments().await;
        let watched = self.done("segments", step)?.flatten();
        self.go_on()?;
        let step = self.landed().await;
        let landed = self.done("settle", step)?;
        let beyond = self.take_in(verified, covered, watched, landed.as_ref());
        let step = self.heal(&beyond).await;
        self.done("heal", step)?;
        let step = self.acknowledge().await;
        self.done("acknowledge", step)?;
        self.fit();
        // From here on it is known, whatever becomes of the rest.
        self.count();
        let rows = self.write_rows().await?;
        self.tell().await?;
        self.keep().await?;
        self.metrics.changed(&self.changes);
        self.count();
        self.go_on()?;
        Box::pin(self.attest(trusted.as_ref(), rows)).await?;
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
        let first_ms = self.memory.content.first_ms.get_or_insert(self.now_ms);
        *first_ms = self.now_ms.min(*first_ms);
        // A clock that was ahead looked at other days than these.
        self.memory.content.verified_ms = self.memory.content.verified_ms.filter(|end_ms| *end_ms <= self.now_ms);
        let names = self.memory.content.accounts.clone();
        let read = |account: String| async move {
            let note: Kept<Account> = notes::read(ledger, &notes::of_account(&account)).await?;
            Ok::<_, RoundError>((account, note))
        };
        self.accounts = stream::iter(names).map(read).buffer_unordered(NOTES_AT_ONCE).try_collect().await?;
        let now_ms = self.now_ms;
        self.accounts.values_mut().for_each(|note| note.content.none_after(now_ms));
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
        // One account that has no room is no reason to forget what was found of all others.
        let written = stream::iter(writes).buffer_unordered(NOTES_AT_ONCE);
        let full = written.filter_map(|written| async { written.err().map(NoteError::full) });
        let full: Vec<NoteError> = full.try_collect().await?;
        for error in full {
            self.step_failed("notes", &error.into());
        }
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
    fn take_in(
        &mut self,
        verified: Option<Verified>,
        covered: Option<Covered>,
        watched: Option<Watched>,
        landed: Option<&BTreeSet<String>>,
    ) -> BTreeMap<String, Vec<Found>> {
        let (mut looked, mut found): (Vec<Looked>, Vec<Found>) = (Vec::new(), Vec::new());
        let mut left_out = BTreeMap::new();
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
            left_out = verified.left_out;
            for (account, marks) in verified.marks.by_account() {
                let note = &mut self.accounts.entry(account.to_string()).or_default().content;
                note.marks = serde_json::to_value(&marks).unwrap_or_default();
            }
        }
        if let Some((looked_at, refused)) = self.kept_keys.take() {
            looked.push(looked_at);
            found.extend(refused);
        }
        if let Some(covered) = covered {
            self.saw(&covered.seen);
            self.memory.content.covered_ms = Some(self.now_ms);
            self.memory.content.roster_observed_ms = covered.told.roster_observed_ms;
            looked.push(covered.looked);
            found.extend(covered.found);
        }
        if let Some(watched) = watched {
            self.memory.content.segments_day = Some(watched.day);
            looked.push(watched.looked);
            found.extend(watched.found);
            if watched.left_out > 0 {
                left_out.insert(SEGMENTS.to_owned(), watched.left_out);
            }
        }
        self.report.roster_age_h = self.roster_age_h(self.memory.content.roster_observed_ms);
        self.reconcile(&looked, found, landed, &left_out)
    }

    /// Takes in who was seen where, and since when.
    fn saw(&mut self, seen: &Seen) {
        self.memory.content.seen_through = seen.through.map(|day| day.to_string());
        for (account, regions) in &seen.accounts {
            let seen = regions.iter().map(|(region, first_ms)| (region.to_string(), *first_ms)).collect();
            self.accounts.entry(account.to_string()).or_default().content.seen = seen;
        }
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
        if !self.report.failed.contains(&step) {
            self.report.failed.push(step);
        }
    }

    /// How everything stands now.
    fn count(&mut self) {
        self.report.count(self.accounts.values().map(|note| &note.content), &self.changes);
    }
}
