//! Telemetry of a running service: set up once at its start, flushed at its end.

use std::{sync::Arc, time::Duration};

use opentelemetry::{KeyValue, metrics::Meter};
use opentelemetry_otlp::ExporterBuildError;
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    logs::SdkLoggerProvider,
    resource::TelemetryResourceDetector,
    trace::{IdGenerator, RandomIdGenerator, SdkTracerProvider},
};
use tokio::{runtime::Handle, sync::oneshot, time::timeout_at};
use tracing::Dispatch;
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    Meters,
    config::{ConfigError, OtlpTarget, TelemetryConfig},
    exporters, log,
    watched::{Watch, Watched},
};

/// Why telemetry could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An exporter could not be built.
    #[error("the exporter of {signal} to {endpoint} could not be set up")]
    Exporter {
        /// "traces", "metrics", "logs".
        signal: &'static str,
        /// Where they should go.
        endpoint: String,
        /// The cause.
        #[source]
        source: ExporterBuildError,
    },
    /// Exporters need tokio.
    #[error("telemetry is exported by tasks of tokio, but was started outside its runtime")]
    NoRuntime,
    /// Metrics could not be made readable.
    #[error("metrics could not be set up")]
    Meters(#[source] OTelSdkError),
    /// A subscriber was set before.
    #[error("the process has a log already: telemetry is started once")]
    Started,
}

/// Why something may be missing at the other end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShutdownError {
    /// Some could not be sent.
    #[error("the last {signals} could not be exported: {detail}")]
    Failed {
        /// Which ones, separated by commas.
        signals: String,
        /// In the exporter's words.
        detail: String,
    },
    /// There was no time left.
    #[error("the last {signals} were not exported within {deadline_ms} ms")]
    Late {
        /// Which ones, separated by commas.
        signals: String,
        /// How long was waited, milliseconds.
        deadline_ms: u128,
    },
}

/// Traces, metrics and logs of the process.
#[derive(Debug)]
pub struct Telemetry {
    traces: SdkTracerProvider,
    logs: Option<SdkLoggerProvider>,
    meters: Meters,
    watches: Vec<Arc<Watch>>,
}

impl Telemetry {
    /// Sets everything up for the whole process; call it inside tokio's runtime.
    ///
    /// # Errors
    /// [`StartError`]; a receiver that does not answer is none, it is logged once and tried again.
    pub fn start(config: &TelemetryConfig) -> Result<Self, StartError> {
        let (telemetry, dispatch) = Self::build(config, std::io::stderr)?;
        tracing::dispatcher::set_global_default(dispatch).map_err(|_| StartError::Started)?;
        Ok(telemetry)
    }

    /// The same without touching the process: the caller uses the dispatcher, and says where lines are written.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn build<W>(config: &TelemetryConfig, lines: W) -> Result<(Self, Dispatch), StartError>
    where
        W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
    {
        let resource = resource(config);
        let mut watches = Vec::new();
        let mut traces = SdkTracerProvider::builder().with_resource(resource.clone());
        if let Some(exporter) = exporter("traces", config.traces.as_ref(), exporters::spans, &mut watches)? {
            traces = traces.with_batch_exporter(exporter);
        }
        let traces = traces.build();
        let logs = exporter("logs", config.logs.as_ref(), exporters::logs, &mut watches)?
            .map(|exporter| SdkLoggerProvider::builder().with_resource(resource.clone()).with_batch_exporter(exporter).build());
        let exporter = exporter("metrics", config.metrics.as_ref(), exporters::metrics, &mut watches)?;
        let meters = Meters::new(resource, exporter).map_err(StartError::Meters)?;
        let dispatch = log::subscriber(config, &traces, logs.as_ref(), lines)?;
        Ok((Self { traces, logs, meters, watches }, dispatch))
    }

