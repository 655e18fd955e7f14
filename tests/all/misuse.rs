//! Wrong places, full disks, two at once, killed and interrupted: a clear message, an exit code, nothing lost, nothing twice,
//! and a run afterwards that completes.

use std::{
    ffi::OsString,
    fs,
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use trailkeep_tests::{
    command::{self, Ended},
    gzip,
    not_run::not_run,
    record::{log_object, record},
    tree::Trail,
};

const BUCKET: &str = "example-trail-logs";

/// A small trail, a place for its archive.
struct Place {
    directory: TempDir,
    trail: PathBuf,
    archive: PathBuf,
    objects: i64,
    records: i64,
}

impl Place {
    /// A trail with the given number of objects of 40 records each.
    fn with(objects: u32) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut trail = Trail::new(directory.path().join("trail"))?;
        for object in 0..objects {
            let records = (0..40)
                .map(|n| record(object * 40 + n, &format!(r#","apiVersion":"{:08x}""#, (object * 40 + n).wrapping_mul(2_654_435_761))));
            trail.object(&gzip::member(&log_object(records)))?;
        }
        let (root, archive) = (trail.root().to_owned(), directory.path().join("audit"));
        Ok(Self { directory, trail: root, archive, objects: objects.into(), records: i64::from(objects) * 40 })
    }

    fn arguments(&self) -> Vec<OsString> {
        ingest(&self.trail, &self.archive)
    }

    fn ingest(&self) -> Result<Ended> {
        command::run(self.arguments())
    }

    /// Every object is a source once, every record an event once.
    fn holds_everything_once(&self) -> Result<()> {
        let number = |sql: &str| command::number(&self.archive, sql);
        let (sources, distinct) = (number("SELECT count(*) FROM sources")?, number("SELECT count(DISTINCT key) FROM sources")?);
        ensure!((sources, distinct) == (self.objects, self.objects), "{sources} sources, {distinct} keys, expected {}", self.objects);
        let (events, distinct) = (number("SELECT count(*) FROM events")?, number("SELECT count(DISTINCT event_uid) FROM events")?);
        ensure!((events, distinct) == (self.records, self.records), "{events} events, {distinct} ids, expected {}", self.records);
        Ok(())
    }
}

fn ingest(from: &Path, archive: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["ingest", "--bucket", BUCKET, "--from"].map(OsString::from).into();
    arguments.extend([from.into(), "--archive".into(), archive.into()]);
    arguments
}

#[test]
fn a_missing_source_is_named() -> Result<()> {
    let place = Place::with(1)?;
    let nowhere = place.directory.path().join("nowhere");
    command::run(ingest(&nowhere, &place.archive))?.failed(1, &["nowhere"])?;
    ensure!(!place.archive.exists(), "a run without a source made an archive");
    Ok(())
}

#[test]
fn an_archive_on_s3_without_a_ledger_is_refused_before_anything_is_asked_of_aws() -> Result<()> {
    let place = Place::with(1)?;
    let trail = place.trail.display().to_string();
    for arguments in [
        vec!["ingest", "--from", &trail, "--archive", "s3://example-audit"],
        vec!["ingest", "--from", "s3://example-trail-logs", "--archive", "s3://example-audit"],
        vec!["ingest", "--from", &trail, "--archive", "s3://example-audit", "--dry-run"],
        vec!["ledger", "rebuild", "--archive", "s3://example-audit"],
    ] {
        let ended = command::run(arguments)?.failed(1, &["an archive on S3 needs a ledger"])?;
        ensure!(ended.stderr.lines().count() == 1, "more is said than what is wrong:\n{}", ended.stderr);
    }
    Ok(())
}

#[test]
fn a_missing_archive_is_named_by_every_reader() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let archive = directory.path().join("no-archive").display().to_string();
    for arguments in [
        vec!["query", "--archive", &archive, "SELECT 1"],
        vec!["stats", "--archive", &archive],
        vec!["raw", "--archive", &archive, "--event-id", "x"],
    ] {
        command::run(arguments)?.failed(1, &["no-archive"])?;
    }
    Ok(())
}

#[test]
fn a_directory_that_is_no_archive_is_not_read_as_one() -> Result<()> {
    let place = Place::with(1)?;
    let trail = place.trail.display().to_string();
    command::run(["query", "--archive", &trail, "SELECT count(*) FROM events"])?.failed(1, &[&trail])?;
    Ok(())
}

#[test]
fn what_else_lies_in_the_archives_directory_is_left_alone() -> Result<()> {
    let place = Place::with(1)?;
    fs::create_dir(&place.archive)?;
    fs::write(place.archive.join("thesis.txt"), "mine")?;
    place.ingest()?.ok()?;
    ensure!(fs::read_to_string(place.archive.join("thesis.txt"))? == "mine", "somebody's file is gone");
    place.holds_everything_once()
}

#[test]
fn source_and_archive_may_not_lie_in_each_other() -> Result<()> {
    let place = Place::with(1)?;
    let inside = place.trail.join("audit");
    for (from, archive) in [(&place.trail, &place.trail), (&place.trail, &inside), (&place.trail.join("AWSLogs"), &place.trail)] {
        command::run(ingest(from, archive))?.failed(1, &["trail"])?;
    }
    ensure!(!inside.exists() && !place.trail.join("archive.json").exists(), "an archive was made in the source");
    Ok(())
}

#[test]
fn an_archive_of_a_newer_version_is_left_alone() -> Result<()> {
    let place = Place::with(1)?;
    place.ingest()?.ok()?;
    let path = place.archive.join("archive.json");
    let newer = fs::read_to_string(&path)?.replacen(r#""format": 1"#, r#""format": 99"#, 1).replacen(r#""format":1"#, r#""format":99"#, 1);
    ensure!(newer.contains("99"), "archive.json has no format: {newer}");
    fs::write(&path, newer)?;
    let archive = place.archive.display().to_string();
    place.ingest()?.failed(1, &["99", "newer"])?;
    command::run(["query", "--archive", &archive, "SELECT count(*) FROM events"])?.failed(1, &["99"])?;
    command::run(["stats", "--archive", &archive])?.failed(1, &["99"])?;
    Ok(())
}

#[test]
fn an_archive_that_may_not_be_written_is_named() -> Result<()> {
    let place = Place::with(1)?;
    let locked = place.directory.path().join("locked");
    fs::create_dir(&locked)?;
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555))?;
    let Some(mut command) = unprivileged()? else {
        return not_run("an archive that may not be written", "setpriv could not drop the capabilities of root");
    };
    command.arg(command::binary()?).args(ingest(&place.trail, &locked.join("audit")));
    Ended::from(command.output()?).failed(1, &["locked"])?;
    place.ingest()?.ok()?;
    place.holds_everything_once()
}

#[test]
fn a_source_that_may_not_be_read_is_tried_again_later() -> Result<()> {
    let place = Place::with(3)?;
    let key = place.trail.join("AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/14");
    let object = fs::read_dir(&key)?.next().context("an object")??.path();
    fs::set_permissions(&object, fs::Permissions::from_mode(0o000))?;
    let Some(mut command) = unprivileged()? else {
        return not_run("a source that may not be read", "setpriv could not drop the capabilities of root");
    };
    let ended = Ended::from(command.arg(command::binary()?).args(place.arguments()).output()?);
    ensure!(ended.code() == Some(3), "expected exit code 3, got {}:\n{}", ended.status, ended.said());
    fs::set_permissions(&object, fs::Permissions::from_mode(0o644))?;
    place.ingest()?.ok()?;
    place.holds_everything_once()
}

/// A command that runs another one with no more rights than file modes give; `None` where root cannot shed its own.
fn unprivileged() -> Result<Option<Command>> {
    let probe = tempfile::tempdir()?;
    fs::set_permissions(probe.path(), fs::Permissions::from_mode(0o555))?;
    if fs::write(probe.path().join("probe"), "").is_err() {
        return Ok(Some(Command::new("env")));
    }
    let shed = || {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set", "-all", "--inh-caps", "-all"]).stdin(Stdio::null());
        command
    };
    let denied = shed().arg("touch").arg(probe.path().join("probe2")).stderr(Stdio::null()).status();
    Ok(denied.is_ok_and(|status| !status.success()).then(shed))
}

#[test]
fn a_file_that_cannot_grow_fails_the_run_and_the_next_completes() -> Result<()> {
    let place = Place::with(200)?;
    // Blocks of 1,024 bytes. The ledger fits, the events do not.
    let script = r#"trap '' XFSZ; ulimit -f 160; exec "$0" "$@""#;
    let limited =
        Command::new("bash").args(["-c", script]).arg(command::binary()?).args(place.arguments()).stdin(Stdio::null()).output()?;
    Ended::from(limited).failed(1, &[])?;
    place.ingest()?.ok()?;
    place.holds_everything_once()
}

#[test]
fn a_full_disk_fails_the_run_and_the_next_completes() -> Result<()> {
    let mut place = Place::with(200)?;
    let disk = place.directory.path().join("disk");
    fs::create_dir(&disk)?;
    place.archive = disk.join("audit");
    let kept = place.directory.path().join("kept");
    let script = r#"set -u
        mount -t tmpfs -o size=700k none "$1" || exit 77
        "$2" ingest --bucket "$3" --from "$4" --archive "$1/audit"
        echo "first=$?"
        mount -o remount,size=256m "$1" || exit 77
        "$2" ingest --bucket "$3" --from "$4" --archive "$1/audit"
        echo "second=$?"
        cp -a "$1/audit" "$5""#;
    let mut namespace = Command::new("unshare");
    namespace.args(["--user", "--map-root-user", "--mount", "bash", "-c", script, "bash"]).arg(&disk).arg(command::binary()?).arg(BUCKET);
    let Ok(output) = namespace.arg(&place.trail).arg(&kept).stdin(Stdio::null()).output() else {
        return not_run("a full disk", "there is no unshare command");
    };
    let ended = Ended::from(output);
    if !ended.text().contains("first=") {
        return not_run("a full disk", "this system lets nobody mount a small disk for a test");
    }
    ensure!(ended.text().contains("first=1\n"), "the disk was not full, or the run did not say so:\n{}", ended.said());
    ensure!(ended.stderr.to_lowercase().contains("no space left"), "the message does not name the cause:\n{}", ended.stderr);
    ensure!(ended.text().contains("second=0\n"), "the second run did not complete:\n{}", ended.said());
    place.archive = kept;
    place.holds_everything_once()
}

#[test]
fn two_ingests_at_once_land_everything_once() -> Result<()> {
    let place = Place::with(150)?;
    let both = [command::start(place.arguments())?, command::start(place.arguments())?];
    for child in both {
        let ended = Ended::from(child.wait_with_output()?);
        match ended.code() {
            Some(0 | 3) => {}
            _ => drop(ended.failed(1, &["audit"])?),
        }
    }
    place.ingest()?.ok()?;
    place.holds_everything_once()
}

/// Waits until something lies below a directory of the archive, without sleeping; `false` where the child ended before that.
fn wait_for(child: &mut Child, directory: &Path) -> Result<bool> {
    loop {
        if fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some()) {
            return Ok(true);
        }
        if child.try_wait()?.is_some() {
            return Ok(false);
        }
        std::thread::yield_now();
    }
}

