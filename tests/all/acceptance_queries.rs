//! The questions in `tests/queries/`: each is understood, and finds rows where it says so.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trailkeep_tests::command::{self, workspace_root};

/// A query without its comments, with the value of each `-- let NAME = SQL` in the place of `{NAME}`.
fn filled_in(archive: &Path, text: &str) -> Result<String> {
    let (mut sql, mut values) = (String::new(), Vec::<(String, String)>::new());
    for line in text.lines() {
        let line = values.iter().fold(line.to_owned(), |line, (name, value)| line.replace(name, value));
        if let Some((name, asked)) = line.strip_prefix("-- let ").and_then(|rest| rest.split_once(" = ")) {
            let rows = command::query(archive, asked)?;
            let value = rows.first().and_then(Value::as_object).and_then(|row| row.values().next());
            let value = value.and_then(Value::as_str).with_context(|| format!("no text comes of {asked}"))?;
            values.push((format!("{{{name}}}"), value.to_owned()));
        } else if !line.starts_with("--") {
            sql.push_str(&line);
            sql.push('\n');
        }
    }
    Ok(sql)
}

#[test]
fn every_acceptance_query_finds_what_it_says() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (trail, archive) = (directory.path().join("trail").display().to_string(), directory.path().join("audit"));
    let target = archive.display().to_string();
    command::run(["synth", "--out", &trail, "--accounts", "5", "--regions", "2", "--hours", "8", "--seed", "9"])?.ok()?;
    command::run(["ingest", "--from", &trail, "--archive", &target])?.ok()?;
    let mut wrong = Vec::new();
    let mut asked = 0;
    for entry in fs::read_dir(workspace_root().join("tests/queries"))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "sql") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let must_find = match text.lines().find_map(|line| line.strip_prefix("-- rows: ")) {
            Some("some") => true,
            Some("any") => false,
            other => anyhow::bail!("{}: rows: {other:?}, not some or any", path.display()),
        };
        let sql = filled_in(&archive, &text).with_context(|| format!("in {}", path.display()))?;
        let rows = command::query(&archive, &sql).with_context(|| format!("in {}", path.display()))?;
        if must_find && rows.is_empty() {
            wrong.push(path.display().to_string());
        }
        asked += 1;
    }
    ensure!(asked == 22, "{asked} queries were asked");
    ensure!(wrong.is_empty(), "no rows found: {}", wrong.join(", "));
    Ok(())
}
