//! Lists a log bucket by day of delivery, in parallel over accounts, Regions and days, and gives out what it finds in the order of days: a Batch
//! of the collector then covers few event days. Holds the names of folders (about 150 bytes for each account, class, Region and month) and at
//! most [`AT_ONCE`] × [`PAGES_AHEAD`] pages of objects.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use futures::stream::{self, FuturesUnordered, StreamExt as _};
use tokio::sync::mpsc;
use trailkeep_keys::{AccountId, LogClass, OrganizationId, Region};
use trailkeep_pipeline::ports::bucket::{BucketError, LogBucket};

use super::selection::{Found, Listed, Selection, Sorted};

/// Listings under way at once.
const AT_ONCE: usize = 16;
/// Pages of each that are held ready.
const PAGES_AHEAD: usize = 2;
/// Folders above `AWSLogs` that are looked into; a trail's prefix with more of them must be given in `--from`.
const MAX_FOLDERS_ABOVE: usize = 5;

/// What a pass over a bucket or an inventory counted besides what was asked for.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// LIST requests.
    pub(crate) requests: AtomicU64,
    /// Objects that are no LogObjects and no Digests, or older versions of them.
    pub(crate) passed_over: AtomicU64,
}

/// A pass over a bucket.
#[derive(Debug)]
pub(crate) struct Listing {
    bucket: Arc<dyn LogBucket>,
    selection: Arc<Selection>,
    counted: Arc<Counted>,
    /// Folders of whole months by month as `yyyymm`.
    months: BTreeMap<u32, Vec<String>>,
    /// Folders of days that come next.
    days: VecDeque<String>,
    running: VecDeque<mpsc::Receiver<Result<Vec<Found>, BucketError>>>,
}

/// What a folder is, by its name.
#[derive(Debug, PartialEq, Eq)]
enum Folder {
    /// Something asked for may lie deeper.
    Above,
    /// A month, as `yyyymm`.
    Month(u32),
    /// Nothing asked for lies in it.
    Elsewhere,
}

impl Listing {
    /// Finds the months of every account and Region that is asked for.
    ///
    /// # Errors
    /// [`BucketError`].
    pub(crate) async fn begin(bucket: Arc<dyn LogBucket>, selection: Arc<Selection>, counted: Arc<Counted>) -> Result<Self, BucketError> {
        let mut listing = Self { bucket, selection, counted, months: BTreeMap::new(), days: VecDeque::new(), running: VecDeque::new() };
        listing.find_months().await?;
        Ok(listing)
    }

    /// The next objects, never an empty list; `None` at the end.
    ///
    /// # Errors
    /// [`BucketError`].
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Found>>, BucketError> {
        loop {
            while self.running.len() < AT_ONCE
                && let Some(day) = self.days.pop_front()
            {
                self.running.push_back(self.list(day));
            }
            let Some(first) = self.running.front_mut() else {
                if self.plan_a_month().await? {
                    continue;
                }
                return Ok(None);
            };
            match first.recv().await.transpose()? {
                Some(found) if found.is_empty() => {}
                Some(found) => return Ok(Some(found)),
                None => drop(self.running.pop_front()),
            }
        }
    }

    /// Looks into folders depth first, so that few are waiting.
    async fn find_months(&mut self) -> Result<(), BucketError> {
        let mut waiting = vec![start(&self.selection.prefix)];
        let mut looking = FuturesUnordered::new();
        loop {
            while looking.len() < AT_ONCE
                && let Some(folder) = waiting.pop()
            {
                let (bucket, counted) = (&self.bucket, &self.counted);
                looking.push(async move {
                    counted.requests.fetch_add(1, Ordering::Relaxed);
                    bucket.list_folders(&folder).await
                });
            }
            let Some(below) = looking.next().await.transpose()? else { return Ok(()) };
            for folder in below {
                match kind(&folder, &self.selection) {
                    Folder::Above => waiting.push(folder),
                    Folder::Month(month) => self.months.entry(month).or_default().push(folder),
                    Folder::Elsewhere => {}
                }
            }
        }
    }

    /// Finds the days of the next month in all its folders; `false` where there is none.
    async fn plan_a_month(&mut self) -> Result<bool, BucketError> {
        let Some((month, folders)) = self.months.pop_first() else { return Ok(false) };
        let mut days: Vec<(u32, String)> = Vec::new();
        let (bucket, counted) = (&self.bucket, &self.counted);
        let mut listed = stream::iter(folders)
            .map(|folder| async move {
                counted.requests.fetch_add(1, Ordering::Relaxed);
                bucket.list_folders(&folder).await
            })
            .buffer_unordered(AT_ONCE);
        while let Some(below) = listed.next().await.transpose()? {
            for folder in below {
                let day = last_number(&folder, 2).map(|day| month * 100 + day);
                if let Some(day) = day.filter(|day| self.selection.wants_days(*day, *day) && self.selection.wants_folder(&folder)) {
                    days.push((day, folder));
                }
            }
        }
        drop(listed);
        days.sort_unstable();
        self.days = days.into_iter().map(|(_, folder)| folder).collect();
        Ok(true)
    }

