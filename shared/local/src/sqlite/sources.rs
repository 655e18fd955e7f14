//! Source items: `source → batch`, and as what a source landed. Each call is one transaction, whatever the number of sources.

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, params};
use trailkeep_archive::BatchId;
use trailkeep_pipeline::ports::ledger::{Claim, Holder, Landed, LandedSource, SourceId};

use super::{
    batches::{batch_id, number},
    error::Fault,
};

const HOLDER: &str =
    "SELECT batches.batch, version, etag, stored_bytes, stored_sha256 FROM sources LEFT JOIN batches ON batches.number = sources.batch
     WHERE bucket = ?1 AND key = ?2 AND revision = ?3";

/// Points every source that points nowhere to `batch`.
pub(super) fn admit(connection: &Connection, batch: &BatchId, sources: &[SourceId]) -> Result<Vec<Claim>, Fault> {
    let number = number(connection, batch)?;
    let mut insert =
        connection.prepare_cached("INSERT INTO sources (bucket, key, revision, batch) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING")?;
    let mut select = connection.prepare_cached(HOLDER)?;
    let claims = sources.iter().map(|source| {
        let inserted = insert.execute(params![source.bucket(), source.key(), source.revision(), number])?;
        if inserted == 1 { Ok(Claim::Admitted) } else { held(&mut select, source) }
    });
    claims.collect()
}

/// Points every source that still points to the Batch beside it to `batch`.
pub(super) fn take_over(connection: &Connection, batch: &BatchId, sources: &[(SourceId, BatchId)]) -> Result<Vec<Claim>, Fault> {
    let to = number(connection, batch)?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO sources (bucket, key, revision, batch) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET batch = ?4
         WHERE stored_sha256 IS NULL AND batch = (SELECT number FROM batches WHERE batches.batch = ?5)",
    )?;
    let mut select = connection.prepare_cached(HOLDER)?;
    let claims = sources.iter().map(|(source, from)| {
        let changed = insert.execute(params![source.bucket(), source.key(), source.revision(), to, from.to_string()])?;
        if changed == 1 { Ok(Claim::Admitted) } else { held(&mut select, source) }
    });
    claims.collect()
}

/// Whom each source points to.
pub(super) fn look(connection: &Connection, sources: &[SourceId]) -> Result<Vec<Option<Holder>>, Fault> {
    let mut select = connection.prepare_cached(HOLDER)?;
    sources.iter().map(|source| holder(&mut select, source)).collect()
}

/// Takes away pointers to `batch`.
pub(super) fn release(connection: &Connection, batch: &BatchId, sources: &[SourceId]) -> Result<(), Fault> {
    let number = number(connection, batch)?;
    let mut delete = connection
        .prepare_cached("DELETE FROM sources WHERE bucket = ?1 AND key = ?2 AND revision = ?3 AND batch = ?4 AND stored_sha256 IS NULL")?;
    for source in sources {
        delete.execute(params![source.bucket(), source.key(), source.revision(), number])?;
    }
    Ok(())
}

/// Keeps as what the sources of the Batch behind `number` landed.
pub(super) fn keep_landed(connection: &Connection, number: i64, landed: &[LandedSource]) -> Result<(), Fault> {
    let mut update = connection.prepare_cached(
        "UPDATE sources SET version = ?5, etag = ?6, stored_bytes = ?7, stored_sha256 = ?8
         WHERE bucket = ?1 AND key = ?2 AND revision = ?3 AND batch = ?4",
    )?;
    landed.iter().try_for_each(|landed| write_landed(&mut update, number, landed))
}

/// Puts what landed in the Batch behind `number`, over whatever is there.
pub(super) fn restore(connection: &Connection, number: i64, landed: &[LandedSource]) -> Result<(), Fault> {
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO sources (bucket, key, revision, batch, version, etag, stored_bytes, stored_sha256)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    landed.iter().try_for_each(|landed| write_landed(&mut insert, number, landed))
}

fn write_landed(statement: &mut CachedStatement<'_>, number: i64, landed: &LandedSource) -> Result<(), Fault> {
    let LandedSource { source, landed } = landed;
    statement.execute(params![
        source.bucket(),
        source.key(),
        source.revision(),
        number,
        landed.version,
        landed.etag,
        landed.stored_bytes as i64,
        landed.stored_sha256
    ])?;
    Ok(())
}

fn held(select: &mut CachedStatement<'_>, source: &SourceId) -> Result<Claim, Fault> {
    let holder = holder(select, source)?;
    holder.map(Claim::HeldBy).ok_or_else(|| Fault::Damaged(format!("{source} was refused, but nothing holds it")))
}

fn holder(select: &mut CachedStatement<'_>, source: &SourceId) -> Result<Option<Holder>, Fault> {
    let read = select.query_row(params![source.bucket(), source.key(), source.revision()], |row| Ok(read_holder(row, source)));
    read.optional()?.transpose()
}

fn read_holder(row: &Row<'_>, source: &SourceId) -> Result<Holder, Fault> {
    let batch: Option<String> = row.get(0)?;
    let batch = batch.ok_or_else(|| Fault::Damaged(format!("{source} points to a batch that is not there")))?;
    let hash: Option<[u8; 32]> = row.get(4)?;
    let landed = match hash {
        None => None,
        Some(stored_sha256) => Some(Landed {
            version: row.get(1)?,
            etag: row.get(2)?,
            stored_bytes: row.get::<_, Option<i64>>(3)?.unwrap_or_default() as u64,
            stored_sha256,
        }),
    };
    Ok(Holder { batch: batch_id(&batch)?, landed })
}
