//! Ledger in one DynamoDB table, for a fleet: every call is one or a few conditional changes of single items, and DynamoDB arbitrates. What the
//! items are, who may change what, and what it costs is in `design.md`.
//!
//! Retries of transport and throttling are the SDK's. Retried here are only partial results (`UnprocessedItems`, `UnprocessedKeys`) and
//! transactions that met another one, a bounded number of times. No operation scans the table.

mod backoff;
mod batches;
mod change;
mod epochs;
mod error;
mod fetch;
mod identity;
mod item;
mod keys;
mod leases;
mod notes;
mod open;
mod port;
mod restoring;
mod sources;
mod statements;
mod table;
#[cfg(test)]
mod tests;

use aws_sdk_dynamodb::Client;
use trailkeep_archive::BatchId;
use trailkeep_pipeline::ports::ledger::LedgerError;

pub use self::table::Made;
use self::{epochs::Epochs, keys::Keys, statements::Statements};

/// How long a source is remembered if nothing else is asked: 400 days from when its Batch was opened.
pub const REMEMBERED_DAYS: u32 = 400;

/// How much longer than its sources a Batch is remembered, so that no source points to a Batch that expired: DynamoDB deletes what expired
/// within some days. Source: DynamoDB Developer Guide, "Using time to live (TTL)".
const BATCH_DAYS_MORE: u32 = 30;

const DAY_SECS: i64 = 86_400;

/// The lowest release of readers that what this release writes needs (`v` of every item), and the newest `v` that it works with.
const VERSION: i64 = 1;

/// Calls of one kind that one operation has under way at a time.
const IN_FLIGHT: usize = 64;

/// A ledger in a DynamoDB table.
#[derive(Debug)]
pub struct DynamoLedger {
    client: Client,
    table: String,
    remembered_days: u32,
    epochs: Epochs,
    statements: Statements,
}

impl DynamoLedger {
    /// The ledger behind a client that was made elsewhere.
    pub fn with_client(client: Client, table: &str) -> Self {
        Self {
            client,
            table: table.to_owned(),
            remembered_days: REMEMBERED_DAYS,
            epochs: Epochs::default(),
            statements: Statements::default(),
        }
    }

    /// Remembers sources for this many days. All processes of a fleet should agree; where they do not, each source has the days of whoever
    /// admitted it.
    #[must_use]
    pub fn remembering(self, days: u32) -> Self {
        Self { remembered_days: days, ..self }
    }

    /// The Region that is asked, for messages.
    fn region(&self) -> String {
        self.client.config().region().map_or_else(|| "an unknown Region".to_owned(), ToString::to_string)
    }

    fn named(&self) -> String {
        format!("dynamodb://{}", self.table)
    }

    fn damaged(&self, detail: impl Into<String>) -> LedgerError {
        LedgerError::Damaged { ledger: self.named(), detail: detail.into() }
    }

    fn no_such(&self, batch: &BatchId) -> LedgerError {
        LedgerError::NoSuchBatch { batch: *batch, ledger: self.named() }
    }

    /// Keys of the epoch in which `batch` was opened here, else of the ledger's epoch as this handle knows it.
    async fn keys_of(&self, batch: &BatchId) -> Result<Keys, LedgerError> {
        match self.epochs.of(batch) {
            Some(epoch) => Ok(Keys::of(epoch)),
            None => self.keys().await,
        }
    }

    /// Keys of the ledger's epoch as this handle knows it; asked for once.
    async fn keys(&self) -> Result<Keys, LedgerError> {
        match self.epochs.current() {
            Some(epoch) => Ok(Keys::of(epoch)),
            None => Ok(Keys::of(self.read_identity().await?.epoch)),
        }
    }

    /// When a source of `batch` expires: seconds since the Unix epoch. The Batch's own id says when it was opened, so that no clock is asked.
    fn source_expires_secs(&self, batch: &BatchId) -> i64 {
        batch.unix_ms() / 1_000 + i64::from(self.remembered_days) * DAY_SECS
    }

    /// When an ended Batch's own item expires, likewise.
    fn batch_expires_secs(&self, batch: &BatchId) -> i64 {
        self.source_expires_secs(batch) + i64::from(BATCH_DAYS_MORE) * DAY_SECS
    }
}
