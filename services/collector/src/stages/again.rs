//! Trying again what the AWS SDK cannot: it retries transport, we retry answers that will be another one next time. A budget for all stages together
//! keeps that from becoming a storm.

use std::{future::Ready, sync::Arc};

use tower::retry::{
    Policy,
    budget::{Budget, TpsBudget},
};
use trailkeep_pipeline::{
    ports::{bucket::BucketError, ledger::LedgerError},
    protocol::ProtocolError,
};

use super::StageError;

/// Tries again up to `left` times, as long as the budget lasts.
#[derive(Debug, Clone)]
pub(super) struct Again {
    budget: Arc<TpsBudget>,
    left: u8,
}

impl Again {
    pub(super) fn new(budget: Arc<TpsBudget>, times: u8) -> Self {
        Self { budget, left: times }
    }
}

/// Whether the same request may be answered otherwise at once: an object that changed while it was read, sources that changed hands, a ledger that
/// another process held.
fn may_pass_at_once(error: &StageError) -> bool {
    match error {
        StageError::Bucket(error) => matches!(**error, BucketError::Changed { .. }),
        StageError::Protocol(error) => {
            matches!(**error, ProtocolError::Contended { .. } | ProtocolError::Ledger(LedgerError::Busy { .. }))
        }
        _ => false,
    }
}

impl<Q: Clone, A> Policy<Q, A, StageError> for Again {
    type Future = Ready<()>;

    fn retry(&mut self, _request: &mut Q, result: &mut Result<A, StageError>) -> Option<Self::Future> {
        match result {
            Ok(_) => {
                self.budget.deposit();
                None
            }
            Err(error) if may_pass_at_once(error) && self.left > 0 && self.budget.withdraw() => {
                self.left -= 1;
                Some(std::future::ready(()))
            }
            Err(_) => None,
        }
    }

    fn clone_request(&mut self, request: &Q) -> Option<Q> {
        Some(request.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn changed() -> Result<(), StageError> {
        Err(BucketError::Changed { what: "s3://logs/key".to_owned() }.into())
    }

    #[test]
    fn what_may_pass_is_tried_again_while_tries_and_budget_last() {
        let budget = Arc::new(TpsBudget::new(Duration::from_secs(10), 0, 0.5));
        let mut policy = Again::new(Arc::clone(&budget), 2);
        let mut asks = |result: &mut Result<(), StageError>| Policy::<(), (), _>::retry(&mut policy, &mut (), result).is_some();
        assert!(!asks(&mut changed()), "nothing was paid in yet");
        for _ in 0..8 {
            assert!(!asks(&mut Ok(())));
        }
        assert!(asks(&mut changed()));
        assert!(asks(&mut changed()));
        assert!(!asks(&mut changed()), "twice is enough");
        assert!(!asks(&mut Err(StageError::TimedOut)));
    }
}
