//! Why a run ended early.

use crate::{batch::BatchError, ports::bucket::BucketError, protocol::ProtocolError};

/// Why a run ended early. What was published before stays, what was not is landed by the next run; nothing lands twice.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The origin could not be listed.
    #[error("failed to list the log files")]
    List(#[source] BucketError),
    /// Nothing tells which bucket a copied tree was copied from.
    #[error("no digest below {origin} names the bucket that its files were copied from: name it with --bucket NAME")]
    BucketUnknown {
        /// Address of the origin.
        origin: String,
    },
    /// Digests of a copied tree name several buckets.
    #[error(
        "the digests below {origin} name the bucket {first} and the bucket {other}: ingest each tree by itself, or choose with --bucket NAME"
    )]
    BucketAmbiguous {
        /// Address of the origin.
        origin: String,
        /// One of them.
        first: String,
        /// Another.
        other: String,
    },
    /// A Batch could not be written. It was given up, its uploads were thrown away.
    #[error("failed to write batch {batch}")]
    Batch {
        /// The Batch.
        batch: String,
        /// The cause.
        #[source]
        source: BatchError,
    },
    /// A step of the Batch protocol failed.
    #[error("failed to {step}")]
    Protocol {
        /// The step in words.
        step: &'static str,
        /// The cause.
        #[source]
        source: ProtocolError,
    },
    /// Other workers took this run's Batches for dead again and again.
    #[error("batches were lost to other workers {times} times in a row: is this machine stalling?")]
    LostTooOften {
        /// How often.
        times: u32,
    },
    /// Objects went missing between listing and counting, which is a defect of this program. What was published is sound.
    #[error("of {listed} listed objects {accounted} are accounted for")]
    Unaccounted {
        /// Objects listed.
        listed: u64,
        /// Objects whose end is known.
        accounted: u64,
    },
    /// A worker thread could not be started or ended in a panic, which is a defect.
    #[error("a worker thread failed: {detail}")]
    Thread {
        /// What happened.
        detail: String,
    },
}

impl IngestError {
    /// Names the step that failed.
    pub(crate) fn step(step: &'static str) -> impl FnOnce(ProtocolError) -> Self {
        move |source| Self::Protocol { step, source }
    }
}
