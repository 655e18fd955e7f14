//! `trailkeep ledger`: what is done with the ledger itself.

mod create;
mod rebuild;
mod rebuild_lease;

use clap::{Args, Subcommand};

use crate::{cli::Globals, exit::Exit};

/// Look after the ledger of an archive: the file or table that remembers what has landed.
#[derive(Debug, Args)]
pub(crate) struct Ledger {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Create(create::Create),
    Rebuild(rebuild::Rebuild),
}

impl Ledger {
    pub(crate) fn run(self, globals: &Globals) -> anyhow::Result<Exit> {
        match self.action {
            Action::Create(command) => command.run(globals),
            Action::Rebuild(command) => command.run(globals),
        }
    }
}
