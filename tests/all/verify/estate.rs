//! An invented trail, its archive, and what `trailkeep verify` says of it.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use trailkeep_tests::{
    command::{self, Ended},
    tree,
};

/// The end of the invented trail, less a few minutes: the newest Digests end after it.
pub(crate) const UNTIL: &str = "2026-01-15T05:00:00Z";
/// A moment at which CloudTrail may still deliver.
pub(crate) const SOON: &str = "2026-01-20T00:00:00Z";
/// A moment at which it may not.
pub(crate) const LATE: &str = "2026-03-01T00:00:00Z";

/// An invented trail that something may be done to, and its archive.
pub(crate) struct Estate {
    _directory: TempDir,
    pub(crate) trail: PathBuf,
    pub(crate) archive: PathBuf,
    pub(crate) keys: PathBuf,
}

impl Estate {
    pub(crate) fn synthesised() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let (trail, archive, keys) =
            (directory.path().join("trail"), directory.path().join("audit"), directory.path().join("trail/public-keys.json"));
        synth(&trail, 5)?;
        Ok(Self { _directory: directory, trail, archive, keys })
    }

    pub(crate) fn ingest(&self) -> Result<()> {
        let arguments: [&OsStr; 5] =
            ["ingest".as_ref(), "--from".as_ref(), self.trail.as_ref(), "--archive".as_ref(), self.archive.as_ref()];
        command::run(arguments)?.ok().map(drop)
    }

    /// Copies of trail and archive to do something to.
    pub(crate) fn copy(&self) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        for name in ["trail", "audit"] {
            let from = self.trail.with_file_name(name);
            if from.exists() {
                copy(&from, &directory.path().join(name))?;
            }
        }
        let (trail, archive) = (directory.path().join("trail"), directory.path().join("audit"));
        Ok(Self { keys: trail.join("public-keys.json"), _directory: directory, trail, archive })
    }

    pub(crate) fn run(&self, more: &[&str]) -> Result<Ended> {
        let mut arguments: Vec<OsString> = vec!["verify".into(), "--archive".into(), self.archive.clone().into()];
        arguments.extend(["--public-keys".into(), self.keys.clone().into()]);
        arguments.extend(more.iter().map(OsString::from));
        command::run(arguments)
    }

    /// The verdict on the whole trail.
    pub(crate) fn verdict(&self, code: i32, more: &[&str]) -> Result<Value> {
        let all: Vec<&str> = ["--until", UNTIL, "--output", "json"].into_iter().chain(more.iter().copied()).collect();
        self.run(&all)?.ended(code)?.json()
    }

    /// Files of the first account's own Region whose path has this in it, by name.
    pub(crate) fn files(&self, folder: &str) -> Result<Vec<String>> {
        let files = tree::read(&self.trail)?;
        let wanted = |key: &&String| key.contains(folder) && key.contains("111122220001") && key.ends_with(".json.gz");
        let found: Vec<String> = files.keys().filter(wanted).filter(|key| !key.contains("_backfill")).cloned().collect();
        ensure!(found.len() > 2, "only {} files below {folder}", found.len());
        Ok(found)
    }

    pub(crate) fn logs(&self) -> Result<Vec<String>> {
        self.files("/CloudTrail/us-east-1/")
    }

    pub(crate) fn digests(&self) -> Result<Vec<String>> {
        self.files("/CloudTrail-Digest/us-east-1/")
    }

    pub(crate) fn bytes(&self, key: &str) -> Result<Vec<u8>> {
        Ok(fs::read(self.trail.join(key))?)
    }

    pub(crate) fn write(&self, key: &str, bytes: &[u8]) -> Result<()> {
        Ok(fs::write(self.trail.join(key), bytes)?)
    }

    pub(crate) fn remove(&self, key: &str) -> Result<()> {
        Ok(fs::remove_file(self.trail.join(key))?)
    }

    /// Files of the archive below a prefix with an extension.
    pub(crate) fn archived(&self, prefix: &str, extension: &str) -> Result<Vec<PathBuf>> {
        let files = tree::read(&self.archive)?;
        let found: Vec<PathBuf> =
            files.keys().filter(|key| key.starts_with(prefix) && key.ends_with(extension)).map(|key| self.archive.join(key)).collect();
        ensure!(!found.is_empty(), "no file below {prefix}");
        Ok(found)
    }
}

pub(crate) fn synth(out: &Path, seed: u32) -> Result<()> {
    synth_at(out, seed, "2026-01-15T00:00:00Z")
}

/// Five hours from then on.
pub(crate) fn synth_at(out: &Path, seed: u32, start: &str) -> Result<()> {
    let mut arguments: Vec<OsString> = vec!["synth".into(), "--out".into(), out.into()];
    let options = ["--accounts", "2", "--regions", "1", "--hours", "5", "--events-per-hour", "120", "--start", start];
    arguments.extend(options.into_iter().chain(["--seed", &seed.to_string()]).map(OsString::from));
    command::run(arguments)?.ok().map(drop)
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    for (name, bytes) in tree::read(from)? {
        let path = to.join(name);
        fs::create_dir_all(path.parent().context("a file lies in a folder")?)?;
        fs::write(path, bytes)?;
    }
    Ok(())
}

#[expect(clippy::disallowed_types, reason = "a Digest of our own making")]
pub(crate) fn inflated(stored: &[u8]) -> Result<String> {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(stored), &mut text)?;
    Ok(text)
}

pub(crate) fn number(verdict: &Value, pointer: &str) -> Result<u64> {
    verdict.pointer(pointer).and_then(Value::as_u64).with_context(|| format!("no number at {pointer}: {verdict}"))
}

/// Findings by name.
pub(crate) fn found(verdict: &Value) -> Result<BTreeMap<String, u64>> {
    let counts = verdict.get("finding_counts").and_then(Value::as_object).context("finding_counts")?;
    Ok(counts.iter().map(|(name, count)| (name.clone(), count.as_u64().unwrap_or_default())).collect())
}

/// The verdict has these findings and no others.
pub(crate) fn has(verdict: &Value, expected: &[(&str, u64)]) -> Result<()> {
    let expected: BTreeMap<String, u64> = expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    ensure!(found(verdict)? == expected, "found {:?} and not {expected:?}: {:#}", found(verdict)?, verdict["findings"]);
    ensure!(verdict["verified"] == Value::Bool(false), "{verdict}");
    Ok(())
}

/// The one finding of a name.
pub(crate) fn finding<'v>(verdict: &'v Value, name: &str) -> Result<&'v Value> {
    let findings = verdict.get("findings").and_then(Value::as_array).context("findings")?;
    let mut named = findings.iter().filter(|finding| finding["name"] == *name);
    match (named.next(), named.next()) {
        (Some(one), None) => Ok(one),
        _ => bail!("not one {name}: {findings:#?}"),
    }
}

/// Something is done to a trail before it is ingested; these are the findings.
pub(crate) fn tampered(estate: &Estate, as_of: &str, tamper: impl Fn(&Estate) -> Result<()>, expected: &[(&str, u64)]) -> Result<Value> {
    let estate = estate.copy()?;
    tamper(&estate)?;
    estate.ingest()?;
    let verdict = estate.verdict(1, &["--as-of", as_of])?;
    has(&verdict, expected)?;
    Ok(verdict)
}
