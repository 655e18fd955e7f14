//! User metadata of a file: `<file>.metadata.json` beside it, a flat JSON object of strings. It carries what S3 keeps as `x-amz-meta-*`,
//! such as the signature of a Digest.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use trailkeep_pipeline::ports::bucket::BucketError;

use super::error::explain;

/// How a sidecar's name ends.
pub(super) const SUFFIX: &str = ".metadata.json";
/// Largest sidecar that is read: 64 KiB. S3 allows 2 KB of user metadata.
const MAX_BYTES: u64 = 64 * 1024;

/// The sidecar of a file.
pub(super) fn path_of(file: &Path) -> PathBuf {
    let mut path = OsString::from(file);
    path.push(SUFFIX);
    path.into()
}

/// The user metadata of a file; empty without a sidecar. One that cannot be understood is said and passed over: the file itself is whole.
pub(super) fn read(file: &Path) -> Result<BTreeMap<String, String>, BucketError> {
    let path = path_of(file);
    let mut text = Vec::new();
    let result = File::open(&path).and_then(|sidecar| sidecar.take(MAX_BYTES + 1).read_to_end(&mut text));
    match result {
        Err(source) if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename) => return Ok(BTreeMap::new()),
        Err(source) => return Err(explain("read", &path, source)),
        Ok(_) if text.len() as u64 > MAX_BYTES => {
            tracing::warn!(path = %path.display(), cap_bytes = MAX_BYTES, "a metadata file is too large and was passed over");
            return Ok(BTreeMap::new());
        }
        Ok(_) => {}
    }
    Ok(serde_json::from_slice(&text).unwrap_or_else(|error| {
        tracing::warn!(path = %path.display(), %error, "a metadata file is no flat object of strings and was passed over");
        BTreeMap::new()
    }))
}

/// The text of a sidecar.
pub(super) fn text(metadata: &BTreeMap<String, String>) -> Vec<u8> {
    serde_json::to_vec(metadata).expect("a map of strings is written as JSON")
}
