//! What every service's process does alike: clocks and random numbers, being asked to stop, the configuration as it is shown.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};
use tokio::signal::{
    ctrl_c,
    unix::{SignalKind, signal},
};
use trailkeep_pipeline::{ingest::Surroundings, protocol::Moment};

/// The machine's clocks and random numbers; the wall clock may be moved for trials.
#[derive(Debug)]
pub struct Machine {
    began: Instant,
    offset_ms: i64,
}

impl Machine {
    /// Its wall clock is told moved by `offset_ms`, in milliseconds.
    pub fn new(offset_ms: i64) -> Self {
        Self { began: Instant::now(), offset_ms }
    }
}

impl Surroundings for Machine {
    fn now(&self) -> Moment {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let unix_ms = (since_epoch.as_millis() as i64).saturating_add(self.offset_ms);
        Moment { unix_ms, monotonic_ms: self.began.elapsed().as_millis() as u64 }
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        match getrandom::fill(&mut bytes) {
            Ok(()) => u64::from_ne_bytes(bytes),
            // Without the system's random numbers: what no two processes share at a time.
            Err(_) => u64::from(std::process::id()) << 32 ^ self.began.elapsed().as_nanos() as u64,
        }
    }
}

/// Waits until SIGTERM, SIGHUP or Ctrl-C asks the process to stop. `false`: nobody can ask, since the system does not let us listen.
pub async fn asked_to_stop() -> bool {
    match (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
        (Ok(mut terminated), Ok(mut hung_up)) => tokio::select! {
            asked = ctrl_c() => asked.is_ok(),
            asked = terminated.recv() => asked.is_some(),
            asked = hung_up.recv() => asked.is_some(),
        },
        _ => ctrl_c().await.is_ok(),
    }
}

/// Options as they may be printed: `null` without a value, nothing of what is `secret`, URLs without a password.
pub fn redacted<'a>(options: impl IntoIterator<Item = (&'a str, Option<String>)>, secret: &[&str]) -> Map<String, Value> {
    let shown = |(id, value): (&str, Option<String>)| {
        let hidden = |value: String| if secret.contains(&id) { "redacted".to_owned() } else { without_password(&value) };
        (id.to_owned(), value.map_or(Value::Null, |value| Value::String(hidden(value))))
    };
    options.into_iter().map(shown).collect()
}

/// A URL without what stands between `//` and `@`.
fn without_password(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => match rest.split_once('@') {
            Some((user, host)) if !user.contains('/') => format!("{scheme}://redacted@{host}"),
            _ => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_and_secrets_are_not_shown() {
        let values = [
            ("proxy", Some("http://me:secret@host:1/q")),
            ("queue", Some("https://sqs.eu-central-1.amazonaws.com/111122223333/q@x")),
            ("external_id", Some("of the other account")),
            ("other", None),
        ];
        let shown = redacted(values.map(|(id, value)| (id, value.map(ToOwned::to_owned))), &["external_id"]);
        let expected = serde_json::json!({
            "proxy": "http://redacted@host:1/q", "queue": "https://sqs.eu-central-1.amazonaws.com/111122223333/q@x", "external_id": "redacted", "other": null,
        });
        assert_eq!(Value::Object(shown), expected);
    }
}
