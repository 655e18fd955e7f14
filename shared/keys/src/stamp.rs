//! Times in file names: `20260115T0905Z`, with seconds in Digest names. Always UTC.

use std::{fmt, str::FromStr};

/// A text that is no stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time like 20260115T0905Z or 20260115T090500Z")]
pub struct StampError;

/// A UTC time as file names have it: to the minute (logs) or to the second (Digests).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// 0 to 9999.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31, a day that the month has.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59, where the name has seconds.
    pub second: Option<u8>,
}

impl Stamp {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn unix_ms(&self) -> i64 {
        let days = days_from_civil(i64::from(self.year), i64::from(self.month), i64::from(self.day));
        let seconds = i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second.unwrap_or(0));
        (days * 86_400 + seconds) * 1000
    }

    /// The stamp of a time, cut to the second or to the minute; none for years outside 0 to 9999.
    pub fn from_unix_ms(unix_ms: i64, with_seconds: bool) -> Option<Self> {
        let seconds = unix_ms.div_euclid(1000);
        let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
        let of_day = seconds.rem_euclid(86_400);
        Some(Self {
            year: u16::try_from(year).ok().filter(|year| *year <= 9999)?,
            month,
            day,
            hour: (of_day / 3600) as u8,
            minute: (of_day / 60 % 60) as u8,
            second: with_seconds.then_some((of_day % 60) as u8),
        })
    }

    /// The day as `yyyymmdd`.
    pub fn day_number(&self) -> u32 {
        day_number(self.year, self.month, self.day)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}{:02}T{:02}{:02}", self.year, self.month, self.day, self.hour, self.minute)?;
        if let Some(second) = self.second {
            write!(f, "{second:02}")?;
        }
        f.write_str("Z")
    }
}

impl FromStr for Stamp {
    type Err = StampError;

    fn from_str(text: &str) -> Result<Self, StampError> {
        let (date, time) = text.strip_suffix('Z').and_then(|rest| rest.split_once('T')).ok_or(StampError)?;
        if date.len() != 8 || !matches!(time.len(), 4 | 6) {
            return Err(StampError);
        }
        let date = digits(date).ok_or(StampError)?;
        let (year, month, day) = split_day(date).ok_or(StampError)?;
        let seconds_given = time.len() == 6;
        let time = digits(time).ok_or(StampError)?;
        let (of_day, second) = if seconds_given { (time / 100, Some((time % 100) as u8)) } else { (time, None) };
        let (hour, minute) = ((of_day / 100) as u8, (of_day % 100) as u8);
        if hour > 23 || minute > 59 || second.is_some_and(|second| second > 59) {
            return Err(StampError);
        }
        Ok(Self { year, month, day, hour, minute, second })
    }
}

/// `yyyymmdd` of the three parts.
pub(crate) fn day_number(year: u16, month: u8, day: u8) -> u32 {
    u32::from(year) * 10_000 + u32::from(month) * 100 + u32::from(day)
}

/// The three parts of `yyyymmdd`, if the calendar has that day.
pub(crate) fn split_day(number: u32) -> Option<(u16, u8, u8)> {
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => return None,
    };
    ((1..=last).contains(&day) && year <= 9999).then_some((year as u16, month as u8, day as u8))
}

/// A number of ASCII digits only: `str::parse` alone would take a sign.
pub(crate) fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = (of_year - (153 * shifted + 2) / 5 + 1) as u8;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 } as u8;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn stamps_read_back_as_written() {
        for (text, unix_ms) in [
            ("19700101T0000Z", 0),
            ("20260115T0905Z", 1_768_467_900_000),
            ("20260115T090507Z", 1_768_467_907_000),
            ("20240229T2359Z", 1_709_251_140_000),
        ] {
            let stamp: Stamp = text.parse().unwrap();
            assert_eq!(stamp.to_string(), text);
            assert_eq!(stamp.unix_ms(), unix_ms, "{text}");
            assert_eq!(Stamp::from_unix_ms(unix_ms, stamp.second.is_some()), Some(stamp));
        }
    }

    #[test]
    fn times_that_no_calendar_has_are_refused() {
        for text in [
            "",
            "Z",
            "20260115T0905",
            "20260230T0000Z",
            "20250229T0000Z",
            "20261301T0000Z",
            "20260100T0000Z",
            "20260115T2400Z",
            "20260115T0060Z",
            "20260115T000060Z",
            "+0260115T0905Z",
            "20260115T+905Z",
            "2026é15T0905Z",
        ] {
            assert_eq!(text.parse::<Stamp>(), Err(StampError), "{text}");
        }
    }

    #[test]
    fn days_agree_with_the_calendar_in_both_directions() {
        for day in (-700_000..700_000).step_by(37) {
            let (year, month, of_month) = civil_from_days(day);
            assert_eq!(days_from_civil(year, i64::from(month), i64::from(of_month)), day);
        }
    }
}
