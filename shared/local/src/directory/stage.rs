//! Uploads on directories: a temporary file below `staging/uploads/`, flushed before it is finished, renamed when it is published.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use trailkeep_pipeline::ports::bucket::{BucketError, Published, StagedUpload, StagedWriter};

use super::{
    Root,
    durable::{create_unique, flush_directory, rename_if_absent},
    error::{explain, failed},
    key::{UPLOADS, path_of_upload, path_to_write},
};

/// Bytes gathered before they are written.
const BUFFER_BYTES: usize = 128 * 1024;

/// An upload that is being written.
#[derive(Debug)]
pub(super) struct DirectoryUpload {
    root: Arc<Root>,
    key: String,
    path: PathBuf,
    file: BufWriter<File>,
    hash: Sha256,
    written_bytes: u64,
    retain_until_ms: Option<i64>,
}

impl DirectoryUpload {
    pub(super) fn begin(root: &Arc<Root>, key: &str, retain_until_ms: Option<i64>) -> Result<Self, BucketError> {
        path_to_write(&root.path, key)?;
        let directory = root.path.join(UPLOADS);
        let created = root.directories.with(&directory, || create_unique(&directory));
        let (path, file) = created.map_err(|source| explain("write below", &directory, source))?;
        Ok(Self {
            root: Arc::clone(root),
            key: key.to_owned(),
            path,
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
            hash: Sha256::new(),
            written_bytes: 0,
            retain_until_ms,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        flush_directory(&self.root.path.join(UPLOADS))
    }
}

#[async_trait]
impl StagedWriter for DirectoryUpload {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), BucketError> {
        self.file.write_all(bytes).map_err(|source| explain("write", &self.path, source))?;
        self.hash.update(bytes);
        self.written_bytes += bytes.len() as u64;
        Ok(())
    }

    fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    async fn finish(mut self: Box<Self>) -> Result<StagedUpload, BucketError> {
        if let Err(source) = self.flush() {
            // On a full disk the room is needed; the first error is the one to tell.
            let _ = remove(&self.path);
            return Err(explain("flush", &self.path, source));
        }
        let name = self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        Ok(StagedUpload {
            upload_id: format!("{UPLOADS}{name}"),
            key: self.key,
            parts: Vec::new(),
            size_bytes: self.written_bytes,
            checksum: checksum(self.hash),
            retain_until_ms: self.retain_until_ms,
        })
    }

    async fn abort(self: Box<Self>) -> Result<(), BucketError> {
        remove(&self.path)
    }
}

fn checksum(hash: Sha256) -> String {
    format!("sha256:{}", hex::encode(hash.finalize()))
}

/// Removes a file; one that is gone is no error.
pub(super) fn remove(path: &Path) -> Result<(), BucketError> {
    match fs::remove_file(path) {
        Err(source) if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(()),
        done => done.map_err(|source| explain("delete", path, source)),
    }
}

/// Renames a finished upload to its key.
pub(super) fn publish(root: &Root, upload: &StagedUpload) -> Result<Published, BucketError> {
    let to = path_to_write(&root.path, &upload.key)?;
    let from = path_of_upload(&root.path, &upload.upload_id)?;
    let parent = to.parent().unwrap_or(&root.path);
    root.directories.ensure(parent).map_err(|source| explain("make", parent, source))?;
    let outcome = if whole(&from, upload)? {
        match root.directories.with(parent, || rename_if_absent(&from, &to)) {
            Ok(()) => Published::Now { version: None },
            Err(source) if matches!(source.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => already(&to, upload)?,
            Err(source) => return Err(explain("publish", &to, source)),
        }
    } else {
        already(&to, upload)?
    };
    if matches!(outcome, Published::Already { .. }) {
        remove(&from)?;
    }
    // Also where it was there already: who renamed it may have died before this.
    for directory in [parent, &root.path.join(UPLOADS)] {
        match flush_directory(directory) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(explain("flush", directory, source)),
            _ => {}
        }
    }
    Ok(outcome)
}

/// Whether the staged file is there, as long as it was when it was finished.
fn whole(staged: &Path, upload: &StagedUpload) -> Result<bool, BucketError> {
    match fs::symlink_metadata(staged) {
        Ok(metadata) if metadata.is_file() && metadata.len() == upload.size_bytes => Ok(true),
        Ok(metadata) => {
            let reason = format!("the staged file has {} bytes, its manifest says {}", metadata.len(), upload.size_bytes);
            Err(failed("publish", staged, reason))
        }
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(explain("publish", staged, source)),
    }
}

/// Looks at what stands at the key.
fn already(to: &Path, upload: &StagedUpload) -> Result<Published, BucketError> {
    let changed = || BucketError::Changed { what: to.display().to_string() };
    let mut file = match File::open(to) {
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            let what = format!("{}, neither published nor as upload {},", to.display(), upload.upload_id);
            return Err(BucketError::NotFound { what });
        }
        opened => opened.map_err(|source| explain("read", to, source))?,
    };
    let metadata = file.metadata().map_err(|source| explain("read", to, source))?;
    if !metadata.is_file() || metadata.len() != upload.size_bytes {
        return Err(changed());
    }
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer).map_err(|source| explain("read", to, source))? {
            0 => break,
            count => hash.update(buffer.get(..count).unwrap_or_default()),
        }
    }
    if checksum(hash) == upload.checksum { Ok(Published::Already { version: None }) } else { Err(changed()) }
}

/// Throws a finished upload away.
pub(super) fn abandon(root: &Root, upload: &StagedUpload) -> Result<(), BucketError> {
    remove(&path_of_upload(&root.path, &upload.upload_id)?)
}
