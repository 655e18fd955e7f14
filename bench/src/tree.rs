//! The log objects of a tree.

use std::path::{Path, PathBuf};

/// Paths of the log objects below a directory, sorted; Digests are left out.
pub(crate) fn log_objects(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    collect(dir, &mut paths)?;
    paths.sort();
    Ok(paths)
}

fn collect(dir: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|e| e == "gz") && !path.to_string_lossy().contains("CloudTrail-Digest") {
            paths.push(path);
        }
    }
    Ok(())
}
