//! The leaves of an attestation as `outcomes/` keeps them: written in their order, read again row group by row group.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter, Read as _, Seek as _, Write as _},
};

use trailkeep_archive::{OUTCOMES_TAIL_BYTES, OutcomeRow, OutcomesFile, OutcomesTail, OutcomesWriter, TableError};
use trailkeep_audit::{
    Sha256,
    attestation::{Leaf, TreeRoot},
};
use trailkeep_keys::{KeyKind, LogKey};
use trailkeep_pipeline::ports::bucket::{AuditBucket, BucketError, Published, PutPolicy};

use crate::{error::AttestError, sort::Sorted};

/// Rows that are encoded at once.
const ROWS_AT_ONCE: usize = 8_192;
/// Bytes that are uploaded at once: 4 MiB.
const PIECE_BYTES: usize = 4 << 20;
/// Most bytes that a row group may take once decoded: 512 MiB. 65,536 rows take some 30 MB.
const MAX_DECODED_BYTES: u64 = 512 << 20;

/// The leaves of a day in a temporary file, in the form of `outcomes/`.
#[derive(Debug)]
pub(crate) struct Spooled {
    pub(crate) file: File,
    pub(crate) root: Sha256,
    pub(crate) count: u64,
    pub(crate) outcomes: BTreeMap<String, u64>,
    /// Sources of which there were two leaves that say different things. One of them counts.
    pub(crate) contradicted: u64,
}

/// Writes leaves to a temporary file. Blocking.
pub(crate) fn spool(leaves: Sorted) -> Result<Spooled, AttestError> {
    let failed = |source| AttestError::Temporary { operation: "write", source };
    let encoding = |source| AttestError::Table { key: "the file of outcomes".to_owned(), source };
    let mut out = BufWriter::new(tempfile::tempfile().map_err(failed)?);
    let mut writer = OutcomesWriter::new().map_err(encoding)?;
    let (mut tree, mut outcomes, mut contradicted) = (TreeRoot::default(), BTreeMap::<String, u64>::new(), 0);
    let mut rows: Vec<OutcomeRow> = Vec::with_capacity(ROWS_AT_ONCE);
    let mut last: Option<Leaf> = None;
    for leaf in leaves {
        let leaf = leaf?;
        if last.as_ref().is_some_and(|last| last.order(&leaf).is_eq()) {
            contradicted += 1;
            continue;
        }
        rows.push(row_of(&leaf));
        *outcomes.entry(leaf.outcome.clone()).or_default() += 1;
        tree.push(leaf.clone())?;
        last = Some(leaf);
        if rows.len() == ROWS_AT_ONCE {
            writer.push(&rows).map_err(encoding)?;
            rows.clear();
            out.write_all(&writer.take().map_err(encoding)?).map_err(failed)?;
        }
    }
    writer.push(&rows).map_err(encoding)?;
    out.write_all(&writer.finish().map_err(encoding)?).map_err(failed)?;
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    Ok(Spooled { file, root: tree.root(), count: tree.len(), outcomes, contradicted })
}

/// Uploads what was spooled; what is there already with the same bytes is as good.
pub(crate) async fn upload(bucket: &dyn AuditBucket, key: &str, spooled: &Spooled, policy: &PutPolicy) -> Result<Published, AttestError> {
    let mut file = rewound(spooled).map_err(|source| AttestError::Temporary { operation: "read", source })?;
    let mut staged = bucket.stage(key, policy).await?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = match file.read(&mut piece) {
            Ok(read) => read,
            Err(source) => {
                staged.abort().await?;
                return Err(AttestError::Temporary { operation: "read", source });
            }
        };
        match piece.get(..read) {
            Some(bytes) if !bytes.is_empty() => staged.write(bytes).await?,
            _ => break,
        }
    }
    let finished = staged.finish().await?;
    match bucket.publish(&finished).await {
        Ok(published) => Ok(published),
        Err(error) => {
            // What cannot be put there is not left behind.
            bucket.abandon(&finished).await?;
            Err(error.into())
        }
    }
}

