//! What is found, and how it is told from anything else that is found: its id.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trailkeep_keys::{KeyKind, LogKey};
use trailkeep_records::{hash::sha256, time::parse_iso};

/// How the names of findings end that CloudTrail may still put right. It is the same finding once the 30 days are over.
const WITHIN_GRACE: &str = "_within_grace";
/// Longest text of a finding that is remembered or told, in bytes.
const MAX_TEXT_BYTES: usize = 2_048;
/// Most reasons of a finding that are remembered or told.
const MAX_REASONS: usize = 32;
/// Most evidence of a finding that is remembered or told, in bytes: what does not fit is left out.
const MAX_EVIDENCE_BYTES: usize = 4_096;
/// What an entry of it takes beside its name and value.
const EVIDENCE_ENTRY_BYTES: usize = 6;

/// Which part of a round finds it; only that part can find that it is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The archive held against what CloudTrail signed.
    #[default]
    Verification,
    /// Hours without a Digest.
    Coverage,
    /// Bytes read again for an attestation.
    Sample,
    /// The auditor itself: what it could not remember.
    Auditor,
    /// Segments of old days, asked for in turn.
    Segments,
}

/// Something that is found in a round.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Which part of the round found it.
    pub origin: Origin,
    /// Its stable name: `docs/integrity.md`, `docs/coverage.md`, `docs/auditor.md`.
    pub name: String,
    /// The account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The Region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The trail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<String>,
    /// The object's bucket; none for objects of the archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// The object's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// From when, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_ms: Option<i64>,
    /// To when, milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_ms: Option<i64>,
    /// How many, where it is about several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Why, by stable names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// It may heal by itself.
    #[serde(default)]
    pub provisional: bool,
    /// One sentence for a person.
    #[serde(default)]
    pub detail: String,
    /// What an investigator needs beside it, by stable names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<String, String>,
}

impl Found {
    /// Cuts what is longer than is remembered. Ids stay the same.
    #[must_use]
    pub fn capped(mut self) -> Self {
        self.shorten(MAX_TEXT_BYTES, MAX_REASONS);
        let mut left = MAX_EVIDENCE_BYTES;
        self.evidence.retain(|name, value| {
            let fits = left.checked_sub(name.len() + value.len() + EVIDENCE_ENTRY_BYTES);
            left = fits.unwrap_or(left);
            fits.is_some()
        });
        self
    }

    /// Cuts texts to so many bytes, and leaves so many reasons. Ids stay the same.
    pub(crate) fn shorten(&mut self, text_bytes: usize, reasons: usize) {
        cut(&mut self.detail, text_bytes);
        self.reasons.truncate(reasons);
        self.reasons.iter_mut().for_each(|reason| cut(reason, text_bytes));
    }

    /// Its name without what time alone changes of it.
    pub fn family(&self) -> &str {
        self.name.strip_suffix(WITHIN_GRACE).unwrap_or(&self.name)
    }

    /// The first 32 hex digits of SHA-256 over name, account, Region, trail, bucket, key and beginning, a NUL between them.
    pub fn id(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let from = self.from_ms.map(|from_ms| from_ms.to_string()).unwrap_or_default();
        let parts = [
            self.family().to_owned(),
            text(&self.account),
            text(&self.region),
            text(&self.trail),
            text(&self.bucket),
            text(&self.key),
            from,
        ];
        hex::encode(sha256(parts.join("\0").as_bytes())).chars().take(32).collect()
    }

    /// Whether both are about the same thing, whenever it began.
    pub(crate) fn is_about(&self, other: &Self) -> bool {
        self.origin == other.origin
            && self.family() == other.family()
            && self.account == other.account
            && self.region == other.region
            && self.trail == other.trail
            && self.bucket == other.bucket
            && self.key == other.key
    }

    /// When it is, milliseconds since 1970: its beginning and its end, or the time in the object's name; of a segment the time of a source that lies
    /// in it, since whoever looks at that source looks at the segment.
    pub fn span_ms(&self) -> Option<(i64, i64)> {
        let delivered = || match LogKey::parse(self.key.as_deref()?).ok()? {
            KeyKind::Log(key) | KeyKind::Digest(key) => key.delivered_ms(),
            _ => None,
        };
        let held = || parse_iso(self.evidence.get("newest_source_at")?);
        match (self.from_ms, self.to_ms) {
            (Some(from_ms), Some(to_ms)) => Some((from_ms, to_ms)),
            (Some(at_ms), None) | (None, Some(at_ms)) => Some((at_ms, at_ms)),
            (None, None) => delivered().or_else(held).map(|at_ms| (at_ms, at_ms)),
        }
    }
}

fn cut(text: &mut String, most_bytes: usize) {
    if text.len() > most_bytes {
        let end = (0..=most_bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(name: &str) -> Found {
        Found { name: name.to_owned(), account: Some("111122223333".to_owned()), key: Some("k".to_owned()), ..Found::default() }
    }

    #[test]
    fn an_id_is_of_what_is_found_and_not_of_how_long_it_has_been() {
        let id = missing("missing").id();
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(missing("missing_within_grace").id(), id, "the same once the 30 days are over");
        let later = Found { to_ms: Some(5), count: Some(3), detail: "longer".to_owned(), ..missing("missing") };
        assert_eq!(later.id(), id);
        assert_ne!(Found { from_ms: Some(5), ..missing("missing") }.id(), id);
        assert_ne!(Found { region: Some("k".to_owned()), key: None, ..missing("missing") }.id(), id, "members do not run into one another");
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        let long = Found {
            detail: "ä".repeat(5_000),
            reasons: vec!["r".repeat(5_000); 99],
            evidence: BTreeMap::from([("a".to_owned(), "1".to_owned()), ("x".to_owned(), "y".repeat(9_000))]),
            ..missing("missing")
        };
        let capped = long.clone().capped();
        assert!(capped.detail.len() <= MAX_TEXT_BYTES && capped.reasons.len() == MAX_REASONS);
        assert_eq!(capped.evidence.len(), 1, "what fits is kept");
        assert_eq!(capped.id(), long.id());
    }

    #[test]
    fn a_finding_without_times_is_when_its_object_was_delivered() {
        let key = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/15/111122223333_CloudTrail_us-east-1_20260115T0120Z_AAAABBBBCCCCDDDD.json.gz";
        let found = Found { key: Some(key.to_owned()), ..Found::default() };
        assert_eq!(found.span_ms(), Some((1_768_440_000_000, 1_768_440_000_000)));
        assert_eq!(Found { from_ms: Some(1), to_ms: Some(2), ..found }.span_ms(), Some((1, 2)));
        assert_eq!(missing("missing").span_ms(), None);
        let at = |text: &str| BTreeMap::from([("newest_source_at".to_owned(), text.to_owned())]);
        let segment = Found { name: "segment_cut".to_owned(), evidence: at("2026-01-15T01:20:00.000Z"), ..missing("missing") };
        assert_eq!(segment.span_ms(), Some((1_768_440_000_000, 1_768_440_000_000)));
        assert_eq!(Found { evidence: at("yesterday"), ..segment }.span_ms(), None);
    }
}
