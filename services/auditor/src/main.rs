//! `trailkeep-auditor`: proves without end that nothing is missing.

mod service;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _, error::ErrorKind};

use self::service::args::Arguments;

/// It could not run, or another auditor holds the lease; as for wrong usage.
pub(crate) const COULD_NOT_RUN: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = match arguments.settings() {
        Ok(settings) => settings,
        // Wrong usage, as much as what the parser finds.
        Err(error) => Arguments::command().error(ErrorKind::ValueValidation, format!("{error:#}")).exit(),
    };
    let outcome = if arguments.operating.print_config {
        service::print_config().map(|()| ExitCode::SUCCESS)
    } else {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(service::run(arguments, settings)))
    };
    outcome.unwrap_or_else(|error| {
        use std::io::Write as _;
        // Nobody may be listening any more.
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::from(COULD_NOT_RUN)
    })
}
