//! A message as it is shown: what it announces, and its body with nothing in it that a terminal would obey.

use std::fmt::Write as _;

use serde_json::{Value, json};
use trailkeep_notifications::{Entry, Message, parse};
use trailkeep_pipeline::ports::queue::QueueMessage;

use super::status::duration;

/// Bytes of a body that are shown unless all of it is asked for.
const BODY_BYTES: usize = 2048;
/// Objects of a message that are shown unless all of them are asked for.
const OBJECTS: usize = 20;

/// What a message says, in one word: the form of its objects, or why there are none.
pub(super) fn form(body: &str) -> &'static str {
    match parse(body).message {
        Message::Objects { form, .. } => form.as_str(),
        Message::Ignored(ignored) => ignored.as_str(),
        Message::Confirmation { kind, .. } => kind.as_str(),
        Message::Rejected { reason, .. } => reason.as_str(),
    }
}

/// A message for a program. Times in milliseconds since 1970.
pub(super) fn as_json(message: &QueueMessage, now_ms: i64, full: bool) -> Value {
    let parsed = parse(&message.body);
    let (outcome, entries) = match &parsed.message {
        Message::Objects { entries, .. } => ("objects", entries.as_slice()),
        Message::Ignored(_) => ("ignored", [].as_slice()),
        Message::Confirmation { .. } => ("confirmation", [].as_slice()),
        Message::Rejected { .. } => ("rejected", [].as_slice()),
    };
    let (reason, detail) = match &parsed.message {
        Message::Rejected { reason, detail } => (Some(reason.as_str()), Some(detail.as_str())),
        _ => (None, None),
    };
    let shown = if full { entries.len() } else { OBJECTS };
    let body = cut(&message.body, full);
    json!({
        "id": message.id,
        "receive_count": message.receive_count,
        "sent_ms": message.sent_ms,
        "age_secs": message.sent_ms.map(|sent| age_secs(sent, now_ms)),
        "outcome": outcome,
        "form": form(&message.body),
        "reason": reason,
        "detail": detail,
        "sns_envelopes": parsed.envelopes.len(),
        "traceparent": message.trace.traceparent,
        "entries": entries.iter().take(shown).map(entry).collect::<Vec<_>>(),
        "entry_count": entries.len(),
        "body": body,
        "body_bytes": message.body.len(),
        "body_cut": body.len() < message.body.len(),
    })
}

fn entry(entry: &Entry) -> Value {
    match entry {
        Entry::Object(object) => json!({
            "bucket": object.bucket,
            "key": object.key,
            "version": object.version,
            "size_bytes": object.size_bytes,
        }),
        Entry::Ignored { event_name } => json!({"ignored": event_name}),
        Entry::Rejected { reason, detail } => json!({"rejected": reason.as_str(), "detail": detail}),
    }
}

/// A message for a person.
pub(super) fn as_text(message: &QueueMessage, now_ms: i64, full: bool) -> String {
    let told = as_json(message, now_ms, full);
    let word = |name: &str| told.get(name).and_then(Value::as_str).map(escaped).unwrap_or_default();
    let age = told.get("age_secs").and_then(Value::as_u64);
    let age = age.map_or_else(|| "of unknown age".to_owned(), |secs| format!("{} old", duration(std::time::Duration::from_secs(secs))));
    let mut text = format!("{}  {}, received {}×, {age}\n", escaped(&message.id), word("form"), message.receive_count);
    // Writing to a String cannot fail.
    if !word("detail").is_empty() {
        let _ = writeln!(text, "  {}: {}", word("outcome"), word("detail"));
    }
    let entries = told.get("entries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for entry in entries {
        let word = |name: &str| entry.get(name).and_then(Value::as_str).map(escaped);
        let line = match (word("bucket"), word("key"), word("rejected"), word("ignored")) {
            (Some(bucket), Some(key), ..) => format!("s3://{bucket}/{key}"),
            (_, _, Some(reason), _) => format!("rejected, {reason}: {}", word("detail").unwrap_or_default()),
            (.., event) => format!("ignored, {}", event.unwrap_or_default()),
        };
        let _ = writeln!(text, "  {line}");
    }
    let count = told.get("entry_count").and_then(Value::as_u64).unwrap_or_default();
    if entries.len() < count as usize {
        let _ = writeln!(text, "  … and {} more; --full shows all", count as usize - entries.len());
    }
    let body = cut(&message.body, full);
    let _ = writeln!(text, "  body: {}", escaped(body));
    if body.len() < message.body.len() {
        let _ = writeln!(text, "  … {} of {} bytes; --full shows all", body.len(), message.body.len());
    }
    text
}

