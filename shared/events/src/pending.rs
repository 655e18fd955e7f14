//! Records that wait in the buffer until there are enough to encode.

use std::collections::HashMap;

use trailkeep_archive::{Category, Partition};
use trailkeep_ocsf::{EventCategory, Head};

/// One Record in the buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pending {
    /// Index into the partitions of the encoder.
    pub(crate) partition: u16,
    /// Account, first 16 bytes, in byte order.
    account: u128,
    /// Region, first 16 bytes, in byte order.
    region: u128,
    pub(crate) time_ms: i64,
    /// Index into the objects of the buffer.
    pub(crate) object: u32,
    /// Offset in the buffer.
    pub(crate) start: u32,
    pub(crate) length: u32,
    /// Range in the list of fields.
    pub(crate) fields: (u32, u32),
    /// Position in its object.
    pub(crate) index: u64,
    /// Offset in its inflated object.
    pub(crate) offset: u64,
}

/// Where a Record stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot {
    pub(crate) object: u32,
    pub(crate) start: usize,
    pub(crate) length: usize,
    pub(crate) fields: (usize, usize),
    pub(crate) index: u64,
    pub(crate) offset: u64,
}

impl Pending {
    pub(crate) fn new(partition: u16, head: &Head<'_>, spot: Spot) -> Self {
        Self {
            partition,
            account: leading(head.account.as_deref()),
            region: leading(head.region.as_deref()),
            time_ms: head.time_ms,
            object: spot.object,
            start: spot.start as u32,
            length: spot.length as u32,
            fields: (spot.fields.0 as u32, spot.fields.1 as u32),
            index: spot.index,
            offset: spot.offset,
        }
    }

    /// Rows of a row group are sorted by this, below their partition.
    pub(crate) fn sort_key(&self) -> (u16, u128, u128, i64, u32, u64) {
        (self.partition, self.account, self.region, self.time_ms, self.object, self.index)
    }

    /// What duplicates are known by: the Record's bytes and the account they are for.
    pub(crate) fn identity(&self, record_hash: &[u8; 32]) -> u128 {
        let [first, ..] = record_hash.as_chunks::<16>().0 else { return 0 };
        u128::from_le_bytes(*first) ^ self.account
    }
}

fn leading(text: Option<&str>) -> u128 {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(text.unwrap_or_default().bytes()) {
        *to = from;
    }
    u128::from_be_bytes(bytes)
}

/// The partitions that a Batch has rows in.
#[derive(Debug, Default)]
pub(crate) struct Partitions {
    known: Vec<Partition>,
    /// For each, the object that had a Record there last.
    last: Vec<usize>,
    /// The object that is being read, and how many partitions it has Records in.
    object: Option<usize>,
    spans: usize,
    by_value: HashMap<Partition, u16>,
}

impl Partitions {
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    pub(crate) fn get(&self, index: u16) -> Option<Partition> {
        self.known.get(usize::from(index)).copied()
    }

    /// The partition of a Record of an object; none where that object would be in more than `most`. What other objects brought does
    /// not count: an object's fate is its own.
    pub(crate) fn of(&mut self, head: &Head<'_>, object: usize, most: usize) -> Option<u16> {
        if self.object != Some(object) {
            self.object = Some(object);
            self.spans = 0;
        }
        let category = match head.category {
            EventCategory::Management => Category::Management,
            EventCategory::Data => Category::Data,
            EventCategory::Insight => Category::Insight,
            EventCategory::NetworkActivity => Category::Network,
            EventCategory::Aggregated => Category::Aggregated,
        };
        let partition = Partition { category, eventday: head.eventday };
        let known = self.by_value.get(&partition).copied();
        let last = known.and_then(|index| self.last.get_mut(usize::from(index)));
        if last.as_ref().is_some_and(|last| **last == object) {
            return known;
        }
        if self.spans >= most {
            return None;
        }
        self.spans += 1;
        if let Some(last) = last {
            *last = object;
            return known;
        }
        let index = self.known.len() as u16;
        self.known.push(partition);
        self.last.push(object);
        self.by_value.insert(partition, index);
        Some(index)
    }
}
