//! The AWS command line as it is installed, and the small endpoint of ours that stands for CloudTrail.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    command::{self, Ended},
    emulator::Emulator,
    not_run::not_run,
};

/// The AWS command line.
#[derive(Debug, Clone)]
pub struct AwsCli {
    program: PathBuf,
    /// As it says it: `aws-cli/1.45.11`.
    pub version: String,
}

/// How many of how many were valid; what is not is invalid or missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ratio {
    /// Valid.
    pub valid: u64,
    /// All.
    pub all: u64,
}

/// What `aws cloudtrail validate-logs` said.
#[derive(Debug)]
pub struct Validated {
    /// How it ended.
    pub ended: Ended,
    /// Digests.
    pub digests: Ratio,
    /// Backfill digests.
    pub backfill: Ratio,
    /// Log files.
    pub logs: Ratio,
    /// Of all of them, those that were not found.
    pub missing: u64,
    /// Stretches in which nothing was delivered, it says.
    pub gaps: u64,
}

impl AwsCli {
    /// As `TRAILKEEP_AWS_CLI` names it, else as `make setup` got it where none worked, else from the search path. `None` where there is none: that is said as not run.
    ///
    /// # Errors
    /// Where there is none and `REQUIRE_ALL` is 1; where it does not run.
    pub fn find(what: &str) -> Result<Option<Self>> {
        let named = std::env::var_os("TRAILKEEP_AWS_CLI").filter(|path| !path.is_empty()).map(PathBuf::from);
        let paths = std::env::var_os("PATH").unwrap_or_default();
        let found = || std::env::split_paths(&paths).map(|path| path.join("aws")).find(|path| path.is_file());
        let set_up = || Some(command::workspace_root().join(".venv-aws/bin/aws")).filter(|path| path.is_file());
        let Some(program) = named.or_else(set_up).or_else(found) else {
            not_run(what, "no aws command: run make setup, or name it in TRAILKEEP_AWS_CLI")?;
            return Ok(None);
        };
        let said = Command::new(&program).arg("--version").output().with_context(|| format!("failed to start {}", program.display()))?;
        let version = String::from_utf8_lossy(&said.stdout).split_whitespace().next().unwrap_or_default().to_owned();
        ensure!(version.starts_with("aws-cli/"), "{} is not the AWS CLI: {said:?}", program.display());
        Ok(Some(Self { program, version }))
    }

    /// Runs `aws cloudtrail validate-logs` against an emulated S3 and an endpoint of ours.
    ///
    /// # Errors
    /// Where it cannot be started, or says something that is not understood.
    pub fn validate_logs(&self, s3: &Emulator, endpoint: &Endpoint, arguments: &[&str]) -> Result<Validated> {
        let mut command = Command::new(&self.program);
        command.args(["cloudtrail", "validate-logs", "--verbose"]).args(arguments).stdin(Stdio::null());
        for name in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_REGION"] {
            command.env_remove(name);
        }
        let nowhere = std::env::current_dir()?.join("no-such-file");
        command.envs([("AWS_CONFIG_FILE", &nowhere), ("AWS_SHARED_CREDENTIALS_FILE", &nowhere)]);
        command.envs([
            ("AWS_ENDPOINT_URL_S3", s3.endpoint()),
            ("AWS_ENDPOINT_URL_CLOUDTRAIL", &endpoint.address),
            ("AWS_ENDPOINT_URL_ORGANIZATIONS", &endpoint.address),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "example"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_MAX_ATTEMPTS", "1"),
        ]);
        Validated::of(command.output().context("failed to start the AWS CLI")?.into())
    }
}

impl Validated {
    fn of(ended: Ended) -> Result<Self> {
        let said = ended.said();
        ensure!(matches!(ended.code(), Some(0 | 1)), "the AWS CLI ended with {}: {said}", ended.status);
        Ok(Self {
            digests: ratio(&said, " digest files valid"),
            backfill: ratio(&said, " backfill digest files valid"),
            logs: ratio(&said, " log files valid"),
            missing: said.matches("INVALID: not found").count() as u64,
            gaps: said.matches("No log files were delivered by CloudTrail between").count() as u64,
            ended,
        })
    }

    /// Keys of the objects of a bucket that are there and that it calls invalid.
    pub fn invalid(&self, bucket: &str) -> Vec<String> {
        let (said, place) = (self.ended.said(), format!("s3://{bucket}/"));
        let refused = said.lines().filter(|line| line.contains("INVALID") && !line.contains("not found"));
        refused.filter_map(|line| line.split_once(&place)?.1.split(char::is_whitespace).next()).map(str::to_owned).collect()
    }

    /// Whether it found anything invalid or missing.
    pub fn objects(&self) -> bool {
        let short = |ratio: Ratio| ratio.valid < ratio.all;
        self.ended.code() != Some(0) || short(self.digests) || short(self.backfill) || short(self.logs) || self.missing > 0
    }
}

/// Reads `4/5 digest files valid, 1/5 digest files INVALID`.
fn ratio(said: &str, what: &str) -> Ratio {
    for line in said.lines() {
        let Some((numbers, _)) = line.split_once(what) else { continue };
        let Some((valid, all)) = numbers.split_once('/') else { continue };
        if let (Ok(valid), Ok(all)) = (valid.parse(), all.parse()) {
            return Ratio { valid, all };
        }
    }
    Ratio::default()
}

/// A running `trailkeep digest serve`; dropped, it ends.
#[derive(Debug)]
pub struct Endpoint {
    process: Child,
    /// `http://127.0.0.1:<port>`.
    pub address: String,
}

impl Endpoint {
    /// Starts one on a free port and waits until it listens.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Result<Self> {
        let mut command = command::command(["digest", "serve", "--listen", "127.0.0.1:0"])?;
        let process = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("failed to start trailkeep")?;
        let mut endpoint = Self { process, address: String::new() };
        let mut line = String::new();
        let said = endpoint.process.stdout.take().context("it has no standard output")?;
        BufReader::new(said).read_line(&mut line)?;
        let Some((_, address)) = line.trim_end().split_once(" on ") else {
            let mut said = String::new();
            let error = endpoint.process.stderr.as_mut().context("it has no standard error")?;
            std::io::Read::read_to_string(error, &mut said)?;
            bail!("trailkeep digest serve did not start: {line}{said}");
        };
        address.clone_into(&mut endpoint.address);
        Ok(endpoint)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to do about it here.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
