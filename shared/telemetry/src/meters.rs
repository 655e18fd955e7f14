//! The service's meters: read by whoever scrapes, and exported as well where a target is configured.

use std::fmt;

use opentelemetry::{
    InstrumentationScope,
    metrics::{Meter, MeterProvider},
};
use opentelemetry_otlp::MetricExporter;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkError,
    metrics::{PeriodicReader, SdkMeterProvider},
};
use prometheus::{Registry, TextEncoder};

use crate::watched::Watched;

/// Content type of [`Meters::prometheus_text`] (Prometheus, "Exposition formats").
pub const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A provider of meters with its registry. Clones share both.
#[derive(Clone)]
pub struct Meters {
    provider: SdkMeterProvider,
    registry: Registry,
}

impl fmt::Debug for Meters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meters").finish_non_exhaustive()
    }
}

impl Meters {
    /// Meters that are scraped only, with nothing about the service beside them: for tests and measurements.
    ///
    /// # Panics
    /// Never: the registry is new.
    pub fn standalone() -> Self {
        Self::new(Resource::builder_empty().build(), None).expect("a new registry takes its first collector")
    }

    /// # Errors
    /// Where the registry refuses the exporter.
    pub(crate) fn new(resource: Resource, exporter: Option<Watched<MetricExporter>>) -> Result<Self, OTelSdkError> {
        let registry = Registry::new();
        // Names of scopes would be one more label on each line and say nothing: each service has one.
        let scraped = opentelemetry_prometheus::exporter().with_registry(registry.clone()).scope_info_enabled(false).build()?;
        let mut builder = SdkMeterProvider::builder().with_resource(resource).with_reader(scraped);
        if let Some(exporter) = exporter {
            builder = builder.with_reader(PeriodicReader::builder(exporter).build());
        }
        Ok(Self { provider: builder.build(), registry })
    }

    /// The meter of a scope, by the scope's name (`trailkeep.collector`).
    pub fn meter(&self, scope: &'static str) -> Meter {
        self.provider.meter_with_scope(InstrumentationScope::builder(scope).build())
    }

    /// All metrics in Prometheus' text format, [`PROMETHEUS_TEXT`].
    pub fn prometheus_text(&self) -> String {
        // It fails for families without a name only; there are none.
        TextEncoder::new().encode_to_string(&self.registry.gather()).unwrap_or_default()
    }

    pub(crate) fn provider(&self) -> &SdkMeterProvider {
        &self.provider
    }
}
