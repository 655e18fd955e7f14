//! When what is missing is asked for: at once, then at doubling distance, five times at most. Pure; sending is `round/healing.rs`.

use serde::{Deserialize, Serialize};

use crate::finding::Found;

/// Most times that an object is asked for.
pub const MOST_TRIES: usize = 5;
/// After the first time it is looked for again, in milliseconds: 1 h; then 2, 4, 8 and 16 h.
pub const FIRST_WAIT_MS: i64 = 3_600_000;

/// Names of findings about one object that a signed Digest names and that did not land.
const HEALABLE: [&str; 3] = ["missing", "missing_digests", "missing_backfill"];

/// Whether an object is in the log bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It is.
    There,
    /// It is not, and nothing says that it was.
    NotThere,
    /// Somebody deleted it: a delete marker stands in its place.
    DeleteMarker,
    /// Nobody looked: there is no log bucket to look into, or it may not be read.
    NotLooked,
}

impl Presence {
    /// Its stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::There => "there",
            Self::NotThere => "not_there",
            Self::DeleteMarker => "delete_marker",
            Self::NotLooked => "not_looked",
        }
    }
}

/// What was done so far to have something fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Healing {
    /// When it was asked for, milliseconds since 1970, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked_ms: Vec<i64>,
    /// Whether it is in the log bucket, when that was last looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_source: Option<Presence>,
    /// It was told that asking is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_up: bool,
}

impl Healing {
    /// Whether it is time to ask.
    pub fn is_due(&self, now_ms: i64) -> bool {
        match self.asked_ms.last() {
            None => true,
            Some(_) if self.asked_ms.len() >= MOST_TRIES => false,
            Some(last_ms) => now_ms.saturating_sub(*last_ms) >= self.wait_ms(),
        }
    }

    /// Whether it was asked for as often as it will be, and the last wait is over.
    pub fn is_over(&self, now_ms: i64) -> bool {
        let last_ms = self.asked_ms.last().copied().unwrap_or(i64::MAX);
        self.asked_ms.len() >= MOST_TRIES && now_ms.saturating_sub(last_ms) >= self.wait_ms()
    }

    /// Takes down that it was asked for.
    pub fn ask(&mut self, now_ms: i64) {
        if self.asked_ms.len() < MOST_TRIES {
            self.asked_ms.push(now_ms);
        }
    }

    /// How long is waited after the last time, milliseconds.
    fn wait_ms(&self) -> i64 {
        FIRST_WAIT_MS << self.asked_ms.len().clamp(1, MOST_TRIES).saturating_sub(1)
    }
}

/// The object that would put a finding right: canonical bucket and key. None where there is no one object.
pub fn wanted(found: &Found) -> Option<(&str, &str)> {
    if !HEALABLE.contains(&found.family()) {
        return None;
    }
    // A missing Digest is named by the one after it.
    let named = |name: &str| found.evidence.get(name).map(String::as_str);
    let bucket = named("named_bucket").or(found.bucket.as_deref())?;
    let key = if found.family() == "missing" { found.key.as_deref()? } else { named("named_key").or(found.key.as_deref())? };
    (!bucket.is_empty() && !key.is_empty()).then_some((bucket, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = FIRST_WAIT_MS;

    #[test]
    fn it_is_asked_for_at_once_and_then_at_doubling_distance_five_times() {
        let mut healing = Healing::default();
        let mut asked = Vec::new();
        for minute in 0..60 * 72 {
            let now_ms = minute * 60_000;
            if healing.is_due(now_ms) {
                healing.ask(now_ms);
                asked.push(now_ms / HOUR_MS);
            }
        }
        assert_eq!(asked, [0, 1, 3, 7, 15]);
        assert!(!healing.is_over(30 * HOUR_MS) && healing.is_over(31 * HOUR_MS));
    }

    #[test]
    fn a_clock_that_goes_back_asks_no_more_often() {
        let mut healing = Healing::default();
        healing.ask(10 * HOUR_MS);
        assert!(!healing.is_due(0) && !healing.is_due(i64::MIN) && healing.is_due(i64::MAX));
        assert!(!healing.is_over(i64::MAX), "one try of five");
    }

    #[test]
    fn only_an_object_that_is_named_can_be_asked_for() {
        let of = |name: &str, bucket: Option<&str>, key: Option<&str>| Found {
            name: name.to_owned(),
            bucket: bucket.map(str::to_owned),
            key: key.map(str::to_owned),
            ..Found::default()
        };
        assert_eq!(wanted(&of("missing_within_grace", Some("b"), Some("k"))), Some(("b", "k")));
        assert_eq!(wanted(&of("altered", Some("b"), Some("k"))), None);
        assert_eq!(wanted(&of("missing", None, Some("k"))), None);
        let digest =
            Found { evidence: [("named_key".to_owned(), "before".to_owned())].into(), ..of("missing_digests", Some("b"), Some("after")) };
        assert_eq!(wanted(&digest), Some(("b", "before")));
    }
}
