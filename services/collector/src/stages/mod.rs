//! What the collector asks of the world outside, each kind of call a [`tower::Service`] behind its own layers. [`stack`] shows all of them.

mod again;
mod calls;
mod observe;
mod stack;

use std::sync::Arc;

use tower::{BoxError, util::BoxCloneSyncService};
use trailkeep_pipeline::{
    ports::{bucket::BucketError, causes, ledger::LedgerError, queue::QueueError},
    protocol::ProtocolError,
};

pub(crate) use self::calls::{Acknowledge, Admit, Fetch, Piece, Publish, Receive};
pub(crate) use self::stack::{Stages, call};

/// A service behind its layers.
pub(crate) type Stage<Q, A> = BoxCloneSyncService<Q, A, StageError>;

/// Why a call of a stage failed. Clones are cheap: a failure may concern many deliveries.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StageError {
    /// The queue failed.
    #[error(transparent)]
    Queue(Arc<QueueError>),
    /// A step of the Batch protocol failed.
    #[error(transparent)]
    Protocol(Arc<ProtocolError>),
    /// A bucket failed.
    #[error(transparent)]
    Bucket(Arc<BucketError>),
    /// The call took too long.
    #[error("it took too long and was given up")]
    TimedOut,
    /// There are as many calls already as there may be.
    #[error("there is too much of it at a time")]
    Overloaded,
    /// A layer failed, which is a defect.
    #[error("a layer failed: {0}")]
    Layer(Arc<str>),
}

impl StageError {
    /// From what a layer answers.
    fn of(error: BoxError) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(own) => return *own,
            Err(error) => error,
        };
        if error.is::<tower::timeout::error::Elapsed>() {
            Self::TimedOut
        } else if error.is::<tower::load_shed::error::Overloaded>() {
            Self::Overloaded
        } else {
            Self::Layer(error.to_string().into())
        }
    }

    /// Its name in metrics.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Bucket(error) => bucket_outcome(error),
            Self::Protocol(error) => match &**error {
                ProtocolError::Bucket(error) => bucket_outcome(error),
                ProtocolError::Ledger(error) => Self::outcome_of_ledger(error),
                ProtocolError::Lost { .. } => "lost",
                ProtocolError::Contended { .. } => "contended",
                _ => "failed",
            },
            Self::Queue(error) => Self::outcome_of_queue(error),
            Self::TimedOut => "timed_out",
            Self::Overloaded => "overloaded",
            Self::Layer(_) => "failed",
        }
    }

    /// Whether one source, or the Batch that it points to, is at fault, and not ledger or archive as a whole.
    pub(crate) fn is_of_one_source(&self) -> bool {
        match self {
            Self::Protocol(error) => !matches!(&**error, ProtocolError::Ledger(_) | ProtocolError::Bucket(_)),
            _ => false,
        }
    }

    /// The name of a ledger's failure in metrics.
    pub(crate) fn outcome_of_ledger(error: &LedgerError) -> &'static str {
        match error {
            LedgerError::Busy { .. } => "busy",
            LedgerError::Denied { .. } => "denied",
            _ => "failed",
        }
    }

    /// The name of a queue's failure in metrics.
    pub(crate) fn outcome_of_queue(error: &QueueError) -> &'static str {
        match error {
            QueueError::Denied { .. } => "denied",
            QueueError::OverLimit { .. } => "over_limit",
            QueueError::NotFound { .. } => "not_found",
            QueueError::Failed { .. } => "failed",
        }
    }

    /// The error with what is behind it, in one line.
    pub fn told(&self) -> String {
        causes(self)
    }

    /// What a person can do about what this process must not go on after, as the end of a sentence.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Queue(_) => " without its queue: make the queue, or name another one with --queue",
            _ => "",
        }
    }

    /// Whether this process must not go on: its queue is gone, or its ledger is not what it was when it began.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::Queue(error) => matches!(**error, QueueError::NotFound { .. }),
            Self::Protocol(error) => matches!(
                &**error,
                ProtocolError::LedgerBehind { .. }
                    | ProtocolError::Ledger(LedgerError::OtherEpoch { .. } | LedgerError::NotReady { .. } | LedgerError::Newer { .. })
            ),
            _ => false,
        }
    }
}

fn bucket_outcome(error: &BucketError) -> &'static str {
    match error {
        BucketError::NotFound { .. } => "not_found",
        BucketError::Denied { .. } => "denied",
        BucketError::Archived { .. } => "archived",
        BucketError::TooLarge { .. } => "too_large",
        BucketError::NoSpace { .. } => "no_space",
        BucketError::Changed { .. } => "changed",
        BucketError::Failed { .. } => "failed",
    }
}

impl From<QueueError> for StageError {
    fn from(error: QueueError) -> Self {
        Self::Queue(Arc::new(error))
    }
}

impl From<ProtocolError> for StageError {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(Arc::new(error))
    }
}

impl From<BucketError> for StageError {
    fn from(error: BucketError) -> Self {
        Self::Bucket(Arc::new(error))
    }
}
