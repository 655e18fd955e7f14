//! `trailkeep findings`: lists, and acknowledges what an auditor then counts apart.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use trailkeep_tests::{
    command::{self, Ended},
    tree,
};

use super::{
    NINE_MS,
    newcomer::{once_at, synthesised},
};

fn findings(directory: &Path, arguments: &[&str]) -> Result<Ended> {
    let archive = directory.join("audit").display().to_string();
    let (words, rest) = arguments.split_at(usize::from(arguments.first() == Some(&"acknowledge")));
    let all: Vec<&str> =
        ["findings"].into_iter().chain(words.iter().copied()).chain(["--archive", &archive]).chain(rest.iter().copied()).collect();
    command::run(&all)
}

fn listed(directory: &Path) -> Result<Vec<Value>> {
    let text = findings(directory, &["--open", "--output", "json"])?.ok()?.text();
    text.lines().map(|line| serde_json::from_str(line).context("a line is JSON")).collect()
}

fn one<'a>(rows: &'a [Value], name: &str) -> Result<&'a Value> {
    rows.iter().find(|row| row["name"] == name).with_context(|| format!("{name} in {rows:?}"))
}

#[test]
fn a_finding_is_listed_acknowledged_with_a_reason_and_taken_up_by_the_next_round() -> Result<()> {
    let directory = synthesised(|trail| {
        let files = tree::read(trail)?;
        let log = files.keys().filter(|key| key.contains("/CloudTrail/us-east-1/") && key.contains("111122220001")).nth(2);
        Ok(std::fs::remove_file(trail.join(log.context("a log file")?))?)
    })?;
    let at = directory.path();
    ensure!(findings(at, &[])?.ok()?.text().contains("0 findings"), "nothing is found before a round");
    once_at(at, NINE_MS)?.ended(1)?;
    let rows = listed(at)?;
    let missing = one(&rows, "missing_within_grace")?;
    ensure!(missing["state"] == "opened" && missing["evidence"]["listed_sha256"].is_string(), "{missing}");
    let id = missing["id"].as_str().context("an id")?.to_owned();
    let table = findings(at, &["--open"])?.ok()?.text();
    ensure!(table.contains(&id) && table.contains("missing_within_grace"), "{table}");
    let csv = findings(at, &["--output", "csv"])?.ok()?.text();
    ensure!(csv.starts_with("id,state,changed_at,severity,name") && csv.contains(&id), "{csv}");

    for (words, says) in [
        (vec!["acknowledge", "x", "--reason", "known"], "32 hexadecimal digits"),
        (vec!["acknowledge", &id], "--reason"),
        (vec!["acknowledge", &id, "--reason", " "], "reason is empty"),
        (vec!["acknowledge", "00000000000000000000000000000000", &id, "--reason", "known"], "no finding 0000"),
    ] {
        let refused = findings(at, &words)?;
        ensure!(refused.said().contains(says), "{words:?}: {}", refused.said());
    }
    ensure!(!at.join("audit/acknowledged").exists(), "nothing was written by what was refused");

    let said = findings(at, &["acknowledge", &id, "--reason", "the bucket's rule deleted it", "--by", "ops"])?.ok()?.text();
    ensure!(said.contains(&id) && said.contains("next round"), "{said}");
    once_at(at, NINE_MS + 3_600_000)?.ended(1)?;
    let rows = listed(at)?;
    let missing = one(&rows, "missing_within_grace")?;
    ensure!(missing["state"] == "acknowledged" && missing["evidence"]["acknowledged_by"] == "ops", "{missing}");
    ensure!(missing["evidence"]["acknowledged_because"] == "the bucket's rule deleted it", "{missing}");
    let again = findings(at, &["acknowledge", &id, "--reason", "twice"])?;
    ensure!(again.said().contains("acknowledged already"), "{}", again.said());

    // It is a finding all the same.
    let archive = at.join("audit").display().to_string();
    let keys = at.join("trail/public-keys.json").display().to_string();
    command::run(["verify", "--archive", &archive, "--public-keys", &keys])?.ended(1)?;
    Ok(())
}
