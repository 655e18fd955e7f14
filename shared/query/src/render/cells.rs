//! Values as text: plain ones as they are, times in ISO 8601 (UTC), nested ones as JSON.

use arrow_array::{Array, RecordBatch};
use arrow_schema::{ArrowError, DataType, Schema};
use datafusion::arrow::{
    json::writer::{EncoderOptions, NullableEncoder, make_encoder},
    util::display::{ArrayFormatter, FormatOptions},
};

/// How times are written; all of the archive's are UTC.
const TIMESTAMP: &str = "%Y-%m-%dT%H:%M:%S%.3fZ";

/// The ways values are written.
#[derive(Debug)]
pub(super) struct Styles {
    plain: FormatOptions<'static>,
    nested: EncoderOptions,
}

impl Default for Styles {
    fn default() -> Self {
        Self {
            plain: FormatOptions::default().with_timestamp_format(Some(TIMESTAMP)).with_null(""),
            nested: EncoderOptions::default().with_timestamp_format(TIMESTAMP.to_owned()),
        }
    }
}

/// The values of one column.
pub(super) struct Column<'a> {
    values: &'a dyn Array,
    writer: Writer<'a>,
}

enum Writer<'a> {
    Plain(ArrayFormatter<'a>),
    Nested(NullableEncoder<'a>),
}

impl Column<'_> {
    /// The text of a row's value; `None` for null.
    pub(super) fn text(&mut self, row: usize) -> Option<String> {
        if self.values.is_null(row) {
            return None;
        }
        Some(match &mut self.writer {
            Writer::Plain(formatter) => formatter.value(row).to_string(),
            Writer::Nested(encoder) => {
                let mut json = Vec::new();
                encoder.encode(row, &mut json);
                String::from_utf8_lossy(&json).into_owned()
            }
        })
    }

    /// The value of a row as JSON; `None` for null.
    pub(super) fn json(&mut self, row: usize, out: &mut Vec<u8>) -> bool {
        match &mut self.writer {
            Writer::Nested(encoder) if self.values.is_valid(row) => encoder.encode(row, out),
            _ => return false,
        }
        true
    }
}

/// The columns of a batch as text.
///
/// # Errors
/// A type that cannot be written.
pub(super) fn columns<'a>(batch: &'a RecordBatch, schema: &'a Schema, styles: &'a Styles) -> Result<Vec<Column<'a>>, ArrowError> {
    let column = |(values, field): (&'a arrow_array::ArrayRef, &'a arrow_schema::FieldRef)| {
        let writer = if field.data_type().is_nested() {
            Writer::Nested(make_encoder(field, values.as_ref(), &styles.nested)?)
        } else {
            Writer::Plain(ArrayFormatter::try_new(values.as_ref(), &styles.plain)?)
        };
        Ok(Column { values: values.as_ref(), writer })
    };
    batch.columns().iter().zip(schema.fields()).map(column).collect()
}

/// The columns of a batch as JSON, whatever their types.
///
/// # Errors
/// A type that cannot be written.
pub(super) fn json_columns<'a>(batch: &'a RecordBatch, schema: &'a Schema, styles: &'a Styles) -> Result<Vec<Column<'a>>, ArrowError> {
    let column = |(values, field): (&'a arrow_array::ArrayRef, &'a arrow_schema::FieldRef)| {
        Ok(Column { values: values.as_ref(), writer: Writer::Nested(make_encoder(field, values.as_ref(), &styles.nested)?) })
    };
    batch.columns().iter().zip(schema.fields()).map(column).collect()
}

/// Whether a column is set flush right.
pub(super) fn is_number(data_type: &DataType) -> bool {
    data_type.is_numeric()
}
