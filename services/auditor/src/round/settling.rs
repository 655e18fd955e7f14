//! What was missing and has landed since: looked up in the Ledger and in `sources/`, file by file, whatever a verification looked at.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trailkeep_archive::{BatchId, SourceRow, layout, read_sources};
use trailkeep_pipeline::ports::ledger::{BatchState, SourceId};

use super::{Round, StepError};
use crate::{finding::Found, heal::wanted, lifecycle::Open};

/// Largest file of `sources/` that is read: 256 MiB; and once decoded: 1 GiB.
const MAX_FILE_BYTES: u64 = 256 << 20;
const MAX_DECODED_BYTES: u64 = 1 << 30;
/// Sources that the Ledger is asked for at once.
const LOOKED_AT_ONCE: usize = 1_000;

/// What the archive has of a file that was missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Landing {
    /// Nothing.
    Not,
    /// A worker has it in hand.
    InHand,
    /// It landed, with this SHA-256 of its inflated bytes, where they could be inflated.
    Landed(Option<String>),
}

/// Bucket and key.
pub(super) type Name = (String, String);

impl Round<'_> {
    /// What the archive has of these files. Those that the Ledger knows nothing of are left out.
    pub(super) async fn landings(&self, names: &BTreeSet<Name>) -> Result<HashMap<Name, Landing>, StepError> {
        let all: Vec<&Name> = names.iter().collect();
        let mut by_batch: BTreeMap<BatchId, BTreeSet<&Name>> = BTreeMap::new();
        for some in all.chunks(LOOKED_AT_ONCE) {
            let sources: Vec<SourceId> = some.iter().map(|(bucket, key)| SourceId::new(bucket.as_str(), key.as_str())).collect();
            for (name, holder) in some.iter().zip(self.ports.ledger.look(&sources).await?) {
                if let Some(holder) = holder {
                    by_batch.entry(holder.batch).or_default().insert(name);
                }
            }
        }
        let mut landings = HashMap::new();
        for (batch, names) in by_batch {
            let standing = self.ports.ledger.batch(&batch).await?.map(|item| item.state);
            let landed = match standing {
                Some(BatchState::Open | BatchState::Committed) => names.into_iter().map(|name| (name.clone(), Landing::InHand)).collect(),
                Some(BatchState::Aborted) => Vec::new(),
                // The Ledger may have forgotten an old Batch: its `sources/` says.
                Some(BatchState::Published | BatchState::Announced) | None => self.listed(&batch, &names).await?,
            };
            landings.extend(landed);
        }
        Ok(landings)
    }

    /// Those of these files that a Batch lists.
    async fn listed(&self, batch: &BatchId, names: &BTreeSet<&Name>) -> Result<Vec<(Name, Landing)>, StepError> {
        let key = layout::sources_key(batch);
        let Some(bytes) = self.archive.bucket().get(&key, MAX_FILE_BYTES).await? else { return Ok(Vec::new()) };
        let rows = tokio::task::spawn_blocking(move || read_sources(bytes, MAX_DECODED_BYTES)).await?;
        let rows: Vec<SourceRow> = rows.map_err(|source| StepError::Table { key, source })?;
        let of = |row: SourceRow| {
            // What landed first decides.
            let name = (row.bucket, row.key);
            (row.revision == 1 && names.contains(&name)).then_some((name, Landing::Landed(row.inflated_sha256)))
        };
        Ok(rows.into_iter().filter_map(of).collect())
    }

    /// Ids of open findings about an object that has landed with the hash that CloudTrail signed. Whoever is told of something else that landed in its
    /// place is not told that it is healed.
    pub(super) async fn landed(&self) -> Result<BTreeSet<String>, StepError> {
        let mut names: BTreeMap<Name, Vec<&Open>> = BTreeMap::new();
        for open in self.accounts.values().flat_map(|note| &note.content.findings.open) {
            if let Some((bucket, key)) = wanted(&open.found) {
                names.entry((bucket.to_owned(), key.to_owned())).or_default().push(open);
            }
        }
        let landings = self.landings(&names.keys().cloned().collect()).await?;
        let mut landed = BTreeSet::new();
        for (name, opens) in names {
            let Some(Landing::Landed(Some(hash))) = landings.get(&name) else { continue };
            landed.extend(opens.into_iter().filter(|open| signed(&open.found) == Some(hash)).map(|open| open.id.clone()));
        }
        Ok(landed)
    }
}

/// The hash that CloudTrail signed of a missing file.
fn signed(found: &Found) -> Option<&str> {
    ["listed_sha256", "named_hash"].into_iter().find_map(|name| found.evidence.get(name)).map(String::as_str)
}
