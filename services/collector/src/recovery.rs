//! Brings to an end what dead workers left, at start and every minute.

use std::sync::Arc;

use crate::{lander::Shared, stages::StageError, stop::Stop};

/// Recovers until it is asked to stop.
pub(crate) async fn recover(shared: Arc<Shared>, stop: Stop) {
    loop {
        once(&shared).await;
        tokio::select! { () = tokio::time::sleep(shared.settings.recover_every) => {}, () = stop.asked() => return }
    }
}

async fn once(shared: &Shared) {
    match shared.protocol.recover(shared.surroundings.now()).await {
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
