//! A collector's process: what it says, its pages, and its end.

use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, ExitStatus},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use trailkeep_tests::proxy::signal;

use super::until;

/// Longest wait for a page.
const PAGE_WITHIN: Duration = Duration::from_secs(10);

/// A running collector; dropped, it is killed.
#[derive(Debug)]
pub(super) struct Collector {
    child: Child,
    log: PathBuf,
}

impl Collector {
    /// Starts the command; all that it says goes to a file.
    pub(super) fn start(mut command: Command, log: PathBuf) -> Result<Self> {
        let file = File::create(&log)?;
        command.stdout(file.try_clone()?).stderr(file);
        Ok(Self { child: command.spawn().context("the collector does not start")?, log })
    }

    /// All that it has said.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The lines that hold these words.
    pub(super) fn lines(&self, words: &str) -> Vec<String> {
        self.said().lines().filter(|line| line.contains(words)).map(ToOwned::to_owned).collect()
    }

    /// Where it serves its pages, once it says so.
    async fn address(&self) -> Result<String> {
        let mut address = None;
        until("the collector serves its pages", async || {
            let line = self.lines("/metrics are served").pop().unwrap_or_default();
            let told: Option<Value> = serde_json::from_str(&line).ok();
            address = told.as_ref().and_then(|told| found(told, "address")).map(ToOwned::to_owned);
            Ok(address.is_some())
        })
        .await
        .with_context(|| self.said())?;
        address.context("no address")
    }

    /// Status and body of one of its pages.
    pub(super) async fn page(&self, path: &str) -> Result<(u16, String)> {
        let address = self.address().await?;
        let mut connection = TcpStream::connect(&address).with_context(|| format!("nobody listens at {address}:\n{}", self.said()))?;
        connection.set_read_timeout(Some(PAGE_WITHIN))?;
        write!(connection, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no body")?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("the answer has no status")?;
        Ok((status, body.to_owned()))
    }

    /// The sum of a metric's series that have all of these labels, spelled `name="value"`; 0 where there is none.
    pub(super) async fn metric(&self, name: &str, labels: &[&str]) -> Result<f64> {
        let (status, text) = self.page("/metrics").await?;
        ensure!(status == 200, "/metrics answers {status}");
        let lines = text.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
        let with_labels = lines.filter(|line| labels.iter().all(|label| line.contains(label)));
        with_labels.map(|line| line.rsplit(' ').next().unwrap_or_default().parse::<f64>().with_context(|| line.to_owned())).sum()
    }

    /// Waits until a metric has a value.
    pub(super) async fn until_metric(&self, name: &str, labels: &[&str], wanted: f64) -> Result<()> {
        let mut last = f64::NAN;
        let waited = until(name, async || {
            last = self.metric(name, labels).await?;
            Ok((last - wanted).abs() < 1e-9)
        });
        waited.await.with_context(|| format!("{name}{labels:?} should be {wanted}; it is {last}"))
    }

    /// Waits until it is ready.
    pub(super) async fn until_ready(&self) -> Result<()> {
        until("the collector is ready", async || Ok(self.page("/ready").await?.0 == 200)).await.with_context(|| self.said())
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) -> Result<ExitStatus> {
        let mut status = None;
        let child = &mut self.child;
        let waited = until("the collector ends", async || {
            status = child.try_wait()?;
            Ok(status.is_some())
        });
        waited.await?;
        status.context("it has ended")
    }

    /// Asks it to drain.
    pub(super) fn ask_to_stop(&self) -> Result<()> {
        signal("TERM", self.child.id())
    }

    /// Has it drain, and expects that it ends well.
    pub(super) async fn drained(mut self) -> Result<String> {
        self.ask_to_stop()?;
        let status = self.ended().await.with_context(|| self.said())?;
        let said = self.said();
        ensure!(status.success() && said.contains("drained: nothing is in hand"), "it ended with {status}:\n{said}");
        Ok(said)
    }

    /// A figure of its memory from proc(5), `/proc/<pid>/status`, in MB.
    pub(super) fn memory_mb(&self, name: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).with_context(|| format!("no {name}"))?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text of a field, wherever a log line has it.
fn found<'a>(line: &'a Value, name: &str) -> Option<&'a str> {
    line.as_object()?.iter().find_map(|(key, value)| if key == name { value.as_str() } else { found(value, name) })
}
