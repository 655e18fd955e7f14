//! All stages and their layers, in one place. Outermost first:
//!
//! | stage | span, metrics | sheds load | tries answers again | timeout | calls at a time |
//! |---|---|---|---|---|---|
//! | receive | yes | – | – | the SDK's, longer than the long poll | the receivers |
//! | admit | yes | – | twice | yes | two for each lander |
//! | fetch | yes | – | twice | yes | `--fetches` |
//! | examine (fetches once more what may be other content) | yes | yes | – | yes | 4, shared |
//! | publish | yes | – | – | yes | one for each lander |
//! | acknowledge | yes | – | – | yes | 16 |
//!
//! Transport is retried by the AWS SDK alone.

use std::{sync::Arc, time::Duration};

use tower::{BoxError, Layer, ServiceBuilder, ServiceExt as _, retry::budget::TpsBudget, util::BoxCloneSyncService};
use trailkeep_pipeline::{
    ports::queue::{Entries, NotificationQueue, QueueMessage},
    protocol::{Admission, Announcement, Protocol},
};

use super::{
    Stage, StageError,
    again::Again,
    calls::{Acknowledge, AcknowledgeCall, Admit, AdmitCall, Fetch, FetchCall, Piece, Publish, PublishCall, Receive, ReceiveCall},
    observe::ObserveLayer,
};
use crate::{metrics::CollectorMetrics, settings::Settings};

/// Acknowledging calls at a time.
const ACKNOWLEDGES: usize = 16;
/// Second fetches at a time.
const EXAMINES: usize = 4;
/// Second tries of an answer.
const AGAIN: u8 = 2;

/// The stages of one collector. Clones share limits and budget.
#[derive(Debug, Clone)]
pub(crate) struct Stages {
    pub(crate) receive: Stage<Receive, Vec<QueueMessage>>,
    pub(crate) admit: Stage<Admit, Vec<Admission>>,
    pub(crate) fetch: Stage<Fetch, Piece>,
    pub(crate) examine: Stage<Fetch, Piece>,
    pub(crate) publish: Stage<Publish, Announcement>,
    pub(crate) acknowledge: Stage<Acknowledge, Entries>,
}

impl Stages {
    /// The stages in front of a queue, the log buckets and the Batch protocol.
    pub(crate) fn new(
        settings: &Settings,
        queue: &Arc<dyn NotificationQueue>,
        protocol: &Arc<Protocol>,
        metrics: &CollectorMetrics,
    ) -> Self {
        let (bounds, timeouts) = (&settings.bounds, &settings.timeouts);
        // Ten seconds of successes allow a fifth as many second tries, and ten a second are always allowed.
        let budget = Arc::new(TpsBudget::new(Duration::from_secs(10), 10, 0.2));
        let again = || tower::retry::RetryLayer::new(Again::new(Arc::clone(&budget), AGAIN));
        let observe = |stage| ObserveLayer { stage, metrics: metrics.clone() };
        let fetch = FetchCall::new(bounds.stored_bytes, bounds.whole_object_bytes);
        Self {
            receive: ServiceBuilder::new()
                .layer(BoxCloneSyncService::layer())
                .layer(observe("receive"))
                .concurrency_limit(bounds.receivers.max(1))
                .service(ReceiveCall { queue: Arc::clone(queue) }),
            admit: ServiceBuilder::new()
                .layer(BoxCloneSyncService::layer())
                .layer(observe("admit"))
                .layer(again())
                .layer(limited(timeouts.admit, bounds.landers.max(1) * 2))
                .service(AdmitCall { protocol: Arc::clone(protocol) }),
            fetch: ServiceBuilder::new()
                .layer(BoxCloneSyncService::layer())
                .layer(observe("fetch"))
                .layer(again())
                .layer(limited(timeouts.fetch, bounds.fetches.max(1)))
                .service(fetch.clone()),
            examine: ServiceBuilder::new()
                .layer(BoxCloneSyncService::layer())
                .layer(observe("examine"))
                .map_err(StageError::of)
                .load_shed()
                .timeout(timeouts.fetch)
                .concurrency_limit(EXAMINES)
                .service(fetch),
            publish: ServiceBuilder::new()
                .layer(BoxCloneSyncService::layer())
                .layer(observe("publish"))
                .layer(limited(timeouts.publish, bounds.landers.max(1)))
                .service(PublishCall { protocol: Arc::clone(protocol) }),
            acknowledge: ServiceBuilder::new()
                .layer(BoxCloneSyncService::layer())
                .layer(observe("acknowledge"))
                .layer(limited(timeouts.acknowledge, ACKNOWLEDGES))
                .service(AcknowledgeCall { queue: Arc::clone(queue) }),
        }
    }
}

/// Calls a stage.
pub(crate) async fn call<Q, A>(stage: &Stage<Q, A>, request: Q) -> Result<A, StageError>
where
    Q: Send + 'static,
    A: 'static,
{
    stage.clone().oneshot(request).await
}

/// A timeout around the call itself, and so many calls at a time; who waits for its turn is not timed.
fn limited<S>(timeout: Duration, calls: usize) -> impl Layer<S, Service = Limited<S>> + Clone {
    let limit = tower::limit::GlobalConcurrencyLimitLayer::new(calls);
    tower::layer::layer_fn(move |inner: S| {
        let timed = tower::timeout::Timeout::new(inner, timeout);
        tower::util::MapErr::new(limit.layer(timed), StageError::of as fn(BoxError) -> StageError)
    })
}

type Limited<S> = tower::util::MapErr<tower::limit::ConcurrencyLimit<tower::timeout::Timeout<S>>, fn(BoxError) -> StageError>;