    /// The meters, to scrape.
    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    /// The meter of a scope (`trailkeep.collector`).
    pub fn meter(&self, scope: &'static str) -> Meter {
        self.meters.meter(scope)
    }

    /// Sends what is left, for at most `deadline`. What is logged after it is written, but not exported. Metrics can no longer be scraped.
    ///
    /// # Errors
    /// [`ShutdownError`] where something may not have arrived.
    pub async fn shutdown(self, deadline: Duration) -> Result<(), ShutdownError> {
        let Self { traces, logs, meters, watches } = self;
        let end = tokio::time::Instant::now() + deadline;
        // We stop waiting before the SDK does: its own timeout reads like any other failure.
        let longer = deadline + Duration::from_secs(1);
        let traces = ("traces", flush(move || traces.shutdown_with_timeout(longer)));
        let logs = ("logs", flush(move || logs.map_or(Ok(()), |logs| logs.shutdown_with_timeout(longer))));
        let metrics = ("metrics", flush(move || meters.provider().shutdown_with_timeout(longer)));
        let (mut late, mut failed, mut details) = (Vec::new(), Vec::new(), Vec::new());
        for (signal, done) in [traces, logs, metrics] {
            match timeout_at(end, done).await {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(error))) => {
                    failed.push(signal);
                    details.push(error.to_string());
                }
                _ => late.push(signal),
            }
        }
        for watch in watches {
            // The SDK's flushes say nothing of an export that failed.
            if watch.is_failing() && !late.contains(&watch.signal) && !failed.contains(&watch.signal) {
                failed.push(watch.signal);
            }
            watch.abandon();
        }
        if !late.is_empty() {
            late.append(&mut failed);
            return Err(ShutdownError::Late { signals: late.join(", "), deadline_ms: deadline.as_millis() });
        }
        if !failed.is_empty() {
            details.push("the log has the reason".to_owned());
            return Err(ShutdownError::Failed { signals: failed.join(", "), detail: details.join("; ") });
        }
        Ok(())
    }
}

/// Runs a blocking flush on a thread that nobody waits for at the process's end.
fn flush(work: impl FnOnce() -> OTelSdkResult + Send + 'static) -> oneshot::Receiver<OTelSdkResult> {
    let (done, result) = oneshot::channel();
    // Where no thread can be had the sender is dropped, which reads as late.
    let _ = std::thread::Builder::new().name("telemetry-flush".to_owned()).spawn(move || done.send(work()));
    result
}

fn exporter<E>(
    signal: &'static str,
    target: Option<&OtlpTarget>,
    build: fn(&OtlpTarget) -> Result<E, ExporterBuildError>,
    watches: &mut Vec<Arc<Watch>>,
) -> Result<Option<Watched<E>>, StartError> {
    let Some(target) = target else { return Ok(None) };
    let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
    let failed = |source| StartError::Exporter { signal, endpoint: target.endpoint.clone(), source };
    let exporter = Watched::new(build(target).map_err(failed)?, runtime, signal, &target.endpoint);
    watches.push(exporter.watch());
    Ok(Some(exporter))
}

fn resource(config: &TelemetryConfig) -> Resource {
    let attributes = config.resource.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes([
            KeyValue::new("service.version", config.service_version.clone()),
            KeyValue::new("service.instance.id", instance_id()),
        ])
        .with_attributes(attributes)
        .with_service_name(config.service_name.clone())
        .build()
}

/// A random UUID, version 4: without one, workers of one service would overwrite each other's metrics
/// (OpenTelemetry, "Service": `service.instance.id`).
fn instance_id() -> String {
    let random = u128::from_be_bytes(RandomIdGenerator::default().new_trace_id().to_bytes());
    let versioned = random & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{versioned:032x}");
    let parts = [hex.get(..8), hex.get(8..12), hex.get(12..16), hex.get(16..20), hex.get(20..)];
    parts.map(Option::unwrap_or_default).join("-")
}

#[cfg(test)]
mod tests;
