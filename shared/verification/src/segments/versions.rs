//! Versions and delete markers of segments: one version is as it should be, anything else is told. Listed by the day folders that hold what is
//! asked, each once.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt,
};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use trailkeep_pipeline::ports::bucket::{AuditBucket, ObjectVersion};

use crate::error::VerifyError;

/// Folders that are listed at once.
const FOLDERS_AT_ONCE: usize = 8;
/// Versions of one object that are named; more are counted.
const MAX_NAMED: usize = 10;

/// What was listed so far.
#[derive(Debug, Default)]
pub(super) struct Versions {
    folders: HashSet<String>,
    odd: HashMap<String, Odd>,
}

/// An object that has not exactly one version and no delete marker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Odd {
    /// Version ids, the first [`MAX_NAMED`].
    pub(super) versions: Vec<Option<String>>,
    /// How many versions there are.
    pub(super) count: u64,
    /// How many delete markers.
    pub(super) markers: u64,
    /// Whether the newest is a delete marker.
    pub(super) hidden: bool,
}

impl Versions {
    /// The folders of these keys that were not listed yet.
    pub(super) fn unlisted<'a>(&self, keys: impl Iterator<Item = &'a str>) -> Vec<String> {
        let folders: BTreeSet<&str> = keys.filter_map(|key| key.get(..=key.rfind('/')?)).collect();
        folders.into_iter().filter(|folder| !self.folders.contains(*folder)).map(str::to_owned).collect()
    }

    /// Lists folders. A store without versions is asked once a folder, and answers nothing.
    pub(super) async fn list(&mut self, bucket: &dyn AuditBucket, folders: Vec<String>) -> Result<(), VerifyError> {
        let list = |folder: String| async move { Ok::<_, VerifyError>((list_folder(bucket, &folder).await?, folder)) };
        let mut listed = stream::iter(folders).map(list).buffer_unordered(FOLDERS_AT_ONCE);
        while let Some((odd, folder)) = listed.try_next().await? {
            self.odd.extend(odd);
            self.folders.insert(folder);
        }
        Ok(())
    }

    /// What is odd about an object's versions.
    pub(super) fn odd(&self, key: &str) -> Option<&Odd> {
        self.odd.get(key)
    }
}

async fn list_folder(bucket: &dyn AuditBucket, folder: &str) -> Result<HashMap<String, Odd>, VerifyError> {
    let (mut met, mut page) = (HashMap::<String, Odd>::new(), None);
    while let Some(listed) = bucket.versions(folder, page).await? {
        for version in listed.versions {
            met.entry(version.key.clone()).or_default().take(version);
        }
        page = listed.next;
        if page.is_none() {
            break;
        }
    }
    met.retain(|_, odd| odd.count != 1 || odd.markers > 0);
    Ok(met)
}

impl Odd {
    fn take(&mut self, version: ObjectVersion) {
        if version.is_delete_marker {
            self.markers += 1;
            self.hidden |= version.is_latest;
            return;
        }
        self.count += 1;
        // The newest first, wherever it stood in the listing.
        let at = if version.is_latest { 0 } else { self.versions.len() };
        self.versions.insert(at, version.version);
        self.versions.truncate(MAX_NAMED);
    }
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<&str> = self.versions.iter().map(|version| version.as_deref().unwrap_or("null")).collect();
        match self.count {
            0 => f.write_str("no version of it is there any more")?,
            count if count > named.len() as u64 => write!(f, "{count} versions are there, {} among them", named.join(", "))?,
            1 => write!(f, "the version {} is still there", named.join(", "))?,
            _ => write!(f, "the versions {} are there", named.join(", "))?,
        }
        if self.markers > 1 { write!(f, ", and {} delete markers", self.markers) } else { Ok(()) }
    }
}
