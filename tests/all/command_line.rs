//! The command line as a user meets it: from an invented trail to an archive, to answers, and back to CloudTrail's very bytes.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use trailkeep_tests::{
    command::{self, Ended},
    tree,
};

/// An invented organization and its archive.
struct Estate {
    _directory: TempDir,
    trail: PathBuf,
    archive: PathBuf,
}

impl Estate {
    fn synthesised() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let (trail, archive) = (directory.path().join("trail"), directory.path().join("audit"));
        synth(&trail, 11)?.ok()?;
        Ok(Self { _directory: directory, trail, archive })
    }

    fn ingest(&self, more: &[&str]) -> Result<Ended> {
        let mut arguments: Vec<&OsStr> =
            vec!["ingest".as_ref(), "--from".as_ref(), self.trail.as_ref(), "--archive".as_ref(), self.archive.as_ref()];
        arguments.extend(more.iter().map(OsStr::new));
        command::run(arguments)
    }

    fn ingested() -> Result<Self> {
        let estate = Self::synthesised()?;
        estate.ingest(&[])?.ok()?;
        Ok(estate)
    }

    fn run(&self, name: &str, more: &[&str]) -> Result<Ended> {
        let mut arguments: Vec<&OsStr> = vec![name.as_ref()];
        // The one command with commands of its own takes options after these.
        let own = usize::from(name == "ledger");
        arguments.extend(more.iter().take(own).map(OsStr::new));
        arguments.extend(["--archive".as_ref(), self.archive.as_os_str()]);
        arguments.extend(more.iter().skip(own).map(OsStr::new));
        command::run(arguments)
    }
}

fn synth(out: &Path, seed: u32) -> Result<Ended> {
    let seed = seed.to_string();
    let mut arguments: Vec<OsString> = vec!["synth".into(), "--out".into(), out.into()];
    arguments.extend(["--accounts", "2", "--regions", "2", "--hours", "2", "--seed", &seed].map(OsString::from));
    command::run(arguments)
}

fn count(value: &Value, pointer: &str) -> Result<u64> {
    value.pointer(pointer).and_then(Value::as_u64).with_context(|| format!("no number at {pointer}: {value}"))
}

#[test]
fn the_same_seed_makes_the_same_trail_and_another_seed_another() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let made: Vec<tree::Files> = [("a", 5), ("b", 5), ("c", 6)]
        .into_iter()
        .map(|(name, seed)| {
            let out = directory.path().join(name);
            synth(&out, seed)?.ok()?;
            tree::read(&out)
        })
        .collect::<Result<_>>()?;
    let [first, again, other] = made.as_slice() else { anyhow::bail!("three trails") };
    tree::same(first, again)?;
    ensure!(tree::same(first, other).is_err(), "two seeds made the same trail");
    Ok(())
}

#[test]
fn a_second_ingest_lands_nothing_and_says_so() -> Result<()> {
    let estate = Estate::synthesised()?;
    let first = estate.ingest(&["--output", "json"])?.ok()?.json()?;
    let landed = count(&first, "/landed")?;
    ensure!(landed > 20 && count(&first, "/duplicates")? == 0, "{first}");
    let adds_up = count(&first, "/records_landed")? + count(&first, "/records_duplicate")? + count(&first, "/records_quarantined")?;
    ensure!(count(&first, "/records")? == adds_up && adds_up > 100, "{first}");

    let before = tree::read(&estate.archive.join("sources"))?;
    let second = estate.ingest(&["--output", "json"])?.ok()?.json()?;
    ensure!(count(&second, "/landed")? == 0 && count(&second, "/duplicates")? == landed, "{second}");
    tree::same(&before, &tree::read(&estate.archive.join("sources"))?)?;

    let said = estate.ingest(&[])?.ok()?.said().to_lowercase();
    ensure!(said.contains("nothing"), "the second run does not say that nothing was landed:\n{said}");
    ensure!(!said.contains("passed over"), "the files that synth puts beside a trail are no findings:\n{said}");
    Ok(())
}

