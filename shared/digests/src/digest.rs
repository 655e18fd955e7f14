//! What a Digest says, with times, hashes and names read. Nothing here is trusted before its signature is verified.

use std::borrow::Cow;

use trailkeep_keys::AccountId;

use crate::{Fingerprint, HashValue, Reasons, Signature, parse};

/// Most log files that a Digest may list: 250,000. An account delivers some hundred in a busy hour.
pub const MAX_LOG_FILES: usize = 250_000;

/// A Digest's content (CloudTrail User Guide, "CloudTrail digest file structure"). Texts are borrowed from the JSON where it has no escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest<'a> {
    /// The account whose log files are listed.
    pub account: AccountId,
    /// Start of the delivery period, milliseconds since 1970.
    pub start_ms: i64,
    /// End of the delivery period, milliseconds since 1970.
    pub end_ms: i64,
    /// End of the delivery period as written, which is what was signed.
    pub end_text: Cow<'a, str>,
    /// The bucket that CloudTrail delivered it to.
    pub bucket: Cow<'a, str>,
    /// The key that CloudTrail delivered it to.
    pub key: Cow<'a, str>,
    /// The public key that verifies it.
    pub fingerprint: Fingerprint,
    /// Time of the newest event in the listed files, milliseconds since 1970; none where none is listed.
    pub newest_event_ms: Option<i64>,
    /// Time of the oldest event in the listed files.
    pub oldest_event_ms: Option<i64>,
    /// The Digest before; none in a starting Digest.
    pub previous: Option<Previous<'a>>,
    /// The log files delivered in the period.
    pub log_files: Vec<LogFile<'a>>,
}

/// What a Digest says about the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous<'a> {
    /// Its bucket.
    pub bucket: Cow<'a, str>,
    /// Its key.
    pub key: Cow<'a, str>,
    /// SHA-256 of its inflated bytes.
    pub hash: HashValue,
    /// Its signature.
    pub signature: Signature,
}

/// A log file that a Digest lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile<'a> {
    /// Its bucket.
    pub bucket: Cow<'a, str>,
    /// Its key.
    pub key: Cow<'a, str>,
    /// SHA-256 of its inflated bytes.
    pub hash: HashValue,
    /// Time of its newest event, milliseconds since 1970.
    pub newest_event_ms: Option<i64>,
    /// Time of its oldest event.
    pub oldest_event_ms: Option<i64>,
}

impl<'a> Digest<'a> {
    /// Reads the inflated bytes of a Digest.
    ///
    /// # Errors
    /// Every reason why the bytes are no Digest as CloudTrail writes them: all that are missing, odd or out of order, not only the first.
    pub fn parse(inflated: &'a [u8]) -> Result<Self, Reasons> {
        parse::digest(inflated)
    }
}
