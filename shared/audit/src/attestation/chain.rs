//! The chain of attestations: each names the one issued before it, and a later one of a day takes an earlier one's place.

use std::collections::BTreeMap;

use super::{
    envelope::{Envelope, EnvelopeError},
    key::PublicKey,
    statement::Kind,
};
use crate::{Day, Sha256};

/// What is wrong with a chain of attestations.
#[derive(Debug, thiserror::Error)]
pub enum ChainProblem {
    /// One that cannot be read, or that none of the keys signed.
    #[error("attestation {at} of those given is not verified")]
    NotVerified {
        /// Its place among those that were given, from 0.
        at: usize,
        /// Why.
        #[source]
        error: EnvelopeError,
    },
    /// Two different ones of one number: the signer has told two stories.
    #[error("two different attestations have number {sequence}")]
    Forked {
        /// The number.
        sequence: u64,
    },
    /// Numbers are missing before this one.
    #[error("attestations {from} to {to} are missing")]
    Missing {
        /// The first missing number.
        from: u64,
        /// The last one.
        to: u64,
    },
    /// The one before it is not the one that it names.
    #[error("attestation {sequence} names another attestation before it than the one that is there")]
    PreviousDiffers {
        /// Its number.
        sequence: u64,
    },
    /// It is of another archive than the first.
    #[error("attestation {sequence} is of another archive")]
    OtherArchive {
        /// Its number.
        sequence: u64,
    },
    /// It says that it was made before the one before it.
    #[error("attestation {sequence} was issued before the one before it")]
    IssuedEarlier {
        /// Its number.
        sequence: u64,
    },
    /// It is not the first of its day and does not take the place of the newest of that day, or takes the place of one that is not of that day.
    #[error("attestation {sequence} does not take the place of the one before it for {day}")]
    Supersedes {
        /// Its number.
        sequence: u64,
        /// Its day.
        day: Day,
    },
    /// A provisional one after the final one of its day.
    #[error("attestation {sequence} is provisional, after a final one for {day}")]
    ProvisionalAfterFinal {
        /// Its number.
        sequence: u64,
        /// Its day.
        day: Day,
    },
}

impl ChainProblem {
    /// Its stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NotVerified { .. } => "not_verified",
            Self::Forked { .. } => "forked",
            Self::Missing { .. } => "missing",
            Self::PreviousDiffers { .. } => "previous_differs",
            Self::OtherArchive { .. } => "other_archive",
            Self::IssuedEarlier { .. } => "issued_earlier",
            Self::Supersedes { .. } => "supersedes_differs",
            Self::ProvisionalAfterFinal { .. } => "provisional_after_final",
        }
    }

    /// The number that it is about, where there is one; of several the first.
    pub const fn sequence(&self) -> Option<u64> {
        match self {
            Self::NotVerified { .. } => None,
            Self::Missing { from: sequence, .. }
            | Self::Forked { sequence }
            | Self::PreviousDiffers { sequence }
            | Self::OtherArchive { sequence }
            | Self::IssuedEarlier { sequence }
            | Self::Supersedes { sequence, .. }
            | Self::ProvisionalAfterFinal { sequence, .. } => Some(*sequence),
        }
    }
}

/// What came of checking a chain.
#[derive(Debug, Default)]
pub struct ChainReport {
    /// How many are verified, each by itself.
    pub verified: u64,
    /// First and last number of those.
    pub range: Option<(u64, u64)>,
    /// SHA-256 of the last one: to be compared with a head that was kept elsewhere.
    pub head: Option<Sha256>,
    /// For each day the number and kind of the attestation that counts.
    pub days: BTreeMap<Day, (u64, Kind)>,
    /// What is wrong.
    pub problems: Vec<ChainProblem>,
}

impl ChainReport {
    /// Whether nothing is wrong and there is something.
    pub fn is_sound(&self) -> bool {
        self.verified > 0 && self.problems.is_empty()
    }
}

