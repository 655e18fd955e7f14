//! One round on a directory with its own ledger.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use trailkeep_tests::{
    command::{self, Ended},
    tree,
};

use super::{NINE_MS, auditor_command, offset_to};

pub(super) fn synthesised(tamper: impl Fn(&Path) -> Result<()>) -> Result<TempDir> {
    let directory = tempfile::tempdir()?;
    let (trail, archive) = (directory.path().join("trail"), directory.path().join("audit"));
    let text = |path: &Path| path.display().to_string();
    let options = ["--accounts", "2", "--regions", "1", "--hours", "5", "--events-per-hour", "120", "--start", "2026-01-15T00:00:00Z"];
    let out = text(&trail);
    command::run(["synth", "--out", &out].into_iter().chain(options).chain(["--seed", "5"]))?.ok()?;
    tamper(&trail)?;
    command::run(["ingest", "--from", &out, "--archive", &text(&archive)])?.ok()?;
    Ok(directory)
}

fn once(directory: &Path) -> Result<Ended> {
    once_at(directory, NINE_MS)
}

pub(super) fn once_at(directory: &Path, at_ms: i64) -> Result<Ended> {
    let mut command = auditor_command()?;
    command.args(["--archive".as_ref(), directory.join("audit").as_os_str()]);
    command.args(["--public-keys".as_ref(), directory.join("trail/public-keys.json").as_os_str()]);
    command.args(["--without-organization", "--assume-regions", "us-east-1", "--once", "--clock-offset-ms", &offset_to(at_ms)?]);
    Ok(Ended::from(command.output()?))
}

fn findings(directory: &Path) -> Result<Vec<String>> {
    let rows = command::query(&directory.join("audit"), "SELECT name, account, change FROM findings ORDER BY at, name, account, change")?;
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    Ok(rows.iter().map(|row| format!("{} {} {}", text(row, "name"), text(row, "account"), text(row, "change"))).collect())
}

#[test]
fn a_missing_and_a_forged_file_and_the_trail_s_end_are_exactly_what_a_round_finds() -> Result<()> {
    let directory = synthesised(|trail| {
        let files = tree::read(trail)?;
        let logs: Vec<&String> =
            files.keys().filter(|key| key.contains("/CloudTrail/us-east-1/") && key.contains("111122220001")).collect();
        let (missing, like) = (logs[2], logs[4]);
        let bytes = fs::read(trail.join(like))?;
        fs::remove_file(trail.join(missing))?;
        let stem = like.trim_end_matches(".json.gz");
        let forged = format!("{}_FORGEDFORGEDFORG.json.gz", stem.rsplit_once('_').map_or(stem, |(stem, _)| stem));
        Ok(fs::write(trail.join(forged), bytes)?)
    })?;
    once(directory.path())?.ended(1)?;
    let expected = [
        // Four hours after its end the trail's two accounts are silent.
        "gap 111122220001 opened",
        "gap 111122220002 opened",
        "missing_within_grace 111122220001 opened",
        "unlisted_within_grace 111122220001 opened",
    ];
    assert_eq!(findings(directory.path())?, expected);
    once(directory.path())?.ended(1)?;
    assert_eq!(findings(directory.path())?, expected, "a second round tells nothing twice");
    Ok(())
}

/// The first example of the page, line by line as it is printed there.
#[test]
fn the_page_s_first_round_works_as_it_is_printed() -> Result<()> {
    let page = fs::read_to_string(command::workspace_root().join("docs/auditor.md"))?;
    let example = page.split("```\n").nth(1).context("the page has an example")?;
    let lines: Vec<&str> = example.lines().collect();
    ensure!(lines.len() == 4 && lines[2].starts_with("trailkeep-auditor --archive audit"), "{example}");
    let directory = tempfile::tempdir()?;
    let programs = command::binary()?.parent().context("a directory of programs")?;
    let path = format!("{}:{}", programs.display(), std::env::var("PATH")?);
    for (line, code) in lines.iter().zip([0, 0, 1, 0]) {
        let mut shell = Command::new("sh");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TRAILKEEP_") || name.starts_with("AWS_")) {
            shell.env_remove(name);
        }
        let ended = Ended::from(shell.args(["-c", line]).env("PATH", &path).current_dir(directory.path()).output()?).ended(code)?;
        if line.contains("FROM findings") {
            let text = ended.text();
            // What the page says of a trail that ended long ago.
            ensure!(text.contains("gap") && text.contains("nothing_to_verify") && text.contains("opened"), "{text}");
        }
    }
    Ok(())
}

#[test]
fn a_round_that_cannot_run_says_why_and_ends_with_2() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let archive = directory.path().join("audit");
    fs::create_dir(&archive)?;
    let mut command = auditor_command()?;
    command.args(["--archive".as_ref(), archive.as_os_str()]).args(["--without-organization", "--once"]);
    Ended::from(command.output()?).failed(2, &["is no archive"]).map(drop)
}
