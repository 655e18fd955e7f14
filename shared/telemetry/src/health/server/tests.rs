//! Probes and scrapes over real sockets, from clients that behave and clients that do not.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
};

use tokio::task::spawn_blocking;

use super::{super::connection::MAX_CONNECTIONS, *};
use crate::Instrument;

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(30);

async fn started(health: &Health, max_time: Duration) -> HealthServer {
    let meters = Meters::standalone();
    Instrument::counter("trailkeep.test.calls", "{call}", "Calls.").build_counter(&meters.meter("trailkeep.test")).add(3, &[]);
    serve_for("127.0.0.1:0".parse().unwrap(), meters, health.clone(), max_time).await.unwrap()
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Everything that the other side sends until it closes; an early end of the connection ends it as well.
fn rest(mut stream: TcpStream) -> String {
    let mut text = Vec::new();
    match stream.read_to_end(&mut text) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the connection was not closed in time: {error}"),
    }
    String::from_utf8(text).unwrap()
}

async fn ask(address: SocketAddr, method: &'static str, path: &'static str) -> String {
    let asking = move || {
        let mut stream = connect(address);
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        rest(stream)
    };
    spawn_blocking(asking).await.unwrap()
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_tell_the_state_and_its_reasons() {
    let health = Health::starting();
    let server = started(&health, PATIENCE).await;
    let live = ask(server.address(), "GET", "/live").await;
    assert!(status(&live) == "200" && live.ends_with("{\"live\":true}\n"), "{live}");
    let ready = ask(server.address(), "GET", "/ready").await;
    let body = "{\"ready\":false,\"reasons\":{\"start\":\"the service is starting\"}}\n";
    assert!(status(&ready) == "503" && ready.ends_with(body), "{ready}");
    health.started();
    assert_eq!(status(&ask(server.address(), "GET", "/ready").await), "200");
    health.not_live("loop", "the receiving task has ended");
    assert_eq!(status(&ask(server.address(), "GET", "/live").await), "503");
    assert_eq!(status(&ask(server.address(), "GET", "/ready").await), "503");
    server.shutdown(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_scraped_as_prometheus_text_and_nothing_else_is_there() {
    let server = started(&Health::starting(), PATIENCE).await;
    let metrics = ask(server.address(), "GET", "/metrics").await;
    assert!(metrics.to_lowercase().contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{metrics}");
    assert!(status(&metrics) == "200" && metrics.contains("\ntrailkeep_test_calls_total 3\n"), "{metrics}");
    assert_eq!(status(&ask(server.address(), "GET", "/").await), "404");
    assert_eq!(status(&ask(server.address(), "GET", "/metrics/x").await), "404");
    assert_eq!(status(&ask(server.address(), "POST", "/live").await), "405");
    server.shutdown(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_hang_do_not_keep_a_probe_from_its_answer() {
    let server = started(&Health::starting(), PATIENCE).await;
    let address = server.address();
    let hanging = move || -> Vec<TcpStream> {
        let begun = |_| {
            let mut stream = connect(address);
            stream.write_all(b"GET /live HTTP/1.1\r\nHost: ").unwrap();
            stream
        };
        (0..2 * MAX_CONNECTIONS).map(begun).collect()
    };
    let hanging = spawn_blocking(hanging).await.unwrap();
    assert_eq!(status(&ask(address, "GET", "/live").await), "200");
    // As many as there is room for remain; the oldest were cut without an answer.
    let oldest = hanging.into_iter().next().unwrap();
    assert_eq!(spawn_blocking(|| rest(oldest)).await.unwrap(), "");
    server.shutdown(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_takes_too_long_or_is_too_large_is_cut() {
    let server = started(&Health::starting(), Duration::from_millis(50)).await;
    let slow = connect(server.address());
    assert_eq!(spawn_blocking(|| rest(slow)).await.unwrap(), "");
    let patient = started(&Health::starting(), PATIENCE).await;
    let address = patient.address();
    let large = move || {
        let mut stream = connect(address);
        let request = format!("GET /live HTTP/1.1\r\nX-Large: {}\r\n\r\n", "x".repeat(1024 * 1024));
        // It is cut while it still writes.
        let _ = stream.write_all(request.as_bytes());
        rest(stream)
    };
    let answer = spawn_blocking(large).await.unwrap();
    assert_ne!(status(&answer), "200");
    patient.shutdown(PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_is_named_and_after_shutdown_it_is_free() {
    let server = started(&Health::starting(), PATIENCE).await;
    let address = server.address();
    let error = serve(address, Meters::standalone(), Health::starting()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("health and metrics cannot be served on {address}"));
    server.shutdown(PATIENCE).await;
    serve(address, Meters::standalone(), Health::starting()).await.unwrap().shutdown(PATIENCE).await;
}
