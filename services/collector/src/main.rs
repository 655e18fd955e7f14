//! `trailkeep-collector`: the worker of the audit account.

mod service;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _, error::ErrorKind};

use self::service::args::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = match arguments.settings() {
        Ok(settings) => settings,
        // Wrong usage, as much as what the parser finds.
        Err(error) => Arguments::command().error(ErrorKind::ValueValidation, format!("{error:#}")).exit(),
    };
    let outcome = if arguments.operating.print_config {
        service::print_config(&arguments)
    } else {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(service::run(arguments, settings)))
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            // Nobody may be listening any more.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
