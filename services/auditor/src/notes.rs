//! What is remembered from round to round, as notes in the Ledger. They can be lost: the next round then verifies in full and tells open findings again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use trailkeep_pipeline::ports::ledger::{Ledger, LedgerError, MAX_NOTE_BYTES};

use crate::{
    finding::{Found, Origin},
    heal::{Healing, MOST_TRIES},
    lifecycle::{Findings, Looked, Open, Taken},
};

/// Version of the notes.
const VERSION: u32 = 1;
/// The note of what is no account's.
pub(crate) const STATE: &str = "auditor/state";
/// Before an account's id, or `-` for what is no account's.
const ACCOUNT: &str = "auditor/account/";
/// Messages that could not be told yet.
pub(crate) const UNTOLD: &str = "auditor/untold";
/// Whose note it is, of what is no account's.
pub(crate) const NOBODY: &str = "-";
/// What a note's own members take beside its findings, in bytes.
const FRAME_BYTES: usize = 1_024;
/// What an open finding may grow by in bytes: times of tries of 14 each, their members' names, what stands in the log bucket, that asking is over, a
/// longer stretch, a longer name, and times of acknowledging.
const GROWTH_BYTES: usize = MOST_TRIES * 14 + 225;
/// Most bytes of a text of a finding where a note is too full.
const SHORT_TEXT_BYTES: usize = 256;
/// Most reasons of a finding where a note is too full.
const FEW_REASONS: usize = 4;

/// What is remembered of all accounts together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Accounts that have a note, and `-`.
    #[serde(default)]
    pub accounts: BTreeSet<String>,
    /// Where the last verification ended, by delivery, milliseconds since 1970.
    #[serde(default)]
    pub verified_ms: Option<i64>,
    /// When the first round was that remembers anything, milliseconds since 1970.
    #[serde(default)]
    pub first_ms: Option<i64>,
    /// When the accounts were last asked for.
    #[serde(default)]
    pub roster_ms: Option<i64>,
    /// When CloudTrail was last asked for its keys, and the Regions that were asked.
    #[serde(default)]
    pub keys_ms: BTreeMap<String, i64>,
    /// When what lags and what is open was last looked at by itself.
    #[serde(default)]
    pub lagging_ms: Option<i64>,
    /// When coverage was last looked at.
    #[serde(default)]
    pub covered_ms: Option<i64>,
    /// When the roster that coverage last held the archive against was observed.
    #[serde(default)]
    pub roster_observed_ms: Option<i64>,
    /// The last day, in days since 1970, on which old segments were asked for in turn.
    #[serde(default)]
    pub segments_day: Option<i64>,
    /// The newest day of `sources/` that coverage has read.
    #[serde(default)]
    pub seen_through: Option<String>,
    /// When heads of attestations that are lacking in the second account were last put there.
    #[serde(default)]
    pub heads_ms: Option<i64>,
}

/// What is remembered of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its findings.
    #[serde(default)]
    pub findings: Findings,
    /// Marks of its chains, as `trailkeep-verification` writes them.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub marks: Value,
    /// When it was first seen in each Region, milliseconds since 1970, as coverage has it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seen: BTreeMap<String, i64>,
    /// Of what there was no room for: what was done about all of it together.
    #[serde(default)]
    pub beyond: Healing,
}

impl Account {
    /// How many bytes of `note_bytes` are left for findings that are new, once all that are open have grown as they may.
    pub(crate) fn room_bytes(&self, note_bytes: usize) -> usize {
        let grown = self.findings.open.len() * GROWTH_BYTES;
        note_bytes.saturating_sub(size_bytes(self) + grown + FRAME_BYTES)
    }

    /// What one more takes, once it has grown.
    pub(crate) fn needs_bytes(open: &Open) -> usize {
        size_bytes(open) + GROWTH_BYTES
    }

    /// Takes in what was found, as far as there is room for it.
    pub(crate) fn take(
        &mut self,
        looked: &[Looked],
        found: Vec<Found>,
        landed: Option<&BTreeSet<String>>,
        now_ms: i64,
        note_bytes: usize,
    ) -> Taken {
        let mut left = self.room_bytes(note_bytes);
        let room = |open: &Open| {
            let fits = left.checked_sub(Self::needs_bytes(open));
            left = fits.unwrap_or(left);
            fits.is_some()
        };
        self.findings.take(looked, found, landed, now_ms, room)
    }

    /// Makes the note fit: forgets what is closed, oldest first, then cuts texts of findings, then forgets findings, and in the end the marks, whose
    /// chains then begin with the window. What may still come by itself is forgotten first, and the newest before others. Gives the findings.
    pub(crate) fn fit(&mut self) -> Vec<Found> {
        let mut forgotten = Vec::new();
        let most_bytes = MAX_NOTE_BYTES - FRAME_BYTES;
        let mut size = size_bytes(self);
        if size <= most_bytes {
            return forgotten;
        }
        while size > most_bytes && self.findings.forget_oldest() {
            size = size_bytes(self);
        }
        if size > most_bytes {
            self.findings.open.iter_mut().for_each(|open| open.found.shorten(SHORT_TEXT_BYTES, FEW_REASONS));
            size = size_bytes(self);
        }
        if size > most_bytes {
            self.findings.open.sort_by_key(|open| (open.found.origin != Origin::Auditor, open.found.provisional, open.opened_ms));
        }
        while size > most_bytes {
            let Some(open) = self.findings.open.pop() else { break };
            size = size.saturating_sub(size_bytes(&open) + 1);
            forgotten.push(open.found);
        }
        if size > most_bytes {
            self.marks = Value::Null;
        }
        forgotten
    }

