//! Lists a tree in ascending byte order of its keys, without holding more than the directories on the way to the present file.
//! A directory sorts as its name with `/` behind it: that is how all keys below it begin, and how S3 orders them.

use std::{
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    vec,
};

use trailkeep_pipeline::ports::bucket::{BucketError, ObjectSummary};

use super::{
    error::explain,
    key::{TEMPORARY, UPLOADS},
    read::{etag, modified_ms},
    sidecar,
};

/// A listing under way.
#[derive(Debug)]
pub(super) struct Walk {
    scope: Scope,
    levels: Vec<Level>,
    ahead: Option<ObjectSummary>,
    left_out: LeftOut,
}

/// Which keys are wanted.
#[derive(Debug)]
struct Scope {
    prefix: String,
    after: Option<String>,
    archive: bool,
}

#[derive(Debug)]
struct Level {
    directory: PathBuf,
    entries: vec::IntoIter<Entry>,
}

/// A file with its summary, or a directory whose key ends in `/`.
#[derive(Debug)]
struct Entry {
    key: String,
    file: Option<ObjectSummary>,
}

/// What no key could be made of.
#[derive(Debug, Default)]
struct LeftOut {
    count: u64,
    example: Option<PathBuf>,
}

impl Scope {
    fn wants(&self, key: &str, directory: bool) -> bool {
        let in_prefix = key.starts_with(&self.prefix) || (directory && self.prefix.starts_with(key));
        let not_yet = self.after.as_deref().is_none_or(|after| key > after || (directory && after.starts_with(key)));
        let hidden = if directory { self.archive && matches!(key, TEMPORARY | UPLOADS) } else { key.ends_with(sidecar::SUFFIX) };
        in_prefix && not_yet && !hidden
    }
}

impl Walk {
    /// Begins at the first key that starts with `prefix` and comes after `after`. `archive` leaves out what is staged.
    pub(super) fn begin(root: &Path, prefix: &str, after: Option<String>, archive: bool) -> Result<Self, BucketError> {
        let scope = Scope { prefix: prefix.to_owned(), after, archive };
        let mut walk = Self { scope, levels: Vec::new(), ahead: None, left_out: LeftOut::default() };
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(directory) = descend(root, folder)? {
            let key = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            walk.enter(directory, &key)?;
        }
        Ok(walk)
    }

    /// At most `count` objects, and whether more follow.
    pub(super) fn page(&mut self, count: usize) -> Result<(Vec<ObjectSummary>, bool), BucketError> {
        let mut objects = Vec::new();
        while objects.len() < count {
            let Some(object) = self.next()? else { break };
            objects.push(object);
        }
        self.ahead = self.next()?;
        self.say_what_was_left_out();
        Ok((objects, self.ahead.is_some()))
    }

    fn next(&mut self) -> Result<Option<ObjectSummary>, BucketError> {
        if let Some(object) = self.ahead.take() {
            return Ok(Some(object));
        }
        while let Some(level) = self.levels.last_mut() {
            match level.entries.next() {
                None => drop(self.levels.pop()),
                Some(Entry { file: Some(object), .. }) => return Ok(Some(object)),
                Some(Entry { key, file: None }) => {
                    let name = key.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                    let directory = level.directory.join(name);
                    self.enter(directory, &key)?;
                }
            }
        }
        Ok(None)
    }

    /// Reads a directory; one that has gone in the meantime is empty.
    fn enter(&mut self, directory: PathBuf, key: &str) -> Result<(), BucketError> {
        let explained = |source| explain("list", &directory, source);
        let listing = match fs::read_dir(&directory) {
            Err(source) if source.kind() == io::ErrorKind::NotFound && !key.is_empty() => return Ok(()),
            listing => listing.map_err(explained)?,
        };
        let mut entries = Vec::new();
        for found in listing {
            if let Some(entry) = self.entry(&found.map_err(explained)?, key).map_err(explained)? {
                entries.push(entry);
            }
        }
        entries.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        self.levels.push(Level { directory, entries: entries.into_iter() });
        Ok(())
    }

    fn entry(&mut self, found: &fs::DirEntry, parent: &str) -> io::Result<Option<Entry>> {
        let kind = found.file_type()?;
        let name = found.file_name();
        let Some(name) = std::str::from_utf8(name.as_bytes()).ok().filter(|_| kind.is_dir() || kind.is_file()) else {
            self.left_out.count += 1;
            self.left_out.example.get_or_insert_with(|| found.path());
            return Ok(None);
        };
        let key = format!("{parent}{name}{}", if kind.is_dir() { "/" } else { "" });
        if !self.scope.wants(&key, kind.is_dir()) {
            return Ok(None);
        }
        if kind.is_dir() {
            return Ok(Some(Entry { key, file: None }));
        }
        let metadata = match found.metadata() {
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata?,
        };
        let file = ObjectSummary {
            key: key.clone(),
            size_bytes: metadata.len(),
            modified_ms: Some(modified_ms(&metadata)),
            etag: Some(etag(&metadata)),
        };
        Ok(Some(Entry { key, file: Some(file) }))
    }

    fn say_what_was_left_out(&mut self) {
        let LeftOut { count, example } = std::mem::take(&mut self.left_out);
        if let Some(example) = example {
            tracing::warn!(count, example = %example.display(), "left out of a listing: names that are not UTF-8, symbolic links and special files");
        }
    }
}

/// The directories directly below `folder`, as keys that end with `/`, ascending.
pub(super) fn folders(root: &Path, folder: &str) -> Result<Vec<String>, BucketError> {
    let Some(directory) = descend(root, folder.strip_suffix('/').unwrap_or(folder))? else { return Ok(Vec::new()) };
    let explained = |source| explain("list", &directory, source);
    let mut folders = Vec::new();
    for found in fs::read_dir(&directory).map_err(explained)? {
        let found = found.map_err(explained)?;
        if let (true, Some(name)) = (found.file_type().map_err(explained)?.is_dir(), found.file_name().to_str()) {
            folders.push(format!("{folder}{name}/"));
        }
    }
    folders.sort_unstable();
    Ok(folders)
}

/// The directory that all wanted keys lie in; `None` where it is not there or a link leads to it.
fn descend(root: &Path, folder: &str) -> Result<Option<PathBuf>, BucketError> {
    let mut directory = root.to_owned();
    for segment in folder.split('/').filter(|_| !folder.is_empty()) {
        if matches!(segment, "" | "." | "..") || segment.contains('\0') {
            return Ok(None);
        }
        directory.push(segment);
        match fs::symlink_metadata(&directory) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Ok(None),
            Err(source) if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename) => {
                return fs::metadata(root).map(|_| None).map_err(|source| explain("list", root, source));
            }
            Err(source) => return Err(explain("list", &directory, source)),
        }
    }
    Ok(Some(directory))
}
