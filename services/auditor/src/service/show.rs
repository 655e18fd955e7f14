//! The configuration as it is printed: every option with its value, secrets hidden.

use clap::CommandFactory as _;
use serde_json::{Map, Value};

use super::args::Arguments;

/// Options whose values are not shown.
const SECRET: [&str; 4] = ["external_id", "source_external_id", "organizations_external_id", "heads_external_id"];

/// One JSON object, an entry for each option that has a value.
pub(crate) fn redacted() -> String {
    // Told from the command line and the environment, as the arguments are.
    let matches = Arguments::command().ignore_errors(true).get_matches();
    let mut shown = Map::new();
    for argument in Arguments::command().get_arguments() {
        let id = argument.get_id().as_str();
        if ["help", "version"].contains(&id) {
            continue;
        }
        let Some(values) = matches.get_raw(id) else {
            shown.insert(id.to_owned(), Value::Null);
            continue;
        };
        let text: Vec<String> = values.map(|value| value.to_string_lossy().into_owned()).collect();
        let text = if SECRET.contains(&id) { "redacted".to_owned() } else { without_password(&text.join(",")) };
        shown.insert(id.to_owned(), Value::String(text));
    }
    Value::Object(shown).to_string()
}

/// A URL without what stands between `//` and `@`.
fn without_password(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('@') {
            Some((user, host)) if !user.contains('/') => format!("{scheme}://redacted@{host}"),
            _ => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_not_shown() {
        assert_eq!(without_password("http://me:secret@host:1/q"), "http://redacted@host:1/q");
        assert_eq!(
            without_password("https://sqs.eu-central-1.amazonaws.com/111122223333/q@x"),
            "https://sqs.eu-central-1.amazonaws.com/111122223333/q@x"
        );
        assert_eq!(without_password("plain"), "plain");
    }
}
