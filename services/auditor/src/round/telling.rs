//! Each change of a finding is a row in `findings/` and a message. Rows come first: what was told is always there to be read.

use std::collections::BTreeMap;

use trailkeep_archive::{FindingChange, FindingRow, Severity, layout, write_findings};
use trailkeep_audit::Sha256;
use trailkeep_keys::{KeyKind, LogKey};
use trailkeep_pipeline::ports::bucket::PutOutcome;

use super::{Round, RoundError};
use crate::{
    lifecycle::{Change, State},
    message::{Message, messages, severity},
    notes::{self, Kept, UNTOLD},
};

const PARQUET: &str = "application/vnd.apache.parquet";
/// Files of the same moment that may be there already.
const TRIES: u32 = 4;

impl Round<'_> {
    /// Writes the rows of all changes. Gives the object's hash.
    pub(super) async fn write_rows(&self) -> Result<Option<Sha256>, RoundError> {
        if self.changes.is_empty() {
            return Ok(None);
        }
        let rows: Vec<FindingRow> = self.changes.iter().map(|change| self.row(change)).collect();
        let mut key = String::new();
        let failed = |key: &str, source: Box<dyn std::error::Error + Send + Sync>| RoundError::Rows { key: key.to_owned(), source };
        let bytes = write_findings(&rows).map_err(|error| failed(layout::FINDINGS, error.into()))?;
        let hash = Sha256::of(&bytes);
        let policy = self.settings.policy(PARQUET, self.now_ms);
        for _ in 0..TRIES {
            self.hold().await?;
            key = layout::findings_key(self.now_ms, self.ports.surroundings.random());
            let put = self.archive.bucket().put(&key, bytes.clone().into(), &policy).await;
            if put.map_err(|error| failed(&key, error.into()))? == PutOutcome::Written {
                return Ok(Some(hash));
            }
        }
        Err(failed(&key, "something is there already, again and again".into()))
    }

    /// Tells every change, and what could not be told before. What cannot be told now is remembered and told by the next round.
    pub(super) async fn tell(&mut self) -> Result<(), RoundError> {
        let Some(teller) = self.ports.teller.clone() else { return Ok(()) };
        let mut waiting: Kept<Vec<Message>> = notes::read(self.ports.ledger.as_ref(), UNTOLD).await?;
        let mut all = std::mem::take(&mut waiting.content);
        all.extend(messages(&self.settings.archive_name, &self.changes, self.settings.bounds.messages_per_name));
        if !all.is_empty() {
            self.hold().await?;
            if let Err(error) = teller.tell(&all).await {
                self.step_failed("tell", &error.into());
                waiting.content = self.fitting(all);
            } else {
                self.report.told += all.len() as u64;
            }
        }
        if waiting.content.is_empty() && waiting.version.is_some() {
            let forgotten = self.ports.ledger.forget_note(UNTOLD).await;
            forgotten.map_err(|source| notes::NoteError::Ledger { name: UNTOLD.to_owned(), source })?;
            return Ok(());
        }
        Ok(notes::write(self.ports.ledger.as_ref(), UNTOLD, &mut waiting).await?)
    }

    /// The newest messages that a note has room for. The rows of the others are there.
    fn fitting(&self, mut messages: Vec<Message>) -> Vec<Message> {
        let mut left = self.settings.bounds.note_bytes;
        messages.reverse();
        let all = messages.len();
        messages.retain(|message| {
            let fits = left.checked_sub(notes::size_bytes(message).saturating_add(1));
            left = fits.unwrap_or(0);
            fits.is_some()
        });
        if messages.len() < all {
            let lost = all - messages.len();
            tracing::warn!(lost, "messages that could not be told are more than can be remembered: their rows are in findings/");
        }
        messages.reverse();
        messages
    }

    fn row(&self, change: &Change) -> FindingRow {
        let (open, found) = (&change.open, &change.open.found);
        let mut evidence: BTreeMap<String, String> = found.evidence.clone();
        if let Some(presence) = open.healing.at_source {
            evidence.insert("at_source".to_owned(), presence.as_str().to_owned());
        }
        if open.healing.given_up {
            evidence.insert("given_up".to_owned(), "true".to_owned());
        }
        FindingRow {
            id: open.id.clone(),
            at: change.at_ms,
            change: match change.state {
                State::Opened => FindingChange::Opened,
                State::Reopened => FindingChange::Reopened,
                State::Healing => FindingChange::Healing,
                State::Healed => FindingChange::Healed,
                State::Resolved => FindingChange::Resolved,
            },
            name: found.name.clone(),
            severity: match severity(found) {
                "high" => Severity::High,
                "medium" => Severity::Medium,
                _ => Severity::Low,
            },
            provisional: found.provisional,
            organization: found.key.as_deref().and_then(organization),
            account: found.account.clone(),
            region: found.region.clone(),
            trail: found.trail.clone(),
            bucket: found.bucket.clone(),
            key: found.key.clone(),
            since: found.from_ms,
            until: found.to_ms,
            how_many: found.count,
            reasons: found.reasons.clone(),
            detail: found.detail.clone(),
            evidence,
            first_seen: open.opened_ms,
            attempts: u32::try_from(open.healing.asked_ms.len()).unwrap_or(u32::MAX),
            last_attempt: open.healing.asked_ms.last().copied(),
            round: self.id.clone(),
        }
    }
}

fn organization(key: &str) -> Option<String> {
    match LogKey::parse(key).ok()? {
        KeyKind::Log(key) | KeyKind::Digest(key) => key.organization.map(|id| id.to_string()),
        _ => None,
    }
}
