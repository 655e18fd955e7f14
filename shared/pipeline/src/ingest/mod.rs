//! The one-shot ingest: enumerate, admit, fetch, decode, land. [`ingest`] lands what an origin holds, [`plan`] says what it would do.
//!
//! Workers are threads, each with a Batch of its own; the list is handed out in order of (delivery day, key), so that a Batch covers few
//! event days. A run may be stopped, killed and run again at any time: `crate::protocol` sees to it that nothing lands twice.

mod config;
mod delivery;
mod error;
mod fetch;
mod landing;
mod listing;
mod observer;
mod origin;
mod plan;
mod ports;
mod queue;
mod ranges;
mod summary;
#[cfg(test)]
mod tests;
mod window;
mod worker;

use std::{sync::Mutex, thread};

pub(crate) use self::summary::count;
pub use self::{
    config::{BatchLimits, EncodingConfig, IngestConfig, OriginConfig},
    error::IngestError,
    listing::Skipped,
    observer::{Observer, Settled, Silent},
    plan::{IngestPlan, plan},
    ports::{IngestPorts, Shutdown, Surroundings},
    ranges::RangeReader,
    summary::IngestSummary,
    window::DeliveryWindow,
};
use self::{
    delivery::Delivery,
    listing::Listing,
    queue::WorkQueue,
    worker::{Run, Worker},
};

/// Lands what the origin holds and has not landed yet. Blocks; not to be called on the runtime's own threads.
///
/// # Errors
/// [`IngestError`]; what was published before stays. Objects that could not be fetched are no error: see [`IngestSummary::try_again`].
pub fn ingest(
    config: &IngestConfig,
    ports: &IngestPorts,
    shutdown: &Shutdown,
    observer: &dyn Observer,
) -> Result<IngestSummary, IngestError> {
    let began = ports.surroundings.now();
    let mut summary = IngestSummary { recovered: recover(ports)?, ..IngestSummary::default() };
    let run = Run { config, ports, shutdown, failed: Shutdown::default(), observer, held: Mutex::default() };
    let mut listing = Listing::new(&*ports.origin, &config.origin);
    while !shutdown.is_requested() {
        let Some(deliveries) = ports.runtime.block_on(listing.next_round(observer, shutdown))? else { break };
        summary.listed += deliveries.len() as u64;
        summary.listed_bytes += deliveries.iter().map(|delivery| delivery.size_bytes).sum::<u64>();
        summary.add(&work(&run, deliveries, config.threads, false)?);
        let held = std::mem::take(&mut *run.held.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        summary.add(&work(&run, held, 1, true)?);
    }
    if summary.accounted() != summary.listed {
        return Err(IngestError::Unaccounted { listed: summary.listed, accounted: summary.accounted() });
    }
    summary.skipped.clone_from(listing.skipped());
    summary.interrupted = shutdown.is_requested();
    summary.elapsed_ms = ports.surroundings.now().monotonic_ms.saturating_sub(began.monotonic_ms);
    Ok(summary)
}

/// Brings what crashed runs left to an end. Answers how many Batches that were.
fn recover(ports: &IngestPorts) -> Result<u64, IngestError> {
    let recovering = ports.protocol.recover(ports.surroundings.now());
    let recovered = ports.runtime.block_on(recovering).map_err(IngestError::step("finish what an earlier run left"))?;
    Ok((recovered.rolled_forward.len() + recovered.aborted.len()) as u64)
}

/// Lets the workers land one round. The first failure is told; the other workers land what they have begun.
fn work(run: &Run<'_>, deliveries: Vec<Delivery>, threads: usize, last_look: bool) -> Result<IngestSummary, IngestError> {
    let mut summary = IngestSummary::default();
    if deliveries.is_empty() {
        return Ok(summary);
    }
    let queue = WorkQueue::new(deliveries, threads);
    let outcomes: Vec<Result<IngestSummary, IngestError>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1))
            .map(|number| {
                let worker = Worker::new(run, number, last_look);
                thread::Builder::new().name(format!("worker-{number}")).spawn_scoped(scope, || worker.work(&queue))
            })
            .collect();
        workers.into_iter().map(joined).collect()
    });
    let mut failure = None;
    for outcome in outcomes {
        match outcome {
            Ok(part) => summary.add(&part),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    summary.left += queue.left();
    failure.map_or(Ok(summary), Err)
}

fn joined(worker: std::io::Result<thread::ScopedJoinHandle<'_, Result<IngestSummary, IngestError>>>) -> Result<IngestSummary, IngestError> {
    let failed = |detail: String| IngestError::Thread { detail };
    let worker = worker.map_err(|error| failed(error.to_string()))?;
    worker.join().unwrap_or_else(|_| Err(failed("it panicked".to_owned())))
}
