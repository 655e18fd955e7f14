//! An estimate for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::{
    costs::{ASSUMPTIONS, Costs},
    prices::{self, Price},
    tally::{Sum, Tally},
};
use crate::{
    commands::backfill::selection::day_text,
    figures::{bytes, grouped, many},
};

/// Accounts and Regions that are shown to people, the largest first.
const SHOWN_PLACES: usize = 20;

#[derive(Debug, Serialize)]
pub(crate) struct Json<'a> {
    bucket: &'a str,
    #[serde(flatten)]
    total: Sum,
    digests: Sum,
    first_day: Option<String>,
    last_day: Option<String>,
    landed_before: u64,
    places: Vec<Place<'a>>,
    costs: &'a Costs,
    prices: &'static [Price],
    assumptions: &'static [&'static str],
}

#[derive(Debug, Serialize)]
struct Place<'a> {
    account: &'a str,
    region: &'a str,
    #[serde(flatten)]
    sum: Sum,
}

/// For programs.
pub(crate) fn json<'a>(tally: &'a Tally, costs: &'a Costs, bucket: &'a str) -> Json<'a> {
    Json {
        bucket,
        total: tally.total,
        digests: tally.digests,
        first_day: tally.by_day.first_key_value().map(|(day, _)| day_text(*day)),
        last_day: tally.by_day.last_key_value().map(|(day, _)| day_text(*day)),
        landed_before: tally.landed,
        places: tally
            .by_place
            .iter()
            .map(|((account, region), sum)| Place { account: account.as_str(), region: region.as_str(), sum: *sum })
            .collect(),
        costs,
        prices: &prices::ALL,
        assumptions: &ASSUMPTIONS,
    }
}

/// For people.
pub(crate) fn told(tally: &Tally, costs: &Costs, bucket: &str) -> String {
    let mut text = String::new();
    found(&mut text, tally, bucket);
    if tally.total.objects > 0 {
        money(&mut text, costs);
        text.push_str("\nAssumptions\n");
        for assumption in ASSUMPTIONS {
            line(&mut text, format_args!("  - {assumption}"));
        }
        text.push_str("\nPrices\n");
        for price in prices::ALL {
            line(
                &mut text,
                format_args!(
                    "  - {} {}: {} USD per {} ({}, {})",
                    price.service, price.what, price.usd, price.per, price.year, price.source
                ),
            );
        }
    }
    text
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{words}");
}

fn found(text: &mut String, tally: &Tally, bucket: &str) {
    let Sum { objects, stored_bytes } = tally.total;
    line(text, format_args!("Asked for in s3://{bucket}: {}, {} stored.", many(objects, "object", "objects"), bytes(stored_bytes)));
    if tally.landed > 0 {
        line(text, format_args!("  landed before, and not in these figures: {}", many(tally.landed, "object", "objects")));
    }
    if let (Some((first, _)), Some((last, _))) = (tally.by_day.first_key_value(), tally.by_day.last_key_value()) {
        line(text, format_args!("  digests      {}, {}", grouped(tally.digests.objects), bytes(tally.digests.stored_bytes)));
        line(
            text,
            format_args!(
                "  delivered    {} to {}, on {}",
                day_text(*first),
                day_text(*last),
                many(tally.by_day.len() as u64, "day", "days")
            ),
        );
    }
    let mut places: Vec<_> = tally.by_place.iter().collect();
    places.sort_by_key(|(place, sum)| (std::cmp::Reverse(sum.stored_bytes), **place));
    for ((account, region), sum) in places.iter().take(SHOWN_PLACES) {
        line(text, format_args!("  {account} {region:<16} {:>14} objects {:>12}", grouped(sum.objects), bytes(sum.stored_bytes)));
    }
    if places.len() > SHOWN_PLACES {
        let more = places.len() - SHOWN_PLACES;
        line(text, format_args!("  and {} more of accounts and Regions (--output json has them all)", grouped(more as u64)));
    }
}

fn money(text: &mut String, costs: &Costs) {
    line(text, format_args!("\nCollecting it, once: {:.2} USD", costs.once_usd));
    for cost in &costs.once {
        let count = if cost.unit == "hours" { format!("{:.2}", cost.count) } else { grouped(cost.count as u64) };
        line(text, format_args!("  {:<9} {:<36} {count:>14} {:<8} {:>10.4} USD", cost.service, cost.what, cost.unit, cost.usd));
    }
    line(
        text,
        format_args!(
            "\nKeeping the archive of it: {:.2} USD in the first year, {:.2} USD in each after",
            costs.first_year_usd, costs.later_year_usd
        ),
    );
    for tier in &costs.tiers {
        line(
            text,
            format_args!(
                "  {:<26} {:<26} {:>12.3} GB for {:>3.0} days {:>10.4} USD, later {:>10.4} USD a year",
                tier.part, tier.tier, tier.gb, tier.days_in_first_year, tier.usd_first_year, tier.usd_later_year
            ),
        );
    }
    for cost in &costs.transitions {
        line(text, format_args!("  {:<53} {:>12} objects {:>17.4} USD", cost.what, grouped(cost.count as u64), cost.usd));
    }
}
