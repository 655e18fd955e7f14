//! Runs a Python script with the interpreter of `.venv` (`make setup`).

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::command::{Ended, workspace_root};

/// The interpreter: `TRAILKEEP_PYTHON`, else `.venv/bin/python`.
///
/// # Errors
/// Where there is none; says how to get it.
pub fn interpreter() -> Result<PathBuf> {
    let python = std::env::var_os("TRAILKEEP_PYTHON").map_or_else(|| workspace_root().join(".venv/bin/python"), PathBuf::from);
    ensure!(python.exists(), "{} is not there: run make setup", python.display());
    Ok(python)
}

/// Runs a script to its end.
///
/// # Errors
/// Where it cannot be started; how it ended is in [`Ended`].
pub fn run<A: AsRef<OsStr>>(script: &Path, arguments: impl IntoIterator<Item = A>) -> Result<Ended> {
    let output = Command::new(interpreter()?).arg(script).args(arguments).output();
    Ok(output.with_context(|| format!("failed to start {}", script.display()))?.into())
}
