//! Reads what CloudTrail writes: bounded inflation, splitting a file into Records whose bytes stay
//! verbatim and addressable, and their top-level fields as spans. No tree is built of a Record.
//!
//! Pure: bytes in, bytes and spans out. What a Record means is `trailkeep-ocsf`'s affair; where an
//! object came from and whether its hash is listed by a Digest is the pipeline's.

pub mod digest;
pub mod field;
pub mod hash;
pub mod inflate;
pub mod json;
pub mod scan;
pub mod split;
pub mod time;
pub mod version;

pub use field::{Field, Key};
pub use inflate::{GzipFlags, InflateLimits, Inflation, Shape, inflate_into};
pub use scan::{ScanError, scan_record};
pub use split::{Envelope, Piece, Splitter};
pub use version::EventVersion;

/// Deepest nesting of a Record, in levels, that is read: 128. Deeper ones are quarantined.
/// Real Records reach 11; `serde_json` and with it many readers stop at 128.
pub const MAX_NESTING: u32 = 128;

/// Largest Record in bytes that is read: 4 MiB. CloudTrail's own limit is 256 KB from event version 1.05
/// (CloudTrail User Guide, "CloudTrail record contents"), 1 MB in event data stores.
pub const MAX_RECORD_BYTES: usize = 4 << 20;
