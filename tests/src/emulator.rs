//! moto's S3 on loopback, for as long as a test holds it. `make setup` puts it into `.venv`.

use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, ChildStderr, Command, Stdio},
};

use anyhow::{Context, Result, bail};
use aws_sdk_s3::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
};

use crate::{command::workspace_root, not_run::not_run};

/// Region that the emulator is asked in.
pub const REGION: &str = "us-east-1";
/// Lines that it may say before it must have said where it listens.
const MAX_STARTING_LINES: usize = 100;

/// A running emulator; dropped, it ends.
#[derive(Debug)]
pub struct Moto {
    process: Child,
    endpoint: String,
}

impl Moto {
    /// Starts one on a free port and waits until it listens. `None` where there is none to start: that is said as not run.
    ///
    /// # Errors
    /// Where it does not start; where there is none and `REQUIRE_ALL` is 1.
    pub fn start(what: &str) -> Result<Option<Self>> {
        let Some(program) = program() else {
            not_run(what, "no moto_server: run make setup, or name it in TRAILKEEP_MOTO")?;
            return Ok(None);
        };
        let mut process = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .env("MOTO_S3_CUSTOM_ENDPOINTS", "")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("failed to start {}", program.display()))?;
        let said = process.stderr.take().context("the emulator has no standard error")?;
        // From here on it is ended whatever happens.
        let mut moto = Self { process, endpoint: String::new() };
        moto.endpoint = listening(said).with_context(|| format!("{} did not start", program.display()))?;
        Ok(Some(moto))
    }

    /// `http://127.0.0.1:<port>`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Environment for a `trailkeep` that shall talk to it: endpoint, Region, made-up credentials, no second tries.
    pub fn environment(&self) -> [(&'static str, &str); 6] {
        [
            ("TRAILKEEP_S3_ENDPOINT", &self.endpoint),
            ("TRAILKEEP_AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "example"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_MAX_ATTEMPTS", "1"),
        ]
    }

    /// A client of it, without second tries.
    pub fn client(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&self.endpoint)
            .force_path_style(true)
            .retry_config(RetryConfig::standard().with_max_attempts(1))
            .credentials_provider(Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "emulator"))
            .build();
        Client::from_conf(config)
    }

    /// Makes a bucket.
    ///
    /// # Errors
    /// Where the emulator refuses.
    pub async fn create_bucket(&self, name: &str) -> Result<()> {
        self.client().create_bucket().bucket(name).send().await.with_context(|| format!("failed to make the bucket {name}"))?;
        Ok(())
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to do about it here.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// `TRAILKEEP_MOTO`, else `.venv`, else the search path.
fn program() -> Option<PathBuf> {
    let named = std::env::var_os("TRAILKEEP_MOTO").filter(|path| !path.is_empty()).map(PathBuf::from);
    let installed = || Some(workspace_root().join(".venv/bin/moto_server")).filter(|path| path.is_file());
    let found = || {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&paths).map(|folder| folder.join("moto_server")).find(|path| path.is_file())
    };
    named.or_else(installed).or_else(found)
}

/// Reads until it says where it listens, then reads on beside the test, so that the pipe never fills.
fn listening(said: ChildStderr) -> Result<String> {
    let mut lines = BufReader::new(said);
    let mut heard = String::new();
    for _ in 0..MAX_STARTING_LINES {
        let from = heard.len();
        if lines.read_line(&mut heard).context("failed to listen to it")? == 0 {
            break;
        }
        let line = heard.get(from..).unwrap_or_default();
        if let Some((_, address)) = line.split_once("Running on ") {
            let endpoint = address.split_whitespace().next().unwrap_or_default().to_owned();
            std::thread::spawn(move || std::io::copy(&mut lines.by_ref(), &mut std::io::sink()));
            return Ok(endpoint);
        }
    }
    bail!("it said: {heard}")
}
