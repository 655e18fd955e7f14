//! The one capped gzip reader. Whole buffers for usual objects ([`inflate_into`]), a stream for large ones
//! ([`GzipStream`]). Raw decoders are disallowed everywhere else (`clippy.toml`).
//!
//! Every irregularity is told, none is fatal while bytes come out: CloudTrail writes exactly one clean gzip member, and
//! whatever else lies in a log bucket must be landed, read as far as it goes, and flagged.

use std::io::{self, Read};

mod stream;
mod whole;

pub use stream::GzipStream;
pub use whole::inflate_into;

/// Caps on what is inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InflateLimits {
    /// Largest inflated size in bytes; default 2 GiB. CloudTrail's own files hold at most 50 MB before gzip
    /// (CloudTrail User Guide, "Quotas").
    pub inflated_bytes: u64,
    /// Largest ratio of inflated to stored bytes, looked at once `ratio_from_bytes` have come out; default 1,000. Deflate itself ends at 1,032.
    pub ratio: u64,
    /// Inflated bytes from which the ratio counts; default 16 MiB.
    pub ratio_from_bytes: u64,
    /// Largest inflated size in bytes that is held in memory at once; larger objects are streamed. Default 16 MiB.
    pub whole_buffer_bytes: usize,
}

impl Default for InflateLimits {
    fn default() -> Self {
        Self { inflated_bytes: 2 << 30, ratio: 1000, ratio_from_bytes: 16 << 20, whole_buffer_bytes: 16 << 20 }
    }
}

/// What is not exactly one clean gzip member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "five independent findings")]
pub struct GzipFlags {
    /// More than one member; all were read.
    pub several_members: bool,
    /// Bytes after the last member that are no member; they were not read.
    pub trailing_bytes: bool,
    /// A member's CRC-32 or length does not fit its content, or its header's own CRC the header.
    pub bad_crc: bool,
    /// The deflate stream is cut or broken; what came out before was read.
    pub truncated: bool,
    /// The content is whole, but the eight bytes after it are cut.
    pub cut_trailer: bool,
}

impl GzipFlags {
    /// The names of the flags that are set, as they stand in `sources/`.
    pub fn names(self) -> Vec<&'static str> {
        [
            (self.several_members, "several_members"),
            (self.trailing_bytes, "trailing_bytes"),
            (self.bad_crc, "bad_crc"),
            (self.truncated, "truncated"),
            (self.cut_trailer, "cut_trailer"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
        .collect()
    }

    /// Whether none is set.
    pub fn clean(self) -> bool {
        self == Self::default()
    }
}

/// What an object's bytes are. The magic decides, not the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Exactly one clean gzip member: may lie in a `.gz` segment.
    CleanMember,
    /// Gzip, but not exactly one clean member.
    Irregular(GzipFlags),
    /// No gzip; the bytes are taken as they are.
    Plain,
}

impl Shape {
    /// Names for the flags of `sources/`.
    pub fn flags(self) -> Vec<&'static str> {
        match self {
            Self::CleanMember => Vec::new(),
            Self::Irregular(flags) => flags.names(),
            Self::Plain => vec!["not_gzip"],
        }
    }
}

/// How inflating ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inflation {
    /// All that can be read is in the buffer.
    Done {
        /// What the bytes are.
        shape: Shape,
        /// Inflated size in bytes.
        inflated_bytes: u64,
    },
    /// Larger than [`InflateLimits::whole_buffer_bytes`]: read it as a stream. Nothing is in the buffer.
    TooLargeForMemory,
    /// Over a cap: not read. Nothing is in the buffer.
    OverLimit {
        /// Stable name of the cap: `inflated_too_large` or `inflation_ratio`.
        reason: &'static str,
    },
}

/// Flag of a gzip header that ends with a CRC of its own (RFC 1952, FHCRC).
const HEADER_CRC: u8 = 2;

/// Whether bytes begin like gzip.
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// Why a stream was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// Over a cap.
    #[error("inflates past the cap ({reason}) after {inflated_bytes} bytes")]
    OverLimit {
        /// Stable name of the cap.
        reason: &'static str,
        /// Bytes that had come out.
        inflated_bytes: u64,
    },
    /// The source failed; try again.
    #[error("failed to read the stored bytes")]
    Source(#[source] io::Error),
}

/// Reads until `buffer` is full or the source ends.
fn read_full(source: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
#[path = "inflate/tests.rs"]
mod tests;
