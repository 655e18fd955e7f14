//! `trailkeep-collector`: the worker of the audit account.

mod service;

use std::process::ExitCode;

use clap::Parser as _;

use self::service::args::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = if arguments.operating.print_config {
        service::print_config(&arguments)
    } else {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(service::run(arguments)))
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
