//! Which processes live that share a ledger file. Each holds a lock on a file of its own beside the ledger, which the system lets go when the process
//! ends, however it ends: so the Batches of a killed process are free at once, without waiting for a lease to run out.
//! All sharers are on one machine, since the ledger lies on a filesystem of it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// This process's entry among those that share the ledger; taken back when dropped.
#[derive(Debug)]
pub(super) struct Processes {
    directory: PathBuf,
    own: PathBuf,
    /// Holds the lock.
    _file: File,
}

impl Processes {
    /// Enters this process, and takes away the entries of processes that have ended.
    pub(super) fn enter(ledger: &Path, process: &str) -> io::Result<Self> {
        let mut directory = ledger.as_os_str().to_owned();
        directory.push("-workers");
        let directory = PathBuf::from(directory);
        fs::create_dir_all(&directory)?;
        let own = directory.join(file_name(process));
        let file = lock_own(&own)?;
        let processes = Self { directory, own, _file: file };
        processes.sweep()?;
        Ok(processes)
    }

    /// Whether it is certain that `process` has ended. What cannot be found out counts as alive.
    pub(super) fn has_ended(&self, process: &str) -> bool {
        let path = self.directory.join(file_name(process));
        path != self.own && ended(&path)
    }

    /// The other processes that share the ledger now, by name and in order.
    pub(super) fn others(&self) -> io::Result<Vec<String>> {
        let mut others = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            if entry.path() != self.own && !ended(&entry.path()) {
                others.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        others.sort_unstable();
        Ok(others)
    }

    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            if path != self.own && ended(&path) {
                // Another process may have been faster.
                let _ = fs::remove_file(&path);
            }
        }
        Ok(())
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        // The lock ends with the process anyway; this only tidies up.
        let _ = fs::remove_file(&self.own);
    }
}

/// Makes and locks our own file. Between making and locking it another process may have swept it away: then once more.
fn lock_own(own: &Path) -> io::Result<File> {
    loop {
        let file = OpenOptions::new().create(true).append(true).open(own)?;
        file.lock()?;
        match fs::metadata(own) {
            Ok(there) if there.ino() == file.metadata()?.ino() => return Ok(file),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}

fn ended(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
        },
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// A process's name as a file name: what is not a letter, a digit or a dash becomes a dash.
fn file_name(process: &str) -> String {
    process.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect()
}
