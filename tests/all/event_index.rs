//! The event-id index: one event is found in the one file that has it, and what has happened to the index changes no answer.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};
use tempfile::TempDir;
use trailkeep_tests::{
    command,
    gzip::member,
    record::{event_id, log_object, record},
    tree::{self, Trail},
};

/// Batches, each of two days.
const BATCHES: u32 = 4;

/// Lands a LogObject a run, so that each run makes a Batch of its own.
fn archive(directory: &TempDir) -> Result<PathBuf> {
    let archive = directory.path().join("audit");
    let mut trail = Trail::new(directory.path().join("trail"))?;
    for batch in 0..BATCHES {
        let records =
            (0..40).map(|n| record(batch * 100 + n, "").replace("2026-03-14", if n % 2 == 0 { "2026-03-13" } else { "2026-03-14" }));
        trail.object(&member(&log_object(records)))?;
        let from_to = ["--from".as_ref(), trail.root().as_os_str(), "--archive".as_ref(), archive.as_os_str()];
        command::run(["ingest", "--bucket", "org-trail"].map(OsStr::new).into_iter().chain(from_to))?.ok()?;
    }
    Ok(archive)
}

/// What a query says of one event, and what it cost.
fn asked(archive: &Path, sql: &str) -> Result<(Vec<u8>, String)> {
    let arguments: [&OsStr; 7] = [
        "query".as_ref(),
        "--archive".as_ref(),
        archive.as_ref(),
        "--output".as_ref(),
        "json".as_ref(),
        "--explain-io".as_ref(),
        sql.as_ref(),
    ];
    let ended = command::run(arguments)?.ok()?;
    Ok((ended.stdout, ended.stderr))
}

fn raw(archive: &Path, id: &str) -> Result<Vec<u8>> {
    Ok(command::run([OsStr::new("raw"), "--archive".as_ref(), archive.as_ref(), "--event-id".as_ref(), id.as_ref()])?.ok()?.stdout)
}

#[test]
fn an_event_is_found_in_its_one_file_and_without_the_index_too() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let archive = archive(&directory)?;
    let index = archive.join("index");
    let indexes = tree::read(&index)?;
    ensure!(
        indexes.len() == BATCHES as usize && indexes.keys().all(|key| Path::new(key).extension() == Some("eid".as_ref())),
        "{:?}",
        indexes.keys()
    );

    let id = event_id(217);
    let questions = [
        format!("SELECT event_uid, eventday FROM events WHERE event_uid = '{id}'"),
        format!("SELECT eventid, eventday FROM cloudtrail WHERE eventid = '{id}'"),
    ];
    let mut answers = Vec::new();
    for sql in &questions {
        let (rows, cost) = asked(&archive, sql)?;
        ensure!(cost.contains("8 listed") && cost.contains("7 by the index") && cost.contains("1 scanned"), "{sql}\n{cost}");
        ensure!(String::from_utf8_lossy(&rows).contains("20260314"), "{}", String::from_utf8_lossy(&rows));
        answers.push(rows);
    }
    let record = raw(&archive, &id)?;

    let garbage = |bytes: &[u8]| indexes.keys().try_for_each(|key| fs::write(index.join(key), bytes));
    let spoil: [&dyn Fn() -> std::io::Result<()>; 4] =
        [&|| garbage(b""), &|| garbage(&[0; 344]), &|| garbage(&[0x55; 344]), &|| fs::remove_dir_all(&index)];
    for (number, spoil) in spoil.into_iter().enumerate() {
        spoil()?;
        for (sql, rows) in questions.iter().zip(&answers) {
            let (found, cost) = asked(&archive, sql)?;
            ensure!(found == *rows && cost.contains("0 by the index"), "{number}: {sql}\n{cost}");
        }
        ensure!(raw(&archive, &id)? == record, "{number}: another record came back");
    }
    Ok(())
}
