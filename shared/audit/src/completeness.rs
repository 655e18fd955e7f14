//! Completeness against what CloudTrail signed: the log files that verified Digests list, joined with rows of `sources/`.
//!
//! Feed, in any order, the periods of the verified Digests ([`Completeness::signed`]), each log file that they list
//! ([`Completeness::listed`]) and each landed file ([`Completeness::landed`]); [`Completeness::finish`] has an outcome for every
//! file. Nothing is kept of a name but 128 bits of its hash, so that a busy day fits into memory; names of findings are found in a second
//! pass over what the findings point to ([`Report::name`]).
//!
//! It says nothing of what CloudTrail did not sign: events that selectors leave out, stopped trails, Insights and NetworkActivity. Whether a
//! raw segment still stands is not looked at here: these are the hashes of what was landed.

use std::collections::BTreeMap;

use trailkeep_keys::{AccountId, LogClass, Region};

mod facts;
mod judge;
mod periods;
mod report;
#[cfg(test)]
mod tests;

pub use report::{Counts, Finding, FindingKind, Landed, Listed, ObjectName, Outcome, Place, Report, Uncovered};

use self::{
    facts::{Fact, Facts, Part},
    judge::Judge,
    periods::Periods,
};
use crate::{Day, Sha256};

/// Most findings of one kind that are told one by one. The rest is counted.
pub const MAX_FINDINGS: usize = 10_000;

/// The first 16 bytes of SHA-256(length of the bucket's name as 4 bytes, big end first ‖ bucket ‖ key).
///
/// Whoever wants one file taken for another needs a second name with the same 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub [u8; 16]);

impl FileId {
    /// The id of an object.
    pub fn of(bucket: &str, key: &str) -> Self {
        let length = u32::try_from(bucket.len()).unwrap_or(u32::MAX).to_be_bytes();
        let Sha256(hash) = Sha256::of_parts(&[&length, bucket.as_bytes(), key.as_bytes()]);
        let mut id = [0; 16];
        id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Self(id)
    }
}

/// A log file that a verified Digest lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedFile<'a> {
    /// Its bucket.
    pub bucket: &'a str,
    /// Its key.
    pub key: &'a str,
    /// The class that its key names.
    pub class: LogClass,
    /// The account that its key names.
    pub account: AccountId,
    /// The Region that its key names.
    pub region: Region,
    /// The time in its file name, milliseconds since 1970.
    pub delivered_ms: i64,
    /// What CloudTrail signed: SHA-256 of its inflated bytes.
    pub inflated_sha256: Sha256,
    /// The caller's number of the Digest; findings give it back.
    pub digest: u32,
    /// The end of the Digest's period, milliseconds since 1970; kept to the second.
    pub digest_end_ms: i64,
}

/// A row of `sources/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LandedFile<'a> {
    /// Canonical bucket.
    pub bucket: &'a str,
    /// Its key.
    pub key: &'a str,
    /// 1; higher for other content under a key that had landed. Above 16,383 they count as one.
    pub revision: u32,
    /// The class that its key names.
    pub class: LogClass,
    /// The account that its key names.
    pub account: AccountId,
    /// The Region that its key names.
    pub region: Region,
    /// The time in its file name, milliseconds since 1970.
    pub delivered_ms: i64,
    /// SHA-256 of its inflated bytes; none where it could not be inflated.
    pub inflated_sha256: Option<Sha256>,
    /// Nothing of it could be read.
    pub quarantined: bool,
    /// The caller's number of the `sources/` object with this row; findings give it back.
    pub source: u32,
}

/// The period of a verified Digest, whether it lists files or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedPeriod {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
    /// Start, milliseconds since 1970.
    pub start_ms: i64,
    /// End, milliseconds since 1970.
    pub end_ms: i64,
}

/// The join. About 90 bytes a file (68, and room to grow), whichever side is fed first: 440 MB for a day of 4.9 million files.
#[derive(Debug, Default)]
pub struct Completeness {
    facts: Facts,
    places: Places,
    periods: BTreeMap<(AccountId, Region), Periods>,
    /// Since when files of a class are listed, milliseconds since 1970, where the class is not always.
    classes: BTreeMap<(AccountId, Region, LogClass), i64>,
}

