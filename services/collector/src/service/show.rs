//! The configuration as it is printed: every option with its value, secrets hidden.

use clap::CommandFactory as _;
use serde_json::Value;
use trailkeep_telemetry::process;

use super::args::Arguments;

/// Options whose values are not shown.
const SECRET: [&str; 1] = ["source_external_id"];

/// One JSON object, an entry for each option that has a value.
pub(crate) fn redacted(arguments: &Arguments) -> String {
    // Told from the same command line and environment that `arguments` came from.
    let matches = Arguments::command().ignore_errors(true).get_matches();
    let value = |id: &str| Some(matches.get_raw(id)?.map(|value| value.to_string_lossy()).collect::<Vec<_>>().join(","));
    let command = Arguments::command();
    let ids = command.get_arguments().map(|argument| argument.get_id().as_str()).filter(|id| !["help", "version"].contains(id));
    let mut shown = process::redacted(ids.map(|id| (id, value(id))), &SECRET);
    shown.insert("landers_in_use".to_owned(), arguments.settings().map_or(0, |settings| settings.bounds.landers).into());
    Value::Object(shown).to_string()
}
