//! Where bytes go: standard output, but no binary to a terminal; or a file that appears whole or not at all.

use std::{
    fs::{self, File},
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use crate::output::Standard;

/// Refuses what would garble a terminal.
pub(super) fn refuse_binary(to: Option<&Path>, beginning: Option<&[u8]>) -> anyhow::Result<()> {
    if to.is_some() || !io::stdout().is_terminal() {
        return Ok(());
    }
    match beginning {
        Some(bytes) if is_text(bytes) => Ok(()),
        _ => bail!("the original is binary: pipe it on (… | zcat) or name a file with --to"),
    }
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')))
}

/// A file under a temporary name, or standard output.
#[derive(Debug)]
pub(super) enum Output {
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

impl Output {
    /// Opens the output. A file that is there already is not overwritten.
    pub(super) fn open(to: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(path) = to else {
            return Ok(Self::Standard(Standard::new()));
        };
        if path.exists() {
            bail!("{} is there already and was left as it is", path.display());
        }
        let mut partial = path.clone().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).with_context(|| format!("cannot write {}", partial.display()))?;
        Ok(Self::File { file: BufWriter::new(file), partial, path })
    }

    /// Puts the file in its place.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Standard(mut out) => Ok(out.flush()?),
            Self::File { file, partial, path } => {
                let cannot = || format!("cannot write {}", path.display());
                let file = file.into_inner().map_err(io::IntoInnerError::into_error).with_context(cannot)?;
                file.sync_all().with_context(cannot)?;
                fs::rename(&partial, &path).with_context(cannot)
            }
        }
    }
}

impl Output {
    /// Takes away what was written so far to a file, after a failure.
    pub(super) fn discard(self) {
        if let Self::File { partial, .. } = self
            && let Err(error) = fs::remove_file(&partial)
        {
            tracing::warn!(path = %partial.display(), %error, "a partial file could not be removed");
        }
    }
}

impl Write for Output {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_and_control_characters_are_no_text() {
        assert!(is_text("{\"Records\":[\n]}\tä".as_bytes()));
        assert!(!is_text(b"\x1f\x8b\x08\x00"));
        assert!(!is_text(b"{\x1b[31m}"));
    }
}
