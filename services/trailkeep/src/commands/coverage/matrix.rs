//! Accounts down, Regions across, in a hundred or so columns.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::shown::{Cell, Shown};
use crate::figures::{grouped, many};

/// Columns that a line of names fills.
const WIDTH: usize = 100;

/// The matrix, and what it leaves out in words. Regions in which nobody delivered anything have no column.
pub(super) fn matrix(text: &mut String, told: &Shown, shown: usize) {
    let regions: BTreeSet<&str> = told.cells.iter().map(|cell| cell.region.as_str()).collect();
    let heard: BTreeSet<&str> = told.cells.iter().filter(|cell| cell.covered_hours > 0).map(|cell| cell.region.as_str()).collect();
    let silent: Vec<&str> = regions.iter().filter(|region| !heard.contains(*region)).copied().collect();
    let assumed: BTreeSet<&str> = told.cells.iter().filter(|cell| cell.assumed).map(|cell| cell.region.as_str()).collect();
    // A mark that all would have says no more than the line below.
    let marked = assumed.len() < regions.len();
    let columns: Vec<(&str, String)> = codes(&heard)
        .into_iter()
        .map(|(region, code)| (region, if marked && assumed.contains(region) { format!("{code}*") } else { code }))
        .collect();
    if !columns.is_empty() {
        rows(text, told, &columns, shown);
    }
    if !silent.is_empty() {
        let _ = writeln!(text, "\nno digest of anybody in {}:", many(silent.len() as u64, "Region", "Regions"));
        wrapped(text, &silent);
    }
    if !assumed.is_empty() {
        let which = if marked { "* assumed" } else { "Regions are assumed" };
        let _ = writeln!(text, "\n{which}: no account was asked which Regions it has enabled");
    }
}

fn rows(text: &mut String, told: &Shown, columns: &[(&str, String)], shown: usize) {
    // Writing to a String cannot fail.
    let _ = write!(text, "\n{:<12}", "% of hours");
    for (_, code) in columns {
        let _ = write!(text, " {:>width$}", code, width = width(code));
    }
    text.push('\n');
    let mut accounts: Vec<(&str, Vec<&Cell>)> = told.accounts().into_iter().collect();
    // Those with the most hours missing first.
    accounts.sort_by_key(|(_, cells)| Reverse(missing(cells)));
    for (account, cells) in accounts.iter().take(shown) {
        let _ = write!(text, "{account:<12}");
        for (region, code) in columns {
            let cell = cells.iter().find(|cell| cell.region == *region);
            let _ = write!(text, " {:>width$}", cell.map_or_else(String::new, |cell| percent(cell)), width = width(code));
        }
        let name = cells.iter().find_map(|cell| cell.name.as_deref()).unwrap_or_default();
        let name: String = name.chars().map(|character| if character.is_control() { '?' } else { character }).collect();
        let _ = writeln!(text, "{}{name}", if name.is_empty() { "" } else { "  " });
    }
    let left: Vec<_> = accounts.iter().skip(shown).collect();
    if !left.is_empty() {
        let whole = left.iter().filter(|(_, cells)| missing(cells) == 0).count();
        let _ = writeln!(text, "and {} more, {} of them without a gap (--all)", grouped(left.len() as u64), grouped(whole as u64));
    }
}

fn missing(cells: &[&Cell]) -> u64 {
    cells.iter().map(|cell| cell.expected_hours - cell.covered_hours).sum()
}

/// Room for a Region's code, and for `99.9`.
fn width(code: &str) -> usize {
    code.chars().count().max(4)
}

/// Rounded down, so that only what is whole reads 100, and only what has nothing 0.
fn percent(cell: &Cell) -> String {
    match cell.percent {
        None => "-".to_owned(),
        Some(_) if cell.covered_hours == 0 => "0".to_owned(),
        Some(percent) if cell.covered_hours == cell.expected_hours => format!("{percent:.0}"),
        Some(percent) => format!("{:.1}", (percent * 10.0).floor() / 10.0),
    }
}

fn wrapped(text: &mut String, names: &[&str]) {
    let mut line = String::new();
    for name in names {
        if line.len() + 2 + name.len() > WIDTH {
            let _ = writeln!(text, " {line}");
            line.clear();
        }
        line.push(' ');
        line.push_str(name);
    }
    let _ = writeln!(text, " {line}");
}

/// `us-east-1` as `use1`, unless two of them would read the same.
fn codes<'a>(regions: &BTreeSet<&'a str>) -> BTreeMap<&'a str, String> {
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for region in regions {
        *met.entry(code(region)).or_default() += 1;
    }
    let alone = |region: &str| Some(code(region)).filter(|code| met.get(code) == Some(&1));
    regions.iter().map(|region| (*region, alone(region).unwrap_or_else(|| (*region).to_owned()))).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_short_codes_unless_two_read_the_same() {
        let regions = BTreeSet::from(["us-east-1", "ap-southeast-2", "ap-south-1", "eu-central-1", "us-gov-west-1", "cn-northwest-1"]);
        let codes = codes(&regions);
        let told: Vec<&str> = regions.iter().map(|region| codes[region].as_str()).collect();
        assert_eq!(told, ["aps1", "apse2", "cnnw1", "euc1", "use1", "usgw1"]);
        let same = BTreeMap::from([("us-east-1", "us-east-1".to_owned()), ("use1", "use1".to_owned())]);
        assert_eq!(super::codes(&BTreeSet::from(["us-east-1", "use1"])), same);
    }

    #[test]
    fn names_of_regions_are_wrapped() {
        let mut text = String::new();
        wrapped(&mut text, &["ap-northeast-1"; 9]);
        assert_eq!(text.lines().count(), 2);
        assert!(text.lines().all(|line| line.len() <= WIDTH + 1 && line.starts_with("  ap-")), "{text}");
    }
}
