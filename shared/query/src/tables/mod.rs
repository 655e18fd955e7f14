//! The archive's tables as the engine scans them: `events` (as landed, or every Record once), `sources`, `quarantine`.

mod archive_table;
mod day_statistics;
mod days;
mod distinct;
mod event_ids;
mod implied;
mod listing;
mod scope;

pub(crate) use archive_table::{ArchiveTable, TableKind};
pub(crate) use scope::QueryScope;
