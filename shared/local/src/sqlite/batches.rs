//! Batch items: reading them, and the conditional changes of their states.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use trailkeep_archive::BatchId;
use trailkeep_pipeline::ports::ledger::{AbortIf, BatchItem, BatchState, Flip, ManifestRef, WorkerId};

use super::{error::Fault, rebuilding};

const ITEM: &str =
    "SELECT batch, state, owner, epoch, beat, manifest_key, manifest_sha256, opened_at_ms, committed_at_ms, published_at_ms FROM batches";

/// Puts a Batch's item.
pub(super) fn open(connection: &Connection, batch: &BatchId, owner: &WorkerId, epoch: u64, at_ms: i64) -> Result<(), Fault> {
    let identity = rebuilding::identity(connection)?;
    if !identity.ready {
        return Err(Fault::NotReady);
    }
    if identity.epoch != epoch {
        return Err(Fault::OtherEpoch { asked: epoch, current: identity.epoch });
    }
    match item(connection, batch)? {
        Some(item) if item.state == BatchState::Open && item.owner == *owner => Ok(()),
        Some(item) => Err(Fault::BatchExists(*batch, item.owner)),
        None => {
            let mut insert = connection
                .prepare_cached("INSERT INTO batches (batch, state, owner, epoch, opened_at_ms) VALUES (?1, 'open', ?2, ?3, ?4)")?;
            insert.execute(params![batch.to_string(), owner.as_str(), epoch as i64, at_ms])?;
            Ok(())
        }
    }
}

/// A Batch's item.
pub(super) fn item(connection: &Connection, batch: &BatchId) -> Result<Option<BatchItem>, Fault> {
    let mut select = connection.prepare_cached(&format!("{ITEM} WHERE batch = ?1"))?;
    let read = select.query_row([batch.to_string()], |row| Ok(read_item(row)));
    read.optional()?.transpose()
}

/// All open and committed ones.
pub(super) fn unfinished(connection: &Connection) -> Result<Vec<BatchItem>, Fault> {
    let mut select = connection.prepare_cached(&format!("{ITEM} WHERE state IN ('open', 'committed') ORDER BY batch"))?;
    let rows = select.query_map([], |row| Ok(read_item(row)))?;
    rows.map(|row| row?).collect()
}

/// The published one with the greatest id.
pub(super) fn newest_published(connection: &Connection) -> Result<Option<BatchId>, Fault> {
    let mut select =
        connection.prepare_cached("SELECT batch FROM batches WHERE state IN ('published', 'announced') ORDER BY batch DESC LIMIT 1")?;
    let text: Option<String> = select.query_row([], |row| row.get(0)).optional()?;
    text.map(|text| batch_id(&text)).transpose()
}

/// The number by which sources point to a Batch.
pub(super) fn number(connection: &Connection, batch: &BatchId) -> Result<i64, Fault> {
    let mut select = connection.prepare_cached("SELECT number FROM batches WHERE batch = ?1")?;
    let number = select.query_row([batch.to_string()], |row| row.get(0)).optional()?;
    number.ok_or(Fault::NoSuchBatch(*batch))
}

pub(super) fn beat(connection: &Connection, batch: &BatchId, owner: &WorkerId) -> Result<Flip, Fault> {
    let mut update = connection.prepare_cached("UPDATE batches SET beat = beat + 1 WHERE batch = ?1 AND state = 'open' AND owner = ?2")?;
    let changed = update.execute(params![batch.to_string(), owner.as_str()])?;
    flipped(connection, batch, changed)
}

