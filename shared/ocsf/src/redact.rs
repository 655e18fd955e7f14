//! Redaction on the normalised side. Raw bytes are never touched.

use std::borrow::Cow;

use memchr::memmem;
use trailkeep_records::json::Value;

/// What stands in the place of a redacted value.
pub(crate) const REDACTED: &str = "REDACTED";

/// Members of `responseElements`, at any depth, that hold credentials which STS and its relatives hand out.
const CREDENTIALS: [&str; 6] = ["sessionToken", "SessionToken", "secretAccessKey", "SecretAccessKey", "secretKey", "SecretKey"];
/// What all of them contain, for a quick look.
const HINTS: [&[u8]; 2] = [b"essionToken\"", b"ecret"];

/// What a row is placed and found by: the day and category of its file, its account and Region, its event id.
const PLACES: [&[&str]; 9] = [
    &["eventTime"],
    &["timeWindow", "windowStart"],
    &["eventCategory"],
    &["eventID"],
    &["eventId"],
    &["recipientAccountId"],
    &["awsAccountId"],
    &["accountId"],
    &["awsRegion"],
];

/// Bytes to which a field may grow by redaction, so that Records keep to their cap; one that would grow further is hidden whole.
const MOST_GROWN_BYTES: usize = 1 << 20;

/// A path that cannot be redacted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedactPathError {
    /// Empty, too long, or with an empty name.
    #[error(
        "{path:?} is no redaction path: write field names with dots, [] after an array, * for any name, as in requestParameters.tags[].value"
    )]
    NoPath {
        /// The path, cut.
        path: String,
    },
    /// It covers a field without which the row could not be placed or found.
    #[error("{path:?} cannot be redacted: it covers {field}, and an event is filed and found by that")]
    Place {
        /// The path.
        path: String,
        /// The field.
        field: String,
    },
}

/// Which values are replaced by `REDACTED` in columns, `unmapped` and inline `raw_data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redaction {
    credentials: bool,
    /// Paths split at the dots; arrays' `[]` are dropped: an array is as transparent as its elements.
    paths: Vec<Vec<String>>,
}

impl Default for Redaction {
    /// Credentials in `responseElements`.
    fn default() -> Self {
        Self { credentials: true, paths: Vec::new() }
    }
}

impl Redaction {
    /// Nothing is redacted.
    pub const fn none() -> Self {
        Self { credentials: false, paths: Vec::new() }
    }

    /// Also the values at a path of the Record, such as `requestParameters.password` or `additionalEventData.*.token`.
    ///
    /// # Errors
    /// [`RedactPathError`] where the path is empty, has an empty name, or covers what a row is placed and found by: the event's time,
    /// category, id, account and Region.
    pub fn with_path(mut self, path: &str) -> Result<Self, RedactPathError> {
        let names: Vec<String> = path.split('.').map(|name| name.trim_end_matches("[]").to_owned()).collect();
        if names.iter().any(String::is_empty) || path.len() > 1024 {
            return Err(RedactPathError::NoPath { path: path.chars().take(80).collect() });
        }
        let covers = |place: &[&str]| covered(&names, place.iter().copied());
        if let Some(place) = PLACES.into_iter().find(|place| covers(place)) {
            return Err(RedactPathError::Place { path: path.to_owned(), field: place.join(".") });
        }
        self.paths.push(names);
        Ok(self)
    }

    /// Whether more than credentials may be hidden.
    pub(crate) const fn has_paths(&self) -> bool {
        !self.paths.is_empty()
    }

    /// Whether a value whose flattened path this is must be hidden.
    pub(crate) fn hides(&self, flattened: &str) -> bool {
        !self.paths.is_empty() && self.paths.iter().any(|path| covered(path, flattened.split('.').map(|name| name.trim_end_matches("[]"))))
    }

