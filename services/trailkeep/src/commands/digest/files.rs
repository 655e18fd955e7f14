//! The log files that are to be listed, from `sources/`: a round of accounts at a time, so that memory is bounded by some million files, or the
//! largest account.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use trailkeep_archive::{
    SourceKind, SourceRow,
    layout::{self, ArchiveKey},
    read_sources,
};
use trailkeep_digests::{
    HashValue,
    write::{Listed, OWN_TRAILS},
};
use trailkeep_keys::{AccountId, FileName, KeyKind, LogKey, Region};
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError};

use super::{
    Write,
    signed::{Stretches, claimed},
};

/// Files that one round holds, about; each round reads all of `sources/`.
const FILES_A_ROUND: u64 = 1_000_000;
/// Stored bytes of a row of `sources/`, about.
const BYTES_PER_ROW: u64 = 150;
/// Most rounds.
const MAX_ROUNDS: u64 = 1_000;
/// Largest file of `sources/` that is read: 256 MiB.
const MAX_FILE_BYTES: u64 = 256 << 20;
/// Largest such file once decoded: 1 GiB.
const MAX_DECODED_BYTES: u64 = 1 << 30;

/// Why a file that landed is not listed, by stable names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LeftOut {
    /// `not_one_member`: not exactly one clean gzip member. `validate-logs` would not validate it, whatever its hash.
    NotOneMember,
    /// `no_time_in_name`: CloudTrail did not give it this name, which does not say when it was delivered.
    NoTimeInName,
}

impl LeftOut {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::NotOneMember => "not_one_member",
            Self::NoTimeInName => "no_time_in_name",
        }
    }
}

/// A log file of one account and Region.
#[derive(Debug)]
pub(super) struct File {
    /// The time in its name, milliseconds since 1970.
    pub(super) stamp_ms: i64,
    /// How it is listed; none: why it is not.
    pub(super) listed: Result<Listed, LeftOut>,
    pub(super) key: String,
    revision: u32,
    stored_sha256: String,
    /// An older or newer revision has other bytes.
    pub(super) revised: bool,
}

/// What a round found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Log files of each account and Region, by key.
    pub(super) files: BTreeMap<(AccountId, Region), BTreeMap<String, File>>,
    /// Hours of CloudTrail's Digests that are there.
    pub(super) claimed: Stretches,
    /// Buckets that the files came from.
    pub(super) buckets: BTreeSet<String>,
}

/// The files of `sources/`.
#[derive(Debug)]
pub(super) struct Sources<'a> {
    bucket: &'a dyn AuditBucket,
    keys: Vec<String>,
    /// How often they are read, for some of the accounts each time.
    pub(super) rounds: u64,
}

impl<'a> Sources<'a> {
    /// Lists them.
    ///
    /// # Errors
    /// Where the store fails.
    pub(super) async fn list(bucket: &'a dyn AuditBucket) -> anyhow::Result<Self> {
        let (mut keys, mut bytes, mut page) = (Vec::new(), 0, None);
        loop {
            let listed = match bucket.list(layout::SOURCES, page).await {
                // A directory has no folder for what it does not hold.
                Err(BucketError::NotFound { .. }) => break,
                listed => listed?,
            };
            for object in
                listed.objects.into_iter().filter(|object| matches!(ArchiveKey::parse(&object.key), Some(ArchiveKey::Sources { .. })))
            {
                bytes += object.size_bytes;
                keys.push(object.key);
            }
            page = listed.next;
            if page.is_none() {
                break;
            }
        }
        Ok(Self { bucket, keys, rounds: (bytes / BYTES_PER_ROW / FILES_A_ROUND + 1).min(MAX_ROUNDS) })
    }

    /// Reads them for the accounts of one round.
    ///
    /// # Errors
    /// Where a file cannot be read, or log files stand under the prefix that ours are to have.
    pub(super) async fn round(&self, number: u64, write: &Write, own_prefix: &str) -> anyhow::Result<Found> {
        let mut found = Found::default();
        for key in &self.keys {
            let bytes = whole(self.bucket, key).await?;
            let rows = read_sources(bytes, MAX_DECODED_BYTES).with_context(|| format!("{key} cannot be read"))?;
            for row in rows.into_iter().filter(|row| write.from_bucket.as_ref().is_none_or(|bucket| *bucket == row.bucket)) {
                found.take(row, write, own_prefix, |account| self.rounds == 1 || number_of(account) % self.rounds == number)?;
            }
        }
        Ok(found)
    }
}

