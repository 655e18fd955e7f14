//! A look at the first bytes of a file, before SQLite opens it: whether it may be a ledger.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read as _},
    path::Path,
};

use trailkeep_pipeline::ports::ledger::LedgerError;

use super::{error::from_io, schema::APPLICATION_ID};

/// Bytes of the header of a database, and where some of its fields stand: big-endian numbers of 32 bits.
/// Source: SQLite, "Database File Format", "The Database Header".
const HEADER_BYTES: usize = 100;
const MAGIC: &[u8] = b"SQLite format 3\0";
const SCHEMA_COOKIE: usize = 40;
const APPLICATION: usize = 68;

/// Refuses what is there and cannot be a ledger: no regular file, no database, another program's. What is not there or empty becomes one. Only
/// reads; what passes is looked at more closely once it is open.
///
/// # Errors
/// [`LedgerError::Damaged`], or what keeps the file from being read.
pub(super) fn check(path: &Path, address: &str) -> Result<(), LedgerError> {
    let damaged = |detail: &str| LedgerError::Damaged { ledger: address.to_owned(), detail: detail.to_owned() };
    let unreadable = |source| from_io("read the header", address, source);
    match fs::metadata(path) {
        Ok(found) if !found.is_file() => return Err(damaged("it is no regular file")),
        Ok(found) if found.len() == 0 => return Ok(()),
        Ok(_) => {}
        // What stands in the way of making it is told when it is made.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        Err(error) => return Err(unreadable(error)),
    }
    let mut header = Vec::with_capacity(HEADER_BYTES);
    File::open(path).and_then(|file| file.take(HEADER_BYTES as u64).read_to_end(&mut header)).map_err(unreadable)?;
    if !header.starts_with(MAGIC) {
        return Err(damaged("file is not a database"));
    }
    match number(&header, APPLICATION) {
        Some(APPLICATION_ID) => Ok(()),
        // Just made, or what makes it a ledger stands in its log yet.
        Some(0) if number(&header, SCHEMA_COOKIE) == Some(0) || has_log(path) => Ok(()),
        _ => Err(damaged("it is another program's database")),
    }
}

fn number(header: &[u8], at: usize) -> Option<i64> {
    let bytes: [u8; 4] = header.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(bytes).into())
}

fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    fs::metadata(log).is_ok_and(|log| log.len() > 0)
}
