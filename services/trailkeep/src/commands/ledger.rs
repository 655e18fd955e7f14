//! `trailkeep ledger`: what is done with the ledger itself.

mod rebuild;

use clap::{Args, Subcommand};

use crate::{cli::Globals, exit::Exit};

/// Look after the ledger of an archive: the file that remembers what has landed.
#[derive(Debug, Args)]
pub(crate) struct Ledger {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Rebuild(rebuild::Rebuild),
}

impl Ledger {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self.action {
            Action::Rebuild(command) => command.run(globals),
        }
    }
}
