//! What a service says about its telemetry: its name, where traces, metrics and logs go, and how its log reads.

use std::{fmt, str::FromStr, time::Duration};

use crate::environment;

/// Longest wait for one export where nothing else is said (OpenTelemetry, "OTLP Exporter Configuration", `OTEL_EXPORTER_OTLP_TIMEOUT`).
pub(crate) const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// A value that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one who needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("redacted")
    }
}

/// How OTLP travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OtlpProtocol {
    /// gRPC, usually on port 4317.
    Grpc,
    /// Protobuf over HTTP/1.1, usually on port 4318.
    #[default]
    HttpProtobuf,
}

impl OtlpProtocol {
    /// Its name in `OTEL_EXPORTER_OTLP_PROTOCOL`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::HttpProtobuf => "http/protobuf",
        }
    }
}

impl FromStr for OtlpProtocol {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "grpc" => Ok(Self::Grpc),
            "http/protobuf" => Ok(Self::HttpProtobuf),
            _ => Err(ConfigError::Protocol { found: text.to_owned() }),
        }
    }
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl FromStr for LogFormat {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(ConfigError::LogFormat { found: text.to_owned() }),
        }
    }
}

/// Where one signal goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtlpTarget {
    /// Whole URL: with HTTP the path (`/v1/traces`) is part of it.
    pub endpoint: String,
    /// How to speak there.
    pub protocol: OtlpProtocol,
    /// Headers of each request. Their values are taken for secrets.
    pub headers: Vec<(String, Secret)>,
    /// Longest wait for one export.
    pub timeout: Duration,
}

/// What [`crate::Telemetry::start`] sets up. Nothing is exported where a target is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryConfig {
    /// `service.name`.
    pub service_name: String,
    /// `service.version`.
    pub service_version: String,
    /// Further attributes of the resource.
    pub resource: Vec<(String, String)>,
    /// Where traces go.
    pub traces: Option<OtlpTarget>,
    /// Where metrics go; they can be scraped in any case.
    pub metrics: Option<OtlpTarget>,
    /// Where logs go; they are written to standard error in any case.
    pub logs: Option<OtlpTarget>,
    /// How the log looks on standard error.
    pub log_format: LogFormat,
    /// Which lines are logged, in the words of `tracing_subscriber::EnvFilter` (`info`, `warn,trailkeep_collector=debug`).
    pub log_filter: String,
}

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No such protocol.
    #[error("the OTLP protocol {found:?} is not supported: use grpc or http/protobuf")]
    Protocol {
        /// What was asked for.
        found: String,
    },
    /// No such format.
    #[error("the log format {found:?} is not known: use text or json")]
    LogFormat {
        /// What was asked for.
        found: String,
    },
    /// Not a plain HTTP address.
    #[error(
        "the OTLP endpoint {endpoint:?} cannot be used: it must begin with http://, because exports go out unencrypted; run an OpenTelemetry \
         Collector beside the service (http://localhost:4318) and let that one speak TLS"
    )]
    Endpoint {
        /// What was asked for.
        endpoint: String,
    },
    /// Not a header.
    #[error("the OTLP header {name:?} is not a header: write name=value, separated by commas, with values percent-encoded")]
    Header {
        /// Its name, as far as it could be read. The value is not shown.
        name: String,
    },
    /// Not a duration.
    #[error("{variable} is {found:?}, but must be a number of milliseconds")]
    Milliseconds {
        /// Name of the variable.
        variable: String,
        /// What was asked for.
        found: String,
    },
    /// Not a filter.
    #[error("the log filter {filter:?} cannot be read: {detail}; write a level (info) or target=level pairs separated by commas")]
    Filter {
        /// What was asked for.
        filter: String,
        /// What is wrong with it.
        detail: String,
    },
}

impl TelemetryConfig {
    /// Exports nothing, logs text at `info` to standard error.
    pub fn new(service_name: &str, service_version: &str) -> Self {
        Self {
            service_name: service_name.to_owned(),
            service_version: service_version.to_owned(),
            resource: Vec::new(),
            traces: None,
            metrics: None,
            logs: None,
            log_format: LogFormat::default(),
            log_filter: "info".to_owned(),
        }
    }

    /// As the standard environment variables of OpenTelemetry say: `OTEL_SDK_DISABLED`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
    /// `OTEL_{TRACES,METRICS,LOGS}_EXPORTER`, and `OTEL_EXPORTER_OTLP_{ENDPOINT,PROTOCOL,HEADERS,TIMEOUT}` with their forms for one signal
    /// (`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`). Samplers, batches and intervals (`OTEL_TRACES_SAMPLER`, `OTEL_BSP_*`, `OTEL_BLRP_*`,
    /// `OTEL_METRIC_EXPORT_INTERVAL`) are read where they are used.
    /// Source: <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>.
    ///
    /// # Errors
    /// [`ConfigError`] for a value that cannot be used; an empty value counts as none.
    pub fn from_environment(service_name: &str, service_version: &str) -> Result<Self, ConfigError> {
        environment::read(service_name, service_version, &|name| std::env::var(name).ok())
    }

    /// Sends all three signals to one endpoint (`http://localhost:4318`): with HTTP each to its path below it.
    ///
    /// # Errors
    /// [`ConfigError::Endpoint`].
    pub fn with_otlp(mut self, endpoint: &str, protocol: OtlpProtocol, headers: &[(String, Secret)]) -> Result<Self, ConfigError> {
        for (signal, target) in environment::SIGNALS.iter().zip([&mut self.traces, &mut self.metrics, &mut self.logs]) {
            let endpoint = signal.below(endpoint, protocol);
            check_endpoint(&endpoint)?;
            *target = Some(OtlpTarget { endpoint, protocol, headers: headers.to_vec(), timeout: EXPORT_TIMEOUT });
        }
        Ok(self)
    }

    /// Whether anything is exported.
    pub fn exports(&self) -> bool {
        self.traces.is_some() || self.metrics.is_some() || self.logs.is_some()
    }
}

/// # Errors
/// [`ConfigError::Endpoint`] for anything but `http://`.
pub(crate) fn check_endpoint(endpoint: &str) -> Result<(), ConfigError> {
    let plain = endpoint.strip_prefix("http://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    if plain { Ok(()) } else { Err(ConfigError::Endpoint { endpoint: endpoint.to_owned() }) }
}
