//! Writes an answer: aligned for a person, or as CSV, JSON lines or Parquet.

mod cells;
mod csv;
mod json;
mod parquet_file;
mod table;

use std::io::Write;

use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

pub use parquet_file::write_parquet;
pub use table::{Layout, Shown, write_table};

use crate::QueryError;

/// How an answer is written as text, row by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    /// A header, then RFC 4180 rows. Nested values are JSON; nothing stands for null.
    Csv,
    /// One JSON object a line. Nulls are left out.
    Json,
}

/// Writes all rows; gives their number.
///
/// # Errors
/// [`QueryError::Write`], and what goes wrong while the rows are found.
pub async fn write_text(
    mut batches: SendableRecordBatchStream,
    format: TextFormat,
    out: &mut (dyn Write + Send),
) -> Result<u64, QueryError> {
    let mut rows = 0;
    if format == TextFormat::Csv {
        csv::write_header(&batches.schema(), out)?;
    }
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        match format {
            TextFormat::Csv => csv::write_rows(&batch, out)?,
            TextFormat::Json => json::write_rows(&batch, out)?,
        }
        rows += batch.num_rows() as u64;
    }
    out.flush()?;
    Ok(rows)
}

fn unwritable(error: datafusion::arrow::error::ArrowError) -> QueryError {
    QueryError::Write(std::io::Error::other(error))
}
