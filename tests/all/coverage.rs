//! `trailkeep coverage` on archives of an invented organization: whole, with hours taken out, and with or without a roster.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use trailkeep_organization::{Account, History, Roster, State};
use trailkeep_tests::{
    command::{self, Ended},
    gzip, tree,
};

/// 2026-01-15T00:00:00Z, when the trail begins.
const START_MS: i64 = 1_768_435_200_000;
const HOUR_MS: i64 = 3_600_000;
/// Hours of the trail.
const HOURS: u64 = 6;
const WINDOW: [&str; 4] = ["--since", "2026-01-15T00:00:00Z", "--until", "2026-01-15T06:00:00Z"];
const FIRST: &str = "111122220001";
const SECOND: &str = "111122220002";

/// Two accounts in two Regions for six hours.
struct Estate {
    _directory: TempDir,
    trail: PathBuf,
    archive: PathBuf,
}

impl Estate {
    /// Its archive, after `change` was made to the trail.
    fn ingested(change: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let estate = Self { trail: directory.path().join("trail"), archive: directory.path().join("audit"), _directory: directory };
        let (trail, archive) = (estate.trail.display().to_string(), estate.archive.display().to_string());
        let sizes = ["--accounts", "2", "--regions", "2", "--hours", "6", "--events-per-hour", "60", "--seed", "3"];
        command::run(["synth", "--out", &trail].iter().chain(&sizes))?.ok()?;
        change(&estate.trail)?;
        command::run(["ingest", "--from", &trail, "--archive", &archive])?.ok()?;
        Ok(estate)
    }

    fn coverage(&self, more: &[&str]) -> Result<Ended> {
        let archive = self.archive.display().to_string();
        let arguments = ["coverage", "--archive", &archive];
        command::run(arguments.iter().chain(more))
    }

    fn told(&self, code: i32, more: &[&str]) -> Result<Value> {
        let arguments: Vec<&str> = WINDOW.iter().chain(&["--output", "json"]).chain(more).copied().collect();
        self.coverage(&arguments)?.ended(code)?.json()
    }

    /// Keeps a roster in the archive, observed a day after the trail began.
    fn keeps(&self, accounts: Vec<Account>) -> Result<()> {
        let roster = Roster::new(START_MS + 24 * HOUR_MS, "o-exampleorgid".parse()?, None, accounts)?;
        let mut history = History::default();
        history.observe(&roster)?;
        fs::create_dir_all(self.archive.join("accounts"))?;
        fs::write(self.archive.join("accounts/20260116T000000000Z.parquet"), history.write()?)?;
        Ok(())
    }
}

fn account(id: &str, state: State) -> Result<Account> {
    Ok(Account {
        id: id.parse()?,
        name: Some(format!("=name of {id}")),
        email: None,
        state,
        unit: None,
        tags: None,
        joined_ms: Some(START_MS - 24 * HOUR_MS),
        joined_method: None,
    })
}

fn both() -> Result<Vec<Account>> {
    Ok(vec![account(FIRST, State::Active)?, account(SECOND, State::Active)?])
}

/// The Regions of the trail, as its folders name them.
fn regions(archive: &Path) -> Result<Vec<String>> {
    let rows = command::query(archive, "SELECT DISTINCT region FROM sources WHERE kind = 'digest' ORDER BY region")?;
    rows.iter().map(|row| Ok(row["region"].as_str().context("a region")?.to_owned())).collect()
}

fn number(value: &Value, pointer: &str) -> Result<u64> {
    value.pointer(pointer).and_then(Value::as_u64).with_context(|| format!("no number at {pointer}: {value:#}"))
}

