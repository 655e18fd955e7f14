//! A receiver of OTLP/HTTP for tests: takes what comes, tells by path what came.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, Uri},
};
use tokio::{net::TcpListener, task::JoinHandle};

/// One export.
#[derive(Debug, Clone)]
pub(crate) struct Export {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Export {
    /// Whether a text stands in the protobuf body, where texts stand as they are.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.body.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    exports: Arc<Mutex<Vec<Export>>>,
    task: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let exports: Arc<Mutex<Vec<Export>>> = Arc::default();
        let router = Router::new().fallback(take).layer(DefaultBodyLimit::disable()).with_state(Arc::clone(&exports));
        let task = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { address, exports, task })
    }

    pub(crate) fn exports(&self, path: &str) -> Vec<Export> {
        let exports = self.exports.lock().unwrap_or_else(PoisonError::into_inner);
        exports.iter().filter(|export| export.path == path).cloned().collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(exports): State<Arc<Mutex<Vec<Export>>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    exports.lock().unwrap_or_else(PoisonError::into_inner).push(Export { path: uri.path().to_owned(), headers, body });
    StatusCode::OK
}
