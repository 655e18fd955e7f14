//! RFC 4180 rows, with line feeds.

use std::io::{self, Write};

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use super::cells::{Styles, columns};
use crate::QueryError;

pub(super) fn write_header(schema: &Schema, out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<String> = schema.fields().iter().map(|field| quoted(field.name())).collect();
    writeln!(out, "{}", names.join(","))
}

pub(super) fn write_rows(batch: &RecordBatch, out: &mut dyn Write) -> Result<(), QueryError> {
    let (schema, styles) = (batch.schema(), Styles::default());
    let mut columns = columns(batch, &schema, &styles).map_err(super::unwritable)?;
    for row in 0..batch.num_rows() {
        for (index, column) in columns.iter_mut().enumerate() {
            if index > 0 {
                out.write_all(b",")?;
            }
            out.write_all(quoted(&column.text(row).unwrap_or_default()).as_bytes())?;
        }
        out.write_all(b"\n")?;
    }
    Ok(())
}

fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_plain_texts_stay() {
        assert_eq!(quoted("plain text"), "plain text");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("two\nlines"), "\"two\nlines\"");
    }
}