fn age_secs(sent_ms: i64, now_ms: i64) -> u64 {
    u64::try_from((now_ms - sent_ms) / 1000).unwrap_or_default()
}

fn cut(body: &str, full: bool) -> &str {
    if full { body } else { body.get(..body.floor_char_boundary(BODY_BYTES)).unwrap_or(body) }
}

/// Nothing that moves a cursor, changes colours or turns the direction of text: those characters as `\u{…}`.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// JSON text with the same characters as `\uXXXX`; its own escapes are left as they are.
pub(super) fn escaped_json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unsafe(character) && character != '\n' {
            // Writing to a String cannot fail; none of them lies beyond the basic plane.
            let _ = write!(shown, "\\u{:04x}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

fn is_unsafe(character: char) -> bool {
    let direction = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}');
    character.is_control() || direction || matches!(character, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use trailkeep_pipeline::ports::queue::TraceContext;

    use super::*;

    fn message(body: &str) -> QueueMessage {
        QueueMessage {
            id: "m1".to_owned(),
            receipt: "r1".to_owned(),
            body: body.to_owned(),
            receive_count: 3,
            sent_ms: Some(1_760_000_000_000),
            trace: TraceContext::default(),
        }
    }

    const NOW_MS: i64 = 1_760_000_090_500;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        let text = as_text(&message("a\u{1b}[31mred\u{9b}2J\r\n\u{202e}b ä"), NOW_MS, false);
        assert!(text.contains("body: a\\u{1b}[31mred\\u{9b}2J\\r\\n\\u{202e}b ä"), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{9b}') && !text.contains('\r'), "{text:?}");
        let json = escaped_json(&format!("{:#}\n", as_json(&message("\u{1b}[31m\u{9b}\u{202e}ä"), NOW_MS, false)));
        assert!(json.contains(r"\u001b[31m\u009b\u202eä"), "{json}");
        let read: Value = serde_json::from_str(&json).unwrap_or_default();
        assert_eq!(read["body"], "\u{1b}[31m\u{9b}\u{202e}ä");
    }

    #[test]
    fn a_long_body_is_cut_between_characters() {
        let body = "ä".repeat(2_000);
        let told = as_json(&message(&body), NOW_MS, false);
        assert_eq!(
            (told["body"].as_str().map(str::len), &told["body_cut"], &told["body_bytes"]),
            (Some(2048), &json!(true), &json!(4_000))
        );
        let odd = format!("x{body}");
        assert_eq!(as_json(&message(&odd), NOW_MS, false)["body"].as_str().map(str::len), Some(2047));
        assert_eq!(as_json(&message(&odd), NOW_MS, true)["body"], odd);
    }

    #[test]
    fn what_a_message_announces_is_told() {
        let keys: Vec<String> = (0..25).map(|number| format!("AWSLogs/{number}")).collect();
        let body = trailkeep_notifications::cloudtrail_message("example-logs", &keys);
        let told = as_json(&message(&body), NOW_MS, false);
        assert_eq!(
            (told["outcome"].as_str(), told["form"].as_str(), told["age_secs"].as_u64()),
            (Some("objects"), Some("cloudtrail"), Some(90))
        );
        assert_eq!((told["entries"].as_array().map(Vec::len), told["entry_count"].as_u64()), (Some(20), Some(25)));
        assert_eq!(told["entries"][3]["key"], "AWSLogs/3");
        let text = as_text(&message(&body), NOW_MS, false);
        assert!(text.contains("m1  cloudtrail, received 3×, 1 min 30 s old") && text.contains("s3://example-logs/AWSLogs/19"), "{text}");
        assert!(text.contains("and 5 more"), "{text}");
        assert_eq!(form("CloudTrail validation message."), "cloudtrail_validation");
        assert_eq!(as_json(&message("no JSON"), NOW_MS, false)["outcome"], "rejected");
    }
}
