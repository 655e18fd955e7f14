//! What it costs to collect so much once, and to keep the archive of it for a year. All of it is arithmetic over [`Tally`], the price table and the
//! assumptions that [`ASSUMPTIONS`] tells.

use serde::Serialize;

use super::{
    prices::{
        DEEP_ARCHIVE, DYNAMODB, FARGATE_CPU, FARGATE_MEMORY, GET, GLACIER_IR, KMS, LIST_OBJECTS, PUT, Price, SQS, STANDARD, STANDARD_IA,
        TO_DEEP_ARCHIVE, TO_GLACIER_IR, TO_STANDARD_IA,
    },
    tally::Tally,
};

/// Packed originals for each stored byte of input (docs/benchmarks.md, `raw/`).
const RAW_RATIO: f64 = 1.003;
/// `events/` and `sources/` for each stored byte of input (docs/benchmarks.md: 1.027).
const EVENTS_RATIO: f64 = 1.03;
/// `index/` for each stored byte of input (docs/benchmarks.md).
const INDEX_RATIO: f64 = 0.033;
/// JSON for each stored byte of input (docs/benchmarks.md: 1 GB of 158.6 MB).
const INFLATED_RATIO: f64 = 6.3;
/// CPU seconds for each GB of JSON (docs/benchmarks.md).
const CPU_SECONDS_PER_GB: f64 = 10.3;
/// Tiny objects that one core lands in a second (docs/benchmarks.md).
const OBJECTS_PER_CPU_SECOND: f64 = 4_219.0;
/// Memory beside each vCPU, in GB.
const MEMORY_GB: f64 = 2.0;
/// Stored bytes that one Batch takes in: 128 MiB of output at most, so about half as much input.
const BATCH_BYTES: u64 = 64 << 20;
/// Objects that one Batch takes in.
const BATCH_OBJECTS: u64 = 10_000;
/// Requests priced as PUT that one Batch makes: a dozen uploads of three requests, and the parts of its large ones.
const PUTS_PER_BATCH: u64 = 60;
/// Objects below `raw/` and `digests/` of one Batch: a segment and its index each.
const RAW_OBJECTS_PER_BATCH: u64 = 2;
/// Objects below `events/`, `index/` and `sources/` of one Batch.
const EVENTS_OBJECTS_PER_BATCH: u64 = 8;
/// Write units that the ledger takes for each object (shared/aws/src/dynamodb/design.md).
const LEDGER_UNITS_PER_OBJECT: u64 = 1;
/// Objects of one notification.
const OBJECTS_PER_MESSAGE: u64 = 100;
/// Days of a month and of a year, as storage is billed.
const DAYS_PER_YEAR: f64 = 365.0;
const DAYS_PER_MONTH: f64 = DAYS_PER_YEAR / 12.0;
/// A GB as S3 and Fargate bill it: 2^30 bytes.
const BILLED_GB: f64 = (1_u64 << 30) as f64;

/// What the figures rest on, for people.
pub(crate) const ASSUMPTIONS: [&str; 13] = [
    "Prices are us-east-1's public ones in USD, of the years in the price table, before discounts, free tiers and taxes.",
    "A GB of storage is 2^30 bytes, a month 365/12 days; the first year begins when everything has landed.",
    "LIST requests are those of this very count; a backfill lists once more to send. An inventory takes none.",
    "The log bucket's objects lie in S3 Standard, in the collector's own Region: no retrieval, no transfer.",
    "raw/ and digests/ take 1.003, events/ and sources/ 1.03, index/ 0.033 bytes for each stored byte of input (docs/benchmarks.md, synthetic trail).",
    "raw/: Standard for 30 days, Glacier Instant Retrieval for 90, then Deep Archive. digests/: Standard-IA for 90 days, then Glacier Instant Retrieval.",
    "events/, sources/ and index/: Standard for 30 days, Standard-IA for 60, then Glacier Instant Retrieval. Never Deep Archive.",
    "A Batch takes in 64 MiB stored or 10,000 objects, whichever comes first; it makes 60 requests priced as PUT and 10 objects.",
    "Each object is fetched with one GET and takes one DynamoDB write unit in the ledger; its reads, its storage and its items of Batches are not counted.",
    "A notification names 100 objects in 64 KB: one SQS request to send, one to receive, and a tenth to delete.",
    "Decoding takes 10.3 CPU seconds for each GB of JSON, 6.3 bytes of it for each stored byte, and 1/4,219 s for each object (docs/benchmarks.md), on Fargate with 2 GB for each vCPU.",
    "KMS is counted as one request for each object, as in a log bucket with SSE-KMS and no S3 Bucket Keys; with SSE-S3 it is nothing, with Bucket Keys next to nothing.",
    "What is asked of the archive later (queries, restores) is not counted.",
];

