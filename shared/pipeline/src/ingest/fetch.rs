//! Gets objects from the origin. A remote origin is read ahead, bounded by requests and bytes; a directory is read on the worker's own
//! thread, because handing each small file to another thread would cost more than reading it.

use std::{collections::VecDeque, sync::Arc};

use tokio::{runtime::Handle, task::JoinHandle};

use crate::ports::bucket::{BucketError, Fetched, LogBucket};

/// Requests of one worker in flight at once.
const MAX_REQUESTS: usize = 32;
/// Bytes of one worker's requests in flight at once, beyond the first object: 16 MiB.
const MAX_BYTES_IN_FLIGHT: u64 = 16 << 20;

/// An object to get: its key in the origin and its listed size in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) path: String,
    pub(crate) size_bytes: u64,
}

/// Gives the wanted objects back in the order asked for.
#[derive(Debug)]
pub(crate) struct Fetcher {
    origin: Arc<dyn LogBucket>,
    runtime: Handle,
    cap_bytes: u64,
    waiting: VecDeque<Wanted>,
    in_flight: VecDeque<(u64, JoinHandle<Result<Fetched, BucketError>>)>,
    bytes_in_flight: u64,
    remote: bool,
}

impl Fetcher {
    /// Objects larger than `cap_bytes` answer [`BucketError::TooLarge`].
    pub(crate) fn new(origin: Arc<dyn LogBucket>, runtime: Handle, cap_bytes: u64, wanted: impl IntoIterator<Item = Wanted>) -> Self {
        let remote = origin.bucket_name().is_some();
        let waiting = wanted.into_iter().collect();
        Self { origin, runtime, cap_bytes, waiting, in_flight: VecDeque::new(), bytes_in_flight: 0, remote }
    }

    /// The next object; `None` when all have been given.
    pub(crate) fn next(&mut self) -> Option<Result<Fetched, BucketError>> {
        if !self.remote {
            let wanted = self.waiting.pop_front()?;
            return Some(self.runtime.block_on(self.origin.get(&wanted.path, None, self.cap_bytes)));
        }
        self.read_ahead();
        let (bytes, task) = self.in_flight.pop_front()?;
        let fetched = self.runtime.block_on(task);
        self.bytes_in_flight -= bytes;
        Some(fetched.unwrap_or_else(|error| {
            Err(BucketError::Failed { operation: "read".to_owned(), what: self.origin.address(), source: Box::new(error) })
        }))
    }

    fn read_ahead(&mut self) {
        while self.in_flight.is_empty() || (self.in_flight.len() < MAX_REQUESTS && self.bytes_in_flight < MAX_BYTES_IN_FLIGHT) {
            let Some(wanted) = self.waiting.pop_front() else { return };
            let (origin, cap_bytes) = (Arc::clone(&self.origin), self.cap_bytes);
            let task = self.runtime.spawn(async move { origin.get(&wanted.path, None, cap_bytes).await });
            self.bytes_in_flight += wanted.size_bytes;
            self.in_flight.push_back((wanted.size_bytes, task));
        }
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        for (_, task) in &self.in_flight {
            task.abort();
        }
    }
}
