//! Traces, metrics and logs of a service: OTLP out, Prometheus to scrape, health to probe.
//!
//! [`Telemetry::start`] sets all of it up from a [`TelemetryConfig`]; [`Health`] and [`health::serve`] answer probes and scrapes; [`Instrument`] is how a
//! service declares its metrics in one place; [`process`] is what services' processes do alike; [`trace_context`] carries W3C trace context in and out. What is measured is each service's own matter.

mod bounded;
pub mod catalogue;
mod config;
mod environment;
mod exporters;
pub mod health;
mod log;
mod meters;
pub mod process;
#[cfg(test)]
mod receiver;
mod telemetry;
pub mod trace_context;
mod watched;

pub use bounded::Bounded;
pub use catalogue::{Instrument, Kind};
pub use config::{ConfigError, LogFormat, OtlpProtocol, OtlpTarget, Secret, TelemetryConfig};
pub use health::Health;
pub use meters::{Meters, PROMETHEUS_TEXT};
pub use telemetry::{ShutdownError, StartError, Telemetry};
