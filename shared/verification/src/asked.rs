//! What is asked: the stretch of time, accounts and Regions, and how deep.

use std::collections::{BTreeMap, BTreeSet};

use trailkeep_audit::RETRY_MS;
use trailkeep_digests::{BucketAliases, CADENCE_MS, ChainId, DigestKey, Head, Period};
use trailkeep_keys::{AccountId, Region};
use trailkeep_records::hash::sha256;

use crate::{Marks, named::Named};

/// When the Digest that covers a moment must be there at the latest, after that moment, in milliseconds: 3 h. It covers an hour, and is
/// delivered within two more.
pub const DIGEST_DUE_MS: i64 = 3 * CADENCE_MS;
/// How far behind the clock an open window ends, in milliseconds: 4 h. A log file may be listed by the Digest after the one of its hour.
pub const OPEN_END_MS: i64 = DIGEST_DUE_MS + CADENCE_MS;
/// All of it, in millionths.
const MILLION: f64 = 1_000_000.0;

/// Which part of an archive is verified. Times are of delivery, milliseconds since 1970.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// From this moment on; none: from where the chains begin.
    pub since_ms: Option<i64>,
    /// Before this moment; none: as far as Digests are due.
    pub until_ms: Option<i64>,
    /// Only these accounts; empty: all.
    pub accounts: BTreeSet<AccountId>,
    /// Only these Regions; empty: all.
    pub regions: BTreeSet<Region>,
    /// Buckets that hold copies: a replica, and the bucket that CloudTrail delivers to.
    pub aliases: BTreeMap<String, String>,
    /// Now, milliseconds since 1970: what is due by then is missed.
    pub as_of_ms: i64,
    /// How far chains have been verified. A mark before the window is taken up: its chain is walked from there, whether or not anything of it is found. One
    /// within it is not, and none is without `since_ms`: then everything is verified in full.
    pub marks: Marks,
}

/// How much of the landed bytes is read again.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Depth {
    /// None: the hashes that were taken at landing are believed, and the segments are looked at from outside.
    #[default]
    Hashes,
    /// A sample: each source with this probability, chosen by its name and the seed alone.
    Sample {
        /// From 0 to 1.
        fraction: f64,
        /// Chooses among all samples.
        seed: u64,
    },
    /// Everything.
    Everything,
}

/// How a verification runs.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// How much is read again.
    pub depth: Depth,
    /// Most findings that are told one by one; all are counted.
    pub findings_kept: usize,
    /// Told whenever something was done.
    pub progress: &'a (dyn Fn(Progress) + Send + Sync),
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("depth", &self.depth).field("findings_kept", &self.findings_kept).finish_non_exhaustive()
    }
}

/// One more step that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// This many files of `sources/` will be read, all rounds together.
    Files(u64),
    /// A file of `sources/` was read.
    File,
    /// This many Digests were found.
    Digests(u64),
    /// This many Digests were read and their signatures checked.
    DigestsRead(u64),
    /// This many sources were read again, with their stored bytes.
    ReadAgain {
        /// Sources.
        sources: u64,
        /// Their bytes.
        bytes: u64,
    },
}

impl Asked {
    /// From when to when it is judged. An open start is the beginning of time here and that of each chain later.
    pub(crate) fn window(&self) -> Period {
        Period { from_ms: self.since_ms.unwrap_or(i64::MIN), to_ms: self.until_ms.unwrap_or(self.as_of_ms - OPEN_END_MS) }
    }

    /// A Digest that ended by then must be there: that of the window's last moment, as far as the clock goes.
    pub(crate) fn due_ms(&self) -> i64 {
        self.window().to_ms.saturating_add(CADENCE_MS - 1).min(self.as_of_ms - DIGEST_DUE_MS + CADENCE_MS)
    }

    pub(crate) fn bucket_aliases(&self) -> BucketAliases {
        self.aliases.iter().fold(BucketAliases::none(), |all, (replica, origin)| all.with(replica, origin))
    }

    /// The bucket that CloudTrail delivered to, of one that may be a replica.
    pub(crate) fn delivered_to<'a>(&'a self, bucket: &'a str) -> &'a str {
        self.aliases.get(bucket).map_or(bucket, String::as_str)
    }

    pub(crate) fn wants_place(&self, account: AccountId, region: Region) -> bool {
        (self.accounts.is_empty() || self.accounts.contains(&account)) && (self.regions.is_empty() || self.regions.contains(&region))
    }

    /// Whether there is no moment in the window.
    pub fn is_empty(&self) -> bool {
        let window = self.window();
        window.from_ms >= window.to_ms
    }

