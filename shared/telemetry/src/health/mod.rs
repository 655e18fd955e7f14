//! Whether the service lives and is ready, with reasons, and the small HTTP server that says so.
//!
//! *Live* means that a restart would not help; *ready* that it takes on work. A service that cannot reach something outside is live and not ready.

mod connection;
mod server;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

pub use connection::{MAX_CONNECTION_TIME, MAX_CONNECTIONS, MAX_REQUEST_BYTES};
pub use server::{HealthServer, ServeError, serve};

/// What stands against being ready until [`Health::started`].
const START: &str = "start";
/// What stands against being ready after [`Health::draining`].
const DRAIN: &str = "drain";

/// What stands against it, by condition; nothing: all is well.
pub type Reasons = BTreeMap<&'static str, String>;

#[derive(Debug, Default)]
struct State {
    live: Reasons,
    ready: Reasons,
}

/// Shared by all who know something about it. Clones share one state.
#[derive(Debug, Clone)]
pub struct Health {
    state: Arc<RwLock<State>>,
}

impl Default for Health {
    fn default() -> Self {
        Self::starting()
    }
}

impl Health {
    /// Live, and not ready before [`Health::started`].
    pub fn starting() -> Self {
        let health = Self { state: Arc::default() };
        health.not_ready(START, "the service is starting");
        health
    }

    /// The start is over.
    pub fn started(&self) {
        self.ready(START);
    }

    /// The service drains: it stays live, and is not ready again.
    pub fn draining(&self) {
        self.not_ready(DRAIN, "the service is draining and takes on no more work");
    }

    /// A condition holds again (`breaker`, `ledger`).
    pub fn ready(&self, condition: &'static str) {
        self.change(|state| drop(state.ready.remove(condition)));
    }

    /// A condition for taking on work fails, and why: one line, without secrets.
    pub fn not_ready(&self, condition: &'static str, reason: impl Into<String>) {
        self.change(|state| drop(state.ready.insert(condition, reason.into())));
    }

    /// A condition of life holds again.
    pub fn live(&self, condition: &'static str) {
        self.change(|state| drop(state.live.remove(condition)));
    }

    /// Only a restart can help, and why: one line, without secrets.
    pub fn not_live(&self, condition: &'static str, reason: impl Into<String>) {
        self.change(|state| drop(state.live.insert(condition, reason.into())));
    }

    /// What stands against being live.
    pub fn live_reasons(&self) -> Reasons {
        self.read(|state| state.live.clone())
    }

    /// What stands against being ready; a service that is not live is not ready either.
    pub fn ready_reasons(&self) -> Reasons {
        self.read(|state| state.live.iter().chain(&state.ready).map(|(condition, reason)| (*condition, reason.clone())).collect())
    }

    /// Whether it takes on work.
    pub fn is_ready(&self) -> bool {
        self.read(|state| state.live.is_empty() && state.ready.is_empty())
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        // A map is whole after each step: a panic elsewhere leaves it usable.
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_ready_once_started_and_never_after_it_drains() {
        let health = Health::starting();
        assert!(!health.is_ready() && health.live_reasons().is_empty());
        health.started();
        assert!(health.is_ready());
        health.not_ready("breaker", "s3:GetObject is denied");
        assert_eq!(health.clone().ready_reasons(), Reasons::from([("breaker", "s3:GetObject is denied".to_owned())]));
        health.ready("breaker");
        assert!(health.is_ready());
        health.draining();
        health.started();
        assert!(!health.is_ready() && health.live_reasons().is_empty());
    }

    #[test]
    fn what_is_not_live_is_not_ready() {
        let health = Health::starting();
        health.started();
        health.not_live("loop", "the receiving task has ended");
        assert!(!health.is_ready());
        assert_eq!(health.ready_reasons(), health.live_reasons());
        health.live("loop");
        assert!(health.is_ready());
    }
}
