//! Definition and repetition levels: how Parquet tells which values are there, and where lists begin.

use std::ops::Range;

use arrow_buffer::{NullBuffer, OffsetBuffer};
use parquet::errors::{ParquetError, Result};

/// Definition levels.
#[derive(Debug, Clone)]
pub(crate) enum Definition {
    /// The same for every entry.
    All(u8),
    /// One for each entry.
    Each(Vec<u8>),
}

/// The levels of one node of the schema. An entry is a row, or an element of a row's list; a row whose list has no elements is
/// one entry too.
#[derive(Debug, Clone)]
pub(crate) struct Levels {
    pub(crate) entries: usize,
    pub(crate) definition: Definition,
    /// Definition level at which the node itself is there.
    pub(crate) present: u8,
    /// Definition level from which on an entry has a slot in the node's array.
    slot: u8,
    /// Repetition levels; none outside lists.
    pub(crate) repetition: Option<Vec<u8>>,
}

impl Levels {
    /// Those of the root.
    pub(crate) const fn rows(rows: usize) -> Self {
        Self { entries: rows, definition: Definition::All(0), present: 0, slot: 0, repetition: None }
    }

    /// Those of a child that has nulls, and of which each slot belongs to a slot of this node.
    pub(crate) fn child(&self, nullable: bool, nulls: Option<&NullBuffer>) -> Self {
        if !nullable {
            return self.clone();
        }
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        let here = self.present;
        let definition = match (nulls, &self.definition) {
            (None, Definition::All(level)) => Definition::All(level + u8::from(*level == here)),
            (None, Definition::Each(levels)) => Definition::Each(levels.iter().map(|level| level + u8::from(*level == here)).collect()),
            (Some(nulls), definition) if nulls.null_count() == nulls.len() => definition.clone(),
            (Some(nulls), Definition::All(level)) if *level == here => {
                Definition::Each(nulls.iter().map(|valid| level + u8::from(valid)).collect())
            }
            (Some(_), Definition::All(level)) => Definition::All(*level),
            (Some(nulls), Definition::Each(levels)) => {
                let mut valid = nulls.iter();
                let level = |level: &u8| {
                    let valid = *level >= self.slot && valid.next().unwrap_or_default();
                    level + u8::from(*level == here && valid)
                };
                Definition::Each(levels.iter().map(level).collect())
            }
        };
        Self { definition, present: here + 1, ..self.clone() }
    }

    /// Those of the elements of a list that is this node. A list that is null has no elements in the array.
    ///
    /// # Errors
    /// [`ParquetError`] for a list within a list: `events/` has none.
    pub(crate) fn elements(&self, offsets: &OffsetBuffer<i32>) -> Result<Self> {
        if self.repetition.is_some() {
            return Err(ParquetError::NYI("lists within lists".to_owned()));
        }
        let elements = match (offsets.first(), offsets.last()) {
            (Some(first), Some(last)) => (last - first) as usize,
            _ => 0,
        };
        let mut definition = Vec::with_capacity(self.entries + elements);
        let mut repetition = Vec::with_capacity(self.entries + elements);
        for (row, length) in offsets.lengths().enumerate() {
            let level = match &self.definition {
                Definition::All(level) => *level,
                Definition::Each(levels) => levels.get(row).copied().unwrap_or_default(),
            };
            if length == 0 || level < self.present {
                definition.push(level);
                repetition.push(0);
            } else {
                definition.extend(std::iter::repeat_n(level + 1, length));
                repetition.push(0);
                repetition.extend(std::iter::repeat_n(1, length - 1));
            }
        }
        let present = self.present + 1;
        Ok(Self {
            entries: definition.len(),
            definition: Definition::Each(definition),
            present,
            slot: present,
            repetition: Some(repetition),
        })
    }

    /// How many of some entries have a value.
    pub(crate) fn present_in(&self, entries: Range<usize>) -> usize {
        match &self.definition {
            Definition::All(level) => {
                if *level >= self.present {
                    entries.len()
                } else {
                    0
                }
            }
            Definition::Each(levels) => levels.get(entries).unwrap_or_default().iter().filter(|level| **level >= self.present).count(),
        }
    }

    /// Slots of the node's array that have a value, in order; none where all of them have.
    pub(crate) fn slots(&self) -> Slots {
        match &self.definition {
            Definition::All(level) if *level >= self.present => Slots::All(self.entries),
            Definition::All(_) => Slots::Some(Vec::new()),
            Definition::Each(levels) => {
                let mut slots = Vec::with_capacity(levels.len());
                let mut slot = 0;
                for level in levels {
                    if *level >= self.present {
                        slots.push(slot);
                    }
                    slot += u32::from(*level >= self.slot);
                }
                if slots.len() == slot as usize { Slots::All(slots.len()) } else { Slots::Some(slots) }
            }
        }
    }
}

/// Which slots of an array have a value.
#[derive(Debug)]
pub(crate) enum Slots {
    /// The first so many: all there are.
    All(usize),
    /// These.
    Some(Vec<u32>),
}

impl Slots {
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::Some(slots) => slots.len(),
        }
    }

    /// The values of these slots.
    pub(crate) fn pick<T: Copy>(&self, values: &[T]) -> Vec<T> {
        match self {
            Self::All(count) => values.get(..*count).unwrap_or_default().to_vec(),
            Self::Some(slots) => slots.iter().filter_map(|slot| values.get(*slot as usize).copied()).collect(),
        }
    }

    pub(crate) fn get(&self, index: usize) -> usize {
        match self {
            Self::All(_) => index,
            Self::Some(slots) => slots.get(index).map_or(0, |slot| *slot as usize),
        }
    }
}
