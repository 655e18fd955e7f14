//! The archive's tables as the engine scans them: `events` (as landed, or every Record once; by themselves, or with what the auditor knows beside
//! them), `sources`, `quarantine`; the auditor's `accounts`, `findings`, `outcomes`.

mod account_history;
mod archive_table;
mod audited_rows;
mod audited_table;
mod auditor_files;
mod auditor_table;
mod day_statistics;
mod days;
mod distinct;
mod event_ids;
mod implied;
mod listing;
mod named_files;
mod outcomes;
mod preferring;
mod scope;

pub(crate) use archive_table::{ArchiveTable, TableKind};
pub(crate) use audited_table::AuditedTable;
pub(crate) use auditor_table::{AuditorTable, AuditorTableKind};
pub(crate) use scope::QueryScope;
