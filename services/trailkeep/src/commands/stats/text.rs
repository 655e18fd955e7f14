//! The figures for a person.

use std::{collections::BTreeMap, fmt::Write as _};

use trailkeep_restore::stats::{AccountStats, Stats, Totals};

use crate::figures::{bytes, grouped, many};

/// All figures, the first `top` accounts in a table.
pub(super) fn told(stats: &Stats, top: usize) -> String {
    let mut text = format!("{}\n\n", stats.archive);
    // Writing to a String cannot fail.
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<14}{value}");
    };
    let total = &stats.total;
    line("batches", grouped(stats.batches));
    line("covers", covered(total));
    line("events", format!("{} to {}", moment(total.first_event_at), moment(total.last_event_at)));
    line(
        "sources",
        format!("{}, {}{}", many(total.log_objects, "log object", "log objects"), many(total.digests, "digest", "digests"), later(total)),
    );
    line("outcomes", named(&stats.outcomes));
    if !stats.flags.is_empty() {
        line("flags", named(&stats.flags));
    }
    line("records", records(total));
    if !stats.quarantine_reasons.is_empty() {
        line("quarantine", named(&stats.quarantine_reasons));
    }
    line(
        "bytes in",
        format!("{} stored, {} inflated ({})", bytes(total.stored_bytes), bytes(total.inflated_bytes), ratio(stats.inflated_per_stored)),
    );
    line("events/ size", format!("{} of the stored log objects, with index/ and sources/", ratio(stats.tables_per_stored)));
    line("raw/ size", format!("{} of the stored sources, with digests/ and indexes", ratio(stats.segments_per_stored)));
    text.push('\n');
    for prefix in stats.prefixes.iter().filter(|prefix| prefix.objects > 0) {
        let _ = writeln!(text, "{:<14}{:>12} {:>12} objects", prefix.prefix, bytes(prefix.bytes), grouped(prefix.objects));
    }
    accounts(&mut text, &stats.accounts, top);
    text
}

fn covered(total: &Totals) -> String {
    let mut days = many(total.days, "day", "days");
    if let (Some(first), Some(last)) = (total.first_day, total.last_day) {
        // Writing to a String cannot fail.
        let _ = write!(days, " ({} to {})", day(first), day(last));
    }
    let (accounts, regions) = (many(total.accounts, "account", "accounts"), many(total.regions, "region", "regions"));
    format!("{accounts} × {regions} × {days}; logs on {}", many(total.account_region_days, "account-region-day", "account-region-days"))
}

fn later(total: &Totals) -> String {
    if total.later_revisions == 0 { String::new() } else { format!(", {} of them later revisions", grouped(total.later_revisions)) }
}

fn records(total: &Totals) -> String {
    format!(
        "{} found = {} landed + {} duplicates + {} quarantined",
        grouped(total.records),
        grouped(total.landed),
        grouped(total.duplicates),
        grouped(total.quarantined)
    )
}

fn accounts(text: &mut String, accounts: &[AccountStats], top: usize) {
    if accounts.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n{:<14}{:>8}{:>7}{:>12}{:>14}{:>12}{:>12}{:>12}",
        "account", "regions", "days", "objects", "records", "duplicates", "quarantined", "stored"
    );
    for account in accounts.iter().take(top) {
        let total = &account.total;
        let _ = writeln!(
            text,
            "{:<14}{:>8}{:>7}{:>12}{:>14}{:>12}{:>12}{:>12}",
            account.account,
            grouped(total.regions),
            grouped(total.days),
            grouped(total.log_objects),
            grouped(total.records),
            grouped(total.duplicates),
            grouped(total.quarantined),
            bytes(total.stored_bytes)
        );
    }
    if accounts.len() > top {
        let _ = writeln!(text, "and {} more (--all)", grouped((accounts.len() - top) as u64));
    }
}

fn named(counts: &BTreeMap<String, u64>) -> String {
    let texts: Vec<String> = counts.iter().map(|(name, count)| format!("{} {name}", grouped(*count))).collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}

fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}×"))
}

fn moment(ms: Option<i64>) -> String {
    let text = |ms| jiff::Timestamp::from_millisecond(ms).map(|moment| moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
    ms.and_then(|ms| text(ms).ok()).unwrap_or_else(|| "-".to_owned())
}

fn day(day: u32) -> String {
    format!("{:04}-{:02}-{:02}", day / 10_000, day / 100 % 100, day % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_days_are_utc() {
        assert_eq!(moment(Some(1_760_000_000_123)), "2025-10-09 08:53:20Z");
        assert_eq!(day(20_251_009), "2025-10-09");
    }

    #[test]
    fn records_add_up_in_one_line_and_the_table_is_cut() {
        let total = Totals { records: 6, landed: 4, duplicates: 1, quarantined: 1, ..Totals::default() };
        let account = |id: &str| AccountStats { account: id.to_owned(), total: total.clone() };
        let stats = Stats { total: total.clone(), accounts: vec![account("111122223333"), account("444455556666")], ..Stats::default() };
        let text = told(&stats, 1);
        assert!(text.contains("6 found = 4 landed + 1 duplicates + 1 quarantined"), "{text}");
        assert!(text.contains("111122223333") && !text.contains("444455556666"), "{text}");
        assert!(text.ends_with("and 1 more (--all)\n"), "{text}");
    }
}
