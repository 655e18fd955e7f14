//! Coverage for a person: accounts down, Regions across.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use trailkeep_coverage::Basis;

use super::shown::{Cell, Shown};
use crate::figures::{grouped, many};

/// Accounts and gaps that are shown unless all are asked for.
const SHOWN: usize = 40;

/// The headline, the matrix, and the gaps one by one.
pub(super) fn told(told: &Shown, all: bool) -> String {
    let shown = if all { usize::MAX } else { SHOWN };
    let mut text = format!("{}\n\n", headline(told));
    // Writing to a String cannot fail.
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<14}{value}");
    };
    line("archive", told.archive.clone());
    line("window", format!("{} to {}", told.since, told.until));
    line("roster", roster(told));
    line("periods", told.periods.to_owned());
    line("lag", format!("{} (log files by the time in their name, until they had landed)", lag(told)));
    told.unknown.iter().for_each(|reason| line("unknown", reason.clone()));
    matrix(&mut text, told, shown);
    gaps(&mut text, told, shown);
    for met in told.unexpected.iter().take(shown) {
        let _ = writeln!(
            text,
            "not expected: {} {}, {} digests, {} log files, {} to {}",
            met.account, met.region, met.digests, met.log_files, met.first, met.last
        );
    }
    for difference in told.differences.iter().take(shown) {
        let _ = writeln!(text, "contradiction: {} {}", difference.account, difference.words());
    }
    let more = told.differences.len().saturating_sub(shown) as u64 + told.differences_left_out;
    if more > 0 {
        let _ = writeln!(text, "and {} more contradictions (--all, or --output json)", grouped(more));
    }
    text
}

fn headline(told: &Shown) -> String {
    let hours = format!("{} of {} expected hours have a digest", grouped(told.covered_hours), grouped(told.expected_hours));
    let gaps = told.gaps.len() as u64 + told.gaps_left_out;
    match (told.complete, gaps) {
        (true, _) => format!("COVERED: {hours}."),
        (false, 0) => format!("UNKNOWN: {hours}; no gap is seen, and what should be there is not known."),
        (false, _) => format!("GAPS: {}; {hours}.", many(gaps, "gap", "gaps")),
    }
}

fn roster(told: &Shown) -> String {
    match told.roster {
        Basis::Organization => format!("the organization's, observed {}", told.roster_observed_at.as_deref().unwrap_or("-")),
        Basis::Observed => "observed, not the organization's roster".to_owned(),
    }
}

fn lag(told: &Shown) -> String {
    let lag = told.lag;
    format!(
        "median {} s, 95 % {} s, 99 % {} s, longest {} s",
        grouped(lag.p50_secs),
        grouped(lag.p95_secs),
        grouped(lag.p99_secs),
        grouped(lag.max_secs)
    )
}

fn matrix(text: &mut String, told: &Shown, shown: usize) {
    let regions: BTreeSet<&str> = told.cells.iter().map(|cell| cell.region.as_str()).collect();
    let codes = codes(&regions);
    let assumed: BTreeSet<&str> = told.cells.iter().filter(|cell| cell.assumed).map(|cell| cell.region.as_str()).collect();
    let _ = write!(text, "\n{:<14}", "account");
    for region in &regions {
        let mark = if assumed.contains(region) { "*" } else { "" };
        let _ = write!(text, "{:>8}", format!("{}{mark}", codes.get(region).map_or(*region, String::as_str)));
    }
    text.push('\n');
    let mut accounts: Vec<(&str, Vec<&Cell>)> = told.accounts().into_iter().collect();
    // Those with the most hours missing first.
    accounts.sort_by_key(|(_, cells)| std::cmp::Reverse(cells.iter().map(|cell| cell.expected_hours - cell.covered_hours).sum::<u64>()));
    let more = accounts.len().saturating_sub(shown);
    for (account, cells) in accounts.into_iter().take(shown) {
        let _ = write!(text, "{account:<14}");
        for region in &regions {
            let cell = cells.iter().find(|cell| cell.region == *region);
            let _ = write!(text, "{:>8}", cell.map_or_else(String::new, |cell| percent(cell)));
        }
        let name = cells.iter().find_map(|cell| cell.name.as_deref()).unwrap_or_default();
        let name: String = name.chars().map(|character| if character.is_control() { '?' } else { character }).collect();
        let _ = writeln!(text, "  {name}");
    }
    if more > 0 {
        let _ = writeln!(text, "and {} more (--all)", grouped(more as u64));
    }
    if !assumed.is_empty() {
        let _ = writeln!(text, "* assumed: no account was asked which Regions it has enabled");
    }
}

fn percent(cell: &Cell) -> String {
    match cell.percent {
        None => "-".to_owned(),
        Some(percent) if cell.covered_hours == cell.expected_hours => format!("{percent:.0}%"),
        // Rounded down, so that only what is whole reads 100.
        Some(percent) => format!("{:.1}%", (percent * 10.0).floor() / 10.0),
    }
}

/// `us-east-1` as `use1`, unless two of them would read the same.
fn codes<'a>(regions: &BTreeSet<&'a str>) -> BTreeMap<&'a str, String> {
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    let codes: BTreeMap<&str, String> = regions.iter().map(|region| (*region, code(region))).collect();
    for code in codes.values() {
        *met.entry(code.clone()).or_default() += 1;
    }
    codes.into_iter().filter(|(_, code)| met.get(code) == Some(&1)).collect()
}

fn code(region: &str) -> String {
    let short = |part: &str| match part {
        "northeast" => "ne".to_owned(),
        "northwest" => "nw".to_owned(),
        "southeast" => "se".to_owned(),
        "southwest" => "sw".to_owned(),
        "north" | "south" | "east" | "west" | "central" | "gov" => part.chars().take(1).collect(),
        part => part.to_owned(),
    };
    region.split('-').map(short).collect()
}

fn gaps(text: &mut String, told: &Shown, shown: usize) {
    if told.gaps.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{:<14}{:<16}{:<26}{:<26}{:>6}  likely cause", "gap in", "region", "since", "until", "hours");
    for gap in told.gaps.iter().take(shown) {
        let mut cause = gap.cause.to_owned();
        if let Some(event_id) = &gap.event_id {
            cause.extend([" (event ", event_id, ")"]);
        }
        if gap.open {
            cause.push_str(", to the end of the window");
        }
        let _ = writeln!(text, "{:<14}{:<16}{:<26}{:<26}{:>6}  {cause}", gap.account, gap.region, gap.since, gap.until, gap.hours);
    }
    let more = told.gaps.len().saturating_sub(shown) as u64 + told.gaps_left_out;
    if more > 0 {
        let _ = writeln!(text, "and {} more (--all, or --output json)", grouped(more));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_short_codes_unless_two_read_the_same() {
        let regions = BTreeSet::from(["us-east-1", "ap-southeast-2", "ap-south-1", "eu-central-1", "us-gov-west-1", "cn-northwest-1"]);
        let codes = codes(&regions);
        let told: Vec<&str> = regions.iter().map(|region| codes[region].as_str()).collect();
        assert_eq!(told, ["aps1", "apse2", "cnnw1", "euc1", "use1", "usgw1"]);
        assert_eq!(super::codes(&BTreeSet::from(["us-east-1", "use1"])), BTreeMap::new());
    }
}
