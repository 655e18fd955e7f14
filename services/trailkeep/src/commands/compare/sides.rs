//! Two sides of a trail, object by object: 48 bytes for each that the archive holds, and a key for each that differs.

use std::collections::{BTreeMap, HashMap};

use anyhow::ensure;
use serde::Serialize;
use trailkeep_keys::{KeyKind, classify};

use crate::commands::{
    backfill::{
        landed::{Source, hash},
        selection::{Found, day_text},
    },
    estimate::tally::Sum,
};

/// Most objects of the archive that are held: 2.4 GB.
const MAX_HELD: usize = 50_000_000;
/// Most objects of the bucket that are looked for again, by their keys: about 30 MB.
const MAX_MISSING: usize = 100_000;
/// Younger than this, an object may be in a Batch that is open: 30 minutes.
const ON_ITS_WAY_MS: i64 = 30 * 60_000;

/// What the archive holds of one object.
#[derive(Debug, Clone, Copy)]
struct Held {
    hash: u128,
    stored_bytes: u64,
    records: u64,
    day: u32,
    revision: u32,
    listed: bool,
}

/// One day of delivery.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Day {
    bucket: Sum,
    archive: Sum,
    missing: u64,
    gone: u64,
    resized: u64,
}

/// Both sides, while they are read: first the archive, then the bucket.
#[derive(Debug, Default)]
pub(super) struct Sides {
    held: Vec<Held>,
    days: BTreeMap<u32, Day>,
    both: u64,
    records: u64,
    resized: Vec<String>,
    missing: HashMap<u128, Found>,
}

/// The second reading of the archive.
#[derive(Debug)]
pub(super) struct LookingAgain<'a> {
    sides: &'a mut Sides,
    gone: Vec<String>,
    show: usize,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    pub(super) from: String,
    pub(super) archive: String,
    pub(super) in_bucket: Sum,
    pub(super) in_archive: Sum,
    /// Records that landed of what the archive holds.
    pub(super) records: u64,
    pub(super) both: u64,
    pub(super) only_in_bucket: u64,
    /// Those of them that were delivered within the last 30 minutes.
    pub(super) on_their_way: u64,
    pub(super) only_in_archive: u64,
    pub(super) of_another_size: u64,
    pub(super) first_day: Option<String>,
    pub(super) last_day: Option<String>,
    /// Days on which the sides differ.
    pub(super) days: Vec<ToldDay>,
    pub(super) keys_only_in_bucket: Vec<String>,
    pub(super) keys_only_in_archive: Vec<String>,
    pub(super) keys_of_another_size: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct ToldDay {
    pub(super) day: String,
    pub(super) in_bucket: u64,
    pub(super) in_archive: u64,
    pub(super) only_in_bucket: u64,
    pub(super) only_in_archive: u64,
    pub(super) of_another_size: u64,
}

impl Sides {
    /// Takes an object of the archive.
    ///
    /// # Errors
    /// Where there are more than [`MAX_HELD`].
    pub(super) fn archived(&mut self, source: &Source) -> anyhow::Result<()> {
        ensure!(
            self.held.len() < MAX_HELD,
            "the archive holds more than {MAX_HELD} of the objects that are compared: compare less with --since, --until or --accounts"
        );
        self.held.push(Held {
            hash: hash(&source.found.key),
            stored_bytes: source.found.size_bytes,
            records: source.records,
            day: source.found.day,
            revision: source.revision,
            listed: false,
        });
        Ok(())
    }

    /// Puts the archive's side in order. Of several revisions of an object the newest counts.
    pub(super) fn sorted(mut self) -> Self {
        self.held.sort_unstable_by_key(|held| (held.hash, std::cmp::Reverse(held.revision)));
        self.held.dedup_by_key(|held| held.hash);
        for held in &self.held {
            let day = self.days.entry(held.day).or_default();
            day.archive.objects += 1;
            day.archive.stored_bytes += held.stored_bytes;
            self.records += held.records;
        }
        self
    }

    /// Takes an object of the bucket.
    pub(super) fn listed(&mut self, object: Found) {
        let day = self.days.entry(object.day).or_default();
        day.bucket.objects += 1;
        day.bucket.stored_bytes += object.size_bytes;
        let hash = hash(&object.key);
        let held = self.held.binary_search_by_key(&hash, |held| held.hash).ok().and_then(|at| self.held.get_mut(at));
        let Some(held) = held else {
            day.missing += 1;
            if self.missing.len() < MAX_MISSING {
                self.missing.insert(hash, object);
            }
            return;
        };
        held.listed = true;
        self.both += 1;
        if held.stored_bytes != object.size_bytes {
            day.resized += 1;
            self.resized.push(object.key);
        }
    }
}

/// Begins the second reading of the archive; `show` keys of each kind are told.
pub(super) fn look_again(sides: &mut Sides, show: usize) -> LookingAgain<'_> {
    for held in sides.held.iter().filter(|held| !held.listed) {
        sides.days.entry(held.day).or_default().gone += 1;
    }
    LookingAgain { sides, gone: Vec::new(), show }
}

