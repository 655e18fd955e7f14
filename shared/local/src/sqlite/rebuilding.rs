//! The ledger's own row, and its rebuild from an archive.

use rusqlite::{Connection, params};
use trailkeep_archive::{BatchId, LedgerKind};
use trailkeep_pipeline::ports::ledger::{LandedSource, LedgerIdentity};

use super::{batches, error::Fault, notes, sources};

/// Who this ledger is.
pub(super) fn identity(connection: &Connection) -> Result<LedgerIdentity, Fault> {
    let mut select = connection.prepare_cached("SELECT id, epoch, ready FROM ledger")?;
    let identity = select.query_row([], |row| {
        Ok(LedgerIdentity { kind: LedgerKind::Sqlite, id: row.get(0)?, epoch: row.get::<_, i64>(1)? as u64, ready: row.get(2)? })
    })?;
    Ok(identity)
}

/// Sets the epoch, stops admitting and forgets everything.
pub(super) fn begin(connection: &Connection, epoch: u64) -> Result<(), Fault> {
    let current = identity(connection)?.epoch;
    if epoch < current {
        return Err(Fault::OtherEpoch { asked: epoch, current });
    }
    connection.execute("UPDATE ledger SET epoch = ?1, ready = 0", [epoch as i64])?;
    connection.execute("DELETE FROM sources", [])?;
    connection.execute("DELETE FROM batches", [])?;
    notes::forget_all(connection)
}

/// Puts a published Batch and what landed in it.
pub(super) fn restore(connection: &Connection, batch: &BatchId, landed: &[LandedSource], at_ms: i64) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO batches (batch, state, owner, epoch, opened_at_ms, published_at_ms)
             VALUES (?1, 'published', 'rebuild/0', (SELECT epoch FROM ledger), ?2, ?2)
             ON CONFLICT DO UPDATE SET state = 'published', published_at_ms = ?2 WHERE state NOT IN ('published', 'announced')",
        )?
        .execute(params![batch.to_string(), at_ms])?;
    sources::restore(connection, batches::number(connection, batch)?, landed)
}

/// Lets the ledger admit.
pub(super) fn set_ready(connection: &Connection, epoch: u64) -> Result<(), Fault> {
    let current = identity(connection)?.epoch;
    if epoch != current {
        return Err(Fault::OtherEpoch { asked: epoch, current });
    }
    connection.execute("UPDATE ledger SET ready = 1", [])?;
    Ok(())
}
