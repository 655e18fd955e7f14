//! The archive as it lies in its bucket or directory: keys, segments, `archive.json`, manifests, and the
//! tables `sources`, `quarantine` and `.idx`, the event-id index. `docs/format.md` says the same in prose and is normative.
//!
//! Pure: bytes in, bytes out. Fetching and publishing them is the pipeline's; the `events` table is
//! `trailkeep-events`'.

mod batch_id;
mod class_label;
mod descriptor;
mod event_index;
mod landed;
pub mod layout;
mod manifest;
mod partition;
mod tables;

pub use batch_id::{BatchId, BatchIdError};
pub use class_label::{ClassLabel, ClassLabelError};
pub use descriptor::{ArchiveDescriptor, DescriptorError, LedgerKind, LedgerRef};
pub use event_index::{EventEntry, EventIndexError, EventLookup, EventPlace, write_event_index};
pub use landed::{LandedObject, MAX_LISTED};
pub use manifest::{Manifest, ManifestError, ManifestSource};
pub use partition::{Category, Partition, PartitionError};
pub use tables::{
    AccountRow, FORMAT_KEY, IdxRow, Outcome, QuarantineKind, QuarantineRow, SourceKind, SourceRow, TABLE_KEY, TableError, UnknownName,
    quarantine_schema, read_accounts, read_idx, read_quarantine, read_sources, sources_schema, write_accounts, write_idx, write_quarantine,
    write_sources,
};

/// The archive format that this release writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// What stands as `created_by` in every file of ours.
pub const CREATED_BY: &str = concat!("trailkeep ", env!("CARGO_PKG_VERSION"));
