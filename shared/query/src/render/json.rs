//! One JSON object a row and line; nulls are left out.

use std::io::Write;

use arrow_array::RecordBatch;

use super::cells::{Styles, json_columns};
use crate::QueryError;

pub(super) fn write_rows(batch: &RecordBatch, out: &mut dyn Write) -> Result<(), QueryError> {
    let (schema, styles) = (batch.schema(), Styles::default());
    let mut columns = json_columns(batch, &schema, &styles).map_err(super::unwritable)?;
    let names: Vec<String> = schema.fields().iter().map(|field| serde_json::Value::from(field.name().as_str()).to_string()).collect();
    let mut line = Vec::new();
    for row in 0..batch.num_rows() {
        line.clear();
        line.push(b'{');
        for (name, column) in names.iter().zip(&mut columns) {
            let before = line.len();
            if before > 1 {
                line.push(b',');
            }
            line.extend_from_slice(name.as_bytes());
            line.push(b':');
            if !column.json(row, &mut line) {
                line.truncate(before);
            }
        }
        line.extend_from_slice(b"}\n");
        out.write_all(&line)?;
    }
    Ok(())
}
