//! Columns of the `events` table by name, where only a few of its hundred are read.

use arrow_array::{Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, cast::AsArray};

/// A value of a text column; `None` for null, for another type and for a column that is not there.
pub(crate) fn text<'a>(batch: &'a RecordBatch, name: &str, row: usize) -> Option<&'a str> {
    let array: &StringArray = batch.column_by_name(name)?.as_string_opt()?;
    array.is_valid(row).then(|| array.value(row))
}

/// A value of an INT32 or INT64 column that is not negative.
pub(crate) fn number(batch: &RecordBatch, name: &str, row: usize) -> Option<u64> {
    let array = batch.column_by_name(name)?;
    if array.is_null(row) {
        return None;
    }
    let value = match array.as_any().downcast_ref::<Int64Array>() {
        Some(array) => array.value(row),
        None => i64::from(array.as_any().downcast_ref::<Int32Array>()?.value(row)),
    };
    u64::try_from(value).ok()
}

/// A value of a timestamp column in milliseconds since the Unix epoch.
pub(crate) fn time_ms(batch: &RecordBatch, name: &str, row: usize) -> Option<i64> {
    let array = batch.column_by_name(name)?.as_any().downcast_ref::<TimestampMicrosecondArray>()?;
    array.is_valid(row).then(|| array.value(row).div_euclid(1_000))
}
