//! What a backfill tells at its end.

use std::fmt::{self, Display};

use serde::Serialize;

use super::{selection::day_text, sending::Sent};
use crate::commands::estimate::text::Json as Estimate;
use crate::figures::{grouped, many};

/// The outcome, for programs.
#[derive(Debug, Serialize)]
pub(super) struct Outcome<'a> {
    pub(super) queue: &'a str,
    pub(super) dry_run: bool,
    /// Objects that were asked for and have not landed, as they were counted first.
    pub(super) objects_to_send: u64,
    pub(super) objects_sent: u64,
    pub(super) messages_sent: u64,
    /// Objects that the archive holds already.
    pub(super) objects_landed_before: u64,
    /// Objects below the same folders that are no LogObjects and no Digests.
    pub(super) objects_passed_over: u64,
    pub(super) interrupted: bool,
    /// `--since` to go on with, where it was stopped before the end.
    pub(super) go_on_since: Option<String>,
    /// What was counted first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) estimate: Option<Estimate<'a>>,
}

impl<'a> Outcome<'a> {
    pub(super) fn new(sent: &Sent, queue: &'a str, passed_over: u64) -> Self {
        Self {
            queue,
            dry_run: false,
            objects_to_send: 0,
            objects_sent: sent.objects,
            messages_sent: sent.messages,
            objects_landed_before: sent.landed,
            objects_passed_over: passed_over,
            interrupted: sent.interrupted,
            go_on_since: sent.goes_on_at.map(day_text),
            estimate: None,
        }
    }
}

impl Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let landed = many(self.objects_landed_before, "object", "objects");
        if self.dry_run {
            writeln!(f, "Nothing was sent. {} would be announced to {}.", many(self.objects_to_send, "object", "objects"), self.queue)?;
        } else {
            let messages = many(self.messages_sent, "message", "messages");
            writeln!(f, "Sent {} in {messages} to {}.", many(self.objects_sent, "object", "objects"), self.queue)?;
        }
        writeln!(f, "  skipped      {landed} that the archive holds")?;
        if self.objects_passed_over > 0 {
            writeln!(f, "  passed over  {} that are no logs and no digests, or older versions", grouped(self.objects_passed_over))?;
        }
        if self.interrupted {
            writeln!(f, "Stopped before the end. {}", go_on(self.go_on_since.as_deref()))?;
        }
        Ok(())
    }
}

/// How a backfill goes on that did not come to its end.
pub(super) fn go_on(since: Option<&str>) -> String {
    match since {
        Some(day) => format!(
            "To go on, wait until the collector's queue is empty and give the same command again with --since {day}: what has landed by then is skipped."
        ),
        None => "To go on, give the same command again: what has landed by then is skipped.".to_owned(),
    }
}
