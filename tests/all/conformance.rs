//! Runs over the folder that `TRAILKEEP_CONFORMANCE_DIR` names: a corpus of real and documented CloudTrail files, a validator of OCSF,
//! rows that AWS's own Security Lake wrote, and acceptance queries. Without the folder they are shown as not run.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use trailkeep_tests::{
    command::{self, Ended},
    not_run::not_run,
    python, tree,
};

/// Bucket of everything that the corpus holds.
const BUCKET: &str = "conformance-corpus";
/// The day after the corpus' densest trail, as the acceptance queries want their clock.
const NOW: &str = "2023-07-11 00:00:00";

/// The conformance folder; `None`, and said so, where there is none.
fn folder(what: &str) -> Result<Option<PathBuf>> {
    match std::env::var_os("TRAILKEEP_CONFORMANCE_DIR") {
        Some(folder) => {
            let folder = PathBuf::from(folder);
            ensure!(folder.join("corpus").is_dir(), "TRAILKEEP_CONFORMANCE_DIR={} has no corpus/", folder.display());
            Ok(Some(folder))
        }
        None => not_run(what, "set TRAILKEEP_CONFORMANCE_DIR").map(|()| None),
    }
}

/// An archive of a copied tree, every JSON file taken.
struct Corpus {
    _directory: TempDir,
    tree: PathBuf,
    archive: PathBuf,
}

impl Corpus {
    /// Nothing is redacted, so that the rows can be compared with others'.
    fn of(tree: &Path) -> Result<Self> {
        Self::with(tree, &[])
    }

    fn with(tree: &Path, options: &[&str]) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let archive = directory.path().join("audit");
        let mut from: Vec<OsString> = vec!["--from".into(), tree.into(), "--archive".into(), archive.clone().into()];
        from.extend(options.iter().map(OsString::from));
        command::run(["ingest", "--all-files", "--no-redact", "--bucket", BUCKET].map(OsString::from).into_iter().chain(from))?.ok()?;
        Ok(Self { _directory: directory, tree: tree.to_owned(), archive })
    }

    /// The files that an ingest takes, by canonical key.
    fn taken(&self) -> Result<tree::Files> {
        let files = tree::read(&self.tree)?.into_iter();
        let taken = files.filter(|(path, bytes)| [".json", ".json.gz"].iter().any(|end| path.ends_with(end)) && !bytes.is_empty());
        Ok(taken.map(|(path, bytes)| (canonical(&path).to_owned(), bytes)).collect())
    }

    fn events(&self) -> Result<Vec<u8>> {
        let archive = self.archive.as_os_str();
        let sql: [&OsStr; 6] =
            ["query".as_ref(), "--archive".as_ref(), archive, "--output".as_ref(), "json".as_ref(), "SELECT * FROM events".as_ref()];
        Ok(command::run(sql)?.ok()?.stdout)
    }
}

/// The key of a file in a copied tree: from `AWSLogs` on where that stands in its path.
fn canonical(path: &str) -> &str {
    path.rfind("AWSLogs/").and_then(|at| path.get(at..)).unwrap_or(path)
}

/// Runs a tool of this crate with bytes on its standard input.
fn tool<A: AsRef<OsStr>>(name: &str, arguments: impl IntoIterator<Item = A>, input: &[u8]) -> Result<Ended> {
    let script = command::workspace_root().join("tests/tools").join(name);
    feed(Command::new(python::interpreter()?).arg(script).args(arguments), input)
}

fn feed(command: &mut Command, input: &[u8]) -> Result<Ended> {
    let mut file = tempfile::tempfile()?;
    file.write_all(input)?;
    std::io::Seek::rewind(&mut file)?;
    Ok(command.stdin(Stdio::from(file)).output()?.into())
}

/// Records in a file as an independent reader counts them, for files in CloudTrail's own form.
fn records_in(bytes: &[u8]) -> Result<Option<u64>> {
    let mut inflated = Vec::new();
    let text = if bytes.starts_with(&[0x1f, 0x8b]) {
        std::io::Write::write_all(&mut flate2::write::MultiGzDecoder::new(&mut inflated), bytes)?;
        &inflated
    } else {
        bytes
    };
    let Ok(value) = serde_json::from_slice::<Value>(text) else { return Ok(None) };
    Ok(value.get("Records").and_then(Value::as_array).map(|records| records.len() as u64))
}

