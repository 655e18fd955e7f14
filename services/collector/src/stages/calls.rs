//! The innermost services: one call each to a port.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service;
use trailkeep_pipeline::{
    ports::{
        bucket::{BucketError, Fetched},
        ledger::SourceId,
        queue::{Entries, NotificationQueue, QueueMessage, TraceContext},
    },
    protocol::{Admission, Announcement, Manifest, Moment, OpenBatch, Protocol},
};

use super::StageError;
use crate::delivery::Origin;

/// Bytes that one permit of the stored bytes in hand stands for: 1 KiB.
const PERMIT_BYTES: u64 = 1 << 10;
/// What an object of unknown size is taken for until it is there, in bytes: most are far smaller than 256 KiB.
const UNKNOWN_BYTES: u64 = 256 << 10;

/// Asks for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Receive {
    pub(crate) most: usize,
    pub(crate) wait: Duration,
    pub(crate) hidden: Duration,
}

/// Deletes or hides up to ten messages.
#[derive(Debug, Clone)]
pub(crate) enum Acknowledge {
    Delete(Vec<Arc<str>>),
    Hide(Vec<(Arc<str>, Duration)>),
}

/// Asks for sources to be admitted to an open Batch.
#[derive(Debug, Clone)]
pub(crate) struct Admit {
    pub(crate) open: OpenBatch,
    pub(crate) sources: Arc<[SourceId]>,
    pub(crate) now: Moment,
}

/// Fetches an object that is held whole.
#[derive(Debug, Clone)]
pub(crate) struct Fetch {
    pub(crate) origin: Arc<Origin>,
    pub(crate) key: Arc<str>,
    pub(crate) version: Option<Box<str>>,
    pub(crate) size_bytes: Option<u64>,
}

/// A fetched object, with its share of the bytes that may be in hand.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) fetched: Fetched,
    pub(crate) _room: OwnedSemaphorePermit,
}

/// Commits a sealed Batch and makes it visible.
#[derive(Debug, Clone)]
pub(crate) struct Publish {
    pub(crate) open: OpenBatch,
    pub(crate) manifest: Arc<Manifest>,
    /// What is announced carries it.
    pub(crate) trace: TraceContext,
    pub(crate) now: Moment,
}

/// Makes a service of a port and what is to be asked of it.
macro_rules! call {
    ($(#[$doc:meta])* $service:ident { $($field:ident: $type:ty),* }, $request:ty => $answer:ty, |$this:ident, $asked:ident| $body:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub(super) struct $service {
            $(pub(super) $field: $type,)*
        }

        impl Service<$request> for $service {
            type Response = $answer;
            type Error = StageError;
            type Future = BoxFuture<'static, Result<$answer, StageError>>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), StageError>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, $asked: $request) -> Self::Future {
                let $this = self.clone();
                Box::pin(async move { $body })
            }
        }
    };
}

call!(
    /// Receives messages.
    ReceiveCall { queue: Arc<dyn NotificationQueue> }, Receive => Vec<QueueMessage>,
    |this, asked| Ok(this.queue.receive(asked.most, asked.wait, asked.hidden).await?)
);

call!(
    /// Deletes and hides messages.
    AcknowledgeCall { queue: Arc<dyn NotificationQueue> }, Acknowledge => Entries,
    |this, asked| match asked {
        Acknowledge::Delete(receipts) => {
            let receipts: Vec<&str> = receipts.iter().map(|receipt| &**receipt).collect();
            Ok(this.queue.delete(&receipts).await?)
        }
        Acknowledge::Hide(receipts) => {
            let receipts: Vec<(&str, Duration)> = receipts.iter().map(|(receipt, wait)| (&**receipt, *wait)).collect();
            Ok(this.queue.hide(&receipts).await?)
        }
    }
);

call!(
    /// Admits sources.
    AdmitCall { protocol: Arc<Protocol> }, Admit => Vec<Admission>,
    |this, asked| Ok(this.protocol.admit(&asked.open, &asked.sources, asked.now).await?)
);

call!(
    /// Commits and publishes.
    PublishCall { protocol: Arc<Protocol> }, Publish => Announcement,
    |this, asked| Ok(this.protocol.commit_and_publish_traced(&asked.open, &asked.manifest, &asked.trace, asked.now).await?)
);

call!(
    /// Fetches objects, and waits until there is room for them.
    FetchCall { room: Arc<Semaphore>, room_permits: u32, cap_bytes: u64 }, Fetch => Piece,
    |this, asked| {
        let mut expected = asked.size_bytes.unwrap_or(UNKNOWN_BYTES);
        loop {
            // What the notification says of the size is a promise: more than that is read only once there is room for it.
            let cap = expected.max(UNKNOWN_BYTES).min(this.cap_bytes);
            let room = this.room_for(expected).await?;
            match asked.origin.store.get(&asked.key, asked.version.as_deref(), cap).await {
                Ok(fetched) => return Ok(Piece { fetched, _room: room }),
                // Larger than what an unknown object is taken for: now its size is known.
                Err(BucketError::TooLarge { size_bytes, .. }) if cap < this.cap_bytes && size_bytes <= this.cap_bytes => {
                    expected = size_bytes.max(UNKNOWN_BYTES + 1);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
);

impl FetchCall {
    /// Waits for room for so many bytes; more than there is at all counts as all of it.
    async fn room_for(&self, bytes: u64) -> Result<OwnedSemaphorePermit, StageError> {
        let permits = u32::try_from(bytes.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX).clamp(1, self.room_permits);
        Arc::clone(&self.room).acquire_many_owned(permits).await.map_err(|_| StageError::Overloaded)
    }

    pub(super) fn new(stored_bytes: usize, cap_bytes: u64) -> Self {
        let permits = (stored_bytes as u64 / PERMIT_BYTES).clamp(1, Semaphore::MAX_PERMITS as u64) as u32;
        Self { room: Arc::new(Semaphore::new(permits as usize)), room_permits: permits, cap_bytes }
    }
}
