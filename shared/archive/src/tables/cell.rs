//! How a Rust type stands in a Parquet column. A row type lists its fields once, with `columns!`; name, type,
//! writing and reading of each column follow from it.

use std::{collections::BTreeMap, sync::Arc};

use arrow_array::{
    Array, ArrayRef, BooleanArray, FixedSizeBinaryArray, Int32Array, Int64Array, MapArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
    builder::{FixedSizeBinaryBuilder, MapBuilder, MapFieldNames, StringBuilder},
};
use arrow_schema::{ArrowError, DataType, Field, Fields, TimeUnit};

use super::error::TableError;
use crate::BatchId;

/// A type that can be the value of a column. Times are `i64` milliseconds since the Unix epoch, counts are `u64`.
pub(super) trait Cell: Sized {
    const NULLABLE: bool;

    fn data_type() -> DataType;
    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<ArrayRef, ArrowError>
    where
        Self: 'a;
    fn read(column: &Column<'_>) -> Result<Vec<Self>, TableError>;
}

/// One column of one record batch.
pub(super) struct Column<'a> {
    pub(super) table: &'static str,
    pub(super) name: &'static str,
    /// Number of the batch's first row within the file.
    pub(super) first_row: usize,
    array: &'a ArrayRef,
}

impl<'a> Column<'a> {
    pub(super) fn find(table: &'static str, name: &'static str, batch: &'a RecordBatch, first_row: usize) -> Result<Self, TableError> {
        let array = batch.column_by_name(name).ok_or(TableError::MissingColumn { table, column: name })?;
        Ok(Self { table, name, first_row, array })
    }

    fn array<A: Array + 'static>(&self, expected: &DataType) -> Result<&'a A, TableError> {
        self.array.as_any().downcast_ref::<A>().ok_or_else(|| TableError::ColumnType {
            table: self.table,
            column: self.name,
            found: self.array.data_type().to_string(),
            expected: expected.to_string(),
        })
    }

    /// Values that format 1 requires: a null is an error.
    fn required<V>(&self, values: impl Iterator<Item = Option<V>>) -> Result<Vec<V>, TableError> {
        values.enumerate().map(|(row, value)| value.ok_or_else(|| self.refused(row, None))).collect()
    }

    /// The error for a value that must not stand in row `row` of the batch; `None` = null.
    fn refused(&self, row: usize, found: Option<&str>) -> TableError {
        let found = found.map_or_else(|| "null".to_owned(), |text| format!("{:?}", text.chars().take(64).collect::<String>()));
        TableError::Value { table: self.table, column: self.name, row: self.first_row + row, found }
    }

    fn unsigned(&self, row: usize, value: i64) -> Result<u64, TableError> {
        u64::try_from(value).map_err(|_| self.refused(row, Some(&value.to_string())))
    }

    /// Required texts of a fixed vocabulary or form.
    pub(super) fn parsed<T: std::str::FromStr>(&self) -> Result<Vec<T>, TableError> {
        let texts = self.array::<StringArray>(&DataType::Utf8)?.iter().enumerate();
        let parse = |(row, text): (usize, Option<&str>)| {
            let text = text.ok_or_else(|| self.refused(row, None))?;
            text.parse().map_err(|_| self.refused(row, Some(text)))
        };
        texts.map(parse).collect()
    }
}

/// BYTE_ARRAY, UTF8.
impl Cell for String {
    const NULLABLE: bool = false;

    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(StringArray::from_iter_values(values)))
    }

    fn read(column: &Column<'_>) -> Result<Vec<Self>, TableError> {
        column.required(column.array::<StringArray>(&Self::data_type())?.iter().map(|text| text.map(str::to_owned)))
    }
}

impl Cell for Option<String> {
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(values.map(Option::as_deref).collect::<StringArray>()))
    }

    fn read(column: &Column<'_>) -> Result<Vec<Self>, TableError> {
        Ok(column.array::<StringArray>(&Self::data_type())?.iter().map(|text| text.map(str::to_owned)).collect())
    }
}

/// Stable names joined by commas; none of them is null.
impl Cell for Vec<String> {
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(values.map(|names| (!names.is_empty()).then(|| names.join(","))).collect::<StringArray>()))
    }

    fn read(column: &Column<'_>) -> Result<Vec<Self>, TableError> {
        let split = |text: &str| text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Ok(column.array::<StringArray>(&Self::data_type())?.iter().map(|text| text.map(split).unwrap_or_default()).collect())
    }
}

