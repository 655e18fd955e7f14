//! Runs a question on threads with room: planning and running recurse as deep as the longest chain of a statement.

use std::{future::Future, panic, thread};

use anyhow::Context as _;

/// Stack of each thread, in bytes: reserved, and taken from memory only as far as it is used. `trailkeep_query` limits the length of chains to
/// what fits.
const STACK_BYTES: usize = 128 << 20;

/// Runs `work` to its end on a thread of its own, and what it spawns on `workers` others; all have [`STACK_BYTES`].
///
/// # Errors
/// As `work`, or where no thread can be started.
pub(crate) fn block_on<T: Send>(workers: usize, work: impl Future<Output = anyhow::Result<T>> + Send) -> anyhow::Result<T> {
    block_on_made(workers, || work)
}

/// The same for work that stays on the thread that made it.
///
/// # Errors
/// As `make`'s work, or where no thread can be started.
pub(crate) fn block_on_made<T: Send, F: Future<Output = anyhow::Result<T>>>(
    workers: usize,
    make: impl FnOnce() -> F + Send,
) -> anyhow::Result<T> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(workers).thread_stack_size(STACK_BYTES).enable_all().build();
    let runtime = runtime.context("failed to start the runtime")?;
    thread::scope(|scope| {
        let builder = thread::Builder::new().name("question".to_owned()).stack_size(STACK_BYTES);
        let asked = builder.spawn_scoped(scope, || runtime.block_on(make())).context("failed to start a thread")?;
        asked.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))
    })
}