#[test]
fn the_whole_corpus_lands_and_nothing_is_lost() -> Result<()> {
    let Some(folder) = folder("the whole corpus")? else { return Ok(()) };
    let corpus = Corpus::of(&folder.join("corpus"))?;
    let adds_up = "SELECT count(*) FROM sources WHERE records <> landed + duplicates + quarantined";
    ensure!(command::number(&corpus.archive, adds_up)? == 0, "records in are not landed + quarantined + duplicates");
    let landed = command::number(&corpus.archive, "SELECT sum(landed) FROM sources")?;
    let read = command::number(&corpus.archive, "SELECT sum(records) FROM sources")?;
    let rows = command::number(&corpus.archive, "SELECT count(*) FROM events")?;
    ensure!(landed == rows && landed > 5500 && read > 6500, "{read} records read, {landed} landed, {rows} rows in events");

    let rows = command::query(&corpus.archive, "SELECT key, records, kind FROM sources")?;
    let sources: BTreeMap<&str, &Value> = rows.iter().filter_map(|row| Some((row.get("key")?.as_str()?, row))).collect();
    let mut counted = 0;
    for (key, bytes) in corpus.taken()? {
        let source = sources.get(key.as_str()).with_context(|| format!("{key} is no source"))?;
        let Some(records) = records_in(&bytes)? else { continue };
        ensure!(source.get("records").and_then(Value::as_u64) == Some(records), "{key} has {records} records, sources says {source}");
        counted += 1;
    }
    ensure!(counted > 500, "only {counted} files in CloudTrail's form were compared");
    Ok(())
}

#[test]
fn every_input_file_comes_back_byte_for_byte() -> Result<()> {
    let Some(folder) = folder("every input file back")? else { return Ok(()) };
    let corpus = Corpus::of(&folder.join("corpus"))?;
    let restored = corpus.archive.with_file_name("restored");
    let arguments: [&OsStr; 6] =
        ["raw".as_ref(), "--all".as_ref(), "--archive".as_ref(), corpus.archive.as_ref(), "--to".as_ref(), restored.as_ref()];
    command::run(arguments)?.ok()?;
    let mut found = tree::read(&restored)?;
    found.retain(|key, _| !key.ends_with(".metadata.json"));
    tree::same(&corpus.taken()?, &found)
}

#[test]
fn what_is_written_is_valid_ocsf() -> Result<()> {
    let Some(folder) = folder("valid OCSF")? else { return Ok(()) };
    ensure_valid(&Corpus::of(&folder.join("corpus"))?, &folder)
}

#[test]
fn finer_classes_are_valid_ocsf() -> Result<()> {
    let Some(folder) = folder("valid OCSF in finer classes")? else { return Ok(()) };
    let corpus = Corpus::with(&folder.join("corpus"), &["--classes", "fine"])?;
    let finer = "SELECT count(*) FROM events WHERE class_uid IN (3004, 3006, 6005)";
    ensure!(command::number(&corpus.archive, finer)? > 0, "the corpus has no event of a finer class");
    ensure_valid(&corpus, &folder)
}

fn ensure_valid(corpus: &Corpus, folder: &Path) -> Result<()> {
    let events = tool("ocsf_events.py", [] as [&str; 0], &corpus.events()?)?.ok()?.stdout;
    let mut validator = Command::new(python::interpreter()?);
    validator.arg(folder.join("ocsf/validate.py")).arg("--schema").arg(folder.join("ocsf/schema")).args(["--version-exact", "--codes"]);
    let verdict = feed(&mut validator, &events)?;
    ensure!(verdict.code() == Some(0), "the validator found errors:\n{}", verdict.said().chars().take(4000).collect::<String>());
    let version = "SELECT count(*) FROM events WHERE metadata['version'] <> '1.8.0' OR metadata['version'] IS NULL";
    ensure!(command::number(&corpus.archive, version)? == 0, "events that are not of version 1.8.0");
    Ok(())
}

#[test]
fn rows_agree_with_those_of_awss_own_security_lake() -> Result<()> {
    let Some(folder) = folder("Security Lake's rows")? else { return Ok(()) };
    let expected = folder.join("corpus/expected-ocsf/aws-security-lake-1.0.0-rc.2");
    let inputs = tempfile::tempdir()?;
    for (path, bytes) in tree::read(&expected)?.iter().filter(|(path, _)| path.ends_with(".test.gz")) {
        let name = path.rsplit('/').next().unwrap_or(path).replace(".test.gz", ".json.gz");
        fs::write(inputs.path().join(name), bytes)?;
    }
    let corpus = Corpus::of(inputs.path())?;
    let verdict = tool("security_lake_rows.py", [&expected], &corpus.events()?)?;
    ensure!(verdict.code() == Some(0), "{}", verdict.said());
    Ok(())
}

#[test]
fn two_engines_give_the_same_answers_to_the_acceptance_queries() -> Result<()> {
    let Some(folder) = folder("the acceptance queries")? else { return Ok(()) };
    let corpus = Corpus::of(&folder.join("corpus"))?;
    let arguments: [&OsStr; 4] = [command::binary()?.as_ref(), corpus.archive.as_ref(), folder.as_ref(), NOW.as_ref()];
    let verdict = tool("same_answers.py", arguments, b"")?;
    ensure!(verdict.code() == Some(0), "{}", verdict.said());
    Ok(())
}
