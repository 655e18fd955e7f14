//! One ledger per archive: `archive.json` names it, and whoever means to write here comes past this guard first. It makes the descriptor of a new
//! archive, and refuses ledgers that are another archive's, older than the archive, or new while the archive has content.
//! Rebuilding a ledger is [`crate::protocol::rebuild`]'s; readers of an archive need no ledger and call [`read`] alone.

use bytes::Bytes;
use trailkeep_archive::{ArchiveDescriptor, BatchId, DescriptorError, LedgerRef, layout};

use crate::{
    ports::{
        bucket::{AuditBucket, BucketError, PutOutcome, PutPolicy},
        ledger::{BatchState, Ledger, LedgerError, LedgerIdentity},
    },
    protocol::{MAX_MANIFEST_BYTES, Manifest},
};

/// Largest `archive.json` that is read.
const MAX_DESCRIPTOR_BYTES: u64 = 1 << 20;

/// Days since the ledger's newest Batch that are looked through one by one; beyond it the whole of `sources/` is listed once.
const DAYS_LISTED_SINGLY: i64 = 40;

const DAY_MS: i64 = 86_400_000;

/// How much older than the ledger's newest Batch one may be that was published after it: a Batch is open for an hour at most, and clocks differ by less than
/// another. Two hours.
const OVERLAP_MS: i64 = 2 * 3_600_000;

/// Why a process may not write to an archive.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The archive's store failed.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// `archive.json` cannot be used; a newer format is one reason.
    #[error("the archive {archive} cannot be used")]
    Descriptor {
        /// The archive's address.
        archive: String,
        /// The cause.
        #[source]
        source: DescriptorError,
    },
    /// There is content, but no `archive.json`.
    #[error("{archive} has objects under sources/ but no archive.json: put the archive.json back that belongs to it, or stop every writer and run: {command}", command = rebuild_command(.archive, .ledger))]
    DescriptorMissing {
        /// The archive's address.
        archive: String,
        /// The ledger's address.
        ledger: String,
    },
    /// The archive belongs to another ledger.
    #[error("the archive {archive} belongs to the {theirs} and not to the {ours} at {ledger}: use the ledger it belongs to, or, if that one is lost, stop every writer and run: {command}", theirs = spell(.theirs), ours = spell(.ours), command = rebuild_command(.archive, .ledger))]
    OtherLedger {
        /// The archive's address.
        archive: String,
        /// The ledger in `archive.json`.
        theirs: LedgerRef,
        /// The ledger that was brought.
        ours: LedgerRef,
        /// Its address.
        ledger: String,
    },
    /// The ledger is new, emptied or restored to an older state.
    #[error("the ledger {ledger} does not know what the archive {archive} holds ({why}): stop every writer, then run: {command}", command = rebuild_command(.archive, .ledger))]
    MustBeRebuilt {
        /// The archive's address.
        archive: String,
        /// The ledger's address.
        ledger: String,
        /// How it was found out.
        why: String,
    },
    /// The ledger knows Batches, and the archive has nothing.
    #[error("the ledger {ledger} has published batches, but {archive} is not an archive: is the address right?")]
    ArchiveEmpty {
        /// The archive's address.
        archive: String,
        /// The ledger's address.
        ledger: String,
    },
}

fn spell(ledger: &LedgerRef) -> String {
    format!("{:?} ledger {}", ledger.kind, ledger.id)
}

/// The command that rebuilds a ledger from its archive, as a shell takes it. Both are addresses: of the archive, and of the ledger.
pub fn rebuild_command(archive: &str, ledger: &str) -> String {
    format!("trailkeep ledger rebuild --archive {} --ledger {}", quoted(archive), quoted(ledger))
}

/// A word as a shell takes it: in single quotes where it holds more than letters, digits and the marks of paths.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "/._-:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Reads and checks `archive.json`; `None` if there is none.
///
/// # Errors
/// [`GuardError`]; `Descriptor` if it is newer than this release or cannot be read.
pub async fn read(bucket: &dyn AuditBucket) -> Result<Option<ArchiveDescriptor>, GuardError> {
    let Some(bytes) = bucket.get(layout::ARCHIVE_JSON, MAX_DESCRIPTOR_BYTES).await? else { return Ok(None) };
    let parsed = ArchiveDescriptor::parse(&bytes);
    parsed.map(Some).map_err(|source| GuardError::Descriptor { archive: bucket.address(), source })
}