/// BOOLEAN.
impl Cell for bool {
    const NULLABLE: bool = false;

    fn data_type() -> DataType {
        DataType::Boolean
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(values.map(|value| Some(*value)).collect::<BooleanArray>()))
    }

    fn read(column: &Column<'_>) -> Result<Vec<Self>, TableError> {
        column.required(column.array::<BooleanArray>(&Self::data_type())?.iter())
    }
}

/// INT32.
impl Cell for u32 {
    const NULLABLE: bool = false;

    fn data_type() -> DataType {
        DataType::Int32
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(Int32Array::from_iter_values(values.map(|value| *value as i32))))
    }

    fn read(column: &Column<'_>) -> Result<Vec<Self>, TableError> {
        let values = column.required(column.array::<Int32Array>(&Self::data_type())?.iter())?;
        values.into_iter().enumerate().map(|(row, value)| Ok(column.unsigned(row, i64::from(value))? as u32)).collect()
    }
}

/// INT64.
impl Cell for u64 {
    const NULLABLE: bool = false;

    fn data_type() -> DataType {
        DataType::Int64
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(Int64Array::from_iter_values(values.map(|value| *value as i64))))
    }

    fn read(column: &Column<'_>) -> Result<Vec<Self>, TableError> {
        column.required(Option::<Self>::read(column)?.into_iter())
    }
}

impl Cell for Option<u64> {
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        DataType::Int64
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(values.map(|value| value.map(|value| value as i64)).collect::<Int64Array>()))
    }

    fn read(column: &Column<'_>) -> Result<Vec<Self>, TableError> {
        let values = column.array::<Int64Array>(&Self::data_type())?.iter().enumerate();
        values.map(|(row, value)| value.map(|value| column.unsigned(row, value)).transpose()).collect()
    }
}

/// INT64, TIMESTAMP(MICROS) without a zone, always UTC.
impl Cell for i64 {
    const NULLABLE: bool = false;

    fn data_type() -> DataType {
        DataType::Timestamp(TimeUnit::Microsecond, None)
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(TimestampMicrosecondArray::from_iter_values(values.map(|ms| ms.saturating_mul(1_000)))))
    }

    fn read(column: &Column<'_>) -> Result<Vec<Self>, TableError> {
        column.required(Option::<Self>::read(column)?.into_iter())
    }
}

impl Cell for Option<i64> {
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        i64::data_type()
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(values.map(|ms| ms.map(|ms| ms.saturating_mul(1_000))).collect::<TimestampMicrosecondArray>()))
    }

    fn read(column: &Column<'_>) -> Result<Vec<Self>, TableError> {
        let values = column.array::<TimestampMicrosecondArray>(&Self::data_type())?.iter();
        Ok(values.map(|us| us.map(|us| us.div_euclid(1_000))).collect())
    }
}

/// FIXED_LEN_BYTE_ARRAY(32): a SHA-256.
impl Cell for [u8; 32] {
    const NULLABLE: bool = false;

    fn data_type() -> DataType {
        DataType::FixedSizeBinary(32)
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<ArrayRef, ArrowError> {
        let mut builder = FixedSizeBinaryBuilder::new(32);
        for hash in values {
            builder.append_value(hash)?;
        }
        Ok(Arc::new(builder.finish()))
    }

    fn read(column: &Column<'_>) -> Result<Vec<Self>, TableError> {
        column.required(Option::<Self>::read(column)?.into_iter())
    }
}

impl Cell for Option<[u8; 32]> {
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        DataType::FixedSizeBinary(32)
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<ArrayRef, ArrowError> {
        let mut builder = FixedSizeBinaryBuilder::new(32);
        for hash in values {
            match hash {
                Some(hash) => builder.append_value(hash)?,
                None => builder.append_null(),
            }
        }
        Ok(Arc::new(builder.finish()))
    }

    fn read(column: &Column<'_>) -> Result<Vec<Self>, TableError> {
        let array = column.array::<FixedSizeBinaryArray>(&Self::data_type())?;
        let exact = |(row, bytes): (usize, Option<&[u8]>)| match bytes {
            Some(bytes) => Ok(Some(bytes.try_into().map_err(|_| column.refused(row, Some("other than 32 bytes")))?)),
            None => Ok(None),
        };
        array.iter().enumerate().map(exact).collect()
    }
}

/// MAP<string,string> with the names that the Parquet specification gives its parts; an empty map is null.
impl Cell for BTreeMap<String, String> {
    const NULLABLE: bool = true;

