//! Which days are due, and when.

use std::collections::BTreeMap;

use trailkeep_audit::{Day, attestation::Kind};

/// A day in milliseconds.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// How long after the end of its day an attestation is due, in milliseconds: a day, and 31 days, since CloudTrail retries for 30.
pub const fn due_after_ms(kind: Kind) -> i64 {
    match kind {
        Kind::Provisional => DAY_MS,
        Kind::Final => 31 * DAY_MS,
    }
}

/// When an attestation of that kind is due, milliseconds since 1970.
pub fn due_at_ms(day: Day, kind: Kind) -> i64 {
    day.start_ms() + DAY_MS + due_after_ms(kind)
}

/// The kind that a day can have now; none: it is too early for any.
pub fn kind_now(day: Day, now_ms: i64) -> Option<Kind> {
    [Kind::Final, Kind::Provisional].into_iter().find(|kind| due_at_ms(day, *kind) <= now_ms)
}

/// What is due: at most `cap`, oldest day first. `existing` has the newest kind of each day that is attested, `first` is the day of the archive's
/// first source; without one nothing is due.
///
/// A provisional one is not due where the final one is already.
pub fn due(existing: &BTreeMap<Day, Kind>, first: Option<Day>, now_ms: i64, cap: usize) -> Vec<(Day, Kind)> {
    let mut all = Vec::new();
    let mut next = first;
    while let Some(day) = next.filter(|_| all.len() < cap) {
        let Some(kind) = kind_now(day, now_ms) else { break };
        if existing.get(&day).is_none_or(|has| *has < kind) {
            all.push((day, kind));
        }
        // The calendar ends, and stays at its last day.
        next = Some(Day::of(day.start_ms() + DAY_MS)).filter(|after| *after > day);
    }
    all
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_due_a_day_after_its_end_and_again_after_31() {
        let ends = day("20260116").start_ms();
        let none = BTreeMap::new();
        let first = Some(day("20260115"));
        let due_at = |now_ms| due(&none, first, now_ms, 10);
        assert_eq!(due_at(ends + DAY_MS - 1), []);
        assert_eq!(due_at(ends + DAY_MS), [(day("20260115"), Kind::Provisional)]);
        let both = [(day("20260115"), Kind::Final), (day("20260116"), Kind::Provisional)];
        let provisional = BTreeMap::from([(day("20260115"), Kind::Provisional)]);
        assert_eq!(due(&provisional, first, ends + 31 * DAY_MS, 2), both);
        assert_eq!(due_at(ends + 31 * DAY_MS).first(), Some(&both[0]), "the provisional one is not due any more");
    }

    #[test]
    fn what_is_attested_is_not_due_and_what_is_old_comes_first() {
        let now = day("20260301").start_ms();
        let existing =
            BTreeMap::from([(day("20260110"), Kind::Final), (day("20260227"), Kind::Provisional), (day("20260226"), Kind::Final)]);
        let all = due(&existing, Some(day("20260109")), now, 1_000);
        assert_eq!(all.first(), Some(&(day("20260109"), Kind::Final)));
        assert_eq!(all.get(1), Some(&(day("20260111"), Kind::Final)));
        assert!(all.is_sorted());
        assert!(!all.iter().any(|(day, _)| existing.contains_key(day)), "{all:?}");
        assert_eq!(all.last(), Some(&(day("20260225"), Kind::Provisional)));
        assert_eq!(due(&existing, Some(day("20260109")), now, 3).len(), 3);
    }

    #[test]
    fn nothing_is_due_before_the_first_source_or_the_first_day() {
        let now = day("20260301").start_ms();
        assert_eq!(due(&BTreeMap::new(), None, now, 9), []);
        assert_eq!(due(&BTreeMap::new(), Some(day("20260301")), now, 9), []);
        assert_eq!(due(&BTreeMap::new(), Some(day("99991231")), i64::MAX, 9), [(day("99991231"), Kind::Final)]);
    }
}
