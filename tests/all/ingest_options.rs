//! What each option of `ingest` makes of a small trail, as the archive then answers.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use trailkeep_tests::{
    command::{self, Ended},
    gzip,
    record::{event_id, log_object, record},
    tree::{self, Trail},
};

/// A trail with an object for each of some groups of Records, and an archive to be.
struct Small {
    _directory: TempDir,
    trail: Trail,
    archive: PathBuf,
}

impl Small {
    fn of(objects: &[&[String]]) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let (mut trail, archive) = (Trail::new(directory.path().join("trail"))?, directory.path().join("audit"));
        for records in objects {
            trail.object(&gzip::member(&log_object(*records)))?;
        }
        Ok(Self { _directory: directory, trail, archive })
    }

    fn ingest(&self, more: &[&str]) -> Result<Ended> {
        let mut arguments: Vec<OsString> = vec!["ingest".into(), "--from".into(), self.trail.root().into()];
        arguments.extend(["--bucket".into(), "org-logs".into(), "--archive".into(), self.archive.clone().into()]);
        arguments.extend(more.iter().map(OsString::from));
        command::run(arguments)
    }

    /// Ingests into an archive of its own.
    fn apart(&mut self, name: &str, more: &[&str]) -> Result<()> {
        self.archive = self.archive.with_file_name(name);
        self.ingest(more)?.ok().map(drop)
    }

    fn rows(&self, sql: &str) -> Result<Vec<Value>> {
        command::query(&self.archive, sql)
    }

    /// The one row of a query.
    fn row(&self, sql: &str) -> Result<Value> {
        let rows = self.rows(sql)?;
        ensure!(rows.len() == 1, "{} rows: {sql}", rows.len());
        rows.into_iter().next().context("a row")
    }
}

