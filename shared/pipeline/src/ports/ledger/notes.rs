//! Notes: small documents that a service remembers between its rounds. They are no part of the truth: a rebuild forgets them.

use bytes::Bytes;

use super::LedgerError;

/// Most bytes of a note's body: 350 KiB. An item of DynamoDB holds 400 KB, name and attributes included.
/// Source: DynamoDB Developer Guide, "Constraints in Amazon DynamoDB".
pub const MAX_NOTE_BYTES: usize = 350 << 10;

/// Most bytes of a note's name. A partition key of DynamoDB holds 2,048, and the epoch stands in it too.
pub const MAX_NOTE_NAME_BYTES: usize = 1_024;

/// A note as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Raised by every change; who writes over it names the version that was read. A note that was forgotten and written again goes on counting.
    pub version: u64,
    /// What was written, as it was written.
    pub body: Bytes,
}

impl Note {
    /// Refuses names and bodies that no ledger keeps, before anything is asked. For adapters.
    ///
    /// # Errors
    /// [`LedgerError::NoteName`], [`LedgerError::NoteTooLarge`].
    pub fn check(ledger: &str, name: &str, body: &[u8]) -> Result<(), LedgerError> {
        if name.is_empty() || name.len() > MAX_NOTE_NAME_BYTES {
            return Err(LedgerError::NoteName { bytes: name.len(), ledger: ledger.to_owned() });
        }
        if body.len() > MAX_NOTE_BYTES {
            return Err(LedgerError::NoteTooLarge { name: name.to_owned(), bytes: body.len(), ledger: ledger.to_owned() });
        }
        Ok(())
    }
}
