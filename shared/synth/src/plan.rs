//! How many objects there are, when each is delivered, and how many records are in it: decided before any is written.
//!
//! Sizes are log-normal as an organization's are: half of the objects have at most 19 records, a few have 10,000, the
//! mean is about 145. Part of the spread lies between accounts and Regions (some are always busy), the rest within.

use crate::{
    chance::{Chance, exp, mix},
    config::{Scale, SynthConfig},
};

/// Half of the objects have at most this many records.
const MEDIAN_RECORDS: f64 = 19.0;
/// No object has more.
pub(crate) const MAX_RECORDS: u32 = 10_000;
/// What the distribution comes to; measured.
const MEAN_RECORDS: f64 = 140.0;
/// Spread of ln(records) between accounts and Regions, and within one.
const SPREAD_BETWEEN: f64 = 1.0;
const SPREAD_WITHIN: f64 = 1.82;
/// Mean bytes of a record's JSON; measured over the default mix.
const MEAN_RECORD_BYTES: u64 = 1_525;
/// CloudTrail stamps files at multiples of five minutes.
pub(crate) const STAMPS_AN_HOUR: u64 = 12;

/// A log object to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Planned {
    /// The hour of delivery, counted from the first.
    pub(crate) hour: u32,
    /// Which five minutes of that hour.
    pub(crate) slot: u32,
    /// How many records of its own it has; copies from the object before come on top.
    pub(crate) records: u32,
    /// How many hours its events are older than they should be.
    pub(crate) hours_late: u32,
}

/// The objects of each account and Region, in order of delivery. Index: account × Regions + Region.
pub(crate) fn plan(config: &SynthConfig) -> Vec<Vec<Planned>> {
    let groups = (config.accounts * config.regions) as usize;
    let mut chance = Chance::new(config.seed, &[1]);
    let mut planned = vec![Vec::new(); groups];
    match config.scale {
        Scale::EventsPerHour(events) => by_rate(config, f64::from(events) / MEAN_RECORDS, &mut chance, &mut planned),
        Scale::InflatedBytes(bytes) => by_total(config, bytes / MEAN_RECORD_BYTES, &mut chance, &mut planned),
        Scale::TinyObjects(objects) => {
            for index in 0..objects as usize {
                let records = chance.between(6, 20) as u32;
                let records = if chance.per_mille(60) { chance.between(1, 3) as u32 } else { records };
                let hour = chance.below(u64::from(config.hours)) as u32;
                planned[index % groups].push(place(hour, records, &mut chance));
            }
        }
    }
    // The smallest tree, too, shows what is late, if it has a second hour.
    if planned.iter().flatten().all(|object| object.hours_late == 0)
        && let Some(object) = planned.iter_mut().flatten().find(|object| object.hour > 0)
    {
        object.hours_late = 1;
    }
    for objects in &mut planned {
        objects.sort_unstable();
    }
    planned
}

/// `rate` objects an hour on average, some groups four times as many, some a quarter.
fn by_rate(config: &SynthConfig, rate: f64, chance: &mut Chance, planned: &mut [Vec<Planned>]) {
    let busy = levels(config);
    for (group, objects) in planned.iter_mut().enumerate() {
        let activity = [0.25, 0.5, 0.75, 1.0, 1.0, 1.25, 1.5, 1.75][mix(config.seed ^ (group as u64) << 8) as usize % 8];
        for hour in 0..config.hours {
            let expected = rate * activity * (0.3 + 1.4 * chance.unit());
            let count = expected as u64 + u64::from(chance.unit() < expected.fract());
            for _ in 0..count {
                let records = size(busy[group], chance);
                objects.push(place(hour, records, chance));
            }
        }
    }
    // Something is to be seen in the smallest tree too.
    if planned.iter().all(Vec::is_empty) {
        planned[0].push(Planned { hour: 0, slot: 3, records: 19, hours_late: 0 });
    }
}

/// Objects until they hold `target` records.
fn by_total(config: &SynthConfig, target: u64, chance: &mut Chance, planned: &mut [Vec<Planned>]) {
    let busy = levels(config);
    let mut left = target;
    while left > 0 {
        let group = chance.below(planned.len() as u64) as usize;
        let records = size(busy[group], chance).min(u32::try_from(left).unwrap_or(u32::MAX));
        left -= u64::from(records);
        let hour = chance.below(u64::from(config.hours)) as u32;
        planned[group].push(place(hour, records, chance));
    }
}

