//! What is found, and how it is told from anything else that is found: its id.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trailkeep_keys::{KeyKind, LogKey};
use trailkeep_records::{hash::sha256, time::parse_iso};

use crate::names::severity;

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

/// Evidence of the event that stopped or changed a trail.
const EVENT: [&str; 3] = ["event_id", "event_name", "event_at"];
/// Causes of gaps that time ends.
const FOR_A_TIME: [&str; 3] = ["new_account", "region_newly_enabled", "suspended"];
/// An event that stopped a trail lies at most so long before a gap's beginning, and so long after, milliseconds.
const STOPPED_WITHIN_MS: (i64, i64) = (2 * HOUR_MS, HOUR_MS);
const HOUR_MS: i64 = 3_600_000;

/// How evidence is named that says which bytes there are.
const CONTENT: [&str; 4] = ["_sha256", "_checksum", "_version", "_size"];

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
    /// The public keys that the archive keeps.
    Keys,
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
    /// It has not ended: `to_ms` is only how far was looked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lasting: bool,
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

    /// Whether this, found again so, is more or something else than it was: whoever acknowledged it did not know that. A stretch that goes on is not.
    pub(crate) fn is_another(&self, now: &Self) -> bool {
        let more = now.count.unwrap_or_default() > self.count.unwrap_or_default() && now.to_ms == self.to_ms;
        let reasons = |found: &Self| found.reasons.iter().cloned().collect::<BTreeSet<String>>();
        let differs = |(name, value): (&String, &String)| {
            CONTENT.iter().any(|end| name.ends_with(end)) && now.evidence.get(name).is_some_and(|now| now != value)
        };
        self.name != now.name || more || reasons(self) != reasons(now) || self.evidence.iter().any(differs)
    }

    /// Whether this, found again so, is to be told anew: how bad it is, why it is so, or that it has ended.
    pub(crate) fn is_told_anew(&self, now: &Self) -> bool {
        let reasons = |found: &Self| found.reasons.iter().cloned().collect::<BTreeSet<String>>();
        severity(self) != severity(now)
            || reasons(self) != reasons(now)
            || self.evidence.get("event_id") != now.evidence.get("event_id")
            || self.lasting != now.lasting
            // What is not known is said in its sentence alone.
            || now.name == "coverage_unknown" && self.detail != now.detail
    }

    /// When it ended, milliseconds since 1970; none: it lasts, or has no end.
    pub(crate) fn ended_ms(&self) -> Option<i64> {
        self.to_ms.filter(|_| !self.lasting)
    }

    /// This, of which only the end lies in the window, as what is open since before: with that one's beginning, and so its id. A gap keeps its cause, too,
    /// which is seen at its beginning alone: unless it was one that time ends, or the event that stopped the trail just before was read since.
    /// `beginning_seen`: the one that is open was found by looking from before its beginning on.
    #[must_use]
    pub(crate) fn going_on(mut self, open: &Self, beginning_seen: bool) -> Self {
        self.from_ms = open.from_ms;
        if self.name != "gap" {
            return self;
        }
        self.count =
            self.count.and(self.from_ms.zip(self.to_ms)).and_then(|(from_ms, to_ms)| u64::try_from((to_ms - from_ms) / HOUR_MS).ok());
        let is = |found: &Self, causes: &[&str]| found.reasons.iter().any(|reason| causes.contains(&reason.as_str()));
        let (before_ms, after_ms) = STOPPED_WITHIN_MS;
        let stopped_then = || {
            let at_ms = self.evidence.get("event_at").and_then(|at| parse_iso(at));
            is(&self, &["trail_stopped"])
                && at_ms.zip(self.from_ms).is_some_and(|(at_ms, from_ms)| (from_ms - before_ms..from_ms + after_ms).contains(&at_ms))
        };
        let time_tells = is(&self, &["suspended"]) || is(open, &FOR_A_TIME);
        if !time_tells && (is(open, &["trail_stopped"]) || beginning_seen && !stopped_then()) {
            self.reasons.clone_from(&open.reasons);
            self.evidence.retain(|name, _| !EVENT.contains(&name.as_str()));
            let event = open.evidence.iter().filter(|(name, _)| EVENT.contains(&name.as_str()));
            self.evidence.extend(event.map(|(name, value)| (name.clone(), value.clone())));
        }
        self
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
    fn what_grows_or_has_other_bytes_is_another_and_a_stretch_that_goes_on_is_not() {
        let known = Found { count: Some(3), reasons: vec!["a".to_owned()], to_ms: Some(9), ..missing("gap") };
        assert!(!known.is_another(&known.clone()));
        assert!(!known.is_another(&Found { count: Some(4), to_ms: Some(12), detail: "4 hours".to_owned(), ..known.clone() }), "it goes on");
        assert!(!known.is_another(&Found { count: Some(2), ..known.clone() }), "less of it");
        assert!(known.is_another(&Found { count: Some(4), ..known.clone() }), "more of it");
        assert!(known.is_another(&Found { reasons: vec!["b".to_owned()], ..known.clone() }));
        assert!(missing("missing_within_grace").is_another(&missing("missing")));
        let with =
            |name: &str, value: &str| Found { evidence: BTreeMap::from([(name.to_owned(), value.to_owned())]), ..missing("altered") };
        assert!(with("landed_sha256", "1").is_another(&with("landed_sha256", "2")));
        assert!(!with("newest_source_at", "1").is_another(&with("newest_source_at", "2")), "what was looked at is not what is there");
    }

    #[test]
    fn a_gap_of_which_only_the_end_is_seen_keeps_the_cause_that_its_beginning_told() {
        let gap = |cause: &str, from: i64| Found {
            reasons: vec![cause.to_owned()],
            from_ms: Some(from * HOUR_MS),
            to_ms: Some(300 * HOUR_MS),
            count: Some(1),
            ..missing("gap")
        };
        let stopped = |at: &str, from| Found {
            evidence: [("event_id", "e"), ("event_at", at)].map(|(n, v)| (n.to_owned(), v.to_owned())).into(),
            ..gap("trail_stopped", from)
        };
        let goes_on = |open: &Found, now: Found, seen: bool| now.going_on(open, seen);
        let (just_before, long_after) = ("1970-01-01T19:00:00Z", "1970-01-05T00:00:00Z");
        let cases = [
            (gap("unknown", 20), gap("never_delivered", 100), true, "unknown"),
            (gap("never_delivered", 20), gap("unknown", 100), false, "unknown"),
            (gap("new_account", 20), gap("never_delivered", 100), true, "never_delivered"),
            (gap("unknown", 20), gap("suspended", 100), true, "suspended"),
            (gap("unknown", 20), stopped(just_before, 100), true, "trail_stopped"),
            (gap("unknown", 20), stopped(long_after, 100), true, "unknown"),
            (stopped(just_before, 20), gap("never_delivered", 100), true, "trail_stopped"),
            (stopped(just_before, 20), gap("suspended", 100), true, "suspended"),
        ];
        for (open, now, seen, cause) in cases {
            let found = goes_on(&open, now.clone(), seen);
            assert_eq!((found.reasons.as_slice(), found.from_ms, found.count), ([cause.to_owned()].as_slice(), open.from_ms, Some(280)));
            assert_eq!(found.evidence.contains_key("event_id"), cause == "trail_stopped", "{open:?} {now:?}");
        }
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
