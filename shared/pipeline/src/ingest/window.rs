//! Which deliveries a run takes, by the time of delivery that their keys state.

use trailkeep_keys::LogKey;

/// Milliseconds of one UTC day.
const DAY_MS: i64 = 86_400_000;

/// A span of delivery time: from `since_ms` (inclusive) to `until_ms` (exclusive), milliseconds since the Unix epoch.
///
/// Delivery time is not event time: CloudTrail delivers about five minutes late, at times days
/// (CloudTrail User Guide, "Understanding CloudTrail").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliveryWindow {
    /// First moment that is taken; `None` = from the beginning.
    pub since_ms: Option<i64>,
    /// First moment that is not taken any more; `None` = to the end.
    pub until_ms: Option<i64>,
}

impl DeliveryWindow {
    /// Whether everything is taken.
    pub fn is_unbounded(&self) -> bool {
        self.since_ms.is_none() && self.until_ms.is_none()
    }

    /// Whether an object with this key is taken. A key that states only its day is taken if the day touches the window.
    pub fn holds(&self, key: &LogKey) -> bool {
        if self.is_unbounded() {
            return true;
        }
        match (key.delivered_ms(), day_start_ms(key.delivery_day)) {
            (Some(moment), _) => self.touches(moment, moment),
            (None, Some(start)) => self.touches(start, start + DAY_MS - 1),
            (None, None) => true,
        }
    }

    fn touches(&self, first_ms: i64, last_ms: i64) -> bool {
        self.since_ms.is_none_or(|since| last_ms >= since) && self.until_ms.is_none_or(|until| first_ms < until)
    }
}

/// Start of a day written as `yyyymmdd`, milliseconds since the Unix epoch; `None` where there is no such day.
fn day_start_ms(day: u32) -> Option<i64> {
    let date = jiff::civil::Date::new((day / 10_000) as i16, (day / 100 % 100) as i8, (day % 100) as i8).ok()?;
    Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_utc_and_no_day_has_no_beginning() {
        assert_eq!(day_start_ms(20_260_115), Some(1_768_435_200_000));
        assert_eq!(day_start_ms(20_260_230), None);
    }

    #[test]
    fn the_window_includes_its_start_and_excludes_its_end() {
        let window = DeliveryWindow { since_ms: Some(10), until_ms: Some(20) };
        assert!(window.touches(10, 10));
        assert!(window.touches(19, 19));
        assert!(!window.touches(20, 20));
        assert!(window.touches(5, 12), "a day that reaches into the window is taken");
        assert!(DeliveryWindow::default().is_unbounded());
    }
}