    /// Whether a Digest can say something about what was delivered in the window, or stands between a chain's mark and the window: CloudTrail
    /// tries to deliver for 30 days.
    pub(crate) fn wants_digest(&self, key: &str, named: &Named) -> bool {
        let (window, [first_ms, last_ms]) = (self.window(), named.stamps());
        if first_ms > window.to_ms.saturating_add(RETRY_MS + 2 * CADENCE_MS) {
            return false;
        }
        let key = if self.marks.is_empty() { None } else { DigestKey::parse(key) };
        let mark = key.and_then(|key| Some((key.stamp_ms, self.mark(&key.chain)?.stamp_ms())));
        mark.map_or(window.from_ms < last_ms, |(stamp_ms, mark_ms)| mark_ms < stamp_ms)
    }

    /// Where a chain's walk begins: its mark, if that lies before the window. Digests of the window itself are read whatever a mark says: what they
    /// list is needed, and a mark that somebody wrote there would hide them.
    pub(crate) fn mark(&self, chain: &ChainId) -> Option<&Head> {
        let mark = self.marks.get(chain).filter(|_| self.wants_place(chain.account, chain.region));
        mark.map(|mark| &mark.head).filter(|head| self.since_ms.is_some_and(|since_ms| head.end_ms <= since_ms))
    }

    /// The chains whose walk begins at a mark.
    pub(crate) fn marked(&self) -> impl Iterator<Item = &ChainId> {
        self.marks.iter().map(|(chain, _)| chain).filter(|chain| self.mark(chain).is_some())
    }

    /// From when on anything that landed can be of interest; none: from the beginning.
    pub(crate) fn reads_from_ms(&self) -> Option<i64> {
        let marks = self.marked().filter_map(|chain| self.mark(chain)).map(|head| head.end_ms);
        Some(marks.min().unwrap_or(i64::MAX).min(self.since_ms?))
    }
}

impl Depth {
    /// The part that is read again, from 0 to 1.
    pub fn fraction(self) -> f64 {
        match self {
            Self::Hashes => 0.0,
            Self::Sample { fraction, .. } => fraction,
            Self::Everything => 1.0,
        }
    }

    /// Whether a source is among them; of a replica the bucket that CloudTrail delivered to counts.
    pub fn takes(self, bucket: &str, key: &str) -> bool {
        match self {
            Self::Hashes => false,
            Self::Everything => true,
            Self::Sample { fraction, seed } => place(seed, bucket, key) < fraction * u64::MAX as f64,
        }
    }

    /// The least part, in whole millionths, whose sample with this seed has the source.
    pub fn least_millionths(seed: u64, bucket: &str, key: &str) -> u64 {
        let least = ((place(seed, bucket, key) / u64::MAX as f64 * MILLION).floor() as u64 + 1).min(MILLION as u64);
        // What is whole in millionths is not whole in binary digits.
        let taken = |millionths: u64| Self::Sample { fraction: millionths as f64 / MILLION, seed }.takes(bucket, key);
        if taken(least) { least } else { (least + 1).min(MILLION as u64) }
    }
}

/// Where a source stands among all that there could be, from 0 to what 64 bits hold.
fn place(seed: u64, bucket: &str, key: &str) -> f64 {
    let hash = sha256(format!("{seed}\0{bucket}\0{key}").as_bytes());
    // Eight of its bytes make a number.
    hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_the_same_each_time_and_about_as_large_as_asked() {
        let sample = |fraction, seed| {
            let depth = Depth::Sample { fraction, seed };
            (0..2_000).filter(|n| depth.takes("b", &format!("key {n}"))).collect::<Vec<u32>>()
        };
        let tenth = sample(0.1, 7);
        assert_eq!(tenth, sample(0.1, 7));
        assert_ne!(tenth, sample(0.1, 8));
        assert!((140..260).contains(&tenth.len()), "{}", tenth.len());
        assert!(tenth.iter().all(|n| sample(0.2, 7).contains(n)), "a larger sample holds the smaller");
        assert_eq!((sample(0.0, 1).len(), sample(1.0, 1).len()), (0, 2_000));
    }

    #[test]
    fn the_least_part_that_has_a_source_has_it_and_nothing_less_does() {
        for n in 0..5_000 {
            let (key, seed) = (format!("key {n}"), n % 3);
            let least = Depth::least_millionths(seed, "b", &key);
            let takes = |millionths: u64| Depth::Sample { fraction: millionths as f64 / 1_000_000.0, seed }.takes("b", &key);
            assert!((1..=1_000_000).contains(&least) && takes(least) && !takes(least - 1), "{key}: {least}");
        }
    }

    #[test]
    fn an_open_window_ends_where_digests_are_due() {
        let asked = Asked { as_of_ms: 10 * CADENCE_MS, ..Asked::default() };
        assert_eq!(asked.window(), Period { from_ms: i64::MIN, to_ms: 6 * CADENCE_MS });
        assert_eq!(asked.due_ms(), 7 * CADENCE_MS - 1);
        let until = Asked { until_ms: Some(9 * CADENCE_MS), ..asked };
        assert_eq!((until.window().to_ms, until.due_ms()), (9 * CADENCE_MS, 8 * CADENCE_MS));
    }
}
