//! Where an answer goes: standard output, or a file that appears whole or not at all. A file that is there is never written over.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use crate::{location::Location, output::Standard};

/// A file under a temporary name, or standard output.
#[derive(Debug)]
pub(crate) enum Target {
    /// Standard output.
    Standard(Standard),
    /// A file that is not in its place yet.
    File {
        /// The open file.
        file: BufWriter<File>,
        /// Its name meanwhile.
        partial: PathBuf,
        /// Its place.
        path: PathBuf,
    },
}

impl Target {
    /// Refuses a file that is there already, and one inside the archive, which holds nothing but its own files.
    ///
    /// # Errors
    /// Where it is refused, or the archive is no location.
    pub(crate) fn check(path: &Path, archive: &str) -> anyhow::Result<()> {
        refuse_existing(path)?;
        if archive.parse::<Location>()?.holds(path) {
            bail!("{} lies inside the archive {archive}: name a file elsewhere", path.display());
        }
        Ok(())
    }

    /// Opens the target.
    ///
    /// # Errors
    /// Where the file is there already or cannot be made.
    pub(crate) fn open(to: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(path) = to else {
            return Ok(Self::Standard(Standard::new()));
        };
        refuse_existing(&path)?;
        let mut partial = path.clone().into_os_string();
        partial.push(format!(".{}.partial", std::process::id()));
        let partial = PathBuf::from(partial);
        let file = File::create_new(&partial).with_context(|| format!("cannot write {}", partial.display()))?;
        Ok(Self::File { file: BufWriter::new(file), partial, path })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// Where what was written cannot be made durable or renamed.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Standard(mut out) => Ok(out.flush()?),
            Self::File { file, partial, path } => {
                let placed = place(file, &partial, &path).with_context(|| format!("cannot write {}", path.display()));
                if placed.is_err() {
                    remove(&partial);
                }
                placed
            }
        }
    }

    /// Takes away what was written so far to a file, after a failure.
    pub(crate) fn discard(self) {
        if let Self::File { partial, .. } = self {
            remove(&partial);
        }
    }
}

fn refuse_existing(path: &Path) -> anyhow::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        bail!("{} is there already and was left as it is", path.display());
    }
    Ok(())
}

fn place(file: BufWriter<File>, partial: &Path, path: &Path) -> io::Result<()> {
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(partial, path)
}

fn remove(partial: &Path) {
    if let Err(error) = fs::remove_file(partial) {
        tracing::warn!(path = %partial.display(), %error, "a partial file could not be removed");
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Standard(out) => out.write(bytes),
            Self::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Standard(out) => out.flush(),
            Self::File { file, .. } => file.flush(),
        }
    }
}
