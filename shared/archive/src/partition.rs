//! Where events lie: the two Hive partition keys of `events/`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The event category as it stands in `category=`; CloudTrail's `eventCategory` in our spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Management events.
    Management,
    /// Data events.
    Data,
    /// Insights events.
    Insight,
    /// Network activity events of VPC endpoints.
    Network,
    /// Five-minute summaries of data events.
    Aggregated,
}

impl Category {
    /// All of them, in the order of the text.
    pub const ALL: [Self; 5] = [Self::Aggregated, Self::Data, Self::Insight, Self::Management, Self::Network];

    /// As in the partition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Management => "management",
            Self::Data => "data",
            Self::Insight => "insight",
            Self::Network => "network",
            Self::Aggregated => "aggregated",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is no category or no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartitionError {
    /// Not one of [`Category::ALL`].
    #[error("{0:?} is no event category: management, data, insight, network or aggregated")]
    Category(String),
    /// Not eight digits that are a calendar day.
    #[error("{0:?} is no day of the form YYYYMMDD")]
    Day(String),
}

impl FromStr for Category {
    type Err = PartitionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|category| category.as_str() == text)
            .ok_or_else(|| PartitionError::Category(text.chars().take(64).collect()))
    }
}

/// One partition of `events/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Partition {
    /// The event category.
    pub category: Category,
    /// The UTC day of the event time as a number, `20251009`.
    pub eventday: u32,
}

impl Partition {
    /// The day of a time in milliseconds since the Unix epoch, as `YYYYMMDD` in a number; times out of the years
    /// 1970..=9999 are clamped.
    pub fn day_of(unix_ms: i64) -> u32 {
        // Days to civil date (proleptic Gregorian), after Howard Hinnant's "chrono-compatible low-level date algorithms".
        let days = unix_ms.clamp(0, 253_402_300_799_999) / 86_400_000 + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year * 10_000 + month * 100 + day) as u32
    }

    /// Reads a day as it stands in keys.
    ///
    /// # Errors
    /// [`PartitionError::Day`] where it is not eight digits that are a calendar day.
    pub fn parse_day(text: &str) -> Result<u32, PartitionError> {
        let refused = || PartitionError::Day(text.chars().take(64).collect());
        if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refused());
        }
        let number: u32 = text.parse().map_err(|_| refused())?;
        let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
        let is_date = jiff::civil::Date::new(year as i16, month as i8, day as i8).is_ok();
        if is_date { Ok(number) } else { Err(refused()) }
    }
}

impl fmt::Display for Partition {
    /// `category=management/eventday=20251009`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "category={}/eventday={:08}", self.category, self.eventday)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_are_utc_and_clamped() {
        assert_eq!(Partition::day_of(0), 19_700_101);
        assert_eq!(Partition::day_of(-5), 19_700_101);
        assert_eq!(Partition::day_of(1_709_164_800_000), 20_240_229);
        assert_eq!(Partition::day_of(1_709_251_199_999), 20_240_229);
        assert_eq!(Partition::day_of(1_709_251_200_000), 20_240_301);
        assert_eq!(Partition::day_of(i64::MAX), 99_991_231);
    }

    #[test]
    fn a_day_that_is_on_no_calendar_is_refused() {
        assert_eq!(Partition::parse_day("20240229"), Ok(20_240_229));
        for bad in ["20230229", "2024022", "202402299", "+0240229", "20241301", "2024-2-9"] {
            assert!(Partition::parse_day(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn the_day_is_the_one_that_a_calendar_library_gives(ms in 0..253_402_300_799_999i64) {
            let date = jiff::Timestamp::from_millisecond(ms).unwrap().to_zoned(jiff::tz::TimeZone::UTC).date();
            prop_assert_eq!(Partition::day_of(ms), date.strftime("%Y%m%d").to_string().parse::<u32>().unwrap());
        }
    }
}
