//! What a ledger keeps: sources, Batches, leases, and its own identity. Plain data; who may change what is said at
//! [`Ledger`](super::Ledger).

use std::{fmt, sync::Arc};

use trailkeep_archive::{BatchId, LedgerKind};

/// Which ledger this is, and whether it may admit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerIdentity {
    /// What holds it.
    pub kind: LedgerKind,
    /// Drawn at random when the ledger was made; stands in `archive.json`.
    pub id: String,
    /// Raised each time the ledger is rebuilt. A new ledger has 1.
    pub epoch: u64,
    /// False while it is new or being rebuilt: such a ledger opens no Batch.
    pub ready: bool,
}

/// A LogObject or Digest as the ledger knows it: canonical bucket, key, and revision. Revision 1 is what was delivered first; other content
/// under the same key that lands later is 2, 3 and so on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId {
    bucket: Arc<str>,
    key: Arc<str>,
    revision: u32,
}

impl SourceId {
    /// The first revision of what stands under `key` in the canonical `bucket`.
    pub fn new(bucket: impl Into<Arc<str>>, key: impl Into<Arc<str>>) -> Self {
        Self { bucket: bucket.into(), key: key.into(), revision: 1 }
    }

    /// The same bucket and key at another revision; counted from 1.
    #[must_use]
    pub fn at_revision(&self, revision: u32) -> Self {
        Self { revision: revision.max(1), ..self.clone() }
    }

    /// Canonical bucket.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Key within the bucket.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Revision, from 1.
    pub fn revision(&self) -> u32 {
        self.revision
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.key)?;
        if self.revision > 1 {
            write!(f, " (revision {})", self.revision)?;
        }
        Ok(())
    }
}

/// What was fetched when a source landed: enough to tell a redelivery from other content under the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// S3 version id, where the bucket is versioned.
    pub version: Option<String>,
    /// Entity tag without quotes, where the store has one.
    pub etag: Option<String>,
    /// Size of the stored bytes.
    pub stored_bytes: u64,
    /// SHA-256 of the stored bytes.
    pub stored_sha256: [u8; 32],
}

/// A source that a published Batch lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandedSource {
    /// Which one.
    pub source: SourceId,
    /// As what it landed.
    pub landed: Landed,
}

/// What an admit or a take-over came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The source points to the asking Batch since this call.
    Admitted,
    /// The source points to this Batch (which may be the asking one, from an earlier call or entry).
    HeldBy(Holder),
}

/// Whom a source points to. The pointer alone proves nothing: the Batch may have failed to fetch it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The Batch.
    pub batch: BatchId,
    /// Proof that the Batch is published and lists the source. `None` where it is not so, **or where the ledger does not keep it**
    /// (DynamoDB): then the Batch's `sources/` object decides.
    pub landed: Option<Landed>,
}

/// Who works on a Batch: `<process>/<worker>`. The process part is drawn at random at start, so that no two processes share it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(String);

impl WorkerId {
    /// The id of a process's worker number `worker`. Slashes in `process` become dashes.
    pub fn new(process: &str, worker: usize) -> Self {
        Self(format!("{}/{worker}", process.replace('/', "-")))
    }

    /// An id as a ledger keeps it.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// `<process>/<worker>`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The process part.
    pub fn process(&self) -> &str {
        self.0.split_once('/').map_or(self.as_str(), |(process, _)| process)
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a Batch stands: open → committed → published → announced, or open → aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BatchState {
    /// Its worker gathers and stages.
    Open,
    /// Its sources are decided; whoever comes by publishes it from its manifest.
    Committed,
    /// All its objects are visible.
    Published,
    /// Subscribers were told of them.
    Announced,
    /// Nothing of it will ever be visible.
    Aborted,
}

impl BatchState {
    /// As ledgers spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Committed => "committed",
            Self::Published => "published",
            Self::Announced => "announced",
            Self::Aborted => "aborted",
        }
    }

    /// The state that ledgers spell so.
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Open, Self::Committed, Self::Published, Self::Announced, Self::Aborted].into_iter().find(|state| state.as_str() == text)
    }

    /// Whether all that the Batch lists is visible.
    pub fn is_published(self) -> bool {
        matches!(self, Self::Published | Self::Announced)
    }
}

/// Where a committed Batch's manifest lies, and what it must hash to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestRef {
    /// Key in the archive.
    pub key: String,
    /// SHA-256 of its bytes, lower hex.
    pub sha256: String,
}

/// A Batch's own ledger item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchItem {
    /// Its id.
    pub batch: BatchId,
    /// Where it stands.
    pub state: BatchState,
    /// Who opened it.
    pub owner: WorkerId,
    /// The ledger's epoch when it was opened.
    pub epoch: u64,
    /// Heartbeat counter; moves while the owner lives.
    pub beat: u64,
    /// Set by commit.
    pub manifest: Option<ManifestRef>,
    /// When it was opened, milliseconds since the Unix epoch, by its owner's clock. For people; never compared.
    pub opened_at_ms: i64,
    /// When it was committed, likewise.
    pub committed_at_ms: Option<i64>,
    /// When it was published, by the clock of whoever published it.
    pub published_at_ms: Option<i64>,
}

/// What a conditional change of one item came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flip {
    /// The condition held; the item is changed.
    Done,
    /// The condition did not hold; the item as it is.
    Refused(BatchItem),
}

/// Who may abort a Batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AbortIf {
    /// Its owner does.
    OwnedBy(WorkerId),
    /// Someone else does, who watched the counter stand still at this value.
    BeatStillAt(u64),
}

/// A named right to do something that is done one at a time (the backfill lane, a rebuild).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseItem {
    /// Who has it.
    pub holder: WorkerId,
    /// Moves while the holder lives.
    pub counter: u64,
}

/// What asking for a lease came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseAnswer {
    /// The asker has it.
    Taken,
    /// Someone else has it.
    HeldBy(LeaseItem),
}
