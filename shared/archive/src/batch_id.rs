//! The id of a Batch: when it was opened, and enough randomness that no two workers share one.
//! Who draws the time and the random number is the caller's matter.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// Last millisecond of the year 9999, the largest that the text form can hold.
const MAX_MS: i64 = 253_402_300_799_999;

/// Id of a Batch: `YYYYMMDDTHHMMSSmmmZ-<16 lower hex digits>`, UTC. Ids and their texts sort by time, then by the
/// random part. The same id names every object that the Batch publishes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct BatchId {
    unix_ms: i64,
    random: u64,
}

/// Why a text is no Batch id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no batch id of the form YYYYMMDDTHHMMSSmmmZ-<16 hex digits>")]
pub struct BatchIdError {
    /// The text, cut to 64 characters.
    pub text: String,
}

impl BatchId {
    /// An id from milliseconds since the Unix epoch (clamped to 1970..=9999) and a random number.
    pub fn new(unix_ms: i64, random: u64) -> Self {
        Self { unix_ms: unix_ms.clamp(0, MAX_MS), random }
    }

    /// When the Batch was opened: milliseconds since the Unix epoch.
    pub fn unix_ms(&self) -> i64 {
        self.unix_ms
    }

    /// The random part.
    pub(crate) fn random(&self) -> u64 {
        self.random
    }

    /// The UTC day in the id as `YYYYMMDD`: the `day` of `raw/`, `digests/`, `sources/` and `quarantine/`.
    pub fn day(&self) -> String {
        let at = self.civil();
        format!("{:04}{:02}{:02}", at.year(), at.month(), at.day())
    }

    fn civil(&self) -> DateTime {
        let at = Timestamp::from_millisecond(self.unix_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        TimeZone::UTC.to_datetime(at)
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.civil();
        write!(
            f,
            "{:04}{:02}{:02}T{:02}{:02}{:02}{:03}Z-{:016x}",
            at.year(),
            at.month(),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.millisecond(),
            self.random
        )
    }
}

impl fmt::Debug for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BatchId({self})")
    }
}

impl FromStr for BatchId {
    type Err = BatchIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.as_bytes()).ok_or_else(|| BatchIdError { text: text.chars().take(64).collect() })
    }
}

impl From<BatchId> for String {
    fn from(id: BatchId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for BatchId {
    type Error = BatchIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// `YYYYMMDDTHHMMSSmmmZ-` and sixteen lower-case hex digits, nothing else: one text per id.
fn parse(text: &[u8]) -> Option<BatchId> {
    if text.len() != 36 || text.get(8) != Some(&b'T') || text.get(18) != Some(&b'Z') || text.get(19) != Some(&b'-') {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i32> {
        text.get(from..to)?.iter().try_fold(0i32, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i32::from(digit - b'0')))
    };
    let small = |from, to| number(from, to).and_then(|value| i8::try_from(value).ok());
    let at = DateTime::new(
        i16::try_from(number(0, 4)?).ok()?,
        small(4, 6)?,
        small(6, 8)?,
        small(9, 11)?,
        small(11, 13)?,
        small(13, 15)?,
        number(15, 18)? * 1_000_000,
    )
    .ok()?;
    let unix_ms = TimeZone::UTC.to_timestamp(at).ok()?.as_millisecond();
    let random = text.get(20..36)?.iter().try_fold(0u64, |value, &digit| {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(nibble))
    })?;
    (0..=MAX_MS).contains(&unix_ms).then_some(BatchId { unix_ms, random })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_reads_as_its_time_and_random_part() {
        let id = BatchId::new(1_760_000_000_123, 0xdead_beef);
        assert_eq!(id.to_string(), "20251009T085320123Z-00000000deadbeef");
        assert_eq!(id.day(), "20251009");
        assert_eq!(id.unix_ms(), 1_760_000_000_123);
    }

    #[test]
    fn texts_that_are_no_id_are_refused() {
        for text in [
            "",
            "20251009T085320123Z-00000000DEADBEEF",
            "20251309T085320123Z-00000000deadbeef",
            "20251009T085360123Z-00000000deadbeef",
            "20251009T085320123Z-00000000deadbee",
            "20251009T085320123Z-00000000deadbeef0",
            "20251009T08532012éZ-0000000deadbeef",
            "19691231T235959999Z-00000000deadbeef",
        ] {
            assert!(text.parse::<BatchId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn ids_round_trip_and_sort_as_their_texts(a in 0..=MAX_MS, b in 0..=MAX_MS, x: u64, y: u64) {
            let (left, right) = (BatchId::new(a, x), BatchId::new(b, y));
            prop_assert_eq!(left.to_string().parse::<BatchId>().unwrap(), left);
            prop_assert_eq!(left.cmp(&right), left.to_string().cmp(&right.to_string()));
        }
    }
}