/// Some time in the hour, and now and then long after the events. A late object's events are not older than the tree.
fn place(hour: u32, records: u32, chance: &mut Chance) -> Planned {
    let slot = chance.below(STAMPS_AN_HOUR) as u32;
    let late = hour > 0 && chance.per_mille(20);
    let hours_late = if late { chance.between(1, u64::from(hour.min(26))) as u32 } else { 0 };
    Planned { hour, slot, records, hours_late }
}

/// Records of one object of a group that is `level` standard deviations busier than the middle one.
fn size(level: f64, chance: &mut Chance) -> u32 {
    let records = MEDIAN_RECORDS * exp(SPREAD_BETWEEN * level + SPREAD_WITHIN * chance.normal());
    (records + 0.5).clamp(1.0, f64::from(MAX_RECORDS)) as u32
}

/// How busy each group is: the quantiles of a normal distribution, dealt out in an order that the seed decides. Dealing
/// quantiles instead of drawing keeps small organizations typical.
fn levels(config: &SynthConfig) -> Vec<f64> {
    let groups = (config.accounts * config.regions) as usize;
    let mut order: Vec<usize> = (0..groups).collect();
    order.sort_by_key(|group| mix(config.seed.wrapping_mul(31) ^ *group as u64));
    let mut levels = vec![0.0; groups];
    for (rank, group) in order.into_iter().enumerate() {
        levels[group] = quantile((rank as f64 + 0.5) / groups as f64);
    }
    levels
}

/// The standard normal's quantile, between the points of a table; beyond the last points, the last.
fn quantile(share: f64) -> f64 {
    const TABLE: [(f64, f64); 17] = [
        (0.001, -3.090),
        (0.005, -2.576),
        (0.01, -2.326),
        (0.025, -1.960),
        (0.05, -1.645),
        (0.1, -1.282),
        (0.2, -0.842),
        (0.35, -0.385),
        (0.5, 0.0),
        (0.65, 0.385),
        (0.8, 0.842),
        (0.9, 1.282),
        (0.95, 1.645),
        (0.975, 1.960),
        (0.99, 2.326),
        (0.995, 2.576),
        (0.999, 3.090),
    ];
    let share = share.clamp(TABLE[0].0, TABLE[16].0);
    TABLE
        .windows(2)
        .find(|pair| share <= pair[1].0)
        .map_or(0.0, |pair| pair[0].1 + (pair[1].1 - pair[0].1) * (share - pair[0].0) / (pair[1].0 - pair[0].0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organizations_objects_have_a_median_of_19_records_and_a_mean_of_about_145() {
        for seed in 0..4 {
            let config = SynthConfig { accounts: 40, regions: 10, hours: 24, seed, ..SynthConfig::default() };
            let mut sizes: Vec<u32> = plan(&config).into_iter().flatten().map(|object| object.records).collect();
            sizes.sort_unstable();
            let median = sizes[sizes.len() / 2];
            let mean = sizes.iter().map(|size| f64::from(*size)).sum::<f64>() / sizes.len() as f64;
            assert!((17..=21).contains(&median), "median {median}");
            assert!((125.0..165.0).contains(&mean), "mean {mean}");
            assert!(sizes.last().is_some_and(|most| (8_000..=MAX_RECORDS).contains(most)), "most {:?}", sizes.last());
            let expected = f64::from(40 * 10 * 24) * 250.0 / MEAN_RECORDS;
            assert!((sizes.len() as f64 / expected - 1.0).abs() < 0.1, "{} objects, {expected} expected", sizes.len());
        }
    }

    #[test]
    fn a_target_is_met_to_the_record_and_tiny_objects_to_the_object() {
        let config = SynthConfig { scale: Scale::InflatedBytes(160_000_000), ..SynthConfig::default() };
        let records: u32 = plan(&config).iter().flatten().map(|object| object.records).sum();
        assert_eq!(u64::from(records), 160_000_000 / MEAN_RECORD_BYTES);
        let config = SynthConfig { scale: Scale::TinyObjects(2_000), ..SynthConfig::default() };
        let sizes: Vec<u32> = plan(&config).iter().flatten().map(|object| object.records).collect();
        assert_eq!(sizes.len(), 2_000);
        assert!(sizes.iter().all(|size| (1..=20).contains(size)));
    }

    #[test]
    fn late_objects_are_few_and_never_older_than_the_tree() {
        let config = SynthConfig { accounts: 20, hours: 30, ..SynthConfig::default() };
        let all: Vec<Planned> = plan(&config).into_iter().flatten().collect();
        let late = all.iter().filter(|object| object.hours_late > 0).count();
        assert!(late > 0 && late * 20 < all.len(), "{late} of {}", all.len());
        assert!(all.iter().all(|object| object.hours_late <= object.hour));
    }
}
