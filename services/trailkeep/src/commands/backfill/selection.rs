//! Which objects of a log bucket are asked for: by account, Region and day of delivery, all of which stand in their keys.

use std::collections::BTreeSet;

use clap::Args;
use trailkeep_keys::{AccountId, KeyKind, LogClass, Region, classify};

use crate::{exit::Usage, location::Location};

/// Where CloudTrail's files are, and which of them are asked for.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// Where the trail's files are: s3://bucket or s3://bucket/prefix.
    #[arg(long, value_name = "S3-URL")]
    pub(crate) from: Location,
    /// Only these accounts, with commas between them.
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    accounts: Vec<AccountId>,
    /// Only these Regions, with commas between them.
    #[arg(long, value_name = "REGION,…", value_delimiter = ',')]
    regions: Vec<Region>,
    /// Only files delivered on or after this day, UTC: 2026-01-31.
    #[arg(long, value_name = "DAY", value_parser = day)]
    since: Option<u32>,
    /// Only files delivered before this day, UTC.
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<u32>,
    /// The manifest.json of an S3 Inventory (CSV or Parquet), to be read instead of a listing: s3://bucket/…/manifest.json or a file beside its data.
    #[arg(long, value_name = "S3-URL|FILE")]
    pub(crate) inventory: Option<String>,
}

/// Which objects are asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Only keys that start so: empty, or ends with `/`.
    pub(crate) prefix: String,
    /// None = all.
    pub(crate) accounts: BTreeSet<AccountId>,
    /// None = all.
    pub(crate) regions: BTreeSet<Region>,
    /// First day of delivery, as `yyyymmdd`.
    pub(crate) since: Option<u32>,
    /// Day after the last.
    pub(crate) until: Option<u32>,
}

/// A LogObject or Digest that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) key: String,
    pub(crate) account: AccountId,
    pub(crate) region: Region,
    /// Day of delivery in its key, as `yyyymmdd`.
    pub(crate) day: u32,
    /// Whether it is a Digest.
    pub(crate) digest: bool,
    pub(crate) size_bytes: u64,
    pub(crate) etag: Option<String>,
    /// Known from inventories of versioned buckets.
    pub(crate) version: Option<String>,
}

/// An object as a listing or an inventory has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listed {
    pub(crate) key: String,
    pub(crate) size_bytes: u64,
    pub(crate) etag: Option<String>,
    pub(crate) version: Option<String>,
}

/// What becomes of a listed object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Sorted {
    /// Asked for.
    Wanted(Found),
    /// CloudTrail's, and not asked for.
    NotAsked,
    /// No LogObject and no Digest.
    Other,
}

impl Asked {
    /// The selection; checks what belongs together.
    ///
    /// # Errors
    /// [`Usage`] where the days contradict each other.
    pub(crate) fn selection(&self) -> Result<Selection, Usage> {
        if self.since.zip(self.until).is_some_and(|(since, until)| since >= until) {
            return Err(Usage("--since is not before --until"));
        }
        let prefix = match &self.from {
            Location::S3 { prefix, .. } if !prefix.is_empty() => format!("{prefix}/"),
            Location::S3 { .. } | Location::Directory(_) => String::new(),
        };
        let (accounts, regions) = (self.accounts.iter().copied().collect(), self.regions.iter().copied().collect());
        Ok(Selection { prefix, accounts, regions, since: self.since, until: self.until })
    }
}

impl Selection {
    pub(crate) fn wants_account(&self, account: AccountId) -> bool {
        self.accounts.is_empty() || self.accounts.contains(&account)
    }

    pub(crate) fn wants_region(&self, region: Region) -> bool {
        self.regions.is_empty() || self.regions.contains(&region)
    }

    /// Whether a span of days, both as `yyyymmdd`, has one that is asked for.
    pub(crate) fn wants_days(&self, first: u32, last: u32) -> bool {
        self.since.is_none_or(|since| last >= since) && self.until.is_none_or(|until| first < until)
    }

    /// Whether objects below a folder can be below the prefix that is asked for.
    pub(crate) fn wants_folder(&self, folder: &str) -> bool {
        folder.starts_with(&self.prefix) || self.prefix.starts_with(folder)
    }