/// Requests, or hours, of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Line {
    pub(crate) service: &'static str,
    pub(crate) what: &'static str,
    pub(crate) count: f64,
    pub(crate) unit: &'static str,
    pub(crate) usd: f64,
}

/// What is kept in one tier.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Tier {
    /// Which part of the archive.
    pub(crate) part: &'static str,
    pub(crate) tier: &'static str,
    /// GB of 2^30 bytes.
    pub(crate) gb: f64,
    /// Days of the first year that it lies there.
    pub(crate) days_in_first_year: f64,
    pub(crate) usd_first_year: f64,
    /// Of each year after the first.
    pub(crate) usd_later_year: f64,
}

/// All costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Costs {
    /// Collecting, once.
    pub(crate) once: Vec<Line>,
    pub(crate) once_usd: f64,
    /// Keeping.
    pub(crate) tiers: Vec<Tier>,
    /// Moving to colder tiers, in the first year.
    pub(crate) transitions: Vec<Line>,
    pub(crate) first_year_usd: f64,
    pub(crate) later_year_usd: f64,
}

impl Costs {
    /// Works them out; `list_requests` were made to count.
    pub(crate) fn of(tally: &Tally, list_requests: u64) -> Self {
        let batches = batches(tally);
        let once = once(tally, list_requests, batches);
        let logs = tally.total.stored_bytes.saturating_sub(tally.digests.stored_bytes) as f64;
        let digests = tally.digests.stored_bytes as f64;
        let tiers: Vec<Tier> = [
            kept("raw/", logs * RAW_RATIO, &[(STANDARD, 30.0), (GLACIER_IR, 90.0)], DEEP_ARCHIVE),
            kept("events/, sources/, index/", logs * (EVENTS_RATIO + INDEX_RATIO), &[(STANDARD, 30.0), (STANDARD_IA, 60.0)], GLACIER_IR),
            kept("digests/", digests * RAW_RATIO, &[(STANDARD_IA, 90.0)], GLACIER_IR),
        ]
        .concat();
        let transitions = transitions(batches);
        Self {
            once_usd: sum(&once),
            once,
            first_year_usd: tiers.iter().map(|tier| tier.usd_first_year).sum::<f64>() + sum(&transitions),
            later_year_usd: tiers.iter().map(|tier| tier.usd_later_year).sum(),
            tiers,
            transitions,
        }
    }
}

fn sum(lines: &[Line]) -> f64 {
    lines.iter().map(|line| line.usd).sum()
}

fn batches(tally: &Tally) -> u64 {
    tally.total.stored_bytes.div_ceil(BATCH_BYTES).max(tally.total.objects.div_ceil(BATCH_OBJECTS))
}

/// Requests at a price for a million.
fn requests(price: Price, count: f64) -> Line {
    Line { service: price.service, what: price.what, count, unit: "requests", usd: count * price.usd / 1e6 }
}

fn once(tally: &Tally, list_requests: u64, batches: u64) -> Vec<Line> {
    let objects = tally.total.objects;
    let messages = objects.div_ceil(OBJECTS_PER_MESSAGE);
    let inflated_gb = tally.total.stored_bytes as f64 * INFLATED_RATIO / 1e9;
    let hours = (inflated_gb * CPU_SECONDS_PER_GB + objects as f64 / OBJECTS_PER_CPU_SECOND) / 3_600.0;
    vec![
        requests(LIST_OBJECTS, list_requests as f64),
        requests(GET, objects as f64),
        requests(PUT, (batches * PUTS_PER_BATCH) as f64),
        requests(SQS, (messages * 2 + messages.div_ceil(10)) as f64),
        requests(DYNAMODB, (objects * LEDGER_UNITS_PER_OBJECT) as f64),
        requests(KMS, objects as f64),
        Line {
            service: "Fargate",
            what: "vCPU with 2 GB",
            count: hours,
            unit: "hours",
            usd: hours * (FARGATE_CPU.usd + MEMORY_GB * FARGATE_MEMORY.usd),
        },
    ]
}