impl LookingAgain<'_> {
    /// Takes an object of the archive once more.
    pub(super) fn archived(&mut self, source: Source) {
        let hash = hash(&source.found.key);
        if let Some(landed) = self.sides.missing.remove(&hash) {
            let day = self.sides.days.entry(landed.day).or_default();
            day.missing -= 1;
            day.archive.objects += 1;
            day.archive.stored_bytes += source.found.size_bytes;
            self.sides.both += 1;
            self.sides.records += source.records;
        } else if self.gone.len() < self.show
            && let Ok(at) = self.sides.held.binary_search_by_key(&hash, |held| held.hash)
            && self.sides.held.get(at).is_some_and(|held| !held.listed && held.revision == source.revision)
        {
            self.gone.push(source.found.key);
        }
    }

    /// What was found, at this time.
    pub(super) fn end(self, from: &str, archive: &str, now_ms: i64) -> Told {
        let Self { sides, gone, show } = self;
        let sum = |of: fn(&Day) -> Sum| {
            sides.days.values().map(of).fold(Sum::default(), |all, day| Sum {
                objects: all.objects + day.objects,
                stored_bytes: all.stored_bytes + day.stored_bytes,
            })
        };
        let count = |of: fn(&Day) -> u64| sides.days.values().map(of).sum();
        let youngest = now_ms - ON_ITS_WAY_MS;
        let on_their_way = sides.missing.values().filter(|object| delivered_ms(&object.key).is_some_and(|at| at > youngest)).count();
        Told {
            from: format!("s3://{from}"),
            archive: archive.to_owned(),
            in_bucket: sum(|day| day.bucket),
            in_archive: sum(|day| day.archive),
            records: sides.records,
            both: sides.both,
            only_in_bucket: count(|day| day.missing),
            on_their_way: on_their_way as u64,
            only_in_archive: count(|day| day.gone),
            of_another_size: count(|day| day.resized),
            first_day: sides.days.keys().next().map(|day| day_text(*day)),
            last_day: sides.days.keys().next_back().map(|day| day_text(*day)),
            days: sides.days.iter().filter(|(_, day)| day.differs()).map(|(day, figures)| ToldDay::of(*day, figures)).collect(),
            keys_only_in_bucket: first(sides.missing.values().map(|object| object.key.clone()), show),
            keys_only_in_archive: first(gone, show),
            keys_of_another_size: first(std::mem::take(&mut sides.resized), show),
        }
    }
}

impl Day {
    fn differs(&self) -> bool {
        self.missing + self.gone + self.resized > 0
    }
}

impl ToldDay {
    fn of(day: u32, figures: &Day) -> Self {
        Self {
            day: day_text(day),
            in_bucket: figures.bucket.objects,
            in_archive: figures.archive.objects,
            only_in_bucket: figures.missing,
            only_in_archive: figures.gone,
            of_another_size: figures.resized,
        }
    }
}

impl Told {
    /// Whether the archive holds all that the bucket holds.
    pub(super) fn archive_is_whole(&self) -> bool {
        self.only_in_bucket + self.of_another_size == 0
    }
}

/// The first of them in the order of keys.
fn first(keys: impl IntoIterator<Item = String>, show: usize) -> Vec<String> {
    let mut keys: Vec<String> = keys.into_iter().collect();
    keys.sort_unstable();
    keys.truncate(show);
    keys
}

/// When an object was delivered, as its name says.
fn delivered_ms(key: &str) -> Option<i64> {
    let (KeyKind::Log(key) | KeyKind::Digest(key)) = classify(key, None) else { return None };
    key.delivered_ms()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::commands::backfill::selection::{Listed, Selection, Sorted};

    fn found(day: u32, number: u32, size_bytes: u64) -> Found {
        let name = format!("111122223333_CloudTrail_us-east-1_202601{day:02}T0905Z_{number:016}.json.gz");
        let key = format!("AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/{day:02}/{name}");
        let Sorted::Wanted(found) = Selection::default().sort_out(Listed { key, size_bytes, ..Listed::default() }) else {
            panic!("not asked for")
        };
        found
    }

    fn source(found: Found, revision: u32) -> Source {
        Source { found, records: 3, revision }
    }

    #[test]
    fn both_sides_are_counted_and_what_differs_is_named() {
        let mut sides = Sides::default();
        for (day, number, size, revision) in [(1, 1, 10, 1), (1, 2, 10, 1), (1, 2, 12, 2), (2, 1, 10, 1)] {
            sides.archived(&source(found(day, number, size), revision)).unwrap();
        }
        let mut sides = sides.sorted();
        // The first is there, the second has another size than its newest revision, the third is missing.
        for (day, number, size) in [(1, 1, 10), (1, 2, 10), (1, 3, 10)] {
            sides.listed(found(day, number, size));
        }
        let mut looking = look_again(&mut sides, 5);
        for (day, number, revision) in [(1, 1, 1), (1, 2, 1), (1, 2, 2), (2, 1, 1)] {
            looking.archived(source(found(day, number, 10), revision));
        }
        let told = looking.end("org-logs", "s3://audit", 1_800_000_000_000);
        let figures = (told.both, told.only_in_bucket, told.only_in_archive, told.of_another_size, told.on_their_way, told.records);
        assert_eq!(figures, (2, 1, 1, 1, 0, 9));
        assert_eq!((told.in_bucket.objects, told.in_archive.objects, told.in_archive.stored_bytes), (3, 3, 32));
        assert_eq!(told.keys_only_in_bucket, [found(1, 3, 0).key]);
        assert_eq!(told.keys_only_in_archive, [found(2, 1, 0).key]);
        assert_eq!(told.keys_of_another_size, [found(1, 2, 0).key]);
        assert_eq!(told.days.len(), 2);
        assert!(!told.archive_is_whole());
    }

    #[test]
    fn what_landed_while_the_bucket_was_listed_is_not_missing() {
        let mut sides = Sides::default().sorted();
        sides.listed(found(1, 1, 10));
        let mut looking = look_again(&mut sides, 5);
        looking.archived(source(found(1, 1, 10), 1));
        let told = looking.end("org-logs", "s3://audit", 1_800_000_000_000);
        assert_eq!((told.both, told.only_in_bucket, told.in_archive.objects, told.records), (1, 0, 1, 3));
        assert!(told.archive_is_whole() && told.days.is_empty());
    }
}
