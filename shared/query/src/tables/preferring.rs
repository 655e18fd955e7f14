//! Of a Record that came in several sources, the row is shown whose source is verified: the bytes are the same, so it is proved. Rows of other
//! sources wait until all is read; of those whose Record was not shown by then, the one with the worst outcome that is known is.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use arrow_array::{Array, BooleanArray, RecordBatch, StringArray, cast::AsArray};
use arrow_schema::SchemaRef;
use arrow_select::filter::filter_record_batch;
use datafusion::{
    common::{Result, exec_datafusion_err},
    execution::{
        TaskContext,
        memory_pool::{MemoryConsumer, MemoryReservation},
    },
};

use super::outcomes::{VERIFIED, badness};

/// Bytes that it takes to choose among the rows of a Record.
const CHOSEN_BYTES: usize = 128;

/// Rows that wait.
#[derive(Debug)]
pub(super) struct Waiting {
    held: Mutex<Held>,
    reservation: MemoryReservation,
}

#[derive(Debug)]
struct Held {
    batches: Vec<RecordBatch>,
    /// Streams that are not at their end.
    streams: usize,
}

impl Waiting {
    pub(super) fn new(context: &TaskContext, streams: usize) -> Self {
        let reservation = MemoryConsumer::new("records that are not verified").register(context.memory_pool());
        Self { held: Mutex::new(Held { batches: Vec::new(), streams }), reservation }
    }

    /// The rows of verified sources; the others wait. `key` columns stand behind `verified`.
    pub(super) fn sort_out(&self, batch: &RecordBatch, key: usize) -> Result<RecordBatch> {
        let verified = texts(batch, key + 1)?;
        let passing: BooleanArray = verified.iter().map(|outcome| Some(outcome == Some(VERIFIED))).collect();
        if passing.true_count() == batch.num_rows() {
            return Ok(batch.clone());
        }
        let others: BooleanArray = passing.values().iter().map(|passes| Some(!passes)).collect();
        let waiting = filter_record_batch(batch, &others)?;
        self.reservation.try_grow(waiting.get_array_memory_size() + waiting.num_rows() * CHOSEN_BYTES)?;
        self.held.lock().unwrap_or_else(PoisonError::into_inner).batches.push(waiting);
        Ok(filter_record_batch(batch, &passing)?)
    }

    /// At the end of the last stream: the rows of Records that `is_new`, each once. At the end of others: nothing.
    pub(super) fn rest(&self, schema: &SchemaRef, is_new: impl Fn(&[u8], &[u8]) -> bool) -> Result<Vec<RecordBatch>> {
        let batches = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.streams = held.streams.saturating_sub(1);
            if held.streams > 0 {
                return Ok(Vec::new());
            }
            std::mem::take(&mut held.batches)
        };
        let mut worst: HashMap<(&str, &str), (usize, usize, usize)> = HashMap::new();
        let mut kept: Vec<Vec<bool>> = batches.iter().map(|batch| vec![false; batch.num_rows()]).collect();
        for (n, batch) in batches.iter().enumerate() {
            let (outcomes, hashes, accounts) = (texts(batch, 3)?, texts(batch, 2)?, texts(batch, 1)?);
            for row in 0..batch.num_rows() {
                let bad = badness(outcomes.is_valid(row).then(|| outcomes.value(row)));
                if hashes.is_null(row) {
                    // A row without a hash cannot be told from others, so it is kept.
                    keep(&mut kept, n, row);
                    continue;
                }
                let account = if accounts.is_valid(row) { accounts.value(row) } else { "" };
                let held = worst.entry((hashes.value(row), account)).or_insert((bad, n, row));
                if held.0 < bad {
                    *held = (bad, n, row);
                }
            }
        }
        for ((hash, account), (_, n, row)) in &worst {
            if is_new(hash.as_bytes(), account.as_bytes()) {
                keep(&mut kept, *n, *row);
            }
        }
        let width: Vec<usize> = (0..schema.fields().len()).collect();
        let shown = |(batch, kept): (&RecordBatch, Vec<bool>)| {
            let rows = filter_record_batch(&batch.project(&width)?, &BooleanArray::from(kept))?;
            Ok(rows.with_schema(SchemaRef::clone(schema))?)
        };
        batches.iter().zip(kept).map(shown).collect()
    }
}

fn keep(kept: &mut [Vec<bool>], batch: usize, row: usize) {
    if let Some(kept) = kept.get_mut(batch).and_then(|rows| rows.get_mut(row)) {
        *kept = true;
    }
}

/// A text column, counted from the last one as 1.
fn texts(batch: &RecordBatch, from_last: usize) -> Result<&StringArray> {
    let column = batch.num_columns().checked_sub(from_last).and_then(|index| batch.columns().get(index));
    column
        .and_then(|column| column.as_string_opt::<i32>())
        .ok_or_else(|| exec_datafusion_err!("rows without the columns that tell Records apart"))
}