/// What lies in each tier for some days, and in the last for the rest.
fn kept(part: &'static str, bytes: f64, first: &[(Price, f64)], last: Price) -> Vec<Tier> {
    let gb = bytes / BILLED_GB;
    let rest = DAYS_PER_YEAR - first.iter().map(|(_, days)| days).sum::<f64>();
    let of = |price: Price, days: f64, later: f64| Tier {
        part,
        tier: price.what,
        gb,
        days_in_first_year: days,
        usd_first_year: gb * price.usd * days / DAYS_PER_MONTH,
        usd_later_year: gb * price.usd * later,
    };
    first.iter().map(|(price, days)| of(*price, *days, 0.0)).chain([of(last, rest, 12.0)]).collect()
}

fn transitions(batches: u64) -> Vec<Line> {
    let (raw, events) = ((batches * RAW_OBJECTS_PER_BATCH) as f64, (batches * EVENTS_OBJECTS_PER_BATCH) as f64);
    vec![requests(TO_STANDARD_IA, events), requests(TO_GLACIER_IR, raw + events), requests(TO_DEEP_ARCHIVE, raw)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::estimate::{prices, tally::Sum};

    fn near(one: f64, other: f64) {
        assert!((one - other).abs() < 1e-6 * other.abs().max(1.0), "{one} is not {other}");
    }

    /// A million objects of 16 KiB and no Digests: 15.258789 GB of 2^30 bytes.
    fn million() -> Tally {
        Tally { total: Sum { objects: 1_000_000, stored_bytes: 1_000_000 * 16_384 }, ..Tally::default() }
    }

    #[test]
    fn a_million_objects_cost_what_a_pocket_calculator_says() {
        let costs = Costs::of(&million(), 1_000);
        let usd: Vec<f64> = costs.once.iter().map(|line| line.usd).collect();
        // 1,000 LIST; 1,000,000 GET; 245 Batches (16.384e9 / 2^26 = 244.1) of 60 PUT; 10,000 messages; 1,000,000 write units; a million decrypts.
        for (found, wanted) in usd.iter().zip([0.005, 0.4, 0.0735, 21_000.0 * 0.4e-6, 0.625, 3.0]) {
            near(*found, wanted);
        }
        // 103.2192 GB of JSON × 10.3 s + 1e6 / 4,219 s = 1,300.1818 s = 0.361162 h, at 0.04937 USD.
        near(usd[6], (103.219_2 * 10.3 + 1e6 / 4_219.0) / 3_600.0 * 0.049_37);
        near(costs.once_usd, usd.iter().sum());
    }

    #[test]
    fn the_archive_costs_its_tiers_by_the_days_in_them() {
        let costs = Costs::of(&million(), 0);
        let gb = 16.384e9 / 1_073_741_824.0;
        let month = 365.0 / 12.0;
        let raw = gb * 1.003 * (0.023 * 30.0 + 0.004 * 90.0 + 0.000_99 * 245.0) / month;
        let events = gb * 1.063 * (0.023 * 30.0 + 0.0125 * 60.0 + 0.004 * 275.0) / month;
        let moves = 245.0 * (8.0 * 10.0 + 10.0 * 20.0 + 2.0 * 50.0) / 1e6;
        near(costs.first_year_usd, raw + events + moves);
        near(costs.later_year_usd, gb * 12.0 * (1.003 * 0.000_99 + 1.063 * 0.004));
        assert!(costs.tiers.iter().all(|tier| tier.part != "digests/" || tier.usd_first_year == 0.0));
    }

    #[test]
    fn digests_never_go_to_deep_archive() {
        let digests = Sum { objects: 24, stored_bytes: 1 << 30 };
        let costs = Costs::of(&Tally { total: digests, digests, ..Tally::default() }, 0);
        near(costs.later_year_usd, 1.003 * 0.004 * 12.0);
        let tiers: Vec<&str> = costs.tiers.iter().filter(|tier| tier.gb > 0.0).map(|tier| tier.tier).collect();
        assert_eq!(tiers, [STANDARD_IA.what, GLACIER_IR.what]);
    }

    #[test]
    fn nothing_costs_nothing() {
        let costs = Costs::of(&Tally::default(), 0);
        assert!(costs.once_usd == 0.0 && costs.first_year_usd == 0.0 && costs.later_year_usd == 0.0, "{costs:?}");
    }

    #[test]
    fn every_price_has_a_year_and_a_source() {
        for price in prices::ALL {
            assert!(price.usd > 0.0 && price.year.len() == 4 && !price.source.is_empty(), "{price:?}");
        }
    }
}
