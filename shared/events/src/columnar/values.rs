//! The values of one leaf: how they are stored, their least and greatest, and their bytes in a page.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use arrow_array::{Array, ArrayRef, StringArray, cast::AsArray, types::Int32Type};
use arrow_schema::DataType;
use parquet::{
    basic::{Encoding, Type as PhysicalType},
    data_type::ByteArray,
    errors::{ParquetError, Result},
    file::statistics::{Statistics, ValueStatistics},
};

use super::{
    delta, hybrid,
    levels::{Levels, Slots},
};

/// Longest text that stands in statistics, in bytes.
const LONGEST_BOUND: usize = 256;

/// Where the values of a leaf repeat, they are stored once.
#[derive(Debug)]
pub(crate) enum Distinct {
    Texts(StringArray),
    Numbers(Vec<i64>),
}

/// The values of one leaf, without nulls.
#[derive(Debug)]
pub(crate) enum Values {
    /// Numbers of values in a dictionary.
    Dictionary { indices: Vec<u32>, distinct: Distinct },
    /// Texts one after the other.
    Texts { texts: StringArray, slots: Slots },
    /// Numbers as their differences; narrow ones have 32 bits.
    Deltas { numbers: Vec<i64>, narrow: bool },
    /// Truth values.
    Bools(Vec<bool>),
}

impl Values {
    /// Takes the values out of an array. `deltas`: numbers that grow or are all different.
    ///
    /// # Errors
    /// [`ParquetError`] for a type that `events/` does not have.
    pub(crate) fn of(array: &ArrayRef, levels: &Levels, deltas: bool) -> Result<Self> {
        let slots = levels.slots();
        let narrow = matches!(array.data_type(), DataType::Int32);
        let numbers = |numbers: Vec<i64>| if deltas { Self::Deltas { numbers, narrow } } else { Self::intern(numbers, narrow) };
        Ok(match array.data_type() {
            DataType::Dictionary(..) => {
                let array = array.as_dictionary::<Int32Type>();
                let indices: Vec<u32> = slots.pick(array.keys().values()).into_iter().map(|key| key as u32).collect();
                Self::repeated(indices, array.values().as_string::<i32>().clone())
            }
            DataType::Utf8 => Self::Texts { texts: array.as_string::<i32>().clone(), slots },
            DataType::Int32 => numbers(slots.pick(array.as_primitive::<Int32Type>().values()).into_iter().map(i64::from).collect()),
            DataType::Int64 => numbers(slots.pick(array.as_primitive::<arrow_array::types::Int64Type>().values())),
            DataType::Timestamp(..) => numbers(slots.pick(array.as_primitive::<arrow_array::types::TimestampMicrosecondType>().values())),
            DataType::Boolean => {
                let bools = array.as_boolean().values();
                Self::Bools((0..slots.len()).map(|index| bools.value(slots.get(index))).collect())
            }
            other => return Err(ParquetError::NYI(format!("columns of {other}"))),
        })
    }

    /// A dictionary, unless the texts take less room one after the other.
    fn repeated(indices: Vec<u32>, texts: StringArray) -> Self {
        if texts.len() * 2 > indices.len() {
            let lengths = || texts.offsets().lengths();
            let plain: usize = indices.iter().map(|index| texts.value_length(*index as usize) as usize + 4).sum();
            let dictionary = lengths().sum::<usize>() + texts.len() * 4 + indices.len() * usize::from(width_of(texts.len())) / 8;
            if dictionary * 10 > plain * 9 {
                return Self::Texts { texts, slots: Slots::Some(indices) };
            }
        }
        Self::Dictionary { indices, distinct: Distinct::Texts(texts) }
    }

