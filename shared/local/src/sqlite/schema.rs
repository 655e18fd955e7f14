//! The tables of a ledger file, version 1, and the refusal of files that are newer or another program's.

use rusqlite::{Connection, TransactionBehavior};

use super::error::Fault;

/// The schema version that this release writes (`PRAGMA user_version`), and the newest that it reads.
pub(super) const VERSION: i64 = 1;

/// "TKLG": marks the file as a ledger of ours (`PRAGMA application_id`).
pub(super) const APPLICATION_ID: i64 = 0x544B_4C47;

/// `sources` points to batches by number, which keeps its rows short. A row with `stored_sha256` is one that landed in its Batch.
const TABLES: &str = "
CREATE TABLE ledger (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    ready INTEGER NOT NULL
) STRICT;
CREATE TABLE batches (
    number INTEGER PRIMARY KEY,
    batch TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('open', 'committed', 'published', 'announced', 'aborted')),
    owner TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    beat INTEGER NOT NULL DEFAULT 0,
    manifest_key TEXT,
    manifest_sha256 TEXT,
    opened_at_ms INTEGER NOT NULL,
    committed_at_ms INTEGER,
    published_at_ms INTEGER
) STRICT;
CREATE INDEX unfinished ON batches (batch) WHERE state IN ('open', 'committed');
CREATE INDEX published ON batches (batch) WHERE state IN ('published', 'announced');
CREATE TABLE sources (
    bucket TEXT NOT NULL,
    key TEXT NOT NULL,
    revision INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    version TEXT,
    etag TEXT,
    stored_bytes INTEGER,
    stored_sha256 BLOB,
    PRIMARY KEY (bucket, key, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    counter INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Tables that came later within version 1. Earlier releases pass over them, so that the version stays; they are made where they are missing.
/// A note of another epoch than the ledger's is forgotten, as a rebuild by an earlier release leaves it there. A forgotten one has no body and
/// keeps its row, so that its version never goes back.
const LATER_TABLES: &str = "
CREATE TABLE IF NOT EXISTS notes (
    name TEXT PRIMARY KEY,
    epoch INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body BLOB
) STRICT;
";

/// Refuses a file that is newer or not ours; changes nothing.
pub(super) fn check(connection: &Connection) -> Result<(), Fault> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 && version == 0 {
        return Ok(());
    }
    if application != APPLICATION_ID {
        return Err(Fault::Damaged("it is another program's database".to_owned()));
    }
    match version {
        newer if newer > VERSION => Err(Fault::Newer { found: newer }),
        VERSION => Ok(()),
        odd => Err(Fault::Damaged(format!("its schema version is {odd}"))),
    }
}

/// Makes the tables in a new file, and those that an earlier release did not have in an older one. Two processes may come at once: the one that waited finds them made.
pub(super) fn create_if_new(connection: &mut Connection, id: &str) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        transaction.execute_batch(TABLES)?;
        transaction.execute("INSERT INTO ledger (one, id, epoch, ready) VALUES (1, ?1, 1, 0)", [id])?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.execute_batch(LATER_TABLES)?;
    Ok(transaction.commit()?)
}