    /// What a clock wrote that was ahead is of now at the latest.
    pub(crate) fn none_after(&mut self, now_ms: i64) {
        for open in &mut self.findings.open {
            open.opened_ms = open.opened_ms.min(now_ms);
            open.seen_ms = open.seen_ms.min(now_ms);
            open.reopened_ms = open.reopened_ms.map(|at_ms| at_ms.min(now_ms));
        }
        self.findings.closed.values_mut().for_each(|at_ms| *at_ms = (*at_ms).min(now_ms));
    }
}

/// Whether something that is done every so often is due. A last time in the future was written by a clock that was ahead, and is no reason to wait.
pub(crate) fn is_due(last_ms: Option<i64>, every_ms: i64, now_ms: i64) -> bool {
    last_ms.is_none_or(|last_ms| last_ms > now_ms || now_ms.saturating_sub(last_ms) >= every_ms)
}

/// A note as it was read: its content, and the version to be written over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept<T> {
    /// What it says; the default where there is none, or where it cannot be read.
    pub content: T,
    /// The version that was read; none: there is no note.
    pub version: Option<u64>,
    /// There was a note, and it could not be understood.
    pub lost: bool,
    /// What was there, so that only what changed is written.
    written: Vec<u8>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Envelope<T> {
    version: u32,
    content: T,
}

/// Why a note could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    /// The ledger failed.
    #[error("the note {name} cannot be read or written")]
    Ledger {
        /// The note.
        name: String,
        /// The cause.
        #[source]
        source: LedgerError,
    },
    /// Made by a newer release.
    #[error(
        "the note {name} is of version {found}, newer than {VERSION}, the newest that this release knows: use a newer trailkeep-auditor"
    )]
    Newer {
        /// The note.
        name: String,
        /// Its version.
        found: u64,
    },
    /// Somebody else wrote it since this round read it.
    #[error("the note {name} was written by somebody else since this round read it: another auditor works on this archive")]
    Taken {
        /// The note.
        name: String,
    },
}

impl NoteError {
    /// Itself, where the note had no room; anything else ends the round.
    pub(crate) fn full(self) -> Result<Self, Self> {
        match self {
            Self::Ledger { source: LedgerError::NoteTooLarge { .. }, .. } => Ok(self),
            _ => Err(self),
        }
    }
}

/// The name of an account's note.
pub(crate) fn of_account(account: &str) -> String {
    format!("{ACCOUNT}{account}")
}

/// Reads a note. One that cannot be understood counts as lost, with a warning; one of a newer release is an error.
pub(crate) async fn read<T: DeserializeOwned + Default>(ledger: &dyn Ledger, name: &str) -> Result<Kept<T>, NoteError> {
    let note = ledger.note(name).await.map_err(|source| NoteError::Ledger { name: name.to_owned(), source })?;
    let Some(note) = note else { return Ok(Kept::default()) };
    let content = match serde_json::from_slice::<Envelope<Value>>(&note.body) {
        Ok(envelope) if envelope.version > VERSION => {
            return Err(NoteError::Newer { name: name.to_owned(), found: envelope.version.into() });
        }
        Ok(envelope) => serde_json::from_value(envelope.content).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let lost = content.is_err();
    let content = content.unwrap_or_else(|error| {
        tracing::warn!(note = name, error, "a note cannot be understood and counts as lost: what it remembered is found again");
        T::default()
    });
    Ok(Kept { content, version: Some(note.version), lost, written: note.body.to_vec() })
}

/// Writes a note over the version that was read, if it changed. Nothing is written in place of nothing.
pub(crate) async fn write<T: Serialize + Default + PartialEq>(
    ledger: &dyn Ledger,
    name: &str,
    kept: &mut Kept<T>,
) -> Result<(), NoteError> {
    let envelope = Envelope { version: VERSION, content: &kept.content };
    let body = serde_json::to_vec(&envelope).expect("maps with text keys, texts and numbers always serialise");
    if body == kept.written || (kept.version.is_none() && kept.content == T::default()) {
        return Ok(());
    }
    let put = ledger.put_note(name, kept.version, &body).await;
    if !put.map_err(|source| NoteError::Ledger { name: name.to_owned(), source })? {
        return Err(NoteError::Taken { name: name.to_owned() });
    }
    // Versions are the ledger's: what is written next is read first.
    kept.written = body;
    Ok(())
}

/// How many bytes something takes in a note, about.
pub(crate) fn size_bytes<T: Serialize>(content: &T) -> usize {
    serde_json::to_vec(content).map_or(usize::MAX, |body| body.len())
}
