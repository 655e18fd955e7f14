//! `trailkeep coverage` on archives of an invented organization: whole, with hours taken out, and with or without a roster.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use trailkeep_audit::attestation::TrailConfiguration;
use trailkeep_coverage::{Asked, Recorded, Seen, look};
use trailkeep_keys::Region;
use trailkeep_local::DirectoryBucket;
use trailkeep_organization::{Account, History, Roster, State};
use trailkeep_pipeline::ports::bucket::AuditBucket;
use trailkeep_query::recorded;
use trailkeep_restore::Archive;
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
        self.keeps_observed(None, vec![(START_MS + 24 * HOUR_MS, accounts)])
    }

    /// Keeps what several observations make, of an organization with this management account.
    fn keeps_observed(&self, management: Option<&str>, observations: Vec<(i64, Vec<Account>)>) -> Result<()> {
        let mut history = History::default();
        for (observed_ms, accounts) in observations {
            let management = management.map(str::parse).transpose()?;
            history.observe(&Roster::new(observed_ms, "o-exampleorgid".parse()?, management, accounts)?)?;
        }
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
        regions: None,
        joined_ms: Some(START_MS - 24 * HOUR_MS),
        joined_method: None,
    })
}

fn both() -> Result<Vec<Account>> {
    Ok(vec![account(FIRST, State::Active)?, account(SECOND, State::Active)?])
}

