//! The process: options, what it opens, how it is watched and stopped.

mod adapters;
pub(crate) mod args;
mod open;
mod settings;
mod show;
mod values;

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use trailkeep_auditor::{Auditor, AuditorMetrics, RoundReport, Settings, Stop};
use trailkeep_telemetry::{Health, LogFormat, Telemetry, TelemetryConfig, health, process::asked_to_stop};

use self::args::Arguments;

/// Longest wait for the last exports and requests.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// Where pages are served unless somebody says otherwise.
const LISTEN: std::net::SocketAddr = std::net::SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 9464);
/// Nothing is open, and every step looked.
const NOTHING_OPEN: u8 = 0;
/// Findings are open.
const FOUND: u8 = 1;

/// Runs an auditor until it is asked to stop, or one round.
///
/// # Errors
/// Where it cannot start; with `--once`, where the round could not run.
pub(crate) async fn run(arguments: Arguments, settings: Settings) -> anyhow::Result<ExitCode> {
    let telemetry = start_telemetry(&arguments)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), config = show::redacted(), "the auditor starts");
    let state = Health::starting();
    let listen = arguments.operating.listen.or_else(|| (!arguments.rounds.once).then_some(LISTEN));
    let server = match listen {
        Some(listen) => {
            let served = health::serve(listen, telemetry.meters().clone(), state.clone()).await;
            let server = served.with_context(|| format!("cannot listen on {listen}"))?;
            tracing::info!(address = %server.address(), "/live, /ready and /metrics are served");
            Some(server)
        }
        None => None,
    };
    let stop = Stop::default();
    tokio::spawn(stop_when_asked(stop.clone(), state.clone()));
    let metrics = AuditorMetrics::new(&telemetry.meter(AuditorMetrics::SCOPE));
    let ended = tokio::select! {
        // Asked to stop before there was anything to end.
        () = stop.asked() => Ok(ExitCode::SUCCESS),
        ports = open::open(&arguments, &settings) => match ports {
            Ok(ports) => work(Auditor::new(settings, ports, metrics, stop.clone()), &state, arguments.rounds.once).await,
            Err(error) => Err(error),
        }
    };
    state.draining();
    if let Err(error) = &ended {
        tracing::error!(error = format!("{error:#}"), "the auditor ends");
    }
    if let Some(server) = server {
        server.shutdown(LAST_WORDS).await;
    }
    if let Err(error) = telemetry.shutdown(LAST_WORDS).await {
        tracing::warn!(%error, "not all telemetry was exported");
    }
    ended
}

async fn work(auditor: Auditor, state: &Health, once: bool) -> anyhow::Result<ExitCode> {
    state.started();
    if once {
        let report = auditor.once().await?;
        return Ok(ExitCode::from(code(&report)));
    }
    let mut shown = auditor.shown();
    let watched = state.clone();
    let watching = tokio::spawn(async move {
        loop {
            let reason = *shown.borrow_and_update();
            match reason {
                Some(reason) => watched.not_ready("auditor", reason),
                None => watched.ready("auditor"),
            }
            if shown.changed().await.is_err() {
                return;
            }
        }
    });
    auditor.run().await;
    watching.abort();
    tracing::info!("stopped: the lease is given back");
    Ok(ExitCode::SUCCESS)
}

/// What a single round's end says. That nothing is open is no "complete": that is said by `trailkeep coverage` and attestations.
fn code(report: &RoundReport) -> u8 {
    // What is acknowledged is so all the same.
    if report.findings_open + report.findings_acknowledged + report.beyond > 0 {
        FOUND
    } else if report.failed.is_empty() {
        NOTHING_OPEN
    } else {
        // Not everything that was asked could be looked at.
        super::COULD_NOT_RUN
    }
}

/// Prints the configuration, redacted.
pub(crate) fn print_config() -> anyhow::Result<()> {
    use std::io::Write as _;
    Ok(writeln!(std::io::stdout(), "{}", show::redacted())?)
}

fn start_telemetry(arguments: &Arguments) -> anyhow::Result<Telemetry> {
    let mut config = TelemetryConfig::from_environment("trailkeep-auditor", env!("CARGO_PKG_VERSION"))?;
    config.log_format = arguments.operating.log_format.parse::<LogFormat>()?;
    config.log_filter.clone_from(&arguments.operating.log);
    Ok(Telemetry::start(&config)?)
}

/// SIGTERM, SIGHUP and Ctrl-C ask to stop; a second one leaves at once.
#[expect(clippy::disallowed_methods, reason = "whoever asks twice wants it; the lease runs out by itself")]
async fn stop_when_asked(stop: Stop, state: Health) {
    if !asked_to_stop().await {
        return;
    }
    tracing::info!("asked to stop: the round ends between two steps, and the lease is given back");
    state.draining();
    stop.ask();
    if asked_to_stop().await {
        tracing::warn!("asked again: leaving at once; the lease runs out by itself");
        std::process::exit(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_is_said_before_a_step_that_failed_and_that_before_nothing() {
        let done = RoundReport { verified: true, ..RoundReport::default() };
        let failed = RoundReport { failed: vec!["heads"], ..done.clone() };
        assert_eq!([&done, &failed].map(code), [0, 2]);
        for open in [
            RoundReport { findings_open: 1, ..failed.clone() },
            RoundReport { findings_acknowledged: 1, ..done },
            RoundReport { beyond: 1, ..failed },
        ] {
            assert_eq!(code(&open), 1, "{open:?}");
        }
    }
}
