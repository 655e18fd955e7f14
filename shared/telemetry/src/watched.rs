//! An OTLP exporter that finds tokio's runtime on whatever thread it is called, and says once when exporting fails and once when it works again.
//!
//! The SDK calls exporters on threads of its own, where the clients for HTTP and gRPC would find neither timers nor sockets.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    logs::{LogBatch, LogExporter},
    metrics::{Temporality, data::ResourceMetrics, exporter::PushMetricExporter},
    trace::{SpanData, SpanExporter},
};
use tokio::runtime::Handle;

/// Target of what is logged here: never exported, or a failing exporter would feed itself.
pub(crate) const TARGET: &str = "trailkeep_telemetry::export";

/// What is known of an exporter from outside.
#[derive(Debug)]
pub(crate) struct Watch {
    /// "traces", "metrics", "logs".
    pub(crate) signal: &'static str,
    endpoint: String,
    failing: AtomicBool,
    abandoned: AtomicBool,
}

impl Watch {
    /// Whether the last export has failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Ends what is still being exported: the runtime may go now.
    pub(crate) fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }
}

/// An exporter.
#[derive(Debug)]
pub(crate) struct Watched<E> {
    inner: E,
    runtime: Handle,
    watch: Arc<Watch>,
}

impl<E> Watched<E> {
    pub(crate) fn new(inner: E, runtime: Handle, signal: &'static str, endpoint: &str) -> Self {
        let (failing, abandoned) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { inner, runtime, watch: Arc::new(Watch { signal, endpoint: endpoint.to_owned(), failing, abandoned }) }
    }

    pub(crate) fn watch(&self) -> Arc<Watch> {
        Arc::clone(&self.watch)
    }

    /// Polls an export inside the runtime.
    async fn run(&self, export: impl Future<Output = OTelSdkResult> + Send) -> OTelSdkResult {
        let mut export = pin!(export);
        let result = poll_fn(|context| {
            if self.watch.abandoned.load(Ordering::Acquire) {
                return Poll::Ready(Err(OTelSdkError::AlreadyShutdown));
            }
            let _inside = self.runtime.enter();
            export.as_mut().poll(context)
        })
        .await;
        self.report(&result);
        result
    }

    fn report(&self, result: &OTelSdkResult) {
        let (signal, endpoint) = (self.watch.signal, self.watch.endpoint.as_str());
        let failed = self.watch.failing.swap(result.is_err(), Ordering::Relaxed);
        match result {
            Err(error) if !failed => {
                tracing::warn!(target: TARGET, signal, endpoint, %error, "exporting fails; what cannot be sent is dropped, nothing else is held up");
            }
            Ok(()) if failed => tracing::info!(target: TARGET, signal, endpoint, "exporting works again"),
            _ => {}
        }
    }
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.run(self.inner.export(batch)).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E: LogExporter> LogExporter for Watched<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        self.run(self.inner.export(batch)).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Watched<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.run(self.inner.export(metrics)).await
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use std::{
        io,
        sync::{Mutex, PoisonError},
    };

    use super::*;

    /// Answers with what it was given, first one first; Ok after that.
    #[derive(Debug)]
    struct Scripted(Mutex<Vec<OTelSdkResult>>);

    impl SpanExporter for Scripted {
        async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
            // Panics outside the runtime.
            tokio::time::sleep(Duration::from_millis(1)).await;
            let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if answers.is_empty() { Ok(()) } else { answers.remove(0) }
        }
    }

    #[derive(Debug, Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn exports_run_outside_the_runtime_and_failing_is_said_once_and_so_is_its_end() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let failed = || Err(OTelSdkError::InternalFailure("refused".to_owned()));
        let scripted = Scripted(Mutex::new(vec![Ok(()), failed(), failed(), Ok(()), failed()]));
        let watched = Watched::new(scripted, runtime.handle().clone(), "traces", "http://h:1");
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let plain = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let failing: Vec<bool> = tracing::subscriber::with_default(subscriber, || {
            let export = || {
                // A runtime without timers stands for the SDK's threads.
                let _ = plain.block_on(watched.export(Vec::new()));
                watched.watch().is_failing()
            };
            (0..6).map(|_| export()).collect()
        });
        assert_eq!(failing, [false, true, true, false, true, false]);
        let text = String::from_utf8(lines.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap();
        assert_eq!(text.matches("exporting fails").count(), 2, "{text}");
        assert_eq!(text.matches("exporting works again").count(), 2, "{text}");
        watched.watch().abandon();
        assert!(plain.block_on(watched.export(Vec::new())).is_err(), "what is abandoned exports nothing");
    }
}
