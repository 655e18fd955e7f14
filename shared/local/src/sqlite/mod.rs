//! Ledger in one SQLite file, for one machine: several processes on it may share the file, and SQLite arbitrates. Every change is one
//! `BEGIN IMMEDIATE` transaction in WAL mode; admits of any number of sources are one transaction.
//!
//! What decides (commit, published, rebuilds) is flushed with `synchronous=FULL` before it is answered, and since the log is one sequence, all
//! that was answered before it is flushed with it. The rest (opens, admits, beats, aborts) is not flushed by itself: a power cut may take it back, but then it
//! has ended every worker that heard of it too, as all of them are on this machine. A killed process takes nothing back.
//!
//! Calls block for as long as SQLite takes (milliseconds, or up to the busy timeout); workers call from threads of their own.
//! Which steps follow on which is the protocol's (`trailkeep_pipeline::protocol`).

mod batches;
mod error;
mod filesystem;
mod header;
mod leases;
mod notes;
mod port;
mod processes;
mod rebuilding;
mod schema;
mod sources;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use trailkeep_pipeline::ports::ledger::LedgerError;

use self::{error::Fault, processes::Processes};

/// Where a directory archive keeps its ledger, below the archive's root. No prefix of data begins so.
pub const LEDGER_IN_ARCHIVE: &str = ".trailkeep/ledger.sqlite";

/// How long a change waits for other processes' changes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Largest ledger that is checked whole when it is opened, in bytes: 16 MiB, some 20,000 sources.
const CHECKED_BYTES: u64 = 16 << 20;
/// Pages of 4 KiB in the log before they are moved into the file: pages of a Batch's sources are written several times, and moved once.
const CHECKPOINT_PAGES: i64 = 4_000;

/// Prepared statements kept per connection.
const CACHED_STATEMENTS: usize = 64;

/// What a process brings along to open a ledger.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// This process's name, drawn at random at start; the process part of its [`WorkerId`](trailkeep_pipeline::ports::ledger::WorkerId)s.
    pub process: String,
    /// The ledger's id if it must be made now: drawn at random.
    pub new_id: String,
}

/// A ledger in a SQLite file.
#[derive(Debug)]
pub struct SqliteLedger {
    path: PathBuf,
    connection: Mutex<Connection>,
    processes: Processes,
}

impl SqliteLedger {
    /// Opens the ledger of the directory archive at `root`, making it if it is not there.
    ///
    /// # Errors
    /// As [`SqliteLedger::open`].
    pub fn in_archive(root: &Path, options: &SqliteOptions) -> Result<Self, LedgerError> {
        Self::open(&root.join(LEDGER_IN_ARCHIVE), options)
    }

    /// Opens a ledger, making it (and its directory) if it is not there. A made ledger is not ready before it joined an archive.
    ///
    /// # Errors
    /// [`LedgerError`]: `NotLocal` on a network filesystem, `Newer`, `Damaged`, `Denied`, `NoSpace`.
    pub fn open(path: &Path, options: &SqliteOptions) -> Result<Self, LedgerError> {
        let address = path.display().to_string();
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Before anything is made: beside a file that is no ledger nothing is left behind.
        header::check(path, &address)?;
        std::fs::create_dir_all(directory).map_err(|source| error::from_io("make the directory of", &address, source))?;
        filesystem::require_local(directory, &address)?;
        let processes =
            Processes::enter(path, &options.process).map_err(|source| error::from_io("enter this process", &address, source))?;
        let connection = connect(path, &options.new_id).map_err(|fault| fault.at("open", &address))?;
        Ok(Self { path: path.to_owned(), connection: Mutex::new(connection), processes })
    }

    /// The other processes that have a ledger at this path open now, by name: also those that still hold one which was deleted or replaced.
    ///
    /// # Errors
    /// [`LedgerError::Denied`] or `Failed` where their entries beside the file cannot be listed.
    pub fn other_processes(&self) -> Result<Vec<String>, LedgerError> {
        let listed = self.processes.others();
        listed.map_err(|source| error::from_io("list the processes that use it", &self.path.display().to_string(), source))
    }

    /// Reads, in the connection's own mode.
    fn read<T>(&self, operation: &'static str, run: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, LedgerError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        run(&connection).map_err(|fault| fault.at(operation, &self.path.display().to_string()))
    }

    /// Changes, in one transaction that takes the write lock first, so that it never fails half-way for another's sake. Survives the process; a power
    /// cut only together with the next decision.
    fn change<T>(&self, operation: &'static str, run: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, LedgerError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        in_transaction(&mut connection, run).map_err(|fault| fault.at(operation, &self.path.display().to_string()))
    }

    /// As [`SqliteLedger::change`], and on the disk before it is answered, with all that came before it.
    fn decide<T>(&self, operation: &'static str, run: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, LedgerError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let decided = synchronous(&connection, "FULL").and_then(|()| {
            let decided = in_transaction(&mut connection, run);
            synchronous(&connection, "NORMAL").and(decided)
        });
        decided.map_err(|fault| fault.at(operation, &self.path.display().to_string()))
    }
}

fn in_transaction<T>(connection: &mut Connection, run: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let answer = run(&transaction)?;
    transaction.commit()?;
    Ok(answer)
}

fn synchronous(connection: &Connection, mode: &str) -> Result<(), Fault> {
    Ok(connection.pragma_update(None, "synchronous", mode)?)
}

/// Checks pages and indexes against each other. A larger file is not checked at every opening.
fn sound(connection: &Connection, path: &Path) -> Result<(), Fault> {
    if path.metadata().is_ok_and(|file| file.len() > CHECKED_BYTES) {
        return Ok(());
    }
    let answer: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if answer == "ok" { Ok(()) } else { Err(Fault::Damaged(answer)) }
}

fn connect(path: &Path, new_id: &str) -> Result<Connection, Fault> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
    // Looked at before the journal mode is set: a file that is not ours is not touched.
    schema::check(&connection)?;
    sound(&connection, path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // 16 MiB of pages: negative values are KiB.
    connection.pragma_update(None, "cache_size", -16_384)?;
    synchronous(&connection, "FULL")?;
    schema::create_if_new(&mut connection, new_id)?;
    synchronous(&connection, "NORMAL")?;
    Ok(connection)
}