/// The whole file.
#[cfg(test)]
pub(crate) fn whole(spooled: &Spooled) -> Result<Vec<u8>, AttestError> {
    let failed = |source| AttestError::Temporary { operation: "read", source };
    let mut bytes = Vec::new();
    rewound(spooled).map_err(failed)?.read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn rewound(spooled: &Spooled) -> io::Result<File> {
    let mut file = spooled.file.try_clone()?;
    file.rewind()?;
    Ok(file)
}

/// What a key says of account, Region and time; nothing where CloudTrail writes no such key.
fn named(key: &str) -> (Option<String>, Option<String>, Option<i64>) {
    match LogKey::parse(key) {
        Ok(KeyKind::Log(key) | KeyKind::Digest(key)) => (Some(key.account.to_string()), Some(key.region.to_string()), key.delivered_ms()),
        _ => (None, None, None),
    }
}

fn row_of(leaf: &Leaf) -> OutcomeRow {
    let (account, region, delivered_at) = named(&leaf.key);
    OutcomeRow {
        bucket: leaf.bucket.clone(),
        key: leaf.key.clone(),
        revision: leaf.revision,
        version: leaf.version.clone(),
        inflated_sha256: leaf.inflated_sha256.map(|hash| hash.to_string()),
        outcome: leaf.outcome.clone(),
        account,
        region,
        delivered_at,
    }
}

/// Why rows are not the leaves of an attestation.
#[derive(Debug, thiserror::Error)]
pub enum LeavesError {
    /// The object is not there.
    #[error("{key} is not there: the attestation's sources cannot be told one by one")]
    Absent {
        /// Its key.
        key: String,
    },
    /// The object is not what it should be.
    #[error("{key} is no readable table of outcomes")]
    Table {
        /// Its key.
        key: String,
        /// The cause.
        #[source]
        source: TableError,
    },
    /// It has another number of rows than were attested.
    #[error("{key} has {rows} rows, and {attested} were attested")]
    Count {
        /// Its key.
        key: String,
        /// Its rows.
        rows: u64,
        /// The attested ones.
        attested: u64,
    },
    /// A row that is no leaf.
    #[error("row {row} of {key} is no leaf: {reason}")]
    Row {
        /// Its key.
        key: String,
        /// The row, from 0.
        row: u64,
        /// Why.
        reason: String,
    },
    /// Its rows have another root than was attested.
    #[error("{key} does not have the attested root: its rows were changed, or it is of another attestation")]
    Root {
        /// Its key.
        key: String,
    },
    /// Its rows count otherwise than was attested.
    #[error("{key} counts outcomes otherwise than the attestation")]
    Outcomes {
        /// Its key.
        key: String,
    },
    /// The store failed: nothing can be said.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// A thread ended early: a fault of the program.
    #[error("a thread ended early")]
    Thread(#[source] tokio::task::JoinError),
}

impl LeavesError {
    /// Its stable name, where it says something of the archive; none where nothing could be said.
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Self::Absent { .. } => Some("outcomes_missing"),
            Self::Table { .. } => Some("outcomes_unreadable"),
            Self::Count { .. } | Self::Row { .. } | Self::Root { .. } | Self::Outcomes { .. } => Some("outcomes_differ"),
            Self::Bucket(_) | Self::Thread(_) => None,
        }
    }
}

