//! Acknowledgements of findings: who knows of one, and why it stays. Written by people, below `acknowledged/`; read by the auditor.

use serde::{Deserialize, Serialize};

use crate::{BatchId, layout::ACKNOWLEDGED};

/// Version of the object. Members may be added under the same version; their meaning changes under a new one only.
const VERSION: u32 = 1;
/// Most bytes of a reason.
const MAX_REASON_BYTES: usize = 1_024;
/// Most bytes of a name.
const MAX_BY_BYTES: usize = 256;

/// That somebody knows of a finding, as it was when it last changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    version: u32,
    /// The finding: 32 lower hex digits.
    pub finding: String,
    /// When the change of it was that was known, milliseconds since 1970: `at` of its newest row. What changed later is not acknowledged by this.
    pub as_of_ms: i64,
    /// Why it is left so.
    pub reason: String,
    /// Who says so, in their own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Why something is no acknowledgement.
#[derive(Debug, thiserror::Error)]
pub enum AcknowledgementError {
    /// It is no such JSON.
    #[error("it is no acknowledgement")]
    Json(#[from] serde_json::Error),
    /// Made by another release.
    #[error("it is of version {0}, and this release knows {VERSION}")]
    Version(u32),
    /// Not what ids look like.
    #[error("a finding's id is 32 hexadecimal digits in lower case")]
    Id,
    /// Nobody would know why.
    #[error("the reason is empty, has control characters, or more than {MAX_REASON_BYTES} bytes")]
    Reason,
    /// Not a name.
    #[error("the name is empty, has control characters, or more than {MAX_BY_BYTES} bytes")]
    By,
}

impl Acknowledgement {
    /// Most bytes of the object: 16 KiB.
    pub const MAX_BYTES: u64 = 16 << 10;

    /// One of a finding as of a time.
    ///
    /// # Errors
    /// [`AcknowledgementError`] where a member is not what it must be.
    pub fn new(finding: &str, as_of_ms: i64, reason: &str, by: Option<&str>) -> Result<Self, AcknowledgementError> {
        let acknowledgement = Self {
            version: VERSION,
            finding: finding.to_owned(),
            as_of_ms,
            reason: reason.trim().to_owned(),
            by: by.map(|by| by.trim().to_owned()),
        };
        acknowledgement.checked()
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`AcknowledgementError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, AcknowledgementError> {
        serde_json::from_slice::<Self>(bytes)?.checked()
    }

    fn checked(self) -> Result<Self, AcknowledgementError> {
        let is_text =
            |text: &str, most_bytes: usize| !text.trim().is_empty() && text.len() <= most_bytes && !text.chars().any(char::is_control);
        if self.version != VERSION {
            return Err(AcknowledgementError::Version(self.version));
        }
        if !is_finding(&self.finding) {
            return Err(AcknowledgementError::Id);
        }
        if !is_text(&self.reason, MAX_REASON_BYTES) {
            return Err(AcknowledgementError::Reason);
        }
        if self.by.as_ref().is_some_and(|by| !is_text(by, MAX_BY_BYTES)) {
            return Err(AcknowledgementError::By);
        }
        Ok(self)
    }

    /// As it is written.
    ///
    /// # Errors
    /// [`AcknowledgementError::Json`]; a fault of the program.
    pub fn to_json(&self) -> Result<String, AcknowledgementError> {
        Ok(serde_json::to_string(self)?)
    }
}

/// Whether a text is what ids of findings look like.
pub fn is_finding(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// `acknowledged/<32 hex>/<YYYYMMDDTHHMMSSmmmZ>-<16 hex>.json`: the finding, when it was written, milliseconds since 1970, and a random number.
pub fn acknowledgement_key(finding: &str, at_ms: i64, random: u64) -> String {
    format!("{ACKNOWLEDGED}{finding}/{}.json", BatchId::new(at_ms, random))
}

/// The finding that a key below `acknowledged/` is of, and when it was written; `None` for any other key.
pub fn parse_acknowledgement_key(key: &str) -> Option<(&str, i64)> {
    let (finding, file) = key.strip_prefix(ACKNOWLEDGED)?.split_once('/')?;
    let id: BatchId = file.strip_suffix(".json")?.parse().ok()?;
    (is_finding(finding) && acknowledgement_key(finding, id.unix_ms(), id.random()) == key).then_some((finding, id.unix_ms()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn what_is_written_is_read_and_keys_name_the_finding() {
        let written = Acknowledgement::new(ID, 1_760_000_000_123, " the account was closed ", Some("ops")).unwrap();
        assert_eq!(written.reason, "the account was closed");
        assert_eq!(Acknowledgement::parse(written.to_json().unwrap().as_bytes()).unwrap(), written);
        let key = acknowledgement_key(ID, 1_760_000_000_123, 7);
        assert_eq!(key, format!("acknowledged/{ID}/20251009T085320123Z-0000000000000007.json"));
        assert_eq!(parse_acknowledgement_key(&key), Some((ID, 1_760_000_000_123)));
        assert!([1, 1_760_000_000_123, 1_760_000_000_124].map(|at_ms| acknowledgement_key(ID, at_ms, 0)).is_sorted());
    }

    #[test]
    fn anything_else_is_refused_with_a_reason() {
        for (id, reason, by) in [
            ("", "known", None),
            ("0123456789ABCDEF0123456789ABCDEF", "known", None),
            (ID, "", None),
            (ID, "  ", None),
            (ID, "a\nb", None),
            (ID, "known", Some("")),
            (ID, "known", Some("a\u{7}")),
        ] {
            assert!(Acknowledgement::new(id, 0, reason, by).is_err(), "{id} {reason:?} {by:?}");
        }
        assert!(Acknowledgement::new(ID, 0, &"r".repeat(1_025), None).is_err());
        let valid = Acknowledgement::new(ID, 0, "known", None).unwrap().to_json().unwrap();
        for text in [
            "",
            "null",
            "[]",
            "{}",
            &valid.replace("\"version\":1", "\"version\":2"),
            &valid.replace("\"as_of_ms\":0", "\"as_of_ms\":1e99"),
        ] {
            assert!(Acknowledgement::parse(text.as_bytes()).is_err(), "{text}");
        }
        for key in ["acknowledged/", "acknowledged/x/20251009T085320123Z-0000000000000007.json", "keys/x", "acknowledged/x"] {
            assert_eq!(parse_acknowledgement_key(key), None);
        }
        assert_eq!(parse_acknowledgement_key(&format!("acknowledged/{ID}/x/20251009T085320123Z-0000000000000007.json")), None);
        assert_eq!(parse_acknowledgement_key(&format!("acknowledged/{ID}/20251009T085320123Z.json")), None);
    }
}