#[test]
fn a_whole_archive_is_covered_where_a_roster_says_who_should_deliver_and_only_there() -> Result<()> {
    let estate = Estate::ingested(|_| Ok(()))?;
    let regions = regions(&estate.archive)?.join(",");
    let assumed = ["--assume-regions", &regions];
    let observed = estate.told(1, &assumed)?;
    ensure!(observed["roster"] == *"observed" && observed["complete"] == Value::Bool(false), "{observed:#}");
    ensure!(number(&observed, "/covered_hours")? == 4 * HOURS && number(&observed, "/expected_hours")? == 4 * HOURS, "{observed:#}");
    ensure!(observed["gaps"] == serde_json::json!([]) && observed["cells"][0]["standing"] == *"unknown", "{observed:#}");
    let text = estate.coverage(&[WINDOW.as_slice(), &assumed].concat())?.ended(1)?.text();
    ensure!(text.starts_with("UNKNOWN: 24 of 24") && text.contains("observed, not the organization's roster"), "{text}");
    estate.coverage(&["--roster", "archive"])?.failed(2, &["keeps no accounts", "--refresh"])?;

    estate.keeps(both()?)?;
    let told = estate.told(0, &assumed)?;
    ensure!(told["complete"] == Value::Bool(true) && told["roster"] == *"organization" && told["percent"] == 100.0, "{told:#}");
    ensure!(number(&told, "/lag/files")? > 0 && number(&told, "/lag/p50_secs")? > 0, "{told:#}");
    let text = estate.coverage(&[WINDOW.as_slice(), &assumed].concat())?.ok()?.text();
    ensure!(text.starts_with("COVERED: 24 of 24") && text.contains("100%") && text.contains("* assumed"), "{text}");
    let csv = estate.coverage(&[WINDOW.as_slice(), &assumed, &["--output", "csv"]].concat())?.ok()?.text();
    ensure!(csv.lines().count() == 5 && csv.contains(",complete,true,6,6,100.00,0,") && csv.contains(",'=name of"), "{csv}");
    ensure!(estate.told(1, &[&assumed[..], &["--roster", "observed"]].concat())?["roster"] == *"observed");

    // Without assumed Regions those that are on by default are expected, and 15 of 17 never delivered.
    let told = estate.told(1, &[])?;
    ensure!(number(&told, "/expected_hours")? == 2 * 17 * HOURS && number(&told, "/covered_hours")? == 4 * HOURS, "{told:#}");
    ensure!(told["gaps"].as_array().is_some_and(|gaps| gaps.len() == 30 && gaps.iter().all(|gap| gap["cause"] == *"never_delivered")));
    // A roster of long before the window's end cannot know who joined since.
    let stale = [
        "coverage",
        "--archive",
        &estate.archive.display().to_string(),
        "--until",
        "2026-02-15",
        "--since",
        "2026-02-14",
        "--output",
        "json",
    ];
    let stale = command::run(stale)?.ended(1)?.json()?;
    ensure!(stale["unknown"][0].as_str().is_some_and(|reason| reason.contains("older than the end of the window")), "{stale:#}");
    Ok(())
}

#[test]
fn hours_whose_digests_are_not_there_are_gaps_with_their_times_and_likely_cause() -> Result<()> {
    let taken = |trail: &Path| -> Result<()> {
        let digests: Vec<String> = tree::read(trail)?.into_keys().filter(|key| key.contains("/CloudTrail-Digest/")).collect();
        let hours = ["_20260115T03", "_20260115T04"];
        let in_place = |key: &&String| key.contains(FIRST) && key.contains("/us-east-1/") && hours.iter().any(|hour| key.contains(hour));
        let gone: Vec<&String> = digests.iter().filter(in_place).collect();
        ensure!(gone.iter().filter(|key| key.ends_with(".json.gz")).count() == 2, "{digests:#?}");
        gone.iter().try_for_each(|key| fs::remove_file(trail.join(key)).map_err(Into::into))
    };
    let estate = Estate::ingested(taken)?;
    estate.keeps(both()?)?;
    let regions = regions(&estate.archive)?.join(",");
    let told = estate.told(1, &["--assume-regions", &regions])?;
    ensure!(number(&told, "/covered_hours")? == 4 * HOURS - 2 && told["complete"] == Value::Bool(false), "{told:#}");
    let gaps = told["gaps"].as_array().context("gaps")?;
    ensure!(gaps.len() == 1 && gaps[0]["account"] == *FIRST && gaps[0]["region"] == *"us-east-1", "{gaps:#?}");
    ensure!(gaps[0]["since"] == *"2026-01-15T02:00:00.000Z" && gaps[0]["until"] == *"2026-01-15T04:00:00.000Z", "{gaps:#?}");
    ensure!(
        gaps[0]["cause"] == *"notification_lost" && gaps[0]["open"] == Value::Bool(false),
        "log files landed, digests did not: {gaps:#?}"
    );
    let text = estate.coverage(&[WINDOW.as_slice(), &["--assume-regions", &regions]].concat())?.ended(1)?.text();
    ensure!(text.starts_with("GAPS: 1 gap; 22 of 24") && text.contains("66.6%") && text.contains("notification_lost"), "{text}");

    // What was not asked for does not count.
    estate.told(0, &["--assume-regions", &regions, "--accounts", SECOND])?;
    let other = regions.split(',').find(|region| *region != "us-east-1").context("another Region")?;
    estate.told(0, &["--assume-regions", &regions, "--regions", other])?;
    Ok(())
}

#[test]
fn who_or_what_was_asked_for_and_is_not_known_forbids_complete() -> Result<()> {
    let estate = Estate::ingested(|_| Ok(()))?;
    estate.keeps(both()?)?;
    let regions = regions(&estate.archive)?.join(",");
    for asked in [["--accounts", "111122220001,999999999999"], ["--regions", "us-east-1,eu-south-1"]] {
        let told = estate.told(1, &[&["--assume-regions", regions.as_str()][..], &asked].concat())?;
        ensure!(told["complete"] == Value::Bool(false), "{asked:?}: {told:#}");
    }
    Ok(())
}