#[test]
fn a_run_that_finds_nothing_warns_of_nothing() -> Result<()> {
    let estate = Estate::ingested()?;
    for _ in 0..5 {
        let ended = estate.ingest(&[])?.ok()?;
        ensure!(ended.stderr.is_empty(), "{}", ended.stderr);
    }
    Ok(())
}

#[test]
fn a_lost_or_emptied_ledger_is_rebuilt_from_the_archive() -> Result<()> {
    let estate = Estate::ingested()?;
    let ledger = estate.archive.join(".trailkeep/ledger.sqlite");
    let sources = command::number(&estate.archive, "SELECT count(*) FROM sources")?;
    let before = tree::read(&estate.archive.join("sources"))?;
    let advice = format!(
        "trailkeep ledger rebuild --archive {} --ledger {}",
        estate.archive.display(),
        estate.archive.join(".trailkeep/ledger.sqlite").display()
    );
    let lose: [&dyn Fn() -> std::io::Result<()>; 3] = [&|| std::fs::remove_file(&ledger), &|| std::fs::write(&ledger, ""), &|| {
        std::fs::remove_dir_all(estate.archive.join(".trailkeep"))
    }];
    for (number, lose) in lose.into_iter().enumerate() {
        lose()?;
        estate.ingest(&[])?.failed(1, &[&advice])?;
        let told = estate.run("ledger", &["rebuild", "--output", "json"])?.ok()?.json()?;
        ensure!(count(&told, "/sources")? == u64::try_from(sources)? && count(&told, "/epoch")? == number as u64 + 2, "{told}");
        ensure!(count(&told, "/batches")? > 0 && told.pointer("/seconds").is_some_and(Value::is_number), "{told}");
        let again = estate.ingest(&["--output", "json"])?.ok()?.json()?;
        ensure!(count(&again, "/landed")? == 0 && count(&again, "/duplicates")? == u64::try_from(sources)?, "{again}");
    }
    tree::same(&before, &tree::read(&estate.archive.join("sources"))?)?;

    std::fs::write(&ledger, "no database ".repeat(1_000))?;
    estate.ingest(&[])?.failed(1, &["is damaged", "aside", &advice])?;
    estate.run("ledger", &["rebuild"])?.failed(1, &["is damaged", "aside"])?;
    std::fs::remove_file(&ledger)?;
    let said = estate.run("ledger", &["rebuild"])?.ok()?.text();
    ensure!(said.contains(&format!("{sources} sources in ")) && said.contains("epoch 5, in "), "{said}");
    Ok(())
}

#[test]
fn lost_sources_are_rebuilt_from_the_indexes() -> Result<()> {
    let estate = Estate::ingested()?;
    let sources = command::number(&estate.archive, "SELECT count(*) FROM sources")?;
    std::fs::remove_dir_all(estate.archive.join("sources"))?;
    let told = estate.run("ledger", &["rebuild", "--output", "json"])?.ok()?.json()?;
    ensure!(count(&told, "/reindexed")? == count(&told, "/batches")? && count(&told, "/sources")? == u64::try_from(sources)?, "{told}");
    ensure!(command::number(&estate.archive, "SELECT count(*) FROM sources WHERE outcome IN ('indexed', 'kept')")? == sources, "{told}");
    let again = estate.ingest(&["--output", "json"])?.ok()?.json()?;
    ensure!(count(&again, "/landed")? == 0, "{again}");
    Ok(())
}

#[test]
fn a_ledger_is_not_rebuilt_while_another_process_works_on_the_archive() -> Result<()> {
    let estate = Estate::ingested()?;
    let rebuild = || estate.run("ledger", &["rebuild"]);
    // What a process holds that writes to the archive, and what one holds that has the ledger open.
    let archive = std::fs::File::open(&estate.archive)?;
    archive.lock_shared()?;
    rebuild()?.failed(1, &["another process writes to", "run this again"])?;
    drop(archive);
    let entry = std::fs::File::create(estate.archive.join(".trailkeep/ledger.sqlite-workers/ingest-0123"))?;
    entry.lock()?;
    rebuild()?.failed(1, &["another process works with the ledger", "ingest-0123"])?;
    drop(entry);
    rebuild()?.ok()?;
    Ok(())
}

