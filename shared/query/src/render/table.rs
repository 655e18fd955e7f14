//! An aligned table for a person's terminal: at most so many rows, columns cut so that a line fits.

use std::io::Write;

use arrow_schema::Schema;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

use super::cells::{Styles, columns, is_number};
use crate::QueryError;

/// Narrowest that a column is cut to.
const MIN_COLUMN: usize = 6;
/// Longest text kept of a value while the widths are found.
const MAX_CELL: usize = 4_096;

/// What a table may take.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Characters of a line; 0 = as wide as it is.
    pub width: usize,
    /// Rows that are shown; the rest are counted only while they are at hand.
    pub max_rows: usize,
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Rows shown.
    pub rows: u64,
    /// Whether there are more.
    pub more: bool,
}

/// Writes a table, stopping at the layout's rows.
///
/// # Errors
/// [`QueryError::Write`], and what goes wrong while the rows are found.
pub async fn write_table(
    mut batches: SendableRecordBatchStream,
    layout: Layout,
    out: &mut (dyn Write + Send),
) -> Result<Shown, QueryError> {
    let schema = batches.schema();
    let mut rows: Vec<Vec<Option<String>>> = Vec::new();
    let mut more = false;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        let styles = Styles::default();
        let mut cells = columns(&batch, &schema, &styles).map_err(super::unwritable)?;
        let room = layout.max_rows.saturating_sub(rows.len());
        more |= batch.num_rows() > room;
        rows.extend(
            (0..batch.num_rows().min(room)).map(|row| cells.iter_mut().map(|cell| cell.text(row).map(|text| one_line(&text))).collect()),
        );
        if more {
            break;
        }
    }
    write_lines(&schema, &rows, layout.width, out)?;
    Ok(Shown { rows: rows.len() as u64, more })
}

fn write_lines(schema: &Schema, rows: &[Vec<Option<String>>], width: usize, out: &mut dyn Write) -> std::io::Result<()> {
    if schema.fields().is_empty() {
        return Ok(());
    }
    let names: Vec<String> = schema.fields().iter().map(|field| one_line(field.name())).collect();
    let wanted: Vec<usize> = names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let cells = rows.iter().filter_map(|row| row.get(index)?.as_ref()).map(|text| text.chars().count());
            cells.chain([name.chars().count()]).max().unwrap_or(0)
        })
        .collect();
    let widths = fitted(&wanted, width);
    let right: Vec<bool> = schema.fields().iter().map(|field| is_number(field.data_type())).collect();
    write_line(out, &names.iter().map(|name| Some(name.as_str())).collect::<Vec<_>>(), &widths, &right)?;
    writeln!(out, "{}", widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join("──"))?;
    for row in rows {
        write_line(out, &row.iter().map(Option::as_deref).collect::<Vec<_>>(), &widths, &right)?;
    }
    out.flush()
}

fn write_line(out: &mut dyn Write, cells: &[Option<&str>], widths: &[usize], right: &[bool]) -> std::io::Result<()> {
    let mut line = String::new();
    for ((cell, width), right) in cells.iter().zip(widths).zip(right) {
        let text = cut(cell.unwrap_or(""), *width);
        let padding = " ".repeat(width - text.chars().count());
        if !line.is_empty() || *width == 0 {
            line.push_str("  ");
        }
        if *right {
            line.push_str(&padding);
            line.push_str(&text);
        } else {
            line.push_str(&text);
            line.push_str(&padding);
        }
    }
    writeln!(out, "{}", line.trim_end())
}

/// Narrows the widest columns until the line fits, none below [`MIN_COLUMN`].
fn fitted(wanted: &[usize], width: usize) -> Vec<usize> {
    let gaps = 2 * wanted.len().saturating_sub(1);
    let mut widths = wanted.to_vec();
    if width == 0 {
        return widths;
    }
    let room = width.saturating_sub(gaps);
    // The largest cap under which all columns together fit.
    let fits = |cap: usize| wanted.iter().map(|wanted| (*wanted).min(cap)).sum::<usize>() <= room;
    let widest = wanted.iter().copied().max().unwrap_or(0);
    let cap = (MIN_COLUMN..=widest).rev().find(|cap| fits(*cap)).unwrap_or(MIN_COLUMN);
    let mut spare = room.saturating_sub(wanted.iter().map(|wanted| (*wanted).min(cap)).sum());
    for (width, wanted) in widths.iter_mut().zip(wanted) {
        let extra = wanted.saturating_sub(cap).min(spare).min(1);
        *width = (*wanted).min(cap) + extra;
        spare -= extra;
    }
    widths
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Control characters would move the cursor; each becomes a space.
fn one_line(text: &str) -> String {
    text.chars().take(MAX_CELL).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use std::sync::Arc;

    use arrow_schema::{DataType, Field};

    use super::*;

    #[test]
    fn wide_columns_give_way_first() {
        assert_eq!(fitted(&[4, 100, 10], 40), vec![4, 22, 10]);
        assert_eq!(fitted(&[4, 5], 80), vec![4, 5]);
        assert_eq!(fitted(&[50, 50], 0), vec![50, 50]);
        assert_eq!(fitted(&[50; 20], 40), vec![6; 20]);
    }

    #[test]
    fn a_table_is_aligned_and_cannot_move_the_cursor() {
        let schema = Arc::new(Schema::new(vec![Field::new("name", DataType::Utf8, true), Field::new("n", DataType::Int64, true)]));
        let rows = vec![vec![Some(one_line("a\u{1b}[2Jb")), Some("7".to_owned())], vec![None, Some("12".to_owned())]];
        let mut out = Vec::new();
        write_lines(&schema, &rows, 80, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "name     n\n──────────\na [2Jb   7\n        12\n");
    }
}
