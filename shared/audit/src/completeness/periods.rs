//! When verified Digests speak of an account and Region.

use std::sync::OnceLock;

/// Periods that may overlap and touch; as many as are told apart are kept.
#[derive(Debug, Default)]
pub(super) struct Periods {
    list: Vec<(i64, i64)>,
    merged: OnceLock<Vec<(i64, i64)>>,
}

impl Periods {
    /// Adds a period; one that ends before it starts says nothing.
    pub(super) fn add(&mut self, start_ms: i64, end_ms: i64) {
        if start_ms >= end_ms {
            return;
        }
        if self.list.len() >= 32 && self.list.len() == self.list.capacity() {
            self.list = merge(std::mem::take(&mut self.list));
            self.list.reserve(32.max(self.list.len() / 2));
        }
        self.list.push((start_ms, end_ms));
        self.merged = OnceLock::new();
    }

    /// Whether all of this time lies in the periods.
    pub(super) fn cover(&self, from_ms: i64, to_ms: i64) -> bool {
        let merged = self.merged.get_or_init(|| merge(self.list.clone()));
        let after = merged.partition_point(|(start, _)| *start <= from_ms);
        after.checked_sub(1).and_then(|before| merged.get(before)).is_some_and(|(_, end)| to_ms <= *end)
    }
}

fn merge(mut list: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    list.sort_unstable();
    list.dedup_by(|next, kept| {
        let touches = next.0 <= kept.1;
        if touches {
            kept.1 = kept.1.max(next.1);
        }
        touches
    });
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_that_touch_are_one_and_holes_stay() {
        let mut periods = Periods::default();
        for hour in (0..1000).rev().filter(|hour| *hour != 500) {
            periods.add(hour * 10, hour * 10 + 10);
        }
        periods.add(7, 3);
        assert!(periods.cover(0, 5000) && periods.cover(5010, 10_000) && periods.cover(17, 18));
        for (from, to) in [(4990, 5011), (5000, 5001), (5005, 5020), (9999, 10_001), (-1, 1), (20_000, 20_001)] {
            assert!(!periods.cover(from, to), "{from} {to}");
        }
        assert!(periods.list.capacity() < 200, "{}", periods.list.capacity());
    }
}
