//! When what is missing is asked for, or looked for in the log bucket: at once, then at doubling distance, five times at most. Pure; sending is
//! `round/healing.rs`.

use serde::{Deserialize, Serialize};

use crate::{finding::Found, notes::is_due};

/// Most times that an object is asked for or looked for.
pub const MOST_TRIES: usize = 5;
/// After the first time it is looked for again, in milliseconds: 1 h; then 2, 4, 8 and 16 h.
pub const FIRST_WAIT_MS: i64 = 3_600_000;

/// Names of findings about one object that a signed Digest names and that did not land.
pub(crate) const HEALABLE: [&str; 3] = ["missing", "missing_digests", "missing_backfill"];

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
    /// When it was looked for in the log bucket and nothing was sent, since it was not there; milliseconds since 1970, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looked_ms: Vec<i64>,
    /// Whether it is in the log bucket, when that was last looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_source: Option<Presence>,
    /// It was told that asking is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_up: bool,
}

impl Healing {
    /// Whether it is time to ask. A last time in the future was written by a clock that was ahead, and is no reason to wait.
    pub fn is_due(&self, now_ms: i64) -> bool {
        self.tries() < MOST_TRIES && is_due(self.last_ms(), self.wait_ms(), now_ms)
    }

    /// Whether it was asked for or looked for as often as it will be, and the last wait is over.
    pub fn is_over(&self, now_ms: i64) -> bool {
        self.tries() >= MOST_TRIES && is_due(self.last_ms(), self.wait_ms(), now_ms)
    }

    /// Takes down that it was asked for.
    pub fn ask(&mut self, now_ms: i64) {
        if self.tries() < MOST_TRIES {
            self.none_after(now_ms);
            self.asked_ms.push(now_ms);
        }
    }

    /// Takes down that it was looked for and that nothing was sent.
    pub fn look(&mut self, now_ms: i64) {
        if self.tries() < MOST_TRIES {
            self.none_after(now_ms);
            self.looked_ms.push(now_ms);
        }
    }

    /// How often it was asked for or looked for.
    pub fn tries(&self) -> usize {
        self.asked_ms.len() + self.looked_ms.len()
    }

    /// When it was last asked for or looked for, milliseconds since 1970.
    pub fn last_ms(&self) -> Option<i64> {
        self.asked_ms.last().max(self.looked_ms.last()).copied()
    }

    fn none_after(&mut self, now_ms: i64) {
        self.asked_ms.iter_mut().chain(&mut self.looked_ms).for_each(|at_ms| *at_ms = (*at_ms).min(now_ms));
    }

    /// How long is waited after the last time, milliseconds.
    fn wait_ms(&self) -> i64 {
        FIRST_WAIT_MS << self.tries().clamp(1, MOST_TRIES).saturating_sub(1)
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
    fn a_clock_that_was_ahead_holds_nothing_up_and_asks_no_more_often() {
        let mut healing = Healing::default();
        let year = 8_760;
        healing.ask(year * HOUR_MS);
        let mut asked = Vec::new();
        for hour in 0..100 {
            if healing.is_due(hour * HOUR_MS) {
                healing.ask(hour * HOUR_MS);
                asked.push(hour);
            }
        }
        assert_eq!(asked, [0, 2, 6, 14], "the first was asked for in a year, which is now");
        assert!(!healing.is_due(i64::MIN) && !healing.is_due(i64::MAX) && healing.is_over(100 * HOUR_MS));
        assert!(!Healing { asked_ms: vec![0], ..Healing::default() }.is_over(i64::MAX), "one try of five");
    }

    #[test]
    fn looks_are_tries_and_no_asks() {
        let mut healing = Healing::default();
        healing.look(0);
        healing.ask(HOUR_MS);
        assert_eq!((healing.tries(), healing.asked_ms.len(), healing.last_ms()), (2, 1, Some(HOUR_MS)));
        assert!(!healing.is_due(2 * HOUR_MS) && healing.is_due(3 * HOUR_MS), "two hours after the second");
        (0..9).for_each(|hour| healing.look(hour * 24 * HOUR_MS));
        assert_eq!(healing.tries(), MOST_TRIES);
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
