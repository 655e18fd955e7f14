//! `trailkeep-auditor` as operators run it: a newcomer's round on a directory, and a whole run on moto with a real collector.

mod acknowledging;
mod naming;
mod newcomer;
mod options;
mod outside;
mod refused;
mod whole_run;

use std::process::Command;

use anyhow::{Result, ensure};
use trailkeep_tests::command;

/// The auditor's command, with nothing of this process's environment.
fn auditor_command() -> Result<Command> {
    let binary = command::binary()?.with_file_name("trailkeep-auditor");
    ensure!(binary.is_file(), "{} is not there", binary.display());
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TRAILKEEP_") || name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.env("TRAILKEEP_LOG_FORMAT", "text");
    Ok(command)
}

/// Milliseconds that the auditor's clock must be moved by, to be at a moment of the invented trail.
fn offset_to(unix_ms: i64) -> Result<String> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok((unix_ms - i64::try_from(now.as_millis())?).to_string())
}

/// 2026-01-15T09:00:00Z: four hours after the end of an invented trail of five hours.
const NINE_MS: i64 = 1_768_435_200_000 + 9 * 3_600_000;