/// Lets a writer in: the archive is this ledger's, or is made so if it is new. Answers the descriptor; its epoch is what
/// [`crate::protocol::Protocol::new`] wants. `now_ms` in milliseconds since the Unix epoch.
///
/// # Errors
/// [`GuardError`].
pub async fn join(bucket: &dyn AuditBucket, ledger: &dyn Ledger, now_ms: i64) -> Result<ArchiveDescriptor, GuardError> {
    let identity = ledger.identity().await?;
    let descriptor = match read(bucket).await? {
        Some(descriptor) => descriptor,
        None => make(bucket, ledger, &identity, now_ms).await?,
    };
    let must_be_rebuilt = |why: String| Err(GuardError::MustBeRebuilt { archive: bucket.address(), ledger: ledger.address(), why });
    let ours = LedgerRef { kind: identity.kind, id: identity.id.clone() };
    if descriptor.ledger != ours {
        if !identity.ready {
            return must_be_rebuilt(format!("it is new, and the archive belongs to the {}", spell(&descriptor.ledger)));
        }
        return Err(GuardError::OtherLedger { archive: bucket.address(), theirs: descriptor.ledger, ours, ledger: ledger.address() });
    }
    if identity.epoch != descriptor.epoch {
        return must_be_rebuilt(format!("its epoch is {} and the archive's is {}", identity.epoch, descriptor.epoch));
    }
    if !identity.ready {
        // Asked again: another process may have joined, and even landed, since.
        if has_sources(bucket).await? && !ledger.identity().await?.ready {
            return must_be_rebuilt("a rebuild of it runs now, or did not come to its end".to_owned());
        }
        ledger.set_ready(identity.epoch).await?;
    } else if let Some(batch) = batch_unknown_to(bucket, ledger, now_ms).await? {
        return must_be_rebuilt(format!("batch {batch} is in the archive and not in the ledger"));
    }
    Ok(descriptor)
}

/// Makes `archive.json`. If another process was faster its descriptor counts.
async fn make(
    bucket: &dyn AuditBucket,
    ledger: &dyn Ledger,
    identity: &LedgerIdentity,
    now_ms: i64,
) -> Result<ArchiveDescriptor, GuardError> {
    if has_sources(bucket).await? {
        return Err(GuardError::DescriptorMissing { archive: bucket.address(), ledger: ledger.address() });
    }
    if ledger.newest_published().await?.is_some() {
        return Err(GuardError::ArchiveEmpty { archive: bucket.address(), ledger: ledger.address() });
    }
    let mut descriptor = ArchiveDescriptor::new(LedgerRef { kind: identity.kind, id: identity.id.clone() }, now_ms);
    descriptor.epoch = identity.epoch;
    match write(bucket, &descriptor, true).await? {
        PutOutcome::Written => Ok(descriptor),
        PutOutcome::AlreadyThere => {
            let missing = || GuardError::DescriptorMissing { archive: bucket.address(), ledger: ledger.address() };
            read(bucket).await?.ok_or_else(missing)
        }
    }
}

/// Writes `archive.json`.
pub(crate) async fn write(bucket: &dyn AuditBucket, descriptor: &ArchiveDescriptor, if_absent: bool) -> Result<PutOutcome, BucketError> {
    let policy = PutPolicy { content_type: Some("application/json".to_owned()), if_absent, ..PutPolicy::default() };
    bucket.put(layout::ARCHIVE_JSON, Bytes::from(descriptor.to_bytes()), &policy).await
}

/// Whether anything was ever published here.
async fn has_sources(bucket: &dyn AuditBucket) -> Result<bool, BucketError> {
    Ok(!bucket.list(layout::SOURCES, None).await?.objects.is_empty())
}

