//! What a partition's path says of the columns in it: the bounds of the event day, of the event time, and the category. Given to the
//! engine's own pruning, so that any comparison it understands leaves out days, not only those on the partition columns.

use std::{collections::HashSet, sync::Arc};

use arrow_array::{ArrayRef, BooleanArray, Int64Array, StringArray, TimestampMicrosecondArray};
use datafusion::{
    common::{Column, ScalarValue, pruning::PruningStatistics},
    physical_optimizer::pruning::PruningPredicate,
};

/// Milliseconds of a day.
pub(super) const DAY_MS: i64 = 86_400_000;

/// What is known of one container: a day, a file in a day, or an open-ended span of days. `None` = no bound known.
#[derive(Debug, Clone, Default)]
pub(super) struct Bounds {
    pub(super) first_day: Option<u32>,
    pub(super) last_day: Option<u32>,
    pub(super) first_ms: Option<i64>,
    pub(super) last_ms: Option<i64>,
    pub(super) category: Option<&'static str>,
}

impl Bounds {
    /// The bounds that follow from the day in a path. The first and last day of the calendar hold what was clamped to them.
    pub(super) fn of_day(day: u32, category: Option<&'static str>) -> Self {
        let start = start_of_day_ms(day);
        let first_ms = start.filter(|_| day > 19_700_101);
        let last_ms = start.filter(|_| day < 99_991_231).map(|start| start + DAY_MS - 1);
        Self { first_day: Some(day), last_day: Some(day), first_ms, last_ms, category }
    }
}

/// Milliseconds since the Unix epoch at the start of a day `YYYYMMDD`, UTC; `None` where it is no calendar day.
pub(super) fn start_of_day_ms(day: u32) -> Option<i64> {
    let (year, month, date) = (i64::from(day / 10_000), i64::from(day / 100 % 100), i64::from(day % 100));
    if !(1..=12).contains(&month) || !(1..=31).contains(&date) {
        return None;
    }
    // Civil date to days, after Howard Hinnant's "chrono-compatible low-level date algorithms".
    let shifted_year = year - i64::from(month <= 2);
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + date - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some((era * 146_097 + day_of_era - 719_468) * DAY_MS)
}

/// Containers, as the engine's pruning asks about them.
#[derive(Debug)]
pub(super) struct DayStatistics<'a>(pub(super) &'a [Bounds]);

impl DayStatistics<'_> {
    /// Which containers can hold a row that the predicate is true for; all of them where it cannot be judged.
    pub(super) fn kept(&self, predicate: &PruningPredicate) -> Vec<bool> {
        predicate.prune(self).unwrap_or_else(|error| {
            tracing::debug!(%error, "cannot prune days by this predicate");
            vec![true; self.0.len()]
        })
    }

    fn column(&self, name: &str, day: impl Fn(&Bounds) -> Option<u32>, ms: impl Fn(&Bounds) -> Option<i64>, end: bool) -> Option<ArrayRef> {
        let bounds = self.0.iter();
        match name {
            "eventday" => Some(Arc::new(bounds.map(|b| day(b).map(|day| format!("{day:08}"))).collect::<StringArray>())),
            "category" => Some(Arc::new(bounds.map(|b| b.category).collect::<StringArray>())),
            "time" => Some(Arc::new(bounds.map(ms).collect::<Int64Array>())),
            "time_dt" | "event_time" => {
                let within = if end { 999 } else { 0 };
                Some(Arc::new(bounds.map(|b| ms(b).map(|ms| ms * 1_000 + within)).collect::<TimestampMicrosecondArray>()))
            }
            _ => None,
        }
    }
}

impl PruningStatistics for DayStatistics<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.column(&column.name, |b| b.first_day, |b| b.first_ms, false)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.column(&column.name, |b| b.last_day, |b| b.last_ms, true)
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, _column: &Column) -> Option<ArrayRef> {
        None
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        None
    }

    fn contained(&self, _column: &Column, _values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_start_where_the_calendar_says() {
        assert_eq!(start_of_day_ms(19_700_101), Some(0));
        assert_eq!(start_of_day_ms(20_240_229), Some(1_709_164_800_000));
        assert_eq!(start_of_day_ms(20_000_301), Some(951_868_800_000));
        assert_eq!(start_of_day_ms(20_241_301), None);
    }
}
