//! Writes that survive a power cut: file contents, then the names that lead to them, each flushed before the next step relies on it.
//! Source for what fsync of a directory gives: fsync(2), rename(2).

use std::{
    collections::HashSet,
    fs::{self, DirBuilder, File, OpenOptions},
    hash::{BuildHasher, Hasher, RandomState},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};

/// Files may be read by the group, directories listed by it.
const FILE_MODE: u32 = 0o640;
const DIRECTORY_MODE: u32 = 0o750;

/// Most times that a directory is made for one step.
const MOST_TRIES: usize = 16;

/// Directories below the root whose names this process has flushed.
#[derive(Debug)]
pub(super) struct Directories {
    root: PathBuf,
    flushed: Mutex<HashSet<PathBuf>>,
}

impl Directories {
    pub(super) fn below(root: &Path) -> Self {
        Self { root: root.to_owned(), flushed: Mutex::default() }
    }

    /// Makes a directory and those above it, durably. Each is flushed once a process, also where another process made it.
    pub(super) fn ensure(&self, directory: &Path) -> io::Result<()> {
        if self.flushed.lock().unwrap_or_else(PoisonError::into_inner).contains(directory) {
            return Ok(());
        }
        self.make(directory)
    }

    fn make(&self, directory: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(directory)?;
        for made in directory.ancestors() {
            flush_directory(made)?;
            self.flushed.lock().unwrap_or_else(PoisonError::into_inner).insert(made.to_owned());
            if made == self.root {
                break;
            }
        }
        Ok(())
    }

    /// Runs a step that puts something into the directory, and again where it is not there: who ends takes away what is empty. The names that lead
    /// to the directory are flushed afterwards, when it is not empty and stays.
    pub(super) fn with<T>(&self, directory: &Path, mut step: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        let is_gone = |source: &io::Error| source.kind() == io::ErrorKind::NotFound;
        let mut outcome = step();
        for _ in 0..MOST_TRIES {
            if !outcome.as_ref().is_err_and(is_gone) {
                break;
            }
            self.forget(directory);
            match DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(directory) {
                Err(source) if !is_gone(&source) => return Err(source),
                _ => outcome = step(),
            }
        }
        let put = outcome?;
        self.ensure(directory)?;
        Ok(put)
    }

    fn forget(&self, directory: &Path) {
        self.flushed.lock().unwrap_or_else(PoisonError::into_inner).remove(directory);
    }
}

/// Makes the root of an archive, durably.
pub(super) fn create_root(root: &Path) -> io::Result<()> {
    if root.is_dir() {
        return Ok(());
    }
    let absolute = std::path::absolute(root)?;
    let existing = absolute.ancestors().find(|above| above.is_dir()).unwrap_or(Path::new("/")).to_owned();
    Directories::below(&existing).ensure(&absolute)
}

/// Flushes the names in a directory. Filesystems that cannot (`EINVAL`) keep names as they keep them.
pub(super) fn flush_directory(directory: &Path) -> io::Result<()> {
    match File::open(directory)?.sync_all() {
        Err(source) if source.kind() == io::ErrorKind::InvalidInput => Ok(()),
        done => done,
    }
}

/// A new file in a directory under a name that no other file has had.
pub(super) fn create_unique(directory: &Path) -> io::Result<(PathBuf, File)> {
    loop {
        let path = directory.join(unique_name());
        match OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&path) {
            Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return opened.map(|file| (path, file)),
        }
    }
}

/// Time, process and a random number: also another machine on the same disk takes another name.
fn unique_name() -> String {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let random = RandomState::new().build_hasher().finish();
    format!("{:x}-{:x}-{random:016x}", since_epoch.as_nanos(), std::process::id())
}

/// Renames a file, if nothing has the new name.
///
/// # Errors
/// `AlreadyExists` where something has it, `NotFound` where there is no file to rename.
pub(super) fn rename_if_absent(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Filesystems without that flag: a second name, which is as exclusive, then the first one goes.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        done => Ok(done?),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn a_directory_that_others_take_away_is_made_again() {
        let root = tempfile::tempdir().unwrap();
        let (staging, uploads) = (root.path().join("staging"), root.path().join("staging/uploads"));
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    let _ = fs::remove_dir(&uploads).and_then(|()| fs::remove_dir(&staging));
                    std::thread::yield_now();
                }
            });
            let directories = Directories::below(root.path());
            let made: io::Result<Vec<_>> = (0..200)
                .map(|_| {
                    let (path, _) = directories.with(&uploads, || create_unique(&uploads))?;
                    fs::remove_file(&path)
                })
                .collect();
            ended.store(true, Ordering::Relaxed);
            assert_eq!(made.unwrap().len(), 200);
        });
    }

    #[test]
    fn what_is_not_there_for_another_reason_is_told() {
        let root = tempfile::tempdir().unwrap();
        let (directory, file) = (root.path().join("raw"), root.path().join("none"));
        let outcome = Directories::below(root.path()).with(&directory, || rename_if_absent(&file, &directory.join("x")));
        assert_eq!(outcome.unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
