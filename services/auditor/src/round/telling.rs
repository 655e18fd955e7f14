//! Each change of a finding is a row in `findings/` and a message. Rows come first: what was told is always there to be read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trailkeep_archive::{FindingChange, FindingRow, Severity, layout, write_findings};
use trailkeep_attest::address;
use trailkeep_audit::Sha256;
use trailkeep_keys::{KeyKind, LogKey};
use trailkeep_pipeline::ports::bucket::PutOutcome;

use super::{Round, RoundError};
use crate::{
    lifecycle::{Change, State},
    message::{Message, messages, not_told},
    names::severity,
    notes::{self, Kept, UNTOLD},
    ports::Told,
};

const PARQUET: &str = "application/vnd.apache.parquet";
/// Files of the same moment that may be there already.
const TRIES: u32 = 4;
/// So often a message is refused for what it is before it is told no more.
const MOST_REFUSALS: u32 = 5;

/// Messages that could not be told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Untold {
    waiting: Vec<Waiting>,
    /// How many are told no more; told themselves as a count.
    #[serde(default)]
    lost: u64,
}

/// A message that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    message: Message,
    /// How often it was refused while others were taken.
    #[serde(default)]
    refused: u32,
}

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
        let mut kept: Kept<Untold> = notes::read(self.ports.ledger.as_ref(), UNTOLD).await?;
        let Untold { waiting, lost } = std::mem::take(&mut kept.content);
        let archive = self.settings.archive_name.clone().unwrap_or_else(|| address(self.archive.bucket().as_ref()));
        let new = messages(&archive, &self.changes, self.settings.bounds.messages_per_name);
        let all: Vec<Waiting> = waiting.into_iter().chain(new.into_iter().map(|message| Waiting { message, refused: 0 })).collect();
        // That some are lost is said before anything else.
        let first: Option<Message> = (lost > 0).then(|| not_told(&archive, lost, self.now_ms));
        let sent: Vec<Message> = first.iter().chain(all.iter().map(|waiting| &waiting.message)).cloned().collect();
        let mut told = Told::default();
        if !sent.is_empty() {
            self.hold().await?;
            told = teller.tell(&sent).await;
        }
        let failed = told.refused.union(&told.left).count();
        self.report.told += (sent.len() - failed.min(sent.len())) as u64;
        if let Some(error) = told.error.take() {
            self.step_failed("tell", &error.into());
        }
        let ahead = usize::from(first.is_some());
        let still = if ahead == 1 && !told.refused.contains(&0) && !told.left.contains(&0) { 0 } else { lost };
        let others = failed < sent.len();
        kept.content = untold(all, ahead, &told, Untold { waiting: Vec::new(), lost: still }, others, self.settings.bounds.note_bytes);
        if kept.content == Untold::default() && kept.version.is_some() {
            let forgotten = self.ports.ledger.forget_note(UNTOLD).await;
            forgotten.map_err(|source| notes::NoteError::Ledger { name: UNTOLD.to_owned(), source })?;
            return Ok(());
        }
        Ok(notes::write(self.ports.ledger.as_ref(), UNTOLD, &mut kept).await?)
    }

    fn row(&self, change: &Change) -> FindingRow {
        let (open, found) = (&change.open, &change.open.found);
        let mut evidence: BTreeMap<String, String> = found.evidence.clone();
        if let Some(presence) = open.healing.at_source {
            evidence.insert("at_source".to_owned(), presence.as_str().to_owned());
        }
        if !open.healing.looked_ms.is_empty() {
            evidence.insert("looked_for".to_owned(), open.healing.looked_ms.len().to_string());
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
                State::Acknowledged => FindingChange::Acknowledged,
                State::Changed => FindingChange::Changed,
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
            until: found.ended_ms(),
            how_many: found.count,
            reasons: found.reasons.clone(),
            detail: found.detail.clone(),
            evidence,
            first_seen: open.opened_ms,
            attempts: u32::try_from(open.healing.tries()).unwrap_or(u32::MAX),
            last_attempt: open.healing.last_ms(),
            round: self.id.clone(),
        }
    }
}