impl Found {
    fn take(&mut self, row: SourceRow, write: &Write, own_prefix: &str, is_of_round: impl Fn(AccountId) -> bool) -> anyhow::Result<()> {
        // The key is believed, not the columns beside it.
        let Ok(KeyKind::Log(key) | KeyKind::Digest(key)) = LogKey::parse(&row.key) else { return Ok(()) };
        let wanted = (write.accounts.is_empty() || write.accounts.contains(&key.account))
            && (write.regions.is_empty() || write.regions.contains(&key.region));
        if !wanted || !is_of_round(key.account) {
            return Ok(());
        }
        let place = (key.account, key.region);
        if row.kind == SourceKind::Digest {
            if let FileName::Digest { trail, stamp, .. } = &key.name
                && !trail.starts_with(OWN_TRAILS)
            {
                self.claimed.entry(place).or_default().push(claimed(stamp.unix_ms()));
            }
            return Ok(());
        }
        if key.prefix == own_prefix {
            bail!("log files stand below the prefix {own_prefix} ({}): give the digests one of their own with --prefix or --out", row.key);
        }
        if !self.buckets.contains(&row.bucket) {
            self.buckets.insert(row.bucket.clone());
        }
        self.add(place, file(row, &key, &write.logs_prefix));
        Ok(())
    }

    /// Keeps the newest revision, which is what `raw --all` gives back.
    fn add(&mut self, place: (AccountId, Region), mut file: File) {
        let files = self.files.entry(place).or_default();
        if let Some(other) = files.get_mut(&file.key) {
            let revised = other.revised || other.stored_sha256 != file.stored_sha256;
            other.revised = revised;
            file.revised = revised;
            if other.revision >= file.revision {
                return;
            }
        }
        files.insert(file.key.clone(), file);
    }
}

fn file(row: SourceRow, key: &LogKey, logs_prefix: &str) -> File {
    let stamp = key.delivered_ms();
    let hash = row.inflated_sha256.as_deref().and_then(|hash| hash.parse::<HashValue>().ok());
    // Segments of exactly one clean member each are named so; everything else lies in others.
    let listed = match hash.filter(|_| row.segment.ends_with(".gz")) {
        _ if stamp.is_none() => Err(LeftOut::NoTimeInName),
        None => Err(LeftOut::NotOneMember),
        Some(hash) => {
            let key = if logs_prefix.is_empty() { row.key.clone() } else { format!("{logs_prefix}/{}", row.key) };
            Ok(Listed { key, hash, oldest_event_ms: row.first_event_at, newest_event_ms: row.last_event_at })
        }
    };
    let stamp_ms = stamp.or(row.delivered_at).unwrap_or(row.landed_at);
    File { stamp_ms, listed, key: row.key, revision: row.revision, stored_sha256: row.stored_sha256, revised: false }
}

fn number_of(account: AccountId) -> u64 {
    account.as_str().parse().unwrap_or_default()
}

async fn whole(bucket: &dyn AuditBucket, key: &str) -> Result<Bytes, BucketError> {
    let bytes = bucket.get(key, MAX_FILE_BYTES).await?;
    bytes.ok_or_else(|| BucketError::NotFound { what: format!("{}/{key}", bucket.address()) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn revision(revision: u32, content: &str) -> File {
        let (key, stored_sha256) = ("k".to_owned(), content.to_owned());
        File { stamp_ms: 0, listed: Err(LeftOut::NotOneMember), key, revision, stored_sha256, revised: false }
    }

    /// The revision that is kept, and whether the file counts as revised.
    fn kept(revisions: [(u32, &str); 2]) -> (u32, bool) {
        let place = ("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
        let mut found = Found::default();
        for (number, content) in revisions {
            found.add(place, revision(number, content));
        }
        let files = found.files.remove(&place).unwrap();
        files.values().map(|file| (file.revision, file.revised)).next().unwrap()
    }

    #[test]
    fn the_newest_revision_is_listed_and_other_content_is_counted() {
        assert_eq!(kept([(1, "a"), (2, "b")]), (2, true));
        assert_eq!(kept([(2, "b"), (1, "a")]), (2, true));
        assert_eq!(kept([(1, "a"), (2, "a")]), (2, false));
    }
}
