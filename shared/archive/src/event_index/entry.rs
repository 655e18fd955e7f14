//! One word of the index, and the object that many make.

use jiff::civil::{Date, date};
use sha2::{Digest, Sha256};

use super::{END, HEADER, PLACE_BITS};
use crate::{Category, Partition};

/// The day that is number 0: CloudTrail was announced in November 2013.
const FIRST_DAY: Date = date(2013, 1, 1);
/// A day that no number says.
const UNKNOWN_DAY: u32 = (1 << DAY_BITS) - 1;
/// A row group that no number says.
const UNKNOWN_ROW_GROUP: u32 = (1 << ROW_GROUP_BITS) - 1;
const DAY_BITS: u32 = 14;
const ROW_GROUP_BITS: u32 = 7;

/// Where a row is: the partition of its `events/` file, and the row group in it. 24 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventPlace(u32);

impl EventPlace {
    /// The place of a row in the file of `partition`; row groups count from 0.
    pub fn new(partition: &Partition, row_group: usize) -> Self {
        let row_group = u32::try_from(row_group).unwrap_or(UNKNOWN_ROW_GROUP).min(UNKNOWN_ROW_GROUP);
        Self((category_number(partition.category) << DAY_BITS | day_number(partition.eventday)) << ROW_GROUP_BITS | row_group)
    }

    /// Whether the row can be in the file of `partition`. What the place does not say can be anything.
    pub fn can_be_in(self, partition: &Partition) -> bool {
        let (category, day) = (self.0 >> (DAY_BITS + ROW_GROUP_BITS), self.0 >> ROW_GROUP_BITS & UNKNOWN_DAY);
        let is_category = category == category_number(partition.category) || category >= Category::ALL.len() as u32;
        is_category && (day == day_number(partition.eventday) || day == UNKNOWN_DAY)
    }

    /// Number of the row group in the file, from 0; `None` = any from 127 on, or not known.
    pub fn row_group(self) -> Option<u32> {
        let row_group = self.0 & UNKNOWN_ROW_GROUP;
        (row_group != UNKNOWN_ROW_GROUP).then_some(row_group)
    }

    /// The place in a word.
    pub(super) fn of_word(word: u64) -> Self {
        Self((word & ((1 << PLACE_BITS) - 1)) as u32)
    }
}

/// A category's number in the index. Numbers are never given to another category.
fn category_number(category: Category) -> u32 {
    match category {
        Category::Management => 0,
        Category::Data => 1,
        Category::Insight => 2,
        Category::Network => 3,
        Category::Aggregated => 4,
    }
}

/// Days from 2013-01-01 to a day `YYYYMMDD`; [`UNKNOWN_DAY`] for earlier ones and those past 2057-11-08.
fn day_number(eventday: u32) -> u32 {
    let (year, month, day) = (eventday / 10_000, eventday / 100 % 100, eventday % 100);
    let date = Date::new(year.min(9_999) as i16, month as i8, day as i8);
    let days = date.map(|date| date.duration_since(FIRST_DAY).as_hours() / 24);
    days.ok().and_then(|days| u32::try_from(days).ok()).map_or(UNKNOWN_DAY, |days| days.min(UNKNOWN_DAY))
}

/// One row's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventEntry(u64);

impl EventEntry {
    /// Of a row: the SHA-256 of its event id's UTF-8 bytes, and where the row is.
    pub fn new(sha256: &[u8; 32], place: EventPlace) -> Self {
        Self(hash_of(sha256) << PLACE_BITS | u64::from(place.0))
    }

    /// Of one row, whose id is hashed here. Many ids are hashed faster side by side, by the caller.
    pub fn of_id(event_id: &str, place: EventPlace) -> Self {
        Self::new(&Sha256::digest(event_id.as_bytes()).into(), place)
    }
}

/// The first 40 bits of a SHA-256.
pub(super) fn hash_of(sha256: &[u8; 32]) -> u64 {
    sha256.iter().take(5).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
}

/// The index object of a Batch, from the entries of its rows in any order. Equal entries are written once.
pub fn write_event_index(mut entries: Vec<EventEntry>) -> Vec<u8> {
    entries.sort_unstable();
    entries.dedup();
    let words = entries.iter().map(|entry| entry.0).chain([END]);
    let mut out = Vec::with_capacity(HEADER.len() + (entries.len() + 1) * 8);
    out.extend_from_slice(&HEADER);
    words.for_each(|word| out.extend_from_slice(&word.to_be_bytes()));
    out
}
