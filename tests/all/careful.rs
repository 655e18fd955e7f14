//! What was asked wrongly, or of a damaged archive, is refused with a word on what to do, and nothing is lost or left behind.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use trailkeep_tests::{
    command::{self, Ended},
    gzip,
    record::{log_object, record},
    tree::{self, Trail},
};

/// The manifest of a Batch that no ledger knows.
const STAGED: &str = "staging/20260101T000000000Z-0123456789abcdef/manifest.json";

const BUCKET: &str = "example-trail-logs";

/// A small trail that has landed.
struct Landed {
    directory: TempDir,
    trail: PathBuf,
    archive: PathBuf,
}

impl Landed {
    fn new() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut trail = Trail::new(directory.path().join("trail"))?;
        trail.object(&gzip::member(&log_object((0..40).map(|n| record(n, "")))))?;
        let (trail, archive) = (trail.root().to_owned(), directory.path().join("audit"));
        let landed = Self { directory, trail, archive };
        landed.ingest(&[])?.ok()?;
        Ok(landed)
    }

    fn ingest(&self, more: &[&str]) -> Result<Ended> {
        let mut arguments: Vec<OsString> = ["ingest", "--bucket", BUCKET, "--output", "json", "--from"].map(OsString::from).into();
        arguments.extend([self.trail.clone().into(), "--archive".into(), self.archive.clone().into()]);
        arguments.extend(more.iter().map(OsString::from));
        command::run(arguments)
    }

    fn ask<const N: usize>(&self, name: &[&str], more: [&str; N]) -> Result<Ended> {
        let mut arguments: Vec<OsString> = name.iter().map(OsString::from).collect();
        arguments.extend(["--archive".into(), self.archive.clone().into()]);
        arguments.extend(more.iter().map(OsString::from));
        command::run(arguments)
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).display().to_string()
    }
}

#[test]
fn an_object_of_another_bucket_is_not_given() -> Result<()> {
    let landed = Landed::new()?;
    let rows = command::query(&landed.archive, "SELECT key FROM sources")?;
    let key = rows.first().and_then(|row| row.get("key")?.as_str()).context("a key")?;
    for more in ["", "copied/"] {
        let ended =
            landed.ask(&["raw"], ["--source", &format!("s3://other-bucket/{more}{key}")])?.failed(1, &["no source", "other-bucket"])?;
        ensure!(ended.stdout.is_empty(), "an object came out of another bucket");
    }
    let given = |source: &str| anyhow::Ok(landed.ask(&["raw"], ["--source", source])?.ok()?.stdout);
    let object = given(key)?;
    ensure!(!object.is_empty() && given(&format!("s3://{BUCKET}/{key}"))? == object && given(&format!("copied/{key}"))? == object);
    Ok(())
}

#[test]
fn an_answer_writes_over_nothing() -> Result<()> {
    let landed = Landed::new()?;
    let before = tree::read(&landed.archive)?;
    let (there, fresh) = (landed.path("there.csv"), landed.path("fresh.csv"));
    fs::write(&there, "mine")?;
    let ask = |to: &str, sql: &str| landed.ask(&["query"], ["--output", "csv", "--to", to, sql]);
    ask(&there, "SELECT 1")?.failed(1, &["there.csv is there already"])?;
    ensure!(fs::read_to_string(&there)? == "mine", "a file was written over");
    for inside in ["archive.json", "answer.csv", "events/new/answer.csv"] {
        ask(&landed.archive.join(inside).display().to_string(), "SELECT 1")?.failed(1, &[inside])?;
    }
    let inside = landed.archive.join("record.json").display().to_string();
    landed.ask(&["raw"], ["--event-id", "x", "--to", &inside])?.failed(1, &["lies inside the archive"])?;
    tree::same(&before, &tree::read(&landed.archive)?)?;

    ask(&fresh, "SELECT nothing FROM events")?.failed(1, &[])?;
    ask(&fresh, "SELECT 1 / (count(*) - 40) FROM events")?.failed(1, &["ivide by zero"])?;
    let names = || anyhow::Ok(fs::read_dir(landed.directory.path())?.collect::<Result<Vec<_>, _>>()?.len());
    ensure!(names()? == 3, "a failed question left a file behind");
    ask(&fresh, "SELECT count(*) AS n FROM events")?.ok()?;
    ensure!(fs::read_to_string(&fresh)? == "n\n40\n" && names()? == 4, "the answer is not alone in its place");
    Ok(())
}

#[test]
fn a_long_chain_is_answered_or_refused() -> Result<()> {
    let landed = Landed::new()?;
    let ask = |sql: String| {
        let file = landed.directory.path().join("question.sql");
        fs::write(&file, sql)?;
        landed.ask(&["query"], ["--output", "json", "--file", &file.display().to_string()])
    };
    let chain = |link: &str, times: usize| format!("SELECT count(*) AS n FROM events WHERE 1 = 0{}", link.repeat(times));
    ask(chain(" OR event_uid = 'x'", 8_000))?.failed(1, &["operators", "are the most"])?;
    ask(format!("SELECT 1{}", "+1".repeat(20_000)))?.failed(1, &["operators", "are the most"])?;
    ask(format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(3_000)))?.failed(1, &["set operations", "are the most"])?;
    ask(chain(" OR event_uid = 'x'", 1_990))?.ok()?;
    ask(chain(" OR true", 3_990))?.ok()?;
    let rows = ask(format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(499)))?.ok()?.rows()?;
    ensure!(rows.len() == 500, "{} rows", rows.len());
    Ok(())
}

