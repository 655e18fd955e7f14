//! A span around each call of a stage, and its duration by outcome.

use std::{
    task::{Context, Poll},
    time::Instant,
};

use futures::future::BoxFuture;
use tower::{Layer, Service};
use tracing::Instrument as _;

use super::StageError;
use crate::metrics::CollectorMetrics;

/// Puts [`Observe`] around a service.
#[derive(Debug, Clone)]
pub(super) struct ObserveLayer {
    pub(super) stage: &'static str,
    pub(super) metrics: CollectorMetrics,
}

impl<S> Layer<S> for ObserveLayer {
    type Service = Observe<S>;

    fn layer(&self, inner: S) -> Observe<S> {
        Observe { inner, observed: self.clone() }
    }
}

/// Tells of each call how long it took and how it ended.
#[derive(Debug, Clone)]
pub(super) struct Observe<S> {
    inner: S,
    observed: ObserveLayer,
}

impl<Q, S> Service<Q> for Observe<S>
where
    S: Service<Q, Error = StageError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = StageError;
    type Future = BoxFuture<'static, Result<S::Response, StageError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), StageError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Q) -> Self::Future {
        let ObserveLayer { stage, metrics } = self.observed.clone();
        let span = tracing::debug_span!("stage", otel.name = stage, outcome = tracing::field::Empty);
        let began = Instant::now();
        let call = self.inner.call(request).instrument(span.clone());
        Box::pin(async move {
            let answer = call.await;
            let outcome = answer.as_ref().err().map_or("ok", StageError::outcome);
            span.record("outcome", outcome);
            metrics.stage_done(stage, outcome, began.elapsed());
            answer
        })
    }
}