    /// A dictionary, unless most of the numbers are different.
    fn intern(numbers: Vec<i64>, narrow: bool) -> Self {
        let mut known: HashMap<i64, u32, ahash::RandomState> = HashMap::default();
        let (mut distinct, mut indices) = (Vec::new(), Vec::with_capacity(numbers.len()));
        let mut last = None;
        for number in &numbers {
            let index = match last {
                Some((value, index)) if value == *number => index,
                _ => *known.entry(*number).or_insert_with(|| {
                    distinct.push(*number);
                    distinct.len() as u32 - 1
                }),
            };
            last = Some((*number, index));
            indices.push(index);
        }
        if distinct.len() * 2 > numbers.len() && distinct.len() > 1 {
            Self::Deltas { numbers, narrow }
        } else {
            Self::Dictionary { indices, distinct: Distinct::Numbers(distinct) }
        }
    }

    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::Dictionary { indices, .. } => indices.len(),
            Self::Texts { slots, .. } => slots.len(),
            Self::Deltas { numbers, .. } => numbers.len(),
            Self::Bools(bools) => bools.len(),
        }
    }

    /// The encoding of data pages.
    pub(crate) const fn encoding(&self) -> Encoding {
        match self {
            Self::Dictionary { .. } => Encoding::RLE_DICTIONARY,
            Self::Texts { .. } | Self::Bools(_) => Encoding::PLAIN,
            // Readers expect no header where there are no values.
            Self::Deltas { numbers, .. } => {
                if numbers.is_empty() {
                    Encoding::PLAIN
                } else {
                    Encoding::DELTA_BINARY_PACKED
                }
            }
        }
    }

    /// About how many bytes the values take in their pages, before compression.
    pub(crate) fn estimate(&self) -> usize {
        match self {
            Self::Dictionary { indices, distinct: Distinct::Texts(texts) } => {
                texts.value_data().len() + texts.len() * 4 + indices.len() * usize::from(width_of(texts.len())) / 8
            }
            Self::Dictionary { indices, distinct: Distinct::Numbers(numbers) } => {
                numbers.len() * 8 + indices.len() * usize::from(width_of(numbers.len())) / 8
            }
            Self::Texts { texts, .. } => texts.value_data().len() + texts.len() * 4,
            Self::Deltas { numbers, .. } => numbers.len() * 4,
            Self::Bools(bools) => bools.len() / 8,
        }
    }

    /// Bytes of the values in a page of their own.
    pub(crate) fn size(&self, index: usize) -> usize {
        match self {
            Self::Texts { texts, slots } => texts.value_length(slots.get(index)) as usize + 4,
            _ => 0,
        }
    }

    /// The page of distinct values, and how many there are.
    pub(crate) fn dictionary(&self, physical: PhysicalType) -> Option<(Vec<u8>, u32)> {
        let Self::Dictionary { distinct, .. } = self else { return None };
        let mut page = Vec::new();
        match distinct {
            Distinct::Texts(texts) => {
                page.reserve(texts.value_data().len() + texts.len() * 4);
                for text in texts.iter().flatten() {
                    plain(text, &mut page);
                }
                Some((page, texts.len() as u32))
            }
            Distinct::Numbers(numbers) => {
                for number in numbers {
                    page.extend_from_slice(&little_endian(*number, physical));
                }
                Some((page, numbers.len() as u32))
            }
        }
    }

    /// Appends some of the values as they stand in a data page.
    pub(crate) fn write(&self, range: Range<usize>, page: &mut Vec<u8>) {
        match self {
            Self::Dictionary { indices, distinct } => {
                let width = width_of(match distinct {
                    Distinct::Texts(texts) => texts.len(),
                    Distinct::Numbers(numbers) => numbers.len(),
                });
                page.push(width);
                hybrid::encode(indices.get(range).unwrap_or_default(), width, page);
            }
            Self::Texts { texts, slots } => {
                for index in range {
                    plain(texts.value(slots.get(index)), page);
                }
            }
            Self::Deltas { numbers, narrow } => {
                if !numbers.is_empty() {
                    delta::encode(numbers.get(range).unwrap_or_default(), *narrow, page);
                }
            }
            Self::Bools(bools) => {
                for eight in bools.get(range).unwrap_or_default().chunks(8) {
                    page.push(eight.iter().enumerate().fold(0, |byte, (bit, value)| byte | u8::from(*value) << bit));
                }
            }
        }
    }

    /// What finds the least and greatest of some values.
    pub(crate) fn order(&self) -> Order<'_> {
        match self {
            Self::Dictionary { indices, distinct: Distinct::Texts(texts) } => {
                let mut sorted: Vec<u32> = (0..texts.len() as u32).collect();
                sorted.sort_unstable_by_key(|index| texts.value(*index as usize).as_bytes());
                let mut ranks = vec![0; sorted.len()];
                for (rank, index) in sorted.iter().enumerate() {
                    if let Some(to) = ranks.get_mut(*index as usize) {
                        *to = rank as u32;
                    }
                }
                Order::Texts { texts, sorted, ranks, indices }
            }
            Self::Dictionary { indices, distinct: Distinct::Numbers(numbers) } => {
                let pick = |index: &u32| numbers.get(*index as usize).copied().unwrap_or_default();
                Order::Numbers(Cow::Owned(indices.iter().map(pick).collect()))
            }
            Self::Deltas { numbers, .. } => Order::Numbers(Cow::Borrowed(numbers)),
            Self::Texts { .. } | Self::Bools(_) => Order::None,
        }
    }
}