    /// Lists one day of one account and Region beside this task.
    fn list(&self, folder: String) -> mpsc::Receiver<Result<Vec<Found>, BucketError>> {
        let (give, take) = mpsc::channel(PAGES_AHEAD);
        let (bucket, selection, counted) = (Arc::clone(&self.bucket), Arc::clone(&self.selection), Arc::clone(&self.counted));
        tokio::spawn(async move {
            let mut page = None;
            loop {
                counted.requests.fetch_add(1, Ordering::Relaxed);
                let listed = bucket.list(&folder, page).await;
                page = listed.as_ref().ok().and_then(|listed| listed.next.clone());
                let found = listed.map(|listed| {
                    let objects = listed.objects.into_iter().map(|object| Listed {
                        key: object.key,
                        size_bytes: object.size_bytes,
                        etag: object.etag,
                        version: None,
                    });
                    sort_out(objects, &selection, &counted)
                });
                // Nobody listens once the pass was given up.
                if give.send(found).await.is_err() || page.is_none() {
                    return;
                }
            }
        });
        take
    }
}

/// Those that are asked for; counts the others.
pub(crate) fn sort_out(objects: impl Iterator<Item = Listed>, selection: &Selection, counted: &Counted) -> Vec<Found> {
    let mut found = Vec::new();
    let mut passed_over = 0;
    for object in objects {
        match selection.sort_out(object) {
            Sorted::Wanted(object) => found.push(object),
            Sorted::NotAsked => {}
            Sorted::Other => passed_over += 1,
        }
    }
    counted.passed_over.fetch_add(passed_over, Ordering::Relaxed);
    found
}

/// Where to begin: the prefix, or the Region's folder above it.
fn start(prefix: &str) -> String {
    let ends = prefix.match_indices('/').map(|(at, _)| at + 1);
    let folders = ends.filter_map(|end| prefix.get(..end));
    let region = folders.clone().find(|folder| matches!(below_aws_logs(folder), Some(Below { region: Some(_), .. })));
    region.unwrap_or(prefix).to_owned()
}

/// What a folder's name says of what lies below `AWSLogs`.
#[derive(Debug, Default, PartialEq, Eq)]
struct Below {
    account: Option<AccountId>,
    region: Option<Region>,
    year: Option<u32>,
    month: Option<u32>,
}

fn kind(folder: &str, selection: &Selection) -> Folder {
    if !selection.wants_folder(folder) {
        return Folder::Elsewhere;
    }
    let segments = folder.trim_end_matches('/').split('/');
    let Some(below) = below_aws_logs(folder) else {
        let above = !segments.clone().any(|segment| segment == "AWSLogs") && segments.count() <= MAX_FOLDERS_ABOVE;
        return if above { Folder::Above } else { Folder::Elsewhere };
    };
    let wanted = below.account.is_none_or(|account| selection.wants_account(account))
        && below.region.is_none_or(|region| selection.wants_region(region));
    match (below.year, below.month) {
        _ if !wanted => Folder::Elsewhere,
        (Some(year), Some(month)) if selection.wants_days(year * 10_000 + month * 100 + 1, year * 10_000 + month * 100 + 31) => {
            Folder::Month(year * 100 + month)
        }
        (Some(year), None) if selection.wants_days(year * 10_000 + 101, year * 10_000 + 1_231) => Folder::Above,
        (Some(_), _) => Folder::Elsewhere,
        (None, _) => Folder::Above,
    }
}

/// Reads what follows the last `AWSLogs` segment that something of CloudTrail's follows; `None` where there is none.
fn below_aws_logs(folder: &str) -> Option<Below> {
    let segments: Vec<&str> = folder.trim_end_matches('/').split('/').collect();
    let places = segments.iter().enumerate().rev().filter(|(_, segment)| **segment == "AWSLogs");
    places.map(|(at, _)| segments.get(at + 1..).unwrap_or_default()).find_map(read_below)
}

fn read_below(segments: &[&str]) -> Option<Below> {
    let segments = match segments {
        [first, rest @ ..] if first.parse::<OrganizationId>().is_ok() => rest,
        all => all,
    };
    let mut below = Below::default();
    let mut next = segments.iter();
    if let Some(account) = next.next() {
        below.account = Some(account.parse().ok()?);
    }
    if let Some(class) = next.next() {
        LogClass::from_folder(class)?;
    }
    if let Some(region) = next.next() {
        below.region = Some(region.parse().ok()?);
    }
    if let Some(year) = next.next() {
        below.year = Some(digits(year, 4)?);
    }
    if let Some(month) = next.next() {
        below.month = Some(digits(month, 2)?);
    }
    Some(below)
}

fn digits(text: &str, length: usize) -> Option<u32> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn last_number(folder: &str, length: usize) -> Option<u32> {
    digits(folder.trim_end_matches('/').rsplit('/').next()?, length)
}

#[cfg(test)]
#[path = "listing_tests.rs"]
mod tests;
