//! One small archive of every archive format that was ever released. Nobody writes them again: a later release must read them as they are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trailkeep_tests::{
    command::{self, workspace_root},
    tree,
};

/// Format versions with a golden archive.
const FORMATS: [&str; 1] = ["v1"];
/// Largest golden archive, in bytes: it lies in the repository for good.
const MAX_BYTES: usize = 300_000;

fn golden(format: &str) -> PathBuf {
    workspace_root().join("tests/golden").join(format)
}

fn text(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    Ok(text.trim_end().to_owned())
}

#[test]
fn every_golden_archive_still_answers_as_it_did() -> Result<()> {
    for format in FORMATS {
        let answers: Value = serde_json::from_str(&text(&golden(format).join("answers.json"))?)?;
        for (sql, expected) in answers.as_object().context("answers.json is an object: question, answer")? {
            let found = command::query(&golden(format).join("archive"), sql)?;
            ensure!(Value::Array(found.clone()) == *expected, "format {format}, {sql}\n  now {found:?}\n  was {expected}");
        }
    }
    Ok(())
}

#[test]
fn every_golden_archive_still_gives_its_bytes_back() -> Result<()> {
    for format in FORMATS {
        let key = text(&golden(format).join("source.txt"))?;
        let archive = golden(format).join("archive").display().to_string();
        let given = command::run(["raw", "--archive", &archive, "--source", &key])?.ok()?.stdout;
        let kept = std::fs::read(golden(format).join("source.json.gz"))?;
        ensure!(given == kept, "format {format}: {key} came back differently");
    }
    Ok(())
}

#[test]
fn every_golden_archive_still_tells_its_numbers() -> Result<()> {
    for format in FORMATS {
        let archive = golden(format).join("archive").display().to_string();
        let now = command::run(["stats", "--archive", &archive, "--output", "json"])?.ok()?.json()?;
        let was: Value = serde_json::from_str(&text(&golden(format).join("stats.json"))?)?;
        for (name, value) in was.get("total").and_then(Value::as_object).context("stats.json has totals")? {
            let told = now.pointer(&format!("/total/{name}"));
            ensure!(told == Some(value), "format {format}: {name} was {value}, is {told:?}");
        }
    }
    Ok(())
}

#[test]
fn reading_a_golden_archive_does_not_change_it() -> Result<()> {
    for format in FORMATS {
        let before = tree::read(&golden(format))?;
        ensure!(before.values().map(Vec::len).sum::<usize>() <= MAX_BYTES, "the golden archive of format {format} is too large");
        let archive = golden(format).join("archive").display().to_string();
        command::run(["query", "--archive", &archive, "SELECT count(*) FROM events"])?.ok()?;
        tree::same(&before, &tree::read(&golden(format))?)?;
    }
    Ok(())
}
