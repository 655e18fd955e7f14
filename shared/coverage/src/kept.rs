//! The history of accounts as the archive keeps it: `accounts/`, of which the newest file has everything.

use trailkeep_archive::layout;
use trailkeep_organization::History;
use trailkeep_pipeline::{
    batch::Retention,
    ports::bucket::{AuditBucket, BucketError, PutOutcome, PutPolicy},
};

use crate::error::LookError;

/// Largest file that is read: 256 MiB. A thousand accounts take about 100 kB.
const MAX_BYTES: u64 = 256 << 20;
/// Largest such file once decoded: 1 GiB.
const MAX_DECODED_BYTES: u64 = 1 << 30;
/// After this long, a day in milliseconds, a file is written although nothing changed, so that it is known how old the last observation is.
pub const CONFIRM_AFTER_MS: i64 = DAY_MS;
const DAY_MS: i64 = 86_400_000;

/// What the archive keeps.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The accounts.
    pub history: History,
    /// Of which observation its file is, milliseconds since 1970.
    pub written_ms: i64,
}

/// The newest file of `accounts/`; `None` where there is none.
///
/// # Errors
/// Where it cannot be read. An older one is never taken instead.
pub async fn newest(bucket: &dyn AuditBucket) -> Result<Option<Kept>, LookError> {
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
    let Some(bytes) = bucket.get(&key, MAX_BYTES).await? else { return Err(LookError::Gone { key }) };
    let history = History::read(bytes, MAX_DECODED_BYTES).map_err(|source| LookError::Table { key, source })?;
    Ok(Some(Kept { history, written_ms }))
}

/// Writes a history as of an observation, `observed_ms` in milliseconds since 1970, locked for as long as `retention` says; none: as the bucket's own
/// rule has it. Gives the key.
///
/// # Errors
/// Where it cannot be written, or somebody else wrote one at the same moment.
pub async fn keep(
    bucket: &dyn AuditBucket,
    history: &History,
    observed_ms: i64,
    retention: Option<Retention>,
) -> Result<String, LookError> {
    let key = layout::accounts_key(observed_ms);
    let until = |retention: Retention| observed_ms.saturating_add(i64::from(retention.days).saturating_mul(DAY_MS));
    let policy = PutPolicy {
        content_type: Some("application/vnd.apache.parquet".to_owned()),
        if_absent: true,
        lock: retention.map(|retention| (retention.mode, until(retention))),
        ..PutPolicy::default()
    };
    let bytes = history.write().map_err(|source| LookError::Table { key: key.clone(), source })?;
    match bucket.put(&key, bytes.into(), &policy).await? {
        PutOutcome::Written => Ok(key),
        PutOutcome::AlreadyThere => Err(LookError::AlreadyThere { key }),
    }
}
