//! The archive as it lies in its bucket or directory: keys, segments, `archive.json`, manifests, and the
//! tables `sources`, `quarantine`, `accounts`, `findings`, `outcomes` and `.idx`, the event-id index. `docs/format.md` says the same in prose and is normative.
//!
//! Pure: bytes in, bytes out. Fetching and publishing them is the pipeline's; the `events` table is
//! `trailkeep-events`'.

mod acknowledgement;
mod batch_id;
mod class_label;
mod descriptor;
mod event_index;
mod landed;
pub mod layout;
mod manifest;
mod partition;
mod tables;

pub use acknowledgement::{Acknowledgement, AcknowledgementError, acknowledgement_key, is_finding, parse_acknowledgement_key};
pub use batch_id::{BatchId, BatchIdError};
pub use class_label::{ClassLabel, ClassLabelError};
pub use descriptor::{ArchiveDescriptor, DescriptorError, LedgerKind, LedgerRef};
pub use event_index::{EventEntry, EventIndexError, EventLookup, EventPlace, write_event_index};
pub use landed::{LandedDigests, LandedObject, MAX_LISTED};
pub use manifest::{Manifest, ManifestError, ManifestSource};
pub use partition::{Category, Partition, PartitionError};
pub use tables::{
    AccountRow, FORMAT_KEY, FindingChange, FindingRow, IdxRow, OUTCOMES_TAIL_BYTES, Outcome, OutcomeRow, OutcomesFile, OutcomesTail,
    OutcomesWriter, QuarantineKind, QuarantineRow, Severity, SourceKind, SourceRow, TABLE_KEY, TableError, UnknownName, accounts_schema,
    findings_schema, outcomes_schema, quarantine_schema, read_accounts, read_findings, read_idx, read_outcomes, read_quarantine,
    read_sources, sources_schema, write_accounts, write_findings, write_idx, write_outcomes, write_quarantine, write_sources,
};

/// The archive format that this release writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// What stands as `created_by` in every file of ours.
pub const CREATED_BY: &str = concat!("trailkeep ", env!("CARGO_PKG_VERSION"));
