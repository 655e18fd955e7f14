//! The organization's accounts as they were at a time: one row at most, whatever the history says.

use std::{collections::HashMap, sync::Arc};

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, UInt32Array, cast::AsArray, types::TimestampMicrosecondType};
use arrow_select::{concat::concat_batches, take::take};
use datafusion::{
    common::{DataFusionError, Result, exec_datafusion_err},
    execution::TaskContext,
};
use futures::TryStreamExt;

use super::{QueryScope, auditor_files::newest_accounts, auditor_table::AuditorTableKind};

/// Most bytes of decoded columns: 512 MiB, some million rows.
const MAX_BYTES: usize = 512 << 20;
/// What is read of each row, in this order.
const COLUMNS: [&str; 8] = ["account", "valid_from", "valid_to", "observed_at", "joined_at", "name", "ou_path", "tags"];

/// When which row is true of an account, in microseconds since 1970; `to` excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: i64,
    to: i64,
    row: u32,
}

/// The history of accounts.
#[derive(Debug)]
pub(super) struct AccountHistory {
    rows: RecordBatch,
    spans: HashMap<String, Vec<Span>>,
}

impl AccountHistory {
    /// Reads the newest history; an empty one where there is none.
    ///
    /// # Errors
    /// A file that cannot be read, or decodes to more than 512 MiB.
    pub(super) async fn read(scope: &Arc<QueryScope>, context: Arc<TaskContext>) -> Result<Self> {
        let newest = newest_accounts(scope).await.map_err(|error| DataFusionError::External(Box::new(error)))?;
        let mut reading = AuditorTableKind::Accounts.reading(Arc::clone(scope));
        let columns = Arc::clone(reading.schema.table_schema());
        let projection: Vec<usize> = COLUMNS.iter().filter_map(|name| columns.index_of(name).ok()).collect();
        let schema = Arc::new(columns.project(&projection)?);
        reading.projection = Some(projection);
        let mut batches = Vec::new();
        let mut bytes = 0;
        if let Some(file) = &newest {
            let mut rows = reading.rows(file, context)?;
            while let Some(batch) = rows.try_next().await? {
                bytes += batch.get_array_memory_size();
                if bytes > MAX_BYTES {
                    return Err(exec_datafusion_err!(
                        "{} decodes to more than {MAX_BYTES} bytes: no history of accounts is that long",
                        file.key
                    ));
                }
                batches.push(batch);
            }
        }
        let rows = concat_batches(&schema, &batches)?;
        let spans = spans(&rows).ok_or_else(|| exec_datafusion_err!("the history of accounts has other columns than it should"))?;
        Ok(Self { rows, spans })
    }

    /// For each pair of account and time, the row that was true; null where nothing is known.
    pub(super) fn rows_at(&self, accounts: &StringArray, times: impl Iterator<Item = Option<i64>>) -> UInt32Array {
        accounts.iter().zip(times).map(|(account, at)| self.row_at(account?, at?)).collect()
    }

    fn row_at(&self, account: &str, at: i64) -> Option<u32> {
        let spans = self.spans.get(account)?;
        let next = spans.partition_point(|span| span.from <= at);
        let span = spans.get(next.checked_sub(1)?)?;
        (at < span.to).then_some(span.row)
    }

    /// A column of these rows.
    ///
    /// # Errors
    /// None but a fault of the program.
    pub(super) fn column(&self, name: &str, rows: &UInt32Array) -> Result<ArrayRef> {
        let column = self.rows.column_by_name(name).ok_or_else(|| exec_datafusion_err!("a history of accounts without {name}"))?;
        Ok(take(column, rows, None)?)
    }
}

/// When each row counts: from `valid_from` to `valid_to`; and an account's first row since it joined, as is the first after it had left. Of
/// rows that overlap the later counts from where it begins.
fn spans(rows: &RecordBatch) -> Option<HashMap<String, Vec<Span>>> {
    let accounts = rows.column_by_name("account")?.as_string_opt::<i32>()?;
    let time = |name: &str| rows.column_by_name(name)?.as_primitive_opt::<TimestampMicrosecondType>();
    let (from, to, observed, joined) = (time("valid_from")?, time("valid_to")?, time("observed_at")?, time("joined_at")?);
    let ends = |row: usize| if to.is_valid(row) { to.value(row) } else { i64::MAX };
    let lasts = |row: &usize| accounts.is_valid(*row) && from.is_valid(*row) && from.value(*row) < ends(*row);
    let mut order: Vec<usize> = (0..rows.num_rows()).filter(lasts).collect();
    order.sort_by_key(|row| (accounts.value(*row), from.value(*row), observed.value(*row), *row));
    let mut all: HashMap<String, Vec<Span>> = HashMap::new();
    for account in order.chunk_by(|a, b| accounts.value(*a) == accounts.value(*b)) {
        let mut spans: Vec<Span> = Vec::new();
        for row in account {
            let (begins, ends) = (from.value(*row), ends(*row));
            // Of rows that begin together the one that was observed last counts.
            if let Some(last) = spans.pop_if(|last| last.to > begins) {
                spans.extend((last.from < begins).then_some(Span { to: begins, ..last }));
            }
            let ended = spans.last().map_or(i64::MIN, |last| last.to);
            let since = joined.is_valid(*row).then(|| joined.value(*row)).filter(|joined| (ended..begins).contains(joined));
            spans.push(Span { from: since.unwrap_or(begins), to: ends, row: *row as u32 });
        }
        all.insert(accounts.value(*account.first()?).to_owned(), spans);
    }
    Some(all)
}
