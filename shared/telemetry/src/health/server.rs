//! `/live`, `/ready` and `/metrics` over HTTP/1.1. Reads nothing but the path, and closes each connection after its answer.

use std::{io, net::SocketAddr, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::json;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};

use super::{
    Health, Reasons,
    connection::{Bounded, MAX_CONNECTION_TIME},
};
use crate::{Meters, PROMETHEUS_TEXT};

/// Why probes cannot be answered.
#[derive(Debug, thiserror::Error)]
#[error("health and metrics cannot be served on {address}")]
pub struct ServeError {
    /// Where they should have been.
    pub address: SocketAddr,
    /// The cause.
    #[source]
    pub source: io::Error,
}

/// The running server. Dropped, it stops taking connections.
#[derive(Debug)]
pub struct HealthServer {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl HealthServer {
    /// Where it listens; with port 0 asked for, the port that it got.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections and finishes the answers that have begun, for at most `deadline`. What hangs ends by itself soon after.
    pub async fn shutdown(mut self, deadline: Duration) {
        // Whoever has stopped already does not hear it.
        let _ = self.stop.send(());
        if timeout(deadline, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

#[derive(Debug, Clone)]
struct Answers {
    health: Health,
    meters: Meters,
}

/// Serves probes and metrics on an address (`127.0.0.1:0`: any free port).
///
/// # Errors
/// [`ServeError`] where the address cannot be had.
pub async fn serve(address: SocketAddr, meters: Meters, health: Health) -> Result<HealthServer, ServeError> {
    serve_for(address, meters, health, MAX_CONNECTION_TIME).await
}

async fn serve_for(address: SocketAddr, meters: Meters, health: Health, max_time: Duration) -> Result<HealthServer, ServeError> {
    let failed = |source| ServeError { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let (stop, stopped) = oneshot::channel();
    let server = axum::serve(Bounded::new(listener, max_time), routes(Answers { health, meters }));
    let server = server.with_graceful_shutdown(async {
        // A dropped sender stops it too.
        let _ = stopped.await;
    });
    Ok(HealthServer { address: bound, stop, task: tokio::spawn(async move { server.await }) })
}

fn routes(answers: Answers) -> Router {
    Router::new()
        .route("/live", get(live))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        .with_state(answers)
}

async fn live(State(answers): State<Answers>) -> Response {
    state("live", answers.health.live_reasons())
}

async fn ready(State(answers): State<Answers>) -> Response {
    state("ready", answers.health.ready_reasons())
}

async fn metrics(State(answers): State<Answers>) -> Response {
    answer(StatusCode::OK, PROMETHEUS_TEXT, answers.meters.prometheus_text())
}

async fn not_found() -> Response {
    answer(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "there is /live, /ready and /metrics\n".to_owned())
}

async fn not_allowed() -> Response {
    answer(StatusCode::METHOD_NOT_ALLOWED, "text/plain; charset=utf-8", "use GET\n".to_owned())
}

fn state(question: &str, reasons: Reasons) -> Response {
    let well = reasons.is_empty();
    let body = if well { json!({ question: true }) } else { json!({ question: false, "reasons": reasons }) };
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answer(status, "application/json", format!("{body}\n"))
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let headers: [(HeaderName, &str); 3] =
        [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-store"), (header::CONNECTION, "close")];
    (status, headers, body).into_response()
}

#[cfg(test)]
mod tests;
