//! From SQLite's result codes to the port's errors.

use rusqlite::ErrorCode;
use trailkeep_archive::BatchId;
use trailkeep_pipeline::ports::ledger::{BatchState, LedgerError, WorkerId};

/// Why something inside a transaction failed; the ledger's address is added on the way out.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    NoSuchBatch(BatchId),
    BatchExists(BatchId, WorkerId),
    OtherEpoch { asked: u64, current: u64 },
    NotReady,
    WrongState { batch: BatchId, state: BatchState, wanted: BatchState },
    Newer { found: i64 },
    Damaged(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Fault {
    /// The port's error for it.
    pub(super) fn at(self, operation: &'static str, ledger: &str) -> LedgerError {
        let ledger = ledger.to_owned();
        match self {
            Self::Sqlite(error) => from_sqlite(operation, ledger, error),
            Self::NoSuchBatch(batch) => LedgerError::NoSuchBatch { batch, ledger },
            Self::BatchExists(batch, owner) => LedgerError::BatchExists { batch, owner, ledger },
            Self::OtherEpoch { asked, current } => LedgerError::OtherEpoch { asked, current, ledger },
            Self::NotReady => LedgerError::NotReady { ledger },
            Self::WrongState { batch, state, wanted } => LedgerError::WrongState { batch, state, wanted },
            Self::Newer { found } => LedgerError::Newer { ledger, found, known: super::schema::VERSION },
            Self::Damaged(detail) => LedgerError::Damaged { ledger, detail },
        }
    }
}

fn from_sqlite(operation: &'static str, ledger: String, error: rusqlite::Error) -> LedgerError {
    let code = error.sqlite_error_code();
    let detail = error.to_string();
    let source = Box::new(error);
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => LedgerError::Busy { operation, ledger, source },
        Some(ErrorCode::DiskFull) => LedgerError::NoSpace { operation, ledger, source },
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            let hint = "the file and its directory must be readable and writable by this user".to_owned();
            LedgerError::Denied { operation, ledger, hint, source }
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => LedgerError::Damaged { ledger, detail },
        _ => LedgerError::Failed { operation, ledger, source },
    }
}

/// The port's error for a failure around the file.
pub(super) fn from_io(operation: &'static str, ledger: &str, error: std::io::Error) -> LedgerError {
    let ledger = ledger.to_owned();
    match error.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            let hint = "its directory must be writable by this user".to_owned();
            LedgerError::Denied { operation, ledger, hint, source: Box::new(error) }
        }
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            LedgerError::NoSpace { operation, ledger, source: Box::new(error) }
        }
        _ => LedgerError::Failed { operation, ledger, source: Box::new(error) },
    }
}
