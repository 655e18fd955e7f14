//! The small tables of an archive: `sources`, `quarantine`, `accounts`, `findings`, `outcomes` and the `.idx` beside each segment. All are
//! Parquet with plain columns that any engine reads: no Arrow schema inside, timestamps in microseconds
//! without a zone (always UTC), maps as MAP<string,string>.

mod accounts;
mod cell;
mod error;
mod file;
mod findings;
mod idx;
mod outcomes;
mod quarantine;
mod sources;

pub use accounts::{AccountRow, read_accounts, write_accounts};
pub use error::{TableError, UnknownName};
pub use file::{FORMAT_KEY, TABLE_KEY};
pub use findings::{FindingChange, FindingRow, Severity, findings_schema, read_findings, write_findings};
pub use idx::{IdxRow, read_idx, write_idx};
pub use outcomes::{
    OUTCOMES_TAIL_BYTES, OutcomeRow, OutcomesFile, OutcomesTail, OutcomesWriter, outcomes_schema, read_outcomes, write_outcomes,
};
pub use quarantine::{QuarantineKind, QuarantineRow, read_quarantine, write_quarantine};
pub use sources::{Outcome, SourceKind, SourceRow, read_sources, sources_schema, write_sources};

/// The Arrow schema of the `accounts` table, likewise.
pub fn accounts_schema() -> arrow_schema::SchemaRef {
    file::schema_of::<AccountRow>()
}

/// The Arrow schema of the `quarantine` table, for engines that must name columns before there is a file.
pub fn quarantine_schema() -> arrow_schema::SchemaRef {
    file::schema_of::<QuarantineRow>()
}

#[cfg(test)]
mod tests;