impl Completeness {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the period of a verified Digest. Those of an account's and Region's trails count together.
    pub fn signed(&mut self, period: &SignedPeriod) {
        self.periods.entry((period.account, period.region)).or_default().add(period.start_ms, period.end_ms);
    }

    /// Takes a log file that a verified Digest lists. Give the Digest's period to [`Self::signed`] too.
    pub fn listed(&mut self, file: &ListedFile<'_>) {
        self.listed_as(FileId::of(file.bucket, file.key), file);
    }

    /// As [`Self::listed`], of a file whose id is known: its bucket and key are not looked at.
    pub fn listed_as(&mut self, id: FileId, file: &ListedFile<'_>) {
        if file.class != LogClass::CloudTrail {
            let since = self.classes.entry((file.account, file.region, file.class)).or_insert(i64::MAX);
            *since = file.delivered_ms.min(*since);
        }
        let day = Day::of(file.delivered_ms);
        let place = self.places.number(Place { account: file.account, region: file.region, day });
        let part = Part::Listed { digest: file.digest, end_s: whole_seconds(file.digest_end_ms) };
        self.facts.push(Fact::new(id, place, file.class, minute_of_day(file.delivered_ms), Some(file.inflated_sha256), part));
    }

    /// Takes a row of `sources/`, of any class and revision.
    pub fn landed(&mut self, file: &LandedFile<'_>) {
        self.landed_as(FileId::of(file.bucket, file.key), file);
    }

    /// As [`Self::landed`], of a file whose id is known: its bucket and key are not looked at.
    pub fn landed_as(&mut self, id: FileId, file: &LandedFile<'_>) {
        let day = Day::of(file.delivered_ms);
        let place = self.places.number(Place { account: file.account, region: file.region, day });
        let part = Part::Landed { revision: file.revision, quarantined: file.quarantined, source: file.source };
        self.facts.push(Fact::new(id, place, file.class, minute_of_day(file.delivered_ms), file.inflated_sha256, part));
    }

    /// What came of it as of `now_ms`, milliseconds since 1970.
    pub fn finish(self, now_ms: i64) -> Report {
        self.finish_each(now_ms, |_, _| ())
    }

    /// As [`Self::finish`], and tells the outcome of every file, in the order of ids: for the leaves of an attestation, whose names a second pass over
    /// `sources/` has.
    pub fn finish_each(self, now_ms: i64, mut tell: impl FnMut(FileId, Outcome)) -> Report {
        self.finish_with(now_ms, |id, outcome, _| tell(id, outcome))
    }

    /// As [`Self::finish_each`], and says of a file that did not land how it is listed: its name is in that Digest.
    pub fn finish_with(self, now_ms: i64, mut tell: impl FnMut(FileId, Outcome, Option<Listed>)) -> Report {
        let judge = Judge { places: &self.places.list, periods: &self.periods, classes: &self.classes, now_ms };
        let mut report = Report::default();
        self.facts.for_each_file(|facts| {
            if let (Some(first), Some(outcome)) = (facts.first(), judge.judge(facts, &mut report)) {
                let landed = facts.iter().any(|fact| fact.landed().is_some());
                tell(first.id(), outcome, if landed { None } else { judge::first_listed(facts) });
            }
        });
        report
    }
}

/// Account, Region and day as small numbers.
#[derive(Debug, Default)]
struct Places {
    numbers: BTreeMap<Place, u32>,
    list: Vec<Place>,
    last: Option<(Place, u32)>,
}

impl Places {
    fn number(&mut self, place: Place) -> u32 {
        if let Some((last, number)) = self.last
            && last == place
        {
            return number;
        }
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(place).or_insert(next);
        if number == next {
            self.list.push(place);
        }
        self.last = Some((place, number));
        number
    }
}

fn minute_of_day(unix_ms: i64) -> u32 {
    (unix_ms.div_euclid(60_000).rem_euclid(1440)) as u32
}

/// Whole seconds since 1970, as far as 32 bits hold them (2106).
fn whole_seconds(unix_ms: i64) -> u32 {
    unix_ms.div_euclid(1000).clamp(0, i64::from(u32::MAX)) as u32
}
