//! The standard environment variables of OpenTelemetry, read into a [`TelemetryConfig`].
//!
//! The exporters read some of them again by themselves; what stands here decides whether and where anything is exported at all.

use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::config::{ConfigError, EXPORT_TIMEOUT, OtlpProtocol, OtlpTarget, Secret, TelemetryConfig, check_endpoint};

/// One of the three.
#[derive(Debug)]
pub(crate) struct Signal {
    /// Its word in names of variables.
    word: &'static str,
    /// Its path below an OTLP/HTTP endpoint.
    path: &'static str,
}

/// Traces, metrics, logs.
pub(crate) const SIGNALS: [Signal; 3] = [
    Signal { word: "TRACES", path: "v1/traces" },
    Signal { word: "METRICS", path: "v1/metrics" },
    Signal { word: "LOGS", path: "v1/logs" },
];

/// Looks up a variable.
type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Signal {
    /// The signal's own address below an endpoint for all of them.
    pub(crate) fn below(&self, endpoint: &str, protocol: OtlpProtocol) -> String {
        let endpoint = endpoint.trim_end_matches('/');
        match protocol {
            OtlpProtocol::Grpc => endpoint.to_owned(),
            OtlpProtocol::HttpProtobuf => format!("{endpoint}/{}", self.path),
        }
    }

    /// The variable for this signal alone, or the one for all of them.
    fn option(&self, variables: Variables, name: &str) -> Option<String> {
        given(variables, &format!("OTEL_EXPORTER_OTLP_{}_{name}", self.word))
            .or_else(|| given(variables, &format!("OTEL_EXPORTER_OTLP_{name}")))
    }

    fn target(&self, variables: Variables) -> Result<Option<OtlpTarget>, ConfigError> {
        let exporter = given(variables, &format!("OTEL_{}_EXPORTER", self.word));
        if exporter.is_some_and(|names| !names.split(',').any(|name| name.trim() == "otlp")) {
            return Ok(None);
        }
        let protocol = self.option(variables, "PROTOCOL").map_or(Ok(OtlpProtocol::default()), |text| text.parse())?;
        let own = given(variables, &format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", self.word));
        let shared = || given(variables, "OTEL_EXPORTER_OTLP_ENDPOINT").map(|endpoint| self.below(&endpoint, protocol));
        let Some(endpoint) = own.or_else(shared) else { return Ok(None) };
        check_endpoint(&endpoint)?;
        let headers = self.option(variables, "HEADERS").map_or(Ok(Vec::new()), |text| headers(&text))?;
        Ok(Some(OtlpTarget { endpoint, protocol, headers, timeout: self.timeout(variables)? }))
    }

    fn timeout(&self, variables: Variables) -> Result<Duration, ConfigError> {
        let Some(found) = self.option(variables, "TIMEOUT") else { return Ok(EXPORT_TIMEOUT) };
        let wrong = |_| ConfigError::Milliseconds { variable: "OTEL_EXPORTER_OTLP_TIMEOUT".to_owned(), found: found.clone() };
        found.trim().parse().map(Duration::from_millis).map_err(wrong)
    }
}

/// Reads the variables; `service_name` holds where none of them names the service.
///
/// # Errors
/// [`ConfigError`].
pub(crate) fn read(service_name: &str, service_version: &str, variables: Variables) -> Result<TelemetryConfig, ConfigError> {
    let mut config = TelemetryConfig::new(service_name, service_version);
    config.resource = given(variables, "OTEL_RESOURCE_ATTRIBUTES").map(|text| pairs(&text)).unwrap_or_default();
    let named = config.resource.iter().find(|(key, _)| key == "service.name").map(|(_, value)| value.clone());
    if let Some(name) = given(variables, "OTEL_SERVICE_NAME").or(named) {
        config.service_name = name;
    }
    config.resource.retain(|(key, _)| key != "service.name");
    if given(variables, "OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(config);
    }
    let [traces, metrics, logs] = &SIGNALS;
    config.traces = traces.target(variables)?;
    config.metrics = metrics.target(variables)?;
    config.logs = logs.target(variables)?;
    Ok(config)
}

/// An empty value counts as none (OpenTelemetry, "Parsing empty value").
fn given(variables: Variables, name: &str) -> Option<String> {
    variables(name).filter(|value| !value.trim().is_empty())
}

/// `key=value` pairs, separated by commas, values percent-encoded (W3C Baggage, as `OTEL_RESOURCE_ATTRIBUTES` has it). Others are left out.
fn pairs(text: &str) -> Vec<(String, String)> {
    let entries = text.split(',').filter_map(|entry| entry.split_once('='));
    entries.map(|(key, value)| (key.trim().to_owned(), decoded(value))).filter(|(key, _)| !key.is_empty()).collect()
}

/// Headers as `OTEL_EXPORTER_OTLP_HEADERS` has them.
///
/// # Errors
/// [`ConfigError::Header`].
pub(crate) fn headers(text: &str) -> Result<Vec<(String, Secret)>, ConfigError> {
    let mut headers = Vec::new();
    for entry in text.split(',').filter(|entry| !entry.trim().is_empty()) {
        // What has no "=" may be a bare secret: none of it is shown.
        let (name, value) = entry.split_once('=').ok_or_else(|| ConfigError::Header { name: String::new() })?;
        let (name, value) = (name.trim(), decoded(value));
        let readable = axum::http::HeaderName::try_from(name).is_ok() && axum::http::HeaderValue::try_from(value.as_str()).is_ok();
        if !readable {
            return Err(ConfigError::Header { name: name.to_owned() });
        }
        headers.push((name.to_owned(), Secret::new(value)));
    }
    Ok(headers)
}

fn decoded(value: &str) -> String {
    percent_decode_str(value.trim()).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<TelemetryConfig, ConfigError> {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        read("trailkeep-collector", "0.1.0", &find)
    }

    #[test]
    fn nothing_is_exported_where_no_endpoint_is_given() {
        let config = config(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).unwrap();
        assert_eq!(config, TelemetryConfig::new("trailkeep-collector", "0.1.0"));
        assert!(!config.exports());
    }

    #[test]
    fn one_endpoint_serves_three_signals_and_a_signal_may_have_its_own() {
        let config = config(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318/"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://localhost:4317"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"),
            ("OTEL_LOGS_EXPORTER", "none"),
        ])
        .unwrap();
        let (traces, metrics) = (config.traces.unwrap(), config.metrics.unwrap());
        assert_eq!((traces.endpoint.as_str(), traces.protocol), ("http://localhost:4317", OtlpProtocol::Grpc));
        assert_eq!((metrics.endpoint.as_str(), metrics.protocol), ("http://localhost:4318/v1/metrics", OtlpProtocol::HttpProtobuf));
        assert_eq!(metrics.timeout, Duration::from_millis(2500));
        assert_eq!(config.logs, None);
    }

    #[test]
    fn a_service_is_named_by_its_variable_then_by_the_resource_then_by_itself() {
        let resource = ("OTEL_RESOURCE_ATTRIBUTES", "service.name=fleet, deployment.environment.name=a%20b,broken,=x");
        assert_eq!(config(&[]).unwrap().service_name, "trailkeep-collector");
        assert_eq!(config(&[resource]).unwrap().service_name, "fleet");
        let both = config(&[resource, ("OTEL_SERVICE_NAME", "mine")]).unwrap();
        assert_eq!(both.service_name, "mine");
        assert_eq!(both.resource, [("deployment.environment.name".to_owned(), "a b".to_owned())]);
    }

    #[test]
    fn the_sdk_can_be_switched_off() {
        let variables = [("OTEL_SDK_DISABLED", "TRUE"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")];
        assert!(!config(&variables).unwrap().exports());
    }

    #[test]
    fn headers_are_never_shown() {
        let variables =
            [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://h:1"), ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cr3t,x-team = blue")];
        let config = config(&variables).unwrap();
        let headers = &config.traces.as_ref().unwrap().headers;
        assert_eq!((headers[0].0.as_str(), headers[0].1.reveal()), ("authorization", "Bearer s3cr3t"));
        assert_eq!((headers[1].0.as_str(), headers[1].1.reveal()), ("x-team", "blue"));
        let shown = format!("{config:?}");
        assert!(shown.contains("authorization") && !shown.contains("s3cr3t") && !shown.contains("blue"), "{shown}");
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_a_reason_and_without_secrets() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://h:1");
        for (variables, reason) in [
            (vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "https://h:1")], "must begin with http://"),
            (vec![("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317")], "must begin with http://"),
            (vec![endpoint, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")], "use grpc or http/protobuf"),
            (vec![endpoint, ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s")], "a number of milliseconds"),
            (vec![endpoint, ("OTEL_EXPORTER_OTLP_HEADERS", "s3cr3t")], "not a header"),
            (vec![endpoint, ("OTEL_EXPORTER_OTLP_HEADERS", "bad name=s3cr3t")], "not a header"),
        ] {
            let message = config(&variables).unwrap_err().to_string();
            assert!(message.contains(reason) && !message.contains("s3cr3t"), "{variables:?}: {message}");
        }
    }
}