/// Kills an ingest as soon as something lies below `stage`, then runs another one.
fn killed_at(stage: &str) -> Result<()> {
    let place = Place::with(600)?;
    let mut child = command::start(place.arguments())?;
    let seen = wait_for(&mut child, &place.archive.join(stage))?;
    child.kill()?;
    let ended = child.wait_with_output()?;
    ensure!(seen && ended.status.signal() == Some(9), "the run ended before it could be killed in {stage}");
    place.ingest()?.ok()?;
    place.holds_everything_once()
}

#[test]
fn an_ingest_that_was_killed_while_staging_completes_in_the_next_run() -> Result<()> {
    killed_at("staging/uploads")
}

#[test]
fn an_ingest_that_was_killed_while_publishing_completes_in_the_next_run() -> Result<()> {
    killed_at("raw")
}

#[test]
fn an_interrupted_ingest_drains_and_the_next_run_completes() -> Result<()> {
    drained_after("INT")
}

#[test]
fn a_terminated_ingest_drains_and_the_next_run_completes() -> Result<()> {
    drained_after("TERM")
}

fn drained_after(signal: &str) -> Result<()> {
    let place = Place::with(600)?;
    let mut child = command::start(place.arguments())?;
    ensure!(wait_for(&mut child, &place.archive.join("staging/uploads"))?, "the run ended before it could be interrupted");
    let interrupted = Command::new("bash").args(["-c", "kill -\"$1\" \"$0\""]).arg(child.id().to_string()).arg(signal).status()?;
    ensure!(interrupted.success(), "the run could not be interrupted");
    let ended = Ended::from(child.wait_with_output()?);
    ensure!(ended.code() == Some(130), "expected exit code 130, got {}:\n{}", ended.status, ended.said());
    place.ingest()?.ok()?;
    place.holds_everything_once()
}
