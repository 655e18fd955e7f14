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
/// that was checked before; with none, the chain must begin with number 1.
///
/// Attestations at the end that were taken away are not noticed here: compare `head` with one that was kept elsewhere.
pub fn check_chain<'a>(envelopes: impl IntoIterator<Item = &'a [u8]>, keys: &[PublicKey], after: Option<(u64, Sha256)>) -> ChainReport {
    let mut report = ChainReport::default();
    let mut verified: Vec<(Envelope, Sha256)> = Vec::new();
    for (at, bytes) in envelopes.into_iter().enumerate() {
        match verify(bytes, keys) {
            Ok(envelope) => verified.push((envelope, Sha256::of(bytes))),
            Err(error) => report.problems.push(ChainProblem::NotVerified { at, error }),
        }
    }
    verified.sort_by_key(|(envelope, hash)| (envelope.statement.sequence, *hash));
    verified.dedup_by_key(|(_, hash)| *hash);
    let mut walk = Walk { before: after, first: None, issued_at_ms: i64::MIN, newest: BTreeMap::new(), in_full: after.is_none() };
    for (envelope, hash) in &verified {
        walk.step(envelope, *hash, &mut report);
    }
    report
}

fn verify(bytes: &[u8], keys: &[PublicKey]) -> Result<Envelope, EnvelopeError> {
    let envelope = Envelope::parse(bytes)?;
    let stated = envelope.fingerprint;
    let Some(key) = keys.iter().find(|key| key.fingerprint() == stated).or_else(|| keys.first()) else {
        return Err(EnvelopeError::Impossible("there is no key to verify it with"));
    };
    envelope.verify(key)?;
    Ok(envelope)
}

/// Where the check stands.
struct Walk<'a> {
    before: Option<(u64, Sha256)>,
    first: Option<&'a Envelope>,
    issued_at_ms: i64,
    /// The newest of each day: its kind and hash.
    newest: BTreeMap<Day, (Kind, Sha256)>,
    /// Nothing lies before what was given.
    in_full: bool,
}

impl<'a> Walk<'a> {
    fn step(&mut self, envelope: &'a Envelope, hash: Sha256, report: &mut ChainReport) {
        let statement = &envelope.statement;
        let (sequence, day) = (statement.sequence, statement.day);
        let (before, before_hash) = self.before.map_or((0, None), |(number, hash)| (number, Some(hash)));
        if sequence <= before {
            return report.problems.push(ChainProblem::Forked { sequence });
        }
        if sequence - before > 1 {
            report.problems.push(ChainProblem::Missing { from: before + 1, to: sequence - 1 });
            self.in_full = false;
        } else if statement.previous != before_hash {
            report.problems.push(ChainProblem::PreviousDiffers { sequence });
        }
        let first = &self.first.get_or_insert(envelope).statement;
        if statement.archive != first.archive {
            report.problems.push(ChainProblem::OtherArchive { sequence });
        }
        if statement.issued_at_ms < self.issued_at_ms {
            report.problems.push(ChainProblem::IssuedEarlier { sequence });
        }
        self.issued_at_ms = statement.issued_at_ms;
        self.same_day(envelope, report);
        self.newest.insert(day, (statement.kind, hash));
        self.before = Some((sequence, hash));
        report.verified += 1;
        report.range = Some((report.range.map_or(sequence, |(from, _)| from), sequence));
        report.head = Some(hash);
        report.days.insert(day, (sequence, statement.kind));
    }

    fn same_day(&self, envelope: &Envelope, report: &mut ChainReport) {
        let statement = &envelope.statement;
        let (sequence, day) = (statement.sequence, statement.day);
        let newest = self.newest.get(&day);
        let expected = newest.map(|(_, hash)| *hash);
        // What lies before the part that was given cannot be known.
        let unknown = newest.is_none() && !self.in_full;
        if statement.supersedes != expected && !unknown {
            report.problems.push(ChainProblem::Supersedes { sequence, day });
        }
        if statement.kind == Kind::Provisional && newest.is_some_and(|(kind, _)| *kind == Kind::Final) {
            report.problems.push(ChainProblem::ProvisionalAfterFinal { sequence, day });
        }
    }
}
