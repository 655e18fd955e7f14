//! Insights: a Detection Finding with the baseline and what was seen beside it.

use serde_json::json;
use trailkeep_records::json::Value;

use crate::{
    columns::{Columns, Ints, Lists, Texts},
    record::filled,
};

/// Writes the finding of an Insight. `uid` names the pair of Start and End.
pub(crate) fn write(columns: &mut Columns, details: Option<Value<'_>>, uid: &str, time_ms: i64) {
    let text = |name: &str| details.and_then(|d| d.get(name)).and_then(filled);
    let kind = text("insightType");
    let subject = subject(text("eventSource").as_deref(), text("eventName").as_deref(), text("errorCode").as_deref());
    let title = format!("{}: {subject}", kind.as_deref().unwrap_or("Insight"));
    columns.text(Texts::FindingUid, uid);
    columns.text(Texts::FindingTitle, &title);
    columns.list(Lists::FindingTypes, kind.as_deref().unwrap_or("Insight"));
    columns.int(Ints::FindingCreated, time_ms);
    columns.text(Texts::AnalyticName, kind.as_deref().unwrap_or("Insight"));
    columns.list(Lists::DataSources, "CloudTrail");
    if let Some(analyses) = analyses(details, &subject) {
        columns.text(Texts::AnomalyAnalyses, &analyses);
    }
}

fn subject(source: Option<&str>, name: Option<&str>, error: Option<&str>) -> String {
    let mut subject = format!("{}:{}", source.unwrap_or("unknown"), name.unwrap_or("unknown"));
    if let Some(error) = error {
        subject.push(':');
        subject.push_str(error);
    }
    subject
}

/// `anomaly_analyses` as JSON text; numbers as CloudTrail wrote them.
fn analyses(details: Option<Value<'_>>, subject: &str) -> Option<String> {
    let statistics = details?.get("insightContext")?.get("statistics")?;
    let average = |name: &str| statistics.get(name).and_then(|s| s.get("average")).map(|value| value.text);
    let observation = |value: &str| json!([{"observation_parameter": subject, "observations": [{"value": value}]}]);
    let insight = average("insight")?;
    let mut analysis = json!({"analysis_targets": [{"name": subject, "type": "API"}], "anomalies": observation(insight)});
    if let (Some(baseline), Some(object)) = (average("baseline"), analysis.as_object_mut()) {
        object.insert("baselines".to_owned(), observation(baseline));
    }
    Some(json!([analysis]).to_string())
}
