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

/// A path that is no redaction path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{path:?} is no redaction path: write field names with dots, [] after an array, * for any name, as in requestParameters.tags[].value"
)]
pub struct RedactPathError {
    path: String,
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
    /// [`RedactPathError`] where the path is empty or has an empty name.
    pub fn with_path(mut self, path: &str) -> Result<Self, RedactPathError> {
        let names: Vec<String> = path.split('.').map(|name| name.trim_end_matches("[]").to_owned()).collect();
        if names.iter().any(String::is_empty) || path.len() > 1024 {
            return Err(RedactPathError { path: path.chars().take(80).collect() });
        }
        self.paths.push(names);
        Ok(self)
    }

    /// Whether a value whose flattened path this is must be hidden.
    pub(crate) fn hides(&self, flattened: &str) -> bool {
        !self.paths.is_empty()
            && self.paths.iter().any(|path| {
                let mut names = flattened.split('.').map(|name| name.trim_end_matches("[]"));
                // A path that names an object hides all that is below it.
                path.iter().all(|wanted| names.next().is_some_and(|name| wanted == "*" || wanted == name))
            })
    }

    /// A top-level field's JSON text, compact, with what must be hidden replaced.
    pub(crate) fn json<'a>(&self, field: &str, value: Value<'a>) -> Cow<'a, str> {
        let compact = value.compact();
        let credentials =
            self.credentials && field == "responseElements" && HINTS.iter().any(|hint| memmem::find(compact.as_bytes(), hint).is_some());
        let paths: Vec<&[String]> = self.below(field);
        if !credentials && paths.is_empty() {
            return compact;
        }
        let Some(parsed) = trailkeep_records::json::parse(&compact) else { return compact };
        let mut out = String::with_capacity(compact.len());
        rewrite(parsed, credentials, &paths, &mut out);
        Cow::Owned(out)
    }

    /// A whole Record's JSON text, for inline `raw_data`.
    pub(crate) fn record<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.credentials && self.paths.is_empty() {
            return Cow::Borrowed(text);
        }
        let Some(record) = trailkeep_records::json::parse(text) else { return Cow::Borrowed(text) };
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

    fn below(&self, field: &str) -> Vec<&[String]> {
        self.paths
            .iter()
            .filter_map(|path| path.split_first())
            .filter(|(first, _)| *first == "*" || *first == field)
            .map(|(_, rest)| rest)
            .collect()
    }
}

fn rewrite(value: Value<'_>, credentials: bool, paths: &[&[String]], out: &mut String) {
    if paths.iter().any(|path| path.is_empty()) {
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
                let deeper: Vec<&[String]> = paths
                    .iter()
                    .filter_map(|path| path.split_first())
                    .filter(|(head, _)| *head == "*" || *head == name.as_ref())
                    .map(|(_, rest)| rest)
                    .collect();
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
}
