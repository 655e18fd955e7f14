//! Columns of text whose values repeat: each value is stored once, and rows hold its number. A value is hashed when its row is
//! set, and never again on its way into the file.

use std::{borrow::Cow, sync::Arc};

use arrow_array::{ArrayRef, DictionaryArray, Int32Array, StringArray};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::ArrowError;
use hashbrown::HashTable;

use crate::column::Valid;

/// Distinct texts, numbered from 0 in the order in which they came.
#[derive(Debug)]
struct Interner {
    numbers: HashTable<i32>,
    hasher: ahash::RandomState,
    offsets: Vec<i32>,
    bytes: Vec<u8>,
}

impl Interner {
    fn new() -> Self {
        Self { numbers: HashTable::new(), hasher: ahash::RandomState::new(), offsets: vec![0], bytes: Vec::new() }
    }

    #[inline]
    fn number(&mut self, value: &[u8]) -> i32 {
        let Self { numbers, hasher, offsets, bytes } = self;
        let hash = hasher.hash_one(value);
        if let Some(number) = numbers.find(hash, |number| text(offsets, bytes, *number) == value) {
            return *number;
        }
        let number = offsets.len() as i32 - 1;
        bytes.extend_from_slice(value);
        offsets.push(bytes.len() as i32);
        numbers.insert_unique(hash, number, |number| hasher.hash_one(text(offsets, bytes, *number)));
        number
    }

    fn take(&mut self) -> Result<StringArray, ArrowError> {
        self.numbers.clear();
        let offsets = std::mem::replace(&mut self.offsets, vec![0]);
        let next = Vec::with_capacity(self.bytes.len());
        let bytes = std::mem::replace(&mut self.bytes, next);
        StringArray::try_new(OffsetBuffer::new(ScalarBuffer::from(offsets)), Buffer::from_vec(bytes), None)
    }
}

#[inline]
fn text<'a>(offsets: &[i32], bytes: &'a [u8], number: i32) -> &'a [u8] {
    let number = number as usize;
    match (offsets.get(number), offsets.get(number + 1)) {
        (Some(start), Some(end)) => bytes.get(*start as usize..*end as usize).unwrap_or_default(),
        _ => &[],
    }
}

/// A column of text whose values repeat.
#[derive(Debug)]
pub(crate) struct DictionaryColumn {
    values: Interner,
    keys: Vec<i32>,
    valid: Valid,
    /// Number of the value that was set last: in sorted rows often the next one too.
    last: i32,
    /// Numbers of values that a name of the caller's stands for, each in the place that its name leads to.
    named: Box<[(u64, i32); NAMED]>,
}

/// Places for names. Two names that share one cost time, no more.
const NAMED: usize = 64;
/// No number.
pub(crate) const NONE: i32 = -1;

impl DictionaryColumn {
    pub(crate) fn new() -> Self {
        Self { values: Interner::new(), keys: Vec::new(), valid: Valid::new(), last: NONE, named: Box::new([(0, NONE); NAMED]) }
    }

    /// Sets the value of a row; rows come in ascending order, each at most once. Answers the value's number.
    #[inline]
    pub(crate) fn set(&mut self, row: usize, value: &str) -> i32 {
        self.set_near(row, value, self.last)
    }

    /// Sets the value of a row that may well be the one with the number `near`.
    #[inline]
    pub(crate) fn set_near(&mut self, row: usize, value: &str, near: i32) -> i32 {
        let repeated = near != NONE && text(&self.values.offsets, &self.values.bytes, near) == value.as_bytes();
        let number = if repeated { near } else { self.values.number(value.as_bytes()) };
        self.push(row, number)
    }

    /// Sets the value of a row to what `name` always stands for; the value is asked for only the first time.
    #[inline]
    pub(crate) fn set_named<'a>(&mut self, row: usize, name: u64, value: impl FnOnce() -> Cow<'a, str>) {
        let number = match self.named.get(name as usize % NAMED) {
            Some((known, number)) if *known == name && *number != NONE => *number,
            _ => {
                let number = self.values.number(value().as_bytes());
                if let Some(place) = self.named.get_mut(name as usize % NAMED) {
                    *place = (name, number);
                }
                number
            }
        };
        self.push(row, number);
    }

    #[inline]
    fn push(&mut self, row: usize, number: i32) -> i32 {
        let missing = self.valid.pad(row);
        if missing > 0 {
            self.keys.extend(std::iter::repeat_n(0, missing));
        }
        self.last = number;
        self.keys.push(number);
        self.valid.set();
        number
    }

    /// How many rows have been set or padded.
    pub(crate) const fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn take(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.keys.resize(rows, 0);
        self.last = NONE;
        self.named.fill((0, NONE));
        let next = Vec::with_capacity(rows);
        let keys = std::mem::replace(&mut self.keys, next);
        dictionary(keys, self.valid.take(rows), self.values.take()?)
    }
}

/// Texts by their numbers.
pub(crate) fn dictionary(keys: Vec<i32>, nulls: Option<NullBuffer>, values: StringArray) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(DictionaryArray::try_new(Int32Array::try_new(keys.into(), nulls)?, Arc::new(values))?))
}

#[cfg(test)]
mod tests {
    use arrow_array::{Array, cast::AsArray, types::Int32Type};

    use super::*;

    #[test]
    fn values_are_stored_once_and_rows_that_were_not_set_are_null() {
        let mut column = DictionaryColumn::new();
        for round in 0..2 {
            for (row, value) in [(1, "a"), (2, "a"), (3, "b"), (5, "a")] {
                column.set(row, value);
            }
            assert_eq!(column.len(), 6);
            column.set_named(6, 9, || "b".into());
            column.set_named(7, 9, || unreachable!("known by its name"));
            let array = column.take(9).expect("fits");
            let array = array.as_dictionary::<Int32Type>();
            let values = array.downcast_dict::<StringArray>().expect("texts");
            let read: Vec<Option<&str>> = values.into_iter().collect();
            assert_eq!(read, [None, Some("a"), Some("a"), Some("b"), None, Some("a"), Some("b"), Some("b"), None], "round {round}");
            assert_eq!(array.values().len(), 2);
        }
    }
}
