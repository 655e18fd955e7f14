//! A directory as log bucket and as audit bucket.
//!
//! All calls do their I/O at once, on the caller's thread: callers run them on worker threads of their own, never on the runtime's.
//! Keys are paths below the root with `/` between their segments. Symbolic links below the root are not followed. Files are made with
//! mode 0640, directories with 0750. There are no versions, no storage classes and no Object Lock here; a retain-until time is
//! carried in the manifest and kept by nobody. User metadata lies in `<file>.metadata.json`; staged uploads carry none.

mod durable;
mod error;
mod key;
mod read;
mod sidecar;
mod stage;
mod sweep;
#[cfg(test)]
mod tests;
mod walk;

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use trailkeep_pipeline::ports::bucket::{
    AuditBucket, BucketError, Fetched, ListPage, LogBucket, ObjectInfo, Published, PutOutcome, PutPolicy, StagedUpload, StagedWriter,
};

use durable::{Directories, create_unique, flush_directory, rename_if_absent};
use error::{absent_as_none, explain, failed};
use key::{TEMPORARY, UPLOADS, path_to_read, path_to_write};
use walk::Walk;

/// Objects in one page of a listing.
const PAGE_OBJECTS: usize = 10_000;
/// Listings kept between two pages. One that was dropped begins anew after its last key.
const KEPT_WALKS: usize = 4;

/// A directory that holds CloudTrail's files, or an archive.
#[derive(Debug)]
pub struct DirectoryBucket {
    root: Arc<Root>,
    page_objects: usize,
    walks: Mutex<Vec<KeptWalk>>,
}

/// What the bucket and its uploads share.
#[derive(Debug)]
struct Root {
    path: PathBuf,
    directories: Directories,
    wrote: AtomicBool,
    /// Set by the first file that is staged: the lock that tells other processes that somebody stages here, where there are such locks.
    writing: OnceLock<Option<File>>,
}

/// A listing between two pages.
#[derive(Debug)]
struct KeptWalk {
    token: String,
    prefix: String,
    archive: bool,
    walk: Walk,
}

impl Drop for Root {
    /// Leaves no empty staging directories behind; those in use are not empty and stay.
    fn drop(&mut self) {
        if self.wrote.load(Ordering::Relaxed) {
            for directory in [TEMPORARY, UPLOADS, "staging"] {
                let _ = fs::remove_dir(self.path.join(directory));
            }
        }
    }
}

impl DirectoryBucket {
    /// Opens a directory that is there.
    ///
    /// # Errors
    /// [`BucketError::NotFound`] where it is not there, `Failed` where it is no directory, `Denied` where it may not be read.
    pub fn open(root: &Path) -> Result<Self, BucketError> {
        let metadata = fs::metadata(root).map_err(|source| explain("open", root, source))?;
        if !metadata.is_dir() {
            return Err(failed("open", root, "it is no directory"));
        }
        fs::read_dir(root).map_err(|source| explain("list", root, source))?;
        let root =
            Root { path: root.to_owned(), directories: Directories::below(root), wrote: AtomicBool::new(false), writing: OnceLock::new() };
        Ok(Self { root: Arc::new(root), page_objects: PAGE_OBJECTS, walks: Mutex::default() })
    }

    /// Opens a directory, and makes it and those above it where they are not there.
    ///
    /// # Errors
    /// As [`DirectoryBucket::open`]; `NoSpace` where it cannot be made for lack of it.
    pub fn create(root: &Path) -> Result<Self, BucketError> {
        durable::create_root(root).map_err(|source| explain("make", root, source))?;
        Self::open(root)
    }

    /// The same directory with at most `objects` in a page of its listings.
    #[must_use]
    pub fn with_page_size(mut self, objects: usize) -> Self {
        self.page_objects = objects.max(1);
        self
    }

    /// Enters as a writer now, not only with the first file: [`DirectoryBucket::has_writer`] is true for others until this bucket is dropped.
    pub fn enter(&self) {
        self.root.writing.get_or_init(|| sweep::enter(&self.root.path));
    }

    /// Whether somebody writes here now: another process, or this bucket itself once it has written. `false` where the filesystem cannot tell.
    pub fn has_writer(&self) -> bool {
        sweep::has_writer(&self.root.path)
    }

    fn list_page(&self, prefix: &str, token: Option<String>, archive: bool) -> Result<ListPage, BucketError> {
        let mut walk = match token.as_deref().and_then(|token| self.kept(token, prefix, archive)) {
            Some(walk) => walk,
            None => Walk::begin(&self.root.path, prefix, token, archive)?,
        };
        let (objects, more) = walk.page(self.page_objects)?;
        let next = objects.last().filter(|_| more).map(|last| last.key.clone());
        if let Some(token) = &next {
            self.keep(KeptWalk { token: token.clone(), prefix: prefix.to_owned(), archive, walk });
        }
        Ok(ListPage { objects, next })
    }

    fn kept(&self, token: &str, prefix: &str, archive: bool) -> Option<Walk> {
        let mut walks = self.walks.lock().unwrap_or_else(PoisonError::into_inner);
        let at = walks.iter().position(|kept| kept.token == token && kept.prefix == prefix && kept.archive == archive)?;
        Some(walks.remove(at).walk)
    }

    fn keep(&self, kept: KeptWalk) {
        let mut walks = self.walks.lock().unwrap_or_else(PoisonError::into_inner);
        if walks.len() >= KEPT_WALKS {
            walks.remove(0);
        }
        walks.push(kept);
    }

    fn wrote(&self) -> &Arc<Root> {
        self.root.wrote.store(true, Ordering::Relaxed);
        &self.root
    }

