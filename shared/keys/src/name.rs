//! File names, the last segment of a key.

use std::fmt::Write;

use crate::{AccountId, LogClass, Region, Stamp};

/// What a file name says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileName {
    /// `<account>_<class>_<region>_<stamp>_<unique>.json.gz`.
    Log {
        /// The Region in the name; the one in the path wins where they differ.
        region: Region,
        /// When CloudTrail wrote the file, to the minute.
        stamp: Stamp,
        /// Letters and digits without meaning: they keep files from overwriting one another.
        unique: String,
        /// No `_` stands between stamp and unique text, as in names of 2014.
        joined: bool,
        /// `.json.gz`, else `.json`.
        gzip: bool,
    },
    /// `<account>_CloudTrail-Digest_<region>_<trail>_<home region>_<stamp>[_backfill].json.gz`.
    Digest {
        /// The Region whose logs are listed.
        region: Region,
        /// The trail's name, which may hold `_`, `.` and `-`.
        trail: String,
        /// The Region that the trail was made in.
        home_region: Region,
        /// The end of the hour, to the second.
        stamp: Stamp,
        /// A list of logs that the first Digest of the hour missed.
        backfill: bool,
        /// `.json.gz`, else `.json`.
        gzip: bool,
    },
    /// Any other `*.json.gz` or `*.json`, verbatim: classes whose names AWS does not document, and renamed files.
    Other(String),
}

impl FileName {
    /// Reads the name of a file in the folder of `class` below `account`; none if it is not JSON by its ending.
    pub(crate) fn parse(name: &str, account: AccountId, class: LogClass) -> Option<Self> {
        let (stem, gzip) = match name.strip_suffix(".json.gz") {
            Some(stem) => (stem, true),
            None => (name.strip_suffix(".json")?, false),
        };
        let rest = after(stem, account.as_str()).and_then(|rest| after(rest, class.folder()));
        let known = match class {
            LogClass::Digest => rest.and_then(|rest| parse_digest(rest, gzip)),
            _ => rest.and_then(|rest| parse_log(rest, gzip)),
        };
        Some(known.unwrap_or_else(|| Self::Other(name.to_owned())))
    }

    /// Writes the name; `account` and `class` are those of the path.
    pub(crate) fn write(&self, account: AccountId, class: LogClass, out: &mut String) {
        let written = match self {
            Self::Log { region, stamp, unique, joined, gzip } => {
                let separator = if *joined { "" } else { "_" };
                write!(out, "{account}_{class}_{region}_{stamp}{separator}{unique}{}", ending(*gzip))
            }
            Self::Digest { region, trail, home_region, stamp, backfill, gzip } => {
                let backfill = if *backfill { "_backfill" } else { "" };
                write!(out, "{account}_{class}_{region}_{trail}_{home_region}_{stamp}{backfill}{}", ending(*gzip))
            }
            Self::Other(name) => out.write_str(name),
        };
        // Writing to a String has no way to fail.
        debug_assert!(written.is_ok());
    }

    /// Whether the name ends in `.gz`. What the object holds is told by its first bytes, not by this.
    pub fn is_gzip_named(&self) -> bool {
        match self {
            Self::Log { gzip, .. } | Self::Digest { gzip, .. } => *gzip,
            Self::Other(name) => name.ends_with(".json.gz"),
        }
    }

    /// The time in the name.
    pub fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::Log { stamp, .. } | Self::Digest { stamp, .. } => Some(*stamp),
            Self::Other(_) => None,
        }
    }

    /// The Region in the name.
    pub fn region(&self) -> Option<Region> {
        match self {
            Self::Log { region, .. } | Self::Digest { region, .. } => Some(*region),
            Self::Other(_) => None,
        }
    }
}

fn ending(gzip: bool) -> &'static str {
    if gzip { ".json.gz" } else { ".json" }
}

fn after<'a>(text: &'a str, part: &str) -> Option<&'a str> {
    text.strip_prefix(part)?.strip_prefix('_')
}

/// `<region>_<stamp>[_]<unique>`.
fn parse_log(text: &str, gzip: bool) -> Option<FileName> {
    let (region, rest) = text.split_once('_')?;
    let (before_z, tail) = rest.split_once('Z')?;
    let stamp = format!("{before_z}Z").parse().ok()?;
    let (unique, joined) = match tail.strip_prefix('_') {
        Some(unique) => (unique, false),
        None => (tail, true),
    };
    if unique.is_empty() || !unique.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    Some(FileName::Log { region: region.parse().ok()?, stamp, unique: unique.to_owned(), joined, gzip })
}

/// `<region>_<trail>_<home region>_<stamp>[_backfill]`, from the right: a trail's name may look like all the rest.
fn parse_digest(text: &str, gzip: bool) -> Option<FileName> {
    let (text, backfill) = match text.strip_suffix("_backfill") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (text, stamp) = text.rsplit_once('_')?;
    let (text, home_region) = text.rsplit_once('_')?;
    let (region, trail) = text.split_once('_')?;
    if !is_trail(trail) {
        return None;
    }
    Some(FileName::Digest {
        region: region.parse().ok()?,
        trail: trail.to_owned(),
        home_region: home_region.parse().ok()?,
        stamp: stamp.parse().ok()?,
        backfill,
        gzip,
    })
}

/// Letters, digits, `.`, `_`, `-`; AWS allows 3 to 128 of them (CreateTrail, "Name"), shorter ones are read too.
fn is_trail(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}
