//! A reader that has seen enough (`… | head`) closes the pipe: the command ends quietly, with exit code 0.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use trailkeep_tests::command::{self, Ended};

/// Runs the command with a standard output that nobody reads any more.
fn unread(arguments: &[&str]) -> Result<Ended> {
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    let mut command = command::command(arguments)?;
    Ok(command.stdout(Stdio::from(writer)).output().context("failed to start trailkeep")?.into())
}

#[test]
fn a_closed_pipe_is_a_quiet_end() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (trail, archive) = (directory.path().join("trail").display().to_string(), directory.path().join("audit").display().to_string());
    command::run(["synth", "--out", &trail, "--accounts", "1", "--regions", "1", "--hours", "1", "--seed", "4"])?.ok()?;
    command::run(["ingest", "--from", &trail, "--archive", &archive])?.ok()?;
    let rows = command::query(directory.path().join("audit").as_path(), "SELECT source_key, event_uid FROM events LIMIT 1")?;
    let text = |name: &str| rows.first().and_then(|row| row.get(name)?.as_str()).with_context(|| format!("no {name}"));
    let (key, id) = (text("source_key")?, text("event_uid")?);
    let all = "SELECT * FROM events";
    for arguments in [
        &["query", "--archive", &archive, all][..],
        &["query", "--archive", &archive, "--output", "csv", all],
        &["query", "--archive", &archive, "--output", "json", all],
        &["query", "--archive", &archive, "--tables"],
        &["stats", "--archive", &archive],
        &["stats", "--archive", &archive, "--output", "json"],
        &["raw", "--archive", &archive, "--source", key],
        &["raw", "--archive", &archive, "--event-id", id],
        &["ingest", "--from", &trail, "--archive", &archive],
    ] {
        let ended = unread(arguments)?;
        ensure!(ended.code() == Some(0) && ended.stderr.is_empty(), "{arguments:?} ended with {}:\n{}", ended.status, ended.stderr);
    }
    Ok(())
}
