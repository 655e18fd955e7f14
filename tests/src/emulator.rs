//! AWS on loopback, for as long as a test holds it: moto or MiniStack. `make setup` puts them into `.venv`.

use std::{
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    ops::Deref,
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
pub struct Emulator {
    process: Child,
    endpoint: String,
}

/// moto: the first opinion on semantics.
#[derive(Debug)]
pub struct Moto(Emulator);

/// MiniStack: the second opinion, and several times faster.
#[derive(Debug)]
pub struct Ministack(Emulator);

impl Moto {
    /// Starts one on a free port and waits until it listens. `None` where there is none to start: that is said as not run.
    ///
    /// # Errors
    /// Where it does not start; where there is none and `REQUIRE_ALL` is 1.
    pub fn start(what: &str) -> Result<Option<Self>> {
        Self::start_with(what, &[])
    }

    /// The same with further environment variables.
    ///
    /// # Errors
    /// As [`Moto::start`].
    pub fn start_with(what: &str, more: &[(&str, &str)]) -> Result<Option<Self>> {
        let Some(program) = program("moto_server", "TRAILKEEP_MOTO") else {
            not_run(what, "no moto_server: run make setup, or name it in TRAILKEEP_MOTO")?;
            return Ok(None);
        };
        let python = program.with_file_name("python");
        let mut command = if python.is_file() {
            let mut command = Command::new(python);
            command.arg(workspace_root().join("tests/tools/moto_one_at_a_time.py"));
            command
        } else {
            Command::new(program)
        };
        command.args(["-H", "127.0.0.1", "-p", "0"]).env("MOTO_S3_CUSTOM_ENDPOINTS", "").envs(more.iter().copied());
        Emulator::start(command).map(|emulator| Some(Self(emulator)))
    }
}

impl Ministack {
    /// As [`Moto::start`].
    ///
    /// # Errors
    /// As [`Moto::start`].
    pub fn start(what: &str) -> Result<Option<Self>> {
        let Some(program) = program("ministack", "TRAILKEEP_MINISTACK") else {
            not_run(what, "no ministack: run make setup, or name it in TRAILKEEP_MINISTACK")?;
            return Ok(None);
        };
        // It must be told a port. Between here and its start nobody else is given this one, as long as there are others.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).context("no port is free")?.port();
        // By way of a script that makes it take the checksums that S3 takes.
        let mut command = Command::new(program.with_file_name("python"));
        command
            .arg(workspace_root().join("tests/emulators/start_ministack.py"))
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string());
        // Nothing is kept, and nothing but that port is listened to.
        command.env("PERSIST_STATE", "0").env("IOT_MTLS_ENABLED", "0");
        Emulator::start(command).map(|emulator| Some(Self(emulator)))
    }
}

impl Deref for Moto {
    type Target = Emulator;

    fn deref(&self) -> &Emulator {
        &self.0
    }
}

impl Deref for Ministack {
    type Target = Emulator;

    fn deref(&self) -> &Emulator {
        &self.0
    }
}

impl Emulator {
    fn start(mut command: Command) -> Result<Self> {
        let program = command.get_program().display().to_string();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().with_context(|| format!("failed to start {program}"))?;
        let said = process.stderr.take().context("the emulator has no standard error")?;
        // From here on it is ended whatever happens.
        let mut emulator = Self { process, endpoint: String::new() };
        emulator.endpoint = listening(said).with_context(|| format!("{program} did not start"))?;
        Ok(emulator)
    }

    /// `http://127.0.0.1:<port>`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Environment for a `trailkeep` that shall talk to it: endpoint, Region, made-up credentials, no second tries.
    pub fn environment(&self) -> [(&'static str, &str); 6] {
        [
            ("TRAILKEEP_AWS_ENDPOINT", &self.endpoint),
            ("TRAILKEEP_AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "example"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_MAX_ATTEMPTS", "1"),
        ]
    }

    /// A client of its S3, without second tries.
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

    /// A client of its DynamoDB, likewise.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&self.endpoint)
            .retry_config(RetryConfig::standard().with_max_attempts(1))
            .credentials_provider(Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "emulator"))
            .build();
        aws_sdk_dynamodb::Client::from_conf(config)
    }

    /// A client of its SQS, likewise.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&self.endpoint)
            .retry_config(RetryConfig::standard().with_max_attempts(1))
            .credentials_provider(Credentials::new("AKIAIOSFODNN7EXAMPLE", "example", None, None, "emulator"));
        aws_sdk_sqs::Client::from_conf(config.build())
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

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing else to do about it here.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// As the variable names it, else from `.venv`, else from the search path.
fn program(name: &str, variable: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    let installed = || Some(workspace_root().join(".venv/bin").join(name)).filter(|path| path.is_file());
    let found = || {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|path| path.is_file())
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
