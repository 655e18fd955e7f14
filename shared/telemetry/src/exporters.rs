//! The OTLP exporters of the three signals, by protocol.

use std::collections::HashMap;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig, WithTonicConfig,
    tonic_types::metadata::MetadataMap,
};

use crate::config::{OtlpProtocol, OtlpTarget};

/// Builds an exporter: the three builders have the same methods, but no trait in common.
macro_rules! build {
    ($builder:expr, $target:expr) => {{
        let target = $target;
        match target.protocol {
            OtlpProtocol::HttpProtobuf => {
                let builder = $builder.with_http().with_protocol(Protocol::HttpBinary).with_headers(header_texts(target));
                builder.with_endpoint(&target.endpoint).with_timeout(target.timeout).build()
            }
            OtlpProtocol::Grpc => {
                let builder = $builder.with_tonic().with_metadata(metadata(target));
                builder.with_endpoint(&target.endpoint).with_timeout(target.timeout).build()
            }
        }
    }};
}

/// # Errors
/// Where the endpoint is no address.
pub(crate) fn spans(target: &OtlpTarget) -> Result<SpanExporter, ExporterBuildError> {
    build!(SpanExporter::builder(), target)
}

/// # Errors
/// Where the endpoint is no address.
pub(crate) fn metrics(target: &OtlpTarget) -> Result<MetricExporter, ExporterBuildError> {
    build!(MetricExporter::builder(), target)
}

/// # Errors
/// Where the endpoint is no address.
pub(crate) fn logs(target: &OtlpTarget) -> Result<LogExporter, ExporterBuildError> {
    build!(LogExporter::builder(), target)
}

fn header_texts(target: &OtlpTarget) -> HashMap<String, String> {
    target.headers.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned())).collect()
}

fn metadata(target: &OtlpTarget) -> MetadataMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &target.headers {
        // Both were checked when the configuration was read.
        if let (Ok(name), Ok(mut value)) = (HeaderName::try_from(name), HeaderValue::try_from(value.reveal())) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    MetadataMap::from_headers(headers)
}
