//! The history of accounts as the archive keeps it: `accounts/`, of which the newest file has everything.

use anyhow::{Context as _, bail};
use trailkeep_archive::layout;
use trailkeep_organization::History;
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError, PutOutcome, PutPolicy};

/// Largest file that is read: 256 MiB. A thousand accounts take about 100 kB.
const MAX_BYTES: u64 = 256 << 20;
/// Largest such file once decoded: 1 GiB.
const MAX_DECODED_BYTES: u64 = 1 << 30;
/// After this long, a day, a file is written although nothing changed, so that it is known how old the last observation is.
pub(crate) const CONFIRM_AFTER_MS: i64 = 86_400_000;

/// What the archive keeps.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) history: History,
    /// Of which observation its file is, milliseconds since 1970.
    pub(crate) written_ms: i64,
}

/// The newest file of `accounts/`; `None` where there is none.
///
/// # Errors
/// Where it cannot be read. An older one is never taken instead.
pub(crate) async fn newest(bucket: &dyn AuditBucket) -> anyhow::Result<Option<Kept>> {
    let (mut newest, mut page) = (None, None);
    loop {
        let listed = match bucket.list(layout::ACCOUNTS, page).await {
            // A directory has no folder for what it does not hold.
            Err(BucketError::NotFound { .. }) => break,
            listed => listed?,
        };
        newest = newest.max(listed.objects.iter().filter_map(|object| layout::parse_accounts_key(&object.key)).max());
        page = listed.next;
        if page.is_none() {
            break;
        }
    }
    let Some(written_ms) = newest else { return Ok(None) };
    let key = layout::accounts_key(written_ms);
    let Some(bytes) = bucket.get(&key, MAX_BYTES).await? else { bail!("{key} was there, and is not any more") };
    let history = History::read(bytes, MAX_DECODED_BYTES).with_context(|| format!("{key} cannot be read"))?;
    Ok(Some(Kept { history, written_ms }))
}

/// Writes a history as of an observation. Gives the key.
///
/// # Errors
/// Where it cannot be written, or somebody else wrote one at the same moment.
pub(crate) async fn keep(bucket: &dyn AuditBucket, history: &History, observed_ms: i64) -> anyhow::Result<String> {
    let key = layout::accounts_key(observed_ms);
    let policy = PutPolicy { content_type: Some("application/vnd.apache.parquet".to_owned()), if_absent: true, ..PutPolicy::default() };
    match bucket.put(&key, history.write()?.into(), &policy).await? {
        PutOutcome::Written => Ok(key),
        PutOutcome::AlreadyThere => bail!("{key} is there already: run this again"),
    }
}
