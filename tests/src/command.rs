//! Runs the real `trailkeep` command, the binary of this workspace, as a user would.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::OnceLock,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// The built command.
///
/// `make test` names it in `TRAILKEEP_BIN`; without that it is built here, with the very features that the workspace's
/// tests are built with, so that nothing is compiled twice.
///
/// # Errors
/// Where it cannot be built.
pub fn binary() -> Result<&'static Path> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match BINARY.get_or_init(|| find_binary().map_err(|error| format!("{error:#}"))) {
        Ok(path) => Ok(path),
        Err(message) => bail!("the trailkeep command could not be built: {message}"),
    }
}

fn find_binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("TRAILKEEP_BIN") {
        return Ok(PathBuf::from(path));
    }
    let deps = std::env::current_exe().context("failed to find the test binary itself")?;
    let profile = deps.parent().and_then(Path::parent).context("the test binary lies outside a target directory")?;
    let target = profile.parent().context("the test binary lies outside a target directory")?;
    // Cargo marks its own: anywhere else everything would be compiled anew.
    ensure!(target.join("CACHEDIR.TAG").is_file(), "{} is no target directory: name the command in TRAILKEEP_BIN", target.display());
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--workspace", "--bins", "--quiet", "--target-dir"])
        .arg(target)
        .current_dir(workspace_root())
        .status()?;
    ensure!(built.success(), "cargo build ended with {built}");
    Ok(profile.join("trailkeep"))
}

/// Root of the workspace's sources.
pub fn workspace_root() -> &'static Path {
    static TESTS: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    // Asked for when it runs: a target directory that two clones share would keep the other one's path.
    let tests =
        TESTS.get_or_init(|| std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from));
    tests.parent().unwrap_or(tests)
}

/// How a run of the command ended, with everything it said.
#[derive(Debug)]
pub struct Ended {
    /// Exit status.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error, as text.
    pub stderr: String,
}

impl Ended {
    /// The exit code; `None` where a signal ended the run.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Everything said on both streams.
    pub fn said(&self) -> String {
        format!("{}\n{}", self.text(), self.stderr)
    }

    /// Passes a run on that ended with exit code 0.
    ///
    /// # Errors
    /// With everything that the command said, where it ended otherwise.
    pub fn ok(self) -> Result<Self> {
        ensure!(self.status.success(), "trailkeep ended with {}:\n{}", self.status, self.said());
        Ok(self)
    }

    /// Wants this exit code, and what was written to standard output.
    ///
    /// # Errors
    /// Where it ended otherwise.
    pub fn ended(self, code: i32) -> Result<Self> {
        ensure!(self.code() == Some(code), "exit code {:?} and not {code}: {}", self.code(), self.said());
        Ok(self)
    }

    /// Passes a run on that failed with the given exit code and a message in which every one of `words` stands.
    ///
    /// # Errors
    /// Where it ended otherwise or said something else.
    pub fn failed(self, code: i32, words: &[&str]) -> Result<Self> {
        ensure!(self.code() == Some(code), "expected exit code {code}, got {}:\n{}", self.status, self.said());
        for word in words {
            ensure!(self.stderr.contains(word), "expected {word:?} in the message:\n{}", self.stderr);
        }
        ensure!(!self.stderr.contains("panicked"), "the command panicked:\n{}", self.stderr);
        Ok(self)
    }

    /// Standard output as one JSON value.
    ///
    /// # Errors
    /// Where it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.stdout).with_context(|| format!("standard output is not JSON:\n{}", self.said()))
    }

    /// Standard output as rows: a JSON array of objects, or one object a line.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn rows(&self) -> Result<Vec<Value>> {
        if self.stdout.trim_ascii_start().starts_with(b"[") {
            return serde_json::from_slice(&self.stdout).with_context(|| format!("standard output is not a JSON array:\n{}", self.said()));
        }
        let lines = self.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).with_context(|| format!("not JSON: {}", String::from_utf8_lossy(line)))).collect()
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self { status: output.status, stdout: output.stdout, stderr: String::from_utf8_lossy(&output.stderr).into_owned() }
    }
}

/// The command with its arguments, ready to be run; nothing of the tester's AWS configuration reaches it.
///
/// # Errors
/// Where the binary cannot be built.
pub fn command<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Command> {
    let mut command = Command::new(binary()?);
    command.args(arguments).stdin(Stdio::null()).env_remove("RUST_LOG").env("NO_COLOR", "1");
    let others = ["AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_DYNAMODB"];
    for name in others.into_iter().chain(["TRAILKEEP_S3_ENDPOINT", "TRAILKEEP_AWS_ENDPOINT", "TRAILKEEP_AWS_REGION"]) {
        command.env_remove(name);
    }
    Ok(command)
}

/// Runs the command to its end.
///
/// # Errors
/// Where it cannot be started; how it ended is in [`Ended`].
pub fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Ended> {
    Ok(command(arguments)?.output().context("failed to start trailkeep")?.into())
}

/// Starts the command in the background, output kept.
///
/// # Errors
/// Where it cannot be started.
pub fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Child> {
    command(arguments)?.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("failed to start trailkeep")
}

/// Asks an archive in SQL; one JSON object a row.
///
/// # Errors
/// Where the query fails.
pub fn query(archive: &Path, sql: &str) -> Result<Vec<Value>> {
    run([OsStr::new("query"), "--archive".as_ref(), archive.as_ref(), "--output".as_ref(), "json".as_ref(), sql.as_ref()])?
        .ok()
        .with_context(|| format!("failed query: {sql}"))?
        .rows()
}

/// Asks for one number.
///
/// # Errors
/// Where the query fails or answers anything else.
pub fn number(archive: &Path, sql: &str) -> Result<i64> {
    let rows = query(archive, sql)?;
    let first = rows.first().and_then(Value::as_object).and_then(|row| row.values().next());
    match first {
        Some(Value::Null) => Ok(0),
        Some(value) => value.as_i64().with_context(|| format!("not a number: {value} ({sql})")),
        None => bail!("no row: {sql}"),
    }
}
