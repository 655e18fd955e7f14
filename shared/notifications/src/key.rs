//! Bucket names, keys and versions as they stand in messages: decoded where their form encodes them, and checked.

use std::{borrow::Cow, string::FromUtf8Error};

use percent_encoding::percent_decode;

use crate::{
    EntryFault,
    fields::{Raw, text},
    notice::Refusal,
};

/// Longest key that S3 takes, in bytes of UTF-8.
/// Source: S3 User Guide, "Naming Amazon S3 objects".
const MAX_KEY_BYTES: usize = 1_024;
/// Longest version id that S3 gives out, in bytes of UTF-8. Source: S3 User Guide, "How S3 Versioning works".
const MAX_VERSION_BYTES: usize = 1_024;

/// The text of a field that must be there.
pub(crate) fn required<'a>(value: Option<Raw<'a>>, name: &str) -> Result<Cow<'a, str>, Refusal> {
    value.and_then(text).ok_or_else(|| Refusal::new(EntryFault::BadField, name))
}

/// A bucket's name. Buckets of the early years have up to 255 characters, capitals and `_` too.
/// Source: S3 User Guide, "General purpose bucket naming rules".
pub(crate) fn bucket(value: Option<Raw<'_>>, name: &str) -> Result<String, Refusal> {
    let text = required(value, name)?;
    let known = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if known && (1..=255).contains(&text.len()) { Ok(text.into_owned()) } else { Err(Refusal::new(EntryFault::BadBucket, &text)) }
}

/// Form-decodes a key: `+` to a space, then percent-encoding, then UTF-8. A `%` that begins no code stays as it is.
///
/// # Errors
/// Where the bytes are not UTF-8.
pub fn form_decoded(encoded: &str) -> Result<String, FromUtf8Error> {
    let spaced: Cow<'_, str> = if encoded.contains('+') { encoded.replace('+', " ").into() } else { encoded.into() };
    let bytes: Cow<'_, [u8]> = percent_decode(spaced.as_bytes()).into();
    String::from_utf8(bytes.into_owned())
}

/// As [`form_decoded`], for an entry.
pub(crate) fn decoded(encoded: &str) -> Result<String, Refusal> {
    form_decoded(encoded).map_err(|_| Refusal::new(EntryFault::KeyNotUtf8, encoded))
}

/// Refuses keys that S3 would not take, and those that could do harm further on.
pub(crate) fn checked(key: String) -> Result<String, Refusal> {
    match fault(&key) {
        Some(fault) => Err(Refusal::new(fault, &key)),
        None => Ok(key),
    }
}

fn fault(key: &str) -> Option<EntryFault> {
    if key.is_empty() {
        Some(EntryFault::KeyEmpty)
    } else if key.len() > MAX_KEY_BYTES {
        Some(EntryFault::KeyTooLong)
    } else if key.chars().any(char::is_control) {
        Some(EntryFault::KeyControlCharacters)
    } else if key.split('/').any(|segment| segment == "..") {
        Some(EntryFault::KeyDotDot)
    } else {
        None
    }
}

/// The version to fetch. Objects that were written before their bucket had versions have the version `null`.
pub(crate) fn version(value: Option<Raw<'_>>, name: &str) -> Result<Option<String>, Refusal> {
    let Some(value) = value else { return Ok(None) };
    let bad = || Refusal::new(EntryFault::BadField, name);
    let text = text(value).ok_or_else(bad)?;
    if text.len() > MAX_VERSION_BYTES || text.chars().any(char::is_control) {
        return Err(bad());
    }
    Ok((!text.is_empty() && text != "null").then(|| text.into_owned()))
}

/// An entity tag without quotes. It only describes the object: what cannot be read is left out.
pub(crate) fn etag(value: Option<Raw<'_>>) -> Option<String> {
    let text = value.and_then(text)?;
    let bare = text.trim_matches('"');
    (!bare.is_empty() && bare.len() <= 256 && !bare.chars().any(char::is_control)).then(|| bare.to_owned())
}

/// A sequencer. What cannot be one is left out.
pub(crate) fn sequencer(value: Option<Raw<'_>>) -> Option<String> {
    let text = value.and_then(text)?;
    ((1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.into_owned())
}
