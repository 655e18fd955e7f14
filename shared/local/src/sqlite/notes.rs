//! Notes: small documents of services, of the ledger's epoch.

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, params};
use trailkeep_pipeline::ports::ledger::Note;

use super::error::Fault;

/// A note of the ledger's epoch that was not forgotten.
pub(super) fn read(connection: &Connection, name: &str) -> Result<Option<Note>, Fault> {
    let mut select = connection
        .prepare_cached("SELECT version, body FROM notes WHERE name = ?1 AND epoch = (SELECT epoch FROM ledger) AND body IS NOT NULL")?;
    let note =
        select.query_row([name], |row| Ok(Note { version: row.get::<_, i64>(0)? as u64, body: Bytes::from(row.get::<_, Vec<u8>>(1)?) }));
    Ok(note.optional()?)
}

/// Writes it over the version that the caller read, or where there is none.
pub(super) fn put(connection: &Connection, name: &str, over: Option<u64>, body: &[u8]) -> Result<bool, Fault> {
    if read(connection, name)?.map(|note| note.version) != over {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "INSERT INTO notes (name, epoch, version, body) VALUES (?1, (SELECT epoch FROM ledger), 1, ?2)
             ON CONFLICT DO UPDATE SET epoch = excluded.epoch, version = version + 1, body = excluded.body",
        )?
        .execute(params![name, body])?;
    Ok(true)
}

/// Takes its body away.
pub(super) fn forget(connection: &Connection, name: &str) -> Result<(), Fault> {
    connection.prepare_cached("UPDATE notes SET body = NULL WHERE name = ?1")?.execute([name])?;
    Ok(())
}

/// Takes all bodies away.
pub(super) fn forget_all(connection: &Connection) -> Result<(), Fault> {
    connection.execute("UPDATE notes SET body = NULL", [])?;
    Ok(())
}
