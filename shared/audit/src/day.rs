//! A UTC day, written `YYYYMMDD` as everywhere in the archive.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use trailkeep_keys::Stamp;

/// A text that is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a day like 20260115")]
pub struct DayError;

/// A UTC day of the calendar, from year 0 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(u32);

impl Day {
    /// The day of a time, milliseconds since 1970. Times that no four-digit year holds count as the first or the last day.
    pub fn of(unix_ms: i64) -> Self {
        let outside = if unix_ms < 0 { 101 } else { 99_991_231 };
        Self(Stamp::from_unix_ms(unix_ms, false).map_or(outside, |stamp| stamp.day_number()))
    }

    /// Its first millisecond, since 1970.
    pub fn start_ms(self) -> i64 {
        format!("{self}T0000Z").parse().map_or(0, |stamp: Stamp| stamp.unix_ms())
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let stamp: Stamp = format!("{text}T0000Z").parse().map_err(|_| DayError)?;
        Ok(Self(stamp.day_number()))
    }
}

impl TryFrom<String> for Day {
    type Error = DayError;

    fn try_from(text: String) -> Result<Self, DayError> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_read_back_as_written_and_only_days_are_taken() {
        assert_eq!("20240229".parse::<Day>().map(|day| (day.to_string(), day.start_ms())), Ok(("20240229".to_owned(), 1_709_164_800_000)));
        assert_eq!(Day::of(1_709_164_799_999).to_string(), "20240228");
        assert_eq!((Day::of(i64::MIN).to_string(), Day::of(i64::MAX).to_string()), ("00000101".to_owned(), "99991231".to_owned()));
        for wrong in ["", "20250229", "2025-02-01", "202502011", "+2025020", "20250201T"] {
            assert_eq!(wrong.parse::<Day>(), Err(DayError), "{wrong}");
        }
    }
}
