//! User metadata of a file: `<file>.metadata.json` beside it, a flat JSON object of strings. It carries what S3 keeps as `x-amz-meta-*`,
//! such as the signature of a Digest.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use trailkeep_pipeline::ports::bucket::BucketError;

use super::error::explain;

/// How a sidecar's name ends.
pub(super) const SUFFIX: &str = ".metadata.json";
/// What S3's headers of user metadata begin with.
const PREFIX: &str = "x-amz-meta-";
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
    // A pipe would be waited for until somebody writes into it.
    if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
        tracing::warn!(path = %path.display(), "a metadata file is no regular file and was passed over");
        return Ok(BTreeMap::new());
    }
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
    let metadata: BTreeMap<String, String> = serde_json::from_slice(&text).unwrap_or_else(|error| {
        tracing::warn!(path = %path.display(), %error, "a metadata file is no flat object of strings and was passed over");
        BTreeMap::new()
    });
    // Headers of a download may have been saved with S3's prefix, which its API leaves out.
    Ok(metadata.into_iter().map(|(name, value)| (name.strip_prefix(PREFIX).map_or_else(|| name.clone(), str::to_owned), value)).collect())
}

/// The text of a sidecar.
pub(super) fn text(metadata: &BTreeMap<String, String>) -> Vec<u8> {
    serde_json::to_vec(metadata).expect("a map of strings is written as JSON")
}