/// Checks attestations in whatever order they are given, against the keys that are trusted. `after` is the number and hash of an attestation
/// that was checked before; with none, the chain must begin with number 1. All are held in memory: [`ChainWalk`] takes one after the other.
///
/// Attestations at the end that were taken away are not noticed here: compare `head` with one that was kept elsewhere.
pub fn check_chain<'a>(envelopes: impl IntoIterator<Item = &'a [u8]>, keys: &[PublicKey], after: Option<(u64, Sha256)>) -> ChainReport {
    let mut walk = ChainWalk::after(after);
    let mut verified: Vec<(Envelope, Sha256)> = Vec::new();
    for (at, bytes) in envelopes.into_iter().enumerate() {
        match verify(bytes, keys) {
            Ok(envelope) => verified.push((envelope, Sha256::of(bytes))),
            Err(error) => walk.report.problems.push(ChainProblem::NotVerified { at, error }),
        }
    }
    verified.sort_by_key(|(envelope, hash)| (envelope.statement.sequence, *hash));
    verified.dedup_by_key(|(_, hash)| *hash);
    for (envelope, hash) in &verified {
        walk.step(envelope, *hash);
    }
    walk.report
}

fn verify(bytes: &[u8], keys: &[PublicKey]) -> Result<Envelope, EnvelopeError> {
    let envelope = Envelope::parse(bytes)?;
    envelope.verify_with(keys)?;
    Ok(envelope)
}

/// The check of a chain whose attestations come one after the other, by ascending numbers: only hashes are kept of them.
#[derive(Debug)]
pub struct ChainWalk {
    before: Option<(u64, Sha256)>,
    archive: Option<String>,
    issued_at_ms: i64,
    /// The newest of each day: its kind and hash.
    newest: BTreeMap<Day, (Kind, Sha256)>,
    /// Nothing lies before what was given.
    in_full: bool,
    report: ChainReport,
}

impl ChainWalk {
    /// Begins after an attestation that was checked before, with its number and hash; with none, at number 1.
    pub fn after(before: Option<(u64, Sha256)>) -> Self {
        let in_full = before.is_none();
        Self { before, archive: None, issued_at_ms: i64::MIN, newest: BTreeMap::new(), in_full, report: ChainReport::default() }
    }

    /// What was found so far.
    pub fn report(&self) -> &ChainReport {
        &self.report
    }

    /// Takes the next one, with its SHA-256. Whether a key signed it is the caller's to say ([`Envelope::verify_with`]): what nobody signed is not given.
    pub fn step(&mut self, envelope: &Envelope, hash: Sha256) {
        let statement = &envelope.statement;
        let (sequence, day) = (statement.sequence, statement.day);
        let (before, before_hash) = self.before.map_or((0, None), |(number, hash)| (number, Some(hash)));
        if sequence <= before {
            return self.report.problems.push(ChainProblem::Forked { sequence });
        }
        if sequence - before > 1 {
            self.report.problems.push(ChainProblem::Missing { from: before + 1, to: sequence - 1 });
            self.in_full = false;
        } else if statement.previous != before_hash {
            self.report.problems.push(ChainProblem::PreviousDiffers { sequence });
        }
        if self.archive.get_or_insert_with(|| statement.archive.clone()) != &statement.archive {
            self.report.problems.push(ChainProblem::OtherArchive { sequence });
        }
        if statement.issued_at_ms < self.issued_at_ms {
            self.report.problems.push(ChainProblem::IssuedEarlier { sequence });
        }
        self.issued_at_ms = statement.issued_at_ms;
        self.same_day(envelope);
        self.newest.insert(day, (statement.kind, hash));
        self.before = Some((sequence, hash));
        self.report.verified += 1;
        self.report.range = Some((self.report.range.map_or(sequence, |(from, _)| from), sequence));
        self.report.head = Some(hash);
        self.report.days.insert(day, (sequence, statement.kind));
    }

    fn same_day(&mut self, envelope: &Envelope) {
        let statement = &envelope.statement;
        let (sequence, day) = (statement.sequence, statement.day);
        let newest = self.newest.get(&day);
        let expected = newest.map(|(_, hash)| *hash);
        // What lies before the part that was given cannot be known.
        let unknown = newest.is_none() && !self.in_full;
        if statement.supersedes != expected && !unknown {
            self.report.problems.push(ChainProblem::Supersedes { sequence, day });
        }
        if statement.kind == Kind::Provisional && newest.is_some_and(|(kind, _)| *kind == Kind::Final) {
            self.report.problems.push(ChainProblem::ProvisionalAfterFinal { sequence, day });
        }
    }
}
