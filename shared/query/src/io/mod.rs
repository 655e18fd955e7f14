//! How bytes of the archive's Parquet files reach the engine, and what that costs.
//!
//! The engine's own object-store layer is left aside: reads go to the [`AuditBucket`] port, or straight to files where the archive
//! is a directory, and every request is counted as it would be on S3.
//!
//! [`AuditBucket`]: trailkeep_pipeline::ports::bucket::AuditBucket

mod counters;
mod footers;
mod reader;
mod source;

pub(crate) use counters::IoCounters;
pub use counters::IoStats;
pub(crate) use footers::Footers;
pub(crate) use reader::{ArchiveReaderFactory, decoding};
pub(crate) use source::ArchiveSource;
