//! What happened to trails, and how they are configured as their own records tell.

use std::{collections::BTreeMap, sync::Arc};

use serde::de::IgnoredAny;
use trailkeep_audit::{
    attestation::TrailConfiguration,
    coverage::{TrailEvent, TrailEventKind},
};
use trailkeep_keys::AccountId;
use trailkeep_pipeline::ports::bucket::AuditBucket;

use super::{
    RecordedError,
    rows::{Event, Question, at, each, json},
};

const SOURCE: &str = "cloudtrail.amazonaws.com";
/// Events that start, stop or change what a trail records.
const CHANGES: &[&str] = &["StopLogging", "DeleteTrail", "PutEventSelectors", "UpdateTrail", "StartLogging", "CreateTrail"];
/// Events that together tell how a trail is configured.
const CONFIGURES: &[&str] =
    &["CreateTrail", "UpdateTrail", "PutEventSelectors", "PutInsightSelectors", "StartLogging", "StopLogging", "DeleteTrail"];
/// Most trails and kinds of events of one that are told.
const MAX_CONFIGURATIONS: usize = 50_000;
/// Longest text of a request or an answer that is told, in bytes. CloudTrail cuts its records at 256 KB.
const MAX_TEXT_BYTES: usize = 256 << 10;

/// Events that stopped, changed or started a trail, as likely causes of gaps: those of `since_ms` to `until_ms`, milliseconds since 1970, that succeeded.
/// What the management account does may be done to the organization's trail, and so to every account; what others do is done to their own. Give the
/// month before a window too: what stopped a trail before it explains a gap that begins with it.
///
/// # Errors
/// [`RecordedError`].
pub async fn trail_events(
    bucket: Arc<dyn AuditBucket>,
    since_ms: i64,
    until_ms: i64,
    management: Option<AccountId>,
) -> Result<Vec<TrailEvent>, RecordedError> {
    let what = "events that stopped or changed a trail";
    let question = Question { what, source: SOURCE, names: CHANGES, since_ms: Some(since_ms), until_ms };
    let mut events = Vec::new();
    each(bucket, question, |event| {
        events.extend(trail_event(&event, management));
        Ok(())
    })
    .await?;
    events.sort_by(|a, b| (a.at_ms, &a.event_id).cmp(&(b.at_ms, &b.event_id)));
    Ok(events)
}

fn trail_event(event: &Event<'_>, management: Option<AccountId>) -> Option<TrailEvent> {
    let account = event.recipient?;
    let kind = match event.name {
        "StopLogging" => TrailEventKind::StopLogging,
        "DeleteTrail" => TrailEventKind::DeleteTrail,
        "PutEventSelectors" => TrailEventKind::PutEventSelectors,
        "UpdateTrail" => TrailEventKind::UpdateTrail,
        "StartLogging" | "CreateTrail" => TrailEventKind::Started,
        _ => return None,
    };
    Some(TrailEvent {
        at_ms: event.at_ms,
        kind,
        account: (management != Some(account)).then_some(account),
        // A trail may be of one Region or of all: which, the event does not say in every form.
        region: None,
        event_id: event.id.to_owned(),
    })
}

/// How trails are configured as their own records tell, before `until_ms`, milliseconds since 1970: of each trail the newest event of each kind that
/// succeeded, from `CreateTrail` to `DeleteTrail`, with what was asked and answered, as recorded. Reads all management events that ever landed.
///
/// # Errors
/// [`RecordedError`].
pub async fn trail_configurations(bucket: Arc<dyn AuditBucket>, until_ms: i64) -> Result<Vec<TrailConfiguration>, RecordedError> {
    newest(bucket, None, until_ms, Vec::new()).await
}

/// As [`trail_configurations`], where `known` is what it gave for a time before: only events from `since_ms` on are read. Let it begin some days before
/// that time: Records arrive late.
///
/// # Errors
/// [`RecordedError`].
pub async fn trail_configurations_since(
    bucket: Arc<dyn AuditBucket>,
    since_ms: i64,
    until_ms: i64,
    known: Vec<TrailConfiguration>,
) -> Result<Vec<TrailConfiguration>, RecordedError> {
    newest(bucket, Some(since_ms), until_ms, known).await
}

async fn newest(
    bucket: Arc<dyn AuditBucket>,
    since_ms: Option<i64>,
    until_ms: i64,
    known: Vec<TrailConfiguration>,
) -> Result<Vec<TrailConfiguration>, RecordedError> {
    let what = "events that configured a trail";
    let mut newest: BTreeMap<(String, String), TrailConfiguration> = BTreeMap::new();
    for known in known {
        let told = json(Some(&known.configuration));
        let name = at(told.as_ref(), &["eventName"]).unwrap_or_default().to_owned();
        newest.insert((known.trail.clone(), name), known);
    }
    let question = Question { what, source: SOURCE, names: CONFIGURES, since_ms, until_ms };
    each(bucket, question, |event| {
        let Some(trail) = arn(&event) else { return Ok(()) };
        let key = (trail, event.name.to_owned());
        let later = |known: &TrailConfiguration| (known.recorded_at_ms, known.source.as_str()) < (event.at_ms, event.id);
        if newest.get(&key).is_none_or(later) {
            let told = TrailConfiguration {
                trail: key.0.clone(),
                recorded_at_ms: event.at_ms,
                source: event.id.to_owned(),
                configuration: configuration(&event),
            };
            newest.insert(key, told);
        }
        if newest.len() > MAX_CONFIGURATIONS {
            return Err(RecordedError::TooMany { what: "trails and their events", cap: MAX_CONFIGURATIONS });
        }
        Ok(())
    })
    .await?;
    let mut told: Vec<TrailConfiguration> = newest.into_values().collect();
    told.sort();
    Ok(told)
}

/// The trail's ARN, as the answer or the question has it, or made of the name that was asked for: trails are changed in their own Region and account.
pub(super) fn arn(event: &Event<'_>) -> Option<String> {
    let (request, response) = (json(event.request), json(event.response));
    let said = at(response.as_ref(), &["trailARN"]);
    let asked = || ["name", "trailName"].iter().find_map(|name| at(request.as_ref(), &[name]));
    let trail = said.or_else(asked)?;
    if trail.starts_with("arn:") {
        return Some(trail.to_owned());
    }
    let (region, account) = (event.region?, event.recipient?);
    let partition = match region {
        region if region.starts_with("cn-") => "aws-cn",
        region if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    Some(format!("arn:{partition}:cloudtrail:{region}:{account}:trail/{trail}"))
}

/// One JSON object; what was recorded stands in it as it was.
pub(super) fn configuration(event: &Event<'_>) -> String {
    let mut text = format!(r#"{{"eventName":{}"#, quoted(event.name));
    for (name, told) in [("requestParameters", event.request), ("responseElements", event.response)] {
        if let Some(told) = told {
            text.extend([",\"", name, "\":", &verbatim(told)]);
        }
    }
    text.push('}');
    text
}

fn verbatim(text: &str) -> String {
    if text.len() > MAX_TEXT_BYTES {
        return quoted(&format!("{} bytes, left out: read the event itself", text.len()));
    }
    // What is no JSON stands there as a text.
    if serde_json::from_str::<IgnoredAny>(text).is_ok() { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
