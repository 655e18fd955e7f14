//! Telemetry end to end: spans, metrics and events arrive at a receiver, and nothing waits for one that does not answer.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::{
    io::{self, Read},
    net::TcpListener,
    sync::{Arc, Mutex, PoisonError},
};

use tracing::{dispatcher, info_span};

use super::*;
use crate::{Instrument, OtlpProtocol, Secret, config::LogFormat, receiver::Receiver, trace_context};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const CALLS: Instrument = Instrument::counter("trailkeep.test.calls", "{call}", "Calls.");
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// Log lines, kept.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn build(config: &TelemetryConfig) -> (Telemetry, Dispatch, Lines) {
    let lines = Lines::default();
    let writer = lines.clone();
    let (telemetry, dispatch) = Telemetry::build(config, move || writer.clone()).unwrap();
    (telemetry, dispatch, lines)
}

/// Works a little: a span with a parent, an event in it, a count.
fn work(telemetry: &Telemetry, dispatch: &Dispatch) {
    CALLS.build_counter(&telemetry.meter("trailkeep.test")).add(3, &[]);
    dispatcher::with_default(dispatch, || {
        let span = info_span!("delivery", bucket = "trail-logs", objects = tracing::field::Empty);
        trace_context::set_parent(&span, &trace_context::parent_of(Some(PARENT), None).unwrap());
        span.record("objects", 2);
        span.in_scope(|| tracing::info!(key = "a\"b", "an object was landed"));
        tracing::info!(target: "hyper_util::client", "a connection of the exporter itself");
        tracing::debug!("below the filter");
    });
}

fn config() -> TelemetryConfig {
    TelemetryConfig { resource: vec![("team".to_owned(), "audit".to_owned())], ..TelemetryConfig::new("collector-test", "9.8.7") }
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_metrics_and_logs_arrive_over_http() {
    let receiver = Receiver::start().await.unwrap();
    let headers = [("x-api-key".to_owned(), Secret::new("s3cr3t"))];
    let config = config().with_otlp(&format!("http://{}", receiver.address), OtlpProtocol::HttpProtobuf, &headers).unwrap();
    let (telemetry, dispatch, lines) = build(&config);
    work(&telemetry, &dispatch);
    assert!(telemetry.meters().prometheus_text().contains("\ntrailkeep_test_calls_total 3\n"));
    telemetry.shutdown(PATIENCE).await.unwrap();

    for (path, said) in [
        ("/v1/traces", ["delivery", "trail-logs", "collector-test"]),
        ("/v1/metrics", ["trailkeep.test.calls", "9.8.7", "audit"]),
        ("/v1/logs", ["an object was landed", "a\"b", "collector-test"]),
    ] {
        let exports = receiver.exports(path);
        assert!(!exports.is_empty(), "nothing came to {path}");
        for text in said {
            assert!(exports.iter().any(|export| export.says(text)), "{path} does not say {text}");
        }
        assert!(exports.iter().all(|export| export.headers["x-api-key"] == "s3cr3t"), "{path}");
        assert!(exports.iter().all(|export| export.headers["content-type"] == "application/x-protobuf"), "{path}");
    }
    // What exporting itself says is a line of the log, and is not exported.
    assert!(lines.text().contains("a connection of the exporter itself"));
    let feedback = |export: &crate::receiver::Export| export.says("the exporter itself") || export.says("below the filter");
    assert!(!receiver.exports("/v1/logs").iter().any(feedback));
    // The trace that came with a message goes on: its id stands in the bytes.
    let trace = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes();
    let continued = |export: &crate::receiver::Export| export.body.windows(16).any(|window| window == trace);
    assert!(receiver.exports("/v1/traces").iter().any(continued) && receiver.exports("/v1/logs").iter().any(continued));
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_is_spoken_where_it_is_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let first_bytes = tokio::task::spawn_blocking(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut bytes = [0; 14];
        stream.read_exact(&mut bytes).unwrap();
        bytes
    });
    let target = OtlpTarget {
        endpoint: format!("http://{address}"),
        protocol: OtlpProtocol::Grpc,
        headers: vec![("x-api-key".to_owned(), Secret::new("s3cr3t"))],
        timeout: Duration::from_millis(200),
    };
    let (telemetry, dispatch, lines) = build(&TelemetryConfig { traces: Some(target), ..config() });
    work(&telemetry, &dispatch);
    let error = telemetry.shutdown(PATIENCE).await.unwrap_err();
    assert_eq!(error.to_string(), "the last traces could not be exported: the log has the reason");
    assert_eq!(&first_bytes.await.unwrap(), b"PRI * HTTP/2.0");
    assert!(!lines.text().contains("s3cr3t"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_answers_holds_up_nothing_beyond_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (telemetry, dispatch, _) = build(&config().with_otlp(&endpoint, OtlpProtocol::HttpProtobuf, &[]).unwrap());
    work(&telemetry, &dispatch);
    let error = telemetry.shutdown(Duration::from_millis(100)).await.unwrap_err();
    assert_eq!(error.to_string(), "the last traces, logs, metrics were not exported within 100 ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_target_nothing_is_exported_and_spans_are_traced_all_the_same() {
    let (telemetry, dispatch, lines) = build(&config());
    dispatcher::with_default(&dispatch, || {
        let (traceparent, _) = trace_context::trace_of(&info_span!("delivery"));
        assert!(traceparent.is_some_and(|text| text.starts_with("00-")), "messages are sent with a context");
    });
    work(&telemetry, &dispatch);
    assert!(lines.text().contains("an object was landed") && !lines.text().contains("below the filter"));
    telemetry.shutdown(PATIENCE).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_line_is_one_object_with_its_spans_and_its_trace() {
    let (telemetry, dispatch, lines) = build(&TelemetryConfig { log_format: LogFormat::Json, ..config() });
    work(&telemetry, &dispatch);
    let text = lines.text();
    let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["message"], "an object was landed");
    assert_eq!(line["fields"], serde_json::json!({ "key": "a\"b" }));
    assert_eq!(line["spans"], serde_json::json!([{ "name": "delivery", "bucket": "trail-logs", "objects": 2 }]));
    assert_eq!(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')) && line["span_id"].is_string(), "{line}");
    telemetry.shutdown(PATIENCE).await.unwrap();
}

#[test]
fn a_wrong_filter_and_a_missing_runtime_are_said() {
    let wrong = TelemetryConfig { log_filter: "a=b=c".to_owned(), ..config() };
    let message = Telemetry::build(&wrong, io::sink).unwrap_err().to_string();
    assert!(message.contains("the log filter \"a=b=c\" cannot be read"), "{message}");
    let outside = config().with_otlp("http://127.0.0.1:9", OtlpProtocol::Grpc, &[]).unwrap();
    assert!(matches!(Telemetry::build(&outside, io::sink), Err(StartError::NoRuntime)));
}

#[test]
fn each_process_has_an_id_of_its_own_unless_it_is_given_one() {
    let id = |config: &TelemetryConfig| resource(config).get(&"service.instance.id".into()).unwrap().to_string();
    let random = id(&config());
    let lengths: Vec<usize> = random.split('-').map(str::len).collect();
    assert!(lengths == [8, 4, 4, 4, 12] && random.as_bytes()[14] == b'4' && b"89ab".contains(&random.as_bytes()[19]), "{random}");
    assert_ne!(random, id(&config()));
    let given = TelemetryConfig { resource: vec![("service.instance.id".to_owned(), "worker-7".to_owned())], ..config() };
    assert_eq!(id(&given), "worker-7");
}