/// Puts a log file with one record of AWS Organizations beside those of the first account: `at` like `0150`, its name and one more member in JSON.
fn records(trail: &Path, at: &str, name: &str, member: &str) -> Result<()> {
    let files = tree::read(trail)?;
    let ours = |key: &&String| key.contains(FIRST) && key.contains("/us-east-1/") && key.contains("/CloudTrail/");
    let log = files.keys().filter(ours).find(|key| key.ends_with(".json.gz")).context("a log file")?;
    let folder = log.rsplit_once('/').context("a folder")?.0;
    let (hour, minute) = at.split_at(2);
    let id = format!("0000cafe-0000-4000-8000-00000000{at}");
    let record = format!(
        r#"{{"Records":[{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","accountId":"{FIRST}"}},"eventTime":"2026-01-15T{hour}:{minute}:00Z","eventSource":"organizations.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.10","userAgent":"aws-cli/2.0",{member},"requestID":"{id}","eventID":"{id}","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{FIRST}","eventCategory":"Management"}}]}}"#
    );
    let key = format!("{folder}/{FIRST}_CloudTrail_us-east-1_20260115T{at}Z_AAAABBBBCCCC{at}.json.gz");
    fs::write(trail.join(key), gzip::member(record.as_bytes())).context("failed to write a log file")
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
    ensure!(text.starts_with("COVERED: 24 of 24") && text.contains(" 100 ") && text.contains("assumed: no account"), "{text}");
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
    ensure!(text.starts_with("GAPS: 1 gap; 22 of 24") && text.contains(" 66.6") && text.contains("notification_lost"), "{text}");

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
    let assumed = ["--assume-regions", regions.as_str()];
    let strange = ["--accounts", "111122220001,999999999999"];
    let elsewhere = ["--regions", "us-east-1,eu-south-1"];
    for roster in [&[][..], &["--roster", "observed"]] {
        for (asked, named) in [(strange, "whether they should deliver: 999999999999"), (elsewhere, "whether they are on: eu-south-1")] {
            let told = estate.told(1, &[&assumed[..], &asked, roster].concat())?;
            ensure!(
                told["complete"] == Value::Bool(false) && told["unknown"].to_string().contains(named),
                "{asked:?} {roster:?}: {told:#}"
            );
        }
        // Nobody knows whether it should deliver; if it should, then where everybody is assumed to.
        let told = estate.told(1, &[&assumed[..], &strange[..1], &["999999999999"], roster].concat())?;
        let gaps = told["gaps"].as_array().context("gaps")?;
        let silent: BTreeSet<&str> = gaps.iter().filter_map(|gap| gap["region"].as_str()).collect();
        ensure!(gaps.len() == 2 && silent.into_iter().eq(regions.split(',')), "{told:#}");
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

#[test]
fn a_roster_that_contradicts_the_archives_own_records_is_told_and_forbids_complete() -> Result<()> {
    let estate = Estate::ingested(|trail| {
        records(trail, "0150", "RemoveAccountFromOrganization", &format!(r#""requestParameters":{{"accountId":"{SECOND}"}}"#))?;
        let created = r#""serviceEventDetails":{"createAccountStatus":{"state":"SUCCEEDED","accountId":"111122227777"}}"#;
        records(trail, "0250", "CreateAccountResult", created)
    })?;
    estate.keeps_observed(Some(FIRST), vec![(START_MS + 24 * HOUR_MS, both()?)])?;
    let regions = regions(&estate.archive)?.join(",");
    let told = estate.told(1, &["--assume-regions", &regions])?;
    let kinds: Vec<(&str, &str)> = told["differences"]
        .as_array()
        .context("differences")?
        .iter()
        .filter_map(|difference| Some((difference["account"].as_str()?, difference["difference"].as_str()?)))
        .collect();
    ensure!(kinds == [(SECOND, "left_still_listed"), ("111122227777", "joined_not_listed")], "{told:#}");
    ensure!(told["complete"] == Value::Bool(false), "{told:#}");
    ensure!(told["differences"][0]["event_id"] == *"0000cafe-0000-4000-8000-000000000150", "{told:#}");
    let text = estate.coverage(&[WINDOW.as_slice(), &["--assume-regions", &regions]].concat())?.ended(1)?.text();
    ensure!(text.contains("left, and the roster lists it: RemoveAccountFromOrganization at 2026-01-15T01:50:00.000Z"), "{text}");

    let archive = estate.archive.display().to_string();
    let accounts = ["accounts", "--archive", &archive];
    let shown = command::run(accounts.iter().chain(&["--since", "2026-01-15", "--output", "json"]))?.ok()?.json()?;
    ensure!(shown["records"]["differences"] == told["differences"] && shown["records"]["failed"].is_null(), "{shown:#}");
    let shown = command::run(accounts.iter().chain(&["--since", "2026-01-15"]))?.ok()?.text();
    ensure!(shown.contains("contradiction") && shown.contains("joined, and the roster does not list it"), "{shown}");
    let shown = command::run(accounts.iter().chain(&["--without-records"]))?.ok()?.text();
    ensure!(!shown.contains("contradiction"), "{shown}");
    Ok(())
}

#[test]
fn when_an_account_left_and_where_it_is_enabled_is_expected_as_exactly_as_it_is_known() -> Result<()> {
    let removed = |trail: &Path| {
        records(trail, "0330", "RemoveAccountFromOrganization", &format!(r#""requestParameters":{{"accountId":"{SECOND}"}}"#))
    };
    let estate = Estate::ingested(removed)?;
    let enabled: BTreeSet<Region> = regions(&estate.archive)?.iter().map(|region| region.parse()).collect::<Result<_, _>>()?;
    let of = |id: &str| -> Result<Account> { Ok(Account { regions: Some(enabled.clone()), ..account(id, State::Active)? }) };
    let (before, after) = (START_MS - HOUR_MS, START_MS + 24 * HOUR_MS);
    estate.keeps_observed(Some(FIRST), vec![(before, vec![of(FIRST)?, of(SECOND)?]), (after, vec![of(FIRST)?])])?;
    let told = estate.told(0, &[])?;
    ensure!((number(&told, "/expected_hours")?, number(&told, "/covered_hours")?) == (2 * HOURS + 2 * 3, 2 * HOURS + 2 * 3), "{told:#}");
    ensure!(told["cells"].as_array().is_some_and(|cells| cells.iter().all(|cell| cell["assumed"] == Value::Bool(false))), "{told:#}");
    let archive = estate.archive.display().to_string();
    let shown = command::run(["accounts", "--archive", &archive, "--since", "2026-01-15", "--output", "json"])?.ok()?.json()?;
    let exact = &shown["records"]["exact"][0];
    ensure!(exact["account"] == *SECOND && exact["what"] == *"left" && exact["at"] == *"2026-01-15T03:30:00.000Z", "{shown:#}");
    ensure!(shown["accounts"][0]["regions"].as_array().map(Vec::len) == Some(2), "{shown:#}");
    Ok(())
}

#[tokio::test]
async fn a_look_that_remembers_reads_only_new_days_and_tells_the_same() -> Result<()> {
    let estate = Estate::ingested(|_| Ok(()))?;
    let bucket: Arc<dyn AuditBucket> = Arc::new(DirectoryBucket::open(&estate.archive)?);
    let archive = Archive::open(bucket).await?;
    let asked = Asked::of(Some(START_MS), Some(START_MS + HOURS as i64 * HOUR_MS), START_MS);
    let (first, seen) = look(&archive, None, Recorded::default(), &asked, Seen::default()).await?;
    ensure!(seen.accounts.len() == 2 && seen.through.is_some(), "{seen:?}");
    let (second, again) = look(&archive, None, Recorded::default(), &asked, seen.clone()).await?;
    ensure!(second.report == first.report && again == seen, "{second:?}");
    // Of a window long after, nothing of these days is read, and who was seen in them is still expected.
    let later = Asked { since_ms: START_MS + 9_000 * HOUR_MS, until_ms: START_MS + 9_010 * HOUR_MS, ..asked };
    let told = Seen { through: Some(trailkeep_audit::Day::of(later.until_ms)), ..seen };
    fs::remove_dir_all(estate.archive.join("sources"))?;
    let (silent, _) = look(&archive, None, Recorded::default(), &later, told).await?;
    ensure!(silent.report.cells.len() >= 4 && silent.report.hours().1 == 0 && !silent.complete, "{silent:?}");
    ensure!(silent.statement().gaps.len() as u64 + silent.statement().gaps_left_out >= 4, "{silent:?}");
    Ok(())
}

#[tokio::test]
async fn trails_are_configured_as_their_newest_records_say() -> Result<()> {
    let change = |trail: &Path| -> Result<()> {
        let ours = |key: &&String| key.contains(FIRST) && key.contains("/us-east-1/") && key.contains("/CloudTrail/");
        let files = tree::read(trail)?;
        let log = files.keys().filter(ours).find(|key| key.ends_with(".json.gz")).context("a log file")?;
        let folder = log.rsplit_once('/').context("a folder")?.0;
        let record = |name: &str, minute: u32, error: &str, request: &str| {
            format!(
                r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","accountId":"{FIRST}"}},"eventTime":"2026-01-15T01:{minute}:00Z","eventSource":"cloudtrail.amazonaws.com","eventName":"{name}","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.10","userAgent":"aws-cli/2.0",{error}"requestParameters":{request},"responseElements":null,"requestID":"r","eventID":"0000beef-0000-4000-8000-0000000000{minute}","readOnly":false,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{FIRST}","eventCategory":"Management"}}"#
            )
        };
        let selectors = |read: &str| format!(r#"{{"trailName":"audit","eventSelectors":[{{"readWriteType":"{read}"}}]}}"#);
        let texts = [
            record("PutEventSelectors", 10, "", &selectors("WriteOnly")),
            record("PutEventSelectors", 20, "", &selectors("All")),
            record("PutEventSelectors", 30, r#""errorCode":"AccessDenied","#, &selectors("ReadOnly")),
            record("StopLogging", 40, "", r#"{"name":"audit"}"#),
        ];
        let key = format!("{folder}/{FIRST}_CloudTrail_us-east-1_20260115T0155Z_AAAABBBBCCCCDDDD.json.gz");
        let body = format!(r#"{{"Records":[{}]}}"#, texts.join(","));
        fs::write(trail.join(key), gzip::member(body.as_bytes())).context("failed to write a log file")
    };
    let estate = Estate::ingested(change)?;
    let bucket: Arc<dyn AuditBucket> = Arc::new(DirectoryBucket::open(&estate.archive)?);
    let (half_past, end) = (START_MS + HOUR_MS + 35 * 60_000, START_MS + 24 * HOUR_MS);
    let arn = format!("arn:aws:cloudtrail:us-east-1:{FIRST}:trail/audit");
    let ours = |told: Vec<TrailConfiguration>| -> Vec<(String, String)> {
        told.into_iter().filter(|told| told.trail == arn).map(|told| (told.source, told.configuration)).collect()
    };
    let selectors = (
        "0000beef-0000-4000-8000-000000000020".to_owned(),
        r#"{"eventName":"PutEventSelectors","requestParameters":{"trailName":"audit","eventSelectors":[{"readWriteType":"All"}]}}"#
            .to_owned(),
    );
    let early = recorded::trail_configurations(Arc::clone(&bucket), half_past).await?;
    ensure!(ours(early.clone()) == [selectors.clone()], "{early:?}");
    let all = recorded::trail_configurations(Arc::clone(&bucket), end).await?;
    ensure!(ours(all.clone()).len() == 2 && ours(all.clone()).contains(&selectors), "{all:?}");
    let continued = recorded::trail_configurations_since(bucket, half_past, end, early).await?;
    ensure!(continued == all, "{continued:?}");
    Ok(())
}
