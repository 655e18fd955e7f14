//! Leases: rights to do something that is done one at a time.

use rusqlite::{Connection, OptionalExtension as _, params};
use trailkeep_pipeline::ports::ledger::{LeaseAnswer, LeaseItem, WorkerId};

use super::error::Fault;

/// Takes a lease that is free, our own, or still exactly `over`.
pub(super) fn take(connection: &Connection, name: &str, holder: &WorkerId, over: Option<&LeaseItem>) -> Result<LeaseAnswer, Fault> {
    let there = connection
        .prepare_cached("SELECT holder, counter FROM leases WHERE name = ?1")?
        .query_row([name], |row| {
            Ok(LeaseItem { holder: WorkerId::from_text(row.get::<_, String>(0)?), counter: row.get::<_, i64>(1)? as u64 })
        })
        .optional()?;
    let counter = match there {
        None => 0,
        Some(item) if item.holder == *holder || Some(&item) == over => item.counter + 1,
        Some(item) => return Ok(LeaseAnswer::HeldBy(item)),
    };
    connection.prepare_cached("INSERT OR REPLACE INTO leases (name, holder, counter) VALUES (?1, ?2, ?3)")?.execute(params![
        name,
        holder.as_str(),
        counter as i64
    ])?;
    Ok(LeaseAnswer::Taken)
}

/// Moves the counter, if `holder` has it.
pub(super) fn beat(connection: &Connection, name: &str, holder: &WorkerId) -> Result<bool, Fault> {
    let mut update = connection.prepare_cached("UPDATE leases SET counter = counter + 1 WHERE name = ?1 AND holder = ?2")?;
    Ok(update.execute(params![name, holder.as_str()])? == 1)
}

/// Gives it back, if `holder` has it.
pub(super) fn release(connection: &Connection, name: &str, holder: &WorkerId) -> Result<(), Fault> {
    connection.prepare_cached("DELETE FROM leases WHERE name = ?1 AND holder = ?2")?.execute(params![name, holder.as_str()])?;
    Ok(())
}