pub(super) fn commit(
    connection: &Connection,
    batch: &BatchId,
    owner: &WorkerId,
    epoch: u64,
    manifest: &ManifestRef,
    at_ms: i64,
) -> Result<Flip, Fault> {
    let mut update = connection.prepare_cached(
        "UPDATE batches SET state = 'committed', manifest_key = ?4, manifest_sha256 = ?5, committed_at_ms = ?6
         WHERE batch = ?1 AND state = 'open' AND owner = ?2 AND epoch = ?3 AND ?3 = (SELECT epoch FROM ledger)",
    )?;
    let changed = update.execute(params![batch.to_string(), owner.as_str(), epoch as i64, manifest.key, manifest.sha256, at_ms])?;
    flipped(connection, batch, changed)
}

pub(super) fn abort(connection: &Connection, batch: &BatchId, condition: &AbortIf) -> Result<Flip, Fault> {
    let changed = match condition {
        AbortIf::OwnedBy(owner) => connection
            .prepare_cached("UPDATE batches SET state = 'aborted' WHERE batch = ?1 AND state = 'open' AND owner = ?2")?
            .execute(params![batch.to_string(), owner.as_str()])?,
        AbortIf::BeatStillAt(beat) => connection
            .prepare_cached("UPDATE batches SET state = 'aborted' WHERE batch = ?1 AND state = 'open' AND beat = ?2")?
            .execute(params![batch.to_string(), *beat as i64])?,
    };
    flipped(connection, batch, changed)
}

/// Committed → published. Answers the Batch's number if it was changed now.
pub(super) fn mark_published(connection: &Connection, batch: &BatchId, at_ms: i64) -> Result<Option<i64>, Fault> {
    let item = item(connection, batch)?.ok_or(Fault::NoSuchBatch(*batch))?;
    match item.state {
        BatchState::Published | BatchState::Announced => return Ok(None),
        BatchState::Open | BatchState::Aborted => {
            return Err(Fault::WrongState { batch: *batch, state: item.state, wanted: BatchState::Published });
        }
        BatchState::Committed => {}
    }
    connection
        .prepare_cached("UPDATE batches SET state = 'published', published_at_ms = ?2 WHERE batch = ?1")?
        .execute(params![batch.to_string(), at_ms])?;
    number(connection, batch).map(Some)
}

/// Published → announced.
pub(super) fn mark_announced(connection: &Connection, batch: &BatchId) -> Result<(), Fault> {
    let item = item(connection, batch)?.ok_or(Fault::NoSuchBatch(*batch))?;
    if !item.state.is_published() {
        return Err(Fault::WrongState { batch: *batch, state: item.state, wanted: BatchState::Announced });
    }
    connection.prepare_cached("UPDATE batches SET state = 'announced' WHERE batch = ?1")?.execute([batch.to_string()])?;
    Ok(())
}

fn flipped(connection: &Connection, batch: &BatchId, changed: usize) -> Result<Flip, Fault> {
    if changed == 1 {
        return Ok(Flip::Done);
    }
    item(connection, batch)?.map(Flip::Refused).ok_or(Fault::NoSuchBatch(*batch))
}

fn read_item(row: &Row<'_>) -> Result<BatchItem, Fault> {
    let state: String = row.get(1)?;
    let manifest = match (row.get(5)?, row.get(6)?) {
        (Some(key), Some(sha256)) => Some(ManifestRef { key, sha256 }),
        _ => None,
    };
    Ok(BatchItem {
        batch: batch_id(&row.get::<_, String>(0)?)?,
        state: BatchState::from_text(&state).ok_or_else(|| Fault::Damaged(format!("a batch is in state {state:?}")))?,
        owner: WorkerId::from_text(row.get::<_, String>(2)?),
        epoch: row.get::<_, i64>(3)? as u64,
        beat: row.get::<_, i64>(4)? as u64,
        manifest,
        opened_at_ms: row.get(7)?,
        committed_at_ms: row.get(8)?,
        published_at_ms: row.get(9)?,
    })
}

/// A Batch id as the file has it.
pub(super) fn batch_id(text: &str) -> Result<BatchId, Fault> {
    text.parse().map_err(|_| Fault::Damaged(format!("it holds a batch named {text:?}")))
}
