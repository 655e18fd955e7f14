//! Coverage for a person: the headline, what it rests on, the matrix, the gaps.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use trailkeep_coverage::Basis;

use super::{
    matrix::matrix,
    shown::{Shown, ToldGap},
};
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
    line("window", format!("{} to {}", hour(&told.since), hour(&told.until)));
    line("roster", roster(told));
    line("periods", told.periods.to_owned());
    line("lag", lag(told));
    told.unknown.iter().for_each(|reason| line("unknown", reason.clone()));
    if told.covered_hours == 0 && told.expected_hours > 0 {
        line("note", "not one digest of this window is in the archive: --since and --until choose another window".to_owned());
    }
    matrix(&mut text, told, shown);
    gaps(&mut text, told, all, shown);
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
    if lag.files == 0 {
        return "no log file of this window".to_owned();
    }
    format!(
        "median {}, 95 % {}, 99 % {}, longest {}: from a log file's name until it had landed",
        lasting(lag.p50_secs),
        lasting(lag.p95_secs),
        lasting(lag.p99_secs),
        lasting(lag.max_secs)
    )
}

/// Gaps that are alike in time and cause, in one line.
struct Alike<'a> {
    first: &'a ToldGap,
    accounts: BTreeSet<&'a str>,
    regions: BTreeSet<&'a str>,
    count: u64,
}

fn alike(gaps: &[ToldGap]) -> Vec<Alike<'_>> {
    let mut at: BTreeMap<_, usize> = BTreeMap::new();
    let mut all: Vec<Alike<'_>> = Vec::new();
    for gap in gaps {
        let what = (&gap.since, &gap.until, gap.open, gap.lacks, gap.cause, &gap.event_id);
        let number = *at.entry(what).or_insert(all.len());
        if number == all.len() {
            all.push(Alike { first: gap, accounts: BTreeSet::new(), regions: BTreeSet::new(), count: 0 });
        }
        if let Some(alike) = all.get_mut(number) {
            alike.accounts.insert(&gap.account);
            alike.regions.insert(&gap.region);
            alike.count += 1;
        }
    }
    all
}

fn gaps(text: &mut String, told: &Shown, all: bool, shown: usize) {
    if told.gaps.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{:<13} {:<15} {:<17} {:<17} {:>6}  likely cause", "gap in", "region", "since", "until", "hours");
    let lines = if all { told.gaps.chunks(1).flat_map(alike).collect() } else { alike(&told.gaps) };
    for line in lines.iter().take(shown) {
        let gap = line.first;
        let mut cause = gap.cause.to_owned();
        if let Some(event_id) = &gap.event_id {
            cause.extend([" (event ", event_id, ")"]);
        }
        if gap.open {
            cause.push_str(", to the end of the window");
        }
        if line.count > 1 {
            cause.extend([" (", &many(line.count, "gap", "gaps"), ")"]);
        }
        let several = |names: &BTreeSet<&str>, one: &str, what: &str| match names.len() {
            1 => one.to_owned(),
            number => format!("{} {what}", grouped(number as u64)),
        };
        let (account, region) = (several(&line.accounts, &gap.account, "accounts"), several(&line.regions, &gap.region, "Regions"));
        let _ = writeln!(text, "{account:<13} {region:<15} {:<17} {:<17} {:>6}  {cause}", hour(&gap.since), hour(&gap.until), gap.hours);
    }
    let more = lines.iter().skip(shown).map(|line| line.count).sum::<u64>() + told.gaps_left_out;
    if more > 0 {
        let _ = writeln!(text, "and {} more (--all, or --output json)", grouped(more));
    }
    if lines.iter().any(|line| line.count > 1) {
        let _ = writeln!(text, "gaps of one time and cause are one line: --all tells each");
    }
}

/// A moment that is a whole minute, without its seconds.
fn hour(moment: &str) -> String {
    moment.strip_suffix(":00.000Z").map_or_else(|| moment.to_owned(), |minute| format!("{}Z", minute.replace('T', " ")))
}

/// How long a time is, for a person.
fn lasting(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", grouped(seconds / 86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_read_them() {
        assert_eq!([7, 119, 120, 7_300, 26_938_587].map(lasting), ["7 s", "119 s", "2 min", "2 h", "311 days"]);
        assert_eq!(hour("2026-01-14T06:00:00.000Z"), "2026-01-14 06:00Z");
        assert_eq!(hour("2026-01-14T06:00:01.000Z"), "2026-01-14T06:00:01.000Z");
    }

    #[test]
    fn gaps_of_one_time_and_cause_are_one_line() {
        let gap = |account: &str, region: &str, cause: &'static str| ToldGap {
            account: account.to_owned(),
            region: region.to_owned(),
            since: "2026-01-14T06:00:00.000Z".to_owned(),
            until: "2026-01-14T08:00:00.000Z".to_owned(),
            hours: 2,
            open: false,
            lacks: "digests",
            cause,
            event_id: None,
        };
        let gaps = [gap("1", "a", "x"), gap("1", "b", "x"), gap("2", "a", "y"), gap("2", "b", "x")];
        let told: Vec<_> =
            alike(&gaps).iter().map(|line| (line.first.cause, line.accounts.len(), line.regions.len(), line.count)).collect();
        assert_eq!(told, [("x", 2, 2, 3), ("y", 1, 1, 1)]);
    }
}
