//! Keys as paths. A key comes from a listing, a manifest or a person, so that nothing in it may lead out of the root.

use std::path::{Path, PathBuf};

use trailkeep_pipeline::ports::bucket::BucketError;

use super::error::failed;

/// Longest key that is written, in bytes, as in S3.
/// Source: S3 User Guide, "Naming Amazon S3 objects".
const MAX_KEY_BYTES: usize = 1024;

/// Below it lie temporary files of puts; never listed.
pub(super) const TEMPORARY: &str = "staging/tmp/";
/// Below it lie uploads that are not published; never listed.
pub(super) const UPLOADS: &str = "staging/uploads/";

/// Why a string is no key of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeyError {
    #[error("a key is not empty")]
    Empty,
    #[error("a key has at most 1,024 bytes")]
    TooLong,
    #[error("a key has no NUL")]
    Nul,
    #[error("a key has no empty segment, `.` or `..`")]
    Segment,
    #[error("keys below staging/tmp/ and staging/uploads/ belong to the adapter")]
    Reserved,
}

fn check_segments(key: &str) -> Result<(), KeyError> {
    if key.is_empty() {
        return Err(KeyError::Empty);
    }
    if key.contains('\0') {
        return Err(KeyError::Nul);
    }
    if key.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return Err(KeyError::Segment);
    }
    Ok(())
}

/// The path of a key that is read.
pub(super) fn path_to_read(root: &Path, key: &str) -> Result<PathBuf, BucketError> {
    check_segments(key).map_err(|error| failed("read", &root.join("(a key that is none)"), format!("{error}: {key:?}")))?;
    Ok(root.join(key))
}

/// The path of a key that is written or deleted.
pub(super) fn path_to_write(root: &Path, key: &str) -> Result<PathBuf, BucketError> {
    let checked = check_segments(key).and_then(|()| match key {
        _ if key.len() > MAX_KEY_BYTES => Err(KeyError::TooLong),
        _ if key.starts_with(TEMPORARY) || key.starts_with(UPLOADS) => Err(KeyError::Reserved),
        _ => Ok(()),
    });
    checked.map_err(|error| failed("write", &root.join("(a key that is none)"), format!("{error}: {key:?}")))?;
    Ok(root.join(key))
}

/// The path of a staged upload, from its manifest.
pub(super) fn path_of_upload(root: &Path, upload_id: &str) -> Result<PathBuf, BucketError> {
    let name = upload_id.strip_prefix(UPLOADS).filter(|name| !name.contains('/') && check_segments(name).is_ok());
    match name {
        Some(_) => Ok(root.join(upload_id)),
        None => Err(failed("publish", root, format!("{upload_id:?} is no upload of a directory"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_leads_out_of_the_root() {
        let root = Path::new("/archive");
        for key in ["", "/etc/passwd", "a//b", "a/", "../a", "a/../../b", "a/..", "./a", "a/./b", "a\0b"] {
            assert!(path_to_read(root, key).is_err(), "{key:?}");
            assert!(path_to_write(root, key).is_err(), "{key:?}");
            assert!(path_of_upload(root, &format!("{UPLOADS}{key}")).is_err(), "{key:?}");
        }
        assert!(path_of_upload(root, "raw/x.gz").is_err());
        assert!(path_to_write(root, "staging/uploads/x").is_err());
        assert!(path_to_write(root, &"k".repeat(1025)).is_err());
        assert_eq!(path_to_write(root, "a/..b/c..").ok(), Some(PathBuf::from("/archive/a/..b/c..")));
    }
}