/// A Record of IAM about a user.
fn iam(number: u32, name: &str) -> String {
    record(number, "")
        .replace("ec2.amazonaws.com", "iam.amazonaws.com")
        .replace("DescribeInstances", name)
        .replace(r#"{"maxResults":100}"#, r#"{"userName":"mallory","groupName":"admins"}"#)
}

#[test]
fn a_redacted_path_is_in_no_table_and_in_the_originals() -> Result<()> {
    let denied = iam(1, "CreateUser").replace(r#""readOnly""#, r#""errorCode":"AccessDenied","errorMessage":"not mallory","readOnly""#);
    let small = Small::of(&[std::slice::from_ref(&denied)])?;
    let paths = ["userIdentity.accessKeyId", "userIdentity.arn", "requestParameters.userName", "sourceIPAddress", "errorMessage"];
    let options: Vec<&str> = paths.iter().flat_map(|path| ["--redact-path", path]).chain(["--raw-data"]).collect();
    small.ingest(&options)?.ok()?;

    let row = small.row(
        "SELECT access_key_id, principal_arn, source_ip, actor['user']['credential_uid'] AS credential, \"user\"['name'] AS target, \
         status_detail, status, event_uid, accountid FROM events",
    )?;
    let is = |name: &str, value: &str| ensure_text(&row, name, value);
    for name in ["access_key_id", "principal_arn", "credential", "target", "status_detail"] {
        is(name, "REDACTED")?;
    }
    ensure!(row.get("source_ip").is_none_or(Value::is_null), "{row}");
    is("status", "Failure")?;
    is("event_uid", &event_id(1))?;
    is("accountid", Trail::ACCOUNT)?;
    for table in ["events", "cloudtrail", "sources"] {
        let shown = small.row(&format!("SELECT * FROM {table}"))?.to_string();
        for hidden in ["AKIAEXAMPLEEXAMPLE01", "mallory", "user/alice", "192.0.2.10"] {
            ensure!(!shown.contains(hidden), "{hidden} in {table}: {shown}");
        }
    }

    let archive = small.archive.as_os_str();
    let original = command::run([OsStr::new("raw"), "--archive".as_ref(), archive, "--event-id".as_ref(), event_id(1).as_ref()])?.ok()?;
    ensure!(original.text().trim_end() == denied, "{}", original.text());
    Ok(())
}

fn ensure_text(row: &Value, name: &str, value: &str) -> Result<()> {
    ensure!(row.get(name).and_then(Value::as_str) == Some(value), "{name} is not {value}: {row}");
    Ok(())
}

#[test]
fn what_an_event_is_filed_and_found_by_cannot_be_redacted() -> Result<()> {
    let small = Small::of(&[&[record(1, "")]])?;
    for path in ["eventTime", "eventID", "recipientAccountId", "awsRegion"] {
        small.ingest(&["--redact-path", path])?.failed(2, &[path, "cannot be redacted"])?;
    }
    small.ingest(&["--redact-path", "a..b"])?.failed(2, &["is no redaction path"])?;
    ensure!(!small.archive.exists(), "a refused run made an archive");
    Ok(())
}

#[test]
fn rows_say_what_raw_data_classes_and_zstd_level_ask_for() -> Result<()> {
    let records: Vec<String> = (0..400).map(|n| iam(n, if n % 2 == 0 { "AddUserToGroup" } else { "ListUsers" })).collect();
    let mut small = Small::of(&[&records])?;
    let classes = "SELECT class_uid, count(*) AS n, count(raw_data) AS texts FROM events GROUP BY 1 ORDER BY 1";
    let one = |class: u32, texts: u32| serde_json::json!({"class_uid": class, "n": 200, "texts": texts});
    small.apart("plain", &[])?;
    ensure!(small.rows(classes)? == [one(3001, 0), one(6003, 0)], "{:?}", small.rows(classes)?);
    small.apart("fine", &["--classes", "fine", "--raw-data"])?;
    ensure!(small.rows(classes)? == [one(3006, 200), one(6003, 200)], "{:?}", small.rows(classes)?);
    let row = small.row(&format!("SELECT raw_data, \"group\"['name'] AS name FROM events WHERE event_uid = '{}'", event_id(2)))?;
    ensure_text(&row, "raw_data", records.get(2).context("a record")?)?;
    ensure_text(&row, "name", "admins")?;

    let written = |small: &Small| -> Result<usize> { Ok(tree::read(&small.archive.join("events"))?.values().map(Vec::len).sum()) };
    let fast = written(&small)?;
    small.apart("dense", &["--classes", "fine", "--raw-data", "--zstd-level", "19"])?;
    ensure!(written(&small)? < fast, "level 19 gives {} bytes, level 1 {fast}", written(&small)?);
    ensure!(small.rows(classes)? == [one(3006, 200), one(6003, 200)], "{:?}", small.rows(classes)?);
    ensure!(small.ingest(&["--zstd-level", "23"])?.code() == Some(2), "a level that zstd does not have");
    Ok(())
}

#[test]
fn prefixes_and_labels_say_what_is_taken_and_under_which_names() -> Result<()> {
    let mut small = Small::of(&[&[record(1, "")]])?;
    let key =
        "AWSLogs/444455556666/CloudTrail/us-east-1/2026/03/14/444455556666_CloudTrail_us-east-1_20260314T0905Z_0000000000000009.json.gz";
    let other = record(2, "").replace(Trail::ACCOUNT, "444455556666");
    small.trail.file(key, &gzip::member(&log_object([other])))?;

    small.apart("one", &["--prefix", "AWSLogs/4444", "--class-label", "pci-7y"])?;
    let source = small.row("SELECT key, segment FROM sources")?;
    ensure_text(&source, "key", key)?;
    let segment = source.get("segment").and_then(Value::as_str).context("a segment")?;
    ensure!(segment.starts_with("raw/class=pci-7y/day=") && small.archive.join(segment).is_file(), "{segment}");
    ensure_text(&small.row("SELECT accountid, raw_segment FROM events")?, "raw_segment", segment)?;
    // The rest, later, and nothing twice.
    small.ingest(&[])?.ok()?;
    let events = small.rows("SELECT event_uid, raw_segment LIKE 'raw/class=standard/%' AS plain FROM events ORDER BY event_uid")?;
    let event = |number: u32, plain: bool| serde_json::json!({"event_uid": event_id(number), "plain": plain});
    ensure!(events == [event(1, true), event(2, false)], "{events:?}");

    small.apart("named", &["--key-prefix", "security/org"])?;
    let sources = small.rows("SELECT bucket, key FROM sources ORDER BY key")?;
    let last = sources.last().filter(|_| sources.len() == 2).context("two sources")?;
    ensure_text(last, "bucket", "org-logs")?;
    ensure_text(last, "key", &format!("security/org/{key}"))?;
    ensure!(command::number(&small.archive, "SELECT count(*) FROM events WHERE source_key LIKE 'security/org/AWSLogs/%'")? == 2, "{last}");

    small.apart("none", &["--prefix", "AWSLogs/9"])?;
    ensure!(command::number(&small.archive, "SELECT count(*) FROM sources")? == 0, "a prefix that nothing has");
    ensure!(small.ingest(&["--class-label", "PCI"])?.code() == Some(2), "a label that is none");
    Ok(())
}
