//! Adapters for one machine: directories and SQLite.

mod directory;
mod sqlite;

pub use directory::DirectoryBucket;
pub use sqlite::{LEDGER_IN_ARCHIVE, SqliteLedger, SqliteOptions};