/// Goes through the leaves of an attestation, in their order: `step` is given what it made of those before and the next, on a thread for that.
pub(crate) async fn each<S: Send + 'static>(
    bucket: &dyn AuditBucket,
    key: &str,
    attested: u64,
    mut state: S,
    step: fn(&mut S, Leaf) -> Result<(), String>,
) -> Result<S, LeavesError> {
    let table = |source| LeavesError::Table { key: key.to_owned(), source };
    let file = open(bucket, key).await?;
    if file.rows() != attested {
        return Err(LeavesError::Count { key: key.to_owned(), rows: file.rows(), attested });
    }
    let (mut before, mut end) = (0, 0);
    for group in 0..file.groups() {
        let range = file.range(group).map_err(table)?;
        // A footer may name the same bytes for a hundred thousand row groups: none is read twice.
        if range.start < end {
            return Err(LeavesError::Row {
                key: key.to_owned(),
                row: before,
                reason: "its row group lies in the one before it".to_owned(),
            });
        }
        end = range.end;
        let bytes = bucket.get_range(key, range.start, range.end - range.start).await?;
        let reader = file.clone();
        let walk = move || {
            let rows = reader.read(group, bytes, MAX_DECODED_BYTES)?;
            for row in rows {
                let stepped = leaf_of(row).and_then(|leaf| step(&mut state, leaf));
                if let Err(reason) = stepped {
                    return Ok((state, before, Some(reason)));
                }
                before += 1;
            }
            Ok((state, before, None))
        };
        let walked = tokio::task::spawn_blocking(walk).await.map_err(LeavesError::Thread)?;
        let (returned, row, reason) = walked.map_err(table)?;
        if let Some(reason) = reason {
            return Err(LeavesError::Row { key: key.to_owned(), row, reason });
        }
        (state, before) = (returned, row);
    }
    if before == attested { Ok(state) } else { Err(LeavesError::Count { key: key.to_owned(), rows: before, attested }) }
}

/// Reads the leaves, which must be as many as were attested and have this root, and counts their outcomes.
///
/// # Errors
/// [`LeavesError`].
pub(crate) async fn check(bucket: &dyn AuditBucket, key: &str, attested: u64, root: Sha256) -> Result<BTreeMap<String, u64>, LeavesError> {
    type Counted = (TreeRoot, BTreeMap<String, u64>);
    let step = |(tree, outcomes): &mut Counted, leaf: Leaf| {
        // There are nine by name: a file that has more of them does not fill the memory.
        if outcomes.len() >= 64 && !outcomes.contains_key(&leaf.outcome) {
            return Err("it has more kinds of outcomes than there are".to_owned());
        }
        *outcomes.entry(leaf.outcome.clone()).or_default() += 1;
        tree.push(leaf).map_err(|error| error.to_string())
    };
    let (tree, outcomes) = each(bucket, key, attested, Counted::default(), step).await?;
    if tree.root() == root { Ok(outcomes) } else { Err(LeavesError::Root { key: key.to_owned() }) }
}

async fn open(bucket: &dyn AuditBucket, key: &str) -> Result<OutcomesFile, LeavesError> {
    let table = |source| LeavesError::Table { key: key.to_owned(), source };
    let absent = || LeavesError::Absent { key: key.to_owned() };
    let size_bytes = bucket.head(key).await?.ok_or_else(absent)?.size_bytes;
    let mut wanted = OUTCOMES_TAIL_BYTES.min(size_bytes);
    // The first answer may ask for more, the second one has it.
    for _ in 0..2 {
        let tail = bucket.get_range(key, size_bytes - wanted, wanted).await?;
        match OutcomesFile::open(size_bytes, &tail).map_err(table)? {
            OutcomesTail::Open(file) => return Ok(file),
            OutcomesTail::Needs(bytes) => wanted = bytes.min(size_bytes),
        }
    }
    Err(LeavesError::Row { key: key.to_owned(), row: 0, reason: "the file changed while it was read".to_owned() })
}

fn leaf_of(row: OutcomeRow) -> Result<Leaf, String> {
    if named(&row.key) != (row.account, row.region, row.delivered_at) {
        return Err(format!("account, Region or time are not those in the key {}", row.key));
    }
    let hash = row.inflated_sha256.map(|hash| hash.parse().map_err(|_| format!("{hash:?} is no SHA-256"))).transpose()?;
    Ok(Leaf { bucket: row.bucket, key: row.key, revision: row.revision, version: row.version, inflated_sha256: hash, outcome: row.outcome })
}
