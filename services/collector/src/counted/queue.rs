//! A queue whose calls are counted.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use trailkeep_pipeline::ports::queue::{Entries, NotificationQueue, OutgoingMessage, QueueDepth, QueueError, QueueMessage};

use crate::{metrics::CollectorMetrics, stages::StageError};

/// Passes everything on and counts it.
#[derive(Debug)]
pub(crate) struct CountedQueue {
    pub(crate) queue: Arc<dyn NotificationQueue>,
    pub(crate) metrics: CollectorMetrics,
}

impl CountedQueue {
    fn count<T>(&self, operation: &'static str, answer: Result<T, QueueError>) -> Result<T, QueueError> {
        match answer {
            Ok(answer) => {
                self.metrics.queue_call(operation, "ok");
                Ok(answer)
            }
            Err(error) => {
                let outcome = StageError::outcome_of_queue(&error);
                self.metrics.queue_call(operation, outcome);
                if outcome == "denied" {
                    self.metrics.denied(operation);
                }
                Err(error)
            }
        }
    }
}

#[async_trait]
impl NotificationQueue for CountedQueue {
    fn address(&self) -> String {
        self.queue.address()
    }

    async fn receive(&self, max: usize, wait: Duration, hidden: Duration) -> Result<Vec<QueueMessage>, QueueError> {
        self.count("receive", self.queue.receive(max, wait, hidden).await)
    }

    async fn delete(&self, receipts: &[&str]) -> Result<Entries, QueueError> {
        self.count("delete", self.queue.delete(receipts).await)
    }

    async fn hide(&self, receipts: &[(&str, Duration)]) -> Result<Entries, QueueError> {
        self.count("hide", self.queue.hide(receipts).await)
    }

    async fn send(&self, messages: &[OutgoingMessage]) -> Result<Entries, QueueError> {
        self.count("send", self.queue.send(messages).await)
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        self.count("depth", self.queue.depth().await)
    }
}