    /// Sorts out an object by its key.
    pub(crate) fn sort_out(&self, listed: Listed) -> Sorted {
        let (KeyKind::Log(key) | KeyKind::Digest(key)) = classify(&listed.key, None) else { return Sorted::Other };
        let wanted = listed.key.starts_with(&self.prefix)
            && self.wants_account(key.account)
            && self.wants_region(key.region)
            && self.wants_days(key.delivery_day, key.delivery_day);
        if !wanted {
            return Sorted::NotAsked;
        }
        Sorted::Wanted(Found {
            account: key.account,
            region: key.region,
            day: key.delivery_day,
            digest: key.class == LogClass::Digest,
            key: listed.key,
            size_bytes: listed.size_bytes,
            etag: listed.etag,
            version: listed.version,
        })
    }
}

/// Reads a day as `yyyymmdd`.
fn day(text: &str) -> Result<u32, String> {
    let wrong = || "give a day as 2026-01-31".to_owned();
    let date: jiff::civil::Date = text.parse().map_err(|_| wrong())?;
    if text.len() != 10 {
        return Err(wrong());
    }
    Ok(number(date))
}

fn number(date: jiff::civil::Date) -> u32 {
    u32::from(date.year().unsigned_abs()) * 10_000 + u32::from(date.month().unsigned_abs()) * 100 + u32::from(date.day().unsigned_abs())
}

/// `20260131` as `2026-01-31`.
pub(crate) fn day_text(day: u32) -> String {
    format!("{:04}-{:02}-{:02}", day / 10_000, day / 100 % 100, day % 100)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    pub(super) fn key(account: &str, region: &str, day: &str) -> String {
        format!(
            "AWSLogs/o-exampleorgid/{account}/CloudTrail/{region}/{day}/{account}_CloudTrail_{region}_20260115T0905Z_AbCdEfGhIjKlMnOp.json.gz"
        )
    }

    fn sorted(selection: &Selection, key: &str) -> Sorted {
        selection.sort_out(Listed { key: key.to_owned(), size_bytes: 7, ..Listed::default() })
    }

    #[test]
    fn objects_are_asked_for_by_account_region_and_day() {
        let selection = Selection {
            accounts: BTreeSet::from(["111122223333".parse().unwrap()]),
            regions: BTreeSet::from(["us-east-1".parse().unwrap()]),
            since: Some(20_260_115),
            until: Some(20_260_117),
            ..Selection::default()
        };
        for (account, region, day, wanted) in [
            ("111122223333", "us-east-1", "2026/01/15", true),
            ("111122223333", "us-east-1", "2026/01/16", true),
            ("111122223333", "us-east-1", "2026/01/14", false),
            ("111122223333", "us-east-1", "2026/01/17", false),
            ("111122223333", "eu-west-1", "2026/01/15", false),
            ("444455556666", "us-east-1", "2026/01/15", false),
        ] {
            let sorted = sorted(&selection, &key(account, region, day));
            assert_eq!(matches!(sorted, Sorted::Wanted(_)), wanted, "{account} {region} {day}: {sorted:?}");
            assert_eq!(sorted == Sorted::NotAsked, !wanted);
        }
        assert_eq!(sorted(&selection, "AWSLogs/111122223333/Config/us-east-1/x.json.gz"), Sorted::Other);
    }

    #[test]
    fn what_lies_outside_the_prefix_is_not_asked_for() {
        let selection = Selection { prefix: "org/".to_owned(), ..Selection::default() };
        let inside = key("111122223333", "us-east-1", "2026/01/15");
        assert_eq!(sorted(&selection, &inside), Sorted::NotAsked);
        assert!(
            matches!(sorted(&selection, &format!("org/{inside}")), Sorted::Wanted(found) if found.size_bytes == 7 && found.day == 20_260_115)
        );
        assert!(selection.wants_folder("org/AWSLogs/") && selection.wants_folder("") && !selection.wants_folder("AWSLogs/"));
    }

    #[test]
    fn days_are_read_and_told_as_people_write_them() {
        assert_eq!(day("2026-01-31"), Ok(20_260_131));
        assert_eq!(day_text(20_260_131), "2026-01-31");
        for text in ["2026-02-30", "20260131", "2026-01-31T00:00:00", "", "yesterday"] {
            assert!(day(text).is_err(), "{text}");
        }
    }
}
