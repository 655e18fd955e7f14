//! Exit codes, and how an error is told to a person.

use std::{io::Write, process::ExitCode};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Done, but some objects must be tried again.
    TryAgain,
    /// Interrupted; what was begun has been landed or released.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::TryAgain => Self::from(3),
            Exit::Interrupted => Self::from(130),
        }
    }
}

/// Prints the error with its causes, one line each, and gives exit code 1.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    let mut err = std::io::stderr().lock();
    let mut text = format!("trailkeep: {error}");
    for cause in error.chain().skip(1) {
        text.push_str("\n  because ");
        text.push_str(&cause.to_string());
    }
    // Nobody is left to tell where standard error is closed.
    let _ = writeln!(err, "{text}");
    ExitCode::from(1)
}
