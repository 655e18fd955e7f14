//! The log: lines on standard error as text or JSON, and the same events and spans to OpenTelemetry.

mod json;

use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::{logs::SdkLoggerProvider, trace::SdkTracerProvider};
use tracing::{Dispatch, Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::filter_fn,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
};

use crate::{
    config::{ConfigError, LogFormat, TelemetryConfig},
    watched,
};

/// Crates that exporting itself runs through: what they say is not exported, or each export would be the reason for another one.
const EXPORTING: &[&str] = &["hyper", "hyper_util", "tonic", "h2", "tower", "reqwest"];

/// The subscriber for a configuration, writing its lines to `writer`.
///
/// # Errors
/// [`ConfigError::Filter`].
pub(crate) fn subscriber<W>(
    config: &TelemetryConfig,
    traces: &SdkTracerProvider,
    logs: Option<&SdkLoggerProvider>,
    writer: W,
) -> Result<Dispatch, ConfigError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match config.log_format {
        LogFormat::Text => fmt::layer().with_ansi(false).with_writer(writer).boxed(),
        LogFormat::Json => fmt::layer().fmt_fields(json::Members).event_format(json::Lines).with_writer(writer).boxed(),
    };
    let spans = tracing_opentelemetry::layer().with_location(false).with_threads(false).with_tracked_inactivity(false);
    // Spans of single calls are finer than what is logged, and worth their cost where somebody looks at them.
    let deepest = if config.traces.is_some() { LevelFilter::DEBUG } else { LevelFilter::INFO };
    let spans = spans.with_tracer(traces.tracer("trailkeep")).with_filter(filter_fn(is_traced)).with_filter(deepest);
    let logs = logs.map(|provider| OpenTelemetryTracingBridge::new(provider).with_filter(filter_fn(is_exported)));
    let logs = match logs {
        Some(layer) => Some(layer.with_filter(filter(&config.log_filter)?)),
        None => None,
    };
    let lines = lines.with_filter(filter(&config.log_filter)?);
    Ok(Dispatch::new(tracing_subscriber::registry().with(lines).with(spans).with(logs)))
}

fn filter(text: &str) -> Result<EnvFilter, ConfigError> {
    EnvFilter::builder().parse(text).map_err(|error| ConfigError::Filter { filter: text.to_owned(), detail: error.to_string() })
}

/// Of other crates only what they say at `info`.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    is_exported(metadata) && (metadata.target().starts_with("trailkeep") || *metadata.level() <= Level::INFO)
}

fn is_exported(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let root = target.split_once("::").map_or(target, |(root, _)| root);
    target != watched::TARGET && !EXPORTING.contains(&root) && !root.starts_with("opentelemetry")
}
