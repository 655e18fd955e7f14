//! Who delivered, as `sources/` tells.

use std::{collections::BTreeSet, sync::Arc};

use arrow_array::{Array as _, StringArray};
use futures::TryStreamExt as _;
use trailkeep_keys::AccountId;
use trailkeep_pipeline::ports::bucket::AuditBucket;

use super::{MAX_EVENTS, RecordedError};
use crate::{Engine, EngineConfig, QueryError};

const WHAT: &str = "accounts that delivered";

/// The accounts that log files or Digests of `since_ms` to `until_ms`, milliseconds since 1970, are of, by the time in their names.
///
/// # Errors
/// [`RecordedError`].
pub async fn delivering(bucket: Arc<dyn AuditBucket>, since_ms: i64, until_ms: i64) -> Result<BTreeSet<AccountId>, RecordedError> {
    let failed = |source: QueryError| RecordedError::Query { what: WHAT, source };
    let question = format!(
        "SELECT DISTINCT account FROM sources WHERE kind IN ('log', 'digest') AND account IS NOT NULL \
         AND delivered_at >= to_timestamp_millis({since_ms}) AND delivered_at < to_timestamp_millis({until_ms})"
    );
    let engine = Engine::open(bucket, EngineConfig::default()).await.map_err(failed)?;
    let (mut batches, _cost) = engine.query(&question).await.map_err(failed)?.into_parts();
    let mut accounts = BTreeSet::new();
    while let Some(batch) = batches.try_next().await.map_err(|error| failed(error.into()))? {
        let column = batch.column_by_name("account").and_then(|column| column.as_any().downcast_ref::<StringArray>());
        let column = column.ok_or(RecordedError::Column { what: WHAT, column: "account" })?;
        accounts.extend(column.iter().flatten().filter_map(|account| account.parse::<AccountId>().ok()));
        if accounts.len() > MAX_EVENTS {
            return Err(RecordedError::TooMany { what: WHAT, cap: MAX_EVENTS });
        }
    }
    Ok(accounts)
}
