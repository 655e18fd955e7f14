//! The accounts for a person.

use std::fmt::Write as _;

use super::{Account, Told};
use crate::figures::{grouped, many};

/// Contradictions that are shown one by one.
const SHOWN: usize = 40;

/// Who the organization is and its accounts, one a line.
pub(super) fn told(told: &Told, history: bool) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<14}{value}");
    };
    line("archive", &told.archive);
    let Some(organization) = &told.organization else {
        line("accounts", &format!("none are kept: run trailkeep accounts --archive {} --refresh", told.archive));
        return text;
    };
    line("organization", organization);
    line("management", told.management_account.as_deref().unwrap_or("-"));
    line("observed", told.observed_at.as_deref().unwrap_or("-"));
    line(
        "holds",
        &if history { many(told.accounts.len() as u64, "row", "rows") } else { many(told.accounts.len() as u64, "account", "accounts") },
    );
    if let Some(refresh) = &told.refresh {
        let (joined, changed, left) = (refresh.joined.len(), refresh.changed.len(), refresh.left.len());
        line("refreshed", &format!("{joined} joined, {changed} changed, {left} left, {} as before", refresh.unchanged));
        refresh.denied.iter().for_each(|denied| line("unknown", denied));
    }
    records(&mut text, told);
    let _ = write!(text, "\n{:<13} {:<18} {:<18} ", "account", "state", "joined");
    let times = if history { format!("{:<18} {:<18} ", "valid from", "to") } else { String::new() };
    let _ = writeln!(text, "{times}name · unit · tags");
    for account in &told.accounts {
        let _ = write!(text, "{:<13} {:<18} {:<18} ", account.account, account.state, minute(account.joined_at.as_deref()));
        if history {
            let to = minute(account.valid_to.as_deref());
            let to = if account.left_at.is_some() { format!("left {to}") } else { to };
            let _ = write!(text, "{:<18} {to:<18} ", minute(Some(&account.valid_from)));
        }
        let _ = writeln!(text, "{}", described(account));
    }
    text
}

/// A moment to the minute; JSON has the rest.
fn minute(moment: Option<&str>) -> String {
    let to_the_minute = |moment: &str| Some(format!("{} {}Z", moment.get(..10)?, moment.get(11..16)?));
    moment.and_then(to_the_minute).unwrap_or_else(|| "-".to_owned())
}

/// Where the roster and the archive's own records contradict each other.
fn records(text: &mut String, told: &Told) {
    let Some(records) = &told.records else { return };
    if let Some(failed) = &records.failed {
        let _ = writeln!(text, "{:<14}the archive's own records cannot be read: {failed}", "unknown");
    }
    for difference in records.differences.iter().take(SHOWN) {
        let _ = writeln!(text, "{:<14}{} {}", "contradiction", difference.account, difference.words());
    }
    let more = records.differences.len().saturating_sub(SHOWN) as u64 + records.differences_left_out;
    if more > 0 {
        let _ = writeln!(text, "{:<14}{} more (--output json)", "contradiction", grouped(more));
    }
}

fn described(account: &Account) -> String {
    let unknown = |name: &str| account.unknown.iter().any(|unknown| unknown == name);
    let unit = if unknown("ou_path") { "unit unknown" } else { account.ou_path.as_deref().unwrap_or("-") };
    let tags: Vec<String> = account.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let tags = if unknown("tags") { "tags unknown".to_owned() } else { tags.join(", ") };
    let regions = account.regions.as_ref().map_or_else(String::new, |regions| many(regions.len() as u64, "Region", "Regions"));
    let texts = [account.name.as_deref().unwrap_or("-"), unit, &tags, &regions];
    let shown = texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ");
    // Names and tags are others' texts.
    shown.chars().map(|character| if character.is_control() { '?' } else { character }).collect()
}