    /// A top-level field's JSON text, compact, with what must be hidden replaced.
    pub(crate) fn json<'a>(&self, field: &str, value: Value<'a>) -> Cow<'a, str> {
        let compact = value.compact();
        let credentials =
            self.credentials && field == "responseElements" && HINTS.iter().any(|hint| memmem::find(compact.as_bytes(), hint).is_some());
        let paths = below(self.paths.iter().map(Vec::as_slice), field);
        if !credentials && paths.is_empty() {
            return compact;
        }
        // What is no JSON was never split off as a Record; should it be, it is hidden whole.
        let Some(parsed) = trailkeep_records::json::parse(&compact) else { return Cow::Owned(format!("\"{REDACTED}\"")) };
        let mut out = String::with_capacity(compact.len());
        rewrite(parsed, credentials, &paths, &mut out);
        if out.len() > compact.len().max(MOST_GROWN_BYTES) {
            out = format!("\"{REDACTED}\"");
        }
        Cow::Owned(out)
    }

    /// A whole Record's JSON text, for inline `raw_data`.
    pub(crate) fn record<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.credentials && self.paths.is_empty() {
            return Cow::Borrowed(text);
        }
        let Some(record) = trailkeep_records::json::parse(text) else { return Cow::Borrowed("{}") };
        let mut out = String::with_capacity(text.len());
        let separate = |out: &mut String| out.push(if out.is_empty() { '{' } else { ',' });
        for (name, value) in record.members() {
            separate(&mut out);
            let name = name.decoded();
            push_string(&mut out, &name);
            out.push(':');
            out.push_str(&self.json(&name, value));
        }
        if out.is_empty() {
            out.push('{');
        }
        out.push('}');
        Cow::Owned(out)
    }
}

/// Whether the path names this value, or an object around it.
fn covered<'a>(path: &[String], mut names: impl Iterator<Item = &'a str>) -> bool {
    path.iter().all(|wanted| names.next().is_some_and(|name| is(wanted, name)))
}

fn is(wanted: &str, name: &str) -> bool {
    wanted == "*" || wanted == name
}

/// What is left of paths below a member, each once; one is empty where the member itself is hidden. A name with dots is taken
/// both as one name and as the path that it becomes in `unmapped`.
fn below<'p>(paths: impl Iterator<Item = &'p [String]>, member: &str) -> Vec<&'p [String]> {
    let mut left: Vec<&[String]> = Vec::new();
    for path in paths {
        let whole = path.split_first().filter(|(wanted, _)| is(wanted, member)).map(|(_, rest)| rest);
        let dotted = member.split('.').map(|name| name.trim_end_matches("[]")).try_fold(path, |rest, name| match rest.split_first() {
            Some((wanted, rest)) => is(wanted, name).then_some(rest),
            None => Some(rest),
        });
        for rest in [whole, dotted].into_iter().flatten() {
            if !left.iter().any(|known| std::ptr::eq(*known, rest)) {
                left.push(rest);
            }
        }
    }
    left
}

/// Nulls and empty texts stay: they hide nothing, and a call without an error must not become one with a hidden error.
fn hideable(value: Value<'_>) -> bool {
    !value.is_null() && value.text != "\"\""
}

fn rewrite(value: Value<'_>, credentials: bool, paths: &[&[String]], out: &mut String) {
    if paths.iter().any(|path| path.is_empty()) && hideable(value) {
        push_string(out, REDACTED);
        return;
    }
    if value.is_object() {
        let mut first = true;
        for (name, member) in value.members() {
            out.push(if first { '{' } else { ',' });
            first = false;
            let name = name.decoded();
            push_string(out, &name);
            out.push(':');
            if credentials && CREDENTIALS.contains(&name.as_ref()) && !member.is_null() {
                push_string(out, REDACTED);
            } else {
                let deeper = below(paths.iter().copied(), &name);
                rewrite(member, credentials, &deeper, out);
            }
        }
        out.push_str(if first { "{}" } else { "}" });
    } else if value.is_array() {
        let mut first = true;
        for element in value.elements() {
            out.push(if first { '[' } else { ',' });
            first = false;
            rewrite(element, credentials, paths, out);
        }
        out.push_str(if first { "[]" } else { "]" });
    } else {
        out.push_str(value.text);
    }
}

