//! The configuration as it is printed: every option with its value, secrets hidden.

use clap::CommandFactory as _;
use serde_json::Value;
use trailkeep_telemetry::process;

use super::args::Arguments;

/// Options whose values are not shown.
const SECRET: [&str; 4] = ["external_id", "source_external_id", "organizations_external_id", "heads_external_id"];

/// One JSON object, an entry for each option that has a value.
pub(crate) fn redacted() -> String {
    // Told from the command line and the environment, as the arguments are.
    let matches = Arguments::command().ignore_errors(true).get_matches();
    let value = |id: &str| Some(matches.get_raw(id)?.map(|value| value.to_string_lossy()).collect::<Vec<_>>().join(","));
    let command = Arguments::command();
    let ids = command.get_arguments().map(|argument| argument.get_id().as_str()).filter(|id| !["help", "version"].contains(id));
    let shown = process::redacted(ids.map(|id| (id, value(id))), &SECRET);
    Value::Object(shown).to_string()
}
