//! Events that stopped, changed or started a trail, as likely causes of gaps: those that the archive holds.

use std::sync::Arc;

use anyhow::Context as _;
use arrow_array::{Array as _, RecordBatch, StringArray, TimestampMicrosecondArray};
use futures::TryStreamExt as _;
use trailkeep_audit::{
    Day,
    coverage::{HOUR_MS, TrailEvent, TrailEventKind},
};
use trailkeep_keys::AccountId;
use trailkeep_pipeline::ports::bucket::AuditBucket;
use trailkeep_query::{Engine, EngineConfig};

use super::Window;

/// How long before the window an event may lie that explains a gap which begins with it.
const BEFORE_MS: i64 = 30 * 24 * HOUR_MS;

/// Those of the window and the month before it that succeeded. What the management account does may be done to the organization's trail, and so to
/// every account; what others do is done to their own.
pub(super) async fn read(bucket: Arc<dyn AuditBucket>, window: &Window, management: Option<AccountId>) -> anyhow::Result<Vec<TrailEvent>> {
    let (first, last) = (Day::of(window.since_ms.saturating_sub(BEFORE_MS)), Day::of(window.until_ms));
    let question = format!(
        "SELECT eventtime, eventname, recipientaccountid, eventid FROM cloudtrail \
         WHERE eventcategory = 'Management' AND eventday >= '{first}' AND eventday <= '{last}' AND eventsource = 'cloudtrail.amazonaws.com' AND errorcode IS NULL \
         AND eventname IN ('StopLogging', 'DeleteTrail', 'PutEventSelectors', 'UpdateTrail', 'StartLogging', 'CreateTrail')"
    );
    let engine = Engine::open(bucket, EngineConfig::default()).await?;
    let (mut batches, _cost) = engine.query(&question).await?.into_parts();
    let mut events = Vec::new();
    while let Some(batch) = batches.try_next().await.context("events that changed a trail cannot be read")? {
        for row in 0..batch.num_rows() {
            events.extend(event(&batch, row, management));
        }
    }
    Ok(events)
}

fn event(batch: &RecordBatch, row: usize, management: Option<AccountId>) -> Option<TrailEvent> {
    let text = |name: &str| {
        let column = batch.column_by_name(name)?.as_any().downcast_ref::<StringArray>()?;
        column.is_valid(row).then(|| column.value(row))
    };
    let times = batch.column_by_name("eventtime")?.as_any().downcast_ref::<TimestampMicrosecondArray>()?;
    let account: AccountId = text("recipientaccountid")?.parse().ok()?;
    let kind = match text("eventname")? {
        "StopLogging" => TrailEventKind::StopLogging,
        "DeleteTrail" => TrailEventKind::DeleteTrail,
        "PutEventSelectors" => TrailEventKind::PutEventSelectors,
        "UpdateTrail" => TrailEventKind::UpdateTrail,
        "StartLogging" | "CreateTrail" => TrailEventKind::Started,
        _ => return None,
    };
    Some(TrailEvent {
        at_ms: times.is_valid(row).then(|| times.value(row).div_euclid(1_000))?,
        kind,
        account: (management != Some(account)).then_some(account),
        // A trail may be of one Region or of all: which, the event does not say in every form.
        region: None,
        event_id: text("eventid")?.to_owned(),
    })
}