/// What is to be told by the next round. `ahead`: so many messages went before these. `others`: some messages were taken, so that what was refused was
/// refused for what it is.
fn untold(all: Vec<Waiting>, ahead: usize, told: &Told, mut untold: Untold, others: bool, note_bytes: usize) -> Untold {
    for (place, mut waiting) in all.into_iter().enumerate().map(|(place, waiting)| (place + ahead, waiting)) {
        if told.refused.contains(&place) {
            waiting.refused += u32::from(others);
        } else if !told.left.contains(&place) {
            continue;
        }
        if waiting.refused < MOST_REFUSALS {
            untold.waiting.push(waiting);
        } else {
            untold.lost += 1;
            let group = waiting.message.group;
            tracing::error!(group, "a message was refused again and again and is told no more: its row is in findings/");
        }
    }
    let (waiting, lost) = fitting(untold.waiting, note_bytes);
    if lost > 0 {
        tracing::error!(lost, "messages that could not be told are more than can be remembered: their rows are in findings/");
    }
    Untold { waiting, lost: untold.lost + lost }
}

/// What a note has room for, in its order: what is high before anything else, and the newest. Gives how many are left out.
fn fitting(waiting: Vec<Waiting>, note_bytes: usize) -> (Vec<Waiting>, u64) {
    let is_high = |waiting: &Waiting| waiting.message.attributes.iter().any(|(name, value)| name == "severity" && value == "high");
    let all = waiting.len();
    let mut by_worth: Vec<(usize, Waiting)> = waiting.into_iter().enumerate().collect();
    by_worth.sort_by_key(|(place, waiting)| (!is_high(waiting), std::cmp::Reverse(*place)));
    let mut left = note_bytes;
    by_worth.retain(|(_, waiting)| {
        let fits = left.checked_sub(notes::size_bytes(waiting).saturating_add(1));
        left = fits.unwrap_or(left);
        fits.is_some()
    });
    by_worth.sort_by_key(|(place, _)| *place);
    let lost = (all - by_worth.len()) as u64;
    (by_worth.into_iter().map(|(_, waiting)| waiting).collect(), lost)
}

fn organization(key: &str) -> Option<String> {
    match LogKey::parse(key).ok()? {
        KeyKind::Log(key) | KeyKind::Digest(key) => key.organization.map(|id| id.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(group: &str, severity: &str) -> Waiting {
        let attributes = vec![("severity".to_owned(), severity.to_owned())];
        let message = Message { body: "b".repeat(100), attributes, group: group.to_owned(), deduplication: String::new() };
        Waiting { message, refused: 0 }
    }

    fn groups(untold: &Untold) -> Vec<&str> {
        untold.waiting.iter().map(|waiting| waiting.message.group.as_str()).collect()
    }

    #[test]
    fn what_is_refused_while_others_are_taken_is_tried_five_times() {
        let refused = Told { refused: [1].into(), ..Told::default() };
        let mut all = vec![waiting("told", "low"), waiting("refused", "high")];
        for _ in 1..MOST_REFUSALS {
            let left = untold(all, 0, &refused, Untold::default(), true, 9_999);
            assert_eq!((groups(&left), left.lost), (vec!["refused"], 0));
            all = [vec![waiting("told", "low")], left.waiting].concat();
            let alone = untold(all.clone(), 0, &Told { refused: [0, 1].into(), ..Told::default() }, Untold::default(), false, 9_999);
            assert_eq!(alone.waiting, all, "a topic that takes nothing says nothing of a message");
        }
        let last = untold(all, 0, &refused, Untold { lost: 3, ..Untold::default() }, true, 9_999);
        assert_eq!((groups(&last), last.lost), (vec![], 4));
    }

    #[test]
    fn places_are_counted_behind_what_went_ahead() {
        let left = Told { left: [2].into(), ..Told::default() };
        let all = vec![waiting("told", "low"), waiting("left", "low")];
        assert_eq!(groups(&untold(all, 1, &left, Untold::default(), true, 9_999)), ["left"]);
    }

    #[test]
    fn what_is_high_is_remembered_before_what_is_new() {
        let all = vec![waiting("a", "low"), waiting("b", "high"), waiting("c", "low"), waiting("d", "low")];
        let room = 2 * (notes::size_bytes(&all[0]) + 2);
        let left = Told { left: (0..4).collect(), ..Told::default() };
        let kept = untold(all, 0, &left, Untold::default(), false, room);
        assert_eq!((groups(&kept), kept.lost), (vec!["b", "d"], 2));
    }
}