    /// As [`DirectoryBucket::wrote`], for what makes files below `staging/`.
    fn stages(&self) -> &Arc<Root> {
        self.enter();
        self.wrote()
    }

    /// Writes a file whole: to a temporary file, flushed, then renamed, then the directory flushed.
    fn write(&self, to: &Path, body: &[u8], if_absent: bool) -> Result<PutOutcome, BucketError> {
        let root = self.stages();
        let staging = root.path.join(TEMPORARY);
        let created = root.directories.with(&staging, || create_unique(&staging));
        let (temporary, mut file) = created.map_err(|source| explain("write below", &staging, source))?;
        let parent = to.parent().unwrap_or(&root.path);
        let written = file.write_all(body).and_then(|()| file.sync_all()).and_then(|()| {
            root.directories.with(parent, || if if_absent { rename_if_absent(&temporary, to) } else { fs::rename(&temporary, to) })?;
            flush_directory(parent)
        });
        match written {
            Ok(()) => Ok(PutOutcome::Written),
            Err(source) => {
                // The first error is the one to tell.
                let _ = fs::remove_file(&temporary);
                let already = if_absent && source.kind() == std::io::ErrorKind::AlreadyExists;
                if already { Ok(PutOutcome::AlreadyThere) } else { Err(explain("write", to, source)) }
            }
        }
    }
}

#[async_trait]
impl LogBucket for DirectoryBucket {
    fn address(&self) -> String {
        self.root.path.display().to_string()
    }

    fn bucket_name(&self) -> Option<&str> {
        None
    }

    async fn list(&self, prefix: &str, page: Option<String>) -> Result<ListPage, BucketError> {
        self.list_page(prefix, page, false)
    }

    async fn list_folders(&self, folder: &str) -> Result<Vec<String>, BucketError> {
        walk::folders(&self.root.path, folder)
    }

    async fn get(&self, key: &str, version: Option<&str>, cap_bytes: u64) -> Result<Fetched, BucketError> {
        let path = path_to_read(&self.root.path, key)?;
        read::no_versions(&path, version)?;
        read::fetch(&path, cap_bytes)
    }

    async fn head(&self, key: &str, version: Option<&str>) -> Result<ObjectInfo, BucketError> {
        let path = path_to_read(&self.root.path, key)?;
        read::no_versions(&path, version)?;
        read::head(&path)
    }

    async fn get_range(&self, key: &str, info: &ObjectInfo, offset: u64, length: u64) -> Result<Bytes, BucketError> {
        read::range(&path_to_read(&self.root.path, key)?, info.etag.as_deref(), offset, length)
    }
}

#[async_trait]
impl AuditBucket for DirectoryBucket {
    fn address(&self) -> String {
        self.root.path.display().to_string()
    }

    fn local_path(&self) -> Option<&Path> {
        Some(&self.root.path)
    }

    async fn list(&self, prefix: &str, page: Option<String>) -> Result<ListPage, BucketError> {
        self.list_page(prefix, page, true)
    }

    async fn head(&self, key: &str) -> Result<Option<ObjectInfo>, BucketError> {
        absent_as_none(read::head(&path_to_read(&self.root.path, key)?))
    }

    async fn get(&self, key: &str, cap_bytes: u64) -> Result<Option<Bytes>, BucketError> {
        let fetched = absent_as_none(read::fetch(&path_to_read(&self.root.path, key)?, cap_bytes))?;
        Ok(fetched.map(|fetched| fetched.body))
    }

    async fn get_range(&self, key: &str, offset: u64, length: u64) -> Result<Bytes, BucketError> {
        read::range(&path_to_read(&self.root.path, key)?, None, offset, length)
    }

    async fn put(&self, key: &str, body: Bytes, policy: &PutPolicy) -> Result<PutOutcome, BucketError> {
        let path = path_to_write(&self.root.path, key)?;
        if policy.if_absent && path.symlink_metadata().is_ok() {
            return Ok(PutOutcome::AlreadyThere);
        }
        let sidecar = sidecar::path_of(&path);
        if policy.metadata.is_empty() {
            stage::remove(&sidecar)?;
        } else {
            self.write(&sidecar, &sidecar::text(&policy.metadata), false)?;
        }
        self.write(&path, &body, policy.if_absent)
    }

    async fn delete(&self, key: &str) -> Result<(), BucketError> {
        let path = path_to_write(&self.root.path, key)?;
        stage::remove(&path)?;
        stage::remove(&sidecar::path_of(&path))?;
        if let Some(parent) = path.parent().filter(|parent| parent.parent() == Some(&self.root.path.join("staging"))) {
            // A Batch's own staging directory goes with the last file in it; with files in it this fails, as it should.
            let _ = fs::remove_dir(parent);
        }
        Ok(())
    }

    async fn stage(&self, key: &str, policy: &PutPolicy) -> Result<Box<dyn StagedWriter>, BucketError> {
        let retain_until_ms = policy.lock.map(|(_, until_ms)| until_ms);
        Ok(Box::new(stage::DirectoryUpload::begin(self.stages(), key, retain_until_ms)?))
    }

    async fn publish(&self, upload: &StagedUpload) -> Result<Published, BucketError> {
        stage::publish(self.wrote(), upload)
    }

    async fn abandon(&self, upload: &StagedUpload) -> Result<(), BucketError> {
        stage::abandon(self.wrote(), upload)
    }

    async fn restore(&self, key: &str, _days: u16, _tier: &str) -> Result<(), BucketError> {
        let path = path_to_read(&self.root.path, key)?;
        Err(failed("restore", &path, "files in a directory lie in no archived storage class"))
    }
}
