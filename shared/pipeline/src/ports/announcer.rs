//! Port to those who want to hear of what was landed: SNS on AWS, memory in tests.

use std::{error::Error, fmt::Debug};

use async_trait::async_trait;
use trailkeep_archive::{BatchId, LandedDigests, LandedObject};

use super::queue::TraceContext;

/// Why landed objects could not be announced. They are announced again later.
#[derive(Debug, thiserror::Error)]
pub enum AnnounceError {
    /// The caller may not.
    #[error("not permitted to announce landed objects to {topic}: {hint}")]
    Denied {
        /// ARN or name.
        topic: String,
        /// What to do.
        hint: String,
    },
    /// Anything else; may pass when tried again.
    #[error("failed to announce landed objects to {topic}")]
    Failed {
        /// ARN or name.
        topic: String,
        /// The cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Tells of landed objects, at least once: who listens tells repetitions by Batch id and key.
#[async_trait]
pub trait Announcer: Debug + Send + Sync {
    /// ARN or name, for messages.
    fn address(&self) -> String;

    /// Sends one message per object.
    ///
    /// # Errors
    /// [`AnnounceError`]; some may have been told of then.
    async fn announce(&self, batch: &BatchId, objects: &[LandedObject], trace: &TraceContext) -> Result<(), AnnounceError>;

    /// Sends one message for a Batch's Digests.
    ///
    /// # Errors
    /// As there.
    async fn announce_digests(&self, batch: &BatchId, digests: &LandedDigests, trace: &TraceContext) -> Result<(), AnnounceError>;
}