#[test]
fn what_is_no_archive_has_no_ledger_to_rebuild() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (empty, nowhere) = (directory.path().to_owned(), directory.path().join("nowhere"));
    for (archive, words) in [(&empty, "is no archive"), (&nowhere, "nowhere")] {
        command::run(["ledger".as_ref(), "rebuild".as_ref(), "--archive".as_ref(), archive.as_os_str()])?.failed(1, &[words])?;
    }
    ensure!(std::fs::read_dir(&empty)?.next().is_none(), "a refused rebuild wrote something");
    Ok(())
}

#[test]
fn keys_and_locks_are_for_archives_on_s3() -> Result<()> {
    let estate = Estate::synthesised()?;
    estate.ingest(&["--kms-key-id", "alias/audit"])?.failed(1, &["--kms-key-id", "is a directory"])?;
    let lock = ["--object-lock-mode", "governance", "--object-lock-years", "7"];
    estate.ingest(&lock)?.failed(1, &["--object-lock-mode", "is a directory"])?;
    ensure!(!estate.archive.exists(), "a refused run made an archive");
    Ok(())
}

#[test]
fn a_dry_run_writes_nothing() -> Result<()> {
    let estate = Estate::synthesised()?;
    let planned = estate.ingest(&["--dry-run", "--output", "json"])?.ok()?.json()?;
    ensure!(planned.as_object().is_some_and(|plan| !plan.is_empty()), "{planned}");
    ensure!(!estate.archive.exists(), "a dry run made {}", estate.archive.display());
    Ok(())
}

#[test]
fn every_object_is_a_source_and_every_record_an_event() -> Result<()> {
    let estate = Estate::ingested()?;
    let files = tree::read(&estate.trail)?;
    let objects = files.keys().filter(|key| key.contains("/CloudTrail") && !key.ends_with(".metadata.json")).count();
    ensure!(command::number(&estate.archive, "SELECT count(*) FROM sources")? == i64::try_from(objects)?, "{objects} objects in the trail");
    let events = command::number(&estate.archive, "SELECT count(*) FROM events")?;
    ensure!(events == command::number(&estate.archive, "SELECT sum(landed) FROM sources")?, "{events} events");
    ensure!(events == command::number(&estate.archive, "SELECT count(*) FROM cloudtrail")? || events > 0, "{events} events");
    let unread = "SELECT count(*) FROM sources WHERE kind <> 'digest' AND outcome <> 'landed'";
    ensure!(command::number(&estate.archive, unread)? == 0, "synth makes nothing that cannot be read");
    Ok(())
}

#[test]
fn every_object_comes_back_byte_for_byte() -> Result<()> {
    let estate = Estate::ingested()?;
    let restored = estate.archive.with_file_name("restored");
    let to = restored.to_str().context("a path in UTF-8")?;
    estate.run("raw", &["--all", "--to", to])?.ok()?;
    let mut expected = tree::read(&estate.trail)?;
    // Public keys lie beside the trail; CloudTrail never delivers them.
    expected.retain(|key, _| key.contains("AWSLogs/"));
    let found = tree::read(&restored)?;
    let log_objects = |files: &tree::Files| {
        files.iter().filter(|(key, _)| !key.ends_with(".metadata.json")).map(|(k, v)| (k.clone(), v.clone())).collect()
    };
    tree::same(&log_objects(&expected), &log_objects(&found))?;
    for (key, sidecar) in expected.iter().filter(|(key, _)| key.ends_with(".metadata.json")) {
        let given: Value = serde_json::from_slice(found.get(key).with_context(|| format!("{key} was not restored"))?)?;
        ensure!(given == serde_json::from_slice::<Value>(sidecar)?, "{key} was restored differently: {given}");
    }
    Ok(())
}

