//! Why a table of the archive could not be written or read.

use parquet::errors::ParquetError;

use crate::FORMAT;

/// Why a table of the archive could not be written or read. The caller adds which file it was.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Not Parquet, or its footer is damaged.
    #[error("not a readable Parquet file, where a {table} table should be")]
    NotParquet {
        /// The table that was expected.
        table: &'static str,
        /// The cause.
        #[source]
        source: ParquetError,
    },
    /// Another table of ours.
    #[error("a {found} table, where a {table} table should be")]
    OtherTable {
        /// The table that was expected.
        table: &'static str,
        /// The table that it says it is.
        found: String,
    },
    /// Written by a newer release.
    #[error("a {table} table of format {found}, newer than {FORMAT}, the newest that this release knows: use a newer trailkeep")]
    NewerFormat {
        /// The table.
        table: &'static str,
        /// The format it names.
        found: String,
    },
    /// A column of format 1 is not there.
    #[error("the {table} table has no column {column}")]
    MissingColumn {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A column has another type than format 1 says.
    #[error("column {column} of the {table} table is {found}, not {expected}")]
    ColumnType {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The type that was found.
        found: String,
        /// The type that format 1 says.
        expected: String,
    },
    /// A value that format 1 does not allow there.
    #[error("column {column} of the {table} table holds {found} in row {row}")]
    Value {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Row number from 0.
        row: usize,
        /// The value, cut short, or `null`.
        found: String,
    },
    /// More than the caller's cap once decoded.
    #[error("the {table} table holds more than {cap_bytes} bytes when decoded")]
    TooLarge {
        /// The table.
        table: &'static str,
        /// The cap in bytes.
        cap_bytes: u64,
    },
    /// The footer was good, the pages are not.
    #[error("the {table} table is damaged")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A row does not come after the one before it, where the order is the caller's.
    #[error("{what} does not come after the row before it, as rows of the {table} table must")]
    Disorder {
        /// The table.
        table: &'static str,
        /// Which row.
        what: String,
    },
    /// Encoding failed: a row holds what the format cannot.
    #[error("the {table} table could not be encoded")]
    Encode {
        /// The table.
        table: &'static str,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A name that format 1 does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {what}")]
pub struct UnknownName {
    /// What it should name.
    pub what: &'static str,
    /// The text, cut to 64 characters.
    pub text: String,
}