#[test]
fn a_region_that_was_seen_before_the_window_and_is_silent_in_it_is_a_gap_and_a_backfill_digest_covers_nothing() -> Result<()> {
    let silent = |trail: &Path| -> Result<()> {
        let digests: Vec<String> = tree::read(trail)?.into_keys().filter(|key| key.contains("/CloudTrail-Digest/")).collect();
        let late = |key: &&String| {
            key.contains(FIRST) && !key.contains("/us-east-1/") && key.contains("_20260115T06") && key.ends_with(".json.gz")
        };
        let late: Vec<&String> = digests.iter().filter(late).collect();
        ensure!(late.len() == 1, "{digests:#?}");
        let backfill = late[0].replace(".json.gz", "_backfill.json.gz");
        fs::rename(trail.join(late[0]), trail.join(backfill)).map_err(Into::into)
    };
    let estate = Estate::ingested(silent)?;
    estate.keeps(both()?)?;
    let last_hour =
        ["--since", "2026-01-15T05:00:00Z", "--until", "2026-01-15T06:00:00Z", "--assume-regions", "us-east-1", "--output", "json"];
    let told = estate.coverage(&last_hour)?.ended(1)?.json()?;
    ensure!((number(&told, "/expected_hours")?, number(&told, "/covered_hours")?) == (4, 3), "{told:#}");
    Ok(())
}

#[test]
fn a_trail_that_was_stopped_is_named_with_the_event_that_did_it() -> Result<()> {
    let id = "0000beef-0000-4000-8000-000000000000";
    let stopped = |trail: &Path| -> Result<()> {
        let files = tree::read(trail)?;
        let ours = |key: &&String| key.contains(FIRST) && key.contains("/us-east-1/");
        for key in files.keys().filter(ours) {
            let hours: &[&str] =
                if key.contains("/CloudTrail-Digest/") { &["03", "04", "05", "06"] } else { &["02", "03", "04", "05", "06"] };
            if hours.iter().any(|hour| key.contains(&format!("_20260115T{hour}"))) {
                fs::remove_file(trail.join(key))?;
            }
        }
        let log = files.keys().filter(ours).find(|key| key.contains("/CloudTrail/") && key.ends_with(".json.gz")).context("a log file")?;
        let name = log.rsplit_once('/').context("a folder")?.0;
        let record = format!(
            r#"{{"Records":[{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","accountId":"{FIRST}"}},"eventTime":"2026-01-15T01:50:00Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.10","userAgent":"aws-cli/2.0","requestParameters":{{"name":"organization"}},"responseElements":null,"requestID":"{id}","eventID":"{id}","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{FIRST}","eventCategory":"Management"}}]}}"#
        );
        let key = format!("{name}/{FIRST}_CloudTrail_us-east-1_20260115T0155Z_AAAABBBBCCCCDDDD.json.gz");
        fs::write(trail.join(key), gzip::member(record.as_bytes())).context("failed to write a log file")
    };
    let estate = Estate::ingested(stopped)?;
    estate.keeps(both()?)?;
    let regions = regions(&estate.archive)?.join(",");
    let told = estate.told(1, &["--assume-regions", &regions])?;
    let gaps = told["gaps"].as_array().context("gaps")?;
    ensure!(gaps.len() == 1 && gaps[0]["cause"] == *"trail_stopped" && gaps[0]["event_id"] == *id, "{gaps:#?}");
    ensure!(gaps[0]["since"] == *"2026-01-15T02:00:00.000Z" && gaps[0]["open"] == Value::Bool(true), "{gaps:#?}");
    Ok(())
}

#[test]
fn the_roster_decides_who_is_silent_who_may_be_and_who_was_not_expected() -> Result<()> {
    let estate = Estate::ingested(|_| Ok(()))?;
    let regions = regions(&estate.archive)?.join(",");
    let assumed = ["--assume-regions", &regions];
    // One that never delivered, and one that delivers and is not on the roster.
    let joined = Account { joined_ms: Some(START_MS + 4 * HOUR_MS), ..account("111122229999", State::Active)? };
    estate.keeps(vec![account(FIRST, State::Active)?, joined, account("111122228888", State::Suspended)?])?;
    let told = estate.told(1, &assumed)?;
    let gaps: Vec<&Value> = told["gaps"].as_array().context("gaps")?.iter().filter(|gap| gap["account"] == *"111122229999").collect();
    ensure!(
        gaps.len() == 2 && gaps.iter().all(|gap| gap["since"] == *"2026-01-15T04:00:00.000Z" && gap["cause"] == *"new_account"),
        "{gaps:#?}"
    );
    let suspended = told["gaps"].as_array().into_iter().flatten().filter(|gap| gap["cause"] == *"suspended").count();
    ensure!(suspended == 2, "{told:#}");
    let unexpected = told["unexpected"].as_array().context("who was not expected")?;
    ensure!(unexpected.len() == 2 && unexpected.iter().all(|met| met["account"] == *SECOND && met["digests"] == HOURS), "{unexpected:#?}");
    // A damaged roster is not passed over for what was observed.
    fs::write(estate.archive.join("accounts/20260117T000000000Z.parquet"), b"not Parquet")?;
    estate.coverage(&WINDOW)?.failed(2, &["accounts/20260117T000000000Z.parquet"])?;
    estate.coverage(&["--since", "2026-02-01", "--until", "2026-01-01"])?.failed(2, &["--since is later"])?;
    Ok(())
}