#[test]
fn one_object_and_one_record_come_back_byte_for_byte() -> Result<()> {
    let estate = Estate::ingested()?;
    let rows = command::query(&estate.archive, "SELECT source_key, event_uid FROM events ORDER BY event_uid LIMIT 1")?;
    let text = |column: &str| rows.first().and_then(|row| row.get(column)?.as_str()).with_context(|| format!("no {column}"));
    let (key, event_id) = (text("source_key")?, text("event_uid")?);
    let object = estate.run("raw", &["--source", key])?.ok()?.stdout;
    ensure!(object == std::fs::read(estate.trail.join(key))?, "{key} came back differently");
    let record: Value = estate.run("raw", &["--event-id", event_id])?.ok()?.json()?;
    ensure!(record.get("eventID").and_then(Value::as_str) == Some(event_id), "{record}");
    Ok(())
}

#[test]
fn what_is_not_in_the_archive_is_said_to_be_missing() -> Result<()> {
    let estate = Estate::ingested()?;
    estate.run("raw", &["--source", "AWSLogs/111122223333/CloudTrail/nowhere.json.gz"])?.failed(1, &["nowhere.json.gz"])?;
    estate.run("raw", &["--event-id", "00000000-0000-0000-0000-00000000dead"])?.failed(1, &["dead"])?;
    Ok(())
}

#[test]
fn a_query_answers_in_four_formats() -> Result<()> {
    let estate = Estate::ingested()?;
    let sql = "SELECT category, count(*) AS n FROM events GROUP BY category ORDER BY category";
    let rows = estate.run("query", &["--output", "json", sql])?.ok()?.rows()?;
    ensure!(rows.iter().any(|row| row.get("category").and_then(Value::as_str) == Some("management")), "{rows:?}");

    let csv = estate.run("query", &["--output", "csv", sql])?.ok()?.text();
    ensure!(csv.lines().next() == Some("category,n") && csv.lines().count() == rows.len() + 1, "{csv}");

    let table = estate.run("query", &["--output", "table", sql])?.ok()?.text();
    ensure!(table.contains("management") && table.contains("category"), "{table}");

    let file = estate.archive.with_file_name("answer.parquet");
    estate.run("query", &["--output", "parquet", "--to", file.to_str().context("a path in UTF-8")?, sql])?.ok()?;
    let parquet = std::fs::read(file)?;
    ensure!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"), "no Parquet file came out");
    Ok(())
}

#[test]
fn cloudtrail_lakes_own_column_names_answer() -> Result<()> {
    let estate = Estate::ingested()?;
    let sql = "SELECT eventname, useridentity.type AS t, awsregion, recipientaccountid, eventtime FROM cloudtrail WHERE eventsource = 'sts.amazonaws.com' LIMIT 5";
    let rows = command::query(&estate.archive, sql)?;
    ensure!(!rows.is_empty() && rows.iter().all(|row| row.get("eventname").is_some_and(Value::is_string)), "{rows:?}");
    Ok(())
}

#[test]
fn a_mistyped_column_is_answered_with_a_hint_not_a_stack() -> Result<()> {
    let estate = Estate::ingested()?;
    estate.run("query", &["SELECT evntname FROM cloudtrail"])?.failed(1, &["evntname"])?;
    estate.run("query", &["SELEKT 1"])?.failed(1, &[])?;
    Ok(())
}

#[test]
fn a_query_cannot_write() -> Result<()> {
    let estate = Estate::ingested()?;
    let before = tree::read(&estate.archive)?;
    let target = estate.archive.with_file_name("stolen.parquet");
    for sql in [
        format!("COPY (SELECT 1) TO '{}'", target.display()),
        "CREATE TABLE t AS SELECT 1".to_owned(),
        "INSERT INTO events SELECT * FROM events".to_owned(),
        "DROP TABLE events".to_owned(),
    ] {
        estate.run("query", &[&sql])?.failed(1, &[])?;
    }
    ensure!(!target.exists(), "a query wrote {}", target.display());
    tree::same(&before, &tree::read(&estate.archive)?)
}

