//! What is told of findings: one message for each change, as `docs/auditor.md` says. Where many findings of one name change alike in a round, one message
//! has their count.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trailkeep_records::time::to_rfc3339;

use crate::{
    finding::Found,
    lifecycle::{Change, State},
    names::severity,
};

/// Version of the body. Fields may be added under the same version; their meaning changes under a new one only.
const VERSION: u32 = 1;
/// Accounts and Regions that a count names at most.
const NAMED: usize = 50;

/// A message as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// JSON.
    pub body: String,
    /// Attributes for filter policies; no value is empty.
    pub attributes: Vec<(String, String)>,
    /// On FIFO topics: what must keep its order.
    pub group: String,
    /// On FIFO topics: the same for the same change.
    pub deduplication: String,
}

/// The messages of a round's changes: at most `per_name` for each name and state, one with the count beyond it.
pub fn messages(archive: &str, changes: &[Change], per_name: usize) -> Vec<Message> {
    let mut alike: BTreeMap<(&str, State), Vec<&Change>> = BTreeMap::new();
    for change in changes {
        alike.entry((change.open.found.name.as_str(), change.state)).or_default().push(change);
    }
    let mut messages = Vec::new();
    for ((name, state), changes) in alike {
        if changes.len() > per_name {
            messages.push(summary(archive, name, state, &changes));
        } else {
            messages.extend(changes.into_iter().map(|change| one(archive, change)));
        }
    }
    messages
}

fn one(archive: &str, change: &Change) -> Message {
    let (open, found) = (&change.open, &change.open.found);
    let body = json!({
        "version": VERSION,
        "archive": archive,
        "id": open.id,
        "state": change.state.as_str(),
        "at": to_rfc3339(change.at_ms),
        "name": found.name,
        "severity": severity(found),
        "account": found.account,
        "region": found.region,
        "trail": found.trail,
        "bucket": found.bucket,
        "key": found.key,
        "from": found.from_ms.and_then(to_rfc3339),
        "to": found.ended_ms().and_then(to_rfc3339),
        "count": found.count,
        "reasons": found.reasons,
        "provisional": found.provisional,
        "detail": found.detail,
        "evidence": found.evidence,
        "opened_at": to_rfc3339(open.opened_ms),
        "healing": healing(change),
    });
    let optional = [("account", &found.account), ("region", &found.region)];
    let mut attributes = attributes(found, change.state);
    attributes
        .extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone().filter(|value| !value.is_empty())?))));
    Message {
        body: body.to_string(),
        attributes,
        group: open.id.clone(),
        deduplication: format!("{}-{}-{}", open.id, change.state.as_str(), change.at_ms),
    }
}

fn healing(change: &Change) -> Value {
    let healing = &change.open.healing;
    if healing.tries() == 0 && healing.at_source.is_none() {
        return Value::Null;
    }
    let times = |all: &[i64]| all.iter().map(|at_ms| to_rfc3339(*at_ms)).collect::<Vec<Option<String>>>();
    let (asked, looked) = (times(&healing.asked_ms), times(&healing.looked_ms));
    json!({ "asked_at": asked, "looked_at": looked, "at_source": healing.at_source.map(super::heal::Presence::as_str), "given_up": healing.given_up })
}

fn summary(archive: &str, name: &str, state: State, changes: &[&Change]) -> Message {
    let at_ms = changes.iter().map(|change| change.at_ms).max().unwrap_or_default();
    let names = |of: fn(&Found) -> &Option<String>| {
        let mut names: Vec<&str> = changes.iter().filter_map(|change| of(&change.open.found).as_deref()).collect();
        names.sort_unstable();
        names.dedup();
        let all = names.len();
        names.truncate(NAMED);
        (all, names.into_iter().map(str::to_owned).collect::<Vec<String>>())
    };
    let ((account_count, accounts), (region_count, regions)) = (names(|found| &found.account), names(|found| &found.region));
    let from_ms = changes.iter().filter_map(|change| change.open.found.span_ms()).map(|(from_ms, _)| from_ms).min();
    let to_ms = changes.iter().filter_map(|change| change.open.found.span_ms()).map(|(_, to_ms)| to_ms).max();
    let to_ms = to_ms.filter(|_| !changes.iter().any(|change| change.open.found.lasting));
    let found = changes.first().map(|change| change.open.found.clone()).unwrap_or_default();
    let body = json!({
        "version": VERSION,
        "archive": archive,
        "summary": true,
        "state": state.as_str(),
        "at": to_rfc3339(at_ms),
        "name": name,
        "severity": severity(&found),
        "count": changes.len(),
        "accounts": accounts,
        "account_count": account_count,
        "regions": regions,
        "region_count": region_count,
        "from": from_ms.and_then(to_rfc3339),
        "to": to_ms.and_then(to_rfc3339),
        "detail": format!("{} findings of this name changed so in one round; each has its row in findings/", changes.len()),
    });
    let group = format!("{name}-{}", state.as_str());
    let mut attributes = attributes(&found, state);
    attributes.push(("summary".to_owned(), "true".to_owned()));
    Message { body: body.to_string(), attributes, deduplication: format!("{group}-{at_ms}"), group }
}

