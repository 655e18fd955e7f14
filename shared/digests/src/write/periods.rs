//! Which periods Digests of our own cover: hours, as CloudTrail's, without what CloudTrail signed.

use crate::{CADENCE_MS, Period};

/// The periods from `within.from_ms` to `within.to_ms`, cut at whole hours, that lie outside all of `signed` (in any order, overlapping or not).
/// Periods start and end with whole seconds: what is signed of a second does not count.
pub fn unsigned_hours(within: Period, signed: &[Period]) -> Vec<Period> {
    let mut signed: Vec<(i64, i64)> =
        signed.iter().map(|period| (ceiling(period.from_ms, 1_000), floor(period.to_ms, 1_000))).filter(|(from, to)| from < to).collect();
    signed.sort_unstable();
    let (mut from_ms, end_ms) = (floor(within.from_ms, 1_000), ceiling(within.to_ms, 1_000));
    let mut hours = Vec::new();
    for (signed_from, signed_to) in signed {
        cut(from_ms, signed_from.min(end_ms), &mut hours);
        from_ms = from_ms.max(signed_to);
    }
    cut(from_ms, end_ms, &mut hours);
    hours
}

/// Cuts a stretch at whole hours; one that ends before it starts has none.
fn cut(mut from_ms: i64, to_ms: i64, hours: &mut Vec<Period>) {
    while from_ms < to_ms {
        let next_ms = floor(from_ms, CADENCE_MS).saturating_add(CADENCE_MS).min(to_ms);
        hours.push(Period { from_ms, to_ms: next_ms });
        from_ms = next_ms;
    }
}

fn floor(ms: i64, unit_ms: i64) -> i64 {
    ms.div_euclid(unit_ms).saturating_mul(unit_ms)
}

fn ceiling(ms: i64, unit_ms: i64) -> i64 {
    floor(ms.saturating_add(unit_ms - 1), unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn told(within: (i64, i64), signed: &[(i64, i64)]) -> Vec<(i64, i64)> {
        let period = |(from, to): (i64, i64)| Period { from_ms: from * MINUTE, to_ms: to * MINUTE };
        let signed: Vec<Period> = signed.iter().copied().map(period).collect();
        let hours = unsigned_hours(period(within), &signed);
        hours.iter().map(|hour| (hour.from_ms / MINUTE, hour.to_ms / MINUTE)).collect()
    }

    #[test]
    fn what_nobody_signed_is_cut_at_whole_hours() {
        assert_eq!(told((0, 180), &[]), [(0, 60), (60, 120), (120, 180)]);
        assert_eq!(told((30, 130), &[]), [(30, 60), (60, 120), (120, 130)]);
        assert_eq!(told((60, 60), &[]), []);
        assert_eq!(told((-90, -30), &[]), [(-90, -60), (-60, -30)]);
    }

    #[test]
    fn what_was_signed_is_left_out_to_the_second() {
        assert_eq!(told((0, 240), &[(83, 143)]), [(0, 60), (60, 83), (143, 180), (180, 240)]);
        assert_eq!(told((0, 240), &[(120, 180), (60, 130), (70, 80)]), [(0, 60), (180, 240)]);
        assert_eq!(told((0, 120), &[(-600, 600)]), []);
        assert_eq!(told((0, 120), &[(120, 180), (-60, 0)]), [(0, 60), (60, 120)]);
    }

    #[test]
    fn a_part_of_a_second_is_not_left_out() {
        let hours = unsigned_hours(Period { from_ms: 0, to_ms: 60_000 }, &[Period { from_ms: 10_500, to_ms: 20_500 }]);
        assert_eq!(hours, [Period { from_ms: 0, to_ms: 11_000 }, Period { from_ms: 20_000, to_ms: 60_000 }]);
        assert_eq!(unsigned_hours(Period { from_ms: 0, to_ms: 1_000 }, &[Period { from_ms: 100, to_ms: 900 }]).len(), 1);
    }
}