    fn data_type() -> DataType {
        let entries = Fields::from(vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Utf8, true)]);
        DataType::Map(Arc::new(Field::new("key_value", DataType::Struct(entries), false)), false)
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<ArrayRef, ArrowError> {
        let names = MapFieldNames { entry: "key_value".to_owned(), key: "key".to_owned(), value: "value".to_owned() };
        let mut builder = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
        for map in values {
            for (key, value) in map {
                builder.keys().append_value(key);
                builder.values().append_value(value);
            }
            builder.append(!map.is_empty())?;
        }
        Ok(Arc::new(builder.finish()))
    }

    fn read(column: &Column<'_>) -> Result<Vec<Self>, TableError> {
        let array = column.array::<MapArray>(&Self::data_type())?;
        let pairs = |row: usize, entries: arrow_array::StructArray| {
            let texts = |index: usize| entries.column(index).as_any().downcast_ref::<StringArray>();
            let (Some(keys), Some(values)) = (texts(0), texts(1)) else {
                return Err(column.refused(row, Some("a map of other than texts")));
            };
            Ok(keys.iter().zip(values).filter_map(|(key, value)| Some((key?.to_owned(), value?.to_owned()))).collect())
        };
        array.iter().enumerate().map(|(row, entries)| entries.map_or_else(|| Ok(Self::new()), |entries| pairs(row, entries))).collect()
    }
}

impl Cell for BatchId {
    const NULLABLE: bool = false;

    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(StringArray::from_iter_values(values.map(ToString::to_string))))
    }

    fn read(column: &Column<'_>) -> Result<Vec<Self>, TableError> {
        column.parsed()
    }
}

/// The field of a column, its type told by what `_get` gives.
pub(super) fn field_of<R, T: Cell>(name: &str, _get: impl Fn(&R) -> &T) -> Field {
    Field::new(name, T::data_type(), T::NULLABLE)
}

/// Writes what [`super::file::Row`] wants of a row's columns, from the names of its fields in the order of the columns.
macro_rules! columns {
    ($($field:ident),+ $(,)?) => {
        fn fields() -> Vec<arrow_schema::Field> {
            vec![$($crate::tables::cell::field_of(stringify!($field), |row: &Self| &row.$field)),+]
        }

        fn columns(rows: &[&Self]) -> Result<Vec<arrow_array::ArrayRef>, arrow_schema::ArrowError> {
            Ok(vec![$($crate::tables::cell::Cell::column(rows.iter().map(|row| &row.$field))?),+])
        }

        fn read(batch: &arrow_array::RecordBatch, rows: &mut Vec<Self>) -> Result<(), $crate::tables::TableError> {
            let first_row = rows.len();
            $(
                let column = $crate::tables::cell::Column::find(Self::TABLE, stringify!($field), batch, first_row)?;
                let mut $field = $crate::tables::cell::Cell::read(&column)?.into_iter();
            )+
            // Every column of a record batch has as many values as the batch has rows.
            while let ($(Some($field),)+) = ($($field.next(),)+) {
                rows.push(Self { $($field),+ });
            }
            Ok(())
        }
    };
}

/// Lets an enum with `as_str` and `ALL` stand in a column under its names.
macro_rules! named {
    ($type:ty, $what:literal) => {
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::tables::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.into_iter().find(|value| value.as_str() == text);
                found.ok_or_else(|| $crate::tables::UnknownName { what: $what, text: text.chars().take(64).collect() })
            }
        }

        impl $crate::tables::cell::Cell for $type {
            const NULLABLE: bool = false;

            fn data_type() -> arrow_schema::DataType {
                arrow_schema::DataType::Utf8
            }

            fn column<'a>(values: impl Iterator<Item = &'a Self>) -> Result<arrow_array::ArrayRef, arrow_schema::ArrowError> {
                Ok(std::sync::Arc::new(arrow_array::StringArray::from_iter_values(values.map(|value| value.as_str()))))
            }

            fn read(column: &$crate::tables::cell::Column<'_>) -> Result<Vec<Self>, $crate::tables::TableError> {
                column.parsed()
            }
        }
    };
}

pub(super) use {columns, named};