#[test]
fn stats_tell_what_the_archive_holds() -> Result<()> {
    let estate = Estate::ingested()?;
    let stats = estate.run("stats", &["--output", "json"])?.ok()?.json()?;
    ensure!(stats.as_object().is_some_and(|stats| stats.len() > 3), "{stats}");
    let told = stats.to_string();
    let events = command::number(&estate.archive, "SELECT count(*) FROM events")?.to_string();
    ensure!(told.contains(&events), "the number of events, {events}, is not in {told}");
    let shown = estate.run("stats", &[])?.ok()?.text();
    for word in ["raw", "events", "sources"] {
        ensure!(shown.contains(word), "{word} is missing in:\n{shown}");
    }
    Ok(())
}

#[test]
fn stats_tell_every_account_region_and_day() -> Result<()> {
    let estate = Estate::ingested()?;
    let stats = estate.run("stats", &["--output", "json"])?.ok()?.json()?;
    let days = stats.get("account_region_days").and_then(Value::as_array).context("no account_region_days")?;
    ensure!(days.len() as u64 == count(&stats, "/total/account_region_days")? && days.len() >= 4, "{stats}");
    for name in ["log_objects", "stored_bytes", "records", "landed", "duplicates"] {
        let sum = days.iter().map(|day| count(day, &format!("/{name}"))).sum::<Result<u64>>()?;
        ensure!(sum == count(&stats, &format!("/total/{name}"))?, "{name} adds up to {sum}: {stats}");
    }
    let first = days.first().context("a day")?;
    let text = |name: &str| first.get(name).and_then(Value::as_str).with_context(|| format!("no {name}: {first}"));
    let sql = format!(
        "SELECT sum(records) FROM sources WHERE kind <> 'digest' AND account = '{}' AND region = '{}' AND to_char(delivered_at, '%Y%m%d') = '{}'",
        text("account")?,
        text("region")?,
        count(first, "/day")?
    );
    ensure!(command::number(&estate.archive, &sql)? == i64::try_from(count(first, "/records")?)?, "{first}");
    Ok(())
}

#[test]
fn every_command_teaches_with_help() -> Result<()> {
    let expected: [(&[&str], &[&str]); 9] = [
        (&["--help"], &["ingest", "ledger", "query", "raw", "stats", "synth", "Exit codes", "Example"]),
        (&["ingest", "--help"], &["--kms-key-id", "--object-lock-mode", "--object-lock-years", "--object-lock-days", "Exit codes"]),
        (&["ledger", "--help"], &["rebuild"]),
        (&["ledger", "rebuild", "--help"], &["--archive", "--ledger", "--kms-key-id", "--output", "epoch", "Exit codes", "Example"]),
        (&["ingest", "--help"], &["--from", "--archive", "--threads", "--since", "--until", "--dry-run", "--bucket", "s3://", "--output"]),
        (&["query", "--help"], &["--archive", "--output", "events", "sources", "quarantine", "cloudtrail"]),
        (&["raw", "--help"], &["--source", "--event-id", "--all", "--to", "--restore"]),
        (&["stats", "--help"], &["--archive", "--output"]),
        (&["synth", "--help"], &["--out", "--accounts", "--regions", "--hours", "--seed"]),
    ];
    for (arguments, words) in expected {
        let help = command::run(arguments)?.ok()?.text();
        for word in words {
            ensure!(help.contains(word), "{word} is missing in trailkeep {}:\n{help}", arguments.join(" "));
        }
    }
    Ok(())
}

#[test]
fn wrong_usage_ends_with_exit_code_2() -> Result<()> {
    for arguments in [
        vec![],
        vec!["frobnicate"],
        vec!["ingest"],
        vec!["query", "--archive"],
        vec!["synth", "--out", "x", "--accounts", "many"],
        vec!["ledger"],
        vec!["ledger", "rebuild"],
        vec!["ingest", "--from", "x", "--archive", "s3://audit", "--object-lock-mode", "governance"],
        vec!["ingest", "--from", "x", "--archive", "s3://audit", "--object-lock-years", "7"],
        vec!["ingest", "--from", "x", "--archive", "s3://audit", "--kms-key-id", "my key"],
    ] {
        let ended = command::run(&arguments)?;
        ensure!(ended.code() == Some(2), "{arguments:?} ended with {}:\n{}", ended.status, ended.said());
    }
    Ok(())
}
