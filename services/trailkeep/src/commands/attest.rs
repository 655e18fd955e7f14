//! `trailkeep attest`: attestations shown, verified and made.

mod keys;
mod make;
mod show;
mod signer;
mod text;
mod verify;

use clap::{Args, Subcommand, ValueEnum};
use trailkeep_attest::AttestError;
use trailkeep_audit::Day;

pub(super) use self::text::clean;
use crate::{
    cli::Globals,
    exit::{CouldNotRun, Exit},
    stack,
};

/// Show, verify and make attestations: signed statements of what the archive holds for a delivery day.
///
/// An attestation says that a day is complete against what CloudTrail signed, or what it lacks. Each names the one before it by its hash; the format is
/// docs/attestations.md.
#[derive(Debug, Args)]
pub(crate) struct Attest {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one, made once")]
enum Action {
    Show(show::Show),
    Verify(verify::Verify),
    Make(make::Make),
}

/// How it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For a person.
    Text,
    /// For a program.
    Json,
}

impl Attest {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        // Making asks the archive in SQL, too.
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        match self.action {
            Action::Show(command) => stack::block_on(threads, command.run(globals)),
            Action::Verify(command) => stack::block_on(threads, command.run(globals)),
            Action::Make(command) => stack::block_on_made(threads, || command.run(globals)),
        }
    }
}

/// Reads a day: 2026-01-31 or 20260131.
pub(super) fn day(text: &str) -> Result<Day, String> {
    let digits = if text.len() == 10 { text.replace('-', "") } else { text.to_owned() };
    digits.parse().map_err(|_| "give a day as 2026-01-31".to_owned())
}

/// An error of a store is no verdict: it ends with code 2.
pub(super) fn could_not_run(error: AttestError) -> anyhow::Error {
    anyhow::Error::new(error).context(CouldNotRun("the attestations could not be read"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_with_or_without_lines() {
        assert_eq!(day("2026-01-31").map(|day| day.to_string()), Ok("20260131".to_owned()));
        assert_eq!(day("20260131").map(|day| day.to_string()), Ok("20260131".to_owned()));
        for text in ["2026-1-31", "2026-02-30", "yesterday", "", "20260131T"] {
            assert!(day(text).is_err(), "{text}");
        }
    }
}
