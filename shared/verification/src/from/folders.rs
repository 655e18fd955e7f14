//! The folders of a log bucket: those of each account, class and Region, found from the top, and within them those of days.

use std::collections::BTreeMap;

use futures::stream::{self, FuturesUnordered, StreamExt as _, TryStreamExt as _};
use trailkeep_digests::Period;
use trailkeep_keys::{AccountId, LogClass, OrganizationId, Region, Stamp};
use trailkeep_pipeline::ports::bucket::LogBucket;

use super::FromError;
use crate::asked::Asked;

/// Listings of folders under way at once.
const AT_ONCE: usize = 16;
/// How deep `AWSLogs` may lie.
const MAX_ABOVE: usize = 6;
/// Folders beside and above `AWSLogs` that are looked into.
const MAX_LOOKED_INTO: usize = 10_000;
/// How far the day in a path may lie from the time in a name, in milliseconds: one day.
const SLACK_MS: i64 = 86_400_000;

/// One account in one Region.
pub(super) type PlaceId = (AccountId, Region);

/// The folder of one class in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Folder {
    /// It ends with `/`.
    pub(super) path: String,
    pub(super) class: LogClass,
    /// What of it stands before `AWSLogs`: its root.
    pub(super) root: usize,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Folders {
    /// What stands before `AWSLogs`, with the slash between them. Several trails may deliver to one bucket.
    pub(super) roots: Vec<String>,
    pub(super) places: BTreeMap<PlaceId, Vec<Folder>>,
}

/// What a folder is, by its path.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// Above `AWSLogs`.
    Above,
    /// Between `AWSLogs` and Regions.
    Inside,
    /// A Region's.
    Region { root_bytes: usize, account: AccountId, class: LogClass, region: Region },
}

impl Folders {
    /// Finds those of the accounts and Regions that are asked for, below a prefix that is empty or ends with `/`.
    pub(super) async fn find(bucket: &dyn LogBucket, prefix: &str, asked: &Asked) -> Result<Self, FromError> {
        if !prefix.is_empty() && !matches!(kind(prefix, asked), Some(Kind::Above | Kind::Inside)) {
            return Err(FromError::Prefix { prefix: prefix.to_owned() });
        }
        let (mut found, mut waiting, mut looked) = (Self::default(), vec![prefix.to_owned()], 0);
        let mut looking = FuturesUnordered::new();
        loop {
            while looking.len() < AT_ONCE
                && let Some(folder) = waiting.pop()
            {
                looking.push(async move { bucket.list_folders(&folder).await });
            }
            let Some(below) = looking.try_next().await? else { return Ok(found.sorted()) };
            for folder in below {
                match kind(&folder, asked) {
                    None => {}
                    Some(Kind::Inside) => waiting.push(folder),
                    Some(Kind::Above) => {
                        looked += 1;
                        if looked > MAX_LOOKED_INTO {
                            return Err(FromError::TooMany { what: "folders beside AWSLogs", limit: MAX_LOOKED_INTO });
                        }
                        waiting.push(folder);
                    }
                    Some(Kind::Region { root_bytes, account, class, region }) => {
                        let root = found.root(folder.get(..root_bytes).unwrap_or_default());
                        found.places.entry((account, region)).or_default().push(Folder { path: folder, class, root });
                    }
                }
            }
        }
    }

    fn root(&mut self, path: &str) -> usize {
        if let Some(at) = self.roots.iter().position(|root| root == path) {
            return at;
        }
        self.roots.push(path.to_owned());
        self.roots.len() - 1
    }

    fn sorted(mut self) -> Self {
        self.places.values_mut().for_each(|folders| folders.sort_by(|a, b| a.path.cmp(&b.path)));
        self
    }

    /// Those of Digests.
    pub(super) fn of_digests(&self) -> impl Iterator<Item = &Folder> {
        self.places.values().flatten().filter(|folder| folder.class == LogClass::Digest)
    }
}

