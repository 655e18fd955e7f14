//! Brings to an end what dead workers left, at start and every minute.

use std::sync::Arc;

use crate::{lander::Shared, stages::StageError, stop::Stop};

/// What lies in `staging/` is listed with the first recovery and every tenth after it: a listing costs as much as 12 fetches.
const LIST_EVERY: u32 = 10;

/// Recovers until it is asked to stop.
pub(crate) async fn recover(shared: Arc<Shared>, stop: Stop) {
    for number in (0..LIST_EVERY).cycle() {
        once(&shared, number == 0).await;
        tokio::select! { () = tokio::time::sleep(shared.settings.recover_every) => {}, () = stop.asked() => return }
    }
}

async fn once(shared: &Shared, with_staging: bool) {
    let now = shared.surroundings.now();
    let outcome =
        if with_staging { shared.protocol.recover_beside_others(now).await } else { shared.protocol.recover_unfinished(now).await };
    match outcome {
        Ok(recovered) => {
            for batch in &recovered.rolled_forward {
                tracing::warn!(%batch, "a batch that another worker had committed is published now");
            }
            shared.metrics.recovered(recovered.rolled_forward.len(), recovered.aborted.len());
            shared.metrics.unpublished(0);
        }
        Err(error) => {
            let error = StageError::from(error);
            tracing::error!(error = error.told(), "what dead workers left could not be brought to an end; it is tried again");
            shared.fatal.check(&error);
            count_unpublished(shared).await;
        }
    }
}

/// Committed Batches that nobody could publish: an operator must know.
async fn count_unpublished(shared: &Shared) {
    use trailkeep_pipeline::ports::ledger::BatchState;
    if let Ok(unfinished) = shared.protocol.ledger().unfinished().await {
        shared.metrics.unpublished(unfinished.iter().filter(|item| item.state == BatchState::Committed).count());
    }
}
