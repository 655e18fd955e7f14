//! A proxy on loopback in front of an emulator that knows which AWS operation a request is, and lets requests fail as rules say: the process
//! behind it is killed or stopped, answers are lost, cut, late or errors. It counts requests by operation.
//!
//! Each process under test gets a [`Door`] of its own, so that rules can hit whoever sent a request. Connections are kept alive, one thread each.

mod answers;
mod http;
mod operation;
mod rule;
mod serve;

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    process::Command,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use anyhow::{Context, Result, ensure};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

pub use self::{
    operation::Request,
    rule::{Fault, Rule, Side, Whom},
};

/// Requests that are remembered one by one; counts go on.
const MAX_REMEMBERED: usize = 200_000;

/// A request that came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// What it asked for.
    pub request: Request,
    /// The name of the door that it came through.
    pub door: String,
    /// HTTP status of the service's answer; 0 where there was none, or the proxy made one.
    pub status: u16,
    /// What struck it.
    pub fault: Option<Fault>,
}

/// A proxy in front of one server.
#[derive(Debug, Clone)]
pub struct Proxy(Arc<Shared>);

/// What doors and connections share.
#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    rules: Vec<Rule>,
    random: ChaCha8Rng,
    counts: BTreeMap<String, u64>,
    seen: Vec<Seen>,
}

/// A way into the proxy, for one process.
#[derive(Debug, Clone)]
pub struct Door {
    address: SocketAddr,
    process: Arc<AtomicU32>,
}

impl Proxy {
    /// A proxy in front of `endpoint` (`http://127.0.0.1:<port>`). What rules leave to chance is decided by `seed` and the order of requests.
    ///
    /// # Errors
    /// Where the endpoint is no address.
    pub fn before(endpoint: &str, seed: u64) -> Result<Self> {
        let host = endpoint.trim_start_matches("http://").trim_end_matches('/').replace("localhost", "127.0.0.1");
        let server = host.parse().with_context(|| format!("{endpoint} is no address"))?;
        let random = ChaCha8Rng::seed_from_u64(seed);
        let state = State { rules: Vec::new(), random, counts: BTreeMap::new(), seen: Vec::new() };
        Ok(Self(Arc::new(Shared { server, state: Mutex::new(state) })))
    }

    /// Opens a door on a free port of loopback.
    ///
    /// # Errors
    /// Where no port is free.
    pub fn door(&self, name: &str) -> Result<Door> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no port is free")?;
        let door = Door { address: listener.local_addr()?, process: Arc::default() };
        let (shared, name, process) = (Arc::clone(&self.0), Arc::<str>::from(name), Arc::clone(&door.process));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (shared, name, process) = (Arc::clone(&shared), Arc::clone(&name), Arc::clone(&process));
                // A connection that breaks ends; its client knows what to do.
                thread::spawn(move || serve::connection(client, &shared, &name, &process));
            }
        });
        Ok(door)
    }

    /// Adds a rule. The first rule that strikes a request counts; the ones after it do not see it.
    pub fn add(&self, rule: Rule) {
        self.0.state().rules.push(rule);
    }

    /// Takes all rules away.
    pub fn calm(&self) {
        self.0.state().rules.clear();
    }

    /// Requests so far, by operation.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        self.0.state().counts.clone()
    }

    /// Requests of an operation so far.
    pub fn count(&self, operation: &str) -> u64 {
        self.0.state().counts.get(operation).copied().unwrap_or(0)
    }

    /// Requests so far, in the order of their ends; the first 200,000.
    pub fn seen(&self) -> Vec<Seen> {
        self.0.state().seen.clone()
    }

    /// How many requests met a fault, by what it was.
    pub fn struck(&self) -> BTreeMap<String, u64> {
        let mut struck = BTreeMap::new();
        for fault in self.0.state().seen.iter().filter_map(|seen| seen.fault.as_ref()) {
            *struck.entry(format!("{fault:?}")).or_default() += 1;
        }
        struck
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request, and finds the rule that strikes it.
    fn arrives(&self, request: &Request, door: &str) -> Option<(Side, Fault)> {
        let State { rules, random, counts, .. } = &mut *self.state();
        *counts.entry(request.operation.clone()).or_default() += 1;
        let rule = rules.iter_mut().find_map(|rule| rule.strikes(request, door, random).then_some(rule))?;
        Some((rule.side, rule.fault.clone()))
    }

    fn remember(&self, seen: Seen) {
        let mut state = self.state();
        if state.seen.len() < MAX_REMEMBERED {
            state.seen.push(seen);
        }
    }
}

impl Door {
    /// `http://127.0.0.1:<port>`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Says which process uses it, for [`Whom::Sender`].
    pub fn belongs_to(&self, process: u32) {
        self.process.store(process, Ordering::Release);
    }
}

/// Sends a signal by name (`KILL`, `STOP`, `CONT`, `TERM`) to a process.
///
/// # Errors
/// Where there is no such process any more.
pub fn signal(name: &str, process: u32) -> Result<()> {
    ensure!(process > 1, "process {process} is not one of ours");
    // A shell has `kill` built in everywhere.
    let ended = Command::new("sh").args(["-c", &format!("kill -{name} {process} 2>/dev/null")]).status().context("no shell")?;
    ensure!(ended.success(), "process {process} is gone");
    Ok(())
}
