//! Trees of files: made by hand in CloudTrail's layout, read whole, compared byte for byte.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// Files by path below the root, with `/` between segments, and their bytes.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Reads a whole tree.
///
/// # Errors
/// Where a file cannot be read or its name is not UTF-8.
pub fn read(root: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("failed to list {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root)?.to_str().context("a file name is not UTF-8")?.to_owned();
                let bytes = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
                files.insert(name, bytes);
            }
        }
    }
    Ok(files)
}

/// Compares two trees byte for byte.
///
/// # Errors
/// Names the first files that are missing, added or different.
pub fn same(expected: &Files, found: &Files) -> Result<()> {
    let mut wrong: Vec<String> = Vec::new();
    for (name, bytes) in expected {
        match found.get(name) {
            None => wrong.push(format!("missing: {name}")),
            Some(other) if other != bytes => wrong.push(format!("different: {name} ({} and {} bytes)", bytes.len(), other.len())),
            Some(_) => {}
        }
    }
    wrong.extend(found.keys().filter(|name| !expected.contains_key(*name)).map(|name| format!("added: {name}")));
    if wrong.is_empty() {
        return Ok(());
    }
    let count = wrong.len();
    wrong.truncate(20);
    bail!("{count} files differ:\n{}", wrong.join("\n"))
}

/// A trail's tree that a test writes by hand.
#[derive(Debug)]
pub struct Trail {
    root: PathBuf,
    written: u32,
}

impl Trail {
    /// The account of every object that a test writes without naming one.
    pub const ACCOUNT: &'static str = "111122223333";

    /// An empty trail below a directory, which is made.
    ///
    /// # Errors
    /// Where the directory cannot be made.
    pub fn new(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        fs::create_dir_all(&root)?;
        Ok(Self { root, written: 0 })
    }

    /// Where it lies.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Writes stored bytes as CloudTrail would name them; gives back the key.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn object(&mut self, stored: &[u8]) -> Result<String> {
        self.written += 1;
        let (account, unique) = (Self::ACCOUNT, format!("{:016}", self.written));
        let name = format!("{account}_CloudTrail_us-east-1_20260314T0905Z_{unique}.json.gz");
        self.file(&format!("AWSLogs/{account}/CloudTrail/us-east-1/2026/03/14/{name}"), stored)
    }

    /// Writes stored bytes under any key; gives the key back.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn file(&mut self, key: &str, stored: &[u8]) -> Result<String> {
        let path = self.root.join(key);
        fs::create_dir_all(path.parent().context("a key has a file name")?)?;
        fs::write(&path, stored).with_context(|| format!("failed to write {}", path.display()))?;
        Ok(key.to_owned())
    }
}
