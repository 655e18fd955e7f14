//! Reading files: caps before bytes, and what changed while it was read is told.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::Path,
};

use bytes::Bytes;
use rustix::fs::OFlags;
use trailkeep_pipeline::ports::bucket::{BucketError, Fetched, ObjectInfo};

use super::{
    error::{explain, failed},
    sidecar,
};

/// An opened regular file with what the filesystem says of it.
struct Opened {
    file: File,
    metadata: Metadata,
}

/// Opens without following a link and without waiting on a pipe; what is no regular file is not there.
fn open(operation: &str, path: &Path) -> Result<Opened, BucketError> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let opened = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path);
    let file = opened.map_err(|source| explain(operation, path, source))?;
    let metadata = file.metadata().map_err(|source| explain(operation, path, source))?;
    if metadata.is_file() { Ok(Opened { file, metadata }) } else { Err(BucketError::NotFound { what: path.display().to_string() }) }
}

/// A whole file with its sidecar.
pub(super) fn fetch(path: &Path, cap_bytes: u64) -> Result<Fetched, BucketError> {
    let Opened { mut file, metadata } = open("read", path)?;
    let size_bytes = metadata.len();
    if size_bytes > cap_bytes {
        return Err(BucketError::TooLarge { what: path.display().to_string(), size_bytes, cap_bytes });
    }
    let mut body = vec![0; size_bytes as usize];
    file.read_exact(&mut body).map_err(|source| cut_short(path, source))?;
    unchanged(path, &file, &etag(&metadata))?;
    Ok(Fetched { info: describe(path, &metadata)?, body: body.into() })
}

/// What the filesystem and the sidecar say of a file.
pub(super) fn head(path: &Path) -> Result<ObjectInfo, BucketError> {
    let metadata = fs::symlink_metadata(path).map_err(|source| explain("read", path, source))?;
    if metadata.is_file() { describe(path, &metadata) } else { Err(BucketError::NotFound { what: path.display().to_string() }) }
}

/// Part of a file; `expected` is the etag of the file that is meant.
pub(super) fn range(path: &Path, expected: Option<&str>, offset: u64, length: u64) -> Result<Bytes, BucketError> {
    let Opened { file, metadata } = open("read a range of", path)?;
    let found = etag(&metadata);
    if expected.is_some_and(|expected| expected != found) {
        return Err(BucketError::Changed { what: path.display().to_string() });
    }
    let offset = offset.min(metadata.len());
    let mut body = vec![0; length.min(metadata.len() - offset) as usize];
    file.read_exact_at(&mut body, offset).map_err(|source| cut_short(path, source))?;
    unchanged(path, &file, &found)?;
    Ok(body.into())
}

fn cut_short(path: &Path, source: io::Error) -> BucketError {
    match source.kind() {
        io::ErrorKind::UnexpectedEof => BucketError::Changed { what: path.display().to_string() },
        _ => explain("read", path, source),
    }
}

fn unchanged(path: &Path, file: &File, expected: &str) -> Result<(), BucketError> {
    let metadata = file.metadata().map_err(|source| explain("read", path, source))?;
    if etag(&metadata) == expected { Ok(()) } else { Err(BucketError::Changed { what: path.display().to_string() }) }
}

fn describe(path: &Path, metadata: &Metadata) -> Result<ObjectInfo, BucketError> {
    Ok(ObjectInfo {
        size_bytes: metadata.len(),
        etag: Some(etag(metadata)),
        modified_ms: Some(modified_ms(metadata)),
        metadata: sidecar::read(path)?,
        ..ObjectInfo::default()
    })
}

/// Changes whenever the file is written to or replaced: size, modification time in ns and inode.
pub(super) fn etag(metadata: &Metadata) -> String {
    let modified_ns = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    format!("{:x}-{modified_ns:x}-{:x}", metadata.len(), metadata.ino())
}

/// Modification time in milliseconds since the Unix epoch.
pub(super) fn modified_ms(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1000).saturating_add(metadata.mtime_nsec() / 1_000_000)
}

/// A version was asked for, and directories have none.
pub(super) fn no_versions(path: &Path, version: Option<&str>) -> Result<(), BucketError> {
    match version {
        None => Ok(()),
        Some(version) => Err(failed("read", path, format!("version {version:?} was asked for, and directories keep no versions"))),
    }
}
