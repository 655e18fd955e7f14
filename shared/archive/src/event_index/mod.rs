//! The event-id index of a Batch: which of its `events/` files can hold an event id, found with one small read.
//!
//! A header of 16 bytes, then words of 8 bytes (big endian) in strictly ascending order, the last of which is all ones. A word is
//! 40 bits of the id's SHA-256 and 24 bits that say where the row is. Hashes are uniform, so a hash's place in the object is known
//! to within a few times the square root of the number of words: [`EventLookup`] says what to read, whoever holds the store reads it.

mod entry;
mod lookup;

pub use entry::{EventEntry, EventPlace, write_event_index};
pub use lookup::{EventIndexError, EventLookup};

/// The first bytes of an index: `TKEID`, version 1, zeros.
const HEADER: [u8; 16] = *b"TKEID\x01\0\0\0\0\0\0\0\0\0\0";
/// Bytes of the header.
const HEADER_BYTES: u64 = HEADER.len() as u64;
/// Bytes of a word.
const WORD_BYTES: u64 = 8;
/// Closes the words; no entry is all ones.
const END: u64 = u64::MAX;
/// Bits of a word that are not the hash.
const PLACE_BITS: u32 = 24;

#[cfg(test)]
mod tests;
