//! What a partition's file covers: accounts, Regions and the span of event times, taken from each row group's columns. Accounts and
//! Regions repeat, so that their columns hold each value once: what is looked at is a handful of texts a row group, not its rows.

use std::collections::{BTreeSet, HashSet};

use ahash::RandomState;
use arrow_array::{
    Array, RecordBatch,
    cast::AsArray,
    types::{Int32Type, Int64Type},
};
use arrow_schema::ArrowError;
use trailkeep_archive::MAX_LISTED;

/// Longest account or Region that is listed, in bytes; longer ones are counted only. AWS's own have at most 16, but a Record may hold anything.
const MAX_NAME_BYTES: usize = 64;

/// What a file of `events/` covers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Accounts that its Records are for, ascending: all of them, or the first [`MAX_LISTED`] that came.
    pub accounts: Vec<String>,
    /// How many accounts there are, listed or not.
    pub account_count: u64,
    /// Regions, in the same way.
    pub regions: Vec<String>,
    /// Time of the first event, milliseconds since the Unix epoch; `None` without rows.
    pub first_event_ms: Option<i64>,
    /// Time of the last event.
    pub last_event_ms: Option<i64>,
}

/// Gathers the coverage of one file while it is written: 8 bytes for each distinct value, and the texts of those that are listed.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    accounts: Names,
    regions: Names,
    times: Option<(i64, i64)>,
}

impl Gathering {
    /// Takes in the rows of a row group.
    ///
    /// # Errors
    /// Where the rows lack a column: a fault of this program.
    pub(crate) fn take(&mut self, rows: &RecordBatch) -> Result<(), ArrowError> {
        self.accounts.take(rows, "accountid")?;
        self.regions.take(rows, "region")?;
        let times = column(rows, "time")?.as_primitive_opt::<Int64Type>().ok_or_else(|| lacking("time"))?;
        for time in times.iter().flatten() {
            let (first, last) = self.times.get_or_insert((time, time));
            *first = time.min(*first);
            *last = time.max(*last);
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Coverage {
        Coverage {
            account_count: self.accounts.hashes.len() as u64,
            accounts: self.accounts.listed(),
            regions: self.regions.listed(),
            first_event_ms: self.times.map(|(first, _)| first),
            last_event_ms: self.times.map(|(_, last)| last),
        }
    }
}

/// Distinct values of a column, over all row groups.
#[derive(Debug, Default)]
struct Names {
    hasher: RandomState,
    hashes: HashSet<u64>,
    names: BTreeSet<String>,
}

impl Names {
    fn take(&mut self, rows: &RecordBatch, name: &str) -> Result<(), ArrowError> {
        // The dictionary of a column holds the values of its rows and no others.
        let values = column(rows, name)?.as_dictionary_opt::<Int32Type>().and_then(|column| column.values().as_string_opt::<i32>());
        for value in values.ok_or_else(|| lacking(name))?.iter().flatten().filter(|value| !value.is_empty()) {
            if self.hashes.insert(self.hasher.hash_one(value)) && self.names.len() < MAX_LISTED && value.len() <= MAX_NAME_BYTES {
                self.names.insert(value.to_owned());
            }
        }
        Ok(())
    }

    fn listed(self) -> Vec<String> {
        self.names.into_iter().collect()
    }
}

fn column<'a>(rows: &'a RecordBatch, name: &str) -> Result<&'a dyn Array, ArrowError> {
    rows.column_by_name(name).map(AsRef::as_ref).ok_or_else(|| lacking(name))
}

fn lacking(name: &str) -> ArrowError {
    ArrowError::SchemaError(format!("rows without {name}"))
}
