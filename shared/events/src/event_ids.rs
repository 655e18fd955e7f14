//! What a Batch's event-id index is made of: the rows' ids, hashed, and where each row was written.

use std::collections::HashMap;

use arrow_array::{Array, RecordBatch, cast::AsArray};
use arrow_schema::ArrowError;
use trailkeep_archive::{EventEntry, EventPlace, Partition};
use trailkeep_records::hash::sha256_each;

/// Entries of the rows so far: 8 bytes a row.
#[derive(Debug, Default)]
pub(crate) struct EventIds {
    entries: Vec<EventEntry>,
    row_groups: HashMap<Partition, usize>,
}

impl EventIds {
    /// Takes the ids of rows that become the next row groups of a partition's file, `row_group_rows` each but the last.
    /// Rows without an id have no entry.
    ///
    /// # Errors
    /// Where the rows have no `event_uid`: a fault of this program.
    pub(crate) fn take(&mut self, partition: Partition, rows: &RecordBatch, row_group_rows: usize) -> Result<(), ArrowError> {
        let column = rows.column_by_name("event_uid").and_then(|column| column.as_string_opt::<i32>());
        let column = column.ok_or_else(|| ArrowError::SchemaError("rows without event_uid".to_owned()))?;
        let first = self.row_groups.entry(partition).or_default();
        let (row_groups, ids): (Vec<usize>, Vec<&[u8]>) =
            column.iter().enumerate().filter_map(|(row, id)| Some((*first + row / row_group_rows.max(1), id?.as_bytes()))).unzip();
        *first += column.len().div_ceil(row_group_rows.max(1));
        let entry = |(row_group, hash): (usize, [u8; 32])| EventEntry::new(&hash, EventPlace::new(&partition, row_group));
        self.entries.extend(row_groups.into_iter().zip(sha256_each(&ids)).map(entry));
        Ok(())
    }

    /// The entries, in no order.
    pub(crate) fn into_entries(self) -> Vec<EventEntry> {
        self.entries
    }
}
