//! The process: options, what it opens, how it is watched and stopped.

pub(crate) mod args;
mod open;
mod settings;
mod show;

use std::time::Duration;

use anyhow::Context as _;
use trailkeep_collector::{Collector, CollectorMetrics, Ended, Settings, Shown, Stop};
use trailkeep_telemetry::{Health, LogFormat, Telemetry, TelemetryConfig, health, process::asked_to_stop};

use self::args::Arguments;

/// Longest wait for the last exports and requests.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// How often readiness is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Runs a collector until it is asked to stop.
///
/// # Errors
/// Where it cannot start or must not go on.
pub(crate) async fn run(arguments: Arguments, settings: Settings) -> anyhow::Result<()> {
    let telemetry = start_telemetry(&arguments)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), config = show::redacted(&arguments), "the collector starts");
    let state = Health::starting();
    let listen = arguments.operating.listen;
    let server =
        health::serve(listen, telemetry.meters().clone(), state.clone()).await.with_context(|| format!("cannot listen on {listen}"))?;
    tracing::info!(address = %server.address(), "/live, /ready and /metrics are served");
    let stop = Stop::default();
    tokio::spawn(stop_when_asked(stop.clone(), state.clone()));
    let metrics = CollectorMetrics::new(&telemetry.meter("trailkeep-collector"));
    let ended = tokio::select! {
        // Asked to stop before there was anything to drain.
        () = stop.asked() => Ok(Ended::Drained),
        ports = open::open(&arguments, &metrics) => match ports {
            Ok(ports) => {
                let collector = Collector::new(settings, ports, metrics, stop);
                // Not ready until the queue has answered.
                let shown = collector.shown();
                tell(&shown, &state);
                state.started();
                let watching = tokio::spawn(watch(shown, state.clone()));
                let ended = collector.run().await;
                watching.abort();
                Ok(ended)
            }
            Err(error) => Err(error),
        }
    };
    state.draining();
    let outcome = match ended {
        Ok(Ended::Drained) => {
            tracing::info!("drained: nothing is in hand");
            Ok(())
        }
        Ok(Ended::CutShort) => Err(anyhow::anyhow!("the drain's deadline came first: what was in hand comes back by itself")),
        Ok(Ended::Failed(error)) => {
            let advice = error.advice();
            Err(anyhow::Error::new(error).context(format!("the collector must not go on{advice}")))
        }
        Err(error) => Err(error),
    };
    if let Err(error) = &outcome {
        tracing::error!(error = format!("{error:#}"), "the collector ends");
    }
    server.shutdown(LAST_WORDS).await;
    if let Err(error) = telemetry.shutdown(LAST_WORDS).await {
        tracing::warn!(%error, "not all telemetry was exported");
    }
    outcome
}

/// Prints the configuration, redacted.
pub(crate) fn print_config(arguments: &Arguments) -> anyhow::Result<()> {
    use std::io::Write as _;
    Ok(writeln!(std::io::stdout(), "{}", show::redacted(arguments))?)
}

fn start_telemetry(arguments: &Arguments) -> anyhow::Result<Telemetry> {
    let mut config = TelemetryConfig::from_environment("trailkeep-collector", env!("CARGO_PKG_VERSION"))?;
    config.log_format = arguments.operating.log_format.parse::<LogFormat>()?;
    config.log_filter.clone_from(&arguments.operating.log);
    Ok(Telemetry::start(&config)?)
}

/// Says whether the collector is ready, as it changes.
async fn watch(shown: Shown, state: Health) {
    let mut was = Some("starting");
    loop {
        let reason = tell(&shown, &state);
        match (was, reason) {
            (Some(_), None) => tracing::info!("ready: the queue answers"),
            (None, Some(reason)) => tracing::warn!(reason, "not ready"),
            _ => {}
        }
        was = reason;
        tokio::time::sleep(LOOK).await;
    }
}

fn tell(shown: &Shown, state: &Health) -> Option<&'static str> {
    let reason = shown.not_ready();
    match reason {
        Some(reason) => state.not_ready("collector", reason),
        None => state.ready("collector"),
    }
    reason
}

/// SIGTERM, SIGHUP and Ctrl-C ask to stop; a second one leaves at once.
#[expect(clippy::disallowed_methods, reason = "whoever asks twice wants it; what was in hand comes back by itself")]
async fn stop_when_asked(stop: Stop, state: Health) {
    if !asked_to_stop().await {
        return;
    }
    tracing::info!("asked to stop: nothing more is received, what is in hand is landed or given back");
    state.draining();
    stop.ask();
    if asked_to_stop().await {
        tracing::warn!("asked again: leaving at once; what was in hand comes back by itself");
        std::process::exit(1);
    }
}