#[test]
fn a_damaged_archive_leaves_its_ledger_as_it_was() -> Result<()> {
    let landed = Landed::new()?;
    let lands_nothing = || {
        let told = landed.ingest(&[])?.ok()?.json()?;
        ensure!(told.get("landed").and_then(Value::as_u64) == Some(0), "{told}");
        Ok(())
    };
    let rebuild = || landed.ask(&["ledger", "rebuild"], []);
    let aside = landed.directory.path().join("aside");
    let sources = in_sources(&landed.archive)?;
    fs::write(&sources, "no Parquet")?;
    let name = sources.file_name().context("a name")?.to_string_lossy().into_owned();
    rebuild()?.failed(1, &[&name, "is damaged", "put it aside"])?;
    lands_nothing()?;
    fs::rename(&sources, &aside)?;
    rebuild()?.ok()?;
    lands_nothing()?;

    let manifest = landed.archive.join(STAGED);
    fs::create_dir_all(manifest.parent().context("a directory")?)?;
    fs::write(&manifest, "{")?;
    rebuild()?.failed(1, &["manifest.json is damaged", "put it aside"])?;
    lands_nothing()?;
    fs::rename(&manifest, &aside)?;
    rebuild()?.ok()?;
    lands_nothing()
}

fn in_sources(archive: &Path) -> Result<PathBuf> {
    let files = tree::read(archive)?;
    let key = files.keys().find(|key| key.starts_with("sources/")).context("nothing below sources/")?;
    Ok(archive.join(key))
}

#[test]
fn beside_a_file_that_is_no_ledger_nothing_is_left() -> Result<()> {
    let landed = Landed::new()?;
    let notes = landed.path("notes.txt");
    fs::write(&notes, "no database ".repeat(1_000))?;
    let other = landed.path("other-audit");
    for (ledger, words) in
        [(notes.as_str(), "not a database"), ("/dev/null", "no regular file"), (&landed.path("trail"), "no regular file")]
    {
        let arguments = ["ingest", "--from", &landed.path("trail"), "--archive", &other, "--ledger", ledger];
        command::run(arguments)?.failed(1, &[words])?;
        for left in ["-workers", "-journal", "-wal", "-shm"] {
            ensure!(!Path::new(&format!("{ledger}{left}")).exists(), "{ledger}{left} was left behind");
        }
    }
    Ok(())
}

#[test]
fn a_log_line_has_no_colours_where_it_is_no_terminal() -> Result<()> {
    let landed = Landed::new()?;
    let manifest = landed.archive.join(STAGED);
    fs::create_dir_all(manifest.parent().context("a directory")?)?;
    fs::write(&manifest, "{")?;
    let mut ingest = command::command(["-vv", "ingest", "--bucket", BUCKET, "--from"])?;
    ingest.arg(&landed.trail).arg("--archive").arg(&landed.archive).env_remove("NO_COLOR");
    let ended = Ended::from(ingest.output()?).ok()?;
    ensure!(!ended.stderr.is_empty() && !ended.stderr.contains('\u{1b}'), "{:?}", ended.stderr);
    Ok(())
}

#[test]
fn arguments_that_do_not_go_together_are_wrong_usage() -> Result<()> {
    let (query, raw) = (["query", "--archive", "a"], ["raw", "--archive", "a"]);
    let ingest = ["ingest", "--from", "t", "--archive", "a"];
    let late = ["--since", "2026-02-02", "--until", "2026-02-01"];
    for (arguments, words) in [
        ([&query[..], &["--output", "parquet", "SELECT 1"]].concat(), "needs --to"),
        ([&query[..], &["--threads", "0", "SELECT 1"]].concat(), "--threads"),
        ([&query[..], &["--threads", "257", "SELECT 1"]].concat(), "--threads"),
        ([&raw[..], &["--all"]].concat(), "--all needs --to"),
        ([&raw[..], &["--all", "--to", "b"], &late[..]].concat(), "--since is later than --until"),
        ([&raw[..], &["--all", "--to", "b", "--bucket", ""]].concat(), "--bucket"),
        ([&ingest[..], &["--redact-path", "a..b"]].concat(), "--redact-path"),
        ([&ingest[..], &late[..]].concat(), "--since is later than --until"),
        ([&ingest[..], &["--bucket", ""]].concat(), "--bucket"),
        ([&ingest[..], &["--bucket", "s3://logs"]].concat(), "--bucket"),
    ] {
        command::run(arguments)?.failed(2, &[words])?;
    }
    Ok(())
}
