//! What is remembered from round to round, as notes in the Ledger. They can be lost: the next round then verifies in full and tells open findings again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use trailkeep_pipeline::ports::ledger::{Ledger, LedgerError};

use crate::lifecycle::Findings;

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
    pub beyond: crate::heal::Healing,
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
