//! Collector processes, each behind a door of its own in the fault proxy. Whoever ends is started again, as a service would be.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::cloud::{self, Cloud};
use crate::{
    command,
    proxy::{Door, Proxy, signal},
};

/// Options as environment variables.
pub type Options = Vec<(String, String)>;

/// How long whoever has ended stays away, as a service would let it.
const START_AGAIN: Duration = Duration::from_millis(500);

/// The leases of these fleets: short, so that what the dead leave is soon taken over.
pub const LEASE: Duration = Duration::from_secs(3);

/// Times that suit tests: seconds where a service has minutes.
pub fn brisk() -> Options {
    let options = [
        ("TRAILKEEP_LEASE", format!("{}ms", LEASE.as_millis())),
        ("TRAILKEEP_RECOVER_EVERY", "1s".to_owned()),
        ("TRAILKEEP_VISIBILITY", "6s".to_owned()),
        ("TRAILKEEP_RECEIVE_WAIT", "1s".to_owned()),
        ("TRAILKEEP_SEAL_AGE", "1s".to_owned()),
        ("TRAILKEEP_SEAL_SMALL_AGE", "1s".to_owned()),
        ("TRAILKEEP_RETRY_FIRST", "1s".to_owned()),
        ("TRAILKEEP_RETRY_LONGEST", "3s".to_owned()),
        ("TRAILKEEP_LOOK_AGAIN", "1s".to_owned()),
        ("TRAILKEEP_BREAKER_PROBE", "1s".to_owned()),
        ("TRAILKEEP_DRAIN", "20s".to_owned()),
        ("TRAILKEEP_LANDERS", "1".to_owned()),
        // One of the emulators wants a key to be named; neither looks for it.
        ("TRAILKEEP_KMS_KEY_ID", "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555".to_owned()),
    ];
    options.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

/// One place in the fleet: a door, and the process that uses it at a time.
#[derive(Debug)]
pub struct Member {
    /// The door's name.
    pub name: String,
    door: Door,
    child: Option<Child>,
    starts: u32,
    ended_at: Option<Instant>,
    stopped_since: Option<Instant>,
}

/// The fleet; dropped, it is killed.
#[derive(Debug)]
pub struct Fleet {
    /// Its members.
    pub members: Vec<Member>,
    queue: String,
    options: Options,
    again: Options,
    logs: PathBuf,
    /// How processes ended by themselves or by faults, and were started again.
    pub ended: Vec<ExitStatus>,
}

/// The collector's command, with everything it needs but its endpoint.
///
/// # Errors
/// Where it was not built.
pub fn collector_command() -> Result<Command> {
    let binary = command::binary()?.with_file_name("trailkeep-collector");
    ensure!(binary.is_file(), "{} is not there", binary.display());
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TRAILKEEP_") || name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    let places = [("ARCHIVE", cloud::ARCHIVE), ("LEDGER", cloud::LEDGER), ("BUCKETS", cloud::LOGS), ("LISTEN", "127.0.0.1:0")];
    command.envs(places.map(|(name, value)| (format!("TRAILKEEP_{name}"), value)));
    command.envs(cloud::environment()).stdin(Stdio::null());
    Ok(command)
}

impl Fleet {
    /// Starts `size` processes through doors of `proxy`. What they say goes to files below `logs`.
    ///
    /// # Errors
    /// Where one cannot be started.
    pub fn start(size: usize, proxy: &Proxy, cloud: &Cloud, options: Options, logs: &Path) -> Result<Self> {
        let members = (0..size).map(|number| {
            let name = format!("collector-{number}");
            Ok(Member { door: proxy.door(&name)?, name, child: None, starts: 0, ended_at: None, stopped_since: None })
        });
        let members = members.collect::<Result<Vec<_>>>()?;
        let mut fleet =
            Self { members, queue: cloud.queue.clone(), options, again: Options::new(), logs: logs.to_owned(), ended: Vec::new() };
        for number in 0..size {
            fleet.launch(number, &[])?;
        }
        Ok(fleet)
    }

    /// Whoever is started again gets these options, too.
    pub fn restart_with(&mut self, options: Options) {
        self.again = options;
    }

    fn launch(&mut self, number: usize, more: &[(String, String)]) -> Result<()> {
        let member = self.members.get_mut(number).context("no such member")?;
        member.starts += 1;
        let log = File::create(self.logs.join(format!("{}-{}.log", member.name, member.starts)))?;
        let mut command = collector_command()?;
        // The queue's URL names the emulator; the collector asks its endpoint all the same.
        command.env("TRAILKEEP_QUEUE", &self.queue).env("TRAILKEEP_AWS_ENDPOINT", member.door.endpoint());
        command.envs(self.options.iter().chain(more).map(|(name, value)| (name, value)));
        command.stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().context("the collector does not start")?;
        member.door.belongs_to(child.id());
        member.child = Some(child);
        member.stopped_since = None;
        Ok(())
    }

    /// Looks after the processes: whoever has ended is started again (with what `more` answers as further options), whoever was stopped for longer
    /// than its lease goes on.
    ///
    /// # Errors
    /// Where one cannot be started.
    pub fn tend(&mut self, mut more: impl FnMut() -> Options) -> Result<()> {
        for number in 0..self.members.len() {
            let Some(member) = self.members.get_mut(number) else { continue };
            let Some(child) = &mut member.child else {
                if member.ended_at.is_some_and(|at| at.elapsed() > START_AGAIN) {
                    let more: Options = self.again.iter().cloned().chain(more()).collect();
                    self.launch(number, &more)?;
                }
                continue;
            };
            if let Some(status) = child.try_wait()? {
                self.ended.push(status);
                (member.child, member.ended_at) = (None, Some(Instant::now()));
            } else if !is_stopped(child.id()) {
                member.stopped_since = None;
            } else if member.stopped_since.get_or_insert_with(Instant::now).elapsed() > LEASE * 2 {
                signal("CONT", child.id())?;
            }
        }
        Ok(())
    }

    /// Lets everyone who was stopped go on.
    pub fn wake(&self) {
        for child in self.members.iter().filter_map(|member| member.child.as_ref()) {
            // Who has ended needs no waking.
            let _ = signal("CONT", child.id());
        }
    }

    /// Asks everyone to drain, and waits. Answers how they ended.
    ///
    /// # Errors
    /// Where one did not end in time.
    pub async fn drain(&mut self, within: Duration) -> Result<Vec<ExitStatus>> {
        let begun = Instant::now();
        for child in self.members.iter().filter_map(|member| member.child.as_ref()) {
            signal("TERM", child.id())?;
        }
        let mut ended = Vec::new();
        for member in &mut self.members {
            let Some(mut child) = member.child.take() else { continue };
            loop {
                if let Some(status) = child.try_wait()? {
                    ended.push(status);
                    break;
                }
                if begun.elapsed() > within {
                    child.kill()?;
                    anyhow::bail!("{} did not drain within {within:?}", member.name);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Ok(ended)
    }

    /// Starts of all processes so far.
    pub fn starts(&self) -> u32 {
        self.members.iter().map(|member| member.starts).sum()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for child in self.members.iter_mut().filter_map(|member| member.child.as_mut()) {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Whether a process is stopped (proc(5), `/proc/<pid>/stat`, state T).
fn is_stopped(process: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    state.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
}
