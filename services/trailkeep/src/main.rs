//! The `trailkeep` command: parses the command line, starts the runtime, maps errors to exit codes.

mod cli;
mod commands;
mod exit;
mod figures;
mod ledger_address;
mod location;
mod output;
mod outside;
mod signals;
mod stack;
mod target;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    cli::start_logging(&cli.globals);
    match cli.command.run(&cli.globals) {
        Ok(code) => code.into(),
        Err(error) if output::was_closed(&error) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}
