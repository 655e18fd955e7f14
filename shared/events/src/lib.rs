//! Stored CloudTrail objects in, sorted OCSF Parquet row groups out.
//!
//! An [`Encoder`] belongs to one Batch. It inflates objects into one buffer, splits them there, and once the buffer is full it
//! hashes, drops duplicates, sorts, normalises and encodes what it holds: rows are sorted before they are built, so no copy of
//! columns is ever sorted. Everything is synchronous and bounded by the configured budget; files are opened through a
//! [`PartitionSink`]. What an object came to is an [`ObjectReport`].

mod columnar;
mod coverage;
mod encoder;
mod event_ids;
mod files;
mod object;
mod pending;
mod properties;
mod streamed;

pub use coverage::Coverage;
pub use encoder::{EncodeError, Encoded, Encoder, EncoderConfig, MAX_PARTITIONS};
pub use files::{EventsFile, PartitionSink};
pub use object::{BrokenRecord, Inflated, MAX_BROKEN_RECORDS, ObjectContext, ObjectReport};

#[cfg(test)]
mod tests;