fn kind(folder: &str, asked: &Asked) -> Option<Kind> {
    let segments: Vec<&str> = folder.trim_end_matches('/').split('/').collect();
    let Some(at) = segments.iter().rposition(|segment| *segment == "AWSLogs") else {
        return (segments.len() <= MAX_ABOVE).then_some(Kind::Above);
    };
    let root_bytes = segments.iter().take(at).map(|segment| segment.len() + 1).sum();
    let below = segments.get(at + 1..).unwrap_or_default();
    let below = match below {
        [first, rest @ ..] if first.parse::<OrganizationId>().is_ok() => rest,
        all => all,
    };
    let wanted = |account: &AccountId| asked.accounts.is_empty() || asked.accounts.contains(account);
    let account = |text: &&str| text.parse::<AccountId>().ok().filter(wanted);
    match below {
        [] => Some(Kind::Inside),
        [id] => account(id).map(|_| Kind::Inside),
        [id, class] => account(id).and(LogClass::from_folder(class)).map(|_| Kind::Inside),
        [id, class, region] => {
            let (account, class, region) = (account(id)?, LogClass::from_folder(class)?, region.parse().ok()?);
            asked.wants_place(account, region).then_some(Kind::Region { root_bytes, account, class, region })
        }
        _ => None,
    }
}

/// What is to be listed of a Region's folder for what was delivered in a stretch of time: the days, or all of it where the beginning is open.
pub(super) async fn days(bucket: &dyn LogBucket, folder: &str, period: Period) -> Result<Vec<String>, FromError> {
    if period.from_ms == i64::MIN {
        return Ok(vec![folder.to_owned()]);
    }
    let number = |ms: i64, none| Stamp::from_unix_ms(ms, false).map_or(none, |stamp| stamp.day_number());
    let range = (number(period.from_ms.saturating_sub(SLACK_MS), 0), number(period.to_ms.saturating_add(SLACK_MS), u32::MAX));
    let mut folders = vec![(0, folder.to_owned())];
    // Years, months, days: each with what of the number of its day is not in the path yet.
    for (digits, unknown) in [(4, 10_000), (2, 100), (2, 1)] {
        let listed: Vec<Vec<(u32, String)>> = stream::iter(folders)
            .map(|(before, folder)| async move {
                let below = bucket.list_folders(&folder).await?;
                Ok::<_, FromError>(below.into_iter().filter_map(|below| numbered(before, digits, below)).collect())
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let within = |(number, _): &(u32, String)| *number >= range.0 / unknown && *number <= range.1 / unknown;
        folders = listed.into_iter().flatten().filter(within).collect();
    }
    Ok(folders.into_iter().map(|(_, folder)| folder).collect())
}

/// A folder below that of a year or month, with the number that its path makes.
fn numbered(before: u32, digits: usize, folder: String) -> Option<(u32, String)> {
    let name = folder.trim_end_matches('/').rsplit('/').next()?;
    let number: u32 = (name.len() == digits && name.bytes().all(|byte| byte.is_ascii_digit())).then(|| name.parse().ok())??;
    let before = if digits == 4 { 0 } else { before * 100 };
    Some((before + number, folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(folder: &str) -> Option<Kind> {
        let asked = Asked { accounts: ["111122223333".parse().expect("an id")].into(), ..Asked::default() };
        kind(folder, &asked)
    }

    #[test]
    fn folders_are_told_by_their_paths() {
        for above in ["org/", "o-exampleorg1/", "a/b/c/d/e/f/"] {
            assert_eq!(told(above), Some(Kind::Above), "{above}");
        }
        for inside in ["AWSLogs/", "org/AWSLogs/o-exampleorg1/", "AWSLogs/111122223333/", "AWSLogs/111122223333/CloudTrail-Digest/"] {
            assert_eq!(told(inside), Some(Kind::Inside), "{inside}");
        }
        let elsewhere = [
            "a/b/c/d/e/f/g/",
            "AWSLogs/444455556666/",
            "AWSLogs/111122223333/elasticloadbalancing/",
            "AWSLogs/111122223333/CloudTrail/x y/",
        ];
        for elsewhere in elsewhere {
            assert_eq!(told(elsewhere), None, "{elsewhere}");
        }
        let region = told("o-exampleorg1/AWSLogs/o-exampleorg1/111122223333/CloudTrail-Digest/eu-west-1/");
        assert!(matches!(region, Some(Kind::Region { root_bytes: 14, class: LogClass::Digest, .. })), "{region:?}");
    }

    #[test]
    fn days_are_numbered_by_their_paths() {
        let day = |before, digits, folder: &str| numbered(before, digits, folder.to_owned()).map(|(number, _)| number);
        assert_eq!(day(0, 4, "AWSLogs/x/2026/"), Some(2026));
        assert_eq!(day(2026, 2, "AWSLogs/x/2026/01/"), Some(202_601));
        assert_eq!(day(202_601, 2, "AWSLogs/x/2026/01/15/"), Some(20_260_115));
        for odd in ["2026/1/", "2026/ab/", "2026/001/"] {
            assert_eq!(day(2026, 2, odd), None, "{odd}");
        }
    }
}
