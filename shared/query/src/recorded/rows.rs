//! Asking for events of one service, row by row.

use std::sync::Arc;

use arrow_array::{Array as _, RecordBatch, StringArray, TimestampMicrosecondArray};
use futures::TryStreamExt as _;
use serde_json::Value;
use trailkeep_audit::Day;
use trailkeep_keys::AccountId;
use trailkeep_pipeline::ports::bucket::AuditBucket;

use super::{MAX_EVENTS, RecordedError};
use crate::{Engine, EngineConfig, QueryError};

const COLUMNS: [&str; 7] =
    ["eventname", "recipientaccountid", "awsregion", "eventid", "requestparameters", "responseelements", "serviceeventdetails"];

/// Which events are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    /// For messages.
    pub(super) what: &'static str,
    /// The service, as `eventSource` has it.
    pub(super) source: &'static str,
    /// Their names.
    pub(super) names: &'a [&'static str],
    /// From then on, milliseconds since 1970; none: all.
    pub(super) since_ms: Option<i64>,
    /// Before then.
    pub(super) until_ms: i64,
}

/// An event. Texts are as they were recorded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) at_ms: i64,
    pub(super) name: &'a str,
    pub(super) recipient: Option<AccountId>,
    pub(super) region: Option<&'a str>,
    pub(super) id: &'a str,
    pub(super) request: Option<&'a str>,
    pub(super) response: Option<&'a str>,
    pub(super) details: Option<&'a str>,
}

/// Gives each event that succeeded to `take`, in no order. One without a time or an id is left out: nobody could find it.
pub(super) async fn each(
    bucket: Arc<dyn AuditBucket>,
    question: Question<'_>,
    mut take: impl FnMut(Event<'_>) -> Result<(), RecordedError> + Send,
) -> Result<(), RecordedError> {
    let what = question.what;
    let failed = |source: QueryError| RecordedError::Query { what, source };
    let engine = Engine::open(bucket, EngineConfig::default()).await.map_err(failed)?;
    let answer = engine.query(&sql(&question)).await.map_err(failed)?;
    let (mut batches, _cost) = answer.into_parts();
    let mut met = 0;
    while let Some(batch) = batches.try_next().await.map_err(|error| failed(error.into()))? {
        met += batch.num_rows();
        if met > MAX_EVENTS {
            return Err(RecordedError::TooMany { what, cap: MAX_EVENTS });
        }
        let rows = Rows::of(&batch, what)?;
        let within =
            |event: &Event<'_>| event.at_ms < question.until_ms && question.since_ms.is_none_or(|since_ms| event.at_ms >= since_ms);
        for event in (0..batch.num_rows()).filter_map(|row| rows.event(row)).filter(within) {
            take(event)?;
        }
    }
    Ok(())
}

fn sql(question: &Question<'_>) -> String {
    let names: Vec<String> = question.names.iter().map(|name| format!("'{name}'")).collect();
    let since = question.since_ms.map(|since_ms| format!("AND eventday >= '{}' ", Day::of(since_ms))).unwrap_or_default();
    format!(
        "SELECT eventtime, {} FROM cloudtrail WHERE eventcategory = 'Management' {since}AND eventday <= '{}' AND eventsource = '{}' \
         AND errorcode IS NULL AND eventname IN ({})",
        COLUMNS.join(", "),
        Day::of(question.until_ms),
        question.source,
        names.join(", ")
    )
}

/// The columns of a batch.
struct Rows<'a> {
    times: &'a TimestampMicrosecondArray,
    texts: [&'a StringArray; COLUMNS.len()],
}

impl<'a> Rows<'a> {
    fn of(batch: &'a RecordBatch, what: &'static str) -> Result<Self, RecordedError> {
        let missing = |column| RecordedError::Column { what, column };
        let text = |column| batch.column_by_name(column)?.as_any().downcast_ref::<StringArray>();
        let times = batch.column_by_name("eventtime").and_then(|column| column.as_any().downcast_ref());
        let mut texts = Vec::with_capacity(COLUMNS.len());
        for column in COLUMNS {
            texts.push(text(column).ok_or_else(|| missing(column))?);
        }
        let texts = texts.try_into().map_err(|_| missing("eventname"))?;
        Ok(Self { times: times.ok_or_else(|| missing("eventtime"))?, texts })
    }

    fn event(&self, row: usize) -> Option<Event<'a>> {
        let text = |column: &'a StringArray| column.is_valid(row).then(|| column.value(row));
        let [name, recipient, region, id, request, response, details] = self.texts;
        Some(Event {
            at_ms: self.times.is_valid(row).then(|| self.times.value(row).div_euclid(1_000))?,
            name: text(name)?,
            recipient: text(recipient).and_then(|account| account.parse().ok()),
            region: text(region),
            id: text(id)?,
            request: text(request),
            response: text(response),
            details: text(details),
        })
    }
}

/// A text as JSON; nothing where it is none.
pub(super) fn json(text: Option<&str>) -> Option<Value> {
    serde_json::from_str(text?).ok()
}

/// The text at a path of names.
pub(super) fn at<'v>(value: Option<&'v Value>, path: &[&str]) -> Option<&'v str> {
    path.iter().try_fold(value?, |value, name| value.get(name))?.as_str()
}
