//! Reading an archive back: a source or a Record byte for byte, the whole verbatim tree, and what the archive holds
//! in figures. Everything that is given back is checked against its SHA-256 first.
//!
//! Asking the archive in SQL is `trailkeep-query`'s; what the answers look like on a terminal is the command line's.

mod archive;
mod columns;
mod event;
mod event_ids;
mod file;
mod original;
mod record;
mod source;
mod sources;
pub mod stats;
mod tier;
pub mod tree;

pub use archive::{Archive, OpenError, ReadError};
pub use event::{EventFilter, EventPointer, FindEventError};
pub use original::{Original, OriginalError, PIECE_BYTES, Piece};
pub use record::{RecordError, VerbatimRecord};
pub use source::{FindSourceError, SourceFilter};
pub use sources::{SourceColumns, SourceFiles};
pub use tier::{ArchivedSegment, RestoreEstimate, RestoreState, RestoreTier, TierError};

#[cfg(test)]
mod tests;