/// That messages of findings are told no more: there was no room for them, or they were refused again and again.
pub(crate) fn not_told(archive: &str, lost: u64, now_ms: i64) -> Message {
    let found = Found { name: "not_told".to_owned(), ..Found::default() };
    let body = json!({
        "version": VERSION,
        "archive": archive,
        "summary": true,
        "state": State::Opened.as_str(),
        "at": to_rfc3339(now_ms),
        "name": found.name,
        "severity": severity(&found),
        "count": lost,
        "detail": format!("{lost} messages of findings could not be told and are told no more; each finding has its row in findings/"),
    });
    let mut attributes = attributes(&found, State::Opened);
    attributes.push(("summary".to_owned(), "true".to_owned()));
    Message { body: body.to_string(), attributes, group: found.name.clone(), deduplication: format!("{}-{now_ms}", found.name) }
}

fn attributes(found: &Found, state: State) -> Vec<(String, String)> {
    let all = [
        ("name", found.name.clone()),
        ("state", state.as_str().to_owned()),
        ("severity", severity(found).to_owned()),
        ("provisional", found.provisional.to_string()),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::lifecycle::Open;

    fn change(name: &str, number: usize) -> Change {
        let found = Found {
            name: name.to_owned(),
            account: Some(format!("{:012}", number % 70)),
            region: Some("us-east-1".to_owned()),
            key: Some(format!("key {number}")),
            from_ms: Some(number as i64 * 1_000),
            detail: "it is not there".to_owned(),
            ..Found::default()
        };
        let open = Open::new(found.id(), found, 0);
        Change { state: State::Opened, at_ms: 1_768_440_000_000, open }
    }

    #[test]
    fn a_change_is_told_with_what_an_investigator_needs() {
        let mut told = change("missing", 1);
        told.open.healing.ask(1_768_440_000_000);
        let [message] = &messages("s3://audit", &[told.clone()], 100)[..] else { unreachable!("one") };
        let body: Value = serde_json::from_str(&message.body).unwrap();
        assert_eq!(body["version"], 1);
        assert_eq!(body["id"], told.open.id);
        assert_eq!(
            (&body["state"], &body["severity"], &body["at"]),
            (&json!("opened"), &json!("medium"), &json!("2026-01-15T01:20:00.000Z"))
        );
        assert_eq!(body["healing"]["asked_at"], json!(["2026-01-15T01:20:00.000Z"]));
        assert_eq!(body["trail"], Value::Null);
        assert!(message.attributes.contains(&("account".to_owned(), "000000000001".to_owned())));
        assert!(message.attributes.len() <= 8 && message.attributes.iter().all(|(_, value)| !value.is_empty()));
    }

    #[test]
    fn more_than_a_hundred_alike_are_one_message() {
        let mut changes: Vec<Change> = (0..101).map(|number| change("missing", number)).collect();
        changes.extend((0..100).map(|number| change("altered", number)));
        let told = messages("s3://audit", &changes, 100);
        assert_eq!(told.len(), 101);
        let summaries: Vec<Value> = told
            .iter()
            .map(|message| serde_json::from_str(&message.body).unwrap())
            .filter(|body: &Value| body["summary"] == true)
            .collect();
        let [summary] = &summaries[..] else { unreachable!("one summary") };
        assert_eq!((&summary["name"], &summary["count"], &summary["account_count"]), (&json!("missing"), &json!(101), &json!(70)));
        assert_eq!(summary["accounts"].as_array().unwrap().len(), NAMED);
        assert_eq!((&summary["from"], &summary["to"]), (&json!("1970-01-01T00:00:00.000Z"), &json!("1970-01-01T00:01:40.000Z")));
    }

    #[test]
    fn the_largest_finding_fits_into_a_message() {
        let mut large = change("digest_refused", 1);
        large.open.found = Found {
            detail: "d".repeat(9_000),
            reasons: vec!["r".repeat(9_000); 99],
            evidence: [("of".to_owned(), "e".repeat(4_000))].into(),
            key: Some("k".repeat(1_024)),
            ..large.open.found
        }
        .capped();
        let [message] = &messages("s3://audit", &[large], 100)[..] else { unreachable!("one") };
        assert!(message.body.len() < 100_000, "{}", message.body.len());
    }
}