/// A Batch that the archive shows, and that the ledger has neither as published nor as committed: then the ledger was restored to an older state.
/// Looked for where such a Batch can be: in `sources/` from a little before the ledger's newest Batch on (Batches overlap, and clocks differ), among the
/// Batches that the ledger has as open, and in `staging/` (visible in part). What is visible is looked at before the ledger is asked, so that workers that
/// publish meanwhile are no alarm. Costs one listing a day since the ledger's newest Batch, one of `staging/`, and a look-up for each Batch found.
async fn batch_unknown_to(bucket: &dyn AuditBucket, ledger: &dyn Ledger, now_ms: i64) -> Result<Option<BatchId>, GuardError> {
    if let Some(batch) = published_and_unknown(bucket, ledger, now_ms).await? {
        return Ok(Some(batch));
    }
    for item in ledger.unfinished().await?.into_iter().filter(|item| item.state == BatchState::Open) {
        if bucket.head(&layout::sources_key(&item.batch)).await?.is_some() && !knows(ledger, &item.batch).await? {
            return Ok(Some(item.batch));
        }
    }
    visible_in_part_and_unknown(bucket, ledger).await
}

/// Whether the ledger has a Batch as committed or published.
async fn knows(ledger: &dyn Ledger, batch: &BatchId) -> Result<bool, LedgerError> {
    let state = ledger.batch(batch).await?.map(|item| item.state);
    Ok(!matches!(state, None | Some(BatchState::Open | BatchState::Aborted)))
}

async fn published_and_unknown(bucket: &dyn AuditBucket, ledger: &dyn Ledger, now_ms: i64) -> Result<Option<BatchId>, GuardError> {
    let newest = ledger.newest_published().await?;
    let from_ms = newest.map_or(i64::MIN, |newest| newest.unix_ms() - OVERLAP_MS);
    for prefix in prefixes_since(newest, now_ms) {
        let mut page = None;
        loop {
            let listed = bucket.list(&prefix, page).await?;
            let batches = listed.objects.iter().filter_map(|object| layout::ArchiveKey::parse(&object.key)?.batch());
            for batch in batches.filter(|batch| batch.unix_ms() >= from_ms && Some(*batch) != newest) {
                if !knows(ledger, &batch).await? {
                    return Ok(Some(batch));
                }
            }
            page = listed.next;
            if page.is_none() {
                break;
            }
        }
    }
    Ok(None)
}

/// A Batch of whose uploads some are visible, and that the ledger has not as committed. Its manifest names them; one that cannot be read is nobody's promise.
async fn visible_in_part_and_unknown(bucket: &dyn AuditBucket, ledger: &dyn Ledger) -> Result<Option<BatchId>, GuardError> {
    let mut page = None;
    loop {
        let listed = bucket.list(layout::STAGING, page).await?;
        for object in &listed.objects {
            let Some(layout::ArchiveKey::Manifest { batch }) = layout::ArchiveKey::parse(&object.key) else { continue };
            if !knows(ledger, &batch).await? && any_is_visible(bucket, &batch).await? && !knows(ledger, &batch).await? {
                return Ok(Some(batch));
            }
        }
        page = listed.next;
        if page.is_none() {
            return Ok(None);
        }
    }
}

async fn any_is_visible(bucket: &dyn AuditBucket, batch: &BatchId) -> Result<bool, BucketError> {
    let Some(bytes) = bucket.get(&layout::manifest_key(batch), MAX_MANIFEST_BYTES).await? else { return Ok(false) };
    let Ok(manifest) = Manifest::parse_unverified(&bytes) else { return Ok(false) };
    for upload in &manifest.uploads {
        if bucket.head(&upload.key).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The `sources/` prefixes that can hold Batches as new as `newest` or newer: from the day of the overlap before it up to the day after `now_ms`, as clocks differ.
fn prefixes_since(newest: Option<BatchId>, now_ms: i64) -> Vec<String> {
    let first = newest.map_or(i64::MIN, |batch| (batch.unix_ms() - OVERLAP_MS) / DAY_MS);
    let last = now_ms / DAY_MS + 1;
    if last.saturating_sub(first) > DAYS_LISTED_SINGLY {
        return vec![layout::SOURCES.to_owned()];
    }
    (first..=last.max(first)).map(|day| format!("{}day={}/", layout::SOURCES, BatchId::new(day * DAY_MS, 0).day())).collect()
}

#[cfg(test)]
mod tests;
