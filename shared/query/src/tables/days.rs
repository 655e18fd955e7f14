//! Which event days a question can touch, and the fewest listings that cover them.

use std::time::{SystemTime, UNIX_EPOCH};

use datafusion::physical_optimizer::pruning::PruningPredicate;
use trailkeep_archive::Partition;

use super::day_statistics::{Bounds, DAY_MS, DayStatistics, start_of_day_ms};

/// The first whole year of CloudTrail, which was announced in November 2013.
const FIRST_YEAR: u32 = 2013;

/// Event days that a question can touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EventDays {
    /// Any.
    All,
    /// These (ascending, `YYYYMMDD`), between 2013 and the end of this year, and any later ones if `later`.
    Some { days: Vec<u32>, later: bool },
}

impl EventDays {
    /// The days that the predicate leaves.
    pub(super) fn left_by(predicate: Option<&PruningPredicate>) -> Self {
        let Some(predicate) = predicate.filter(|predicate| !predicate.always_true()) else { return Self::All };
        let days = known_days();
        let (Some(first), Some(last)) = (days.first(), days.last()) else { return Self::All };
        let mut containers: Vec<Bounds> = days.iter().map(|day| Bounds::of_day(*day, None)).collect();
        let before = start_of_day_ms(*first).map(|ms| ms - 1);
        let after = start_of_day_ms(*last).map(|ms| ms + DAY_MS);
        containers.push(Bounds { last_day: Some(first - 1), last_ms: before, ..Bounds::default() });
        containers.push(Bounds { first_day: Some(last + 1), first_ms: after, ..Bounds::default() });
        let kept = DayStatistics(&containers).kept(predicate);
        let [inner @ .., earlier, later] = kept.as_slice() else { return Self::All };
        if *earlier {
            return Self::All;
        }
        Self::Some { days: days.iter().zip(inner).filter_map(|(day, kept)| kept.then_some(*day)).collect(), later: *later }
    }

    /// Whether a day is among them.
    pub(super) fn contains(&self, day: u32) -> bool {
        match self {
            Self::All => true,
            Self::Some { days, later } => days.binary_search(&day).is_ok() || (*later && day > last_known_day()),
        }
    }

    /// The fewest prefixes of `YYYYMMDD` that cover them: whole years, whole months, single days. Empty text = everything.
    pub(super) fn prefixes(&self) -> Vec<String> {
        let Self::Some { days, later } = self else { return vec![String::new()] };
        let known = known_days();
        let mut prefixes = Vec::new();
        for year in known.chunk_by(|a, b| a / 10_000 == b / 10_000) {
            if whole(days, year) {
                prefixes.push(format!("{:04}", year[0] / 10_000));
                continue;
            }
            for month in year.chunk_by(|a, b| a / 100 == b / 100) {
                if whole(days, month) {
                    prefixes.push(format!("{:06}", month[0] / 100));
                } else {
                    prefixes.extend(month.iter().filter(|day| days.binary_search(day).is_ok()).map(|day| format!("{day:08}")));
                }
            }
        }
        if *later {
            prefixes.extend(later_prefixes(last_known_day() / 10_000));
        }
        prefixes
    }
}

fn whole(selected: &[u32], span: &[u32]) -> bool {
    span.iter().all(|day| selected.binary_search(day).is_ok())
}

/// Prefixes of every year after `year`, which has four digits: its decade's rest, its century's, its millennium's, the rest.
fn later_prefixes(year: u32) -> Vec<String> {
    [1u32, 10, 100, 1_000]
        .into_iter()
        .flat_map(|unit| (year / unit % 10 + 1..10).map(move |digit| (year / unit / 10 * 10 + digit).to_string()))
        .collect()
}

/// Every day from [`FIRST_YEAR`] to the end of this year.
fn known_days() -> Vec<u32> {
    let from = start_of_day_ms(FIRST_YEAR * 10_000 + 101).unwrap_or(0);
    let to = start_of_day_ms(last_known_day()).unwrap_or(from);
    (0..=(to - from) / DAY_MS).map(|day| Partition::day_of(from + day * DAY_MS)).collect()
}

fn last_known_day() -> u32 {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_millis() as i64);
    (Partition::day_of(now_ms) / 10_000).max(FIRST_YEAR) * 10_000 + 1_231
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_months_and_years_are_one_prefix() {
        let mut days: Vec<u32> = known_days().into_iter().filter(|day| (20_150_101..=20_160_229).contains(day)).collect();
        days.push(20_160_302);
        let selected = EventDays::Some { days, later: false };
        assert_eq!(selected.prefixes(), ["2015", "201601", "201602", "20160302"]);
        assert!(selected.contains(20_160_229) && !selected.contains(20_160_301));
    }

    #[test]
    fn later_years_are_covered_once() {
        let prefixes = later_prefixes(2_026);
        for year in 2_027..=9_999u32 {
            let text = year.to_string();
            assert_eq!(prefixes.iter().filter(|prefix| text.starts_with(prefix.as_str())).count(), 1, "{year}");
        }
        assert!((2_000..=2_026u32).all(|year| !prefixes.iter().any(|prefix| year.to_string().starts_with(prefix.as_str()))));
    }
}