fn push_string(out: &mut String, text: &str) {
    out.push_str(&serde_json::Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(redaction: &Redaction, field: &str, text: &str) -> String {
        redaction.json(field, trailkeep_records::json::parse(text).expect("valid json")).into_owned()
    }

    #[test]
    fn credentials_are_hidden_in_response_elements_only() {
        let text = r#"{"credentials":{"accessKeyId":"ASIAEXAMPLE","sessionToken":"t","secretAccessKey":"s"},"n":1.0}"#;
        let hidden = r#"{"credentials":{"accessKeyId":"ASIAEXAMPLE","sessionToken":"REDACTED","secretAccessKey":"REDACTED"},"n":1.0}"#;
        assert_eq!(json(&Redaction::default(), "responseElements", text), hidden);
        assert_eq!(json(&Redaction::default(), "requestParameters", text), text);
        assert_eq!(json(&Redaction::none(), "responseElements", text), text);
        assert_eq!(
            Redaction::default().record(&format!(r#"{{"eventName":"x","responseElements":{text}}}"#)),
            format!(r#"{{"eventName":"x","responseElements":{hidden}}}"#)
        );
    }

    #[test]
    fn paths_go_through_arrays_and_any_name() {
        let redaction = Redaction::none()
            .with_path("requestParameters.tags[].value")
            .and_then(|r| r.with_path("requestParameters.*.pin"))
            .expect("paths");
        assert_eq!(
            json(
                &redaction,
                "requestParameters",
                r#"{"tags":[{"key":"a","value":"b"},{"value":{"x":1}}],"card":{"pin":[1,2]},"e":{},"l":[]}"#
            ),
            r#"{"tags":[{"key":"a","value":"REDACTED"},{"value":"REDACTED"}],"card":{"pin":"REDACTED"},"e":{},"l":[]}"#
        );
        assert!(Redaction::none().with_path("a..b").is_err());
        assert!(Redaction::none().with_path("").is_err());
    }

    #[test]
    fn names_with_dots_are_paths_and_names_and_nothing_stays_nothing() {
        let redaction = Redaction::none().with_path("r.a.b").and_then(|r| r.with_path("r.*.pin")).expect("paths");
        assert_eq!(
            json(&redaction, "r", r#"{"a.b":"x","a":{"b":"","b.c":1,"c":2},"x.y":{"pin":3},"z":{"pin":null}}"#),
            r#"{"a.b":"REDACTED","a":{"b":"","b.c":"REDACTED","c":2},"x.y":{"pin":"REDACTED"},"z":{"pin":null}}"#
        );
    }

    #[test]
    fn deep_paths_are_followed_once() {
        let redaction = Redaction::none().with_path(&format!("r{}", ".*".repeat(60))).expect("a path");
        let nested = |depth, inner: &str| format!("{}{inner}{}", r#"{"a.b":{"c":"#.repeat(depth), "}}".repeat(depth));
        // Each step is three names of the path.
        assert_eq!(json(&redaction, "r", &nested(25, "1")), nested(20, r#""REDACTED""#));
    }

    #[test]
    fn what_a_row_is_placed_and_found_by_cannot_be_redacted() {
        for path in ["eventTime", "eventID", "recipientAccountId", "awsRegion[]", "eventCategory", "*", "timeWindow", "*.windowStart"] {
            let refused = Redaction::none().with_path(path).expect_err(path).to_string();
            assert!(refused.contains("cannot be redacted") && refused.contains(path), "{refused}");
        }
        for path in ["*.password", "eventName", "userIdentity.accountId", "timeWindow.windowEnd", "eventTime.x"] {
            assert!(Redaction::none().with_path(path).is_ok(), "{path}");
        }
    }
}