/// The least and greatest of values, in the order that Parquet has for their type.
#[derive(Debug)]
pub(crate) enum Order<'a> {
    Texts {
        texts: &'a StringArray,
        sorted: Vec<u32>,
        ranks: Vec<u32>,
        indices: &'a [u32],
    },
    Numbers(Cow<'a, [i64]>),
    /// Not looked for.
    None,
}

/// Least and greatest.
#[derive(Debug)]
pub(crate) enum Bounds {
    Texts(Vec<u8>, Vec<u8>),
    Numbers(i64, i64),
}

impl Order<'_> {
    /// Bounds of some of the values; none where there are none, or where they are too long to be told.
    pub(crate) fn bounds(&self, range: Range<usize>) -> Option<Bounds> {
        match self {
            Self::Texts { texts, sorted, ranks, indices } => {
                let ranks = indices.get(range)?.iter().filter_map(|index| ranks.get(*index as usize));
                let (least, most) = ranks.fold(None, |so_far: Option<(u32, u32)>, rank| {
                    Some(so_far.map_or((*rank, *rank), |(least, most)| (least.min(*rank), most.max(*rank))))
                })?;
                let text = |rank: u32| {
                    let text = texts.value(*sorted.get(rank as usize)? as usize).as_bytes();
                    (text.len() <= LONGEST_BOUND).then(|| text.to_vec())
                };
                Some(Bounds::Texts(text(least)?, text(most)?))
            }
            Self::Numbers(numbers) => {
                let numbers = numbers.get(range)?;
                Some(Bounds::Numbers(*numbers.iter().min()?, *numbers.iter().max()?))
            }
            Self::None => None,
        }
    }
}

impl Bounds {
    /// As they stand in a column index.
    pub(crate) fn bytes(self, physical: PhysicalType) -> (Vec<u8>, Vec<u8>) {
        match self {
            Self::Texts(least, most) => (least, most),
            Self::Numbers(least, most) => (little_endian(least, physical).to_vec(), little_endian(most, physical).to_vec()),
        }
    }
}

/// Statistics of a column chunk.
pub(crate) fn statistics(bounds: Option<Bounds>, nulls: u64, physical: PhysicalType) -> Statistics {
    let nulls = Some(nulls);
    match (physical, bounds) {
        (PhysicalType::INT32, Some(Bounds::Numbers(least, most))) => {
            Statistics::Int32(ValueStatistics::new(Some(least as i32), Some(most as i32), None, nulls, false))
        }
        (PhysicalType::INT64, Some(Bounds::Numbers(least, most))) => {
            Statistics::Int64(ValueStatistics::new(Some(least), Some(most), None, nulls, false))
        }
        (PhysicalType::BYTE_ARRAY, Some(Bounds::Texts(least, most))) => {
            Statistics::ByteArray(ValueStatistics::new(Some(ByteArray::from(least)), Some(ByteArray::from(most)), None, nulls, false))
        }
        (PhysicalType::INT32, _) => Statistics::Int32(ValueStatistics::new(None, None, None, nulls, false)),
        (PhysicalType::INT64, _) => Statistics::Int64(ValueStatistics::new(None, None, None, nulls, false)),
        (PhysicalType::BOOLEAN, _) => Statistics::Boolean(ValueStatistics::new(None, None, None, nulls, false)),
        _ => Statistics::ByteArray(ValueStatistics::new(None, None, None, nulls, false)),
    }
}

/// Bits of an index into so many values.
fn width_of(distinct: usize) -> u8 {
    hybrid::width(distinct.saturating_sub(1) as u32)
}

#[inline]
fn plain(text: &str, page: &mut Vec<u8>) {
    page.extend_from_slice(&(text.len() as u32).to_le_bytes());
    page.extend_from_slice(text.as_bytes());
}

/// The bytes of a number: four for the physical type INT32, else eight.
fn little_endian(number: i64, physical: PhysicalType) -> Cow<'static, [u8]> {
    let bytes = number.to_le_bytes();
    Cow::Owned(bytes.get(..if physical == PhysicalType::INT32 { 4 } else { 8 }).unwrap_or_default().to_vec())
}
