//! How long log files took from the time in their names until they landed.

/// Counts by steps of an eighth: exact up to 16 s, then at most an eighth too long, never too short.
#[derive(Debug, Clone, Default)]
pub(super) struct Lags {
    /// Step and count, by step; lags of one place lie close together, so that a few are enough.
    steps: Vec<(u16, u64)>,
    max_ms: i64,
    negative: u64,
}

/// Lag of log files: percentiles by nearest rank, in seconds, rounded up to the next eighth; the maximum is exact to the second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LagSummary {
    /// How many files.
    pub files: u64,
    /// Half of the files took no longer.
    pub p50_secs: u64,
    /// 95 of 100 took no longer.
    pub p95_secs: u64,
    /// 99 of 100 took no longer.
    pub p99_secs: u64,
    /// None took longer; rounded up.
    pub max_secs: u64,
    /// Files that landed before the time in their names: clocks differ. Counted as 0 s.
    pub negative: u64,
}

impl Lags {
    pub(super) fn add(&mut self, lag_ms: i64) {
        self.negative += u64::from(lag_ms < 0);
        self.max_ms = self.max_ms.max(lag_ms);
        self.count(step(seconds(lag_ms)), 1);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.negative += other.negative;
        self.max_ms = self.max_ms.max(other.max_ms);
        other.steps.iter().for_each(|(step, files)| self.count(*step, *files));
    }

    fn count(&mut self, step: u16, files: u64) {
        match self.steps.binary_search_by_key(&step, |(step, _)| *step) {
            Ok(at) => {
                if let Some((_, counted)) = self.steps.get_mut(at) {
                    *counted += files;
                }
            }
            Err(at) => self.steps.insert(at, (step, files)),
        }
    }

    pub(super) fn summary(&self) -> LagSummary {
        let files = self.steps.iter().map(|(_, files)| files).sum();
        let max_secs = seconds(self.max_ms);
        let percentile = |percent: u64| {
            let rank = u128::from(files) * u128::from(percent);
            let mut seen = 0_u128;
            for (step, files) in &self.steps {
                seen += u128::from(*files) * 100;
                if seen >= rank {
                    return upper(*step).min(max_secs);
                }
            }
            0
        };
        LagSummary {
            files,
            p50_secs: percentile(50),
            p95_secs: percentile(95),
            p99_secs: percentile(99),
            max_secs,
            negative: self.negative,
        }
    }
}

/// Whole seconds, rounded up; none below 0.
fn seconds(lag_ms: i64) -> u64 {
    u64::try_from(lag_ms).unwrap_or_default().div_ceil(1000)
}

/// The step of a lag: seconds below 16, then eight steps for each doubling.
fn step(seconds: u64) -> u16 {
    if seconds < 16 {
        return seconds as u16;
    }
    let doublings = seconds.ilog2() - 3;
    (doublings * 8 + (seconds >> doublings) as u32) as u16
}

/// The longest lag of a step, in seconds.
fn upper(step: u16) -> u64 {
    let step = u64::from(step);
    if step < 16 {
        return step;
    }
    let doublings = step / 8 - 1;
    ((step - doublings * 8 + 1) << doublings) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_hold_what_they_say_and_are_at_most_an_eighth_wide() {
        for seconds in (0..5000).chain([1 << 20, (1 << 30) + 12_345, u64::from(u32::MAX)]) {
            let longest = upper(step(seconds));
            assert!(seconds <= longest && (longest - seconds) * 8 <= seconds, "{seconds} {longest}");
            assert!(step(longest) == step(seconds) && step(longest + 1) == step(seconds) + 1, "{seconds} {longest}");
        }
    }

    #[test]
    fn percentiles_are_by_nearest_rank_and_never_too_short() {
        let mut lags = Lags::default();
        assert_eq!(lags.summary(), LagSummary::default());
        (1..=100).for_each(|seconds| lags.add(seconds * 1000));
        lags.add(-5);
        let summary = lags.summary();
        assert_eq!((summary.files, summary.max_secs, summary.negative), (101, 100, 1));
        assert!((50..=56).contains(&summary.p50_secs) && (95..=100).contains(&summary.p95_secs), "{summary:?}");
        let mut both = Lags::default();
        both.merge(&lags);
        assert_eq!(both.summary(), summary);
        lags.add(i64::MAX);
        assert_eq!(lags.summary().max_secs, (i64::MAX as u64).div_ceil(1000));
    }
}
