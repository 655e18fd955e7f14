//! Columns that are filled row by row and padded with nulls: a field that most Records lack costs nothing for them.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};

/// Which rows have a value.
#[derive(Debug)]
pub(crate) struct Valid {
    bits: BooleanBufferBuilder,
}

impl Valid {
    pub(crate) fn new() -> Self {
        Self { bits: BooleanBufferBuilder::new(0) }
    }

    #[inline]
    pub(crate) fn set(&mut self) {
        self.bits.append(true);
    }

    /// Makes all rows before `row` that were not set null. Answers how many those are.
    #[inline]
    pub(crate) fn pad(&mut self, row: usize) -> usize {
        let missing = row.saturating_sub(self.bits.len());
        if missing > 0 {
            self.bits.append_n(missing, false);
        }
        missing
    }

    pub(crate) fn take(&mut self, rows: usize) -> Option<NullBuffer> {
        self.pad(rows);
        let nulls = NullBuffer::new(self.bits.finish());
        (nulls.null_count() > 0).then_some(nulls)
    }
}

/// A column of text.
#[derive(Debug)]
pub(crate) struct TextColumn {
    offsets: Vec<i32>,
    values: Vec<u8>,
    valid: Valid,
}

impl TextColumn {
    pub(crate) fn new() -> Self {
        Self { offsets: vec![0], values: Vec::new(), valid: Valid::new() }
    }

    /// Sets the value of a row; rows come in ascending order, each at most once.
    #[inline]
    pub(crate) fn set(&mut self, row: usize, value: &str) {
        self.pad(row);
        self.values.extend_from_slice(value.as_bytes());
        self.offsets.push(self.values.len() as i32);
        self.valid.bits.append(true);
    }

    #[inline]
    fn pad(&mut self, row: usize) {
        let missing = self.valid.pad(row);
        if missing > 0 {
            self.offsets.extend(std::iter::repeat_n(self.values.len() as i32, missing));
        }
    }

    pub(crate) fn take(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        self.pad(rows);
        let next = Vec::with_capacity(self.offsets.len());
        let offsets = std::mem::replace(&mut self.offsets, next);
        self.offsets.push(0);
        let next = Vec::with_capacity(self.values.len());
        let values = std::mem::replace(&mut self.values, next);
        let nulls = self.valid.take(rows);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(Arc::new(StringArray::try_new(offsets, Buffer::from_vec(values), nulls)?))
    }
}

/// A column of integers or of microseconds.
#[derive(Debug)]
pub(crate) struct IntColumn {
    values: Vec<i64>,
    valid: Valid,
}

impl IntColumn {
    pub(crate) fn new() -> Self {
        Self { values: Vec::new(), valid: Valid::new() }
    }

    #[inline]
    pub(crate) fn set(&mut self, row: usize, value: i64) {
        self.pad(row);
        self.values.push(value);
        self.valid.bits.append(true);
    }

    #[inline]
    fn pad(&mut self, row: usize) {
        let missing = self.valid.pad(row);
        if missing > 0 {
            self.values.extend(std::iter::repeat_n(0, missing));
        }
    }

    pub(crate) fn take(&mut self, rows: usize, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
        self.pad(rows);
        let next = Vec::with_capacity(self.values.len());
        let values = std::mem::replace(&mut self.values, next);
        let nulls = self.valid.take(rows);
        Ok(match data_type {
            DataType::Int32 => Arc::new(Int32Array::try_new(values.iter().map(|v| *v as i32).collect(), nulls)?),
            DataType::Int64 => Arc::new(Int64Array::try_new(values.into(), nulls)?),
            _ => Arc::new(TimestampMicrosecondArray::try_new(values.into(), nulls)?),
        })
    }
}

/// A column of truth values.
#[derive(Debug)]
pub(crate) struct BoolColumn {
    values: BooleanBufferBuilder,
    valid: Valid,
}

impl BoolColumn {
    pub(crate) fn new() -> Self {
        Self { values: BooleanBufferBuilder::new(0), valid: Valid::new() }
    }

    pub(crate) fn set(&mut self, row: usize, value: bool) {
        self.pad(row);
        self.values.append(value);
        self.valid.bits.append(true);
    }

    fn pad(&mut self, row: usize) {
        let missing = self.valid.pad(row);
        if missing > 0 {
            self.values.append_n(missing, false);
        }
    }

    pub(crate) fn take(&mut self, rows: usize) -> ArrayRef {
        self.pad(rows);
        let values: BooleanBuffer = self.values.finish();
        Arc::new(BooleanArray::new(values, self.valid.take(rows)))
    }
}

/// How many elements each row's list has; a row without any is null.
#[derive(Debug)]
pub(crate) struct ListColumn {
    offsets: Vec<i32>,
    valid: Valid,
}

impl ListColumn {
    pub(crate) fn new() -> Self {
        Self { offsets: vec![0], valid: Valid::new() }
    }

    /// Ends the list of a row whose elements go up to `end` in the child columns.
    #[inline]
    pub(crate) fn end_row(&mut self, row: usize, end: usize) {
        self.pad(row);
        if end > *self.offsets.last().unwrap_or(&0) as usize {
            self.offsets.push(end as i32);
            self.valid.bits.append(true);
        }
    }

    fn pad(&mut self, row: usize) {
        let missing = self.valid.pad(row);
        if missing > 0 {
            let last = *self.offsets.last().unwrap_or(&0);
            self.offsets.extend(std::iter::repeat_n(last, missing));
        }
    }

    pub(crate) fn take(&mut self, rows: usize) -> (OffsetBuffer<i32>, Option<NullBuffer>) {
        self.pad(rows);
        let next = Vec::with_capacity(self.offsets.len());
        let offsets = std::mem::replace(&mut self.offsets, next);
        self.offsets.push(0);
        (OffsetBuffer::new(ScalarBuffer::from(offsets)), self.valid.take(rows))
    }
}
