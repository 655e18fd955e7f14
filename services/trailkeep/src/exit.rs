//! Exit codes, and how an error is told to a person.

use std::{io::Write, process::ExitCode};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// Done, but some objects must be tried again.
    TryAgain,
    /// Done, and the two sides that were compared differ.
    Differs,
    /// Done, and something was found.
    Findings,
    /// Interrupted; what was begun has been landed or released.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Findings => Self::from(1),
            Exit::TryAgain | Exit::Differs => Self::from(3),
            Exit::Interrupted => Self::from(130),
        }
    }
}

/// Arguments that do not go together, found after they were parsed one by one.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) &'static str);

/// A command whose code 1 says something else could not run: its errors end with code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct CouldNotRun(pub(crate) &'static str);

/// Refuses a window of time that ends before it begins.
///
/// # Errors
/// [`Usage`].
pub(crate) fn check_window(since_ms: Option<i64>, until_ms: Option<i64>) -> Result<(), Usage> {
    match (since_ms, until_ms) {
        (Some(since), Some(until)) if since > until => Err(Usage("--since is later than --until")),
        _ => Ok(()),
    }
}

/// Prints the error with its causes, one line each, and gives exit code 1, or 2 where the usage was wrong or the command could not run.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    let mut err = std::io::stderr().lock();
    let mut text = format!("trailkeep: {error}");
    for cause in error.chain().skip(1) {
        text.push_str("\n  because ");
        text.push_str(&cause.to_string());
    }
    // Nobody is left to tell where standard error is closed.
    let _ = writeln!(err, "{}", harmless(&text));
    ExitCode::from(if error.is::<Usage>() || error.is::<CouldNotRun>() { 2 } else { 1 })
}

/// Without what a terminal would obey: names of objects are others' texts.
fn harmless(text: &str) -> String {
    let obeyed = |sign: char| {
        (sign.is_control() && sign != '\n' && sign != '\t') || matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|sign| if obeyed(sign) { char::REPLACEMENT_CHARACTER } else { sign }).collect()
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn what_a_terminal_would_obey_is_not_said() {
        assert_eq!(harmless("s3://logs/\u{1b}[2J\u{202e}x\n  because\ta"), "s3://logs/\u{fffd}[2J\u{fffd}x\n  because\ta");
    }
}
