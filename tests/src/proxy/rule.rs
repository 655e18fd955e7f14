//! Rules: which requests meet a fault, and which one.

use std::time::Duration;

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use super::Request;

/// Whose process a signal goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// The process behind the door that the request came through ([`super::Door::belongs_to`]).
    Sender,
    /// This one.
    Process(u32),
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL; the answer is not passed on.
    Kill(Whom),
    /// SIGSTOP, then everything goes its way; whoever made the rule sends SIGCONT ([`super::signal`]).
    Stop(Whom),
    /// 503, as the service spells it (`SlowDown`, `ServiceUnavailable`).
    SlowDown,
    /// 403 `AccessDenied`, or 400 `AccessDeniedException`.
    Denied,
    /// The same, said of the KMS key of an object, as S3 says it.
    KeyDenied,
    /// 400 `ProvisionedThroughputExceededException`, or the service's own throttling error.
    Throttled,
    /// The connection is closed without an answer.
    Reset,
    /// The answer's body ends half-way, and the connection with it.
    Truncated,
    /// The answer's body comes in ten pieces with a pause before each.
    Slow(Duration),
    /// A wait.
    Delay(Duration),
    /// About half the entries of an SQS batch call, at least one, are not forwarded and answered as `Failed` with this code.
    SomeFail(&'static str),
}

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Before forwarding: the service never hears of the request.
    Before,
    /// After it has answered: what the request did is done, and the client does not know.
    After,
}

/// Which requests meet a fault. Conditions that are not set hold for all.
#[derive(Debug, Clone)]
pub struct Rule {
    operation: String,
    subject: String,
    door: Option<String>,
    nth: Option<u64>,
    times: u64,
    chance: f64,
    matched: u64,
    pub(super) side: Side,
    pub(super) fault: Fault,
}

impl Rule {
    /// Before requests of this operation (`s3:GetObject`), of a service (`s3:`), or of all (empty).
    pub fn before(operation: &str, fault: Fault) -> Self {
        let everything = || (String::new(), None);
        let (subject, nth) = everything();
        Self {
            operation: operation.to_owned(),
            subject,
            door: None,
            nth,
            times: u64::MAX,
            chance: 1.0,
            matched: 0,
            side: Side::Before,
            fault,
        }
    }

    /// After such requests, before the client hears of the answer.
    pub fn after(operation: &str, fault: Fault) -> Self {
        Self { side: Side::After, ..Self::before(operation, fault) }
    }

    /// Only where the subject holds this text.
    #[must_use]
    pub fn with(self, subject: &str) -> Self {
        Self { subject: subject.to_owned(), ..self }
    }

    /// Only through the door of this name.
    #[must_use]
    pub fn through(self, door: &str) -> Self {
        Self { door: Some(door.to_owned()), ..self }
    }

    /// Only the `n`-th such request since the rule was made, counted from 1.
    #[must_use]
    pub fn nth(self, n: u64) -> Self {
        Self { nth: Some(n), ..self }
    }

    /// At most so often.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times, ..self }
    }

    /// With this probability, 0 to 1.
    #[must_use]
    pub fn chance(self, chance: f64) -> Self {
        Self { chance, ..self }
    }

    /// Whether the fault strikes this request. Counts it.
    pub(super) fn strikes(&mut self, request: &Request, door: &str, random: &mut ChaCha8Rng) -> bool {
        let is_its = if self.operation.ends_with(':') || self.operation.is_empty() {
            request.operation.starts_with(&self.operation)
        } else {
            request.operation == self.operation
        };
        let here = self.door.as_deref().is_none_or(|known| known == door);
        if !is_its || !here || !request.subject.contains(&self.subject) || self.times == 0 {
            return false;
        }
        self.matched += 1;
        let strikes = self.nth.is_none_or(|nth| nth == self.matched) && (self.chance >= 1.0 || random.gen_bool(self.chance.max(0.0)));
        self.times -= u64::from(strikes);
        strikes
    }
}
